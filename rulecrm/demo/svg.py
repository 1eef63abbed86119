"""A flow as an SVG picture.

In: a `Flow`. Out: the text of a file that any browser shows; hovering over a ribbon says how many and which way.
Invariant: the text is the same, byte for byte, for the same flow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from rulecrm.demo.flow import Flow, Node

__all__ = ["to_svg"]

_WIDTH, _HEIGHT = 960, 540
_LEFT, _RIGHT, _TOP = 190, 770, 80
_BAR = 14
_FONT = 'role="img" font-family="system-ui, sans-serif" font-size="15"'
_TALL = _HEIGHT - _TOP - 30


def to_svg(flow: Flow, colours: Mapping[str, str], *, title: str, ends: tuple[str, str]) -> str:
    """The picture; `ends` are the captions of the two sides."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_WIDTH / 2:g}" y="30" text-anchor="middle" font-size="19" font-weight="600">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="62" text-anchor="end" fill="#555">{escape(ends[0])}</text>',
        f'<text x="{_RIGHT}" y="62" fill="#555">{escape(ends[1])}</text>',
        *(_ribbon(flow, index, colours) for index in range(len(flow.ribbons))),
        *_nodes(flow.left, colours, x=_LEFT, text_x=_LEFT - 10, anchor="end"),
        *_nodes(flow.right, colours, x=_RIGHT - _BAR, text_x=_RIGHT + 10, anchor="start"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _ribbon(flow: Flow, index: int, colours: Mapping[str, str]) -> str:
    ribbon = flow.ribbons[index]
    start, end = _LEFT + _BAR, _RIGHT - _BAR
    middle = (start + end) / 2
    (top, bottom), (top_right, bottom_right) = (tuple(map(_y, side)) for side in (ribbon.left, ribbon.right))
    path = (
        f"M{start} {top:.1f}C{middle:g} {top:.1f} {middle:g} {top_right:.1f} {end} {top_right:.1f}"
        f"V{bottom_right:.1f}C{middle:g} {bottom_right:.1f} {middle:g} {bottom:.1f} {start} {bottom:.1f}Z"
    )
    words = escape(f"{ribbon.size:,} customers: {ribbon.origin} → {ribbon.target}")
    return f'<path d="{path}" fill="{colours[ribbon.origin]}" fill-opacity="0.55"><title>{words}</title></path>'


def _nodes(nodes: Sequence[Node], colours: Mapping[str, str], *, x: int, text_x: int, anchor: str) -> list[str]:
    parts = []
    for node in nodes:
        top, bottom = _y(node.top), _y(node.bottom)
        parts.append(
            f'<rect x="{x}" y="{top:.1f}" width="{_BAR}" height="{bottom - top:.1f}" fill="{colours[node.label]}"/>'
        )
        parts.append(
            f'<text x="{text_x}" y="{(top + bottom) / 2 + 5:.1f}" text-anchor="{anchor}">'
            f"{escape(node.label)} <tspan fill='#555'>{node.size:,}</tspan></text>"
        )
    return parts


def _y(share: float) -> float:
    return _TOP + share * _TALL
