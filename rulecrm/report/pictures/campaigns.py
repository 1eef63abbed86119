"""Campaigns: a line an interval, and a mark where nothing would have changed.

In: `campaign_effect`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: every line is the difference of treated and control; shares and amounts never stand on one axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.numbers import number, points
from rulecrm.report.palette import placeholder
from rulecrm.report.pictures.charts import drawn, layered, money_axis
from rulecrm.report.pictures.picture import Drawn
from rulecrm.report.terms import term

if TYPE_CHECKING:
    import altair as alt

__all__ = ["SHARES", "campaign_effect"]

SHARES = frozenset({"response", "repurchase", "conversion", "natural_repurchase", "returned"})
"""Measures that are shares of customers."""

_LINES = 36
"""Lines of a picture of one measure."""
_WIDTH = 430


def campaign_effect(figure: Figure, language: Language) -> Drawn | None:
    """A panel a measure; in it a line a campaign, wave and window."""
    import altair as alt

    frame = figure.frame.drop_nulls("difference")
    if frame.is_empty():
        return None
    many = frame.get_column("campaign").n_unique() > 1
    panels = []
    shown = 0
    for (measure,), rows in frame.group_by(["measure"], maintain_order=True):
        lines = rows.head(_LINES)
        shown += lines.height
        panels.append(_panel(str(measure), lines, language, many=many))
    note = None if shown == frame.height else f"{shown} / {frame.height}"
    return drawn(alt.vconcat(*panels, spacing=22), language, note=note)


def _panel(measure: str, rows: pl.DataFrame, language: Language, *, many: bool) -> alt.LayerChart:
    import altair as alt

    share = measure in SHARES
    lines = [_line(row, language, share=share, many=many) for row in rows.iter_rows(named=True)]
    frame = pl.DataFrame(lines)
    labels = list(dict.fromkeys(str(line["label"]) for line in lines))
    against = {"en": "treated − control", "zh": "触达组 − 对照组"}[language]
    axis = (
        alt.Axis(
            labelExpr="datum.value == 0 ? '0' : format(datum.value * 100, '+.2~f')",
            title=f"{against} ({points_name(language)})",
        )
        if share
        else money_axis(language, against)
    )
    axis.tickCount = 5
    x = alt.X("difference:Q").axis(axis)
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", sort=labels, title=None).axis(labelLimit=230), description="said:N"
    )
    colour = alt.Color("verdict:N", legend=None).scale(
        domain=["up", "down", "flat"], range=[placeholder(role) for role in ("up", "down", "flat")]
    )
    zero = (
        alt.Chart(pl.DataFrame({"zero": [0.0]}))
        .mark_rule(color=placeholder("dim"), strokeDash=[4, 3])
        .encode(x=alt.X("zero:Q").axis(axis))
    )
    intervals = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule(
        strokeWidth=3, opacity=0.55
    ).encode(x=alt.X("low:Q").axis(axis), x2="high:Q", color=colour)  # fmt: skip
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, color=colour)
    title = term(measure, language)
    return layered([zero, intervals, dots]).properties(width=_WIDTH, height=26 * len(labels), title=title)


def _line(row: dict[str, object], language: Language, *, share: bool, many: bool) -> dict[str, object]:
    wave = row.get("wave")
    which = {"en": "whole", "zh": "整体"}[language]
    if wave is not None:
        which = f"第{wave}波" if language == "zh" else f"wave {wave}"
    label = " · ".join([*([str(row["campaign"])] if many else []), which, str(row["window"])])
    difference, low, high = row["difference"], row["low"], row["high"]
    assert isinstance(difference, float)
    said = f"{label}: {_said(difference, language, share=share)}"
    verdict = "flat"
    if isinstance(low, float) and isinstance(high, float):
        verdict = "up" if low > 0 else "down" if high < 0 else "flat"
        said += f" ({_said(low, language, share=share)} … {_said(high, language, share=share)})"
    return {
        "label": label, "difference": difference, "low": low, "high": high, "said": said, "verdict": verdict,
    }  # fmt: skip


def _said(value: float, language: Language, *, share: bool) -> str:
    return points(value, language) if share else number(value, 2)


def points_name(language: Language) -> str:
    """The unit of a difference of shares."""
    return "百分点" if language == "zh" else "percentage points"
