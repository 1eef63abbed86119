"""`test` blocks, run: what holds, what does not and why, what is not run."""

from __future__ import annotations

import datetime as dt

import pytest

import rulecrm
from rulecrm.api.cases import Outcome, run_cases

HEAD = """\
timezone "Asia/Shanghai"
currency CNY
kind live_watch { room: text, minutes: int, gift: money }
attribute score: number
metric purchases = count(purchase)
metric spent = sum(purchase.amount) ?? 0 CNY
segment bought_once = purchases == 1
segment unpaid = exists(order where not paid and age(at) in 1h..24h)
segment above_average = spent > population mean(spent)
lifecycle relationship { start prospect  prospect -> active on purchase }
segment active = relationship is active
"""


def run(body: str, head: str = HEAD) -> tuple[Outcome, ...]:
    return run_cases(rulecrm.loads(f"{head}\n{body}", source="shop.rules").program)


def passed(body: str, head: str = HEAD) -> list[bool]:
    outcomes = run(body, head)
    return [one.passed for one in outcomes]


def test_the_example_of_the_language() -> None:
    outcomes = run("""
    test "a second purchase" {
      customer "c1" {
        purchase at 2025-01-01 { amount: 100 CNY }
        purchase at 2025-06-01 { amount: 50 CNY }
      }
      at 2025-03-15 expect bought_once and spent == 100 CNY
      at 2025-06-02 expect purchases == 2 and not bought_once
      at 2024-12-31 expect purchases == 0 and first(purchase).at is missing
    }""")
    assert [one.passed for one in outcomes] == [True, True, True]
    assert outcomes[0].case == "a second purchase"
    assert outcomes[0].expectation == "bought_once and spent == 100 CNY"
    assert outcomes[0].as_of == dt.datetime(2025, 3, 14, 16, tzinfo=dt.UTC)
    assert [one.message for one in outcomes] == ["", "", ""]


def test_what_does_not_hold_says_what_was_found() -> None:
    (outcome,) = run("""
    test "wrong" {
      customer "c1" { purchase at 2025-01-01 { amount: 100 CNY }  purchase at 2025-06-01 { amount: 50 CNY } }
      at 2025-06-02 expect bought_once and spent == 150 CNY
    }""")
    assert not outcome.passed
    assert outcome.explanation is not None
    assert outcome.explanation.verdict is False
    assert outcome.message.split("\n") == [
        "at 2025-06-02 00:00 expected of customer c1: bought_once and spent == 150 CNY",
        "├─ ✗ bought_once",
        "│  └─ ✗ purchases == 1  2 == 1: 1 over 1",
        "│       2 purchases, 2025-01-01 … 2025-06-01 (#1, #2)",
        "└─ ✓ spent == 150 CNY  CNY 150.00 == CNY 150.00",
        "     sum of 2 purchases, 2025-01-01 … 2025-06-01 (#1 CNY 100.00, #2 CNY 50.00)",
        "smallest change: purchases == 1 (1 over 1)",
    ]


def test_rows_that_name_one_order_are_its_stages() -> None:
    assert passed("""
    test "paid in the afternoon" {
      customer "c1" {
        order at 2025-03-01T10:00 { order: "7", amount: 5 CNY }
        purchase at 2025-03-01T16:00 { order: "7" }
        refund at 2025-03-03 { order: "7", amount: 2 CNY }
      }
      at 2025-03-01T12:00 expect unpaid and purchases == 0
      at 2025-03-01T17:00 expect not unpaid and spent == 5 CNY and count(order) == 1
      at 2025-03-04 expect sum(refund.amount) == 2 CNY and spent == 5 CNY
    }""") == [True, True, True]


def test_an_order_may_give_its_other_stages() -> None:
    assert passed("""
    test "stages" {
      customer "c1" { order at 2025-03-01 { amount: 5 CNY, paid_at: 2025-03-02 } }
      at 2025-03-01T12:00 expect purchases == 0
      at 2025-03-02 expect purchases == 1 and last(purchase).at == 2025-03-02T00:00
    }""") == [True, True]


def test_only_what_is_written_happened() -> None:
    assert passed("""
    test "no order is made up" {
      customer "c1" { purchase at 2025-03-01 { amount: 5 CNY } }
      at 2025-03-02 expect none(order) and exists(purchase) and none(view)
    }""") == [True]


def test_attributes_items_events_and_kinds_of_the_file() -> None:
    assert passed("""
    test "all sorts" {
      customer "c1" {
        city: "Wuhan"
        score: 3
        tags: ["new", "vip"]
        joined_at: 2024-01-01
        item at 2025-01-01 { category: "x", product: "p", amount: 3 CNY }
        item at 2025-01-01 { category: "y" }
        view at 2024-12-31T10:00 { product: "p" }
        cart at 2025-01-02 { product: "p" }
        live_watch at 2025-01-01 { room: "a", minutes: 7 }
      }
      at 2025-01-03 expect city == "Wuhan" and score > 2.5 and tags contains "vip" and birthday is missing
      at 2025-01-03 expect distinct(item.category) == 2 and exists(item where product == "p" and amount == 3 CNY)
      at 2025-01-03 expect sequence by product (view then cart) and exists(live_watch where minutes > 5)
      at 2025-01-03 expect sum(live_watch.gift) is missing
    }""") == [True, True, True, True]


def test_the_population_is_that_of_the_test() -> None:
    # The mean of 100, 20 and 0 is 40.
    outcomes = passed("""
    test "three" {
      customer "a" { purchase at 2025-01-01 { amount: 100 CNY } }
      customer "b" { purchase at 2025-01-01 { amount: 20 CNY } }
      customer "c" { }
      at 2025-02-01 expect of "a" above_average and population mean(spent) == 40 CNY
      at 2025-02-01 expect of "b" not above_average
      at 2025-02-01 expect of "c" spent == 0 CNY and population count() == 3
    }""")
    assert outcomes == [True, True, True]


def test_other_subjects() -> None:
    head = 'timezone "UTC"\ncurrency CNY\nmetric views of product = count(view)\n'
    assert passed(
        """
    test "a product" {
      customer "c" { view at 2025-01-01 { product: "p" } }
      product "p" { title: "Red" }
      at 2025-01-02 expect of "p" views == 1 and title == "Red"
    }""",
        head,
    ) == [True]


def test_lifecycles() -> None:
    head = """
    timezone "Asia/Shanghai"
    lifecycle relationship {
      start prospect
      prospect -> active on purchase
      active -> silent after 30d without purchase
    }
    """
    outcomes = run(
        """
    test "states" {
      customer "c1" { purchase at 2025-01-01 }
      at 2024-12-31 expect relationship is prospect and relationship.since is missing
      at 2025-01-30 expect relationship is active and relationship.previous == prospect
      at 2025-01-31 expect relationship is silent and relationship.moves == 2 and relationship.since on 2025-01-31
      at 2025-01-30 expect relationship is silent
    }""",
        head,
    )
    assert [one.passed for one in outcomes] == [True, True, True, False]
    assert "relationship is active since 2025-01-01" in outcomes[3].message
    assert "prospect -> active on purchase" in " ".join(outcomes[3].message.split())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('purchase at 2025-01-01 { order: "1" }  purchase at 2025-01-02 { order: "1" }', "two rows of `purchase`"),
        ("purchase at 2025-01-01 { amount: -1 CNY }", "R412"),
    ],
)
def test_facts_that_cannot_be_are_said_to_be_so(rows: str, said: str) -> None:
    (outcome,) = run(f'test "odd" {{ customer "c1" {{ {rows} }}  at 2025-03-15 expect bought_once }}')
    assert (outcome.passed, outcome.explanation) == (False, None)
    assert said in outcome.message
