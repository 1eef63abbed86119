"""`rulecrm sync`, `store` and `link` with a platform that is installed as pip would leave it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugin.conftest import Install, Started

MALL = """
import datetime as dt
from decimal import Decimal
from attrs import frozen
from rulecrm.plugin import ALLOWED, Batch, PlatformType, Refused, Secret, StoppedError, hookimpl

AT = dt.datetime(2025, 11, 10, 12, tzinfo=dt.UTC)

@frozen
class Settings:
    token: Secret
    closed: bool = False

class Source:
    def __init__(self, settings):
        self.settings = settings

    async def pull(self, cursor, until):
        self.settings.token.reveal()
        orders = [
            {"order": name, "customer": name, "amount": Decimal("12.50"), "currency": "EUR", "paid_at": AT,
             "changed_at": AT, "status": "DONE"}
            for name in ("a", "b")
        ]
        people = [{"customer": name, "email": "one@example.com", "platform": "mall"} for name in ("a", "b")]
        lost = Refused("orders", "no amount", '{"order": "c"}', "page 1")
        yield Batch({"orders": orders, "customers": people}, {"since": "2025-11-10"}, [lost], {"a new status": 2}, AT)
        if self.settings.closed:
            raise StoppedError("the mall wants you to sign in")

    async def close(self):
        pass

class Plugin:
    @hookimpl
    def rulecrm_platforms(self):
        return [PlatformType("mall", lambda channel, purpose: ALLOWED, "a mall", Settings, lambda s, c: Source(s))]

plugin = Plugin()
"""

RECEIVED = "  orders: 3 received = {} stored + {} unchanged + 1 quarantined"


def _settings(folder: Path, more: str = "") -> None:
    (folder / "platforms.toml").write_text(f'[accounts.north]\nuse = "mall"\ntoken = "env:MALL_TOKEN"\n{more}', "utf-8")


def test_a_shop_is_synced_looked_at_and_linked(tmp_path: Path, install: Install, started: Started) -> None:
    install("rulecrm-mall", {"mall": "mall:plugin"}, mall=MALL)
    _settings(tmp_path)
    first = started("-m", "rulecrm", "sync", "--into", "shop", MALL_TOKEN="t")
    assert (first.returncode, first.stderr) == (0, "")
    said = first.stdout.splitlines()
    assert said[0] == "north: everything until 2025-11-10 12:00:00 UTC"
    assert RECEIVED.format(2, 0) in said
    assert "  2 times: a new status" in said
    again = started("-m", "rulecrm", "sync", "mall", "--into", "shop", "--format", "json", MALL_TOKEN="t")
    assert json.loads(again.stdout)[0]["frames"]["orders"] == {
        "received": 3, "stored": 0, "unchanged": 2, "quarantined": 1,
    }  # fmt: skip
    shown = started("-m", "rulecrm", "store", "show", "shop").stdout
    assert "  orders: 2\n" in shown
    assert "  in quarantine, orders: 1 where no amount\n" in shown
    assert '  north: reading goes on from {"since": "2025-11-10"}\n' in shown
    away = started("-m", "rulecrm", "store", "quarantine", "shop").stdout
    assert away == 'north, orders, page 1: no amount\n  {"order": "c"}\n'
    assert started("-m", "rulecrm", "link", "--match", "email", "--store", "shop").stdout == "new links: 1, known: 0\n"
    assert started("-m", "rulecrm", "link", "--store", "shop").stdout == "north:a: north:a, north:b\n"


def test_an_account_that_stops_says_why_and_a_secret_that_is_not_there_is_named(
    tmp_path: Path, install: Install, started: Started
) -> None:
    install("rulecrm-mall", {"mall": "mall:plugin"}, mall=MALL)
    _settings(tmp_path, "closed = true\n")
    stopped = started("-m", "rulecrm", "sync", "--into", "shop", MALL_TOKEN="t")
    assert stopped.returncode == 1
    assert "  stopped: the mall wants you to sign in\n" in stopped.stdout
    bare = started("-m", "rulecrm", "sync", "--into", "shop", MALL_TOKEN="")
    assert bare.returncode == 1
    assert "R480" in bare.stderr
    assert "env:MALL_TOKEN" in bare.stderr
    assert "Traceback" not in bare.stderr
