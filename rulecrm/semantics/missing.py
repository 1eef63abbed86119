"""Which values may be missing.

In: typed nodes. Out: yes or no, by the meaning of each operator (the table in `model.ir`).
Invariant: "no" is a promise; "yes" may be overcautious.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.model.ir import (
    Aggregate,
    Apply,
    AsOf,
    Attribute,
    Column,
    Const,
    Elements,
    Expr,
    HeldSince,
    Item,
    Key,
    Local,
    Now,
    Period,
    PopulationOf,
    Ref,
    SequenceOf,
    Standing,
    State,
)
from rulecrm.model.types import BOOL
from rulecrm.semantics.scope import Entry

__all__ = ["NEVER_MISSING", "may_miss"]

NEVER_MISSING = frozenset(
    [
        "and",
        "or",
        "not",
        "true",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "missing",
        "in",
        "has",
        "has_any",
        "has_all",
        "has_none",
        "contains",
        "starts_with",
        "ends_with",
        "matches",
        "choose",
    ]
)
"""Operators that never give a missing value."""

_COUNTS = frozenset({"count", "exists", "none", "distinct", "periods", "streak"})
_MAY_FAIL = frozenset({"div", "sqrt", "ln", "domain", "member", "convert", "kpi"})


def may_miss(value: Expr, entries: Mapping[str, Entry]) -> bool:
    """Whether `value` may be missing; `entries` tells of other definitions."""
    match value:
        case Const() | Now() | Key() | Period() | SequenceOf() | Elements():
            return False
        case State():
            return value.part in ("since", "previous")
        case Local():
            return value.name != "entry"
        case Attribute() | Standing() | Item() | HeldSince():
            return True
        case Column():
            return value.name != "at"
        case Ref():
            entry = entries.get(value.symbol)
            return entry is None or (entry.form == "metric" and entry.may_miss)
        case Aggregate():
            return value.function not in _COUNTS
        case PopulationOf():
            return value.function != "count"
        case AsOf():
            return may_miss(value.value, entries) or (value.type != BOOL and may_miss(value.instant, entries))
        case Apply():
            if value.op in NEVER_MISSING:
                return False
            if value.op in _MAY_FAIL or value.op.startswith("plugin."):
                return True
            if value.op == "coalesce":
                return all(may_miss(part, entries) for part in value.args)
            parts = value.args[1:] if value.op == "if" else value.args
            return any(may_miss(part, entries) for part in parts)
