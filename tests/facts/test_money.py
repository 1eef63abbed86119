"""Amounts in several currencies, against Python's decimals."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.diagnostics.model import RulesError
from rulecrm.facts import Facts
from rulecrm.facts.facts import Counts
from rulecrm.model.currencies import CURRENCIES
from rulecrm.model.schema import canonical

KINDS = canonical().kinds
SUBJECTS = canonical().subjects
CNY = {"currency": "CNY", "zone": "Asia/Shanghai"}


def purchases(rows):
    """(currency, amount, day and hour UTC) a row."""
    return pl.DataFrame(
        {
            "customer": ["a"] * len(rows),
            "currency": [row[0] for row in rows],
            "amount": [row[1] for row in rows],
            "at": pl.Series([row[2] for row in rows], dtype=pl.Datetime("us", "UTC")),
        }
    )


def rates(*rows):
    schema = {"currency": pl.String, "date": pl.Date, "rate": pl.String}
    return pl.DataFrame([row[:3] for row in rows], schema=schema, orient="row")


def amounts(facts, **options):
    return facts.rows(KINDS["purchase"], ["amount"], **{**CNY, **options}).collect()["amount"].to_list()


def instant(day, hour=0):
    return dt.datetime(2025, 1, day, hour, tzinfo=dt.UTC)


USD = rates(
    ("USD", dt.date(2025, 1, 2), "7.1"), ("USD", dt.date(2025, 1, 5), "7.25"), ("JPY", dt.date(2025, 1, 1), "0.05")
)


def test_the_latest_rate_on_or_before_the_local_day_serves():
    frame = purchases(
        [
            ("USD", "10", instant(2)),
            ("USD", "10", instant(4, 15)),
            ("USD", "10", instant(4, 16)),
            ("USD", "10", instant(30)),
            ("CNY", "10", instant(1)),
            ("JPY", "1001", instant(1)),
        ]
    )
    facts = Facts.from_frames(purchase=frame, rates=USD)
    assert amounts(facts) == [710_000, 710_000, 725_000, 725_000, 100_000, 500_500]
    assert amounts(facts, zone="UTC") == [710_000, 710_000, 710_000, 725_000, 100_000, 500_500]


def test_a_day_without_a_rate_is_told_with_currency_and_day_or_put_away():
    frame = purchases(
        [("USD", "10", instant(1)), ("USD", None, instant(1)), ("EUR", "1", instant(9)), ("CNY", "1", instant(1))]
    )
    facts = Facts.from_frames(purchase=frame, rates=USD)
    with pytest.raises(RulesError) as error:
        amounts(facts)
    (found,) = error.value.diagnostics
    assert (found.code, found.data["count"], found.data["first"]) == ("R415", 2, "2025-01-01 in USD")
    assert facts.rows(KINDS["purchase"], [], **CNY).collect().height == 4
    facts = Facts.from_frames(purchase=frame, rates=USD, on_error="quarantine")
    assert amounts(facts) == [None, 10_000]
    assert facts.rows(KINDS["purchase"], [], **CNY).collect().height == 2
    assert facts.counts["purchase"] == Counts(4, 2, 2)
    assert set(facts.quarantined["purchase"].columns) == {*frame.columns, "reason"}


def test_frames_that_name_no_currency_are_in_that_of_the_facts_or_the_rules():
    frame = purchases([("USD", "10", instant(2))]).drop("currency")
    assert amounts(Facts.from_frames(purchase=frame)) == [100_000]
    assert amounts(Facts.from_frames(purchase=frame, currency="USD", rates=USD)) == [710_000]
    mixed = purchases([(None, "10", instant(2)), ("CNY", "10", instant(2))])
    assert amounts(Facts.from_frames(purchase=mixed, currency="USD", rates=USD)) == [710_000, 100_000]


def test_rates_may_say_what_they_lead_to():
    table = pl.concat(
        [USD.with_columns(to=pl.lit("CNY")), rates(("CNY", dt.date(2025, 1, 1), "0.14")).with_columns(to=pl.lit("USD"))]
    )
    facts = Facts.from_frames(purchase=purchases([("USD", "10", instant(2)), ("CNY", "10", instant(2))]), rates=table)
    assert amounts(facts) == [710_000, 100_000]
    assert amounts(facts, currency="USD") == [100_000, 14_000]
    assert facts.rates_into("CNY").filter(pl.col("currency") == "USD").rows() == [
        ("USD", 20_090, Decimal("7.1")),
        ("USD", 20_093, Decimal("7.25")),
    ]


def test_an_order_needs_a_rate_from_its_first_stage_on():
    orders = pl.DataFrame(
        {"customer": ["a"], "placed_at": [instant(1)], "paid_at": [instant(2)], "amount": ["1"], "currency": ["USD"]}
    )
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders, rates=USD).rows(KINDS["purchase"], ["amount"], **CNY)
    assert error.value.diagnostics[0].data["first"] == "2025-01-01 in USD"


def test_items_are_in_the_currency_of_their_order():
    orders = pl.DataFrame({"order": [1], "customer": ["a"], "paid_at": [instant(2)], "currency": ["USD"]})
    items = pl.DataFrame({"order": [1], "product": ["p"], "amount": ["2"]})
    facts = Facts.from_frames(orders=orders, items=items, rates=USD)
    assert facts.rows(KINDS["item"], ["amount"], **CNY).collect()["amount"].to_list() == [142_000]


def test_a_price_in_a_foreign_currency_has_no_day_and_is_refused():
    products = pl.DataFrame({"product": ["p"], "price": ["2"], "currency": ["USD"], "title": ["t"]})
    facts = Facts.from_frames(products=products, rates=USD)
    assert facts.subjects(SUBJECTS["product"], ["title"], **CNY).collect().height == 1
    with pytest.raises(RulesError) as error:
        facts.subjects(SUBJECTS["product"], ["price"], **CNY)
    assert [one.code for one in error.value.diagnostics] == ["R418"]
    served = facts.subjects(SUBJECTS["product"], ["price"], currency="USD", zone="UTC").collect()
    assert served["price"].to_list() == [20_000]


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (USD.with_columns(rate=pl.lit(7.1)), "R405"),
        (USD.drop("rate"), "R401"),
        (USD.with_columns(rate=pl.lit("0")), "R412"),
        (USD.with_columns(rate=pl.lit("x")), "R413"),
        (USD.with_columns(rate=pl.lit("0.0000000000001")), "R413"),
        (USD.with_columns(currency=pl.lit("US$")), "R414"),
        (USD.with_columns(date=pl.lit(None, dtype=pl.Date)), "R410"),
        (pl.concat([USD, USD]), "R411"),
    ],
)
def test_rates_are_checked(table, code):
    with pytest.raises(RulesError) as error:
        Facts.from_frames(rates=table)
    assert code in [one.code for one in error.value.diagnostics]


def test_the_table_of_currencies_holds_codes_of_three_capitals():
    assert {"CNY", "EUR", "USD", "JPY", "RUB"} <= CURRENCIES
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)
    assert not {"XXX", "XTS", "XAU", "RMB"} & CURRENCIES


MONEY = st.decimals(min_value=Decimal(0), max_value=Decimal(10**8), places=4)
RATE = st.decimals(min_value=Decimal("0.000000000001"), max_value=Decimal(99_999), places=12)


@given(st.lists(st.tuples(MONEY, RATE), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_conversion_is_the_exact_product_rounded_half_to_even(pairs):
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=number) for number in range(len(pairs))]
    table = rates(*(("USD", day, format(rate, "f")) for day, (_, rate) in zip(days, pairs, strict=True)))
    frame = purchases(
        [
            ("USD", format(amount, "f"), dt.datetime(day.year, day.month, day.day, 3, tzinfo=dt.UTC))
            for day, (amount, _) in zip(days, pairs, strict=True)
        ]
    )
    exact = [(amount * rate).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for amount, rate in pairs]
    assert amounts(Facts.from_frames(purchase=frame, rates=table)) == [int(value * 10_000) for value in exact]


@given(st.lists(st.decimals(min_value=-(10**14), max_value=10**14, places=4), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_decimals_and_their_text_are_read_as_the_same_integers(values):
    expected = [int(value * 10_000) for value in values]
    for scale in (4, 10):
        given_as = pl.Series(values, dtype=pl.Decimal(38, scale))
        for column in (given_as, given_as.cast(pl.String)):
            frame = purchases([("CNY", "0", instant(1))] * len(values)).with_columns(discount=column)
            served = Facts.from_frames(purchase=frame).rows(KINDS["purchase"], ["discount"], **CNY).collect()
            assert served["discount"].to_list() == expected
