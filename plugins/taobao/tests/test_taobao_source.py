from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from rulecrm_taobao.fake import TaobaoServer
from rulecrm_taobao.fake.telling import oaid_of, ouid_of
from rulecrm_taobao.settings import Settings
from rulecrm_taobao.source import TaobaoSource

from rulecrm import RulesError
from rulecrm.plugin import NO_SECRET, LaterError, PlatformContext, StoppedError, read_settings
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import KEYS, Kept, Opener, SourceContract, pull_into

HOUR = dt.timedelta(hours=1)


def settings(fake: TaobaoServer, **more: object) -> Settings:
    given = {name: value for name, value in fake.settings().items() if name != "use"}
    return read_settings({**given, "timeout": 0.5, "per_second": 1000.0, **more}, Settings, where="[accounts.shop]")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[TaobaoServer]:
    with TaobaoServer(Market(FakeClock())) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def context(fake: TaobaoServer, tmp_path: Path) -> PlatformContext:
    clock = fake.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop", tmp_path / "shop.json")


def read(fake: TaobaoServer, context: PlatformContext, kept: Kept | None = None, **more: object) -> Kept:
    kept = Kept() if kept is None else kept
    asyncio.run(pull_into(kept, TaobaoSource(settings(fake, **more), context), context.now()))
    return kept


def settled(fake: TaobaoServer, context: PlatformContext, kept: Kept | None = None, **more: object) -> Kept:
    fake.stirring = 0
    fake.market.clock.move(HOUR)
    return read(fake, context, kept, **more)


def true(fake: TaobaoServer) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    return {
        frame: {
            tuple(row[name] for name in KEYS[frame]): {name: one for name, one in row.items() if one is not None}
            for row in rows
        }
        for frame, rows in fake.truth().items()
        if rows
    }


class TestTaobao(SourceContract):
    @pytest.fixture
    def fake(self, fake: TaobaoServer) -> TaobaoServer:
        return fake

    @pytest.fixture
    def opener(self, fake: TaobaoServer) -> Opener:
        return lambda context: TaobaoSource(settings(fake), context)


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "changes"), [(2, 1), (2, 4), (3, 2), (7, 5)])
def test_small_pages_that_shift_lose_nothing(
    fake: TaobaoServer, context: PlatformContext, size: int, changes: int
) -> None:
    fake.market.live(2)
    kept = settled(fake, context)
    fake.market.live(1.5)
    fake.stirring = changes
    read(fake, context, kept, page_size=size, ratings=False, members=False)
    pages = [one.whole("page_no", 1) for one in fake.gateway.asked if one.flag("use_has_next")]
    assert max(pages) > 2
    fake.stirring = 0
    # What had changed before the run is there now, and not only after the next one.
    assert kept.cursor is not None
    place = kept.cursor["trades"]
    assert isinstance(place, dict)
    end, orders = dt.datetime.fromisoformat(place["through"]), kept.rows["orders"]
    changed = {(one.order,): one.changed_at for one in fake.market.trades if one.changed_at < end}
    missing = [key for key, at in changed.items() if key not in orders or orders[key]["changed_at"] != at]
    assert not missing
    kept = settled(fake, context, kept)
    assert kept.told() == true(fake)


def test_the_last_page_is_found_by_the_total_and_read_first(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(1)
    read(fake, context, ratings=False, members=False, refunds=False, page_size=5)
    asked = [one for one in fake.gateway.asked if one.method == "taobao.trades.simple.sold.get"]
    full = [one for one in asked if one.instant("end_created") == asked[-1].instant("end_created")]
    assert not full[0].flag("use_has_next")
    assert all(one.flag("use_has_next") for one in full[1:])
    pages = [one.whole("page_no", 1) for one in full[1:]]
    assert pages == list(range(len(pages), 0, -1))
    assert len(pages) == 3


def test_no_window_of_changes_is_longer_than_a_day_and_every_type_is_named(
    fake: TaobaoServer, context: PlatformContext
) -> None:
    fake.market.live(1)
    kept = settled(fake, context)
    fake.market.live(5)
    settled(fake, context, kept)
    changed = [one for one in fake.gateway.asked if one.method.endswith("increment.get")]
    assert len(changed) > 5
    for one in changed:
        begin, end = one.instant("start_modified"), one.instant("end_modified")
        assert begin is not None
        assert end is not None
        assert end - begin <= dt.timedelta(days=1)
        assert {"fixed", "tmall_i18n", "eticket", "step", "cod", "lazada"} <= set(str(one.text("type")).split(","))


def test_a_window_that_holds_too_much_is_halved(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.a_day = 1300
    fake.market.live(0.5)
    kept = settled(fake, context, ratings=False, members=False, refunds=False)
    assert len(kept.rows["orders"]) == 650
    sizes: Counter[str] = Counter(
        str(one.instant("end_created")) for one in fake.gateway.asked if one.whole("page_no", 1) > 1
    )
    assert len(sizes) >= 2
    assert max(sizes.values()) <= 10  # pages of 50


def test_only_orders_that_are_listed_without_lines_are_asked_for_alone(
    fake: TaobaoServer, context: PlatformContext
) -> None:
    fake.market.live(4)
    read(fake, context, refunds=False)
    alone = {one.whole("tid", 0) for one in fake.gateway.asked if one.method == "taobao.trade.simple.get"}
    assert alone == {int(one.order) for one in fake.market.trades if one.number % 13 == 0}


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_refunds_in_several_parts_add_up_and_withdrawn_ones_do_not_count(
    fake: TaobaoServer, context: PlatformContext
) -> None:
    fake.market.live(12)
    kept = settled(fake, context)
    refunded = {one.order: one for one in fake.market.trades if one.refund_amount is not None}
    in_parts = [one for one in refunded.values() if one.number % 2]
    assert in_parts
    for number, trade in refunded.items():
        row = kept.rows["orders"][number,]
        assert (row["refund_amount"], row["refunded_at"]) == (trade.refund_amount, trade.refunded_at)
        assert row["amount"] == trade.amount
    withdrawn = [one for one in fake.market.trades if one.number % 7 == 0 and one.paid_at and not one.refunded_at]
    assert withdrawn
    assert all(kept.rows["orders"][one.order,]["refund_amount"] is None for one in withdrawn)


def test_a_refund_that_leaves_its_order_as_it_was_is_noticed(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(8)
    kept = settled(fake, context)
    fake.market.live(4)
    kept = settled(fake, context, kept)
    quiet = [one for one in fake.market.trades if one.refunded_at and len(one.lines) > 1 and one.number % 2 == 0]
    assert quiet
    assert all(kept.rows["orders"][one.order,]["refunded_at"] == one.refunded_at for one in quiet)


def test_a_refund_of_an_order_that_is_not_given_any_more_is_refused(
    fake: TaobaoServer, context: PlatformContext
) -> None:
    fake.market.live(8)
    kept = settled(fake, context)
    known = {one.order for one in fake.market.trades if one.refunded_at}
    fake.market.live(5)
    fake.forgotten = {one.order for one in fake.market.trades if one.refunded_at} - known
    assert fake.forgotten
    kept = settled(fake, context, kept)
    refused = {str(json.loads(one.original)["tid"]) for one in kept.refused}
    assert refused == fake.forgotten
    assert all("isv.trade-not-exist" in one.reason for one in kept.refused)


# --- who buys ---------------------------------------------------------------------------------------------------------


def test_other_applications_know_buyers_by_their_open_uid(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(9)
    fake.access, fake.oaid = "trade", True
    kept = settled(fake, context, access="trade", oaid=True)
    assert kept.told() == true(fake)
    last = max(fake.market.trades, key=lambda one: one.placed_at)
    (person,) = [one for one in kept.rows["customers"].values() if last.order in str(one["taobao_sms"])]
    assert person["taobao_sms"] == f"{last.order}:{oaid_of(last.order)}"
    methods = {one.method for one in fake.gateway.asked}
    assert not any("simple" in one or "crm" in one for one in methods)


def test_nobody_is_told_by_an_oaid_and_no_receiver_is_kept(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(3)
    fake.access = "trade"
    kept = read(fake, context, access="trade", oaid=True)
    told = json.dumps([list(map(dict, rows.values())) for rows in kept.rows.values()], default=str, ensure_ascii=False)
    assert "王" not in told
    assert "138*" not in told
    assert not any(str(row["customer"]).startswith("1") for row in kept.rows["orders"].values())


@pytest.mark.parametrize("access", ["crm", "trade"])
def test_nicks_come_only_where_they_are_asked_for(fake: TaobaoServer, context: PlatformContext, access: str) -> None:
    fake.market.live(9)
    plain = read(fake, context, access=access)
    assert not any("nick" in one for one in plain.rows["customers"].values())
    assert not any("buyer_nick" in one.texts("fields") for one in fake.gateway.asked)
    named = read(fake, context, access=access, personal=True)
    assert any(one.get("nick") == "b**" for one in named.rows["customers"].values())


def test_members_have_a_level_and_may_be_blocked(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(20)
    kept = settled(fake, context)
    member = next(one for one in fake.market.trades if one.completed_at and one.customer.endswith("3"))
    row = kept.rows["customers"][ouid_of(member.customer),]
    assert (row["blocked"], row["state"]) == (True, "blacklist")
    assert isinstance(row["member_level"], int)


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-9, 9])
def test_a_clock_that_is_off_loses_nothing(fake: TaobaoServer, context: PlatformContext, minutes: int) -> None:
    clock = fake.market.clock
    ours = evolve(context, now=lambda: clock.now() + dt.timedelta(minutes=minutes))
    fake.market.live(3)
    kept = read(fake, ours)
    for _ in range(2):
        fake.market.live(0.3)
        fake.stirring = 3
        read(fake, ours, kept, page_size=3)
    kept = settled(fake, ours, kept)
    assert kept.told() == true(fake)


def test_a_clock_that_is_off_by_more_is_said_to_be(fake: TaobaoServer, context: PlatformContext) -> None:
    ours = evolve(context, now=lambda: fake.market.clock.now() + dt.timedelta(minutes=11))
    with pytest.raises(StoppedError, match="clock of this machine"):
        read(fake, ours)


def test_everything_up_to_the_last_batchs_instant_is_there(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(5)
    untils: list[dt.datetime | None] = []

    async def run() -> None:
        source = TaobaoSource(settings(fake), context)
        untils.extend([batch.until async for batch in source.pull(None, context.now())])
        await source.close()

    asyncio.run(run())
    assert untils[:-1] == [None] * (len(untils) - 1)
    assert untils[-1] == (fake.now - dt.timedelta(seconds=60)).replace(microsecond=0)


# --- throttling, sessions ---------------------------------------------------------------------------------------------


def test_a_ban_is_waited_out_and_not_fought(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(3)
    fake.gateway.a_second, fake.gateway.ban = 5, 20.0
    kept = read(fake, context)
    refused = len(fake.requests) - len(fake.gateway.asked)
    assert 0 < refused < len(fake.requests) / 4
    fake.gateway.a_second = None
    assert settled(fake, context, kept).told() == true(fake)


def test_a_ban_until_tomorrow_ends_the_run(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(1)
    fake.gateway.a_second, fake.gateway.ban = 0, 30_000.0
    with pytest.raises(LaterError) as later:
        read(fake, context)
    assert later.value.after == context.now() + dt.timedelta(seconds=30_000)


def test_calls_are_no_faster_than_the_settings_say(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(1)
    before = context.now()
    read(fake, context, per_second=2.0)
    assert context.now() - before >= dt.timedelta(seconds=(len(fake.requests) - 10) / 2)


def test_a_session_that_has_run_out_without_a_refresh_token_says_what_to_do(
    fake: TaobaoServer, context: PlatformContext
) -> None:
    fake.market.live(1)
    fake.expire()
    given = evolve(settings(fake), refresh_token=NO_SECRET)
    with pytest.raises(StoppedError, match="authorise the app again"):
        asyncio.run(pull_into(Kept(), TaobaoSource(given, context), context.now()))


def test_a_refresh_token_that_was_used_stops_it_and_shows_nothing(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(1)
    fake.expire()
    read(fake, evolve(context, tokens=None))
    fake.expire()
    with pytest.raises(StoppedError) as stopped:
        read(fake, evolve(context, tokens=None))  # begins with the settings' own tokens again
    assert not [one for one in fake.secrets if one in str(stopped.value)]


def test_another_session_in_the_settings_takes_the_place_of_the_kept_one(
    fake: TaobaoServer, context: PlatformContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.market.live(1)
    fake.expire()
    read(fake, context)
    fake.gateway.sessions = {"6200another"}
    fake.secrets = [*fake.secrets, "6200another"]
    monkeypatch.setenv("RULECRM_FAKE_TAOBAO_SESSION", "6200another")
    assert read(fake, context).rows["orders"]
    assert {one.session for one in fake.gateway.asked[-3:]} == {"6200another"}


def test_a_secret_that_is_not_there_is_told_by_its_reference(
    fake: TaobaoServer, context: PlatformContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RULECRM_FAKE_TAOBAO_SECRET")
    with pytest.raises(StoppedError, match="env:RULECRM_FAKE_TAOBAO_SECRET"):
        read(fake, context)
    assert not fake.requests


@pytest.mark.parametrize("way", ["md5", "hmac", "hmac-sha256"])
def test_each_way_of_signing_is_taken(fake: TaobaoServer, context: PlatformContext, way: str) -> None:
    fake.market.live(0.5)
    assert read(fake, context, sign_method=way, ratings=False, members=False).rows["orders"]


def test_lists_may_be_left_out(fake: TaobaoServer, context: PlatformContext) -> None:
    fake.market.live(12)
    kept = settled(fake, context, refunds=False, ratings=False, members=False)
    assert "events" not in kept.rows
    assert {one.method for one in fake.gateway.asked} == {
        "taobao.time.get", "taobao.trades.simple.sold.get", "taobao.trades.simple.sold.increment.get",
        "taobao.trade.simple.get",
    }  # fmt: skip
    closed = [one for one in kept.rows["orders"].values() if one["status"] == "TRADE_CLOSED"]
    assert closed
    assert all(one["refunded_at"] and "refund_amount" not in one for one in closed)


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.MALFORMED])
def test_tokens_are_renewed_through_trouble(fake: TaobaoServer, context: PlatformContext, fault: Fault) -> None:
    fake.market.live(0.5)
    fake.expire()
    fake.fail(fault, calls=2)
    assert read(fake, context).rows["orders"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"access": "all"}, "crm or trade"), ({"days": 90}, "three months"), ({"oaid": True}, "access"),
        ({"sign_method": "rsa"}, "hmac-sha256"), ({"url": "http://gw.api.taobao.com/router/rest"}, "https"),
        ({"page_size": 101}, "100"), ({"overlap": 0}, "overlap"), ({"app_secret": "abc"}, "env:NAME"), ({"sesion": "x"}, "session"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(fake: TaobaoServer, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(RulesError, match="R481") as refused:
        settings(fake, **wrong)
    shown = " ".join(f"{one.message} {one.help}" for one in refused.value.diagnostics)
    assert said in shown
