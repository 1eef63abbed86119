"""What has been, from reports."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import gzip
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve
from rulecrm_amazon.fake import AmazonServer, amazon_market
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET
from rulecrm_amazon.history import read_report
from rulecrm_amazon.opening import open_amazon
from rulecrm_amazon.settings import Settings

from rulecrm.plugin import Batch, LaterError, PlatformContext, Secret
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply
from rulecrm.testing.sources import Kept, pull_into


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[AmazonServer]:
    monkeypatch.setenv("AMAZON_SECRET", SECRET)
    monkeypatch.setenv("AMAZON_REFRESH", REFRESH)
    with AmazonServer(amazon_market(FakeClock())) as server:
        server.market.live(33)
        yield server


Reader = Callable[[Path], Iterator[Batch]]


def plainly(path: Path) -> Iterator[Batch]:
    """The slow and obvious reader of that file: one row an order, amounts of its items added up."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    orders: dict[str, dict[str, object]] = {}
    for row in rows:
        changed = dt.datetime.fromisoformat(row["last-updated-date"])
        placed = dt.datetime.fromisoformat(row["purchase-date"])
        fresh = {"order": row["amazon-order-id"], "placed_at": placed, "changed_at": changed, "amount": None}
        order = orders.setdefault(row["amazon-order-id"], fresh)
        if row["item-price"]:
            line = Decimal(row["item-price"]) + Decimal(row["shipping-price"]) - Decimal(row["item-promotion-discount"])
            before = order["amount"]
            order["amount"] = line + (before if isinstance(before, Decimal) else 0)
    found = list(orders.values())
    yield Batch({"orders": found[: len(found) // 2]})
    yield Batch({"orders": found[len(found) // 2 :]})


def by_format(path: Path) -> Iterator[Batch]:
    """The reader of the plugin itself, its frames as rows."""
    for batch in read_report(path):
        frames = {name: rows for name, rows in batch.rows.items() if isinstance(rows, pl.DataFrame)}
        assert len(frames) == len(batch.rows)
        yield evolve(batch, rows={name: rows.to_dicts() for name, rows in frames.items()})


def run(fake: AmazonServer, kept: Kept, most: int | None = None, read: Reader = plainly) -> Kept:
    clock = fake.market.clock
    given = Settings(
        CLIENT, Secret("env:AMAZON_SECRET"), Secret("env:AMAZON_REFRESH"), ("DE",), fake.url, fake.url, 0.5,
        since="2025-11-01", history="reports",
    )  # fmt: skip
    source = open_amazon(given, PlatformContext(clock.now, clock.sleep, lambda: 0.5), read)
    asyncio.run(pull_into(kept, source, clock.now(), most=most))
    return kept


def whole(fake: AmazonServer, kept: Kept) -> bool:
    """Whether every order is there, in its latest state and at its price."""
    told = {key[0]: (row["changed_at"], row.get("amount")) for key, row in kept.rows["orders"].items()}
    return told == {
        one.order: (one.changed_at, one.amount if one.paid_at is not None else None) for one in fake.market.trades
    }


def test_what_has_been_comes_by_a_few_reports_and_the_rest_by_orders(fake: AmazonServer) -> None:
    kept = run(fake, Kept())
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)
    paths = [call.path for call in fake.requests]
    assert paths.count("/reports/2021-06-30/reports") == 2  # 43 days from 2025-11-01 on, 30 at a time
    assert paths.count("/orders/2026-01-01/orders") == 2


def test_reports_are_read_by_the_format_of_the_file_that_sellers_download(fake: AmazonServer) -> None:
    kept = run(fake, Kept(), read=by_format)
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept, read=by_format)
    assert whole(fake, kept)
    assert not kept.refused
    assert not [one for one in kept.remarks if one.startswith("unknown")]
    items = {key[0] for key in kept.rows["items"]}
    assert items == {one.order for one in fake.market.trades}


def test_wherever_it_stops_it_goes_on_and_asks_for_no_report_twice(fake: AmazonServer) -> None:
    kept = Kept()
    for _ in range(40):
        before = kept.cursor
        run(fake, kept, most=1)
        if kept.cursor == before and kept.cursor is not None and "history" not in kept.cursor:
            break
    assert whole(fake, kept)
    assert [call.path for call in fake.requests].count("/reports/2021-06-30/reports") == 2


def test_a_report_that_comes_to_nothing_is_asked_for_again_by_the_next_run(fake: AmazonServer) -> None:
    fake.archive.fatal = {"50000"}
    kept = Kept()
    with pytest.raises(LaterError, match="FATAL"):
        run(fake, kept)
    run(fake, kept)
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.MALFORMED], ids=str)
def test_calls_that_fail_are_made_again(fake: AmazonServer, fault: Fault) -> None:
    fake.fail(fault, calls=2)
    kept = run(fake, Kept())
    fake.market.clock.move(dt.timedelta(hours=1))
    run(fake, kept)
    assert whole(fake, kept)


class Halving(AmazonServer):
    """Gives each document by half at first."""

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        first = [one.path for one in self.requests].count(call.path) == 1
        if call.path.startswith("/documents/") and first:
            return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
        return reply


def test_a_document_that_is_cut_off_is_fetched_again(fake: AmazonServer) -> None:
    with Halving(fake.market) as halving:
        kept = run(halving, Kept())
        fake.market.clock.move(dt.timedelta(hours=1))
        run(halving, kept)
        assert whole(halving, kept)


def test_a_document_opens_by_its_address_alone_and_not_for_long(fake: AmazonServer) -> None:
    run(fake, Kept())
    calls = [call for call in fake.requests if call.path.startswith("/documents/")]
    assert calls
    assert all("x-amz-access-token" not in call.headers for call in calls)
    late = fake.archive.file("50000", "fake-signature-50000", fake.now + dt.timedelta(minutes=6), dt.timedelta(0))
    assert late.status == 403
    good = fake.archive.document("amzn1.spdoc.1.50000", fake.url, fake.now)
    assert good.status == 200
    assert gzip.decompress(fake.archive.file("50000", "fake-signature-50000", fake.now, dt.timedelta(0)).body)
