"""Columns of text, such as those of a CSV file, turned into what a frame would hold.

In: columns of text and the types wanted. Out: expressions of typed columns, and the rules that the text must keep.
Invariant: an empty cell is missing; a cell that is not understood breaks a rule and never becomes missing in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts import instants
from rulecrm.facts.findings import Problem, finding
from rulecrm.facts.source import Source
from rulecrm.model.schema import Column
from rulecrm.model.types import Type

__all__ = ["LIST_SEPARATOR", "convert_text"]

LIST_SEPARATOR = "|"
"""What stands between the items of a list in one cell."""

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_TEXTUAL = frozenset({"text", "money"})
"""Types that are read from text as they are."""

_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "number": "a number",
    "date": "a date such as 2025-11-12",
    "time": "a time of day such as 10:30",
    "instant": "an instant such as 2025-11-12T10:30:00+08:00",
}


def convert_text(source: Source, columns: Mapping[str, Column], zone: str | None) -> list[Diagnostic]:
    """Give the columns of a textual source their types, in place; what is wrong with them."""
    if not source.textual:
        return []
    typed: dict[str, pl.Expr] = {}
    rules: list[Problem] = []
    found: list[Diagnostic] = []
    for name, column in columns.items():
        if source.schema.get(name) != pl.String or column.type.name in _TEXTUAL:
            continue
        value = _parsed(pl.col(name).str.strip_chars(), column.type, zone)
        if value is None:
            message = f"column `{name}` is {column.type}, which a cell of text cannot hold"
            found.append(finding("R403", source.frame, message, column=name, fix="give it as a frame or in Parquet"))
            continue
        typed[name] = value
        if column.type.name != "list":
            rules.append(_rule(name, column.type, value, zone))
    return found or source.convert(typed, rules)


def _rule(name: str, type_: Type, value: pl.Expr, zone: str | None) -> Problem:
    reason = f"`{name}` is not {_WORDS[type_.name]}"
    fix = "pass `zone=` where times are those of a wall clock" if type_.name == "instant" and zone is None else None
    return Problem("R413", name, reason, pl.col(name).is_not_null() & value.is_null(), fix=fix)


def _parsed(text: pl.Expr, type_: Type, zone: str | None) -> pl.Expr | None:
    match type_.name:
        case "bool":
            word = text.str.to_lowercase()
            return pl.when(word.is_in(_YES)).then(True).when(word.is_in(_NO)).then(False)
        case "int":
            return text.cast(pl.Int64, strict=False)
        case "number":
            return pl.when(text.str.contains(_NUMBER)).then(text.cast(pl.Float64, strict=False))
        case "date":
            return instants.parsed_date(text)
        case "time":
            return pl.coalesce(text.str.to_time(form, strict=False) for form in ("%H:%M:%S%.f", "%H:%M"))
        case "instant":
            return instants.parsed(text, zone)
        case "list" if type_.item is not None and type_.item.name == "text":
            return text.str.split(LIST_SEPARATOR)
    return None
