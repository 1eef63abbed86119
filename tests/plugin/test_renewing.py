"""Tokens that are renewed: kept before they are used, and never those of other settings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from rulecrm.plugin import NO_SECRET, Secret, StoppedError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens


class Shop:
    """A platform that takes one access token at a time, and each refresh token once."""

    def __init__(self, path: Path) -> None:
        self.path, self.good, self.refresh, self.number = path, "access-0", "refresh-0", 0
        self.calls: list[str] = []
        self.kept_at_use: list[str] = []

    async def call(self, token: str) -> str:
        await asyncio.sleep(0)
        self.calls.append(token)
        if token != self.good:
            raise StaleTokenError("no such token")
        self.kept_at_use.append(self.path.read_text() if self.path.exists() else "")
        return "done"

    async def renew(self, refresh: str) -> Tokens:
        if refresh != self.refresh:
            raise StoppedError("refresh token used up")
        self.number += 1
        self.good, self.refresh = f"access-{self.number}", f"refresh-{self.number}"
        return Tokens(self.good, self.refresh)

    def token(self) -> RenewedToken:
        return RenewedToken(Secret("env:SHOP_ACCESS"), Secret("env:SHOP_REFRESH"), self.path, self.renew)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("SHOP_ACCESS", "access-0")
    monkeypatch.setenv("SHOP_REFRESH", "refresh-0")
    return Shop(tmp_path / "tokens" / "shop.json")


def test_a_good_token_is_used_and_nothing_is_written(shop: Shop) -> None:
    assert asyncio.run(shop.token().used(shop.call)) == "done"
    assert shop.calls == ["access-0"]
    assert not shop.path.exists()


def test_a_new_one_is_kept_before_it_is_used_and_found_by_the_next_run(shop: Shop) -> None:
    shop.good = "elsewhere"
    asyncio.run(shop.token().used(shop.call))
    (kept,) = shop.kept_at_use
    assert {"access-1", "refresh-1"} <= set(json.loads(kept).values())
    asyncio.run(shop.token().used(shop.call))
    assert shop.calls == ["access-0", "access-1", "access-1"]


def test_many_that_are_refused_at_once_renew_once(shop: Shop) -> None:
    async def many(token: RenewedToken) -> None:
        await asyncio.gather(*(token.used(shop.call) for _ in range(5)))

    shop.good = "elsewhere"
    asyncio.run(many(shop.token()))
    assert shop.number == 1


def test_tokens_of_a_new_authorisation_come_before_kept_ones(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.good = "elsewhere"
    asyncio.run(shop.token().used(shop.call))
    monkeypatch.setenv("SHOP_ACCESS", "access-new")
    shop.good = "access-new"
    assert asyncio.run(shop.token().used(shop.call)) == "done"
    assert shop.calls[-1] == "access-new"


def test_without_a_refresh_token_it_stops(shop: Shop) -> None:
    shop.good = "elsewhere"
    token = RenewedToken(Secret("env:SHOP_ACCESS"), NO_SECRET, shop.path, shop.renew)
    with pytest.raises(StoppedError, match="authorise"):
        asyncio.run(token.used(shop.call))


def test_a_new_token_that_is_refused_stops_it_and_no_token_is_told(shop: Shop) -> None:
    async def never(token: str) -> str:
        raise StaleTokenError("no such token")

    with pytest.raises(StoppedError) as stopped:
        asyncio.run(shop.token().used(never))
    assert "access-" not in str(stopped.value)
    assert shop.number == 1


def test_where_tokens_cannot_be_kept_none_is_used_up(shop: Shop) -> None:
    shop.good = "elsewhere"
    shop.path.parent.write_text("a file where the directory should be")
    with pytest.raises(StoppedError, match="kept"):
        asyncio.run(shop.token().used(shop.call))
    assert shop.number == 0


def test_only_a_refresh_token_is_enough(shop: Shop) -> None:
    token = RenewedToken(NO_SECRET, Secret("env:SHOP_REFRESH"), None, shop.renew)
    assert asyncio.run(token.used(shop.call)) == "done"
    assert "access" not in repr(token)
