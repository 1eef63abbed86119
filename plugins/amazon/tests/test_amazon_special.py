"""What is special about reading Amazon, against the local fake."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rulecrm_amazon.fake import AmazonServer, amazon_market
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET
from rulecrm_amazon.opening import open_amazon
from rulecrm_amazon.settings import Settings

from rulecrm.plugin import LaterError, PlatformContext, Secret, StoppedError
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.http import Call, Reply
from rulecrm.testing.sources import Kept, pull_into


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[AmazonServer]:
    monkeypatch.setenv("AMAZON_SECRET", SECRET)
    monkeypatch.setenv("AMAZON_REFRESH", REFRESH)
    with AmazonServer(amazon_market(FakeClock())) as server:
        server.market.live(9)
        yield server


def settings(fake: AmazonServer, **more: object) -> Settings:
    given: dict[str, object] = {"since": "2025-11-01", "page": 20, "timeout": 0.5} | more
    return Settings(
        CLIENT, Secret("env:AMAZON_SECRET"), Secret("env:AMAZON_REFRESH"), ("DE",), fake.url, fake.url, **given
    )  # type: ignore[arg-type]


def run(fake: AmazonServer, kept: Kept, most: int | None = None, tokens: Path | None = None, **more: object) -> Kept:
    clock = fake.market.clock
    source = open_amazon(settings(fake, **more), PlatformContext(clock.now, clock.sleep, lambda: 0.5, "de", tokens))
    asyncio.run(pull_into(kept, source, clock.now(), most=most))
    return kept


def whole(fake: AmazonServer, kept: Kept) -> bool:
    true = {
        frame: {(row["order"],) if frame == "orders" else (row["customer"],): dict(row) for row in rows}
        for frame, rows in fake.truth().items()
        if frame != "items"
    }
    return {frame: kept.told().get(frame, {}) for frame in true} == true


def searches(fake: AmazonServer) -> list[Call]:
    return [call for call in fake.requests if call.path.endswith("/orders")]


# --- clocks, windows, pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-50, -9, 9, 50])
@pytest.mark.parametrize("tells", [True, False], ids=["told", "untold"])
def test_clocks_that_differ_lose_nothing(fake: AmazonServer, minutes: int, tells: bool) -> None:
    if not tells and minutes < 0:
        minutes = max(minutes, -9)  # without Amazon's word a clock may be ten minutes late
    fake.skew = dt.timedelta(minutes=minutes)
    fake.shelf.tells = tells
    kept = run(fake, Kept())
    for _ in range(4):
        fake.stirring = 2
        fake.market.clock.move(dt.timedelta(minutes=11))
        run(fake, kept)
    fake.stirring = 0
    fake.market.clock.move(dt.timedelta(hours=2))
    run(fake, kept)
    assert whole(fake, kept)


def test_a_window_goes_as_far_as_its_first_page_told(fake: AmazonServer) -> None:
    fake.shelf.retells = True
    fake.stirring = 3
    kept = run(fake, Kept(), page=2)  # it takes hours
    fake.stirring = 0
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)


def test_nothing_is_asked_for_that_amazon_would_not_tell_yet(fake: AmazonServer) -> None:
    kept = run(fake, Kept())
    asked = len(fake.requests)
    fake.market.clock.move(dt.timedelta(minutes=2))
    run(fake, kept)
    assert len(fake.requests) == asked
    fake.market.clock.move(dt.timedelta(minutes=2))
    run(fake, kept)
    assert len(searches(fake)) > 0
    assert len(fake.requests) > asked


def test_windows_that_have_little_in_them_grow(fake: AmazonServer) -> None:
    kept = run(fake, Kept(), since="2023-12-01")
    begins = [call.query["lastUpdatedAfter"] for call in searches(fake) if "paginationToken" not in call.query]
    assert begins[:5] == [
        "2023-12-01T00:00:00Z",
        "2023-12-30T23:45:00Z",  # 30 days, less the overlap of 15 minutes
        "2024-02-28T23:30:00Z",  # 60
        "2024-06-27T23:15:00Z",  # 120
        "2025-02-22T23:00:00Z",  # 240
    ]
    assert len(begins) == 5
    assert len(kept.rows["orders"]) > 90


def test_the_token_of_a_page_that_is_a_day_old_begins_its_window_again(fake: AmazonServer) -> None:
    kept = run(fake, Kept(), most=2)
    assert kept.cursor is not None
    assert "token" in kept.cursor
    fake.market.live(1)
    before = len(searches(fake))
    run(fake, kept)
    assert "paginationToken" not in searches(fake)[before].query
    assert searches(fake)[before].query["lastUpdatedAfter"] == searches(fake)[0].query["lastUpdatedAfter"]
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)


def test_a_token_that_amazon_refuses_begins_its_window_again(fake: AmazonServer) -> None:
    kept = run(fake, Kept(), most=2)
    assert kept.cursor is not None
    kept.cursor = {**kept.cursor, "token": "of-another-life"}
    run(fake, kept)
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)


def test_a_cursor_that_makes_no_sense_stops_it(fake: AmazonServer) -> None:
    with pytest.raises(StoppedError, match="cursor"):
        run(fake, Kept(cursor={"page": 3}))


# --- rates --------------------------------------------------------------------------------------------------------


def test_the_rate_that_amazon_tells_is_kept_to(fake: AmazonServer) -> None:
    fake.rates["searchOrders"] = 0.5
    fake.market.live(30)
    begin = fake.market.clock.now()
    run(fake, Kept(), page=4)
    calls = len(searches(fake))
    assert calls > 60
    # 20 at once, then one in two seconds; at the model's own 0.0056 it would have taken two hours.
    assert dt.timedelta(seconds=2 * (calls - 21)) <= fake.market.clock.now() - begin <= dt.timedelta(minutes=5)


def test_at_the_models_own_rate_calls_are_three_minutes_apart_and_hours_of_them_outlive_tokens(
    fake: AmazonServer,
) -> None:
    begin = fake.market.clock.now()
    run(fake, Kept(), page=2)
    calls = len(searches(fake))
    assert calls > 45
    assert fake.market.clock.now() - begin >= (calls - 21) * dt.timedelta(seconds=1 / 0.0056)
    assert fake.market.clock.now() - begin > dt.timedelta(hours=1)
    assert [call.path for call in fake.requests].count("/auth/o2/token") >= 2


# --- who bought ---------------------------------------------------------------------------------------------------


def test_an_order_that_is_pending_has_no_amount_and_none_is_made_up(fake: AmazonServer) -> None:
    kept = run(fake, Kept())
    pending = [row for row in kept.rows["orders"].values() if row["status"] == "PENDING"]
    assert pending
    for row in pending:
        assert not {"amount", "currency", "customer", "paid_at"} & set(row)


def test_stages_that_amazon_does_not_tell_are_there_where_they_are_asked_for(fake: AmazonServer) -> None:
    plain, made = run(fake, Kept()), run(fake, Kept(), estimate=True)
    assert not any({"paid_at", "cancelled_at", "delivered_at"} & set(row) for row in plain.rows["orders"].values())
    for row in made.rows["orders"].values():
        paid = row["status"] in {"UNSHIPPED", "SHIPPED"}
        assert row.get("paid_at") == (row["placed_at"] if paid else None)
        assert row.get("cancelled_at") == (row["changed_at"] if row["status"] == "CANCELLED" else None)


@pytest.mark.parametrize("way", ["role", "setting"])
def test_without_buyers_orders_come_without_customers(fake: AmazonServer, way: str) -> None:
    fake.without_roles = {"BUYER"}
    kept = run(fake, Kept(), buyers=way == "role")
    asked = {"BUYER" in call.query["includedData"].split(",") for call in searches(fake)}
    assert asked == {way == "role"}
    assert "customers" not in kept.rows
    assert not any("customer" in row for row in kept.rows["orders"].values())
    assert kept.remarks["order whose buyer Amazon does not tell"] == len(kept.rows["orders"])


PERSONAL = ("Erika", "@marketplace.amazon.de", "Am Markt", "+49 30")


@pytest.mark.parametrize("api", ["2026-01-01", "v0"])
def test_nothing_tells_of_a_person_unless_it_is_asked_for(
    fake: AmazonServer, api: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.spoil()
    kept = run(fake, Kept(), orders_api=api)
    assert kept.refused
    assert all(row["original"] for row in kept.rows["orders"].values())
    shown = json.dumps([[dict(row) for row in rows.values()] for rows in kept.rows.values()], default=str)
    shown += "".join(one.original for one in kept.refused) + caplog.text
    assert not [word for word in PERSONAL if word in shown]


@pytest.mark.parametrize("api", ["2026-01-01", "v0"])
def test_persons_are_told_of_where_that_is_asked_for_and_never_in_the_original(fake: AmazonServer, api: str) -> None:
    kept = run(fake, Kept(), orders_api=api, personal=True)
    assert kept.rows["customers"]
    for row in kept.rows["customers"].values():
        assert str(row["email"]).endswith("@marketplace.amazon.de")
        assert str(row["nick"]).startswith("Erika")
        assert api == "v0" or row["phone"] == "+49 30 5550100"
    assert not [word for row in kept.rows["orders"].values() for word in PERSONAL if word in str(row["original"])]


# --- tokens, secrets, answers -------------------------------------------------------------------------------------


def test_a_refresh_token_that_was_replaced_is_used_by_the_next_run(fake: AmazonServer, tmp_path: Path) -> None:
    fake.expire()
    tokens = tmp_path / "tokens" / "de.json"
    kept = run(fake, Kept(), tokens=tokens)
    assert tokens.stat().st_mode & 0o077 == 0
    fake.market.clock.move(dt.timedelta(hours=2))
    run(fake, kept, tokens=tokens)
    fake.market.clock.move(dt.timedelta(hours=2))
    with pytest.raises(StoppedError, match="invalid_grant"):
        run(fake, kept)  # as if the file had been lost


def test_a_secret_that_is_wrong_or_missing_stops_it(fake: AmazonServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_SECRET", "another")
    with pytest.raises(StoppedError, match="invalid_client"):
        run(fake, Kept())
    monkeypatch.delenv("AMAZON_SECRET")
    with pytest.raises(StoppedError, match="AMAZON_SECRET"):
        run(fake, Kept())


class Odd(AmazonServer):
    """Answers with something else than what was asked for."""

    body = b"[]"

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        return Reply(200, self.body) if call.path.endswith("/orders") else reply


NONE = (b"", b"[]", b"<html>", b'{"orders": [')
NEW = (b'{"orders": 5}', b'{"orders": [5]}', b'{"orders": [], "pagination": 7}')
OLD = (b'{"payload": 5}', b'{"payload": {"Orders": [5]}}', b'{"payload": {"Orders": [], "NextToken": 7}}')


@pytest.mark.parametrize(("api", "body"), [("2026-01-01", one) for one in (*NONE, *NEW)] + [("v0", one) for one in OLD])
def test_an_answer_that_is_none_ends_the_run_and_the_next_goes_on(fake: AmazonServer, api: str, body: bytes) -> None:
    kept = run(fake, Kept(), most=1, orders_api=api)
    with Odd(fake.market) as odd:
        odd.body = body
        before = kept.cursor
        with pytest.raises(LaterError):
            run(odd, kept, orders_api=api)
        assert kept.cursor == before


class Short(AmazonServer):
    """Leaves a field of an order out, or gives it in another form."""

    field, value = "orderId", None

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        if not call.path.endswith("/2026-01-01/orders") or reply.status != 200:
            return reply
        told = json.loads(reply.body)
        if told["orders"] and "paginationToken" not in call.query:
            inside = told["orders"][0]
            *path, last = self.field.split(".")
            for name in path:
                inside = inside[int(name)] if name.isdigit() else inside[name]
            inside[last] = self.value
        return Reply(200, json.dumps(told).encode(), reply.headers)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orderId", None), ("orderId", 5), ("orderId", " "), ("createdTime", "yesterday"),
        ("createdTime", "2025-11-11T02:00:00"), ("lastUpdatedTime", None), ("fulfillment", []), ("orderItems", {}),
        ("orderItems.0.quantityOrdered", "2"), ("orderItems.0.quantityOrdered", 1.5), ("orderItems.0.orderItemId", None),
        ("proceeds", {"grandTotal": {"amount": "12.50"}}), ("proceeds", {"grandTotal": {"amount": 12.5}}),
        ("proceeds", {"grandTotal": {"amount": "NaN", "currencyCode": "EUR"}}),
        ("proceeds", {"grandTotal": {"amount": "1,50", "currencyCode": "EUR"}}),
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_refused_by_itself(fake: AmazonServer, field: str, value: object) -> None:
    with Short(fake.market) as short:
        short.field, short.value = field, value  # type: ignore[assignment]
        kept = run(short, Kept())
    (refused,) = kept.refused
    assert refused.frame == "orders"
    assert refused.reason
    assert "grandTotal" in refused.reason or "12.5" not in refused.reason
    assert len(kept.rows["orders"]) == len(fake.market.trades) - 1


def test_amounts_are_as_written(fake: AmazonServer) -> None:
    with Short(fake.market) as short:
        short.field, short.value = "proceeds", {"grandTotal": {"amount": "0.1000", "currencyCode": "JPY"}}  # type: ignore[assignment]
        kept = run(short, Kept())
    (row,) = [one for one in kept.rows["orders"].values() if one.get("currency") == "JPY"]
    assert str(row["amount"]) == "0.1000"
    assert isinstance(row["amount"], Decimal)


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"marketplaces": ()}, "from 1 to 50"), ({"marketplaces": ("XX",)}, "there is no marketplace"),
        ({"marketplaces": ("DE", "US")}, "one region"), ({"url": "http://example.com"}, "https"),
        ({"auth_url": "ftp://127.0.0.2"}, "https"), ({"timeout": 0.0}, "timeout"), ({"page": 101}, "page"),
        ({"orders_api": "v1"}, "orders_api"), ({"history": "files"}, "history"), ({"overlap": -1.0}, "overlap"),
        ({"since": "soon"}, "since"), ({"since": "2025-11-01T00:00:00"}, "zone"),
        ({"personal": True, "buyers": False}, "buyers"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(more: dict[str, object], said: str) -> None:
    given: dict[str, object] = {
        "client_id": "c", "client_secret": Secret("env:S"), "refresh_token": Secret("env:R"), "marketplaces": ("DE",),
    }  # fmt: skip
    Settings(**given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=said):
        Settings(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "endpoint"),
    [
        (("US", "CA"), "https://sellingpartnerapi-na.amazon.com"),
        (("A1PA6795UKMFR9", "uk"), "https://sellingpartnerapi-eu.amazon.com"),
        (("JP",), "https://sellingpartnerapi-fe.amazon.com"),
    ],
)
def test_marketplaces_say_where_the_api_is(named: tuple[str, ...], endpoint: str) -> None:
    assert Settings("c", Secret("env:S"), Secret("env:R"), named).endpoint == endpoint


def test_every_setting_is_in_the_readme() -> None:
    from rulecrm_amazon.settings import Account, Outreach

    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    names = {name for one in (Account, Settings, Outreach) for name in one.__annotations__}
    assert [name for name in sorted(names) if f"`{name}`" not in readme] == []
