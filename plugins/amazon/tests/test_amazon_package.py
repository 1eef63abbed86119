"""A second opinion: python-amazon-sp-api, which others drive the real API with, against the same fake."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from attrs import evolve
from rulecrm_amazon.fake import AmazonServer, amazon_market
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET

from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.http import Call, Reply

sp_api = pytest.importorskip("sp_api.api")

MARKETPLACE = "A1PA6795UKMFR9"


SPELLINGS = {"MarketplaceId", "MarketplaceIds", "marketplaceIds", "marketplace_ids"}


class Lenient(AmazonServer):
    """Minds no marketplace where there is none to be named, for the package names it in four spellings everywhere."""

    def answer(self, call: Call) -> Reply:
        if set(call.query) >= SPELLINGS:
            call = evolve(call, query={name: one for name, one in call.query.items() if name not in SPELLINGS})
        return super().answer(call)


@pytest.fixture
def fake() -> Iterator[AmazonServer]:
    with Lenient(amazon_market(FakeClock())) as server:
        server.market.live(20)
        yield server


Clients = Callable[[str], Any]


@pytest.fixture
def client(fake: AmazonServer) -> Iterator[Clients]:
    """Makes the package's clients for the fake; its cache of tokens is the module's, so it is emptied."""
    from sp_api.auth import AccessTokenClient
    from sp_api.auth.access_token_client import cache
    from sp_api.base import Marketplaces

    cache.clear()
    opened = []

    class Local(AccessTokenClient):  # type: ignore[misc]
        scheme, host = "http://", fake.url.removeprefix("http://")

    def made(name: str) -> Any:
        one = getattr(sp_api, name)(
            marketplace=Marketplaces.DE,
            credentials={"lwa_app_id": CLIENT, "lwa_client_secret": SECRET, "refresh_token": REFRESH},
            auth_token_client_class=Local,
        )
        one.endpoint = fake.url
        opened.append(one)
        return one

    yield made
    for one in opened:
        one.close()
        one._auth._transport.close()  # which its own `close` leaves open
    cache.clear()


def test_it_reads_all_pages_of_orders_of_both_versions(fake: AmazonServer, client: Clients) -> None:
    orders = client("OrdersV20260101")
    asked = {"lastUpdatedAfter": "2025-11-01T00:00:00Z", "marketplaceIds": [MARKETPLACE], "maxResultsPerPage": 30,
             "includedData": ["BUYER", "PROCEEDS", "FULFILLMENT"]}  # fmt: skip
    found: list[str] = []
    page = orders.search_orders(**asked)
    while True:
        found += [one["orderId"] for one in page.payload["orders"]]
        if not page.next_token:
            break
        page = orders.search_orders(**asked, paginationToken=page.next_token)
    assert sorted(found) == sorted(one.order for one in fake.market.trades)
    assert float(page.rate_limit) == 0.0056

    old = client("OrdersV0").get_orders(LastUpdatedAfter="2025-11-01T00:00:00Z", MarketplaceIds=[MARKETPLACE])
    assert len(old.payload["Orders"]) == 100
    items = client("OrdersV0").get_order_items(old.payload["Orders"][0]["AmazonOrderId"])
    assert items.payload["OrderItems"]


def test_it_understands_what_the_fake_refuses(fake: AmazonServer, client: Clients) -> None:
    from sp_api.base.exceptions import (
        SellingApiBadRequestException,
        SellingApiForbiddenException,
        SellingApiRequestThrottledException,
    )

    orders = client("OrdersV20260101")
    with pytest.raises(SellingApiBadRequestException, match="exactly one of"):
        orders.search_orders(marketplaceIds=[MARKETPLACE])
    with pytest.raises(SellingApiBadRequestException, match="unknown parameters"):
        orders.search_orders(lastUpdatedAfter="2025-11-01T00:00:00Z", market="DE", marketplaceIds=[MARKETPLACE])
    asked = {"lastUpdatedAfter": "2025-11-01T00:00:00Z", "marketplaceIds": [MARKETPLACE]}
    for _ in range(18):
        orders.search_orders(**asked)
    with pytest.raises(SellingApiRequestThrottledException):
        orders.search_orders(**asked)
    fake.expire()
    with pytest.raises(SellingApiForbiddenException):  # its own cache does not hear of it
        orders.get_order(fake.market.trades[0].order)


def test_it_gets_a_report(fake: AmazonServer, client: Clients) -> None:
    reports = client("Reports")
    made = reports.create_report(
        reportType="GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", marketplaceIds=[MARKETPLACE],
        dataStartTime="2025-11-11T00:00:00Z", dataEndTime="2025-11-20T00:00:00Z",
    )  # fmt: skip
    key = made.payload["reportId"]
    assert reports.get_report(key).payload["processingStatus"] == "IN_QUEUE"
    fake.market.live(0.01)
    document = reports.get_report(key).payload["reportDocumentId"]
    told = reports.get_report_document(document).payload
    text = io.StringIO(gzip.decompress(httpx.get(told["url"]).content).decode())
    assert text.readline().startswith("amazon-order-id\t")
    assert text.readline()


def test_it_asks_for_a_review_once(fake: AmazonServer, client: Clients) -> None:
    from sp_api.base.exceptions import SellingApiForbiddenException

    trade = next(one for one in fake.market.trades if one.stage == "completed")
    asking = client("Solicitations")
    links = asking.get_solicitation_actions_for_order(trade.order, marketplaceIds=[MARKETPLACE]).payload["_links"]
    assert [one["name"] for one in links["actions"]] == ["productReviewAndSellerFeedback"]
    asking.create_product_review_and_seller_feedback_solicitation(trade.order, marketplaceIds=[MARKETPLACE])
    assert [one.address for one in fake.taken()] == [f"{trade.order}@{MARKETPLACE}"]
    with pytest.raises(SellingApiForbiddenException, match="not available"):
        asking.create_product_review_and_seller_feedback_solicitation(trade.order, marketplaceIds=[MARKETPLACE])
