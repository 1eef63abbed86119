"""Values as frames hold them, and as users see them.

In: constants and columns. Out: the same in the physical form of `model.types`, or in the form at the door.
Invariant: turning a value into its physical form and back gives the same value.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.model.types import MONEY_SCALE, Type

__all__ = ["dtype_of", "from_physical_value", "literal", "to_door", "to_physical_value"]

_UNIT = Decimal(10) ** MONEY_SCALE
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_DTYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "money": pl.Int64(),
    "duration": pl.Int64(),
    "age": pl.Int64(),
    "instant": pl.Int64(),
    "date": pl.Int32(),
    "time": pl.Int64(),
    "label": pl.Int64(),
}


def dtype_of(kind: Type) -> pl.DataType:
    """The physical dtype of a type; a label is the number of its name in `Type.names`."""
    if kind.name == "list" and kind.item is not None:
        return pl.List(dtype_of(kind.item))
    if kind.name == "record":
        return pl.Struct({name: dtype_of(field) for name, field in kind.fields})
    return _DTYPES[kind.name]


def to_physical_value(value: ir.Value, kind: Type) -> object:
    """One constant in its physical form (a tuple becomes a list)."""
    if isinstance(value, tuple):
        item = kind.item if kind.item is not None else kind
        return [to_physical_value(one, item) for one in value]
    match kind.name:
        case "money":
            assert isinstance(value, Decimal | int)
            return int((Decimal(value) * _UNIT).to_integral_value())
        case "number":
            assert isinstance(value, int | float | Decimal)
            return float(value)
        case "label":
            return kind.names.index(str(value)) if str(value) in kind.names else -1
        case "instant" | "age":
            assert isinstance(value, dt.datetime)
            return to_microseconds(value)
        case "date":
            assert isinstance(value, dt.date)
            return value.toordinal() - _EPOCH_DAY
        case "time":
            assert isinstance(value, dt.time)
            return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
        case "duration":
            if isinstance(value, Duration):
                assert value.elapsed is not None, "a calendar month has no elapsed length"
                return value.elapsed
            return value
    return value


def from_physical_value(value: int, kind: Type) -> object:
    """A value of a type that is held as a whole number, as Python has it; an age is the instant it is counted from."""
    match kind.name:
        case "money":
            return Decimal(value).scaleb(-MONEY_SCALE)
        case "instant" | "age":
            return from_microseconds(value)
        case "duration":
            return dt.timedelta(microseconds=value)
        case "date":
            return dt.date.fromordinal(value + _EPOCH_DAY)
        case "time":
            return from_microseconds(value).time()
        case "label":
            return kind.names[value]
    return value


def literal(const: ir.Const) -> pl.Expr:
    """A constant as an expression of its physical dtype."""
    return pl.lit(to_physical_value(const.value, const.type), dtype=dtype_of(const.type))


def to_door(column: pl.Series, kind: Type) -> pl.Series:
    """A column as users see it: Decimal, Datetime in UTC, Duration, Date, Time, Enum of labels."""
    match kind.name:
        case "money":
            # Dividing a Decimal by a Decimal is exact here: the divisor only moves the point.
            return column.to_frame().select(_money(pl.all())).to_series().rename(column.name)
        case "instant":
            return column.cast(pl.Datetime("us", "UTC"))
        case "duration" | "age":
            return column.cast(pl.Duration("us"))
        case "date":
            return column.cast(pl.Int32).cast(pl.Date)
        case "time":
            return (column * 1000).cast(pl.Time)
        case "label":
            names = pl.Series(column.name, kind.names, dtype=pl.Enum(kind.names))
            return names.gather(column.cast(pl.UInt32))
    return column


def _money(minor: pl.Expr) -> pl.Expr:
    whole = minor.cast(pl.Decimal(38, MONEY_SCALE))
    return (whole / pl.lit(_UNIT).cast(pl.Decimal(38, 0))).cast(pl.Decimal(38, MONEY_SCALE))
