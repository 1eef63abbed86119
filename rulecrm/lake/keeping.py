"""What each table of a store keeps: its key, its lines, its columns, and what is kept apart.

In: the name of a frame. Out: `Keeping`.
Invariant: which columns are personal, and which are the store's own, is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import polars as pl
from attrs import field, frozen

from rulecrm.model.schema import canonical
from rulecrm.model.types import INSTANT, Type

__all__ = ["COMMITS", "CONTACTS", "ERASED", "OWN", "PERSONAL", "QUARANTINE", "RESERVED", "Keeping", "keeping_of"]

COMMITS, QUARANTINE, CONTACTS = "commits", "quarantine", "contacts"

RESERVED = frozenset({COMMITS, QUARANTINE, CONTACTS})
"""Tables of a store that are no frames."""

PERSONAL = (
    "nick", "email", "phone", "birthday", "gender", "postal_code", "latitude", "longitude",
    "name", "first_name", "last_name", "address", "street", "phone_hash", "email_hash",
)  # fmt: skip
"""Attributes of customers that tell who somebody is, or lead to their door: kept apart, in `contacts`.

Country, province, city and zone are shared by many people and are what segments ask for; they stay with the facts, and
so do levels, points, tags and consent. The last seven are no canonical attributes;
shops declare such, and hashes stand for what is not kept itself.
"""

ERASED = "erased_at"
"""In `contacts`: when they were erased; what changed before that is not taken again."""

OWN = ("origin", "learnt_at", "commit", "turn", "layer")
"""Columns that the store itself fills, whatever a row says of them."""

_INSTANT = pl.Datetime("us", "UTC")
_ALWAYS: Mapping[str, pl.DataType] = MappingProxyType({"changed_at": _INSTANT, "status": pl.String()})
_DTYPES: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "text": pl.String(),
        "money": pl.Decimal(38, 4),
        "instant": _INSTANT,
        "int": pl.Int64(),
        "number": pl.Float64(),
        "bool": pl.Boolean(),
        "date": pl.Date(),
    }
)


@frozen
class Keeping:
    """How the rows of a frame are kept.

    Attributes:
        frame: its name, and that of its table.
        key: the column whose value says what a row is a version of.
        line: columns that tell the rows of one version apart: the key alone, or the key and the number of a line.
        dtypes: how known columns lie on the disk; what is not among them lies as it comes.
        order: columns by which rows lie after a compaction, where the table has them.
    """

    frame: str
    key: str
    line: tuple[str, ...]
    dtypes: Mapping[str, pl.DataType] = field(hash=False)
    order: tuple[str, ...]


@cache
def keeping_of(frame: str) -> Keeping:
    """How the rows of a frame are kept; a frame that is not canonical is one of events of one kind."""
    schema = canonical()
    subject = next((one for one in schema.subjects.values() if one.frame == frame), None)
    if subject is not None or frame == CONTACTS:
        subject = subject or schema.subjects["customer"]
        types = {name: column.type for name, column in subject.columns.items()}
        return Keeping(frame, subject.name, (subject.name,), _dtypes(types, (subject.name,)), (subject.name,))
    kinds = [kind for kind in schema.kinds.values() if kind.frame == frame]
    types = {name: column.type for kind in kinds for name, column in kind.columns.items()}
    types.update({kind.at: INSTANT for kind in kinds})
    types["at"] = INSTANT
    dtypes = _dtypes(types, (*schema.subjects, "order", "item", "event", "kind"))
    match frame:
        case "links":
            return Keeping(frame, "link", ("link",), _dtypes({}, ("link", "one", "other", "by")), ("link",))
        case "orders":
            return Keeping(frame, "order", ("order",), dtypes, ("customer", "placed_at", "order"))
        case "items":
            return Keeping(frame, "order", ("order", "item"), dtypes, ("order", "item"))
    return Keeping(frame, "event", ("event",), dtypes, ("customer", "at", "event"))


def _dtypes(types: Mapping[str, Type], texts: tuple[str, ...]) -> Mapping[str, pl.DataType]:
    known = {name: _dtype(type_) for name, type_ in types.items()}
    return MappingProxyType({**known, **dict.fromkeys(texts, pl.String()), "currency": pl.String(), **_ALWAYS})


def _dtype(type_: Type) -> pl.DataType:
    if type_.name == "list" and type_.item is not None:
        return pl.List(_dtype(type_.item))
    return _DTYPES[type_.name]
