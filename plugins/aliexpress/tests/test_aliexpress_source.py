"""The source against fakes of both gateways: the contract kit, and what is AliExpress's own."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping

import pytest
from attrs import evolve
from rulecrm_aliexpress.fake import AliExpressServer, LegacyServer
from rulecrm_aliexpress.pacific import PACIFIC
from rulecrm_aliexpress.settings import Settings
from rulecrm_aliexpress.source import open_aliexpress

from rulecrm.plugin import LaterError, PlatformContext, StoppedError, read_settings
from rulecrm.plugin.gateways import PathAccount, PathGateway
from rulecrm.plugin.pulling import Patience
from rulecrm.plugin.wire import Wire
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import KEYS, Kept, Opener, PlatformFake, SourceContract, pull_into

LIST, ONE = "aliexpress.solution.order.get", "aliexpress.solution.order.info.get"
UTC = dt.UTC


def settings_of(server: PlatformFake, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in server.environment().items():
        monkeypatch.setenv(name, secret)
    given = {name: value for name, value in server.settings().items() if name != "use"}
    return read_settings(
        {**given, "timeout": 0.5, "page_size": 4, "since": "2025-11-10", **more}, Settings, where="[accounts.shop]"
    )


def context_of(server: PlatformFake) -> PlatformContext:
    clock = server.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop")


def asked(server: PlatformFake, method: str) -> list[Mapping[str, object]]:
    calls = [call.form() for call in server.requests if call.form().get("method") == method]
    return [json.loads(call["param0" if method == LIST else "param1"]) for call in calls]


Reader = Callable[..., Kept]


@pytest.fixture
def server() -> Iterator[AliExpressServer]:
    with AliExpressServer(Market(FakeClock(), currency="USD")) as one:
        yield one


@pytest.fixture
def read(server: AliExpressServer, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Read once more, from where it was."""

    def reader(kept: Kept, **more: object) -> Kept:
        context = context_of(server)
        source = open_aliexpress(settings_of(server, monkeypatch, **more), context)
        asyncio.run(pull_into(kept, source, context.now()))
        return kept

    return reader


def same(kept: Kept, server: AliExpressServer) -> bool:
    return kept.told() == {
        frame: {
            tuple(row[name] for name in KEYS[frame]): {name: one for name, one in row.items() if one is not None}
            for row in rows
        }
        for frame, rows in server.truth().items()
        if rows
    }


class TestOpenPlatform(SourceContract):
    days = 5.0

    @pytest.fixture
    def fake(self, server: AliExpressServer) -> AliExpressServer:
        return server

    @pytest.fixture
    def opener(self, fake: AliExpressServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_of(fake, monkeypatch)
        return lambda context: open_aliexpress(settings, context)


class TestLegacy(SourceContract):
    days = 5.0

    @pytest.fixture
    def fake(self) -> Iterator[LegacyServer]:
        with LegacyServer(Market(FakeClock(), currency="USD")) as one:
            yield one

    @pytest.fixture
    def opener(self, fake: LegacyServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_of(fake, monkeypatch)
        return lambda context: open_aliexpress(settings, context)


def test_ended_orders_are_asked_for_alone_and_told_from_those_whose_money_is_under_way(
    server: AliExpressServer, read: Reader
) -> None:
    server.market.live(9)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept())
    lists = asked(server, LIST)
    assert {query.get("order_status") for query in lists} == {None, "FINISH"}
    assert not any("order_status_list" in query for query in lists)
    assert {"FINISH", "FUND_PROCESSING"} <= {row["status"] for row in kept.rows["orders"].values()}


def test_what_the_list_tells_whole_is_not_asked_for_again(server: AliExpressServer, read: Reader) -> None:
    server.market.live(1)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept())
    unpaid = {row["order"] for row in kept.rows["orders"].values() if row["status"] == "PLACE_ORDER_SUCCESS"}
    details = [str(query["order_id"]) for query in asked(server, ONE)]
    assert unpaid
    assert not unpaid & set(details)
    assert len(details) == len(set(details))


@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize("bare", [True, False])
def test_whether_bounds_are_within_and_lists_are_wrapped_makes_no_difference(
    server: AliExpressServer, read: Reader, within: bool, bare: bool
) -> None:
    server.orders.within, server.orders.bare = within, bare
    server.market.clock.instant = dt.datetime(2025, 11, 10, 3, 0, tzinfo=UTC)
    server.market.live(3)
    bound = dt.datetime(2025, 11, 12, tzinfo=UTC)  # of a window, as days from `since` on are windows
    server.market.put(evolve(server.market.trades[0], changed_at=bound))
    kept = read(Kept())
    server.market.clock.move(dt.timedelta(hours=1))
    assert same(read(kept), server)


def test_pages_are_read_from_the_last_to_the_first(server: AliExpressServer, read: Reader) -> None:
    server.market.live(1)
    server.market.clock.move(dt.timedelta(hours=1))
    kept = read(Kept(), page_size=2)
    first = asked(server, LIST)[2]["modified_date_start"]  # of the second window; in the first nothing happened
    pages = [
        query["current_page"] for query in asked(server, LIST)
        if query["modified_date_start"] == first and "order_status" not in query
    ]  # fmt: skip
    assert len(pages) > 3
    assert pages == [1, *range(len(pages) - 1, 0, -1)]
    assert same(kept, server)


def test_nothing_personal_is_kept_unless_it_is_asked_for(server: AliExpressServer, read: Reader) -> None:
    server.market.live(2)
    server.market.clock.move(dt.timedelta(hours=1))
    told = repr(read(Kept()).rows)
    assert "Buyer 1" not in told
    assert "2065550100" not in told
    assert "Pine" not in told
    server.spoil()
    kept = read(Kept())
    assert kept.refused
    assert "Buyer" not in kept.refused[0].original
    row = next(row for row in read(Kept(), personal=True).rows["customers"].values() if "phone" in row)
    assert row["phone"] == "+12065550100"
    assert str(row["nick"]).startswith("Buyer ")


@pytest.mark.parametrize("minutes", [10, 17])
def test_an_hour_that_is_there_twice_loses_nothing(server: AliExpressServer, read: Reader, minutes: int) -> None:
    market = server.market
    market.clock.instant, market.a_day = dt.datetime(2025, 11, 2, 5, 0, tzinfo=UTC), 480
    kept = Kept()
    while market.clock.now() < dt.datetime(2025, 11, 2, 12, 0, tzinfo=UTC):
        market.live(minutes / 1440)
        kept = read(kept, since="2025-11-02", page_size=20, overlap_minutes=5)
    market.clock.move(dt.timedelta(hours=1))
    kept = read(kept, page_size=20, overlap_minutes=5)
    true = {row["order"]: row for row in server.truth()["orders"]}
    found = {row["order"]: row for row in kept.rows["orders"].values()}
    assert set(found) == set(true)
    twice = 0
    for order, row in true.items():
        assert found[order]["status"] == row["status"]
        for name, instant in row.items():
            if isinstance(instant, dt.datetime):
                there = found[order][name]
                assert isinstance(there, dt.datetime)
                assert there.astimezone(PACIFIC).replace(tzinfo=None) == instant.astimezone(PACIFIC).replace(
                    tzinfo=None
                )
                twice += there != instant
    assert twice, "no instant was open: the test tries nothing"


def test_an_hour_that_is_skipped_loses_nothing(server: AliExpressServer, read: Reader) -> None:
    market = server.market
    market.clock.instant, market.a_day = dt.datetime(2025, 3, 9, 7, 0, tzinfo=UTC), 240
    kept = Kept()
    for _ in range(12):
        market.live(0.5 / 24)
        kept = read(kept, since="2025-03-08", page_size=20)
    market.clock.move(dt.timedelta(hours=1))
    assert same(read(kept, page_size=20), server)


def test_an_order_whose_details_are_not_given_comes_as_the_list_has_it(server: AliExpressServer, read: Reader) -> None:
    server.market.live(2)
    server.market.clock.move(dt.timedelta(hours=1))
    order = next(trade.order for trade in server.market.trades if trade.stage != "placed")
    server.orders.withheld.add(order)
    kept = read(Kept())
    row = kept.rows["orders"][order,]
    assert row["amount"] == next(one["amount"] for one in server.truth()["orders"] if one["order"] == order)
    assert "country" not in row
    assert kept.remarks["details of an order were not given"] == 1


def test_a_ban_for_hours_ends_the_run_and_says_until_when(server: AliExpressServer, read: Reader) -> None:
    server.ban = 7200
    server.fail(Fault.THROTTLED)
    with pytest.raises(LaterError) as later:
        read(Kept())
    assert later.value.after == server.market.clock.now() + dt.timedelta(hours=2)


@pytest.mark.parametrize("seconds", [-1800, 90, 600])
def test_a_clock_that_is_minutes_off_loses_nothing(
    server: AliExpressServer, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    clock, kept = server.market.clock, Kept()
    context = PlatformContext(lambda: clock.now() + dt.timedelta(seconds=seconds), clock.sleep, lambda: 0.5, "shop")
    for _ in range(12):
        server.market.live(0.2)
        source = open_aliexpress(settings_of(server, monkeypatch), context)
        asyncio.run(pull_into(kept, source, context.now()))
    clock.move(dt.timedelta(hours=1))
    asyncio.run(pull_into(kept, open_aliexpress(settings_of(server, monkeypatch), context), context.now()))
    assert same(kept, server)


def test_a_clock_that_is_hours_off_stops_it_with_the_reason(server: AliExpressServer, read: Reader) -> None:
    server.skew = dt.timedelta(hours=3)
    with pytest.raises(StoppedError, match="timestamp"):
        read(Kept())


def test_the_fake_takes_the_token_by_either_name(server: AliExpressServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(server, monkeypatch)
    account = PathAccount(settings.app_key, settings.app_secret, settings.access_token, settings.refresh_token)

    async def ask(session: str) -> Mapping[str, object]:
        context, wire = context_of(server), Wire("AliExpress", server.url, 5.0)
        gateway = PathGateway("AliExpress", wire, account, context, Patience(), session=session)
        try:
            return await gateway.call(LIST, {"param0": '{"current_page": 1, "page_size": 1}'})
        finally:
            await gateway.close()

    for session in ("session", "access_token"):
        assert "aliexpress_solution_order_get_response" in asyncio.run(ask(session))
    with pytest.raises(StoppedError, match="not known"):
        asyncio.run(ask("token"))


@pytest.mark.parametrize(
    ("setting", "value"), [("gateway", "top"), ("since", "yesterday"), ("overlap_minutes", 1), ("page_size", 0)]
)
def test_a_setting_that_is_wrong_is_named(
    server: AliExpressServer, monkeypatch: pytest.MonkeyPatch, setting: str, value: object
) -> None:
    with pytest.raises(Exception, match=setting):
        settings_of(server, monkeypatch, **{setting: value})
