from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rulecrm_amazon.files import FORMATS
from rulecrm_amazon.files.columns import ALL, UNSHIPPED

from rulecrm.sheets import recognise


def read(path: Path, **options: str):
    found, seen, _ = recognise(path, FORMATS)
    frames, refused, remarks = {}, [], {}
    for batch in found.read(seen, options):
        for name, rows in batch.rows.items():
            frames.setdefault(name, []).append(rows)
        refused += batch.refused
        remarks.update(batch.remarks)
    return {name: pl.concat(parts) for name, parts in frames.items()}, refused, remarks


QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(path: Path, columns, rows, encoding: str = "utf-8") -> Path:
    lines = ["\t".join(columns), *("\t".join(row.get(name, "") for name in columns) for row in rows)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


AMOUNT = st.decimals(0, 9999, places=2)
TITLE = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=9).filter(
    lambda one: one.lower() != "null" and not one.startswith("=")
)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "order": st.sampled_from([f"111-0000000-000000{n}" for n in range(4)]),
            "title": TITLE,
            "units": st.integers(1, 5),
            "price": AMOUNT,
            "tax": AMOUNT,
            "shipping": AMOUNT,
            "off": AMOUNT,
            "day": st.integers(1, 28),
        }
    ),
    max_size=10,
)


@QUICK
@given(
    lines=LINES,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    currency=st.sampled_from(["USD", "EUR"]),
    later=st.booleans(),
    swapped=st.booleans(),
)
def test_all_orders_are_read_as_they_were(tmp_path, lines, encoding, currency, later, swapped):
    columns = list(ALL["with the columns of later years" if later else "as documented"])
    columns = columns[::-1] if swapped else columns
    rows = [
        {
            "amazon-order-id": line["order"], "purchase-date": "2026-01-02T03:04:05+00:00",
            "last-updated-date": f"2026-02-{line['day']:02}T00:00:00+00:00", "order-status": "Shipped",
            "item-status": "Shipped", "product-name": line["title"], "asin": "B00TEST", "quantity": str(line["units"]),
            "currency": currency, "item-price": str(line["price"]), "item-tax": str(line["tax"]),
            "shipping-price": str(line["shipping"]), "item-promotion-discount": str(line["off"]),
            "order-item-id": f"{place}", "ship-country": "US",
        }
        for place, line in enumerate(lines)
    ]  # fmt: skip
    frames, refused, remarks = read(written(tmp_path / "a.txt", columns, rows, encoding))
    assert (refused, remarks) == ([], {})
    if not lines:
        assert frames == {}
        return
    expected = {}
    for line in lines:
        one = expected.setdefault(line["order"], {"amount": Decimal(0), "quantity": 0, "day": 0, "lines": 0})
        one["amount"] += line["price"] + line["shipping"] - line["off"] + (line["tax"] if currency == "USD" else 0)
        one["quantity"] += line["units"]
        one["day"] = max(one["day"], line["day"])
        one["lines"] += 1
    orders = frames["orders"]
    assert {row["order"]: (row["amount"], row["quantity"], row["changed_at"].day) for row in orders.to_dicts()} == {
        number: (one["amount"], one["quantity"], one["day"]) for number, one in expected.items()
    }
    assert orders["customer"].null_count() == len(expected)
    assert set(orders["placed_at"]) == {dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)}
    assert "customers" not in frames
    items = frames["items"]
    assert sorted(items.select("order", "title", "quantity").rows()) == sorted(
        (line["order"], line["title"], line["units"]) for line in lines
    )
    assert items.select("order", "item").is_unique().all()


ROW = {
    "amazon-order-id": "1", "purchase-date": "2026-01-02T03:04:05+00:00", "last-updated-date": "2026-01-02T03:04:05+00:00",
    "order-status": "Shipped", "product-name": "Pan", "quantity": "1", "currency": "USD", "item-price": "5.00",
}  # fmt: skip


def test_where_one_line_is_refused_its_order_is(tmp_path):
    rows = [ROW, {**ROW, "item-price": "5,00 €"}, {**ROW, "amazon-order-id": "2"}]
    frames, refused, _ = read(written(tmp_path / "a.txt", ALL["as documented"], rows))
    assert frames["orders"]["order"].to_list() == ["2"]
    assert sorted((one.reason, one.place) for one in refused) == [
        ("`item-price` is no amount such as 1,234.56", "a.txt, line 3"),
        ("another line of its order is refused", "a.txt, line 2"),
    ]


def test_lines_in_two_currencies_are_no_order(tmp_path):
    frames, refused, _ = read(written(tmp_path / "a.txt", ALL["as documented"], [ROW, {**ROW, "currency": "EUR"}]))
    assert frames == {}
    assert [one.reason for one in refused] == ["the lines of its order disagree on `currency`"] * 2


def test_pending_orders_have_no_amount_and_other_states_are_told(tmp_path):
    rows = [
        {**ROW, "order-status": "Pending", "item-price": "", "currency": ""},
        {**ROW, "amazon-order-id": "2", "order-status": "Lost"},
    ]
    frames, refused, remarks = read(written(tmp_path / "a.txt", ALL["as documented"], rows))
    assert frames["orders"].select("status", "amount").rows() == [("Pending", None), ("Lost", Decimal(5))]
    assert (refused, remarks) == ([], {"unknown status 'Lost'": 1})


@pytest.mark.parametrize("status", ["Cancelled"])
def test_a_cancelled_line_costs_nothing(tmp_path, status):
    rows = [{**ROW, "order-status": status, "quantity": "0", "item-price": ""}]
    frames, _, _ = read(written(tmp_path / "a.txt", ALL["as documented"], rows))
    assert frames["orders"].select("quantity", "amount").row(0) == (0, Decimal(0))


def test_nothing_of_no_currency_is_no_amount(tmp_path):
    cancelled = {**ROW, "order-status": "Cancelled", "quantity": "0", "item-price": "", "currency": ""}
    rows = [cancelled, {**ROW, "amazon-order-id": "2"}, {**cancelled, "amazon-order-id": "2"}]
    frames, _, _ = read(written(tmp_path / "a.txt", ALL["as documented"], rows))
    assert frames["orders"]["amount"].to_list() == [None, Decimal(5)]
    assert frames["items"]["amount"].to_list() == [None, Decimal(5), None]


def test_unshipped_orders_say_who_and_not_how_much(tmp_path):
    row = {
        "order-id": "7", "order-item-id": "71", "purchase-date": "2026-01-02T03:04:05-08:00",
        "payments-date": "2026-01-02T03:34:05-08:00", "buyer-email": "x1@marketplace.amazon.com", "quantity-purchased": "2",
        "product-name": "Pan", "ship-country": "US", "recipient-name": "Ann", "buyer-phone-number": "1",
    }  # fmt: skip
    rows = [row, {**row, "order-item-id": "72", "quantity-purchased": "1"}]
    frames, refused, _ = read(written(tmp_path / "a.txt", UNSHIPPED["as documented"], rows, "utf-16"))
    assert not refused
    (order,) = frames["orders"].drop("original").to_dicts()
    paid = dt.datetime(2026, 1, 2, 11, 34, 5, tzinfo=dt.UTC)
    assert order == {
        "order": "7", "customer": "x1@marketplace.amazon.com", "quantity": 3, "country": "US", "province": None, "city": None,
        "placed_at": dt.datetime(2026, 1, 2, 11, 4, 5, tzinfo=dt.UTC), "paid_at": paid, "changed_at": paid,
    }  # fmt: skip
    assert frames["items"]["item"].to_list() == ["71", "72"]
    assert "phone" not in frames["customers"].columns
    assert frames["customers"]["platform"].to_list() == ["amazon"]
