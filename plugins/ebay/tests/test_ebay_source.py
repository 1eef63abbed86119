"""Orders through the Sell Fulfillment API, against the local fake: the contract kit, and what is eBay's own."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rulecrm_ebay.fake import EbayServer, ebay_market
from rulecrm_ebay.rows import rows_of
from rulecrm_ebay.settings import Settings
from rulecrm_ebay.source import open_ebay

from rulecrm.plugin import LaterError, PlatformContext, Secret, StoppedError
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.sources import Kept, Opener, SourceContract, pull_into


def settings_for(server: EbayServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in server.environment().items():
        monkeypatch.setenv(name, secret)
    given = {
        name: Secret(value) if isinstance(value, str) and value.startswith("env:") else value
        for name, value in server.settings().items()
        if name != "use"
    }
    return Settings(**given | {"since": "2025-11-01", "timeout": 0.5} | more)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[EbayServer]:
    with EbayServer(ebay_market(FakeClock())) as server:
        yield server


class TestEbay(SourceContract):
    @pytest.fixture
    def fake(self, server: EbayServer) -> EbayServer:
        return server

    @pytest.fixture
    def opener(self, fake: EbayServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_for(fake, monkeypatch)
        return lambda context: open_ebay(settings, context)


class TestBusySeller(TestEbay):
    """Pages that hold five orders: windows are halved until they fit."""

    days = 5.0

    @pytest.fixture
    def fake(self, server: EbayServer) -> EbayServer:
        server.page = 5
        return server


# --- what is eBay's own -----------------------------------------------------------------------------------------------


@pytest.fixture
def context(server: EbayServer, tmp_path: Path) -> PlatformContext:
    clock = server.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop", tmp_path / "tokens.json")


def read(kept: Kept, settings: Settings, context: PlatformContext) -> Kept:
    asyncio.run(pull_into(kept, open_ebay(settings, context), context.now()))
    return kept


def test_unpaid_orders_are_absent_until_they_are_paid(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    settings, kept, waited = settings_for(server, monkeypatch), Kept(), set[tuple[str]]()
    for _ in range(8):
        server.market.live(0.25)
        read(kept, settings, context)
        unpaid = {(one.order,) for one in server.market.trades if one.paid_at is None}
        assert not unpaid & set(kept.rows.get("orders", ()))
        waited |= unpaid
    server.market.clock.move(dt.timedelta(hours=1))
    read(kept, settings, context)
    assert waited & set(kept.rows["orders"])


@pytest.mark.parametrize("minutes", [-20, 20])
def test_clocks_that_differ_lose_nothing(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext, minutes: int
) -> None:
    server.skew = dt.timedelta(minutes=minutes)
    server.market.live(2)
    settings, kept = settings_for(server, monkeypatch), Kept()
    if minutes < 0:
        # By eBay's clock the window ends in the future: it is refused, in words.
        with pytest.raises(StoppedError, match=r"future.*clock"):
            read(kept, settings, context)
        return
    for _ in range(5):
        server.market.live(0.4)
        read(kept, settings, context)
    server.market.clock.move(dt.timedelta(hours=1))
    read(kept, settings, context)
    assert {key[0] for key in kept.rows["orders"]} == {one.order for one in server.market.trades if one.paid_at}


def test_a_change_that_ebay_shows_late_is_read_by_the_overlap(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(3)
    server.market.stir(99)
    latest = max((one for one in server.market.trades if one.paid_at), key=lambda one: one.changed_at)
    server.market.clock.move(dt.timedelta(minutes=10))
    server.hidden = {latest.order}
    settings = settings_for(server, monkeypatch)
    kept = read(Kept(), settings, context)
    assert (latest.order,) not in kept.rows["orders"]
    server.hidden = set()
    server.market.clock.move(dt.timedelta(minutes=15))
    assert (latest.order,) in read(kept, settings, context).rows["orders"]


def test_half_a_page_is_no_empty_one(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(3)
    settings = settings_for(server, monkeypatch)
    server.halves = 2
    whole = read(Kept(), settings, context)
    assert len(whole.rows["orders"]) > 15
    server.halves = 99
    with pytest.raises(LaterError, match="half a page"):
        read(Kept(), settings, context)


def test_shipments_are_asked_for_only_where_wanted_and_shipped(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(6)
    read(Kept(), settings_for(server, monkeypatch), context)
    asked = {one.path.split("/")[5] for one in server.requests if "shipping_fulfillment" in one.path}
    assert asked == {one.order for one in server.market.trades if one.shipped_at is not None}
    before = len(server.requests)
    kept = read(Kept(), settings_for(server, monkeypatch, shipments=False), context)
    assert not [one for one in server.requests[before:] if "shipping_fulfillment" in one.path]
    assert not [row for row in kept.rows["orders"].values() if "shipped_at" in row]


def test_personal_data_come_only_where_asked_for(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(4)
    plain = read(Kept(), settings_for(server, monkeypatch), context)
    told = json.dumps([dict(row) for frame in plain.rows.values() for row in frame.values()], default=str)
    for word in ("members.example.com", "2065550100", "Pine St", "Oak St", "Buyer buyer", "wrap it"):
        assert word not in told
    kept = read(Kept(), settings_for(server, monkeypatch, personal=True), context)
    for row in kept.rows["customers"].values():
        assert row["email"] == f"{row['customer']}@members.example.com"
        assert row["nick"] == f"Buyer {row['customer']}"
        assert row["phone"] == "2065550100"


def test_a_consent_that_was_withdrawn_stops_it_and_says_what_to_do(
    server: EbayServer, monkeypatch: pytest.MonkeyPatch, context: PlatformContext
) -> None:
    server.market.live(1)
    settings = settings_for(server, monkeypatch)
    monkeypatch.setenv("RULECRM_FAKE_EBAY_REFRESH", "withdrawn")
    with pytest.raises(StoppedError, match=r"invalid_grant.*consent"):
        read(Kept(), settings, context)


def test_an_order_is_read_as_it_is_told() -> None:
    money = lambda value: {"value": value, "currency": "GBP"}  # noqa: E731 - a word for the test
    order = {
        "orderId": "12-1-1", "lastModifiedDate": "2025-11-12T10:00:00.250Z", "orderPaymentStatus": "PARTIALLY_REFUNDED",
        "orderFulfillmentStatus": "IN_PROGRESS", "buyer": {"username": "ann"},
        "cancelStatus": {"cancelState": "IN_PROGRESS"},
        "pricingSummary": {
            "total": money("21.00"), "deliveryCost": money("5.00"), "deliveryDiscount": money("-4.00"),
            "priceDiscount": money("-1.00"),
        },
        "paymentSummary": {
            "payments": [{"paymentStatus": "PAID", "paymentDate": "2025-11-11T00:00:00.000Z"},
                         {"paymentStatus": "PENDING"}],
            "refunds": [
                {"refundStatus": "REFUNDED", "refundDate": "2025-11-12T09:00:00.000Z", "amount": money("2.00")},
                {"refundStatus": "REFUNDED", "refundDate": "2025-11-11T09:00:00.000Z", "amount": money("1.50")},
                {"refundStatus": "PENDING", "amount": money("7.00")},
            ],
        },
        "lineItems": [{"lineItemId": "1", "quantity": 3, "lineItemCost": money("10.00"),
                       "discountedLineItemCost": money("9.00")}],
    }  # fmt: skip
    rows = rows_of(order, [{"shippedDate": "2025-11-11T12:00:00.000Z"}])
    (row,), (item,) = rows.orders, rows.items
    assert row["status"] == "PARTIALLY_REFUNDED IN_PROGRESS IN_PROGRESS"
    assert row["paid_at"] is None  # not the whole of it
    assert row["shipped_at"] is None  # not the whole of it
    assert row["refund_amount"] == Decimal("3.50")
    assert row["refunded_at"] == dt.datetime(2025, 11, 12, 9, tzinfo=dt.UTC)
    assert (row["shipping_fee"], row["discount"]) == (Decimal("1.00"), Decimal("1.00"))
    assert (item["price"], item["amount"], item["discount"]) == (None, Decimal("9.00"), Decimal("1.00"))
    assert not rows.remarks
