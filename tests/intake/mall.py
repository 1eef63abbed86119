"""A platform in memory, for what syncing itself has to do right: its pages may come in any order, twice, and shift."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncGenerator, Mapping, Sequence

from attrs import define, field, frozen

from rulecrm.plugin import (
    ALLOWED,
    Batch,
    Cursor,
    LaterError,
    PlatformContext,
    PlatformType,
    Refused,
    Row,
    Source,
    StoppedError,
)
from rulecrm.plugin.pulling import instant_in, instant_out
from rulecrm.testing.markets import Market, Trade

OVERLAP = dt.timedelta(minutes=10)


@frozen
class MallSettings:
    page: int = 7


@define
class Mall(Source):
    """Reads a market. What goes wrong is told beforehand, by the number of the page.

    Attributes:
        shuffle: pages of one run in any order, some twice; the cursor then moves at the end alone.
        breaks: after how many pages a run ends with an error.
    """

    market: Market
    page: int = 7
    shuffle: int | None = None
    breaks: int | None = None
    error: type[Exception] = LaterError
    spoiled: set[str] = field(factory=set)
    opened: int = 0

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        since = instant_in((cursor or {}).get("since"))
        begin = (since - OVERLAP) if since is not None else dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        trades = self.market.changed(begin, until + dt.timedelta(seconds=1))
        pages = [trades[at : at + self.page] for at in range(0, len(trades), self.page)]
        if self.shuffle is not None:
            chance = random.Random(self.shuffle)
            pages = [*pages, *chance.sample(pages, min(3, len(pages)))]
            chance.shuffle(pages)
        for number, page in enumerate(pages):
            if self.breaks is not None and number >= self.breaks:
                raise self.error("the mall is closed")
            done = page[-1].changed_at if self.shuffle is None else begin
            yield Batch(
                {frame: rows for frame, rows in rows_of(page, self.spoiled).items() if rows},
                {"since": instant_out(done)},
                [Refused("orders", "the mall says nothing", one.order) for one in page if one.order in self.spoiled],
                {"a page": 1},
            )
        yield Batch({}, {"since": instant_out(until)}, until=until)

    async def close(self) -> None:
        self.opened -= 1


def rows_of(trades: Sequence[Trade], spoiled: set[str] = frozenset()) -> dict[str, list[Row]]:
    """Canonical rows of trades."""
    told = [trade for trade in trades if trade.order not in spoiled]
    return {
        "orders": [
            {
                "order": trade.order, "customer": trade.customer, "amount": trade.amount, "currency": trade.currency,
                "shipping_fee": trade.shipping_fee, "quantity": trade.quantity, "country": trade.country,
                "placed_at": trade.placed_at, "paid_at": trade.paid_at, "shipped_at": trade.shipped_at,
                "delivered_at": trade.delivered_at, "completed_at": trade.completed_at,
                "cancelled_at": trade.cancelled_at, "refunded_at": trade.refunded_at,
                "refund_amount": trade.refund_amount, "changed_at": trade.changed_at, "status": trade.stage,
            }
            for trade in told
        ],
        "items": [
            {
                "order": trade.order, "item": line.item, "product": line.product, "title": line.title,
                "quantity": line.quantity, "price": line.price, "amount": line.amount, "currency": trade.currency,
                "changed_at": trade.changed_at,
            }
            for trade in told
            for line in trade.lines
        ],
        "customers": [
            {"customer": trade.customer, "platform": "mall", "country": trade.country, "changed_at": trade.changed_at}
            for trade in told
        ],
    }  # fmt: skip


def platform(mall: Mall) -> PlatformType:
    def opened(_: object, __: PlatformContext) -> Source:
        mall.opened += 1
        return mall

    return PlatformType("mall", lambda channel, purpose: ALLOWED, "a mall", MallSettings, opened)


def truth(market: Market) -> Mapping[str, list[Row]]:
    return rows_of(market.trades)


__all__ = ["Mall", "MallSettings", "StoppedError", "platform", "rows_of", "truth"]
