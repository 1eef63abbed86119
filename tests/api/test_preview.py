"""A message as one customer would get it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import rulecrm

RULES = """
timezone "Asia/Shanghai"
currency CNY
metric spent = sum(purchase.amount)
template coupon_sms for sms "{{ nick | default: 'you' }}: {{ spent | money: '¥' }}, {{ gift }} {{ coupon.SPRING }} {{ now | date: '%H:%M' }}"
template parcel for sms as service "On its way."
template letter for email {
  subject "For {{ nick }}"
  body "<p>Hi {{ nick }}</p>"
  locale "zh" { body "<p>{{ nick }}，您好</p>" }
}
template varied for sms "{{ percent }} {{ since }}"
campaign one {
  enter on purchase
  send sms coupon_sms with { gift: "M10" }
  send sms varied with { percent: 15, since: entry }
}
"""


@pytest.fixture
def rules() -> rulecrm.Rules:
    return rulecrm.loads(RULES)


@pytest.fixture
def facts() -> rulecrm.Facts:
    at = [dt.datetime(2025, 1, number, tzinfo=dt.UTC) for number in (1, 5)]
    purchase = pl.DataFrame({"customer": ["anna", "anna"], "at": at, "amount": [Decimal(10), Decimal(20)]})
    customers = {"customer": ["anna", "bernd"], "nick": ["Ann <3", None], "language": ["zh-CN", None]}
    return rulecrm.Facts.from_frames(purchase=purchase, customers=pl.DataFrame(customers))


def test_it_is_filled_as_of_the_instant(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    found = rules.preview(facts, template="coupon_sms", customer="anna", as_of="2025-01-03T09:30")
    assert found.content.text == "Ann <3: ¥10.00, M10 ‹coupon of SPRING› 09:30"
    assert (found.channel, found.purpose, found.customer, found.language) == ("sms", "marketing", "anna", None)
    assert found.as_of == dt.datetime(2025, 1, 3, 1, 30, tzinfo=dt.UTC)
    assert dict(found.values) == {
        "coupon.SPRING": "‹coupon of SPRING›", "gift": "M10", "nick": "Ann <3", "spent": Decimal(10)
    }  # fmt: skip
    later = rules.preview(facts, template="coupon_sms", customer="anna", as_of="2025-02-01")
    assert "¥30.00" in later.content.text


def test_a_code_counts_as_one_is_long(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    found = rules.preview(facts, template="coupon_sms", customer="bernd", as_of="2025-02-01")
    assert found.content.text == "you: , M10 ‹coupon of SPRING› 00:00"
    assert found.segments is not None
    # `you: , M10 XXXXXXXX 00:00`: without the marks of the placeholder it is GSM
    assert (found.segments.encoding, found.segments.units, found.segments.count) == ("GSM-7", 25, 1)


def test_values_may_be_given(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    given = {"gift": "X1", "coupon.SPRING": "C0", "nick": "Zoe"}
    found = rules.preview(facts, template="coupon_sms", customer="anna", as_of="2025-02-01", values=given)
    assert found.content.text == "Zoe: ¥30.00, X1 C0 00:00"


def test_what_only_a_journey_knows_is_missing_where_it_is_no_text(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    assert rules.preview(facts, template="varied", customer="anna", as_of="2025-02-01").content.text == "15 "


def test_signature_and_notice_are_counted_and_a_service_needs_no_notice(
    rules: rulecrm.Rules, facts: rulecrm.Facts
) -> None:
    more = {"signature": "【店】", "notice": "拒收请回复R"}
    shown = rules.preview(facts, template="parcel", customer="anna", as_of="2025-02-01", **more)
    assert shown.content.text == "【店】On its way."
    shown = rules.preview(facts, template="coupon_sms", customer="bernd", as_of="2025-02-01", **more)
    assert shown.content.text == "【店】you: , M10 ‹coupon of SPRING› 00:00拒收请回复R"
    assert shown.segments is not None
    assert (shown.segments.encoding, shown.segments.units) == ("UCS-2", 3 + 25 + 6)


def test_a_letter_in_the_language_of_the_customer(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    found = rules.preview(facts, template="letter", customer="anna", as_of="2025-02-01")
    assert (found.content.subject, found.content.html, found.content.text) == (
        "For Ann <3", "<p>Ann &lt;3，您好</p>", "Ann <3，您好"
    )  # fmt: skip
    assert (found.language, found.segments) == ("zh", None)
    assert rules.preview(facts, template="letter", customer="bernd", as_of="2025-02-01").content.html == "<p>Hi </p>"
    other = rules.preview(facts, template="letter", customer="anna", as_of="2025-02-01", language="de")
    assert (other.language, other.content.html) == (None, "<p>Hi Ann &lt;3</p>")


@pytest.mark.parametrize(
    ("wrong", "code", "message", "advice"),
    [
        ({"template": "leter"}, "R120", "no template is called `leter`", "did you mean `letter`?"),
        ({"customer": "ana"}, "R432", "no customer has the key `ana`", "did you mean `anna`?"),
        ({"values": {"gft": "x"}}, "R120", "no value of this template is called `gft`", "did you mean `gift`?"),
        ({"as_of": "soon"}, "R440", None, None),
    ],
)
def test_what_is_not_there(
    rules: rulecrm.Rules,
    facts: rulecrm.Facts,
    wrong: dict[str, object],
    code: str,
    message: str | None,
    advice: str | None,
) -> None:
    asked = {"template": "coupon_sms", "customer": "anna", "as_of": "2025-02-01", **wrong}
    with pytest.raises(rulecrm.RulesError) as error:
        rules.preview(facts, **asked)  # type: ignore[arg-type]
    (found,) = error.value.diagnostics
    assert found.code == code
    if message is not None:
        assert (found.message, found.help) == (message, advice)


def test_nothing_of_the_customer_is_in_its_repr(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    assert "Ann" not in repr(rules.preview(facts, template="letter", customer="anna", as_of="2025-02-01"))
