"""Orders through the Selling Partner API, against the local fake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulecrm_amazon.fake import AmazonServer, amazon_market
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET
from rulecrm_amazon.opening import open_amazon
from rulecrm_amazon.settings import Settings

from rulecrm.plugin import Secret
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.sources import Opener, SourceContract


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_SECRET", SECRET)
    monkeypatch.setenv("AMAZON_REFRESH", REFRESH)


def settings(fake: AmazonServer, **more: object) -> Settings:
    given: dict[str, object] = {"since": "2025-11-01", "page": 20, "timeout": 0.5} | more
    return Settings(
        CLIENT, Secret("env:AMAZON_SECRET"), Secret("env:AMAZON_REFRESH"), ("DE",), fake.url, fake.url, **given
    )  # type: ignore[arg-type]


class TestOrders(SourceContract):
    @pytest.fixture
    def fake(self) -> Iterator[AmazonServer]:
        with AmazonServer(amazon_market(FakeClock())) as server:
            yield server

    @pytest.fixture
    def opener(self, fake: AmazonServer) -> Opener:
        return lambda context: open_amazon(settings(fake), context)


class TestOldOrders(SourceContract):
    """The Orders API v0, for those who still need it: a call an order."""

    days = 4.0

    @pytest.fixture
    def fake(self) -> Iterator[AmazonServer]:
        with AmazonServer(amazon_market(FakeClock())) as server:
            server.speaks = "v0"
            yield server

    @pytest.fixture
    def opener(self, fake: AmazonServer) -> Opener:
        return lambda context: open_amazon(settings(fake, orders_api="v0", page=8), context)
