"""What each frame may hold, worked out from the schema.

In: a `Schema` and the name of a frame. Out: `Shape`, the columns, keys and rules of that frame.
Invariant: every column is one of the schema's; only `currency` and `kind` belong to the door alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from rulecrm.model.schema import Column, Kind, Schema
from rulecrm.model.types import BOOL, INSTANT

__all__ = [
    "EVENT_FRAME",
    "ITEM_FRAME",
    "NEVER_NEGATIVE",
    "ORDER_FRAME",
    "PRODUCT_FRAME",
    "RATE_FRAME",
    "Shape",
    "shape_of",
    "shape_of_kind",
]

ORDER_FRAME, ITEM_FRAME, EVENT_FRAME = "orders", "items", "events"
PRODUCT_FRAME, RATE_FRAME = "products", "rates"

NEVER_NEGATIVE = frozenset({"amount", "price", "quantity", "refund_amount"})
"""Columns of canonical frames that no row may have below zero; a discount and a cost are not among them."""


@frozen
class Shape:
    """What one frame may hold.

    Attributes:
        frame: its name.
        columns: columns it is read for, by name; yes/no stages left out, for they are read from their instants.
        flags: names of those yes/no stages.
        keys: names of the subjects whose keys it may have.
        required: columns it must have.
        one_of: columns of which it must have at least one; empty where there is no such rule.
        present: columns in which no row may be missing (where the frame has them).
        unique: columns that say which row is which, in which no value may return.
        doors: columns that are no field of any rule: `currency`, `kind`.
        kinds: names of the kinds it gives.
    """

    frame: str
    columns: Mapping[str, Column]
    flags: frozenset[str]
    keys: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[str, ...]
    present: tuple[str, ...]
    unique: str | None
    doors: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every column that is known here."""
        return frozenset({*self.columns, *self.flags, *self.keys, *self.doors})


def shape_of(frame: str, schema: Schema) -> Shape | None:
    """The shape of a frame, or None where the schema knows no such frame."""
    for subject in schema.subjects.values():
        if subject.frame == frame:
            return Shape(
                frame, subject.columns, frozenset(), (subject.name,), (subject.name,), (), (subject.name,),
                subject.name, ("currency",), (),
            )  # fmt: skip
    if frame in schema.kinds:
        return shape_of_kind(schema.kinds[frame], declared=frame in schema.declared)
    kinds = [kind for kind in schema.kinds.values() if kind.frame == frame]
    return _shared(frame, kinds) if kinds else None


def _split(columns: Mapping[str, Column]) -> tuple[dict[str, Column], frozenset[str]]:
    flags = frozenset(name for name, column in columns.items() if column.stage is not None and column.type == BOOL)
    return {name: column for name, column in columns.items() if name not in flags}, flags


def _shared(frame: str, kinds: list[Kind]) -> Shape:
    columns, flags = _split({name: column for kind in kinds for name, column in kind.columns.items()})
    keys = tuple(dict.fromkeys(name for kind in kinds for name in kind.subjects))
    at = tuple(dict.fromkeys(kind.at for kind in kinds))
    unique = next((kind.key[0] for kind in kinds if len(kind.key) == 1), None)
    for name in at:
        columns.setdefault(name, _instant(name))
    names = tuple(kind.name for kind in kinds)
    if frame == ITEM_FRAME:
        columns.setdefault("at", _instant("at"))
        return Shape(frame, columns, flags, keys, (), (), ("customer",), None, ("currency",), names)
    if len(at) > 1:
        present = ("customer", unique) if unique is not None else ("customer",)
        return Shape(frame, columns, flags, keys, ("customer",), at, present, unique, ("currency",), names)
    required = ("kind", at[0], "customer")
    return Shape(frame, columns, flags, keys, required, (), required, unique, ("currency", "kind"), names)


def shape_of_kind(kind: Kind, *, declared: bool) -> Shape:
    """The shape of a frame for one kind alone: `at`, keys and fields."""
    columns, flags = _split(kind.columns)
    columns["at"] = _instant("at")
    required = ("at",) if declared else ("at", "customer")
    unique = kind.key[0] if len(kind.key) == 1 else None
    return Shape(
        kind.name, columns, flags, kind.subjects, required, kind.subjects if declared else (), ("at", "customer"),
        unique, ("currency",), (kind.name,),
    )  # fmt: skip


def _instant(name: str) -> Column:
    return Column(name, INSTANT, "when it happened")
