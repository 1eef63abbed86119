"""What is special about reading Shopify, against the local fake."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from rulecrm_shopify.fake import ShopifyServer, shopify_market
from rulecrm_shopify.settings import Settings
from rulecrm_shopify.source import open_shopify

from rulecrm.plugin import LaterError, PlatformContext, StoppedError, read_settings
from rulecrm.testing.http import Call
from rulecrm.testing.markets import Line
from rulecrm.testing.sources import KEYS, Kept, pull_into

Reader = Callable[..., Kept]
STATIC: Mapping[str, object] = {
    "client_id": "", "client_secret": "", "access_token": "env:RULECRM_FAKE_SHOPIFY_TOKEN",
}  # fmt: skip


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in ShopifyServer(shopify_market()).environment().items():
        monkeypatch.setenv(name, secret)


@pytest.fixture
def fake() -> Iterator[ShopifyServer]:
    with ShopifyServer(shopify_market()) as server:
        server.market.live(5)
        yield server


def settings_of(fake: ShopifyServer, **more: object) -> Settings:
    told = {name: one for name, one in {**fake.settings(), **more}.items() if name != "use" and one != ""}
    return read_settings({"timeout": 0.5, **told}, Settings, where="[accounts.shop]")


def run(fake: ShopifyServer, kept: Kept, most: int | None = None, **more: object) -> Kept:
    clock = fake.market.clock
    context = PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop")
    asyncio.run(pull_into(kept, open_shopify(settings_of(fake, **more), context), clock.now(), most=most))
    return kept


def true(fake: ShopifyServer) -> dict[str, dict[tuple[object, ...], object]]:
    return {
        frame: {
            tuple(row[name] for name in KEYS[frame]): {name: one for name, one in row.items() if one is not None}
            for row in rows
        }
        for frame, rows in fake.truth().items()
    }


def asked(fake: ShopifyServer, name: str) -> list[Mapping[str, object]]:
    """The variables of every query of a name."""
    told = [json.loads(call.body) for call in fake.requests if call.path.endswith("graphql.json")]
    return [one["variables"] for one in told if one["operationName"] == name]


def grants(fake: ShopifyServer) -> list[Call]:
    return [call for call in fake.requests if call.path.endswith("access_token")]


# --- pages and clocks ---------------------------------------------------------------------------------------------


def test_orders_that_changed_in_one_second_are_read_over_several_pages(fake: ShopifyServer) -> None:
    at = fake.market.trades[0].placed_at + dt.timedelta(days=2)
    for trade in fake.market.trades[:23]:
        fake.market.put(evolve(trade, changed_at=at))
    assert run(fake, Kept(), page_size=4).told() == true(fake)
    assert [one for one in asked(fake, "Orders") if one["after"]]


@given(st.integers(1, 7), st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(-3, 3))
@bounded(max_examples=12, deadline=None)
def test_whatever_changes_at_once_and_whatever_a_page_holds_all_of_it_comes(
    size: int, seconds: list[int], hours: int
) -> None:
    with ShopifyServer(shopify_market()) as fake:
        fake.market.live(len(seconds) / fake.market.a_day)
        fake.skew = dt.timedelta(hours=hours)
        begin = fake.market.clock.now().replace(microsecond=0)
        for trade, second in zip(fake.market.trades, seconds, strict=False):
            fake.market.put(evolve(trade, changed_at=begin - dt.timedelta(seconds=second)))
        kept = Kept()
        for _ in range(3):
            run(fake, kept, most=2, page_size=size)
        assert run(fake, kept, page_size=size).told() == true(fake)


@pytest.mark.parametrize("hours", [-5, 5])
def test_clocks_that_differ_by_hours_lose_nothing(fake: ShopifyServer, hours: int) -> None:
    fake.skew = dt.timedelta(hours=hours)
    kept = run(fake, Kept())
    for _ in range(4):
        fake.stirring = 2
        fake.market.clock.move(dt.timedelta(minutes=20))
        run(fake, kept)
    fake.stirring = 0
    fake.market.clock.move(dt.timedelta(hours=6))
    assert run(fake, kept).told() == true(fake)


def test_an_order_with_more_lines_than_come_with_it_has_all_of_them(fake: ShopifyServer) -> None:
    trade = fake.market.trades[5]
    lines = tuple(Line(f"{trade.order}-{at}", "P1001", "Button", Decimal("0.25"), 1) for at in range(100, 173))
    fake.market.put(evolve(trade, lines=lines))
    kept = run(fake, Kept())
    assert kept.told() == true(fake)
    assert len(asked(fake, "Lines")) == 2
    assert sum(key[0] == trade.order for key in kept.rows["items"]) == 73


def test_a_run_that_was_ended_among_customers_goes_on_there(fake: ShopifyServer) -> None:
    whole = run(fake, Kept(), page_size=1)
    pages = len(asked(fake, "Orders"))
    assert whole.batches >= pages + 2
    kept = run(fake, Kept(), page_size=1, most=pages + 1)
    fake.requests.clear()
    run(fake, kept, most=1, page_size=1)
    assert len(asked(fake, "Customers")) == 1
    assert not asked(fake, "Orders")
    assert run(fake, kept).told() == whole.told() == true(fake)


def test_a_run_that_is_ended_after_every_page_gets_through(fake: ShopifyServer) -> None:
    """Though each begins a little earlier than the last one ended, and that is more than a page."""
    at = fake.market.clock.now().replace(microsecond=0)
    for trade in fake.market.trades[:12]:
        fake.market.put(evolve(trade, changed_at=at - dt.timedelta(seconds=trade.number // 3)))
    kept, runs = Kept(), 0
    while not (kept.cursor and all(dict(mark).get("whole") for mark in kept.cursor.values())):  # type: ignore[call-overload]
        run(fake, kept, most=1, page_size=2, **STATIC)
        runs += 1
        assert runs < 200
    assert kept.told() == true(fake)


def test_what_was_shown_late_when_a_run_was_interrupted_comes_with_the_next(fake: ShopifyServer) -> None:
    late = fake.market.trades.pop()
    kept = run(fake, Kept(), most=3)
    assert kept.cursor is not None
    at = max(row["changed_at"] for row in kept.rows["orders"].values())  # type: ignore[type-var]
    assert isinstance(at, dt.datetime)
    fake.market.trades.append(evolve(late, changed_at=at - dt.timedelta(minutes=5)))
    assert run(fake, kept).told() == true(fake)


def test_a_second_run_reads_little(fake: ShopifyServer) -> None:
    kept = run(fake, Kept())
    fake.market.clock.move(dt.timedelta(days=3))
    calls, given_ = len(fake.requests), kept.given
    run(fake, kept)
    assert len(fake.requests) - calls == 3  # a token, a page of orders, one of customers
    assert kept.given - given_ < 10


def test_a_cursor_that_is_none_stops_it(fake: ShopifyServer) -> None:
    with pytest.raises(StoppedError, match="cursor"):
        run(fake, Kept(cursor={"page": 3}))


# --- what it costs ------------------------------------------------------------------------------------------------


def test_a_bucket_that_fills_slowly_is_waited_for_and_nothing_is_turned_away(fake: ShopifyServer) -> None:
    fake.most, fake.rate = 1000.0, 20.0
    begin = fake.market.clock.now()
    assert run(fake, Kept()).told() == true(fake)
    assert fake.throttled <= 1  # before the first answer nothing is known of the bucket
    spent = 960 / 2 * len(asked(fake, "Orders"))
    assert fake.market.clock.now() - begin >= dt.timedelta(seconds=(spent - 1000) / 20)


def test_a_page_that_costs_more_than_a_query_may_is_asked_for_in_halves(fake: ShopifyServer) -> None:
    assert run(fake, Kept(), page_size=80).told() == true(fake)
    assert [one["first"] for one in asked(fake, "Orders")][:5] == [80, 40, 20, 10, 10]


def test_too_many_requests_are_waited_for_as_long_as_shopify_says(fake: ShopifyServer) -> None:
    fake.status = 429
    begin = fake.market.clock.now()
    with pytest.raises(LaterError, match="429"):
        run(fake, Kept())
    assert len(asked(fake, "Scopes")) == 6
    waited = fake.market.clock.now() - begin
    assert dt.timedelta(seconds=5 * 2) <= waited <= dt.timedelta(seconds=5 * 3)


# --- what stops it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "said"), [(402, "frozen"), (403, "scopes"), (423, "locked")])
def test_a_shop_that_is_closed_stops_it_with_the_reason(fake: ShopifyServer, status: int, said: str) -> None:
    fake.status = status
    with pytest.raises(StoppedError, match=said):
        run(fake, Kept())
    assert len(asked(fake, "Scopes")) == 1


def test_a_token_of_the_settings_is_used_as_it_is(fake: ShopifyServer) -> None:
    assert run(fake, Kept(), **STATIC).told() == true(fake)
    assert not grants(fake)


def test_a_token_that_runs_out_in_the_middle_is_fetched_anew(fake: ShopifyServer) -> None:
    fake.lifetime = dt.timedelta(seconds=30)
    fake.most, fake.rate = 1000.0, 20.0
    assert run(fake, Kept()).told() == true(fake)
    assert len(grants(fake)) > 2


def test_a_token_that_is_taken_back_in_the_middle_is_fetched_anew(fake: ShopifyServer) -> None:
    async def read() -> Kept:
        kept, clock = Kept(), fake.market.clock
        source = open_shopify(settings_of(fake), PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop"))
        async with aclosing(source.pull(None, clock.now())) as batches:
            async for batch in batches:
                kept.keep(batch)
                fake.expire()
        await source.close()
        return kept

    kept = asyncio.run(read())
    assert kept.told() == true(fake)
    assert len(grants(fake)) == kept.batches


def test_a_secret_that_is_wrong_stops_it(fake: ShopifyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULECRM_FAKE_SHOPIFY_SECRET", "another")
    with pytest.raises(StoppedError, match="client_secret"):
        run(fake, Kept())


def test_a_secret_that_is_missing_stops_it(fake: ShopifyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RULECRM_FAKE_SHOPIFY_SECRET")
    with pytest.raises(StoppedError, match="RULECRM_FAKE_SHOPIFY_SECRET"):
        run(fake, Kept())


def test_a_version_that_is_gone_is_told_and_one_that_is_not_there_yet_stops_it(fake: ShopifyServer) -> None:
    kept = run(fake, Kept(), version="2024-10")
    assert "asked for version 2024-10 of the API, 2026-01 answered" in kept.remarks
    assert not any("version" in one for one in run(fake, Kept()).remarks)
    with pytest.raises(StoppedError, match="version"):
        run(fake, Kept(), version="2031-01")


# --- what the app may see -----------------------------------------------------------------------------------------


def test_an_app_without_all_orders_is_told_that_60_days_are_all_it_sees(fake: ShopifyServer) -> None:
    fake.market.a_day = 1
    fake.market.live(60)
    fake.scopes.remove("read_all_orders")
    kept = run(fake, Kept())
    assert any("60 days" in one for one in kept.remarks)
    begin = fake.market.clock.now() - dt.timedelta(days=60)
    shown = {(one.order,) for one in fake.market.trades if one.placed_at >= begin}
    assert 0 < len(shown) < len(fake.market.trades)
    assert set(kept.rows["orders"]) == shown
    fake.scopes.append("read_all_orders")
    assert not any("60 days" in one for one in run(fake, Kept()).remarks)


def test_an_app_without_orders_is_stopped_at_once(fake: ShopifyServer) -> None:
    fake.scopes.remove("read_orders")
    with pytest.raises(StoppedError, match="read_orders"):
        run(fake, Kept())


def test_an_app_without_customers_is_stopped_unless_none_are_wanted(fake: ShopifyServer) -> None:
    fake.scopes.remove("read_customers")
    with pytest.raises(StoppedError, match="customers"):
        run(fake, Kept())
    kept = run(fake, Kept(), customers=False)
    assert kept.told()["orders"] == true(fake)["orders"]
    buyers = {one.customer for one in fake.market.trades}
    assert kept.told()["customers"] == {(one,): {"customer": one, "platform": "shopify"} for one in buyers}


def test_fields_that_the_app_may_not_see_are_not_told_and_are_remarked(fake: ShopifyServer) -> None:
    fake.redacted = {"defaultEmailAddress", "province", "customer"}
    kept = run(fake, Kept(), personal=True)
    for row in kept.rows["customers"].values():
        assert not {"email", "accepts_email", "province"} & set(row)
        assert {"phone", "accepts_sms", "city"} <= set(row)
    assert not [row for row in kept.rows["orders"].values() if "customer" in row]
    assert {"Shopify does not show the field 'customer' to the app",
            "Shopify does not show the field 'defaultEmailAddress' to the app"} <= set(kept.remarks)  # fmt: skip
    assert not kept.refused


@pytest.mark.parametrize("field", ["lineItems", "transactions"])
def test_an_order_of_which_too_little_is_told_is_refused_and_takes_nothing_away(
    fake: ShopifyServer, field: str
) -> None:
    kept = run(fake, Kept())
    fake.market.live(1)
    fake.redacted = {field}
    before = {key: dict(row) for key, row in kept.rows["items"].items()}
    run(fake, kept)
    assert kept.refused
    assert kept.rows["items"] == before


@pytest.mark.parametrize("wanted", ["consent", "personal"])
def test_what_customers_agreed_to_comes_where_it_is_asked_for(fake: ShopifyServer, wanted: str) -> None:
    setattr(fake, wanted, True)
    kept = run(fake, Kept(), **{wanted: True})
    assert kept.told() == true(fake)
    shown = json.dumps([row["original"] for rows in kept.rows.values() for row in rows.values() if "original" in row])
    assert not [one for one in ("@example.com", "+1202", "Ada") if one in shown]


def test_whoever_unsubscribes_is_read_though_no_order_changed(fake: ShopifyServer) -> None:
    fake.consent = True
    kept = run(fake, Kept(), consent=True)
    whom = fake.market.trades[0].customer
    assert kept.rows["customers"][whom,]["accepts_email"] is True
    fake.market.clock.move(dt.timedelta(days=2))
    fake.unsubscribe(whom)
    assert run(fake, kept, consent=True).told() == true(fake)
    assert kept.rows["customers"][whom,]["accepts_email"] is False
    assert kept.rows["customers"][whom,]["email_consent_at"] is None


def test_nothing_personal_is_asked_for_unless_it_is_wanted(fake: ShopifyServer) -> None:
    run(fake, Kept())
    bodies = b"".join(call.body for call in fake.requests)
    assert not [one for one in (b"emailAddress", b"firstName", b"phoneNumber", b"Email", b"name") if one in bodies]


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("shop", "https://shop.example.com", "shop"),
        ("access_token", "env:RULECRM_FAKE_SHOPIFY_TOKEN", "access_token"),
        ("client_secret", "", "client_secret"),
        ("version", "latest", "version"),
        ("url", "http://example.com", "https"),
        ("since", "2025-01-31T10:00", "zone"),
        ("since", "yesterday", "since"),
        ("page_size", 251, "page_size"),
        ("overlap_minutes", -1, "overlap_minutes"),
    ],
)
def test_a_setting_that_is_wrong_is_named(fake: ShopifyServer, setting: str, value: object, said: str) -> None:
    with pytest.raises(Exception, match=said):
        settings_of(fake, **{setting: value})


@pytest.mark.parametrize("shop", ["Made-Up-Shop", "made-up-shop.myshopify.com"])
def test_a_shop_is_named_with_or_without_its_address(fake: ShopifyServer, shop: str) -> None:
    assert settings_of(fake, shop=shop, url="").endpoint == "https://made-up-shop.myshopify.com"


def test_reading_begins_where_the_settings_say(fake: ShopifyServer) -> None:
    since = (fake.market.clock.now() - dt.timedelta(days=1)).replace(microsecond=0)
    kept = run(fake, Kept(), since=since.isoformat())
    assert set(kept.rows["orders"]) == {(one.order,) for one in fake.market.trades if one.changed_at >= since}
