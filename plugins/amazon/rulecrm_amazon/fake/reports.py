"""The Reports API, as the fake has it.

In: what a report is asked for with. Out: its state, which goes on with the clock, and its file.
Invariant: a document's address opens it without a token, for five minutes.

Columns: developer-docs.amazon.com/sp-api/docs/order-tracking-reports-attributes.
"""

from __future__ import annotations

import datetime as dt
import gzip

from attrs import frozen

from rulecrm.testing.http import Reply, as_json
from rulecrm.testing.markets import Market, Trade
from rulecrm_amazon.fake.documents import MARKETPLACE, asin_of, by_amazon, status_of
from rulecrm_amazon.fake.operations import instant_of
from rulecrm_amazon.fake.tokens import error

__all__ = ["COLUMNS", "Archive"]

COLUMNS = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "promotion-ids", "is-business-order", "purchase-order-number", "price-designation",
)  # fmt: skip

_TYPE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
_KNOWN = {"reportType", "reportOptions", "dataStartTime", "dataEndTime", "marketplaceIds"}
_QUEUED, _MADE = dt.timedelta(seconds=20), dt.timedelta(seconds=75)
_OPEN = dt.timedelta(minutes=5)
_WORDS = {"PENDING": "Pending", "UNSHIPPED": "Unshipped", "SHIPPED": "Shipped", "CANCELLED": "Cancelled"}


@frozen
class _Report:
    at: dt.datetime
    since: dt.datetime
    end: dt.datetime


class Archive:
    """Reports that were asked for.

    Attributes:
        fatal: ids of reports that come to nothing.
    """

    def __init__(self, market: Market) -> None:
        self.fatal: set[str] = set()
        self._market = market
        self._reports: dict[str, _Report] = {}
        self._opened: dict[str, dt.datetime] = {}

    def create(self, wanted: object, now: dt.datetime) -> Reply:
        """Take the order for a report."""
        if not isinstance(wanted, dict) or set(wanted) - _KNOWN or wanted.get("reportType") != _TYPE:
            return error(400, "InvalidInput", "Invalid input")
        places = wanted.get("marketplaceIds")
        if not isinstance(places, list) or not 1 <= len(places) <= 25:
            return error(400, "InvalidInput", "marketplaceIds must have 1 to 25 items")
        since, end = instant_of(str(wanted.get("dataStartTime", ""))), instant_of(str(wanted.get("dataEndTime", "")))
        since, end = since or now, end or now
        if since > end or end > now or end - since > dt.timedelta(days=31):
            return error(400, "InvalidInput", "dataStartTime and dataEndTime are not valid")
        key = str(50_000 + len(self._reports))
        self._reports[key] = _Report(now, since, end)
        return as_json({"reportId": key}, 202)

    def state(self, key: str, now: dt.datetime, skew: dt.timedelta) -> Reply:
        """How far a report is."""
        report = self._reports.get(key)
        if report is None:
            return error(404, "NotFound", "The report was not found.")
        passed = now - report.at
        state = "IN_QUEUE" if passed < _QUEUED else "IN_PROGRESS" if passed < _MADE else "DONE"
        if state == "DONE":
            state = "FATAL" if key in self.fatal else state if self._within(report, skew) else "CANCELLED"
        told = {
            "reportId": key, "reportType": _TYPE, "marketplaceIds": [MARKETPLACE], "processingStatus": state,
            "createdTime": report.at.isoformat(), "dataStartTime": report.since.isoformat(),
            "dataEndTime": report.end.isoformat(),
        }  # fmt: skip
        return as_json(told | ({"reportDocumentId": f"amzn1.spdoc.1.{key}"} if state == "DONE" else {}))

    def document(self, document: str, url: str, now: dt.datetime) -> Reply:
        """Where a report's document is."""
        key = document.rpartition(".")[2]
        if key not in self._reports:
            return error(404, "NotFound", "The document was not found.")
        self._opened[key] = now
        told = {"reportDocumentId": document, "compressionAlgorithm": "GZIP"}
        return as_json(told | {"url": f"{url}/documents/{key}?X-Amz-Signature=fake-signature-{key}"})

    def file(self, key: str, signature: str, now: dt.datetime, skew: dt.timedelta) -> Reply:
        """The document itself: tab-separated, a row an item, compressed."""
        opened = self._opened.get(key)
        if opened is None or now - opened > _OPEN or signature != f"fake-signature-{key}":
            return Reply(403, b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"})
        rows = [row for trade in self._within(self._reports[key], skew) for row in _rows(trade, skew)]
        lines = "\r\n".join("\t".join(row) for row in [COLUMNS, *rows]) + "\r\n"
        return Reply(200, gzip.compress(lines.encode(), mtime=0), {"content-type": "application/octet-stream"})

    def _within(self, report: _Report, skew: dt.timedelta) -> list[Trade]:
        return [one for one in self._market.trades if report.since <= one.changed_at + skew <= report.end]


def _rows(trade: Trade, skew: dt.timedelta) -> list[tuple[str, ...]]:
    def at(instant: dt.datetime) -> str:
        return (instant.astimezone(dt.UTC) + skew).isoformat(timespec="seconds")

    found = []
    for line in trade.lines:
        row = {
            "amazon-order-id": trade.order, "merchant-order-id": trade.order, "purchase-date": at(trade.placed_at),
            "last-updated-date": at(trade.changed_at), "order-status": _WORDS[status_of(trade)],
            "fulfillment-channel": "Amazon" if by_amazon(trade) else "Merchant", "sales-channel": "Amazon.de",
            "ship-service-level": "Standard", "product-name": line.title, "sku": f"SKU-{line.product}",
            "asin": asin_of(line.product), "item-status": _WORDS[status_of(trade)], "quantity": str(line.quantity),
            "is-business-order": "false",
        }  # fmt: skip
        if trade.paid_at is not None:
            row |= {
                "currency": "EUR", "item-price": str(line.price * line.quantity), "ship-city": trade.city,
                "ship-state": trade.province, "ship-country": trade.country,
                "item-promotion-discount": str(line.discount),
                "shipping-price": str(trade.shipping_fee) if line == trade.lines[0] else "0.00",
            }  # fmt: skip
        found.append(tuple(row.get(name, "") for name in COLUMNS))
    return found
