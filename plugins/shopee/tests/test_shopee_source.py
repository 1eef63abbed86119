"""Orders and returns through the Open API, against the local fake: the contract kit, and what is Shopee's own."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rulecrm_shopee.api import signature
from rulecrm_shopee.fake import ShopeeServer, shopee_market
from rulecrm_shopee.rows import rows_of
from rulecrm_shopee.settings import Settings
from rulecrm_shopee.source import open_shopee

from rulecrm.plugin import LaterError, PlatformContext, Secret, StoppedError
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.sources import Kept, Opener, SourceContract, pull_into


def settings_for(server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in server.environment().items():
        monkeypatch.setenv(name, secret)
    given = {
        name: Secret(value) if isinstance(value, str) and value.startswith("env:") else value
        for name, value in server.settings().items()
        if name != "use"
    }
    return Settings(**given | {"since": "2025-11-01", "timeout": 0.5} | more)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[ShopeeServer]:
    with ShopeeServer(shopee_market(FakeClock())) as server:
        yield server


class TestShopee(SourceContract):
    @pytest.fixture
    def fake(self, server: ShopeeServer) -> ShopeeServer:
        return server

    @pytest.fixture
    def opener(self, fake: ShopeeServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_for(fake, monkeypatch)
        return lambda context: open_shopee(settings, context)


class TestBusyShop(TestShopee):
    """Pages that hold five orders: windows are halved until they fit."""

    days = 6.0

    @pytest.fixture
    def fake(self, server: ShopeeServer) -> ShopeeServer:
        server.page = 5
        return server


# --- what is Shopee's own ---------------------------------------------------------------------------------------------


@pytest.fixture
def context(server: ShopeeServer, tmp_path: Path) -> PlatformContext:
    clock = server.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop", tmp_path / "tokens.json")


def read(kept: Kept, settings: Settings, context: PlatformContext) -> Kept:
    asyncio.run(pull_into(kept, open_shopee(settings, context), context.now()))
    return kept


def test_a_call_is_signed_over_its_parts_one_behind_the_other() -> None:
    # printf '%s' '1/api/v2/shop/get_shop_info1610000000tok600000' | openssl dgst -sha256 -hmac key
    assert signature("key", "1", "/api/v2/shop/get_shop_info", "1610000000", "tok", "600000") == (
        "66c1e2042f3ea94e907299b6c1c799131a08b74c57e31407a49b9929395340dd"
    )


def test_the_parts_of_a_refund_are_summed_whenever_they_were_paid(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(25)
    kept = read(Kept(), settings_for(server, monkeypatch), context)
    twice = [one for one in server.market.trades if len(server._teller().returns(one)) == 2]
    assert twice
    for trade in twice:
        row = kept.rows["orders"][(trade.order,)]
        assert row["refund_amount"] == sum(
            (Decimal(str(one["refund_amount"])) for one in server._teller().returns(trade)), Decimal(0)
        )
        assert row["refunded_at"] == trade.refunded_at


def test_calls_that_are_used_up_are_waited_for_till_midnight_in_the_platforms_zone(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(1)
    server.used_up = True
    with pytest.raises(LaterError) as later:
        read(Kept(), settings_for(server, monkeypatch), context)
    assert later.value.after is not None
    assert context.now() < later.value.after <= context.now() + dt.timedelta(days=1)
    assert later.value.after.astimezone(dt.UTC).time() == dt.time(16)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_that_differ_lose_nothing(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext, minutes: int
) -> None:
    server.skew = dt.timedelta(minutes=minutes)
    settings, kept = settings_for(server, monkeypatch), Kept()
    for _ in range(6):
        server.market.live(0.4)
        read(kept, settings, context)
        server.market.stir()  # by a clock that is slow, this comes before what was just read
    server.market.clock.move(dt.timedelta(hours=1))
    read(kept, settings, context)
    assert {key[0] for key in kept.rows["orders"]} == {trade.order for trade in server.market.trades}


def test_an_order_whose_details_are_not_there_is_refused_and_the_others_come(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(3)
    server.lose(server.market.trades[3].order)
    kept = read(Kept(), settings_for(server, monkeypatch), context)
    assert {one.reason for one in kept.refused} == {"its details were not given"}
    assert (server.market.trades[3].order,) not in kept.rows["orders"]
    assert len(kept.rows["orders"]) > 10


def test_half_a_page_is_no_empty_one(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(3)
    settings = settings_for(server, monkeypatch)
    server.halves = 2
    whole = read(Kept(), settings, context)
    assert {key[0] for key in whole.rows["orders"]} >= {one.order for one in server.market.trades[:-3]}
    server.halves = 99
    with pytest.raises(LaterError, match="half a page"):
        read(Kept(), settings, context)


def test_tokens_are_renewed_and_outlive_a_run(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    settings, kept = settings_for(server, monkeypatch), Kept()
    for _ in range(4):
        server.market.live(0.5)  # longer than an access token lives
        read(kept, settings, context)
    renewals = [one for one in server.requests if one.path.endswith("access_token/get")]
    assert len(renewals) == 4
    assert len({one.body for one in renewals}) == 4  # each refresh token was used once


def test_a_key_that_is_wrong_stops_it_and_says_what_to_see_to(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(1)
    settings = settings_for(server, monkeypatch)
    monkeypatch.setenv("RULECRM_FAKE_SHOPEE_KEY", "another")
    with pytest.raises(StoppedError, match="partner_key"):
        read(Kept(), settings, context)


def test_what_shopee_does_not_tell_is_taken_from_the_last_change_only_where_asked_for(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(12)
    plain = read(Kept(), settings_for(server, monkeypatch), context)
    assert not [row for row in plain.rows["orders"].values() if {"cancelled_at", "completed_at"} & set(row)]
    guessed = read(Kept(), settings_for(server, monkeypatch, estimate=True), context)
    ends = {"cancelled": "cancelled_at", "completed": "completed_at"}
    for trade in server.market.trades:
        row = guessed.rows["orders"][(trade.order,)]
        for stage, name in ends.items():
            if trade.stage == stage:
                assert row[name] == trade.changed_at


def test_personal_data_come_where_asked_for_and_never_masked(
    server: ShopeeServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(6)
    plain = read(Kept(), settings_for(server, monkeypatch), context)
    assert "buyer_username" not in "".join(one.query.get("response_optional_fields", "") for one in server.requests)
    for row in plain.rows["orders"].values():
        assert "6012" not in str(row["original"])
    assert not [row for row in plain.rows["customers"].values() if {"nick", "phone"} & set(row)]
    kept = read(Kept(), settings_for(server, monkeypatch, personal=True), context)
    customers = kept.rows["customers"].values()
    assert [row for row in customers if row.get("phone")]
    assert all(row["nick"] == f"user{row['customer']}" for row in customers)
    assert not [row for row in customers if "*" in str(row.get("phone", ""))]


def test_lines_of_a_bundle_have_no_price_and_lines_that_are_alike_have_their_own_keys() -> None:
    line = {"item_id": 5, "model_id": 7, "order_item_id": 1, "model_quantity_purchased": 2, "item_name": "Soap 5*5"}
    bundle = line | {"promotion_type": "bundle_deal", "model_discounted_price": 0, "model_original_price": 10}
    order = {
        "order_sn": "A", "order_status": "SHIPPED", "update_time": 1_760_000_000, "currency": "VND",
        "total_amount": 32119, "buyer_user_id": 9, "item_list": [bundle, bundle],
    }  # fmt: skip
    rows = rows_of(order, None, "600000")
    assert [row["item"] for row in rows.items] == ["5-7-1", "5-7-1.2"]
    assert not [row for row in rows.items if {"price", "amount", "discount"} & set(row)]
    assert {row["title"] for row in rows.items} == {"Soap 5*5"}  # no mask
    assert rows.orders[0]["amount"] == Decimal(32119)
    assert rows.orders[0]["quantity"] == 4
