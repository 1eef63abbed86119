"""A made-up shop: customers who look, order, pay or do not, come back or do not.

In: how many customers, which days, a seed. Out: `Facts` with customers, orders, items, products and events.
Invariant: the same arguments give the same facts on every machine; nobody in them is real.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import frozen

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from rulecrm.facts import Facts

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["make_shop", "make_shop_frames"]

_DAY = 86_400_000_000
_MINUTE = 60_000_000
_CATEGORIES = ("dress", "shoes", "bag", "cosmetics", "toy", "kitchen")
_NICKS = ("Ann", "Bo", "Cai", "Dun", "Eve", "Fei", "Gao", "Hua", "Ivo", "Jun", "Kim", "Lin", "Mei", "Nan", "Oda", "Pan")


def make_shop(
    *,
    customers: int = 1_000,
    start: dt.date = dt.date(2025, 1, 1),
    days: int = 365,
    seed: int = 1,
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
) -> Facts:
    """The facts of a made-up shop.

    About a third of the customers buys once, a third more often, the rest looks, or orders and does not pay. Sales on
    11 November and 12 December bring newcomers. Some mails are opened, a few customers unsubscribe.

    Args:
        customers: how many.
        start: the first day.
        days: how many days there are facts of.
        seed: another number, another shop.
        zone: the zone in which people sleep at night.
        currency: of all amounts, an ISO 4217 code.
    """
    from rulecrm.facts import Facts

    frames = make_shop_frames(
        customers=customers, start=start, days=days, seed=seed, zone=zone, currency=currency
    )  # fmt: skip
    return Facts.from_frames(
        orders=frames["orders"],
        customers=frames["customers"],
        items=frames["items"],
        events=frames["events"],
        products=frames["products"],
    )


def make_shop_frames(
    *,
    customers: int = 1_000,
    start: dt.date = dt.date(2025, 1, 1),
    days: int = 365,
    seed: int = 1,
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
) -> dict[str, pl.DataFrame]:
    """The frames that `make_shop` makes its facts of: `customers`, `orders`, `items`, `events`, `products`."""
    import numpy as np
    import polars as pl

    draw = np.random.Generator(np.random.PCG64(seed))
    first = int(dt.datetime.combine(start, dt.time(), ZoneInfo(zone)).timestamp()) * 1_000_000
    # Only `random` is drawn from: its stream is the same in every version of NumPy.
    joined = _joined(draw, customers, start, days)
    keys = pl.Series("customer", [f"c{number:05d}" for number in range(customers)])
    orders = _orders(draw, joined, days)
    products = pl.DataFrame(
        {
            "product": [f"p{number:02d}" for number in range(24)],
            "title": [f"{_CATEGORIES[number % 6]} {number // 6 + 1}" for number in range(24)],
            "category": [_CATEGORIES[number % 6] for number in range(24)],
        }
    )
    product = (draw.random(len(orders[0])) ** 2 * 24).astype(np.int64)
    who, placed = orders
    paid = draw.random(len(who)) < 0.88
    paid_at = placed + (draw.random(len(who)) ** 3 * 90 * _MINUTE).astype(np.int64)
    delivered = paid_at + ((1.5 + 4 * draw.random(len(who))) * _DAY).astype(np.int64)
    refunded = paid & (draw.random(len(who)) < 0.05)
    amount = ((20 + 480 * draw.random(len(who)) ** 2) * 100).astype(np.int64)
    end = days * _DAY

    def instant(values: Ints, there: NDArray[np.bool_] | None = None) -> pl.Series:
        kept = values < end if there is None else there & (values < end)
        column = pl.Series(values + first).cast(pl.Datetime("us", "UTC"))
        return pl.select(pl.when(pl.Series(kept)).then(column)).to_series()

    frame = pl.DataFrame(
        {
            "order": [f"o{number:06d}" for number in range(len(who))],
            "customer": keys.gather(pl.Series(who)),
            "product": products.get_column("product").gather(pl.Series(product)),
            "currency": [currency] * len(who),
            "amount": pl.Series(amount).cast(pl.Decimal(18, 2)) / 100,
            "placed_at": instant(placed),
            "paid_at": instant(paid_at, paid),
            "delivered_at": instant(delivered, paid),
            "refunded_at": instant(delivered + 2 * _DAY, refunded),
            "cancelled_at": instant(placed + _DAY, ~paid & (draw.random(len(who)) < 0.6)),
        }
    ).filter(pl.col("placed_at").is_not_null())
    items = frame.select("order", "product", "amount", quantity=pl.lit(1, pl.Int64))
    return {
        "customers": pl.DataFrame(
            {
                "customer": keys,
                "joined_at": instant(joined),
                "nick": [_NICKS[number % 16] for number in range(customers)],
                "accepts_sms": pl.Series(draw.random(customers) < 0.9),
                "accepts_email": pl.Series(draw.random(customers) < 0.8),
                "accepts_im": pl.Series(draw.random(customers) < 0.95),
            }
        ),
        "orders": frame.with_columns(pl.col("amount").cast(pl.Decimal(18, 2))),
        "items": items.with_columns(pl.col("amount").cast(pl.Decimal(18, 2))),
        "events": _events(
            draw,
            keys=keys,
            bought=_Bought(who, placed, np.where(paid & ~refunded, delivered, end), product),
            joined=joined,
            first=first,
            end=end,
        ),
        "products": products,
    }


def _joined(draw: np.random.Generator, customers: int, start: dt.date, days: int) -> Ints:
    """When each becomes known: all year long, a fifth of them on a sale's day."""
    import numpy as np

    joined = (draw.random(customers) * days * 0.95 * _DAY).astype(np.int64)
    sales = [day for month, number in ((11, 11), (12, 12)) if 0 <= (day := _day_of(start, month, number)) < days]
    for number, day in enumerate(sales):
        chosen = (draw.random(customers) * 10).astype(np.int64) == number
        joined[chosen] = day * _DAY + (draw.random(int(chosen.sum())) * 20 * 60 * _MINUTE).astype(np.int64)
    return joined


def _day_of(start: dt.date, month: int, day: int) -> int:
    here = dt.date(start.year, month, day)
    return ((here if here >= start else here.replace(year=start.year + 1)) - start).days


def _orders(draw: np.random.Generator, joined: Ints, days: int) -> tuple[Ints, Ints]:
    """Who orders and when (µs after the start), in the order of time."""
    import numpy as np

    loyal = draw.random(len(joined))
    counts = np.where(loyal < 0.25, 0, np.where(loyal < 0.6, 1, (1 / (1.0001 - loyal)).astype(np.int64).clip(2, 40)))
    who = np.repeat(np.arange(len(joined)), counts)
    # The first order comes within hours; the next ones after gaps of the customer's own size.
    turn = np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = np.repeat(5 + 60 * draw.random(len(joined)), counts)
    gap = np.where(turn == 0, 0.2 * draw.random(len(who)), size * (0.4 + 1.2 * draw.random(len(who))))
    total = np.cumsum(gap)
    before = np.repeat((total - gap)[np.cumsum(counts)[counts > 0] - counts[counts > 0]], counts[counts > 0])
    at = joined[who] + ((total - before) * _DAY).astype(np.int64)
    kept = at < days * _DAY
    who, at = who[kept], at[kept]
    order = np.argsort(at, kind="stable")
    return who[order], at[order]


@frozen(eq=False)
class _Bought:
    """Orders: who, when, when they arrived (`end` of those that did not, or were sent back), what."""

    who: Ints
    placed: Ints
    arrived: Ints
    product: Ints


def _events(
    draw: np.random.Generator, *, keys: pl.Series, bought: _Bought, joined: Ints, first: int, end: int
) -> pl.DataFrame:
    """What goes before orders (views, carts, questions), what follows them (reviews), and what comes without one."""
    import numpy as np
    import polars as pl

    parts: list[_Part] = []

    def some(share: float, size: int) -> Ints:
        return np.flatnonzero(draw.random(size) < share)

    def later(chosen: Ints, days: float) -> Ints:
        return (draw.random(len(chosen)) * days * _DAY).astype(np.int64)

    for kind, share, days in (("view", 0.9, 2.0), ("cart", 0.6, 0.2), ("inquiry", 0.2, 0.3)):
        chosen = some(share, len(bought.who))
        parts.append(
            _Part(kind, bought.who[chosen], bought.placed[chosen] - later(chosen, days), bought.product[chosen])
        )
    for kind, share in (("visit", 1.0), ("view", 0.8), ("cart", 0.3), ("inquiry", 0.1)):
        chosen = some(share, len(joined))
        parts.append(
            _Part(kind, chosen, joined[chosen] + later(chosen, 30), (draw.random(len(chosen)) * 24).astype(np.int64))
        )
    for kind, share, channel in (("open", 0.5, "email"), ("unsubscribe", 0.03, "email"), ("unsubscribe", 0.02, "sms")):
        chosen = some(share, len(joined))
        parts.append(_Part(kind, chosen, joined[chosen] + later(chosen, 120), channel=channel))
    chosen = some(0.35, len(bought.who))
    stars = 5 - (draw.random(len(chosen)) ** 3 * 5).astype(np.int64)
    parts.append(
        _Part(
            "review",
            bought.who[chosen],
            bought.arrived[chosen] + later(chosen, 9),
            bought.product[chosen],
            rating=stars,
        )
    )
    chosen = some(0.06, len(bought.who))
    parts.append(_Part("referral", bought.who[chosen], bought.arrived[chosen] + later(chosen, 20)))
    names = pl.Series([f"p{number:02d}" for number in range(24)])
    frames = [part.frame(keys, names, first, end) for part in parts]
    return pl.concat(frames).sort("at", "kind", "customer", maintain_order=True)


@frozen(eq=False)
class _Part:
    """Events of one kind: of whom, when (µs after the start), about what."""

    kind: str
    who: Ints
    at: Ints
    product: Ints | None = None
    channel: str | None = None
    rating: Ints | None = None

    def frame(self, keys: pl.Series, names: pl.Series, first: int, end: int) -> pl.DataFrame:
        import polars as pl

        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(self.who))
        rating = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(self.who))
        return pl.DataFrame(
            {
                "kind": [self.kind] * len(self.who),
                "customer": keys.gather(pl.Series(self.who)),
                "at": pl.Series(self.at + first).cast(pl.Datetime("us", "UTC")),
                "product": nothing if self.product is None else names.gather(pl.Series(self.product)),
                "channel": nothing if self.channel is None else pl.Series([self.channel] * len(self.who)),
                "rating": rating if self.rating is None else pl.Series(self.rating),
            }
        ).filter(pl.Series((self.at >= 0) & (self.at < end)))
