"""What messages say: values of the moment of sending, coupons, versions, what channels want of a text."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from attrs import evolve

import rulecrm
from rulecrm.dispatch import Routes, Web
from rulecrm.model.sending import Answer, Answered, Message
from rulecrm.plugin import Secret
from tests.dispatch.world import (
    ACCEPTED,
    BOUGHT,
    DAY,
    HOUR,
    NOON,
    START,
    Channel,
    Clock,
    customers,
    engine,
    facts,
    outcomes,
    states,
)

HEAD = 'timezone "UTC"\ncurrency CNY\n'


def rules(template: str, *more: str, send: str = "send sms hello") -> str:
    return "\n".join(
        [HEAD, *more, f"template hello for sms {template}", f"campaign care {{ enter on purchase  {send} }}", ""]
    )


def test_values_are_those_of_the_moment_of_sending() -> None:
    text = rules('"{{ nick }} has bought {{ bought }} times, {{ customer.city }}"', "metric bought = count(purchase)")
    channel = Channel("sms")
    people = customers(2, nick=["Li", "Wang"], city=["Paris", None])
    with engine(text, {"sms": channel}, people=people) as made:
        made.facts = facts(customers(2, nick=["Li", "Wei"], city=["Rome", None]))
        made.dispatch(clock=Clock())
    assert sorted(message.content.text for message in channel.got) == [
        "Li has bought 1 times, Rome", "Wei has bought 1 times, ",
    ]  # fmt: skip


def test_what_a_message_gives_is_said() -> None:
    channel = Channel("sms")
    text = rules('"{{ code }} for {{ days }} days"', send='send sms hello with { code: "M10", days: 3 }')
    with engine(text, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
    (message,) = channel.got
    assert message.content.text == "M10 for 3 days"
    assert dict(message.content.parameters) == {"code": "M10", "days": "3"}


def test_what_a_message_gives_keeps_its_type_and_is_shown_on_the_clock_of_its_customer() -> None:
    text = rules(
        "\"{{ price | money }} until {{ since | date: '%-d.%-m. %H:%M' }}, {{ since }}, {{ now }}\"",
        send="send sms hello with { price: sum(purchase.amount), since: last(purchase).at }",
    ).replace('"UTC"', '"Asia/Shanghai"')
    channel = Channel("sms")
    people = customers(2, zone=["America/New_York", None])
    bought = people.select("customer", at=pl.lit(BOUGHT), amount=pl.lit("19.9").cast(pl.Decimal(10, 2)))
    shop = rulecrm.Facts.from_frames(customers=people, purchase=bought)
    loaded = rulecrm.loads(text)
    with rulecrm.Engine(loaded, shop, state="sqlite://", start=START, channels={"sms": channel}) as made:
        made.advance(NOON)
        made.dispatch(clock=Clock())
    said = {message.customer: message.content.text for message in channel.got}
    assert said == {  # bought at midnight UTC, sent at noon
        "c0": "19.90 CNY until 1.3. 19:00, 2025-03-01 19:00, 2025-03-02 07:00",
        "c1": "19.90 CNY until 2.3. 08:00, 2025-03-02 08:00, 2025-03-02 20:00",
    }
    for customer, words in said.items():
        seen = loaded.preview(shop, template="hello", customer=customer, as_of=NOON)
        assert (seen.content.text, seen.zone) == (
            words, {"c0": "America/New_York", "c1": "Asia/Shanghai"}[customer]
        )  # fmt: skip


def test_a_coupon_is_given_once_and_stays_with_its_message() -> None:
    def script(_: Message, before: int) -> Answer:
        return ACCEPTED if before else Answer(Answered.RETRY, not_before=NOON + HOUR)

    channel = Channel("sms", script)
    with engine(rules('"Take {{ coupon.SPRING }}"'), {"sms": channel}, people=customers(4)) as made:
        assert made.add_coupons("SPRING", ["A1", "A2", "A1", "A3"]) == 3
        done = made.dispatch(clock=Clock())
        assert [one.reason for one in done.reasons if one.reason and "pool" in one.reason] == [
            "the pool of coupons `SPRING` is empty"
        ]
        first = {message.customer: message.content.text for message in channel.got}
        assert sorted(first.values()) == ["Take A1", "Take A2", "Take A3"]
        made.add_coupons("SPRING", ["A4"])
        made.dispatch(clock=Clock(NOON + HOUR))
        made.dispatch(clock=Clock(NOON + 3 * HOUR))
        assert set(outcomes(made).values()) == {"sent"}
    said = {(message.customer, message.content.text) for message in channel.got}
    assert len(said) == 4
    assert Counter(text for _, text in said).most_common(1)[0][1] == 1
    assert all(text == first.get(customer, text) for customer, text in said)


def test_a_dry_run_draws_no_coupon(tmp_path: Path) -> None:
    channel = Channel("sms")
    with engine(rules('"Take {{ coupon.SPRING }}"'), {"sms": channel}, people=customers(2)) as made:
        made.add_coupons("SPRING", ["A1", "A2"])
        assert made.rehearse(tmp_path / "out", NOON).outcomes == {"would be sent": 2}
        assert states(made) == {"waiting": 2}
        assert dict(made._ledger.coupons.free()) == {"SPRING": 2}
    assert channel.got == []
    texts = sorted(path.read_text("utf-8") for path in (tmp_path / "out").glob("*.txt"))
    assert texts == ["Take ‹coupon of SPRING›\n"] * 2


def test_a_dry_run_writes_files_with_harmless_names(tmp_path: Path) -> None:
    people = pl.DataFrame({"customer": ["../../x", "=1+1", "<b>"], "phone": ["+491", "+492", None]})
    with engine(rules('"Hello"'), {"sms": Channel("sms")}, people=people) as made:
        told = made.rehearse(tmp_path / "out", NOON)
    assert told.outcomes == {"no address": 1, "would be sent": 2}
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [name for name in files if name.endswith(".json")] == ["000001-sms-_x.json", "000002-sms-_1_1.json"] or len(
        files
    ) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "'=1+1" in (tmp_path / "out" / "index.csv").read_text("utf-8")
    first = next(name for name in files if name.endswith(".json"))
    assert json.loads((tmp_path / "out" / first).read_text("utf-8"))["text"] == "Hello"


def test_a_message_has_the_words_of_the_version_it_was_decided_with() -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/crm.db"
        channel = Channel("sms")
        with engine(rules('"Old"'), {}, state=url):
            pass
        later = rulecrm.Engine(
            rulecrm.loads(rules('"New"')), facts(), state=url, start=START, channels={"sms": channel}
        )
        with later:
            later.advance(NOON + DAY)
            later.dispatch(clock=Clock(NOON + DAY))
    assert [message.content.text for message in channel.got] == ["Old"]


@pytest.mark.parametrize("newer", [False, True])
def test_a_template_of_whatever_version_knows_what_was_sent_before(newer: bool) -> None:
    text = rules('"{{ got }} before"', "metric got = count(message)", send="send sms hello  wait 1d  send sms hello")
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/crm.db"
        channel = Channel("sms")
        with engine(text, {"sms": channel}, state=url) as made:
            made.dispatch(clock=Clock())
            made.advance(NOON + DAY)
        now = rulecrm.loads(rules('"Hello"') if newer else text)
        with rulecrm.Engine(now, facts(), state=url, start=START, channels={"sms": channel}) as later:
            later.dispatch(clock=Clock(NOON + DAY))
    assert [message.content.text for message in channel.got] == ["0 before", "1 before"]


def test_words_that_cannot_be_made_fail_one_message_and_no_other() -> None:
    text = rules('"{{ nick | divided_by: 0 }}"')
    try:
        rulecrm.loads(text)
    except rulecrm.RulesError:
        pytest.skip("refused when the rules are read")
    with engine(text, {"sms": Channel("sms")}, people=customers(1, nick=["1"])) as made:
        assert made.dispatch(clock=Clock()).outcomes == {"failed": 1}
        assert len(made.dead_letters()) == 1


def test_a_marketing_text_ends_with_the_notice_that_the_provider_demands() -> None:
    for purpose, text in (("", "Hello 拒收请回复R"), (" as service", "Hello")):
        channel = Channel("sms", notice="拒收请回复R")
        with engine(rules('"Hello"').replace("for sms", f"for sms{purpose}"), {"sms": channel}) as made:
            made.dispatch(clock=Clock())
        assert channel.got[0].content.text.replace(" ", "") == text.replace(" ", "")


def test_links_are_made_where_something_answers_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS", "0123456789abcdef0123456789abcdef")
    text = HEAD + (
        'template letter for email { subject "Hello"  body "<p><a href=\\"https://shop.test/a\\">look</a></p>" }\n'
        "campaign care { enter on purchase  send email letter }\n"
    )
    channel = Channel("email", html=True)
    with engine(text, {}) as made:
        made._desk.routes = evolve(Routes.of({"email": channel}), web=Web("https://crm.test/r", Secret("env:LINKS")))
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 1}
    (message,) = channel.got
    assert message.unsubscribe is not None
    assert message.unsubscribe.startswith("https://crm.test/r/")
    assert message.content.html is not None
    assert "https://shop.test/a" not in message.content.html


def test_the_provider_knows_an_approved_template_by_its_own_name() -> None:
    channel = Channel("sms", preapproved=True)
    with engine(rules('"Hello {{ nick }}"'), {"sms": channel}, people=customers(1, nick=["Li"])) as made:
        (route,) = made._desk.routes.routes
        assert made.dispatch(clock=Clock()).outcomes == {"failed": 1}
        (letter,) = made.dead_letters()
        made._desk.routes = Routes((evolve(route, templates={"hello": "SMS_123"}),))
        made.retry(letter.decision, now=NOON)
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 1}
    assert (channel.got[0].content.code, dict(channel.got[0].content.parameters)) == ("SMS_123", {"nick": "Li"})
