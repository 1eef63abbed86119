"""The whole way round: a message is sent, somebody acts on it, and the rules and the gate know."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import rulecrm
from rulecrm.dispatch import Route, Routes, Web
from rulecrm.model.sending import Answer, Answered, Message, Traits
from rulecrm.plugin import Secret
from rulecrm.web import of_routes
from tests.web.conftest import BASE, ask

DAY = dt.timedelta(days=1)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)

RULES = """
timezone "UTC"
template hello for email { subject "Tea"  html "<p><a href='https://s.cn/tea?a=1&amp;b=2'>tea</a></p>" }
template again for email { subject "Tea again"  body "Again" }
campaign care {
  enter on purchase
  send email hello
  wait 3d
  if none(click since entry where campaign == "care") {
    send email again
  }
}
"""


class Mail:
    """A mailbox for everybody."""

    traits = Traits(channel="email", provider="mail", address="email", batch=10, html=True)

    def __init__(self) -> None:
        self.got: list[Message] = []

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.got += batch
        return [Answer(Answered.ACCEPTED, f"p{len(self.got)}") for _ in batch]

    async def close(self) -> None:
        pass


def facts(events: pl.DataFrame | None = None) -> rulecrm.Facts:
    people = pl.DataFrame({"customer": [1, 2, 3], "email": [f"c{n}@x.test" for n in (1, 2, 3)]})
    bought = people.select("customer", at=pl.lit(START + DAY))
    return rulecrm.Facts.from_frames(customers=people, purchase=bought, events=events)


def test_who_clicked_is_left_alone_and_who_unsubscribed_gets_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKS", "0123456789abcdef")
    mail, rules, state = Mail(), rulecrm.loads(RULES), f"sqlite:///{tmp_path / 'crm.db'}"
    routes = Routes((Route("mail", "email", mail, "email", default=True),), web=Web(BASE, Secret("env:LINKS")))
    with rulecrm.Engine(rules, facts(), state=state, start=START, routes=routes) as engine:
        engine.advance(START + 1.5 * DAY)
        engine.dispatch(START + 1.5 * DAY)
        first = {message.customer: message for message in mail.got}
        assert sorted(first) == ["1", "2", "3"]
        application = of_routes(routes, state)
        link = re.search(r'href="([^"]+)"', first["1"].content.html or "")
        assert link is not None
        answer = ask(application, "GET", link[1].removeprefix(BASE))
        assert answer.headers["location"] == "https://s.cn/tea?a=1&b=2"
        withdraw = (first["2"].unsubscribe or "").removeprefix(BASE)
        assert ask(application, "POST", withdraw, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        # Both happened by the clock of the machine; here they are to have happened in the days of the story.
        with engine._ledger._transaction(write=True) as connection:
            at = int((START + 2 * DAY).timestamp() * 1e6)
            connection.exec_driver_sql(f"UPDATE rulecrm_receipts SET at = {at}")
        engine.advance(START + 5 * DAY)
        engine.dispatch(START + 5 * DAY)
        again = [message.customer for message in mail.got[3:]]
        assert again == ["3"]
        told = engine.decisions().filter(action="send").sort("customer", "at").select("customer", "template", "outcome")
        assert told.rows() == [
            ("1", "hello", "delivered"), ("2", "hello", "delivered"), ("2", "again", "no consent"),
            ("3", "hello", "sent"), ("3", "again", "sent"),
        ]  # fmt: skip
        live, given = engine.decisions(), engine.receipts()
    as_events = given.with_columns(pl.col("customer").cast(pl.Int64))
    replayed = rules.backtest(facts(as_events), START, START + 5 * DAY).decisions
    ours = pl.exclude("decided", "outcome", "reason")  # a backtest sends nothing
    assert_frame_equal(live.select(ours).sort("decision"), replayed.select(ours).sort("decision"))
