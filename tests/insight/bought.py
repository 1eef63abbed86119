"""Small shops of purchases alone, and the same in plain Python: what the figures about repurchase are compared with.

Instants come from few days, some of them days on which the clock is changed, so that much falls on one instant, one day
or the edge of a window.
"""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import polars as pl
from attrs import frozen
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop

ZONES = ("America/New_York", "Asia/Shanghai", "Australia/Lord_Howe")
RULES = """
timezone "{zone}"
currency CNY

classify often "How often" {{
  more when count(purchase) >= 3
  twice when count(purchase) == 2
  once otherwise
}}

classify lately "How lately" {{
  now when exists(purchase last 10d)
  then otherwise
}}

lifecycle stay {{
  start new
  new -> back on purchase when count(purchase) >= 2
  new, back -> away after 30d without purchase
  away -> back on purchase
}}
"""

_START = dt.datetime(2025, 2, 27, tzinfo=dt.UTC)
_EDGES = (0, 1, 2, 5, 9, 10, 11, 32, 33, 37, 38, 45, 46, 55, 56, 90)
"""Days after the start: 9 and 10 March (clocks of New York), 5 and 6 April (of Lord Howe), and days around 45 later."""


@frozen
class Purchase:
    """One purchase; amounts are in whole cents."""

    customer: str
    order: str
    at: dt.datetime
    cents: int | None
    source: str | None


@frozen
class World:
    """A shop, T, and the rows that can be seen then."""

    zone: str
    purchases: tuple[Purchase, ...]
    now: dt.datetime

    @property
    def place(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def shop(self) -> Shop:
        orders = pl.DataFrame(
            {
                "order": [one.order for one in self.purchases],
                "customer": [one.customer for one in self.purchases],
                "paid_at": [one.at for one in self.purchases],
                "amount": [None if one.cents is None else Decimal(one.cents) / 100 for one in self.purchases],
                "source": [one.source for one in self.purchases],
            },
            schema={
                "order": pl.String,
                "customer": pl.String,
                "paid_at": pl.Datetime("us", "UTC"),
                "amount": pl.Decimal(18, 2),
                "source": pl.String,
            },
        )
        return Shop.of(rules_of(self.zone), rulecrm.Facts.from_frames(orders=orders), as_of=self.now)

    def seen(self, at: dt.datetime | None = None) -> dict[str, list[Purchase]]:
        """By customer, in order, up to T or another instant."""
        found: dict[str, list[Purchase]] = {}
        for one in sorted(self.purchases, key=lambda one: (one.at, one.order)):
            if one.at <= (at or self.now):
                found.setdefault(one.customer, []).append(one)
        return found

    def later(self, at: dt.datetime, days: int) -> dt.datetime:
        """So many days later on the wall clock."""
        if not days:
            return at
        wall = at.astimezone(self.place).replace(tzinfo=None) + dt.timedelta(days=days)
        return wall.replace(tzinfo=self.place).astimezone(dt.UTC)

    def day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.place).date()


@cache
def rules_of(zone: str) -> rulecrm.Rules:
    return rulecrm.loads(RULES.format(zone=zone))


@cache
def lines() -> pl.DataFrame:
    """CDNOW: a row a purchase."""
    return pl.read_parquet(io.BytesIO(files("rulecrm.demo").joinpath("cdnow.parquet").read_bytes()))


@cache
def _cdnow() -> tuple[rulecrm.Rules, rulecrm.Facts]:
    rules = rulecrm.loads(files("rulecrm.demo").joinpath("cdnow.rules").read_text("utf-8"), source="cdnow.rules")
    return rules, rulecrm.Facts.from_frames(orders=lines())


def cdnow(as_of: str) -> Shop:
    """CDNOW with the demo's rules."""
    return Shop.of(*_cdnow(), as_of=as_of)


@st.composite
def worlds(draw: st.DrawFn, *, most: int = 24) -> World:
    hours = st.tuples(st.sampled_from(_EDGES), st.integers(0, 47)).map(
        lambda pair: _START + dt.timedelta(days=pair[0], minutes=30 * pair[1])
    )
    pool = draw(st.lists(hours, min_size=2, max_size=12))
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.sampled_from(pool),
                st.sampled_from((None, 0, 1, 999, 10_000, 33_333)),
                st.sampled_from(("ad", "shop", None)),
            ),
            max_size=most,
        )
    )
    zone = draw(st.sampled_from(ZONES))
    now = draw(
        st.one_of(st.sampled_from(pool), hours, st.sampled_from(pool).map(lambda at: at + dt.timedelta(days=45)))
    )
    purchases = tuple(Purchase(f"c{who}", f"o{number:02}", *rest) for number, (who, *rest) in enumerate(rows))
    return World(zone, purchases, now)


def cents(amount: object) -> int | None:
    """Money of a figure, in cents, exactly."""
    if amount is None:
        return None
    assert isinstance(amount, Decimal)
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)
