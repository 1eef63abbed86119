"""A flow as an SVG picture.

In: a `Flow`. Out: the text of a file that any browser shows; hovering over a ribbon says how many and which way.
Invariant: the text is the same, byte for byte, for the same flow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from attrs import field, frozen

from rulecrm.draw.flow import Flow, Node, Ribbon

__all__ = ["Look", "to_sankey"]

_WIDTH, _HEIGHT = 960, 540
_LEFT, _RIGHT, _TOP = 190, 770, 80
_BAR = 14
_FONT = 'role="img" font-family="system-ui, sans-serif" font-size="15"'
_TALL = _HEIGHT - _TOP - 30


@frozen
class Look:
    """How a flow is shown.

    Attributes:
        paper: colour behind it.
        ink: of names; black where it is None.
        dim: of counts and captions.
        told: what a ribbon says when it is pointed at, made of `{size}`, `{origin}` and `{target}`.
        names: what labels are called in the picture; others stand for themselves.
    """

    paper: str = "#ffffff"
    ink: str | None = None
    dim: str = "#555"
    told: str = "{size} customers: {origin} → {target}"
    names: Mapping[str, str] = field(factory=dict, hash=False)

    def name(self, label: str) -> str:
        """What a label is called."""
        return self.names.get(label, label)


_PLAIN = Look()


def to_sankey(flow: Flow, colours: Mapping[str, str], *, title: str, ends: tuple[str, str], look: Look = _PLAIN) -> str:
    """The picture.

    Args:
        flow: nodes and ribbons.
        colours: by label.
        title: above it.
        ends: captions of the two sides.
        look: its colours and words.
    """
    ink = "" if look.ink is None else f' fill="{look.ink}"'
    heading = f'<text x="{_WIDTH / 2:g}" y="30" text-anchor="middle" font-size="19" font-weight="600"{ink}>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{look.paper}"/>',
        f"{heading}{escape(title)}</text>",
        f'<text x="{_LEFT}" y="62" text-anchor="end" fill="{look.dim}">{escape(ends[0])}</text>',
        f'<text x="{_RIGHT}" y="62" fill="{look.dim}">{escape(ends[1])}</text>',
        *(_ribbon(ribbon, colours, look) for ribbon in flow.ribbons),
        *_nodes(flow.left, colours, look, x=_LEFT, text_x=_LEFT - 10, anchor="end"),
        *_nodes(flow.right, colours, look, x=_RIGHT - _BAR, text_x=_RIGHT + 10, anchor="start"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _ribbon(ribbon: Ribbon, colours: Mapping[str, str], look: Look) -> str:
    start, end = _LEFT + _BAR, _RIGHT - _BAR
    middle = (start + end) / 2
    (top, bottom), (top_right, bottom_right) = (tuple(map(_y, side)) for side in (ribbon.left, ribbon.right))
    path = (
        f"M{start} {top:.1f}C{middle:g} {top:.1f} {middle:g} {top_right:.1f} {end} {top_right:.1f}"
        f"V{bottom_right:.1f}C{middle:g} {bottom_right:.1f} {middle:g} {bottom:.1f} {start} {bottom:.1f}Z"
    )
    told = look.told.format(
        size=f"{ribbon.size:,}", origin=look.name(ribbon.origin), target=look.name(ribbon.target)
    )  # fmt: skip
    fill = f'fill="{colours[ribbon.origin]}" fill-opacity="0.55"'
    return f'<path d="{path}" {fill}><title>{escape(told)}</title></path>'


def _nodes(
    nodes: Sequence[Node], colours: Mapping[str, str], look: Look, *, x: int, text_x: int, anchor: str
) -> list[str]:
    parts = []
    ink = "" if look.ink is None else f' fill="{look.ink}"'
    for node in nodes:
        top, bottom = _y(node.top), _y(node.bottom)
        parts.append(
            f'<rect x="{x}" y="{top:.1f}" width="{_BAR}" height="{bottom - top:.1f}" fill="{colours[node.label]}"/>'
        )
        parts.append(
            f'<text x="{text_x}" y="{(top + bottom) / 2 + 5:.1f}" text-anchor="{anchor}"{ink}>'
            f"{escape(look.name(node.label))} <tspan fill='{look.dim}'>{node.size:,}</tspan></text>"
        )
    return parts


def _y(share: float) -> float:
    return _TOP + share * _TALL
