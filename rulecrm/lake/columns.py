"""Columns as they lie on the disk.

In: a frame of rows. Out: the same rows in the dtypes of the store, and those that lack their key apart.
Invariant: nothing is converted that could lose a digit; what cannot be kept is a diagnostic, and nothing was written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.lake.keeping import OWN, Keeping

__all__ = ["brought", "split"]

_INSTANT = pl.Datetime("us", "UTC")
_SCALE = 4
"""Decimals of money on the disk; the language knows no more."""


def brought(rows: pl.DataFrame, keeping: Keeping, table: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows in the dtypes of the store.

    Args:
        rows: as they were put.
        keeping: of their frame.
        table: columns that the store has already.

    Returns:
        The rows; without the columns that the store fills itself, without `original`, and without columns of nothing
        but nulls of no dtype that are not known.

    Raises:
        RulesError: R704 columns that cannot be kept, or are kept already as something else.
    """
    found: list[Diagnostic] = []
    chosen: list[pl.Expr] = []
    for name, dtype in rows.schema.items():
        if name in OWN or name == "original":
            continue
        wanted = keeping.dtypes.get(name, table.get(name))
        if isinstance(dtype, pl.Null):
            chosen += [] if wanted is None else [pl.col(name).cast(wanted)]
            continue
        target = _kept_as(dtype)
        if target is None or wanted not in (None, target):
            target = _widened(dtype, wanted, identifier=name in keeping.line or name in _IDENTIFIERS)
        if target is None:
            found.append(_unkept(keeping.frame, name, dtype, wanted))
        else:
            chosen.append(_cast(pl.col(name), dtype, target))
    if found:
        raise RulesError(found)
    try:
        return rows.select(chosen)
    except pl.exceptions.PolarsError as error:
        first = str(error).split("\n", 1)[0]
        message = f"frame `{keeping.frame}`: a value is too large for its column: {first}"
        raise RulesError([Diagnostic("R704", message, data={"frame": keeping.frame})]) from error


_IDENTIFIERS = frozenset({"customer", "product", "staff", "shop", "source", "order", "item", "event"})
"""Text columns that may come as integers."""


def split(rows: pl.DataFrame, keeping: Keeping) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that say what they are, and the others as rows of the quarantine: `frame`, `reason`, `original`, …

    Raises:
        RulesError: R705 no column of the key.
    """
    lacking = [name for name in keeping.line if name not in rows.columns]
    if lacking:
        message = f"frame `{keeping.frame}`: no column `{lacking[0]}`, by which its rows are told apart"
        raise RulesError([Diagnostic("R705", message, data={"frame": keeping.frame, "column": lacking[0]})])
    absent = pl.any_horizontal(pl.col(name).is_null() for name in keeping.line)
    away = [_refused(row, keeping) for row in rows.filter(absent).iter_rows(named=True)]
    return rows.filter(~absent), pl.DataFrame(away, schema=_AWAY)


_AWAY = dict.fromkeys(("frame", "reason", "code", "original", "place"), pl.String)


def _refused(row: Mapping[str, object], keeping: Keeping) -> dict[str, str | None]:
    name = next(name for name in keeping.line if row[name] is None)
    original = row.get("original")
    text = original if isinstance(original, str) else json.dumps(row, ensure_ascii=False, default=str)
    return {"frame": keeping.frame, "reason": f"`{name}` is missing", "code": "R410", "original": text, "place": ""}


def _kept_as(dtype: pl.DataType) -> pl.DataType | None:
    """How a column lies on the disk that nobody knows more of; None where it cannot."""
    match dtype:
        case pl.String() | pl.Categorical() | pl.Enum():
            return pl.String()
        case pl.Boolean() | pl.Date():
            return dtype
        case pl.Datetime(time_zone=zone):
            return None if zone is None else _INSTANT
        case pl.Decimal(scale=scale):
            return pl.Decimal(38, _SCALE) if scale <= _SCALE else None
        case pl.List(inner=inner):
            kept = None if isinstance(inner, pl.Null) else _kept_as(_instance(inner))
            return None if kept is None else pl.List(kept)
        case pl.Struct(fields=fields):
            parts = {one.name: _kept_as(_instance(one.dtype)) for one in fields}
            told = {name: kept for name, kept in parts.items() if kept is not None}
            return pl.Struct(told) if len(told) == len(parts) else None
    if dtype.is_integer():
        return pl.Int64()
    return pl.Float64() if dtype.is_float() else None


def _widened(dtype: pl.DataType, wanted: pl.DataType | None, *, identifier: bool) -> pl.DataType | None:
    """What a column of another dtype may become without losing anything; None where there is nothing."""
    if wanted is None:
        return None
    money = isinstance(wanted, pl.Decimal) and dtype.is_integer()
    number = isinstance(wanted, pl.Float64) and dtype.is_integer()
    name = identifier and isinstance(wanted, pl.String) and dtype.is_integer()
    empty = isinstance(wanted, pl.List) and isinstance(dtype, pl.List) and isinstance(_instance(dtype.inner), pl.Null)
    return wanted if money or number or name or empty else None


def _cast(value: pl.Expr, dtype: pl.DataType, target: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and isinstance(target, pl.Datetime):
        # First the unit, of which the lesser is floored, then the zone: the instant stays.
        return value.dt.cast_time_unit("us").dt.convert_time_zone("UTC")
    return value if dtype == target else value.cast(target)


def _unkept(frame: str, name: str, dtype: pl.DataType, wanted: pl.DataType | None) -> Diagnostic:
    if wanted is None:
        message, fix = f"column `{name}` is {dtype}, which a store does not keep", "give it as text"
    else:
        message, fix = f"column `{name}` is {dtype} and is kept as {wanted}", f'`pl.col("{name}").cast(pl.{wanted!r})`'
    if isinstance(dtype, pl.Datetime):
        fix = f'say whose time it is: `pl.col("{name}").dt.replace_time_zone("Asia/Shanghai")`'
    return Diagnostic("R704", f"frame `{frame}`: {message}", help=fix, data={"frame": frame, "column": name})


def _instance(dtype: object) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()  # type: ignore[operator]
