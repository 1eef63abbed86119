"""A figure's numbers as a table of HTML that can be sorted.

In: a figure. Out: `<table>`, in both languages at once.
Invariant: what is shown and what is sorted by are one value; what is missing comes last, whichever way it is sorted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape

from rulecrm.insight.figure import Figure, Language, Words
from rulecrm.report import numbers
from rulecrm.report.pictures.campaigns import SHARES
from rulecrm.report.terms import term
from rulecrm.report.wording import PAGE

__all__ = ["MOST", "both", "table"]

MOST = 200
"""Rows of a table; a longer one is cut, and says so."""

_SHARES = frozenset(
    {
        "share", "conversion", "support", "confidence", "confidence_back", "alive", "rebought", "refunded",
        "orders_per_view", "discount_rate", "change", "growth", "margin_rate",
    }
)  # fmt: skip
_ENDS = frozenset({"low", "high"})
_BY_MEASURE = frozenset({"treated_value", "control_value", "difference", "low", "high"})


_WORDED = frozenset({"base", "direction", "measure", "role", "step", "why"})
"""Columns whose words are the figures' own; labels, states and keys are the shop's, and stay as they are."""


def both(words: Words) -> str:
    """Words in both languages, of which the page shows one."""
    if words.en == words.zh:
        return escape(words.en)
    return f'<span lang="en">{escape(words.en)}</span><span lang="zh">{escape(words.zh)}</span>'


def table(figure: Figure, zone: str, key: str) -> str:
    """The table; `key` is the id of its caption."""
    frame = figure.frame.head(MOST)
    names = [name for name in frame.columns if not name.endswith("_zh")]
    headings = "".join(_heading(figure, name) for name in names)
    rows = "".join(
        f"<tr>{''.join(_cell(figure, name, row, zone) for name in names)}</tr>" for row in frame.iter_rows(named=True)
    )
    caption = f'<caption id="{key}">{both(figure.title)}</caption>'
    return f"<table>{caption}<thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"


def _heading(figure: Figure, name: str) -> str:
    plain = name.replace("_", " ")
    words = figure.columns.get(name, Words(plain, plain))
    money = figure.frame.schema[name].is_decimal() and figure.currency is not None
    unit = f' <small class="unit">{escape(str(figure.currency))}</small>' if money else ""
    kind = ' class="number"' if figure.frame.schema[name].is_numeric() else ""
    return f'<th scope="col"{kind}><button type="button">{both(words)}{unit}</button></th>'


def _cell(figure: Figure, name: str, row: Mapping[str, object], zone: str) -> str:
    value = row[name]
    if value is None:
        return f'<td class="missing">{numbers.MISSING}</td>'
    match value:
        case bool():
            return f'<td data-v="{int(value)}">{both(PAGE["yes" if value else "no"])}</td>'
        case int():
            return f'<td class="number" data-v="{value}">{numbers.count(value)}</td>'
        case float():
            text = numbers.percent(value) if _is_share(figure, name, row) else numbers.number(value)
            return f'<td class="number" data-v="{value!r}">{text}</td>'
        case Decimal():
            return f'<td class="number" data-v="{value}">{numbers.money(value)}</td>'
        case dt.datetime():
            words = _each(lambda language: numbers.instant(value, zone, language))
            return f'<td data-v="{value.timestamp()!r}">{both(words)}</td>'
        case dt.date():
            words = _each(lambda language: numbers.day(value, language))
            return f'<td data-v="{value.toordinal()}">{both(words)}</td>'
    text = str(value)
    if name == "title" and row.get("title_zh"):
        return f"<td>{both(Words(text, str(row['title_zh'])))}</td>"
    if name in _WORDED:
        return f"<td>{both(_each(lambda language: term(text, language)))}</td>"
    return f"<td>{escape(text)}</td>"


def _each(words: Callable[[Language], str]) -> Words:
    return Words(words("en"), words("zh"))


def _is_share(figure: Figure, name: str, row: Mapping[str, object]) -> bool:
    if figure.name.startswith("campaign_") and "measure" in row and name in _BY_MEASURE:
        return row["measure"] in SHARES
    if name in _ENDS:
        return "share" in row and "value" not in row
    return name in _SHARES or name.endswith(("_share", "_rate"))
