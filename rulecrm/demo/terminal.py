"""A flow drawn in a terminal: ribbons of half blocks in colour, of shades where there is none.

In: a `Flow`. Out: lines of rich text.
Invariant: no line is wider than asked for, and a ribbon, however thin, is at least one dot high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rulecrm.draw.flow import Flow, Node

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["draw_flow"]

_SHADES = "█▓▒░"
_GAP = 2
"""Blanks between a caption and its node."""


def draw_flow(
    flow: Flow, colours: Mapping[str, str], *, width: int = 80, height: int = 22, coloured: bool
) -> list[Text]:
    """The picture, `width` columns by `height` lines.

    Args:
        flow: what to draw.
        colours: by label, a colour that rich knows (`#2e7d32`).
        width: columns, captions included.
        height: lines.
        coloured: half blocks in colour, two dots a line; else shades by origin, one dot a line.
    """
    left, right = _captions(flow.left, height), _captions(flow.right, height)
    side = max(len(text) for text in (*left.values(), *right.values()))
    columns = width - 2 * (side + _GAP)
    dots = _raster(flow, columns, height * 2 if coloured else height)
    shades = {node.label: _SHADES[index % len(_SHADES)] for index, node in enumerate(flow.left)}
    lines = []
    for line in range(height):
        cells = _coloured(dots, line, colours) if coloured else _shaded(dots[line], shades)
        cells.pad_left(_GAP)
        before, after = left.get(line, ""), right.get(line, "")
        whole = cells.__class__(f"{before:>{side}}")
        whole.append_text(cells)
        whole.append(f"{'':{_GAP}}{after}")
        whole.rstrip()
        lines.append(whole)
    return lines


def _captions(nodes: Sequence[Node], height: int) -> dict[int, str]:
    """`active 3,262` by line, at the middle of its node, or just below the caption above."""
    wide = max(len(node.label) for node in nodes)
    digits = max(len(f"{node.size:,}") for node in nodes)
    captions: dict[int, str] = {}
    free = 0
    for index, node in enumerate(nodes):
        wanted = int((node.top + node.bottom) / 2 * height)
        line = max(free, min(wanted, height - (len(nodes) - index)))
        captions[line] = f"{node.label:<{wide}} {node.size:>{digits},}"
        free = line + 1
    return captions


def _raster(flow: Flow, columns: int, rows: int) -> list[list[str | None]]:
    """Which origin covers each dot."""
    dots: list[list[str | None]] = [[None] * columns for _ in range(rows)]
    for ribbon in flow.ribbons:
        for column in range(columns):
            top, bottom = ribbon.at(column / (columns - 1))
            first = min(round(top * rows), rows - 1)
            for row in range(first, max(first + 1, round(bottom * rows))):
                dots[row][column] = ribbon.origin
    return dots


def _coloured(dots: Sequence[Sequence[str | None]], line: int, colours: Mapping[str, str]) -> Text:
    from rich.style import Style
    from rich.text import Text

    text = Text()
    for upper, lower in zip(dots[2 * line], dots[2 * line + 1], strict=True):
        if upper is None and lower is None:
            text.append(" ")
        elif upper is None or lower is None:
            text.append("▄" if upper is None else "▀", Style(color=colours[upper or lower or ""]))
        else:
            text.append("▀", Style(color=colours[upper], bgcolor=colours[lower]))
    return text


def _shaded(row: Sequence[str | None], shades: Mapping[str, str]) -> Text:
    from rich.text import Text

    return Text("".join(" " if origin is None else shades[origin] for origin in row))
