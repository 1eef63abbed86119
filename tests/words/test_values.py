"""Values in templates: how they look, and what can be done to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

import rulecrm
from rulecrm.model.types import AGE, DATE, DURATION, INSTANT, INT, MONEY, TEXT, TIME, list_of, record_of
from rulecrm.words import Plain, WordingError, given, prepare, types_given
from rulecrm.words.values import names

Fill = Callable[..., str]
NEW_YEAR = dt.datetime(2025, 1, 1, 0, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ann", "Ann"),
        (3, "3"),
        (True, "true"),
        (None, ""),
        (2.5, "2.5"),
        (2.0, "2"),
        (0.1, "0.1"),
        (Decimal(100), "100.00"),
        (Decimal("100.0000"), "100.00"),
        (Decimal("0.1234"), "0.1234"),
        (Decimal("-5.5"), "-5.50"),
        (Decimal(0), "0.00"),
        (Decimal("1E+3"), "1000.00"),
        (NEW_YEAR, "2025-01-01 08:30"),  # on the wall clock of the rules
        (dt.date(2025, 1, 1), "2025-01-01"),
        (dt.time(9, 30), "09:30"),
        (dt.timedelta(days=1), "86400"),
        (dt.timedelta(seconds=1, microseconds=234567), "1.234567"),
        (dt.timedelta(seconds=-1, microseconds=500000), "-0.5"),
        (["a", "b"], "ab"),
    ],
)
def test_how_a_value_looks(fill: Fill, value: Plain, expected: str) -> None:
    assert fill("{{ v }}", {"v": value}) == expected


@pytest.mark.parametrize(("currency", "expected"), [("JPY", "1200"), ("KWD", "1200.000"), ("EUR", "1200.00")])
def test_an_amount_has_the_decimals_of_its_currency(fill: Fill, currency: str, expected: str) -> None:
    assert fill("{{ v }}", {"v": Decimal(1200)}, currency=currency) == expected
    assert fill("{{ v | money }}", {"v": Decimal(1200)}, currency=currency) == f"{expected} {currency}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ v | money }}", "99.90 CNY"),
        ("{{ v | money: '¥' }}", "¥99.90"),
        ("{{ v | money: '¥', 0 }}", "¥100"),
        ("{{ v | times: -1 | money: '¥' }}", "-¥99.90"),
        ("{{ none | money }}", ""),
        ("{{ '19.9 EUR' | money }} {{ '19.9 EUR' | plus: 0.1 }}", "19.90 EUR 20.00"),
        # exact, and amounts still
        ("{{ v | plus: 0.1 }}", "100.00"),
        ("{{ v | plus: v | minus: 0.05 }}", "199.75"),
        ("{{ v | times: 0.1 }}", "9.99"),
        ("{{ v | times: 1.15 }}", "114.885"),
        ("{{ v | divided_by: 3 }}", "33.30"),
        ("{{ ten | divided_by: 3 }}", "3.3333"),
        ("{{ v | divided_by: v }}", "1.0"),
        ("{{ v | round }}", "100.00"),
        ("{{ v | round: 1 }}", "99.90"),
        ("{{ v | floor }} {{ v | ceil }}", "99.00 100.00"),
        ("{{ v | at_least: 100 }} {{ v | at_most: 100 }}", "100.00 99.90"),
        ("{{ v | minus: 100 | abs }}", "0.10"),
        ("{{ v | modulo: 10 }}", "9.90"),
        ("{{ amounts | sum }}", "0.30"),
        # what was written is what it is compared with, though 99.9 is no float
        ("{% if v >= 99.9 %}yes{% endif %}{% if v == 99.9 %}yes{% endif %}{% if 99.9 > v %}no{% endif %}", "yesyes"),
        ("{% if v > 99 and v < 100 %}yes{% endif %}", "yes"),
    ],
)
def test_money_is_exact(fill: Fill, text: str, expected: str) -> None:
    values: dict[str, Plain] = {
        "v": Decimal("99.9000"), "ten": Decimal(10), "none": None, "amounts": [Decimal("0.1"), Decimal("0.2")]
    }  # fmt: skip
    assert fill(text, values) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 7 | divided_by: 2 }} {{ 7 | divided_by: 2.0 }} {{ 7 | modulo: 4 }}", "3 3.5 3"),
        ("{{ 0.1 | plus: 0.2 }} {{ '3' | plus: '4' }} {{ 'x' | plus: 1 }}", "0.3 7 1"),
        ("{{ 2.5 | round }} {{ 1.2345 | round: 2 }} {{ -2.5 | round }}", "3 1.23 -3"),
        ("{{ 1.2 | ceil }} {{ -1.2 | floor }} {{ -3 | abs }}", "2 -2 3"),
        ("{{ missing | plus: 1 }} {{ missing | round }}", "1 0"),
    ],
)
def test_numbers(fill: Fill, text: str, expected: str) -> None:
    assert fill(text, {"missing": None}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ at | date: '%Y-%m-%d %H:%M:%S' }}", "2025-01-01 08:30:00"),
        ("{{ at | date: '%-d.%-m.%Y, %-H %%' }}", "1.1.2025, 8 %"),
        ("{{ at | date: '%e|%B|%a' }}", " 1|January|Wed"),
        ("{{ at | date: '%Y年%-m月%-d日' }}", "2025年1月1日"),
        ("{{ at | date }}", "2025-01-01"),
        ("{{ day | date: '%d/%m' }} {{ '2025-03-04' | date: '%d/%m' }}", "09/02 04/03"),
        ("{{ missing | date: '%Y' }}", ""),
        ("{{ idle | days }} {{ idle | hours }} {{ missing | days }}.", "3 73 ."),
    ],
)
def test_time(fill: Fill, text: str, expected: str) -> None:
    values: dict[str, Plain] = {
        "at": NEW_YEAR, "day": dt.date(2025, 2, 9), "missing": None, "idle": dt.timedelta(days=3, hours=1, minutes=5)
    }  # fmt: skip
    assert fill(text, values) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ at | date: '%Q' }}", "unknown directive"),
        ("{{ 'soon' | date: '%Y' }}", "is no date"),
        ("{{ 'now' | date: '%Y' }}", "is no date"),  # nobody reads a clock
        ("{{ 1 | divided_by: 0 }}", "by zero"),
        ("{{ 1 | modulo: 0 }}", "by zero"),
        ("{% if at > 1 %}{% endif %}", "not supported"),
    ],
)
def test_what_makes_no_sense_is_said(fill: Fill, text: str, problem: str) -> None:
    with pytest.raises(WordingError, match=problem):
        fill(text, {"at": NEW_YEAR})


def test_what_is_missing_is_nothing_and_what_is_unknown_is_a_mistake(fill: Fill) -> None:
    values: dict[str, Plain] = {"nick": None, "address": None, "tags": []}
    text = "{{ nick }}{{ nick | default: 'friend' }}{{ address.city }}{{ tags.first }}{% if nick %}no{% endif %}"
    assert fill(text, values) == "friend"
    assert fill("{% if nick == nil %}{{ nick | append: '!' | prepend: nick }}{% endif %}", values) == "!"
    for wrong in ("{{ nik }}", "{% if nik %}{% endif %}", "{{ nik | default: 'x' }}", "{{ customer.nick }}"):
        with pytest.raises(WordingError, match="nothing is known of"):
            fill(wrong, values)


def test_a_text_may_have_parts(fill: Fill) -> None:
    values: dict[str, Plain] = {
        "walk": "b",
        "walk.since": NEW_YEAR,
        "customer": "7",
        "customer.nick": "Ann",
        "more.idle": 3,
    }
    text = (
        "{{ walk }} since {{ walk.since | date: '%H:%M' }}, {{ customer }} {{ customer.nick | upcase }} {{ more.idle }}"
    )
    assert fill(text, values) == "b since 08:30, 7 ANN 3"
    assert fill("{% if walk == 'b' %}yes{% endif %}{{ walk | size }}", values) == "yes1"


def test_records_and_lists(fill: Fill) -> None:
    values: dict[str, Plain] = {
        "address": {"city": "Köln", "paid": Decimal("1.5")}, "lines": [{"n": 1}, {"n": 2}], "tags": ["a", "b"]
    }  # fmt: skip
    text = "{{ address.city }} {{ address.paid }} {% for one in lines %}{{ one.n }}{% endfor %} {{ tags | join: ', ' }} {{ tags.size }}"
    assert fill(text, values) == "Köln 1.50 12 a, b 2"


def test_only_plain_data_is_taken() -> None:
    class Sly(str):
        __slots__ = ()

        def upper(self) -> str:
            return "gotcha"

    seen = names({"v": Sly("a")}, zone=ZoneInfo("UTC"), currency="CNY")
    assert type(seen["v"]) is str
    with pytest.raises(TypeError, match="plain data"):
        names({"v": object()}, zone=ZoneInfo("UTC"), currency="CNY")  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="zone"):
        names({"v": dt.datetime(2025, 1, 1)}, zone=ZoneInfo("UTC"), currency="CNY")


def test_what_a_decision_keeps_comes_back_with_its_type() -> None:
    text = (
        '{"a":"19.9 CNY","b":"2025-11-11T09:00:00Z","c":"2025-11-11","d":"09:30:00","e":1.5,"f":null,"g":"M10",'
        '"h":["1 CNY"],"i":{"n":"2 CNY"},"j":60,"k":3}'
    )
    kinds = {
        "a": MONEY, "b": INSTANT, "c": DATE, "d": TIME, "e": DURATION, "f": MONEY, "g": TEXT, "h": list_of(MONEY),
        "i": record_of((("n", MONEY),)), "j": AGE,
    }  # fmt: skip
    assert given(text, {**kinds, "z": INT}) == {
        "a": Decimal("19.9"), "b": dt.datetime(2025, 11, 11, 9, tzinfo=dt.UTC), "c": dt.date(2025, 11, 11),
        "d": dt.time(9, 30), "e": dt.timedelta(seconds=1.5), "f": None, "g": "M10", "h": [Decimal(1)],
        "i": {"n": Decimal(2)}, "j": dt.timedelta(minutes=1), "k": 3,
    }  # fmt: skip


def test_the_types_of_what_messages_give() -> None:
    text = """
metric spent = sum(purchase.amount)
template t for sms "{{ amount | money }} {{ since | date: '%H:%M' }} {{ idle | hours }} {{ gift }}"
campaign c {
  enter on purchase
  send sms t with { amount: spent, since: last(purchase).at, idle: age(last(purchase).at), gift: "M10" }
}
"""
    program = rulecrm.loads(f'timezone "Asia/Shanghai"\ncurrency CNY\n{text}').program
    types = types_given(program.journeys, "t")
    assert {name: str(kind) for name, kind in types.items()} == {
        "amount": "money", "since": "instant", "idle": "age", "gift": "text"
    }  # fmt: skip
    values = given('{"amount":"19.9 CNY","gift":"M10","idle":7200.0,"since":"2025-01-01T00:30:00Z"}', types)
    assert prepare(program.templates, zone=program.zone, currency=program.currency).render("t", values).text == (
        "19.90 CNY 08:30 2 M10"
    )
