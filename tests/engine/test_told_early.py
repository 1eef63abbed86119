"""A provider may tell what became of a message before it has answered, and from everywhere at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from rulecrm.model.sending import Answer, Answered, Message, Receipt, Received, Traits
from rulecrm.state import Ledger
from tests.state.postgres import running

DAY = dt.timedelta(days=1)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
COUNT = 120

RULES = """
timezone "UTC"
template hello for sms "Hello"
campaign care { enter on purchase  send sms hello }
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crm.db'}"
    else:
        with running() as server, server.schema() as schema:
            yield schema


class Hasty:
    """Tells that a message was delivered, opened and came back, by id and by key, while it is still being handed over."""

    def __init__(self, url: str) -> None:
        self.traits = Traits(channel="sms", provider="hasty", address="phone", batch=10, concurrency=6)
        self.ledger = Ledger.open(url)
        self.sent: Counter[str] = Counter()

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.sent.update(message.key for message in batch)
        at = START + 2 * DAY
        by_key = [Receipt(f"o{one.key}", Received.OPENED, at, one.key) for one in batch[::2]]
        by_id = [Receipt(f"d{one.key}", Received.DELIVERED, at, None, f"p{one.key}") for one in batch]
        back = [Receipt(f"b{one.key}", Received.BOUNCED, at, one.key, reason="soft") for one in batch]
        told = [by_key, by_id, back, by_id[::-1]]
        telling = [asyncio.to_thread(self.ledger.receipts.write, one, route="sms", channel="sms") for one in told]
        before, after = telling[:2], telling[2:]
        await asyncio.gather(*before)
        self.rest = [*getattr(self, "rest", []), *(asyncio.ensure_future(one) for one in after)]
        return [Answer(Answered.ACCEPTED, f"p{one.key}") for one in batch]

    async def close(self) -> None:
        pass


def test_every_message_is_sent_once_and_known_to_have_arrived(url: str) -> None:
    keys = [f"c{number}" for number in range(COUNT)]
    people = pl.DataFrame({"customer": keys, "phone": [f"+49{number:08}" for number in range(COUNT)]})
    facts = rulecrm.Facts.from_frames(customers=people, purchase=people.select("customer", at=pl.lit(START + DAY)))

    async def run() -> None:
        hasty = Hasty(url)
        with rulecrm.Engine(rulecrm.loads(RULES), facts, state=url, start=START, channels={"sms": hasty}) as engine:
            engine.advance(START + 1.5 * DAY)
            await engine.adispatch(START + 1.5 * DAY)
            await asyncio.gather(*hasty.rest)
            told = engine.receipts()
            outcomes = engine.decisions().get_column("outcome").to_list()
        hasty.ledger.close()
        assert set(hasty.sent.values()) == {1}
        assert len(hasty.sent) == COUNT
        assert outcomes == ["delivered"] * COUNT
        kinds = dict(told.get_column("kind").value_counts().iter_rows())
        assert kinds == {"message": COUNT, "message_delivered": COUNT, "bounce": COUNT, "open": COUNT // 2}

    asyncio.run(run())
