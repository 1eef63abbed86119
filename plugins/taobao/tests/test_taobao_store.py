"""The store after several runs, while the shop goes on: what the fake says is true, row for row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest
from rulecrm_taobao import rulecrm_platforms
from rulecrm_taobao.fake import TaobaoServer
from rulecrm_taobao.settings import Settings

from rulecrm import sync
from rulecrm.intake.accounts import Account
from rulecrm.lake import FactStore
from rulecrm.plugin import PlatformContext, read_settings
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import KEYS

KEYED = ("order", "customer", "product", "event")


def stored(store: FactStore, frame: str, columns: set[str]) -> dict[tuple[object, ...], Mapping[str, object]]:
    found = store.scan(frame)
    assert found is not None
    rows = found.collect().iter_rows(named=True)
    return {
        tuple(row[name] for name in KEYS[frame]): {name: row[name] for name in columns if row.get(name) is not None}
        for row in rows
    }


def named(name: str, value: object) -> object:
    return f"shop:{value}" if name in KEYED else value


@pytest.mark.parametrize("access", ["crm", "trade"])
def test_the_store_equals_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: str) -> None:
    (platform,) = rulecrm_platforms()
    with TaobaoServer(Market(FakeClock()), access=access) as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        given = {name: one for name, one in fake.settings().items() if name != "use"}
        settings = read_settings({**given, "timeout": 0.5, "page_size": 5, "per_second": 1e3}, Settings, where="[shop]")
        account = Account("shop", platform, settings)
        clock, store = fake.market.clock, FactStore.open(tmp_path / "shop", create=True)
        context = PlatformContext(clock.now, clock.sleep, lambda: 0.5, tokens=tmp_path / "shop.json")
        for day in range(4):
            fake.market.live(3)
            fake.stirring = day % 2
            if day == 2:
                fake.expire()
                fake.fail(Fault.BROKEN, calls=3)
            sync(account, store, context=context)
        fake.stirring = 0
        clock.move(dt.timedelta(hours=1))
        (done,) = sync(account, store, context=context)
        assert done.stopped is None
        for frame, rows in fake.truth().items():
            columns = {name for row in rows for name in row}
            expected = {
                tuple(named(name, row[name]) for name in KEYS[frame]): {
                    name: named(name, one) for name, one in row.items() if one is not None
                }
                for row in rows
            }
            assert stored(store, frame, columns) == expected
