"""A made-up shop with a campaign that was really decided, sent and answered, in a ledger in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import polars as pl

import rulecrm
from rulecrm.insight import Shop
from rulecrm.model.sending import Answer, Answered, Message, Price, Receipt, Received, Traits
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.shops import make_shop_frames

MADE: list[rulecrm.Engine] = []
"""Engines to be closed."""

DAY = dt.timedelta(days=1)
START = dt.datetime(2025, 1, 15, tzinfo=dt.UTC)
ZONE = "Asia/Shanghai"

HEAD = """
timezone "Asia/Shanghai"
currency CNY
template hello for sms "Hello"
template letter for email { subject "Hello"  body "Hello" }
"""

CARE = (
    HEAD
    + """
policy { holdout 10% }
campaign care "Care" {
  enter on purchase
  reenter after 20d
  control 25%
  goal purchase where amount >= 100 CNY within 20d
  send sms hello
  wait 2d
  send email letter
  wait until open up to 5d
  if none(click since entry) { send sms hello }
}
"""
)


class Channel:
    """Takes everything at a price, and remembers it."""

    def __init__(self, word: str, price: str | None, currency: str = "CNY") -> None:
        self.traits = Traits(word, f"fake-{word}", {"sms": "phone", "email": "email"}[word])
        self.price = None if price is None else Price(Decimal(price), currency)
        self.got: list[Message] = []

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.got += batch
        return [Answer(Answered.ACCEPTED, price=self.price)] * len(batch)

    async def close(self) -> None:
        pass


def frames(customers: int = 120, days: int = 120, seed: int = 1) -> dict[str, pl.DataFrame]:
    """A made-up shop whose customers can be written to, and whose items have costs."""
    made = make_shop_frames(customers=customers, days=days, seed=seed)
    count = pl.int_range(pl.len())
    people = made["customers"].with_columns(
        phone=pl.format("+86139{}", count.cast(pl.String).str.zfill(8)), email=pl.format("c{}@x.test", count)
    )
    items = made["items"].with_columns(cost=(pl.col("amount").cast(pl.Float64) * 0.6).round(2).cast(pl.Decimal(18, 2)))
    return {**made, "customers": people, "items": items}


def engine(
    rules: rulecrm.Rules, facts: rulecrm.Facts, *, days: Sequence[float], answers: int | None = 1, **channels: Channel
) -> rulecrm.Engine:
    """An engine advanced and dispatched on these days after the start; some of what was sent is opened and clicked."""
    sms, mail = channels.get("sms", Channel("sms", "0.05")), channels.get("email", Channel("email", "0.001"))
    made = rulecrm.Engine(rules, facts, state="sqlite://", start=START, channels={"sms": sms, "email": mail})
    MADE.append(made)
    draw = np.random.Generator(np.random.PCG64(answers or 0))
    told = 0
    for day in days:
        made.advance(START + day * DAY)
        made.dispatch(clock=FakeClock(START + day * DAY))
        receipts = []
        for message in [*sms.got, *mail.got]:
            for what, share in _ANSWERS if answers is not None else ():
                if draw.random() < share:
                    told += 1
                    at = START + (day + 3 * draw.random()) * DAY
                    receipts.append(Receipt(f"r{told}", what, at, message.key))
        made._ledger.receipts.write(receipts, route="fake", channel="")
        sms.got.clear()
        mail.got.clear()
    return made


_ANSWERS = (
    (Received.DELIVERED, 0.9), (Received.OPENED, 0.4), (Received.OPENED, 0.2), (Received.CLICKED, 0.1),
    (Received.REPLIED, 0.05), (Received.UNSUBSCRIBED, 0.02),
)  # fmt: skip


def shop(
    text: str = CARE,
    *,
    as_of: float = 80,
    days: Sequence[float] = (),
    customers: int = 120,
    seed: int = 1,
    **asked: object,
) -> Shop:
    """A shop as of so many days after the start, its campaign advanced and sent all along."""
    rules = rulecrm.loads(text)
    facts = rulecrm.Facts.from_frames(**frames(customers, seed=seed))
    made = engine(rules, facts, days=days or (5, 17.3, 31, 52, as_of + 5), **asked)  # type: ignore[arg-type]
    return Shop.of(rules, facts, as_of=START + as_of * DAY, engine=made)
