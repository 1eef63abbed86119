"""Campaigns: a year replayed, and one more day of a shop whose campaigns are under way.

In: the setup. Out: tables. As a program: `python -m tests.benchmarks.campaigns CASE FOLDER` prints JSON.
Invariant: a backtest and the evaluation it is compared with both begin with facts that nothing was asked of; the day is
compared with an advance over all that came before it, by the same engine, with the same rules.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import polars as pl

import rulecrm
from tests.benchmarks import engine
from tests.benchmarks.setup import Setup
from tests.benchmarks.shop import AS_OF, CATEGORIES, Shop, open_shop, utc
from tests.benchmarks.table import OURS, Line, Table
from tests.benchmarks.timing import in_child

__all__ = ["FIVE", "TWENTY", "day", "run", "year"]

_STATUS = Path("/proc/self/status")
_DAY = dt.timedelta(days=1)
_TODAY = AS_OF - 20 * _DAY
"""An ordinary day; AS_OF is the end of the great sale."""

_HEAD = """
lifecycle relationship {
  start prospect
  prospect -> active on purchase
  active -> silent after 30d without purchase
  silent -> sleeping after 60d without purchase
  silent, sleeping -> active on purchase
}
segment worthy = sum(purchase.amount last 365d) >= 500 CNY
segment due = exists(purchase last 40d) and none(purchase last 30d) and count(purchase) >= 3
template words for sms "Hello"
template letter for email {
  subject "Hello"
  body "Hello"
}
policy {
  quiet 21:00..09:00
  at most 2 messages per 7d
  holdout 2%
}
"""

FIVE = engine.text_of(
    _HEAD
    + """
campaign first_month {
  enter on purchase when count(purchase) == 1
  control 10%
  send sms words
  wait 7d
  send email letter
  wait 16d
  if count(purchase since entry) >= 2 { send sms words } else { send email letter }
}
campaign unpaid {
  enter on order
  reenter after 1d
  wait until purchase up to 20m
  if none(purchase since entry) { send sms words }
}
campaign win_back {
  enter on relationship -> sleeping
  reenter after 180d
  exit on purchase
  send email letter
  wait 14d
  send sms words
}
campaign big_order {
  enter on purchase where amount >= 500 CNY when worthy
  reenter after 90d
  control 10%
  repeat up to 3 times every 30d until purchase { send email letter  measure after 10d }
}
campaign reminder {
  enter every day at 10:00 when due
  reenter after 60d
  send sms words
}
"""
)

TWENTY = engine.text_of(
    _HEAD
    + "".join(
        f"""
campaign after_purchase_{number} {{
  enter on purchase where amount >= {number * 20} CNY and category == "{CATEGORIES[number]}"
  reenter after {number + 30}d
  control 10%
  send sms words
  wait {number + 1}d
  send email letter
  wait until purchase up to {10 + number}d
  if count(purchase since entry) >= 2 {{ exit }}
  send sms words
}}
campaign asleep_{number} {{
  enter on relationship -> {"silent" if number % 2 else "sleeping"} when count(purchase) == {number}
  reenter after {90 + number}d
  exit on purchase
  wait {number}d
  send email letter
  split {{ 50% a {{ send sms words }} 30% b {{ tag "b" }} }}
}}
"""
        for number in range(1, 11)
    )
)


def run(setup: Setup) -> Table:
    """The year, the day, and the peak of the year."""
    shop = setup.shop()
    replayed, evaluated, decisions = year(shop)
    whole, daily, new = day(shop)
    found = [
        Line("365 days of 5 campaigns", OURS, replayed, note=f"{decisions:,} decisions"),
        Line(
            "365 days of 5 campaigns", "the 50 segments, once", evaluated, note="from facts that nothing was asked of"
        ),
        Line("one day of 20 campaigns", OURS, daily, note=f"{new:,} new orders"),
        Line("one day of 20 campaigns", "the 365 days before it", whole),
    ]
    if _STATUS.exists():
        peak = in_child("campaigns", "year", str(setup.folder))["megabytes"]
        found.append(Line("365 days of 5 campaigns", "peak", peak, "MB"))
    return Table("campaigns", "a year replayed, and a day more", tuple(found))


def year(shop: Shop) -> tuple[float, float, int]:
    """Seconds of a backtest of a year, of one evaluation of the 50 segments, and how many decisions were made."""
    rules, fifty = rulecrm.loads(FIVE), rulecrm.load(engine.FIFTY)
    began = perf_counter()
    done = rules.backtest(_facts(shop), AS_OF - 365 * _DAY, AS_OF)
    replayed = perf_counter() - began
    began = perf_counter()
    fifty.evaluate(_facts(shop), as_of=AS_OF).table()
    return replayed, perf_counter() - began, done.decisions.height


def day(shop: Shop) -> tuple[float, float, int]:
    """Seconds of an advance over a year, and over the day after it with its facts; how many orders are new."""
    rules = rulecrm.loads(TWENTY)
    before = shop.orders.filter(pl.col("placed_at") <= utc(_TODAY - _DAY))
    after = shop.orders.filter(pl.col("placed_at") <= utc(_TODAY))
    with tempfile.TemporaryDirectory() as folder:
        state = f"sqlite:///{folder}/crm.db"
        with rulecrm.Engine(rules, _of(shop, before), state=state, start=_TODAY - 366 * _DAY) as machine:
            began = perf_counter()
            machine.advance(_TODAY - _DAY)
            whole = perf_counter() - began
            machine.facts = _of(shop, after)
            began = perf_counter()
            machine.advance(_TODAY)
            return whole, perf_counter() - began, after.height - before.height


def _facts(shop: Shop) -> rulecrm.Facts:
    return engine.facts_of(shop)


def _of(shop: Shop, orders: pl.DataFrame) -> rulecrm.Facts:
    return rulecrm.Facts.from_frames(customers=shop.customers, orders=orders, currency="CNY")


def main() -> None:
    """Replay the year, and print the peak."""
    shop = open_shop(Path(sys.argv[2]))
    rulecrm.loads(FIVE).backtest(_facts(shop), AS_OF - 365 * _DAY, AS_OF)
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"megabytes": int(line.split()[1]) / 1024}) + "\n")


if __name__ == "__main__":
    main()
