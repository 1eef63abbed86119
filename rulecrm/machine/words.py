"""Values as canonical JSON, for the tables that advancing leaves behind.

In: physical columns and their types. Out: JSON text, and columns back from it.
Invariant: equal values give equal text, whoever writes it: the members of an object are in the order of their names,
nothing is left out, and there is no space between them.

Text, int, number and bool are themselves. An amount of money is text in the reporting currency as rules write it,
`19.9 EUR`; an instant `2025-11-11T09:00:00Z`; a date `2025-11-11`; a time `09:00:00`; a duration is seconds; a label is
its word; what is missing is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from rulecrm.model.types import MONEY_SCALE, Type

__all__ = ["as_text", "from_json", "to_json"]

_SECOND = 1_000_000


def to_json(columns: Iterable[tuple[str, pl.Series, Type]], rows: int, currency: str) -> pl.Series:
    """One object a row, with a member for each column."""
    known = sorted(columns, key=lambda one: one[0])
    if not known:
        return pl.Series(["{}"], dtype=pl.String).new_from_index(0, rows)
    frame = pl.DataFrame([column.alias(name) for name, column, _ in known])
    members = [_written(pl.col(name), type_, currency).alias(name) for name, _, type_ in known]
    return frame.select(pl.struct(members).struct.json_encode()).to_series()


def as_text(column: pl.Series, kind: Type, currency: str) -> pl.Series:
    """The same values as plain text, missing where they are."""
    return column.to_frame("v").select(_written(pl.col("v"), kind, currency).cast(pl.String)).to_series()


def from_json(text: pl.Series, fields: Mapping[str, Type]) -> pl.DataFrame:
    """Physical columns from what `to_json` wrote; a member that is not there is missing."""
    if not fields:
        return pl.DataFrame()
    shape = pl.Struct({name: _shape(kind) for name, kind in fields.items()})
    members = text.str.json_decode(shape).struct.unnest()
    return members.select(_read(pl.col(name), kind).alias(name) for name, kind in fields.items())


def _written(value: pl.Expr, kind: Type, currency: str) -> pl.Expr:
    """A physical value as JSON holds it."""
    match kind.name:
        case "text":
            return value.cast(pl.String)
        case "money":
            amount = value.cast(pl.Decimal(38, MONEY_SCALE)) / pl.lit(10**MONEY_SCALE).cast(pl.Decimal(38, 0))
            plain = amount.cast(pl.Decimal(38, MONEY_SCALE)).cast(pl.String).str.replace(r"\.?0+$", "")
            return plain + pl.lit(f" {currency}")
        case "instant" | "age":
            return _clock(value, "%Y-%m-%dT%H:%M:%S", pl.lit("Z"))
        case "date":
            return value.cast(pl.Int32).cast(pl.Date).cast(pl.String)
        case "time":
            return _clock(value, "%H:%M:%S", pl.lit(""))
        case "duration":
            return _seconds(value)
        case "label":
            return value.replace_strict(dict(enumerate(kind.names)), return_dtype=pl.String, default=None)
        case "list" if kind.item is not None:
            return value.list.eval(_written(pl.element(), kind.item, currency))
        case "record":
            members = [_written(value.struct.field(name), of, currency).alias(name) for name, of in kind.fields]
            return pl.when(value.is_not_null()).then(pl.struct(members))
    return value


def _seconds(micros: pl.Expr) -> pl.Expr:
    """Seconds: the number that is written as the exact one would be. A division leaves noise in its last digit."""
    sign = pl.when(micros < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = micros.abs() // _SECOND, micros.abs() % _SECOND
    return pl.format("{}{}.{}", sign, whole, rest.cast(pl.String).str.zfill(6)).cast(pl.Float64)


def _clock(micros: pl.Expr, form: str, zone: pl.Expr) -> pl.Expr:
    moment = micros.cast(pl.Datetime("us"))
    fraction = pl.when(micros % _SECOND == 0).then(pl.lit("")).otherwise(moment.dt.strftime("%.6f"))
    return moment.dt.strftime(form) + fraction + zone


def _shape(kind: Type) -> pl.DataType:
    """The dtype in which a value is read from JSON."""
    match kind.name:
        case "int" | "label":
            return pl.Int64()
        case "number" | "duration":
            return pl.Float64()
        case "bool":
            return pl.Boolean()
        case "list" if kind.item is not None:
            return pl.List(_shape(kind.item))
        case "record":
            return pl.Struct({name: _shape(of) for name, of in kind.fields})
    return pl.String()


def _read(value: pl.Expr, kind: Type) -> pl.Expr:
    """A value that was read from JSON in its physical form."""
    match kind.name:
        case "money":
            amount = value.str.split(" ").list.first().cast(pl.Decimal(38, MONEY_SCALE))
            minor: pl.Expr = (amount * 10**MONEY_SCALE).cast(pl.Int64)
            return minor
        case "instant":
            return value.str.strip_suffix("Z").str.to_datetime(time_unit="us").cast(pl.Int64)
        case "date":
            return value.str.to_date().cast(pl.Int32)
        case "time":
            return value.str.to_time().cast(pl.Int64) // 1000
        case "duration":
            return (value * _SECOND).round().cast(pl.Int64)
        case "list" if kind.item is not None:
            return value.list.eval(_read(pl.element(), kind.item))
        case "record":
            members = [_read(value.struct.field(name), of).alias(name) for name, of in kind.fields]
            return pl.when(value.is_not_null()).then(pl.struct(members))
    return value
