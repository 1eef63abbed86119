"""The oracle against answers worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import evaluate
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.oracle.zone import Shift, Zone

UTC = dt.UTC


def at(text: str) -> dt.datetime:
    """An instant written in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def order(number: int, paid: str, amount: str, **fields: Value) -> dict[str, Value]:
    """One paid order of `c`."""
    return {
        "order": f"o{number}", "customer": "c", "placed_at": at(paid), "paid_at": at(paid), "amount": Decimal(amount),
        **fields,
    }  # fmt: skip


def event(number: int, kind: str, when: str, **fields: Value) -> dict[str, Value]:
    """One event of `c`."""
    return {"event": f"e{number}", "kind": kind, "customer": "c", "at": at(when), **fields}


SHOP = World(
    customers=[
        {"customer": "c", "joined_at": at("2025-01-01"), "birthday": dt.date(1988, 2, 29), "tags": ("vip", "new"),
         "city": "Paris", "points": None},
        {"customer": "late", "joined_at": at("2026-01-01")},
    ],
    orders=[
        order(1, "2025-10-01T10:00", "100", category="dress", quantity=1),
        order(2, "2025-10-11T10:00", "50", category="shoe", quantity=3, refunded_at=at("2025-11-01"),
              refund_amount=Decimal(50)),
        order(3, "2025-10-31T10:00", "30", category="dress", refunded_at=at("2025-12-24")),
        order(4, "2025-11-12T00:00", "8", currency="USD"),
        order(5, "2025-11-12T00:00:01", "1000"),
    ],
    events=[
        event(1, "view", "2025-11-01T00:00", product="a"),
        event(2, "view", "2025-11-01T01:00", product="b"),
        event(3, "cart", "2025-11-02T00:00", product="a"),
        event(4, "view", "2025-11-03T00:00", product="a"),
        event(5, "inquiry", "2025-11-05T00:00", product="b"),
    ],
    rates=[{"currency": "USD", "date": dt.date(2025, 1, 1), "rate": Decimal("7.00005")}],
)  # fmt: skip

AS_OF = at("2025-11-12")

EXPECTED: list[tuple[str, Value]] = [
    ("count(purchase)", 4),  # the fifth is paid a second later
    ("sum(purchase.amount)", Decimal("236.0004")),  # 8 USD are 56.0004 CNY
    ("count(purchase last 32d)", 3),  # (11 Oct 00:00, 12 Nov 00:00]
    ("count(purchase last 42d)", 4),
    ("count(purchase from 42d to 30d ago)", 2),  # 1 and 11 October
    ("count(purchase since 2025-10-31)", 2),
    ("count(purchase before 2025-10-31)", 2),
    ("count(purchase between 2025-10-11 and 2025-10-31)", 1),
    ("count(purchase within 10d after first(purchase).at)", 1),  # closed at its end, open at its start
    ("count(purchase within 20d before last(purchase where amount < 40 CNY).at)", 1),
    ("count(purchase within 30d after 2025-10-01)", 2),  # from 2 to 31 October
    ("count(purchase last month)", 3),
    ("count(purchase today)", 1),
    ("mean(purchase.amount)", Decimal("59.0001")),
    ("mean(purchase.quantity)", Fraction(2)),
    ("median(purchase.amount)", Decimal("53.0002")),
    ("quantile(purchase.amount, 25%)", Decimal("45.0000")),
    ("stddev(purchase.amount last 32d)", Decimal("13.6139")),  # 50, 30, 56.0004
    ("stddev(purchase.quantity where quantity == 3)", None),
    ("mode(purchase.category)", "dress"),
    ("mode(purchase.category since 2025-10-11)", "dress"),  # of equals the one seen last
    ("distinct(purchase.category)", 2),
    ("count(purchase.category)", 3),
    ("last(purchase).category", None),
    ("nth(purchase, 2).category", "shoe"),
    ("nth(purchase, -4).quantity", 1),
    ("nth(purchase, 5).quantity", None),
    ('share(purchase where category == "dress")', Fraction(1, 2)),
    ("share(view where quantity > 1 last 1d)", None),
    ("mean_gap(purchase)", dt.timedelta(days=13, hours=20, minutes=40)),  # 41 days and 14 hours by 3
    ("max_gap(purchase)", dt.timedelta(days=20)),
    ("periods(purchase by month)", 2),
    ("streak(purchase by month)", 2),
    ("streak(purchase by week)", 1),  # 13 October to 2 November: but the week of 3 November has none
    ("count(refund)", 1),
    ("count(purchase where refunded)", 1),
    ("count(purchase where refunded_at is missing)", 3),
    ("sum(purchase.refund_amount)", Decimal("50.0000")),
    ("sum(view.quantity)", None),
    ("(count(purchase)) as of 2025-10-11", 1),
    ("(count(purchase where refunded)) as of 30d ago", 0),
    ("anniversary(birthday)", dt.date(2026, 3, 1)),
    ("points", None),
    ("points ?? 3", 3),
    ("points + 1", None),
    ("7 / 2", Fraction(7, 2)),
    ("10 CNY / 3", Decimal("3.3333")),
    ("0.0001 CNY / 2", Decimal("0.0000")),  # the half goes to the even one
    ("0.0003 CNY / 2", Decimal("0.0002")),
    ("population count(true)", 1),  # the other customer joins in January
    ("percentile(count(purchase))", Fraction(0)),
    ("rank(count(purchase))", 1),
    ("ntile(4, count(purchase))", 1),
]

TRUE = """
    age(first(purchase).at) >= 41d and age(first(purchase).at) < 42d
    points is missing
    not (points == 1)
    not (points != 1)
    points not in [1, 2]
    city == "paris" ignoring case
    city != "paris"
    city starts with "Pa" and city ends with "is" and city contains "ari" and city matches "^P.r"
    tags contains "vip" and tags contains any ["x", "new"] and tags contains none ["x"]
    not tags contains all ["vip", "x"]
    first(purchase).at on 2025-10-01
    first(purchase).at > 2025-09-30 and first(purchase).at <= 2025-10-01
    not first(purchase).at > 2025-10-01
    first(purchase).at in last 42d
    anniversary(birthday) in next 4mo
    exists(purchase where age(at) in 11d..12d)
    sequence(view then cart)
    sequence(view >= 2 times then cart)
    not sequence(view >= 2 times within 59m then cart)
    sequence(view >= 2 times within 1h then cart)
    sequence by product (view then cart then view)
    not sequence by product (view then cart then inquiry)
    not sequence(view then cart within 22h)
    sequence(view then cart within 23h)
    sequence(cart then no inquiry within 2d)
    sequence(cart then no inquiry within 2d then inquiry)
    not sequence(cart then no inquiry within 3d)
    not sequence(inquiry then no view within 8d)
    sequence(inquiry then no view within 7d)
    sequence(cart then no view then view)
    not sequence(cart then no view then inquiry)
    sequence(inquiry then no purchase where amount > 60 CNY)
    not sequence(inquiry then no purchase)
    not sequence(view then inquiry) within 1d
    sequence(view then inquiry) within 2d
    not sequence(cart then inquiry) last 9d
    sequence(cart then inquiry) last 11d
"""


def answer(expression: str, *, form: str = "metric", world: World = SHOP, zone: str = "UTC") -> Value:
    """The value of one expression for customer `c`."""
    text = f'timezone "{zone}"\ncurrency CNY\n{form} m = {expression}\n'
    parsed = parse(text)
    assert not parsed.diagnostics, parsed.diagnostics
    return evaluate(parsed.rules, world, AS_OF)["customer"]["c"]["m"]


@pytest.mark.parametrize(("expression", "expected"), EXPECTED)
def test_metric(expression: str, expected: Value) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize("predicate", [line.strip() for line in TRUE.strip().splitlines()])
def test_predicate_holds(predicate: str) -> None:
    assert answer(predicate, form="segment") is True


def test_classify_takes_the_first_arm_that_fits() -> None:
    text = """
        currency CNY
        metric spent = sum(purchase.amount)
        classify value { low when spent < 10 CNY  high when spent >= 100 CNY  higher when spent >= 200 CNY  none otherwise }
        segment good = value is high
        segment bad = value in [low, none]
    """
    answers = evaluate(parse(text).rules, SHOP, AS_OF)["customer"]["c"]
    assert (answers["value"], answers["good"], answers["bad"]) == ("high", True, False)


def test_subjects_exist_from_their_first_fact_on() -> None:
    rules = parse("metric n = count(view)\nmetric seen of product = count(view)").rules
    early = evaluate(rules, SHOP, at("2025-11-01T00:30"))
    assert early == {"customer": {"c": {"n": 1}}, "product": {"a": {"seen": 1}}}
    assert list(evaluate(rules, SHOP, at("2026-01-01"))["customer"]) == ["c", "late"]


def test_standing_among_a_segment() -> None:
    customers = [{"customer": name, "points": points} for name, points in (("a", 1), ("b", 2), ("c", 2), ("d", None))]
    text = """
        segment some = points >= 2
        metric place = percentile(points)
        metric tile = ntile(3, points)
        metric position = rank(points)
        metric inner = (percentile(points) among some)
        metric mean = population mean(points) among some
        metric typical = population mode(points)
    """
    answers = evaluate(parse(text).rules, World(customers=customers), AS_OF)["customer"]
    assert answers["c"] == {
        "some": True, "place": Fraction(1, 3), "tile": 2, "position": 1, "inner": Fraction(0), "mean": Fraction(2),
        "typical": 2,
    }  # fmt: skip
    assert (answers["a"]["inner"], answers["d"]["place"], answers["a"]["position"]) == (None, None, 3)


@pytest.mark.parametrize(
    ("zone", "start", "shift", "expected"),
    [
        (
            "America/New_York",
            "2025-03-09T06:30",
            Shift(days=1),
            "2025-03-10T05:30",
        ),  # 01:30 to 01:30, a day of 23 hours
        ("America/New_York", "2025-03-08T07:30", Shift(days=1), "2025-03-09T07:30"),  # 02:30 is skipped: 03:30 EDT
        ("America/New_York", "2025-11-01T05:30", Shift(days=1), "2025-11-02T05:30"),  # 01:30 twice: the first
        ("Australia/Lord_Howe", "2025-10-03T15:45", Shift(days=2), "2025-10-05T15:15"),  # half an hour of summer time
        ("Asia/Shanghai", "2025-01-31T00:00", Shift(months=1), "2025-02-28T00:00"),
        ("Pacific/Apia", "2011-12-29T20:00", Shift(days=1), "2011-12-30T20:00"),  # 30 December is skipped
    ],
)
def test_calendar_shift(zone: str, start: str, shift: Shift, expected: str) -> None:
    assert Zone(zone).shift(at(start), shift) == at(expected)
