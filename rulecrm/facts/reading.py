"""How a column of a frame is read as a type of the language.

In: a column's name, its Polars dtype and the type wanted. Out: a `Reading` (an expression of the physical form of
`model.types`, and the rules its rows must keep), or a diagnostic where no row could be read.
Invariant: nothing is collected, and nothing is converted that could lose a digit.
"""

from __future__ import annotations

import polars as pl
from attrs import frozen
from polars.datatypes import DataTypeClass

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts import instants, money
from rulecrm.facts.findings import Problem, finding
from rulecrm.model.types import Type

__all__ = ["Reading", "is_key", "is_text", "physical", "read"]

_FIXED: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "money": pl.Int64(),
    "duration": pl.Int64(),
    "instant": pl.Int64(),
    "date": pl.Int32(),
    "time": pl.Int64(),
}

_NANOSECONDS_IN_MICROSECOND = 1_000


@frozen(eq=False)
class Reading:
    """A column that can be read: its physical `value`, and the rules that its rows must keep."""

    value: pl.Expr
    problems: tuple[Problem, ...] = ()


class _Unreadable(Exception):  # noqa: N818  (never leaves this module)
    def __init__(self, message: str, fix: str, code: str = "R403") -> None:
        super().__init__(message)
        self.message, self.fix, self.code = message, fix, code


def is_text(dtype: pl.DataType) -> bool:
    """Whether a column holds text, encoded or not."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def is_key(dtype: pl.DataType) -> bool:
    """Whether a column can be a key."""
    return is_text(dtype) or dtype.is_integer()


def physical(type_: Type) -> pl.DataType:
    """The dtype that values of a type have inside (text: String, where the frame holds no encoded text)."""
    if type_.name == "list" and type_.item is not None:
        return pl.List(physical(type_.item))
    if type_.name == "record":
        return pl.Struct({name: physical(of) for name, of in type_.fields})
    return _FIXED[type_.name]


def read(frame: str, column: str, type_: Type, dtype: pl.DataType, *, zone: str | None) -> Reading | Diagnostic:
    """How `column` of this dtype is read as `type_`; wall-clock times are of `zone`, or refused where it is None."""
    try:
        value, problems = _read(pl.col(column), column, type_, dtype, zone)
    except _Unreadable as unreadable:
        return finding(
            unreadable.code,
            frame,
            f"column `{column}` {unreadable.message}",
            column=column,
            fix=unreadable.fix,
            data={"dtype": str(dtype), "type": str(type_)},
        )
    return Reading(value, tuple(problems))


_Parts = tuple[pl.Expr, list[Problem]]


def _read(value: pl.Expr, column: str, type_: Type, dtype: pl.DataType, zone: str | None) -> _Parts:
    if isinstance(dtype, pl.Null):
        return value.cast(physical(type_)), []
    match type_.name:
        case "instant":
            return _instant(value, column, dtype, zone), []
        case "money":
            return _money(value, column, dtype)
        case "number":
            return _number(value, column, dtype)
        case "int" if dtype.is_integer():
            whole = value.cast(pl.Int64, strict=False)
            narrow = isinstance(dtype, pl.Int8 | pl.Int16 | pl.Int32 | pl.Int64 | pl.UInt8 | pl.UInt16 | pl.UInt32)
            large = Problem("R413", column, f"`{column}` is too large", value.is_not_null() & whole.is_null())
            return whole, [] if narrow else [large]
        case "text" if is_text(dtype):
            return value, []
        case "bool" if isinstance(dtype, pl.Boolean):
            return value, []
        case "date" if isinstance(dtype, pl.Date):
            return value.to_physical(), []
        case "time" if isinstance(dtype, pl.Time):
            return value.to_physical() // _NANOSECONDS_IN_MICROSECOND, []
        case "duration" if isinstance(dtype, pl.Duration):
            return value.dt.cast_time_unit("us").to_physical(), []
        case "list" if type_.item is not None and isinstance(dtype, pl.List | pl.Array):
            return _list(value, column, type_.item, dtype, zone)
        case "record" if isinstance(dtype, pl.Struct):
            return _record(value, column, type_, dtype, zone)
    raise _Unreadable(f"is {dtype}; {type_} is wanted", _fix(column, type_))


def _instant(value: pl.Expr, column: str, dtype: pl.DataType, zone: str | None) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return instants.microseconds(value)
    if not isinstance(dtype, pl.Datetime | pl.Date):
        raise _Unreadable(
            f"is {dtype}; instants are wanted (Datetime with a time zone)",
            f'parse it, such as `pl.col("{column}").str.to_datetime(time_zone="UTC")`',
        )
    if zone is None:
        what = "dates without a time of day" if isinstance(dtype, pl.Date) else "wall-clock times without a time zone"
        first = '.cast(pl.Datetime("us"))' if isinstance(dtype, pl.Date) else ""
        raise _Unreadable(
            f"holds {what} ({dtype})",
            f'say whose they are: `pl.col("{column}"){first}.dt.replace_time_zone("Asia/Shanghai")`, or pass `zone=`',
            "R404",
        )
    wall = value.cast(pl.Datetime("us")) if isinstance(dtype, pl.Date) else value
    return instants.microseconds(instants.utc(wall, zone))


def _money(value: pl.Expr, column: str, dtype: pl.DataType) -> _Parts:
    if isinstance(dtype, pl.Decimal):
        return money.from_decimal(value, column, dtype.scale)
    if dtype.is_integer():
        return money.from_units(value, column)
    if is_text(dtype):
        return money.from_text(value, column)
    if dtype.is_float():
        raise _Unreadable(
            f"holds money as {dtype}, which is not exact",
            f'`pl.col("{column}").round(2).cast(pl.Decimal(38, 2))`, or better read it from text',
            "R405",
        )
    raise _Unreadable(f"is {dtype}; money is wanted", f'`pl.col("{column}").cast(pl.Decimal(38, 2))`')


def _number(value: pl.Expr, column: str, dtype: pl.DataType) -> _Parts:
    if dtype.is_float():
        bad = Problem("R417", column, f"`{column}` is not a finite number", ~value.is_finite())
        return value.cast(pl.Float64), [bad]
    if dtype.is_numeric():
        return value.cast(pl.Float64), []
    raise _Unreadable(f"is {dtype}; numbers are wanted", f'`pl.col("{column}").cast(pl.Float64)`')


def _list(value: pl.Expr, column: str, item: Type, dtype: pl.List | pl.Array, zone: str | None) -> _Parts:
    value = value.arr.to_list() if isinstance(dtype, pl.Array) else value
    inner, problems = _read(pl.element(), column, item, _instance(dtype.inner), zone)
    return value.list.eval(inner), [_within_list(value, problem) for problem in problems]


def _within_list(value: pl.Expr, problem: Problem) -> Problem:
    bad = value.list.eval(problem.bad.fill_null(value=False)).list.any()
    return Problem(problem.code, problem.column, f"in a list, {problem.reason}", bad)


def _record(value: pl.Expr, column: str, type_: Type, dtype: pl.Struct, zone: str | None) -> _Parts:
    held = {field.name: _instance(field.dtype) for field in dtype.fields}
    fields: list[pl.Expr] = []
    problems: list[Problem] = []
    for name, of in type_.fields:
        if name not in held:
            raise _Unreadable(f"holds records without `{name}`", f"add a field `{name}`, missing where there is none")
        inner, found = _read(value.struct.field(name), f"{column}.{name}", of, held[name], zone)
        fields.append(inner.alias(name))
        problems += found
    return pl.when(value.is_not_null()).then(pl.struct(fields)), problems


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _fix(column: str, type_: Type) -> str:
    target = {
        "int": "pl.Int64",
        "text": "pl.String",
        "bool": "pl.Boolean",
        "date": "pl.Date",
        "time": "pl.Time",
        "duration": 'pl.Duration("us")',
    }
    if type_.name in target:
        return f'`pl.col("{column}").cast({target[type_.name]})`'
    return f"give a column of {type_}"
