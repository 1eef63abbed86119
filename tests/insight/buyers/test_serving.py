"""The service record, the staff and the sources: against loops over the rows."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, service_record, sources, staff
from tests.insight.buyers.little import NOW, RULES, Little, Row, is_wilson, little, moved

SHOPS = st.integers(0, 100_000)
BARGAINING = ("discount", "便宜")


def known(row: Row, column: str) -> bool:
    """Whether something had happened to an order by now."""
    return row[column] is not None and row[column] <= NOW  # type: ignore[operator]


def records(world: Little, days: int) -> dict[str, list[tuple[object, bool]]]:
    """Of each measure the customers and whether it happened, row by row."""
    start = moved(NOW, -days)
    placed = [row for row in world.orders if start < row["placed_at"] <= NOW]  # type: ignore[operator]
    asked, reviews = world.seen("inquiry", start), world.seen("review", start)

    def inquired(row: Row) -> bool:
        at = row["placed_at"]
        mine = [one["at"] for one in world.seen("inquiry") if one["customer"] == row["customer"]]
        return any(moved(at, -7) <= one < at for one in mine)  # type: ignore[arg-type, operator]

    return {
        "refunds": [(row["customer"], known(row, "refunded_at")) for row in world.bought(start)],
        "cancellations": [(row["customer"], known(row, "cancelled_at")) for row in placed],
        "inquiries": [(row["customer"], inquired(row)) for row in placed],
        "bargaining": [(row["customer"], any(w in str(row["text"]).lower() for w in BARGAINING)) for row in asked],
        "low_ratings": [(row["customer"], row["rating"] <= 2) for row in reviews if row["rating"] is not None],  # type: ignore[operator]
        "abuse": [(row["customer"], row["kind_of_abuse"] is not None) for row in (*reviews, *asked)],
    }


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([20, 300]))
def test_the_service_record(seed: int, days: int) -> None:
    world = little(seed)
    frame = service_record(world.shop(), within=f"{days}d").frame
    expected = records(world, days)
    assert frame["measure"].to_list() == list(expected)
    for row in frame.iter_rows(named=True):
        rows = expected[row["measure"]]
        who, hit = {one for one, _ in rows}, {one for one, bad in rows if bad}
        assert (row["base"], row["happened"]) == (len(rows), sum(bad for _, bad in rows))
        assert (row["customers_base"], row["customers"]) == (len(who), len(hit))
        assert is_wilson(row["low"], row["high"], len(hit), len(who))
    back = [
        row["refund_amount"] if row["refund_amount"] is not None else row["amount"]
        for row in world.orders
        if known(row, "refunded_at") and row["refunded_at"] > moved(NOW, -days)  # type: ignore[operator]
    ]
    assert frame["amount"][0] == sum(back, Decimal(0))


def test_the_service_record_is_asked_by_the_params_of_the_shop() -> None:
    world = little(4)
    shop = world.shop(RULES + 'import "std/service.rules" with { low_rating: 4, bargaining_words: ["warm"] }')
    rows = {row["measure"]: row for row in service_record(shop).frame.iter_rows(named=True)}
    start = moved(NOW, -365)
    assert rows["low_ratings"]["happened"] == sum((row["rating"] or 9) <= 4 for row in world.seen("review", start))  # type: ignore[operator]
    assert rows["bargaining"]["happened"] == sum("warm" in str(row["text"]) for row in world.seen("inquiry", start))
    assert "at most 4" in service_record(shop).definition.en


def mean(values: Iterable[Decimal]) -> Decimal | None:
    found = list(values)
    return round(sum(found, Decimal(0)) / len(found), 4) if found else None


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([20, 300]), st.sampled_from([1, 5]))
def test_the_staff(seed: int, days: int, converts: int) -> None:
    world = little(seed)
    start, bought = moved(NOW, -days), world.bought()
    asked = [row for row in world.seen("inquiry", start) if moved(row["at"], converts) <= NOW]  # type: ignore[arg-type]
    frame = staff(world.shop(), within=f"{days}d", converts=f"{converts}d").frame
    rated = [row for row in world.seen("review", start) if row["rating"] is not None]
    answers = [row for row in world.answers if start < row["at"] <= NOW]  # type: ignore[operator]
    names = {row["staff"] for row in (*asked, *world.bought(start), *rated, *answers)} - {None}
    if frame.height:
        assert set(frame["staff"]) == names
    for row in frame.iter_rows(named=True):
        mine = [one for one in asked if one["staff"] == row["staff"]]
        converted = {
            one["customer"]
            for one in mine
            for sold in bought
            if sold["customer"] == one["customer"] and one["at"] < sold["paid_at"] <= moved(one["at"], converts)  # type: ignore[arg-type, operator]
        }
        who = {one["customer"] for one in mine}
        assert (row["asked"], row["converted"]) == (len(who), len(converted))
        assert is_wilson(row["low"], row["high"], len(converted), len(who))
        sold = [one for one in world.bought(start) if one["staff"] == row["staff"]]
        buyers = [one["customer"] for one in sold]
        assert (row["orders"], row["buyers"]) == (len(sold), len(set(buyers)))
        assert row["revenue"] == (sum((one["amount"] for one in sold), Decimal(0)) if sold else None)
        assert row["order_value"] == mean(one["amount"] for one in sold)  # type: ignore[misc]
        assert row["again"] == sum(buyers.count(one) >= 2 for one in set(buyers))
        refunds = sum(known(one, "refunded_at") for one in sold)
        assert row["refund_share"] == (refunds / len(sold) if sold else None)
        stars = [one["rating"] for one in rated if one["staff"] == row["staff"]]
        assert row["ratings"] == len(stars)
        assert row["rating"] == (pytest.approx(statistics.mean(stars)) if stars else None)  # type: ignore[type-var]
        assert row["low_rating_share"] == (sum(one <= 2 for one in stars) / len(stars) if stars else None)  # type: ignore[operator]
        took = [one["seconds"] for one in answers if one["staff"] == row["staff"]]
        assert row["response_seconds"] == (statistics.median(took) if took else None)  # type: ignore[type-var]


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([20, 300]), st.sampled_from([2, 45]))
def test_the_sources(seed: int, days: int, again: int) -> None:
    world = little(seed)
    bought: dict[object, list[Row]] = {}
    for row in world.bought():
        bought.setdefault(row["customer"], []).append(row)
    new = {who: rows for who, rows in bought.items() if rows[0]["paid_at"] > moved(NOW, -days)}  # type: ignore[operator]
    frame = sources(world.shop(), within=f"{days}d", again_within=f"{again}d").frame
    assert set(frame["source"]) == {rows[0]["source"] for rows in new.values()}
    for row in frame.iter_rows(named=True):
        theirs = [rows for rows in new.values() if rows[0]["source"] == row["source"]]
        due = [rows for rows in theirs if moved(rows[0]["paid_at"], again) <= NOW]  # type: ignore[arg-type]
        came = [rows for rows in due if len(rows) > 1 and rows[1]["paid_at"] <= moved(rows[0]["paid_at"], again)]  # type: ignore[arg-type, operator]
        assert (row["new_customers"], row["base"], row["again"]) == (len(theirs), len(due), len(came))
        assert is_wilson(row["low"], row["high"], len(came), len(due))
        orders = [one for rows in theirs for one in rows]
        assert (row["orders"], row["revenue"]) == (len(orders), sum((one["amount"] for one in orders), Decimal(0)))
        assert row["order_value"] == mean(one["amount"] for one in orders)  # type: ignore[misc]
        assert row["first_order_value"] == mean(rows[0]["amount"] for rows in theirs)  # type: ignore[misc]
        assert row["refund_share"] == sum(known(one, "refunded_at") for one in orders) / len(orders)


def bare(**columns: object) -> Shop:
    orders = pl.DataFrame({"order": ["a"], "customer": [1], "paid_at": [NOW], **columns})
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders), as_of=NOW)


def test_what_is_lacking_is_said() -> None:
    record = service_record(bare())
    assert record.frame.is_empty()
    assert len(record.remarks) == 6
    nobody = staff(bare())
    assert nobody.frame.is_empty()
    assert [one.code for one in nobody.remarks] == ["R836"] * 4
    assert [one.code for one in sources(bare()).remarks] == ["R836"]
    alone = sources(bare(source=["ads"]))
    assert alone.frame.select("source", "new_customers", "base", "again_share", "revenue").rows() == [
        ("ads", 1, 0, None, None)
    ]
    assert [one.code for one in alone.remarks] == ["R836", "R836", "R838"]
    assert sources(bare(source=["ads"]), within="1d").frame.height == 1
    later = bare(source=["ads"]).at("2026-01-01")
    assert [one.code for one in sources(later, within="1d").remarks] == ["R837"]


def test_a_purchase_without_staff_is_in_no_row_and_said() -> None:
    figure = staff(bare(staff=pl.Series([None], dtype=pl.String), amount=[3]))
    assert figure.frame.is_empty()
    assert any("1 of 1 purchases" in one.words.en for one in figure.remarks)
    assert figure.remarks[-1].code in ("R837", "R838")
    one = staff(bare(staff=["s1"], amount=[3]))
    assert one.frame.select("staff", "orders", "asked", "conversion", "ratings").rows() == [("s1", 1, None, None, None)]
