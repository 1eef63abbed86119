"""Rules that rows must keep: errors that tell of all, or rows put away with a reason, and nothing lost."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rulecrm.diagnostics.model import RulesError
from rulecrm.facts import Facts
from rulecrm.facts.facts import Counts
from rulecrm.model.schema import canonical

KINDS = canonical().kinds
CNY = {"currency": "CNY", "zone": "Asia/Shanghai"}
DAYS = [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in range(1, 8)]


def orders(**columns):
    given = {"order": ["1", "2", "3"], "customer": ["a", "b", "c"], "paid_at": DAYS[:3], "amount": ["1", "2", "3"]}
    return pl.DataFrame({**given, **columns})


def broken(frame, **options):
    with pytest.raises(RulesError) as error:
        Facts.from_frames(**frame, **options)
    return [(one.code, one.data.get("column"), one.data.get("count")) for one in error.value.diagnostics]


def test_one_error_tells_of_every_rule_with_counts_and_rows():
    frame = orders(customer=["a", None, "c"], amount=["-1", "2", "x"], quantity=[1, 1, -1])
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=frame)
    found = {one.data["column"]: one for one in error.value.diagnostics}
    assert {(one.code, name, one.data["count"]) for name, one in found.items()} >= {
        ("R410", "customer", 1),
        ("R412", "quantity", 1),
    }
    assert found["customer"].message == "frame `orders`: 1 row where `customer` is missing"
    assert found["customer"].data["rows"][0]["order"] == "2"
    assert sorted(one.code for one in error.value.diagnostics) == ["R410", "R412", "R412", "R413"]


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("amount", ["1.23456", "1", "1"], "R413"),
        ("amount", ["1,000", "1", "1"], "R413"),
        ("amount", ["1e3", "1", "1"], "R413"),
        ("amount", ["99999999999999999999", "1", "1"], "R413"),
        ("amount", pl.Series([10**18, 1, 1]), "R413"),
        ("amount", pl.Series(["1.000001", "1", "1"]).str.to_decimal(scale=6), "R413"),
        ("refund_amount", ["-0.01", "1", "1"], "R412"),
        ("currency", ["CNY", "RMB", "CNY"], "R414"),
        ("currency", ["CNY", None, "CNY"], "R414"),
        ("quantity", pl.Series([2**64 - 1, 1, 1], dtype=pl.UInt64), "R413"),
        ("order", ["1", "1", "3"], "R411"),
        ("order", ["1", None, "3"], "R410"),
    ],
)
def test_a_row_that_breaks_a_rule_is_an_error_or_is_put_away(column, values, code):
    frame = orders(**{column: values})
    found = broken({"orders": frame})
    assert [(one, name) for one, name, _ in found] == [(code, column)]
    facts = Facts.from_frames(orders=frame, on_error="quarantine")
    counts = facts.counts["orders"]
    assert counts.received == 3
    assert counts.quarantined == facts.quarantined["orders"].height > 0
    assert counts.kept + counts.quarantined == 3
    assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect().height == counts.kept
    assert all(column in reason or "row" in reason for reason in facts.quarantined["orders"]["reason"])


def test_numbers_must_be_finite():
    customers = pl.DataFrame({"customer": ["a", "b", "c"], "latitude": [1.0, float("nan"), None]})
    assert broken({"customers": customers}) == [("R417", "latitude", 1)]


def test_a_row_that_breaks_several_rules_is_put_away_once_with_every_reason():
    frame = orders(customer=[None, "b", "c"], amount=["-1", "2", "3"])
    facts = Facts.from_frames(orders=frame, on_error="quarantine")
    assert facts.quarantined["orders"]["reason"].to_list() == ["`customer` is missing; `amount` is negative"]
    assert facts.counts["orders"] == Counts(3, 2, 1)


def test_of_equal_rows_one_is_kept_and_of_different_ones_under_a_key_none():
    frame = orders()
    twice = pl.concat([frame, frame.head(1), frame.tail(1).with_columns(amount=pl.lit("9"))])
    facts = Facts.from_frames(orders=twice, on_error="quarantine")
    assert facts.rows(KINDS["purchase"], [], **CNY).collect()["order"].sort().to_list() == ["1", "2"]
    assert facts.counts["orders"] == Counts(5, 2, 3)
    away = facts.quarantined["orders"].sort("order", "amount")
    assert away.select("order", "amount").rows() == [("1", "1"), ("3", "3"), ("3", "9")]


def test_rows_without_an_event_id_are_no_copies_of_one_another():
    events = pl.DataFrame(
        {"kind": ["view"] * 4, "at": DAYS[:4], "customer": ["a"] * 4, "event": [None, None, "e", "e"]}
    )
    assert broken({"events": events}) == [("R411", "event", 1)]
    facts = Facts.from_frames(events=events, on_error="quarantine")
    assert facts.counts["events"] == Counts(4, 2, 2)


def test_a_reason_of_the_frame_is_kept_beside_ours():
    events = pl.DataFrame({"kind": ["bounce"], "at": DAYS[:1], "customer": [None], "reason": ["hard"]})
    away = Facts.from_frames(
        events=events.with_columns(pl.col("customer").cast(pl.String)), on_error="quarantine"
    ).quarantined["events"]
    assert away.select("given_reason", "reason").rows() == [("hard", "`customer` is missing")]


def test_stages_are_kinds_that_exist_from_their_instant_on():
    frame = orders(placed_at=DAYS[:3], paid_at=[DAYS[0], None, DAYS[4]], refunded_at=[None, None, DAYS[5]])
    facts = Facts.from_frames(orders=frame.with_columns(refund_amount=pl.lit("0.5")))
    assert facts.kinds() == {"order", "purchase", "refund"}
    heights = {name: facts.rows(KINDS[name], [], **CNY).collect().height for name in sorted(facts.kinds())}
    assert heights == {"order": 3, "purchase": 2, "refund": 1}
    assert facts.rows(KINDS["refund"], ["amount"], **CNY).collect()["amount"].to_list() == [5_000]
    assert facts.rows(KINDS["order"], ["amount"], **CNY).collect()["amount"].sum() == 60_000


def test_a_refund_without_an_amount_of_its_own_is_of_the_whole_order():
    frame = orders(refunded_at=DAYS[3:6], refund_amount=["0.5", None, "0"])
    facts = Facts.from_frames(orders=frame)
    assert facts.rows(KINDS["refund"], ["amount"], **CNY).collect()["amount"].to_list() == [5_000, 20_000, 0]


def test_stages_out_of_order_are_a_remark():
    facts = Facts.from_frames(orders=orders(placed_at=[DAYS[1], DAYS[1], DAYS[1]]))
    assert [(one.code, one.data["column"], one.data["count"]) for one in facts.warnings] == [("R422", "paid_at", 1)]


def test_unknown_kinds_of_events_are_counted_and_kept_out():
    events = pl.DataFrame({"kind": ["view", "veiw", "veiw"], "at": DAYS[:3], "customer": ["a", "b", "c"]})
    for dtype in (pl.String, pl.Categorical, pl.Enum(["view", "veiw"])):
        facts = Facts.from_frames(events=events.with_columns(pl.col("kind").cast(dtype)))
        assert [(one.code, one.data["count"], one.help) for one in facts.warnings] == [
            ("R421", 2, "the nearest kind is `view`")
        ]
        assert facts.rows(KINDS["view"], [], **CNY).collect()["customer"].to_list() == ["a"]
        assert facts.rows(KINDS["cart"], [], **CNY).collect().height == 0
        assert facts.kinds() == {"view", "veiw"}


def test_a_frame_for_one_kind_takes_the_place_of_the_shared_one():
    own = pl.DataFrame({"customer": ["z"], "at": DAYS[:1], "amount": ["7"]})
    facts = Facts.from_frames(orders=orders(), purchase=own)
    assert [one.code for one in facts.warnings] == ["R424"]
    served = facts.rows(KINDS["purchase"], ["amount", "paid_at"], **CNY).collect()
    at = int(DAYS[0].timestamp()) * 1_000_000
    assert served.to_dicts() == [{"at": at, "customer": "z", "person": "z", "amount": 70_000, "paid_at": at}]


def test_items_take_what_they_lack_from_orders_and_products():
    frame = orders(paid_at=[DAYS[0], None, DAYS[2]], shop=["s", "s", "t"])
    items = pl.DataFrame(
        {"order": ["1", "2", "3", "3"], "product": ["p", "p", "q", "r"], "quantity": [2, 1, 3, 1], "amount": ["9"] * 4}
    )
    products = pl.DataFrame(
        {"product": ["p", "q"], "cost": ["1.25", "2"], "category": ["x", None], "tags": [["n"], []]}
    )
    facts = Facts.from_frames(orders=frame, items=items, products=products)
    served = facts.rows(KINDS["item"], ["cost", "category", "tags", "quantity"], **CNY).collect().sort("product")
    assert served["customer"].to_list() == ["a", "c", "c"]
    assert served["shop"].to_list() == ["s", "t", "t"]
    assert served["cost"].to_list() == [25_000, 60_000, None]
    assert served["category"].to_list() == ["x", None, None]
    assert served["tags"].to_list() == [["n"], [], None]
    assert served["at"].to_list() == [int(DAYS[day].timestamp()) * 1_000_000 for day in (0, 2, 2)]


def test_items_of_an_unknown_order_are_no_items():
    items = pl.DataFrame({"order": ["1", "9", None], "product": ["p", "p", "p"]})
    assert broken({"orders": orders(), "items": items}) == [("R416", "order", 2)]
    facts = Facts.from_frames(orders=orders(), items=items, on_error="quarantine")
    assert facts.counts["items"] == Counts(3, 1, 2)
    assert facts.rows(KINDS["item"], [], **CNY).collect()["customer"].to_list() == ["a"]


def test_items_that_stand_alone_need_no_orders_and_others_do():
    items = pl.DataFrame({"customer": ["a"], "at": DAYS[:1], "product": ["p"]})
    assert Facts.from_frames(items=items).rows(KINDS["item"], [], **CNY).collect().height == 1
    assert broken({"items": items.drop("at")}) == [("R401", "paid_at", None)]


def test_items_take_the_day_of_listing_from_products():
    listed = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    items = pl.DataFrame({"customer": ["a", "b"], "product": ["p", "q"], "at": [listed, listed]})
    facts = Facts.from_frames(items=items, products=pl.DataFrame({"product": ["p"], "listed_at": [listed]}))
    served = facts.rows(KINDS["item"], ["listed_at"], **CNY).collect().sort("product")
    assert served["listed_at"].to_list() == [served["at"][0], None]


def test_events_take_category_and_brand_from_products():
    events = pl.DataFrame({"kind": ["view"] * 2, "at": DAYS[:2], "customer": ["a", "b"], "product": ["p", "q"]})
    products = pl.DataFrame({"product": ["p"], "category": ["x"]})
    facts = Facts.from_frames(events=events, products=products)
    assert facts.rows(KINDS["view"], ["category"], **CNY).collect()["category"].to_list() == ["x", None]
    assert [one.data["column"] for one in facts.check([(KINDS["view"], ["category", "brand"])])] == ["brand"]


def test_a_scan_is_not_collected_at_the_door_and_is_checked_when_it_is_read():
    read = []

    def note(frame):
        read.append(frame.height)
        return frame

    scan = orders(amount=["1", "-2", "3"]).lazy().map_batches(note)
    facts = Facts.from_frames(orders=scan)
    assert read == []
    assert repr(facts) == "<Facts orders: scan>"
    assert facts.check([(KINDS["purchase"], ["amount"])]) == ()
    assert read == []
    with pytest.raises(RulesError) as error:
        facts.rows(KINDS["purchase"], ["amount"], **CNY)
    assert [(one.code, one.data["count"]) for one in error.value.diagnostics] == [("R412", 1)]
    assert set(read) == {3}


def test_rows_of_a_scan_are_put_away_and_counted():
    scan = pl.concat([orders(), orders()]).lazy()
    facts = Facts.from_frames(orders=scan, on_error="quarantine")
    assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect().height == 3
    assert facts.counts["orders"] == Counts(6, 3, 3)


def test_a_scan_that_cannot_be_read_is_a_diagnostic():
    scan = orders().lazy().select(pl.col("no_such_column"))
    assert broken({"orders": scan}) == [("R430", None, None)]


def test_rows_are_built_without_reading_once_they_were_checked():
    facts = Facts.from_frames(orders=orders())
    assert isinstance(facts.rows(KINDS["purchase"], ["amount"], **CNY), pl.LazyFrame)
    assert facts._memo == {}


def test_scanned_products_are_checked_before_anything_is_borrowed_from_them():
    items = pl.DataFrame({"customer": ["a"], "at": DAYS[:1], "product": ["p"], "quantity": [2]})
    products = pl.LazyFrame({"product": ["p", "p"], "cost": ["1", "1"]})
    facts = Facts.from_frames(items=items, products=products)
    assert facts.rows(KINDS["item"], ["quantity"], **CNY).collect().height == 1
    with pytest.raises(RulesError) as error:
        facts.rows(KINDS["item"], ["cost"], **CNY)
    assert [one.code for one in error.value.diagnostics] == ["R411"]
    facts = Facts.from_frames(items=items, products=products, on_error="quarantine")
    assert facts.rows(KINDS["item"], ["cost"], **CNY).collect()["cost"].to_list() == [20_000]
