"""Stacked bars over days, as an SVG picture: what a backtest would have sent.

In: days, series of counts. Out: the text of a file that any browser shows, in light and dark.
Invariant: the text is the same, byte for byte, for the same numbers; it loads nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["to_bars"]

_WIDTH, _HEIGHT = 960, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 20, 66, 44
_COLOURS = ("#3b6ea5", "#e08e2b", "#3d8a53", "#a8557b", "#7b57a8", "#8a8a4a", "#4aa3a3", "#b5523b")
_STYLE = """
.back { fill: #ffffff } text { fill: #36424e } .title { fill: #14212e; font-weight: 600 } .grid { stroke: #e2e6ea }
@media (prefers-color-scheme: dark) {
.back { fill: #14181d } text { fill: #b7c2cd } .title { fill: #eef3f8 } .grid { stroke: #2a3138 } }
"""
_FONT = 'role="img" font-family="system-ui, sans-serif" font-size="12"'


def to_bars(title: str, first: dt.date, series: Mapping[str, Sequence[int]]) -> str:
    """The picture.

    Args:
        title: above it.
        first: the day of the first count.
        series: counts by day, one series a name, all of one length.
    """
    days = max((len(counts) for counts in series.values()), default=0)
    totals = [sum(counts[day] for counts in series.values()) for day in range(days)]
    most, step = _scale(max(totals, default=0))
    wide = (_WIDTH - _LEFT - _RIGHT) / max(days, 1)
    tall = _HEIGHT - _TOP - _BOTTOM
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {size} {_FONT}>',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="back" {size}/>',
        f'<text class="title" x="{_LEFT}" y="26" font-size="16">{escape(title)}</text>',
        *_grid(most, step, tall),
        *_legend(series),
    ]
    low = [0] * days
    for number, (name, counts) in enumerate(series.items()):
        bars = []
        for day, count in enumerate(counts):
            if count:
                top = _TOP + tall * (1 - (low[day] + count) / most)
                when = first + dt.timedelta(days=day)
                bars.append(
                    f'<rect x="{_LEFT + wide * day:.2f}" y="{top:.2f}" width="{max(wide * 0.86, 0.6):.2f}" '
                    f'height="{tall * count / most:.2f}"><title>{when}: {escape(name)} {count:,}</title></rect>'
                )
            low[day] += count
        parts.append(f'<g fill="{_COLOURS[number % len(_COLOURS)]}">{"".join(bars)}</g>')
    parts.extend(_days(first, days, wide))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scale(most: int) -> tuple[int, int]:
    """The top of the scale, and the distance of its lines: 1, 2 or 5 times a power of ten, at most six of them."""
    step = 1
    while most > 5 * step:
        step = step * 2 if str(step)[0] != "2" else step // 2 * 5
    return max(step * -(-most // step), step), step


def _grid(most: int, step: int, tall: float) -> list[str]:
    lines = []
    for value in range(0, most + 1, step):
        y = _TOP + tall * (1 - value / most)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    return lines


def _legend(series: Mapping[str, Sequence[int]]) -> list[str]:
    x = float(_LEFT)
    parts = []
    for number, name in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<rect x="{x:.0f}" y="40" width="11" height="11" fill="{colour}" rx="2"/>')
        parts.append(f'<text x="{x + 16:.0f}" y="50">{escape(name)}</text>')
        x += 34 + 7.4 * len(name)
    return parts


def _days(first: dt.date, days: int, wide: float) -> list[str]:
    """The first day of every month; of a short stretch, every week."""
    marks = [day for day in range(days) if (first + dt.timedelta(days=day)).day == 1]
    if days <= 70:
        marks = list(range(0, days, 7))
    parts = []
    for day in marks:
        x = _LEFT + wide * day
        when = first + dt.timedelta(days=day)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_HEIGHT - _BOTTOM}" y2="{_HEIGHT - 38}"/>')
        if x < _WIDTH - 80:
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 22}">{when:%Y-%m-%d}</text>')
    return parts
