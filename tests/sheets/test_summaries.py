"""What a file says in all."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.plugin import Batch, Refused
from rulecrm.sheets import lines_of, summary

ORDER = st.fixed_dictionaries(
    {
        "order": st.sampled_from("abcdefgh"),
        "customer": st.sampled_from(["p", "q", None]),
        "status": st.sampled_from(["done", "open", None]),
        "currency": st.sampled_from(["CNY", "USD"]),
        "amount": st.none() | st.decimals(0, 999, places=2),
        "quantity": st.integers(1, 5),
        "placed_at": st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 12, 31)).map(
            lambda one: one.replace(tzinfo=dt.UTC)
        ),
    }
)


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(ORDER, max_size=12), cut=st.integers(0, 12), framed=st.booleans())
def test_it_counts_as_one_would_by_hand(rows, cut, framed):
    schema = {
        "order": pl.String,
        "customer": pl.String,
        "status": pl.String,
        "currency": pl.String,
        "amount": pl.Decimal(38, 4),
        "quantity": pl.Int64,
        "placed_at": pl.Datetime("us", "UTC"),
    }
    parts = [part for part in (rows[:cut], rows[cut:]) if part]
    batches = [Batch({"orders": pl.DataFrame(part, schema=schema) if framed else part}) for part in parts]
    told = summary(batches, "Asia/Shanghai")
    last = {row["order"]: row for row in rows}
    priced = [row for row in last.values() if row["amount"] is not None]
    assert told.orders == len(last)
    assert told.repeated == len(rows) - len(last)
    assert told.buyers == len({row["customer"] for row in last.values()} - {None})
    assert told.unknown_buyers == sum(row["customer"] is None for row in last.values())
    assert (told.units or 0) == sum(row["quantity"] for row in last.values())
    assert told.unpriced == len(last) - len(priced)
    amounts: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for row in priced:
        number, amount = amounts.get((row["currency"], row["status"] or ""), (0, Decimal(0)))
        amounts[row["currency"], row["status"] or ""] = (number + 1, amount + row["amount"])
    assert told.amounts == amounts
    days = [(row["placed_at"] + dt.timedelta(hours=8)).date() for row in last.values()]
    assert (told.first, told.last) == ((min(days), max(days)) if days else (None, None))


def test_lines_of_orders_tell_the_units():
    items = [
        {"order": "1", "item": "1", "quantity": 2},
        {"order": "1", "item": "2", "quantity": 3},
        {"order": "1", "item": "2", "quantity": 3},
    ]
    told = summary([Batch({"items": items})], "UTC")
    assert (told.orders, told.lines, told.units) == (0, 2, 5)


def test_as_text():
    placed = dt.datetime(2026, 7, 1, 17, tzinfo=dt.UTC)
    orders = [
        {
            "order": str(n),
            "customer": f"c{n % 3}",
            "status": "交易成功" if n % 4 else "交易关闭",
            "currency": "CNY",
            "amount": Decimal("1000.5"),
            "quantity": 1,
            "placed_at": placed + dt.timedelta(days=n),
        }
        for n in range(8)
    ]
    orders.append({"order": "9", "customer": None, "currency": "CNY", "placed_at": placed, "quantity": 2})
    refused = [Refused("orders", "`x` is empty", "…")] * 2 + [Refused("orders", "has a NUL byte", "…")]
    told = summary([Batch({"orders": orders}, refused=refused, remarks={"unknown status 'x'": 4})], "Asia/Shanghai")
    assert lines_of(told) == [
        "orders    9, 2026-07-02 to 2026-07-09 (Asia/Shanghai)",
        "buyers    3, and 1 orders whose buyer the file does not tell",
        "units     10 units",
        "amount    8,004.00 CNY",
        "                  2,001.00  交易关闭 (2)",
        "                  6,003.00  交易成功 (6)",
        "          1 orders without an amount",
        "refused   3 rows",
        "                  2  `x` is empty",
        "                  1  has a NUL byte",
        "noted             4  unknown status 'x'",
    ]
