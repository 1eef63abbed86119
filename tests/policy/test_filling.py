"""What templates are filled with, from facts, as of an instant."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import rulecrm
from rulecrm.policy import open_filling
from rulecrm.words import prepare

RULES = """
timezone "Asia/Shanghai"
currency CNY
attribute budget: money
attribute prices: list of money
attribute address: record { city: text, rent: money }
metric spent = sum(purchase.amount)
metric idle = age(last(purchase).at)
segment rich = spent > 15 CNY
classify size { big when spent > 15 CNY  small otherwise }
lifecycle walk { start a  state b  a -> b on purchase }
template t for sms "{{ spent }}{{ idle }}{{ rich }}{{ size }}{{ walk }}{{ walk.since }}{{ walk.previous }}{{ walk.moves }}{{ nick }}\
{{ customer.nick }}{{ customer }}{{ birthday }}{{ coupon.SPRING }}{{ gift }}{{ now }}"
template attributes for sms "{{ budget }} {{ prices | first }} {{ address.city }} {{ address.rent }}"
template plain for sms "Hello."
campaign c { enter on purchase send sms t with { gift: "x" } }
"""


def day(number: int) -> dt.datetime:
    return dt.datetime(2025, 1, number, tzinfo=dt.UTC)


def micros(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def shop(key: type = str, **more: pl.Series) -> rulecrm.Facts:
    one, two, three = (key(number) for number in (1, 2, 3))
    purchase = {
        "customer": [one, one, two],
        "at": [day(1), day(5), day(2)],
        "amount": [Decimal(10), Decimal(20), Decimal(7)],
    }
    customers = {
        "customer": [one, two, three],
        "nick": ["Ann", None, "Cy"],
        "birthday": [dt.date(1990, 2, 3), None, None],
        **more,
    }
    return rulecrm.Facts.from_frames(purchase=pl.DataFrame(purchase), customers=pl.DataFrame(customers))


@pytest.mark.parametrize("key", [str, int])
def test_values_are_those_of_the_instant(key: type) -> None:
    program = rulecrm.loads(RULES).program
    filling = open_filling(program, shop(key))
    moments = [day(3), day(10), day(3), day(10)]
    first, later, second, third = filling.values("t", ["1", "1", "2", "3"], [micros(one) for one in moments])
    assert first == {
        "spent": Decimal(10), "idle": dt.timedelta(days=2), "rich": False, "size": "small", "walk": "b",
        "walk.since": day(1), "walk.previous": "a", "walk.moves": 1, "nick": "Ann", "customer.nick": "Ann", "customer": "1",
        "birthday": dt.date(1990, 2, 3),
    }  # fmt: skip
    assert (later["spent"], later["rich"], later["size"], later["idle"]) == (
        Decimal(30),
        True,
        "big",
        dt.timedelta(days=5),
    )
    assert (second["spent"], second["nick"], second["birthday"]) == (Decimal(7), None, None)
    assert (third["spent"], third["walk"], third["walk.since"], third["customer"]) == (None, "a", None, "3")


def test_what_a_message_gives_and_coupons_are_not_among_them() -> None:
    program = rulecrm.loads(RULES).program
    (found,) = open_filling(program, shop()).values("t", ["1"], [micros(day(3))])
    assert not {"gift", "coupon.SPRING", "now"} & set(found)
    assert {use.name for use in program.templates["t"].uses} - set(found) == {"gift", "coupon.SPRING", "now"}


def test_a_template_of_constants_asks_nothing() -> None:
    assert open_filling(rulecrm.loads(RULES).program, shop()).values("plain", ["1", "2"], [0, 0]) == [{}, {}]


def test_attributes_of_the_shops_own() -> None:
    facts = shop(
        budget=pl.Series([Decimal("1.5"), None, None]),
        prices=pl.Series([[Decimal("0.1"), Decimal(2)], [], None], dtype=pl.List(pl.Decimal(10, 2))),
        address=pl.Series([{"city": "Köln", "rent": Decimal("900.50")}, None, None], dtype=pl.Struct({"city": pl.String, "rent": pl.Decimal(10, 2)})),
    )  # fmt: skip
    program = rulecrm.loads(RULES).program
    ann, bob, _ = open_filling(program, facts).values("attributes", ["1", "2", "3"], [micros(day(9))] * 3)
    assert ann == {
        "budget": Decimal("1.5"), "prices": [Decimal("0.1"), Decimal(2)], "address": {"city": "Köln", "rent": Decimal("900.5")}
    }  # fmt: skip
    wording = prepare(program.templates, currency="CNY")
    assert wording.render("attributes", ann).text == "1.50 0.10 Köln 900.50"
    assert wording.render("attributes", bob).text == "   "


def test_everybodys_language() -> None:
    program = rulecrm.loads(RULES).program
    facts = shop(language=pl.Series(["zh-CN", None, "en"]))
    assert open_filling(program, facts).languages(["3", "1", "2"], [0, 0, 0]) == ["en", "zh-CN", None]
    assert open_filling(program, shop()).languages(["3", "1"], [0, 0]) == [None, None]


def test_a_template_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        open_filling(rulecrm.loads(RULES).program, shop()).values("nope", ["1"], [0])


def test_a_zone_that_is_none_is_a_mistake_of_the_facts_and_nobodys_clock_is_guessed() -> None:
    people = pl.DataFrame({"customer": ["a", "b", "c"], "zone": ["Europe/Berlin", None, "Europe/Berlim"]})
    shop = rulecrm.Facts.from_frames(customers=people)
    filling = open_filling(rulecrm.loads('template t for sms "{{ nick }}"').program, shop)
    assert filling.zones(["a", "b"], [micros(day(2))] * 2) == ["Europe/Berlin", None]
    with pytest.raises(rulecrm.RulesError) as caught:
        filling.zones(["a", "c"], [micros(day(2))] * 2)
    (found,) = caught.value.diagnostics
    assert (found.code, found.help) == ("R507", "did you mean `Europe/Berlin`?")
