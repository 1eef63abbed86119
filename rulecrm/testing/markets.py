"""A made-up market that goes on: orders are placed, paid or not, shipped, signed for, refunded, while time passes.

In: a seed, a clock. Out: `Trade`s in their latest state, and what changed when.
Invariant: the same seed and the same steps give the same market; every change has an instant of its own second, for
platforms tell no less; nobody in it is real.

Fakes of platforms are made over it: each says in its own words what the market knows.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field, frozen

from rulecrm.testing.clocks import FakeClock

__all__ = ["Line", "Market", "Trade"]

_CENT = Decimal("0.01")
_GOODS = (
    ("P1001", "Linen dress", Decimal("129.00")),
    ("P1002", "Canvas shoes", Decimal("89.90")),
    ("P1003", "Shoulder bag", Decimal("259.00")),
    ("P1004", "Face cream, 50 ml", Decimal("45.50")),
    ("P1005", "Wooden train", Decimal("68.00")),
    ("P1006", "Soup pot", Decimal("199.00")),
)
_PLACES = (("CN", "浙江省", "杭州市"), ("CN", "广东省", "深圳市"), ("US", "WA", "Seattle"), ("DE", "Berlin", "Berlin"))


@frozen
class Line:
    """A line of an order: `amount` is `price` × `quantity`, less `discount`."""

    item: str
    product: str
    title: str
    price: Decimal
    quantity: int
    discount: Decimal = Decimal("0.00")

    @property
    def amount(self) -> Decimal:
        """What the line costs."""
        return self.price * self.quantity - self.discount


@frozen
class Trade:
    """An order as it stands.

    Attributes:
        number: from 0 on, in the order of placing.
        order, customer: keys of the platform.
        changed_at: when anything about it last changed.
        stage: `placed`, `paid`, `shipped`, `delivered`, `completed`, `cancelled` or `refunded`: the last thing that
            happened to it.
        amount: what the customer pays: lines and shipping.
        currency: of all amounts.
    """

    number: int
    order: str
    customer: str
    lines: Sequence[Line]
    shipping_fee: Decimal
    currency: str
    placed_at: dt.datetime
    changed_at: dt.datetime
    country: str = ""
    province: str = ""
    city: str = ""
    stage: str = "placed"
    paid_at: dt.datetime | None = None
    shipped_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    refunded_at: dt.datetime | None = None
    refund_amount: Decimal | None = None
    refund_reason: str = ""

    @property
    def amount(self) -> Decimal:
        """What the customer pays in all."""
        return sum((line.amount for line in self.lines), self.shipping_fee)

    @property
    def discount(self) -> Decimal:
        """What was taken off its lines."""
        return sum((line.discount for line in self.lines), Decimal("0.00"))

    @property
    def quantity(self) -> int:
        """Units in the order."""
        return sum(line.quantity for line in self.lines)


@frozen
class _Next:
    """What will happen to a trade, and after how long."""

    stage: str
    hours: tuple[int, int]
    weight: int


_COURSE: dict[str, tuple[_Next, ...]] = {
    "placed": (_Next("paid", (0, 6), 8), _Next("cancelled", (24, 48), 2)),
    "paid": (_Next("shipped", (2, 48), 9), _Next("refunded", (1, 24), 1)),
    "shipped": (_Next("delivered", (24, 120), 1),),
    "delivered": (_Next("completed", (24, 240), 8), _Next("refunded", (24, 120), 2)),
}


@define(eq=False)
class Market:
    """A market over a clock.

    Attributes:
        clock: it stands where the market stands, or later: nothing happens but by `live` and `stir`.
        trades: by number, each as it stands.
    """

    clock: FakeClock
    seed: int = 1
    currency: str = "CNY"
    customers: int = 20
    a_day: int = 12
    order_of: Callable[[int], str] = field(default=lambda number: f"{7_000_000_000_000_000_000 + number * 97}")
    customer_of: Callable[[int], str] = field(default=lambda number: f"buyer-{number:04d}")
    trades: list[Trade] = field(factory=list, init=False)
    _waiting: list[tuple[dt.datetime, int, str]] = field(factory=list, init=False)
    _chance: random.Random = field(init=False)

    @_chance.default
    def _make_chance(self) -> random.Random:
        return random.Random(self.seed)  # noqa: S311 - made up, and the same each time

    def live(self, days: float) -> None:
        """Let the clock go on by so many days, and the market with it."""
        begin = self.clock.now().replace(microsecond=0) + dt.timedelta(seconds=1)
        # What was due while the clock went on without the market happens now: no platform changes its past.
        self._waiting = [(max(at, begin), number, stage) for at, number, stage in self._waiting]
        seconds = max(int(days * 86_400), 1)
        for _ in range(round(days * self.a_day)):
            self._waiting.append((begin + dt.timedelta(seconds=self._chance.randrange(seconds)), -1, "placed"))
        heapq.heapify(self._waiting)
        self.clock.move(dt.timedelta(days=days) + dt.timedelta(seconds=2))
        while self._waiting and self._waiting[0][0] <= self.clock.now():
            self._happen(*heapq.heappop(self._waiting))

    def stir(self, changes: int = 1) -> None:
        """Let a second pass, then a new order come and some others move on at once, whatever they had waited for."""
        self.clock.move(dt.timedelta(seconds=1))
        now = self.clock.now().replace(microsecond=0)
        self._happen(now, -1, "placed")
        hasty = [one for one in self._waiting if one[1] >= 0]
        for one in self._chance.sample(hasty, min(changes, len(hasty))):
            self._waiting.remove(one)
            self._happen(now, one[1], one[2])
        heapq.heapify(self._waiting)

    def changed(self, since: dt.datetime, until: dt.datetime) -> list[Trade]:
        """Trades that last changed in [since, until), the earliest first."""
        found = [trade for trade in self.trades if since <= trade.changed_at < until]
        return sorted(found, key=lambda trade: (trade.changed_at, trade.number))

    def by_order(self, order: str) -> Trade | None:
        """The trade of this key."""
        return next((trade for trade in self.trades if trade.order == order), None)

    def put(self, trade: Trade) -> None:
        """Put another state in the place of a trade's own."""
        self.trades[trade.number] = trade

    def _happen(self, at: dt.datetime, number: int, stage: str) -> None:
        trade = self._place(at) if number < 0 else self._move(self.trades[number], at, stage)
        nexts = _COURSE.get(trade.stage, ())
        if nexts:
            (chosen,) = self._chance.choices(nexts, [one.weight for one in nexts])
            low, high = chosen.hours
            later = at + dt.timedelta(seconds=self._chance.randrange(low * 3600 + 1, high * 3600 + 2))
            heapq.heappush(self._waiting, (later, trade.number, chosen.stage))

    def _place(self, at: dt.datetime) -> Trade:
        number, chance = len(self.trades), self._chance
        order = self.order_of(number)
        goods = chance.sample(_GOODS, chance.choice((1, 1, 1, 2, 3)))
        lines = [
            Line(f"{order}-{place}", product, title, price, chance.choice((1, 1, 2, 3)),
                 (price / 10).quantize(_CENT) if chance.random() < 0.25 else Decimal("0.00"))
            for place, (product, title, price) in enumerate(goods, 1)
        ]  # fmt: skip
        country, province, city = chance.choice(_PLACES)
        trade = Trade(
            number, order, self.customer_of(chance.randrange(self.customers)), tuple(lines),
            chance.choice((Decimal("0.00"), Decimal("6.00"))), self.currency, at, at, country, province, city,
        )  # fmt: skip
        self.trades.append(trade)
        return trade

    def _move(self, trade: Trade, at: dt.datetime, stage: str) -> Trade:
        more: dict[str, Any] = {f"{stage}_at": at}
        if stage == "refunded":
            more["refund_amount"] = trade.lines[0].amount if len(trade.lines) > 1 else trade.amount
            more["refund_reason"] = "it does not fit"
        moved = evolve(trade, stage=stage, changed_at=at, **more)
        self.trades[trade.number] = moved
        return moved
