"""The synthetic shop: three years of customers, orders and events, the same for the same size and seed.

In: a size, a seed, flags. Out: `Shop`, three Polars frames with the canonical column names, time-ordered by default.
Invariant: no frame depends on the machine, the number of threads or the clock; no two facts of a customer that are
compared in time fall on one microsecond but by an accident that the tests exclude.

Half of the customers come back, with Pareto weights cut off at 400 (the Zipf tail); a tenth never buys. Events come in
bursts, most within hours of one another, and some carts and inquiries stand shortly before an order.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from attrs import evolve, frozen
from numpy.typing import NDArray

__all__ = [
    "AS_OF", "CATEGORIES", "KINDS", "SIZES", "ZONE", "Shop", "Size", "ago", "make", "open_shop", "parquet", "resized",
    "utc",
]  # fmt: skip

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = dt.datetime(2025, 11, 12, tzinfo=ZONE)
"""T of every evaluation: local midnight after the great sale. Facts go on for a week, so that T has a future."""

CATEGORIES = (
    "dress", "shoes", "bag", "cosmetics", "snack", "toy", "phone", "book", "kitchen", "sport", "baby", "pet",
)  # fmt: skip
KINDS = ("view", "visit", "cart", "favourite", "inquiry", "message", "open", "click")

_KIND_SHARES = (0.385, 0.185, 0.09, 0.06, 0.05, 0.15, 0.06, 0.02)
_DAY = 86_400_000_000
_HOUR = _DAY // 24
_START = int(dt.datetime(2022, 11, 12, tzinfo=ZONE).timestamp()) * 1_000_000
_DAYS = (AS_OF.date() - dt.date(2022, 11, 12)).days + 7
_SALE_DAYS = np.array([(dt.date(year, 11, 11) - dt.date(2022, 11, 12)).days for year in (2023, 2024, 2025)])

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@frozen
class Size:
    """How many customers, orders and events (messages and what follows them included)."""

    name: str
    customers: int
    orders: int
    events: int


SIZES = {
    "T": Size("T", 2_000, 6_000, 26_000),
    "S": Size("S", 100_000, 300_000, 1_000_000),
    "M": Size("M", 1_000_000, 3_000_000, 13_000_000),
    "L": Size("L", 10_000_000, 30_000_000, 130_000_000),
}


def resized(size: Size, divisor: int) -> Size:
    """The same proportions with fewer of everything."""
    return Size(f"{size.name}/{divisor}", size.customers // divisor, size.orders // divisor, size.events // divisor)


@frozen
class Shop:
    """Frames `customers` (by join), `orders` (by `placed_at`) and `events` (by `at`).

    Amounts are Decimal(18, 2) in CNY, instants Datetime("us", "UTC"), words Enum; ids of customers are Int64, or
    String where asked for.
    """

    customers: pl.DataFrame
    orders: pl.DataFrame
    events: pl.DataFrame

    def shuffled(self, seed: int = 1) -> Shop:
        """The same facts in no order at all."""
        return evolve(
            self,
            orders=self.orders.sample(fraction=1.0, shuffle=True, seed=seed),
            events=self.events.sample(fraction=1.0, shuffle=True, seed=seed),
        )

    def by_customer(self) -> Shop:
        """The same facts, sorted by customer, then time."""
        return Shop(
            self.customers.sort("customer"),
            self.orders.sort("customer", "paid_at", "placed_at", nulls_last=True),
            self.events.sort("customer", "at"),
        )

    @property
    def megabytes(self) -> float:
        """What the three frames take in memory."""
        return sum(frame.estimated_size("mb") for frame in (self.customers, self.orders, self.events))


def make(size: Size, *, seed: int = 20251111, text_ids: bool = False) -> Shop:
    """Invent a shop; equal arguments give equal frames."""
    random = np.random.Generator(np.random.PCG64(seed))
    # Some joined before the first fact: the shop is older than its records.
    joined = np.sort(_START + random.integers(-700, _DAYS - 8, size.customers) * _DAY)
    # A bijection that scatters: ids are neither dense nor in the order of joining.
    ids = pl.Series("customer", 1_000_000_000 + (np.arange(1, size.customers + 1) * 1_103_515_245) % 2_147_483_647)
    if text_ids:
        ids = "c" + ids.cast(pl.String)
    weights = np.minimum(random.pareto(1.05, size.customers) + 1, 400) * (random.random(size.customers) < 0.5)
    return Shop(
        pl.DataFrame({"customer": ids, "joined_at": _instants(joined)}),
        _orders(random, size, ids, joined, weights),
        _events(random, size, ids, joined, weights),
    )


def parquet(data: Path | None, size: Size, *, seed: int = 20251111, text_ids: bool = False) -> Path:
    """The folder with `customers.parquet`, `orders.parquet`, `events.parquet`, written unless it is there already."""
    root = data or Path(tempfile.gettempdir()) / "rulecrm-benchmarks"
    name = f"{size.customers}-{size.orders}-{size.events}-{seed}{'-text' if text_ids else ''}"
    folder = root / name
    if not folder.exists():
        shop = make(size, seed=seed, text_ids=text_ids)
        root.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed: a run that is interrupted leaves no half a shop behind.
        with tempfile.TemporaryDirectory(dir=root) as aside:
            for part, frame in (("customers", shop.customers), ("orders", shop.orders), ("events", shop.events)):
                frame.write_parquet(Path(aside) / f"{part}.parquet")
            Path(aside).rename(folder)
            Path(aside).mkdir()
    return folder


def open_shop(folder: Path) -> Shop:
    """Read what `parquet` wrote."""
    return Shop(*(pl.read_parquet(folder / f"{part}.parquet") for part in ("customers", "orders", "events")))


def ago(as_of: dt.datetime, days: int) -> dt.datetime:
    """So many calendar days before, on the wall clock of `as_of`'s zone; in UTC."""
    return utc(as_of - dt.timedelta(days=days))


def utc(instant: dt.datetime) -> dt.datetime:
    """The same instant, as the frames name it."""
    return instant.astimezone(dt.UTC)


def _orders(random: np.random.Generator, size: Size, ids: pl.Series, joined: Ints, weights: Floats) -> pl.DataFrame:
    first = np.flatnonzero(random.random(size.customers) < 0.9)[: size.orders]
    again = random.choice(size.customers, size.orders - len(first), p=weights / weights.sum())
    who = np.concatenate([first, again])
    placed = _moments(random, joined[who])
    paid = np.where(random.random(size.orders) < 0.94, placed + 1 + _waits(random, size.orders, _HOUR // 3), -1)
    cancelled = np.where((paid < 0) & (random.random(size.orders) < 0.7), placed + _DAY, -1)
    refund = (paid >= 0) & (random.random(size.orders) < 0.08)
    refunded = np.where(refund, paid + 1 + _waits(random, size.orders, 5 * _DAY), -1)
    cents = np.minimum(np.exp(random.normal(9.6, 1.0, size.orders)).astype(np.int64) + 100, 5_000_000)
    order = np.argsort(placed, kind="stable")
    return pl.DataFrame(
        {
            "order": "o" + pl.Series(np.arange(size.orders)).cast(pl.String).str.zfill(9),
            "customer": ids.gather(who[order]),
            "placed_at": _instants(placed[order]),
            "paid_at": _instants(paid[order]),
            "cancelled_at": _instants(cancelled[order]),
            "refunded_at": _instants(refunded[order]),
            "amount": _money(cents[order]),
            "category": _words(_tastes(random, who)[order], CATEGORIES),
            "channel": _words(random.integers(0, 3, size.orders), ("app", "web", "live")),
        }
    )


def _events(random: np.random.Generator, size: Size, ids: pl.Series, joined: Ints, weights: Floats) -> pl.DataFrame:
    lengths = random.geometric(0.25, size.events // 3 + 10)
    ends = np.cumsum(lengths)
    burst = np.minimum(np.searchsorted(ends, np.arange(size.events), side="right"), len(lengths) - 1)
    interest = weights + 2
    visitor = random.choice(size.customers, len(lengths), p=interest / interest.sum())
    who = visitor[burst]
    at = _moments(random, joined[visitor])[burst] + _waits(random, size.events, 12 * _HOUR)
    kind = random.choice(len(KINDS), size.events, p=_KIND_SHARES).astype(np.uint8)
    written = kind >= KINDS.index("message")
    channel = np.where(written, random.choice(3, size.events, p=(0.6, 0.3, 0.1)), 3)
    products = tuple(f"p{number:05d}" for number in range(5_000))
    product = np.minimum(random.zipf(1.3, size.events) - 1, len(products) - 1)
    order = np.argsort(at, kind="stable")
    return pl.DataFrame(
        {
            "customer": ids.gather(who[order]),
            "kind": _words(kind[order], KINDS),
            "at": _instants(at[order]),
            "product": _words(product[order], products),
            "channel": _words(channel[order], ("email", "sms", "im", "shop")),
        }
    )


def _moments(random: np.random.Generator, since: Ints) -> Ints:
    """An instant of the three years, not before the day of each of `since`; one in twelve on a sale day, most late."""
    first = np.maximum(since - _START, 0) // _DAY
    day = first + (random.random(len(since)) * (_DAYS - first)).astype(np.int64)
    sale = random.choice(_SALE_DAYS, len(since))
    day = np.where((random.random(len(since)) < 1 / 12) & (sale >= first), sale, day)
    return _START + day * _DAY + (random.beta(3.0, 1.6, len(since)) * (_DAY - 1)).astype(np.int64)


def _waits(random: np.random.Generator, count: int, mean: int) -> Ints:
    return (random.exponential(mean, count)).astype(np.int64)


def _tastes(random: np.random.Generator, who: Ints) -> Ints:
    """A category for each order: two in three of the customer's own, the rest by popularity."""
    popularity = 1 / np.arange(1, len(CATEGORIES) + 1)
    any_of = random.choice(len(CATEGORIES), len(who), p=popularity / popularity.sum())
    own = (who * 2_654_435_761 >> 7) % len(CATEGORIES)
    return np.where(random.random(len(who)) < 2 / 3, own, any_of)


def _instants(micros: Ints) -> pl.Series:
    """Instants; a negative number stands for none."""
    series = pl.Series(micros)
    return series.set(series < 0, None).cast(pl.Datetime("us", "UTC"))


def _money(cents: Ints) -> pl.Series:
    hundred = pl.Series([100], dtype=pl.Decimal(18, 2))
    return (pl.Series(cents).cast(pl.Decimal(18, 2)) / hundred).cast(pl.Decimal(18, 2))


def _words(codes: NDArray[np.integer], words: tuple[str, ...]) -> pl.Series:
    return pl.Series(words, dtype=pl.Enum(words)).gather(codes)
