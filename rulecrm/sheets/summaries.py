"""What a file says in all, for whoever has the seller's own screen beside it.

In: the batches of a file. Out: `Summary`: counts, amounts by currency and state, days, reasons; and its lines of text.
Invariant: an order that comes twice is counted once, as what came last; every refused row is counted under its reason.

Batches are taken one after the other and let go; of each order no more is kept than its number, state, amount, currency
and time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import polars as pl
from attrs import frozen

from rulecrm.plugin import Batch
from rulecrm.sheets.amounts import MONEY

__all__ = ["Summary", "lines_of", "summary"]


@frozen
class Summary:
    """What a file says in all.

    Attributes:
        orders: how many.
        buyers: how many different ones have ordered.
        unknown_buyers: orders of which the file does not tell the buyer.
        lines: lines of orders.
        units: units of all lines; of orders, where the file has no lines. None where it tells neither.
        amounts: by currency and state of the order: orders, and the sum of their amounts.
        unpriced: orders without an amount.
        first: the day of the earliest order, in the zone.
        last: that of the latest.
        zone: whose days these are.
        refused: rows by reason, the most frequent first.
        remarks: what was odd and stops nothing, and how often.
        repeated: rows of orders that came again.
    """

    orders: int
    buyers: int
    unknown_buyers: int
    lines: int
    units: int | None
    amounts: Mapping[tuple[str, str], tuple[int, Decimal]]
    unpriced: int
    first: dt.date | None
    last: dt.date | None
    zone: str
    refused: Mapping[str, int]
    remarks: Mapping[str, int]
    repeated: int = 0


_ORDER: Mapping[str, pl.DataType] = {
    "order": pl.String(),
    "customer": pl.String(),
    "status": pl.String(),
    "currency": pl.String(),
    "amount": MONEY,
    "quantity": pl.Int64(),
    "placed_at": pl.Datetime("us", "UTC"),
}


def summary(batches: Iterable[Batch], zone: str) -> Summary:
    """The summary of a file's batches.

    Args:
        batches: as `FileFormat.read` gives them; they are read to the end.
        zone: IANA name of the zone whose days are told; the seller's own.
    """
    orders: list[pl.DataFrame] = []
    items: list[pl.DataFrame] = []
    refused: Counter[str] = Counter()
    remarks: Counter[str] = Counter()
    for batch in batches:
        orders += [_some(batch.rows["orders"], _ORDER)] if "orders" in batch.rows else []
        items += [_some(batch.rows["items"], _ITEM)] if "items" in batch.rows else []
        refused.update(one.reason for one in batch.refused)
        remarks.update(batch.remarks)
    return _counted(
        pl.concat(orders) if orders else pl.DataFrame(schema=_ORDER),
        pl.concat(items) if items else None,
        zone,
        refused,
        remarks,
    )


_ITEM: Mapping[str, pl.DataType] = {"order": pl.String(), "item": pl.String(), "quantity": pl.Int64()}


def _some(rows: pl.DataFrame | Sequence[Mapping[str, object]], wanted: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Those columns, null where the rows have none."""
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(list(rows), infer_schema_length=None)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in wanted.items()
    )


def _counted(
    orders: pl.DataFrame, items: pl.DataFrame | None, zone: str, refused: Counter[str], remarks: Counter[str]
) -> Summary:
    last = orders.unique("order", keep="last", maintain_order=True)
    priced = last.filter(pl.col("amount").is_not_null())
    by = priced.group_by("currency", "status").agg(pl.len(), pl.col("amount").sum()).sort("currency", "status")
    days = last.get_column("placed_at").dt.convert_time_zone(zone).dt.date().drop_nulls()
    units = last.get_column("quantity") if items is None else items.unique(["order", "item"], keep="last")["quantity"]
    return Summary(
        orders=last.height,
        buyers=last.get_column("customer").drop_nulls().n_unique(),
        unknown_buyers=last.get_column("customer").null_count(),
        lines=0 if items is None else items.unique(["order", "item"]).height,
        units=None if units.null_count() == len(units) else int(units.sum()),
        amounts={
            (currency or "?", status or ""): (number, Decimal(amount))
            for currency, status, number, amount in by.iter_rows()
        },
        unpriced=last.height - priced.height,
        first=_day(days, "min"),
        last=_day(days, "max"),
        zone=zone,
        refused=dict(refused.most_common()),
        remarks=dict(remarks.most_common()),
        repeated=orders.height - last.height,
    )


def _day(days: pl.Series, which: str) -> dt.date | None:
    day = days.min() if which == "min" else days.max()
    return day if isinstance(day, dt.date) else None


# --- as text ------------------------------------------------------------------------------------------------------


def lines_of(told: Summary) -> list[str]:
    """The summary as lines of plain text, to be held against the seller's screen."""
    lines = [f"orders    {_many(told.orders)}{_days(told)}"]
    if told.repeated:
        lines.append(
            f"          {_many(told.repeated)} rows of orders that were there already; the last of each counts"
        )
    nobody = (
        f", and {_many(told.unknown_buyers)} orders whose buyer the file does not tell" if told.unknown_buyers else ""
    )
    lines.append(f"buyers    {_many(told.buyers)}{nobody}")
    units = "" if told.units is None else f", {_many(told.units)} units"
    lines.append(f"lines     {_many(told.lines)}{units}" if told.lines else f"units     {units[2:] or 'not told'}")
    for currency in dict.fromkeys(currency for currency, _ in told.amounts):
        lines += _of_currency(told, currency)
    if told.unpriced:
        lines.append(f"          {_many(told.unpriced)} orders without an amount")
    total = sum(told.refused.values())
    if total:
        lines.append(f"refused   {_many(total)} rows")
        lines += [f"          {_many(number):>9}  {reason}" for reason, number in told.refused.items()]
    lines += [f"noted     {_many(number):>9}  {what}" for what, number in told.remarks.items()]
    return lines


def _days(told: Summary) -> str:
    if told.first is None:
        return ""
    return f", {told.first} to {told.last} ({told.zone})"


def _of_currency(told: Summary, currency: str) -> list[str]:
    parts = [(status, *value) for (code, status), value in told.amounts.items() if code == currency]
    whole = sum((amount for _, _, amount in parts), Decimal(0))
    lines = [f"amount    {_amount(whole)} {currency}"]
    if len(parts) > 1:
        lines += [
            f"          {_amount(each):>16}  {status or 'no state'} ({_many(number)})" for status, number, each in parts
        ]
    return lines


def _many(number: int) -> str:
    return f"{number:,}"


def _amount(amount: Decimal) -> str:
    plain = amount.quantize(Decimal("0.01")) if amount == amount.quantize(Decimal("0.01")) else amount
    return f"{plain:,}"
