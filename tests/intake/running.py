"""Syncing a mall: accounts, runs, and what the store then has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from rulecrm.intake import Account, Synced, sync
from rulecrm.lake import FactStore
from rulecrm.plugin import PlatformContext, Row
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from tests.intake.mall import Mall, MallSettings, platform

START = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
KEYS = {"orders": ["order"], "items": ["order", "item"], "customers": ["customer"]}
PREFIXED = ("order", "customer", "product")


def a_mall(days: float = 4, a_day: int = 8) -> Mall:
    market = Market(FakeClock(START), a_day=a_day, customers=9)
    market.live(days)
    return Mall(market)


def an_account(mall: Mall) -> Account:
    return Account("north", platform(mall), MallSettings())


def a_context(mall: Mall) -> PlatformContext:
    clock = mall.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5)


def run(mall: Mall, store: FactStore) -> Synced:
    (done,) = sync(an_account(mall), store, context=a_context(mall))
    for tally in done.tallies.values():
        assert tally.received == tally.stored + tally.unchanged + tally.quarantined
    return done


def _said(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: f"north:{value}" if name in PREFIXED and value is not None else value
        for name, value in row.items()
        if value is not None
    }


def expected(rows: Mapping[str, Iterable[Row]]) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    found: dict[str, dict[tuple[object, ...], dict[str, object]]] = {}
    for frame, keys in KEYS.items():
        for row in map(_said, rows[frame]):
            key = tuple(row[name] for name in keys)
            before = found.setdefault(frame, {}).get(key)
            if before is None or before["changed_at"] <= row["changed_at"]:  # type: ignore[operator]
                found[frame][key] = row
    return found


def stored(store: FactStore) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    found = {}
    for frame, keys in KEYS.items():
        scan = store.scan(frame)
        assert scan is not None
        rows = scan.drop("origin", "learnt_at", "shop", "platform_key", strict=False).collect()
        found[frame] = {
            tuple(row[name] for name in keys): {name: value for name, value in row.items() if value is not None}
            for row in rows.iter_rows(named=True)
        }
        assert len(found[frame]) == rows.height
    return found
