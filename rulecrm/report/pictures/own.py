"""Pictures of our own drawing: lifecycles, migrations, the tree of a KPI.

In: diagrams, `migration`, `kpi_parts`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: classes of a drawing become colours of the palette, so that no style of one picture reaches another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

import polars as pl

from rulecrm.draw import Diagram, Look, flow_of, to_sankey, to_svg
from rulecrm.draw.layout import text_width
from rulecrm.insight.figure import Figure, Language
from rulecrm.report.numbers import number, percent
from rulecrm.report.palette import CATEGORIES, placeholder
from rulecrm.report.pictures.picture import Drawn

__all__ = ["diagram_drawn", "kpi_tree", "migration"]

_INK, _DIM, _LINE, _PAPER = (placeholder(role) for role in ("ink", "dim", "line", "paper"))
_FILLS: Mapping[str, str] = {
    "box": f'fill="{placeholder("heat0")}" stroke="{placeholder("accent")}" stroke-width="1.4"',
    "wait": f'fill="{placeholder("heat0")}" stroke="{placeholder("c1")}"',
    "act": f'fill="{placeholder("heat0")}" stroke="{placeholder("c2")}"',
    "choice": f'fill="{placeholder("heat0")}" stroke="{placeholder("c4")}"',
    "end": f'fill="{placeholder("heat0")}" stroke="{placeholder("flat")}"',
    "name": f'fill="{_INK}" font-weight="600"',
    "title": f'fill="{_DIM}" font-size="11.5"',
    "count": f'fill="{placeholder("accent")}" font-weight="600"',
    "path": f'fill="none" stroke="{placeholder("flat")}" stroke-width="1.3"',
    "head": f'fill="{placeholder("flat")}"',
    "label": f'fill="{_DIM}" font-size="11"',
    "halo": f'fill="{_PAPER}" fill-opacity="0.86"',
}
_CLASS = re.compile(r'class="([\w ]+)"')
_HEADING = re.compile(r'<text class="name" x="28" y="30"[^>]*>[^<]*</text>')
_UP = 34
"""Pixels that a diagram keeps above its boxes for a title, which the page has already."""


def diagram_drawn(diagram: Diagram) -> Drawn:
    """A lifecycle or a campaign."""
    text = to_svg(diagram)
    size = re.search(r'width="(\d+)" height="(\d+)"', text)
    assert size is not None
    inside = text[text.index("</style>") + len("</style>") : text.rindex("</svg>")]
    inside = _HEADING.sub("", re.sub(r'<rect class="back"[^>]*/>', "", inside), count=1)
    marks = _CLASS.sub(lambda found: _coloured(found[1].split()), inside)
    return Drawn(
        f'<g font-size="13" transform="translate(0,-{_UP})">{marks.strip()}</g>', int(size[1]), int(size[2]) - _UP
    )


def _coloured(classes: Sequence[str]) -> str:
    if "start" in classes:
        return _FILLS["box"].replace('"1.4"', '"2.8"')
    return _FILLS.get(classes[-1], "")


def migration(figure: Figure, language: Language) -> Drawn | None:
    """Ribbons from where customers were to where they are."""
    frame = figure.frame.filter(pl.col("customers") > 0)
    if frame.is_empty():
        return None
    nobody = {"en": "(new)", "zh": "（新客）"}[language]
    gone = {"en": "(none)", "zh": "（无）"}[language]
    pairs = {
        (row["from"] if row["from"] is not None else "", row["to"] if row["to"] is not None else ""): row["customers"]
        for row in frame.iter_rows(named=True)
    }
    labels = list(dict.fromkeys([pair[0] for pair in pairs] + [pair[1] for pair in pairs]))
    colours = {label: placeholder(CATEGORIES[place % len(CATEGORIES)]) for place, label in enumerate(labels)}
    titles = figure.shown(language)
    told = {"en": "{size} customers: {origin} → {target}", "zh": "{size} 位客户：{origin} → {target}"}[language]
    names = {"": nobody if any(pair[0] == "" for pair in pairs) else gone}
    look = Look(_PAPER, _INK, _DIM, told, names)
    gap = min(0.04, 0.5 / max(len(labels), 1))
    text = to_sankey(flow_of(labels, pairs, gap=gap), colours, title="", ends=(titles["from"], titles["to"]), look=look)
    inside = text[text.index("</title>") + len("</title>") : text.rindex("</svg>")]
    inside = re.sub(r"<rect[^>]*/>\n<text[^>]*></text>", "", inside, count=1).replace("<tspan fill='", '<tspan fill="')
    inside = re.sub(r'(<tspan fill="[^\']*)\'', r'\1"', inside)
    return Drawn(f'<g font-size="15" transform="translate(0,-40)">{inside.strip()}</g>', 960, 500)


# --- the tree of a KPI ----------------------------------------------------------------------------------------------

_WIDE, _HIGH, _BETWEEN = 190, 62, 14
_STEP = 226


def kpi_tree(figure: Figure, language: Language) -> Drawn | None:
    """Each KPI and what it is made of: from what to what, and how much of the change each factor made."""
    frame = figure.frame.drop_nulls(["before", "now"])
    if frame.is_empty():
        return None
    children: dict[str, list[dict[str, object]]] = {}
    whole: dict[str, dict[str, object]] = {}
    for row in frame.iter_rows(named=True):
        if row["kpi"] == row["factor"]:  # what the factors of a kpi add up to
            whole[str(row["kpi"])] = row
        else:
            children.setdefault(str(row["kpi"]), []).append(row)
    factors = {str(row["factor"]) for rows in children.values() for row in rows}
    roots = [kpi for kpi in (children or whole) if kpi not in factors] or list(children)[:1]
    tree = _Tree(children, language)
    top = 8.0
    for root in roots:
        top = tree.place(root, whole.get(root), 0, top, frozenset())[1] + 18
    width = round(8 + (tree.depth + 1) * _STEP)
    return Drawn(f'<g font-size="13">{"".join(tree.lines + tree.boxes)}</g>', max(width, 460), round(top))


class _Tree:
    """Boxes and lines while they are being placed, from left to right."""

    def __init__(self, children: Mapping[str, list[dict[str, object]]], language: Language) -> None:
        self.children, self.language = children, language
        self.boxes: list[str] = []
        self.lines: list[str] = []
        self.depth = 0

    def place(
        self, name: str, row: dict[str, object] | None, level: int, top: float, above: frozenset[str]
    ) -> tuple[float, float]:
        """Place a KPI with all below it; the middle of its box, and where the next may begin."""
        self.depth = max(self.depth, level)
        below = [] if name in above else self.children.get(name, [])
        middles, bottom = [], top
        for child in below:
            middle, bottom = self.place(str(child["factor"]), child, level + 1, bottom, above | {name})
            middles.append(middle)
        bottom = max(bottom, top + _HIGH + _BETWEEN)
        middle = (middles[0] + middles[-1]) / 2 if middles else top + _HIGH / 2
        x = 8.0 + level * _STEP
        for other in middles:
            bend = x + _WIDE + (_STEP - _WIDE) / 2
            self.lines.append(
                f'<path d="M{x + _WIDE:.1f} {middle:.1f}H{bend:.1f}V{other:.1f}H{x + _STEP:.1f}" fill="none" '
                f'stroke="{placeholder("flat")}" stroke-width="1.3"/>'
            )
        self.boxes.append(self._box(name, row, x, middle, sum(_float(child["contribution"]) for child in below)))
        return middle, bottom

    def _box(self, name: str, row: dict[str, object] | None, x: float, middle: float, whole: float) -> str:
        moved = whole if row is None else _float(row["contribution"])
        role = "up" if moved > 0 else "down" if moved < 0 else "flat"
        mark = {"up": "▲", "down": "▼", "flat": "＝"}[role]
        top = middle - _HIGH / 2
        said = str((row or {}).get("title") or name)
        lines = [_text(x + 12, top + 21, _cut(said, _WIDE - 24), f'fill="{_INK}" font-weight="600"')]
        amount = f"{mark} {'+' if moved > 0 else ''}{number(moved)}"
        if row is not None:
            values = f"{number(_float(row['before']))} → {number(_float(row['now']))}"
            lines.append(_text(x + 12, top + 38, values, f'fill="{_DIM}" font-size="12"'))
            if row.get("share") is not None:
                amount += f" ({percent(_float(row['share']))})"
        lines.append(_text(x + 12, top + 54, amount, f'fill="{placeholder(role)}" font-size="12" font-weight="600"'))
        frame = (
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{_WIDE}" height="{_HIGH}" rx="9" fill="{placeholder("heat0")}" '
            f'stroke="{placeholder(role)}" stroke-width="1.4"/>'
        )
        return f"<g><title>{escape(said)}</title>{frame}{''.join(lines)}</g>"


def _text(x: float, y: float, words: str, how: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {how}>{escape(words)}</text>'


def _cut(words: str, width: float) -> str:
    """As much of the words as there is room for."""
    if text_width(words) <= width:
        return words
    while words and text_width(words) + 10 > width:
        words = words[:-1]
    return f"{words}…"


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
