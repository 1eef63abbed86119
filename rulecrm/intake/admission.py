"""Rows as they come in, checked and given the types that the store keeps.

In: rows of a batch, mappings or a frame. Out: `Admitted`: a frame for the store, and what was refused.
Invariant: rows in = rows out + refused, and each refused row has its reason and itself as it came.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import polars as pl
from attrs import evolve, frozen

from rulecrm.diagnostics.model import Severity
from rulecrm.facts.door import admit
from rulecrm.facts.shapes import Shape, shape_of
from rulecrm.model.schema import Schema
from rulecrm.model.types import INSTANT, MONEY_SCALE, TEXT, Type
from rulecrm.plugin import Refused, Row

__all__ = ["KEYED", "Admitted", "admit_rows", "with_their_orders"]

KEYED = ("customer", "product", "order", "event")
"""Columns whose values are the platform's own keys: the account's name is put before them."""

_OWN_KEY: Mapping[str, tuple[str, ...]] = {
    "orders": ("order",), "items": ("order", "item"), "customers": ("customer",), "products": ("product",),
    "events": ("event", "kind", "at"),
}  # fmt: skip
_BESIDE: Mapping[str, Type] = {"changed_at": INSTANT, "status": TEXT, "original": TEXT, "item": TEXT, "currency": TEXT}
_LIMIT = Decimal(2**63 - 1).scaleb(-MONEY_SCALE)


@frozen(eq=False)
class Admitted:
    """Rows for the store.

    Attributes:
        frame: its canonical name.
        rows: keys with the account's name before them, instants Datetime(us, UTC), money Decimal(38, 4).
        refused: the others.
        orders: the orders, as `rows` would have them, of refused rows of orders.
    """

    frame: str
    rows: pl.DataFrame
    refused: Sequence[Refused]
    orders: frozenset[str] = frozenset()


def admit_rows(frame: str, rows: Sequence[Row] | pl.DataFrame, account: str, schema: Schema) -> list[Admitted]:
    """Check the rows of a frame.

    Rows that speak of different columns are not mixed, for a column that is absent says nothing, and one that is empty
    says that there is nothing; only the lines of orders, which are replaced together, are all of the same columns.

    Args:
        frame: a canonical frame, or a kind of the schema.
        rows: as `rulecrm.plugin.platforms` describes them.
        account: whose they are; it becomes their `shop` where they name none.
        schema: the world they are read for.

    Raises:
        TypeError: the frame is unknown, or a file's frame has columns of other types: a mistake of the plugin's.
    """
    shape = shape_of(frame, schema)
    if shape is None or not (frame in _OWN_KEY or frame in schema.kinds):
        raise TypeError(f"there is no frame `{frame}`")
    if isinstance(rows, pl.DataFrame):
        return [_admitted(frame, _of_frame(rows), [], shape, account)]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(() if frame == "items" else tuple(sorted(row)), []).append(row)
    return [_admitted(frame, *_of_rows(frame, group, shape), shape, account) for group in groups.values()]


def with_their_orders(items: Sequence[Admitted], orders: Sequence[Admitted]) -> list[Admitted]:
    """Lines of orders, those of orders that were refused put to the refused: alone they would be lines of nothing."""
    lost = frozenset[str]().union(*(one.orders for one in orders))
    if not lost:
        return list(items)
    found = []
    for one in items:
        of_lost = pl.col("order").is_in(sorted(lost))
        away = [
            Refused("items", "its order was refused", _original(row))
            for row in one.rows.filter(of_lost).iter_rows(named=True)
        ]
        found.append(evolve(one, rows=one.rows.filter(~of_lost), refused=[*one.refused, *away]))
    return found


def _admitted(
    frame: str, rows: pl.DataFrame, refused: Sequence[tuple[object, Refused]], shape: Shape, account: str
) -> Admitted:
    kept, away = _checked(frame, rows, shape)
    lost = [*refused, *away]
    orders = frozenset(f"{account}:{order}" for order, _ in lost if frame == "orders" and order is not None)
    return Admitted(
        frame, _named(kept.drop("original", strict=False), frame, account), [one for _, one in lost], orders
    )


def _named(rows: pl.DataFrame, frame: str, account: str) -> pl.DataFrame:
    """Keys with the account before them, and the shop they are of."""
    keys = [pl.format(f"{account}:{{}}", pl.col(name)).alias(name) for name in KEYED if name in rows.columns]
    if frame == "customers":
        keys.append(pl.col("customer").alias("platform_key"))
    elif frame != "products" and "shop" not in rows.columns:
        keys.append(pl.lit(account).alias("shop"))
    return rows.with_columns(keys)


# --- types ----------------------------------------------------------------------------------------------------


def _of_rows(frame: str, rows: Sequence[Row], shape: Shape) -> tuple[pl.DataFrame, list[tuple[object, Refused]]]:
    """A frame of plain values, and the rows that have one of another type, each with its order."""
    types = {**{name: column.type for name, column in shape.columns.items()}, **_BESIDE, "kind": TEXT}
    types.update(dict.fromkeys(shape.keys, TEXT))
    good: list[Row] = []
    refused: list[tuple[object, Refused]] = []
    for row in rows:
        wrong = next((said for name, value in row.items() if (said := _wrong(name, value, types.get(name)))), None)
        if wrong is None:
            good.append(row)
        else:
            refused.append((row.get("order"), Refused(frame, wrong, _original(row))))
    names = list(dict.fromkeys(name for row in good for name in row))
    columns = []
    for name in names:
        values = [row.get(name) for row in good]
        kind = types.get(name) or _type_of(values)
        columns.append(pl.Series(name, values, dtype=_dtype(kind) if kind is not None else pl.String(), strict=True))
    return pl.DataFrame(columns), refused


def _dtype(kind: Type) -> pl.DataType:
    if kind.name == "list":
        return pl.List(pl.String())
    return _DTYPES[kind.name]


_DTYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(), "money": pl.Decimal(38, MONEY_SCALE), "instant": pl.Datetime("us", "UTC"), "int": pl.Int64(),
    "number": pl.Float64(), "bool": pl.Boolean(), "date": pl.Date(),
}  # fmt: skip


def _is_money(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exact) > _LIMIT:
        return False
    return exponent >= -MONEY_SCALE or exact == round(exact, MONEY_SCALE)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _is_instant(value: object) -> bool:
    return isinstance(value, dt.datetime) and value.tzinfo is not None


def _is_int(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_date(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


_FITS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "text": (lambda value: isinstance(value, str), "a text"),
    "money": (_is_money, f"an exact amount of at most {MONEY_SCALE} decimals"),
    "instant": (_is_instant, "an instant with a zone"),
    "int": (_is_int, "a whole number"),
    "number": (lambda value: type(value) in (int, float), "a number"),
    "bool": (lambda value: isinstance(value, bool), "yes or no"),
    "date": (_is_date, "a date"),
    "list": (_is_list, "a list of texts"),
}


def _wrong(name: str, value: object, kind: Type | None) -> str | None:
    """What is wrong with a value, in words; None where nothing is."""
    if value is None:
        return None
    if kind is None:
        return None if _type_of([value]) is not None else f"`{name}` is of no type that facts have"
    fits, words = _FITS[kind.name]
    return None if fits(value) else f"`{name}` is not {words}"


def _type_of(values: Sequence[object]) -> Type | None:
    """The type of values of a column that the schema does not know; text where all are missing."""
    for value in values:
        for name, (fits, _) in _FITS.items():
            if value is not None and fits(value):
                return Type(name)
    return TEXT if all(value is None for value in values) else None


def _of_frame(rows: pl.DataFrame) -> pl.DataFrame:
    """A file's frame in the types of the store.

    Raises:
        TypeError: a column is of another type: a mistake of the plugin's.
    """
    casts = []
    for name, dtype in rows.schema.items():
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            casts.append(pl.col(name).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")))
        elif isinstance(dtype, pl.Decimal) and dtype.scale <= MONEY_SCALE:
            casts.append(pl.col(name).cast(pl.Decimal(38, MONEY_SCALE)))
        elif isinstance(dtype, pl.Datetime | pl.Decimal | pl.Float32 | pl.Object):
            raise TypeError(f"column `{name}` is {dtype}, which the store does not take")
    return rows.with_columns(casts)


# --- rules ----------------------------------------------------------------------------------------------------


def _checked(frame: str, rows: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, list[tuple[object, Refused]]]:
    """Rows that keep the rules of the frame, and those that do not, each with its order."""
    present = tuple(name for name in _OWN_KEY.get(frame, ("at",)) if name in shape.names or name == "item")
    lacking = [name for name in present if name not in rows.columns]
    if rows.is_empty():
        return rows, []
    if lacking:
        reason = f"`{lacking[0]}` is missing"
        return rows.clear(), [
            (row.get("order"), Refused(frame, reason, _original(row))) for row in rows.iter_rows(named=True)
        ]
    # A marketplace may not say who bought; the order is the shop's all the same. Rows that come twice are versions.
    rules = evolve(shape, present=present, required=(), one_of=(), unique=None)
    source, found = admit(frame, rows, rules, zone=None, currency=None, quarantine=True, textual=False)
    errors = [one for one in (*found, *source.settle()) if one.severity is Severity.ERROR]
    if errors:
        raise TypeError(f"frame `{frame}`: {errors[0].message}")
    away = [
        (row.get("order"), Refused(frame, str(row["reason"]), _original(row), str(row.get("place") or "")))
        for put_away in source.away
        for row in put_away.iter_rows(named=True)
    ]
    return (source.rows.collect() if away else rows), away


def _original(row: Mapping[str, object]) -> str:
    original = row.get("original")
    if isinstance(original, str) and original:
        return original
    return json.dumps(
        {name: value for name, value in row.items() if value is not None}, default=str, ensure_ascii=False
    )
