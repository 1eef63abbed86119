"""The source against a fake of the platform: the contract kit, and what is Lazada's own."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import pytest
from attrs import evolve
from rulecrm_lazada.fake import LazadaServer
from rulecrm_lazada.fields import instant
from rulecrm_lazada.returns import Returns
from rulecrm_lazada.settings import COUNTRIES, Settings
from rulecrm_lazada.source import open_lazada

from rulecrm.plugin import PlatformContext, StoppedError, read_settings
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import KEYS, Kept, Opener, SourceContract, pull_into

LIST, ITEMS = "/rest/orders/get", "/rest/orders/items/get"


def settings_of(server: LazadaServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in server.environment().items():
        monkeypatch.setenv(name, secret)
    given = {name: value for name, value in server.settings().items() if name != "use"}
    return read_settings(
        {**given, "timeout": 0.5, "page_size": 7, "since": "2025-11-01", **more}, Settings, where="[accounts.shop]"
    )


Reader = Callable[..., Kept]


@pytest.fixture
def server() -> Iterator[LazadaServer]:
    with LazadaServer(Market(FakeClock(), currency="SGD")) as one:
        yield one


@pytest.fixture
def read(server: LazadaServer, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Read once more, from where it was."""

    def reader(kept: Kept, **more: object) -> Kept:
        clock = server.market.clock
        context = PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop")
        source = open_lazada(settings_of(server, monkeypatch, **more), context)
        asyncio.run(pull_into(kept, source, context.now()))
        return kept

    return reader


def same(kept: Kept, server: LazadaServer) -> bool:
    return kept.told() == {
        frame: {
            tuple(row[name] for name in KEYS[frame]): {name: one for name, one in row.items() if one is not None}
            for row in rows
        }
        for frame, rows in server.truth().items()
        if rows
    }


class TestLazadaSource(SourceContract):
    @pytest.fixture
    def fake(self, server: LazadaServer) -> LazadaServer:
        return server

    @pytest.fixture
    def opener(self, fake: LazadaServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_of(fake, monkeypatch)
        return lambda context: open_lazada(settings, context)


def test_a_unit_is_an_item_and_units_add_up_to_what_was_paid(server: LazadaServer, read: Reader) -> None:
    server.market.live(5)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept())
    assert {row["quantity"] for row in kept.rows["items"].values()} == {1}
    several = [trade for trade in server.market.trades if trade.quantity > 1]
    assert several
    for trade in several:
        units = [row for key, row in kept.rows["items"].items() if key[0] == trade.order]
        assert len(units) == trade.quantity
        amounts = [row["amount"] for row in units]
        assert sum(amounts, Decimal(0)) == trade.amount - trade.shipping_fee


def test_items_of_many_orders_are_asked_for_at_once(server: LazadaServer, read: Reader) -> None:
    server.market.live(9)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept(), page_size=100)
    assert same(kept, server)
    lists, items = ([call for call in server.requests if call.path == path] for path in (LIST, ITEMS))
    assert len(kept.rows["orders"]) > 100
    assert len(lists) <= 3
    assert len(items) <= 5
    assert {call.method for call in lists} == {"GET"}


@pytest.mark.parametrize("within", [True, False])
def test_more_orders_of_one_second_than_a_page_has_all_come(server: LazadaServer, read: Reader, within: bool) -> None:
    server.within = within
    server.market.live(4)
    at = server.market.clock.now().replace(microsecond=0) - dt.timedelta(hours=3)
    for trade in server.market.trades[:30]:
        server.market.put(evolve(trade, changed_at=at))
    server.market.clock.move(dt.timedelta(hours=1))
    assert same(read(Kept()), server)
    offsets = {int(call.query["offset"]) for call in server.requests if call.path == LIST}
    assert max(offsets) > 7


@pytest.mark.parametrize("within", [True, False])
def test_whether_bounds_are_within_makes_no_difference(server: LazadaServer, read: Reader, within: bool) -> None:
    server.within = within
    server.market.live(3)
    kept = read(Kept())
    server.market.live(1)
    kept = read(kept)
    server.market.clock.move(dt.timedelta(hours=1))
    assert same(read(kept), server)


@pytest.mark.parametrize("seconds", [-1800, 90, 600])
def test_a_clock_that_is_minutes_off_loses_nothing(
    server: LazadaServer, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    clock, kept = server.market.clock, Kept()
    context = PlatformContext(lambda: clock.now() + dt.timedelta(seconds=seconds), clock.sleep, lambda: 0.5, "shop")
    for _ in range(12):
        server.market.live(0.2)
        source = open_lazada(settings_of(server, monkeypatch), context)
        asyncio.run(pull_into(kept, source, context.now()))
    clock.move(dt.timedelta(hours=1))
    asyncio.run(pull_into(kept, open_lazada(settings_of(server, monkeypatch), context), context.now()))
    assert same(kept, server)


def test_orders_in_another_order_than_was_asked_for_stop_it(server: LazadaServer, read: Reader) -> None:
    server.orderly = False
    server.market.live(6)
    server.market.clock.move(dt.timedelta(hours=1))
    with pytest.raises(StoppedError, match="order"):
        read(Kept())


def test_nothing_personal_is_kept_unless_it_is_asked_for(server: LazadaServer, read: Reader) -> None:
    server.market.live(2)
    server.market.clock.move(dt.timedelta(hours=1))
    server.spoil()
    kept = read(Kept())
    told = repr(kept.rows) + "".join(one.original for one in kept.refused)
    assert kept.refused
    for word in ("Buyer", "leonie", "65****70", "ring twice"):
        assert word not in told
    (nick, *_) = [row["nick"] for row in read(Kept(), personal=True).rows["customers"].values()]
    assert str(nick).startswith("Buyer ")


def test_units_that_went_different_ways_are_told_apart(server: LazadaServer, read: Reader) -> None:
    server.market.live(20)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept())
    mixed = [row for row in kept.rows["orders"].values() if "," in str(row["status"])]
    assert mixed
    for row in mixed:
        words = {one["status"] for key, one in kept.rows["items"].items() if key[0] == row["order"]}
        assert set(str(row["status"]).split(",")) == words


@pytest.mark.parametrize("heeds_order", [True, False])
def test_what_was_paid_back_is_in_whole_units_of_the_currency(
    server: LazadaServer, read: Reader, heeds_order: bool
) -> None:
    server.heeds_order = heeds_order
    server.market.live(12)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept())
    back = [trade for trade in server.market.trades if trade.stage == "refunded"]
    assert {trade.refund_amount == trade.amount for trade in back} == {True, False}
    for trade in back:
        row = kept.rows["orders"][trade.order,]
        assert (row["refunded_at"], row["refund_amount"]) == (trade.refunded_at, trade.refund_amount)
    assert not [
        row for row in kept.rows["orders"].values() if row.get("refunded_at") and "returned" not in str(row["status"])
    ]


@pytest.mark.parametrize(("code", "amount"), [("vn", "67600"), ("id", "676.00"), ("sg", "676.00")])
def test_refunds_are_told_in_hundredths_but_in_vietnam(code: str, amount: str) -> None:
    line = {"reverse_order_line_id": 1, "reverse_status": "REFUND_SUCCESS", "refund_amount": 67600,
            "return_order_line_gmt_modified": 1662430296000, "buyer": {"buyer_id": 1001}}  # fmt: skip

    class Gateway:
        async def call(self, api: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
            return {"result": {"items": [], "total": 0}}

    returns = Returns(Gateway(), code, COUNTRIES[code])
    (row,), refused = asyncio.run(returns.rows([{"trade_order_id": 7, "reverse_order_lines": [line]}]))
    assert not refused
    at = dt.datetime(2022, 9, 6, 2, 11, 36, tzinfo=dt.UTC)
    assert row == {"order": "7", "refunded_at": at, "refund_amount": Decimal(amount), "customer": "1001"}


def test_without_the_permission_for_refunds_orders_come_alone(server: LazadaServer, read: Reader) -> None:
    server.market.live(3)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept(), refunds=False)
    assert len(kept.rows["orders"]) == len(server.market.trades)
    assert not [call for call in server.requests if "reverse" in call.path]


@pytest.mark.parametrize(
    "told", ["2018-02-09T22:44:30+08:00", "2018-02-09 22:44:30 +0800", "1518187470000", "2018-02-09 22:44:30"]
)
def test_times_are_read_in_each_way_they_are_written(told: str) -> None:
    zone = COUNTRIES["sg"].zone
    assert instant(told, "created_at", zone) == dt.datetime(2018, 2, 9, 14, 44, 30, tzinfo=dt.UTC)
    assert instant("null", "created_at", zone) is instant("", "created_at", zone) is None
    with pytest.raises(ValueError, match="created_at") as error:
        instant("yesterday", "created_at", zone)
    assert "yesterday" not in str(error.value)


@pytest.mark.parametrize(("setting", "value"), [("country", "jp"), ("since", "yesterday"), ("page_size", 101)])
def test_a_setting_that_is_wrong_is_named(
    server: LazadaServer, monkeypatch: pytest.MonkeyPatch, setting: str, value: object
) -> None:
    with pytest.raises(Exception, match=setting):
        settings_of(server, monkeypatch, **{setting: value})
