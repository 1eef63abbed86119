"""What eBay tells of a trade, and what is true of it.

In: trades of a `Market`. Out: orders and shipping fulfillments as JSON has them; rows.
Invariant: what is true is worked out from the trade, not from what is told of it; what is not paid for is not told.

A trade that was refunded before it was sent is a cancellation; one that was refunded later has one refund of the order,
two of them, or, where it has one line, a refund of that line alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Line, Market, Trade

__all__ = ["Teller", "ebay_market"]

_SITE = "EBAY_US"
_CENT = Decimal("0.01")


def ebay_market(clock: FakeClock) -> Market:
    """A market whose orders have numbers as eBay writes them, in dollars."""
    return Market(
        clock, currency="USD", order_of=lambda number: f"12-{number * 7919 % 100000:05d}-{number:05d}",
        customer_of=lambda number: f"buyer_{number:04d}",
    )  # fmt: skip


@frozen
class Teller:
    """Tells of trades.

    Attributes:
        skew: how much later than the market's eBay's clock is.
        strange: fulfillment states that replace an order's own.
        spoilt: orders whose amount is no number.
    """

    skew: dt.timedelta
    strange: Mapping[str, str]
    spoilt: frozenset[str]

    def at(self, instant: dt.datetime) -> str:
        """An instant by eBay's clock, as eBay writes it."""
        return f"{(instant + self.skew).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"

    def order(self, trade: Trade) -> dict[str, object]:
        """The order as `getOrders` has it."""
        assert trade.paid_at is not None
        total: dict[str, object] = {"value": f"{trade.amount}", "currency": trade.currency}
        if trade.order in self.spoilt:
            total["value"] = "a lot"
        cancelled = _cancelled(trade)
        cancel: dict[str, object] = {"cancelState": "NONE_REQUESTED", "cancelRequests": []}
        if cancelled is not None:
            cancel = {"cancelState": "CANCELED", "cancelRequests": [], "cancelledDate": self.at(cancelled)}
        return {
            "orderId": trade.order, "legacyOrderId": trade.order, "creationDate": self.at(trade.placed_at),
            "lastModifiedDate": self.at(trade.changed_at), "sellerId": "rulecrm-shop", "cancelStatus": cancel,
            "orderPaymentStatus": _payment(trade), "orderFulfillmentStatus": self._fulfillment(trade),
            "buyer": self._buyer(trade), "buyerCheckoutNotes": "please wrap it",
            "pricingSummary": {
                "total": total, "priceSubtotal": self._money(trade, trade.amount + trade.discount),
                "priceDiscount": self._money(trade, -trade.discount),
                "deliveryCost": self._money(trade, trade.shipping_fee),
            },
            "paymentSummary": {
                "payments": [
                    {"paymentMethod": "EBAY", "paymentStatus": "PAID", "paymentDate": self.at(trade.paid_at),
                     "amount": self._money(trade, trade.amount)}
                ],
                "refunds": self._refunds(trade), "totalDueSeller": self._money(trade, trade.amount),
            },
            "fulfillmentStartInstructions": [self._instruction(trade)],
            "fulfillmentHrefs": [], "lineItems": [self._line(trade, line) for line in trade.lines],
        }  # fmt: skip

    def shipments(self, trade: Trade) -> list[dict[str, object]]:
        """Its shipping fulfillments: two packages, the second an hour before the first."""
        if trade.shipped_at is None:
            return []
        dates = (trade.shipped_at, trade.shipped_at - dt.timedelta(hours=1))
        return [
            {"fulfillmentId": f"{trade.number:010d}{which}", "shippedDate": self.at(at), "lineItems": []}
            for which, at in enumerate(dates)
        ]

    def _fulfillment(self, trade: Trade) -> str:
        return self.strange.get(trade.order, "FULFILLED" if trade.shipped_at is not None else "NOT_STARTED")

    def _buyer(self, trade: Trade) -> dict[str, object]:
        return {
            "username": trade.customer, "taxAddress": {"countryCode": "US", "postalCode": "98101"},
            "buyerRegistrationAddress": {
                "fullName": f"Buyer {trade.customer}", "email": f"{trade.customer}@members.example.com",
                "primaryPhone": {"phoneNumber": "2065550100"},
                "contactAddress": {"addressLine1": "1 Pine St", "city": "Seattle", "countryCode": _home(trade)},
            },
        }  # fmt: skip

    def _instruction(self, trade: Trade) -> dict[str, object]:
        place = {
            "addressLine1": "2 Oak St", "city": trade.city, "stateOrProvince": trade.province,
            "countryCode": trade.country, "postalCode": "10115",
        }  # fmt: skip
        step = {"shipTo": {"fullName": f"Buyer {trade.customer}", "contactAddress": place}}
        if trade.number % 5:
            return {"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": step}
        hub = {
            "addressLine1": "1850 Airport Exchange",
            "city": "Erlanger",
            "stateOrProvince": "KY",
            "countryCode": "US",
        }
        return {
            "fulfillmentInstructionsType": "SHIP_TO", "ebaySupportedFulfillment": True,
            "finalDestinationAddress": place, "shippingStep": {"shipTo": {"fullName": "Hub", "contactAddress": hub}},
        }  # fmt: skip

    def _line(self, trade: Trade, line: Line) -> dict[str, object]:
        told: dict[str, object] = {
            "lineItemId": line.item, "legacyItemId": line.product, "title": line.title, "quantity": line.quantity,
            "lineItemCost": self._money(trade, line.price * line.quantity), "listingMarketplaceId": _SITE,
            "purchaseMarketplaceId": _SITE, "lineItemFulfillmentStatus": "NOT_STARTED", "refunds": [], "taxes": [],
            "appliedPromotions": [], "total": self._money(trade, line.amount), "soldFormat": "FIXED_PRICE",
        }  # fmt: skip
        if line.discount:
            told["discountedLineItemCost"] = self._money(trade, line.amount)
        if _of_line(trade):
            assert trade.refunded_at is not None
            assert trade.refund_amount is not None
            told["refunds"] = [
                {"refundId": "1", "refundDate": self.at(trade.refunded_at),
                 "amount": self._money(trade, trade.refund_amount)}
            ]  # fmt: skip
        return told

    def _refunds(self, trade: Trade) -> list[dict[str, object]]:
        if trade.refunded_at is None or trade.refund_amount is None or _of_line(trade):
            # One that did not come about.
            failed: dict[str, object] = {
                "refundStatus": "FAILED",
                "amount": self._money(trade, trade.amount),
                "refundId": "0",
            }
            return [failed] if trade.number % 6 == 1 and not _of_line(trade) else []
        first = (trade.refund_amount / 2).quantize(_CENT) if trade.number % 2 else trade.refund_amount
        parts = [(first, trade.refunded_at - dt.timedelta(minutes=5)), (trade.refund_amount - first, trade.refunded_at)]
        return [
            {"refundId": str(which), "refundStatus": "REFUNDED", "refundDate": self.at(at),
             "amount": self._money(trade, part)}
            for which, (part, at) in enumerate(parts) if part or which
        ]  # fmt: skip

    def _money(self, trade: Trade, value: Decimal) -> dict[str, object]:
        return {"value": f"{value}", "currency": trade.currency}

    # --- what is true ---------------------------------------------------------------------------------------------

    def truth(self, every: Sequence[Trade]) -> Mapping[str, Sequence[Row]]:
        """The rows that a reader of everything has; of a customer, what the latest change says."""
        trades = sorted((one for one in every if one.paid_at is not None), key=lambda one: one.changed_at)
        customers = {one.customer: _home(one) for one in trades}
        return {
            "orders": [self._true_order(one) for one in trades],
            "items": [self._true_item(one, line) for one in trades for line in one.lines],
            "customers": [
                {"customer": one, "platform": "ebay", "country": home} for one, home in sorted(customers.items())
            ],
        }

    def _true_order(self, trade: Trade) -> Row:
        assert trade.paid_at is not None
        cancelled = _cancelled(trade)
        words = [_payment(trade), self._fulfillment(trade), *([] if cancelled is None else ["CANCELED"])]
        row: dict[str, object] = {
            "order": trade.order, "customer": trade.customer, "status": " ".join(words), "shop": _SITE,
            "changed_at": trade.changed_at + self.skew, "quantity": trade.quantity, "amount": trade.amount,
            "currency": trade.currency, "discount": trade.discount, "shipping_fee": trade.shipping_fee,
            "payment_method": "EBAY", "country": trade.country, "province": trade.province, "city": trade.city,
            "placed_at": trade.placed_at + self.skew, "paid_at": trade.paid_at + self.skew,
        }  # fmt: skip
        if trade.shipped_at is not None:
            row["shipped_at"] = trade.shipped_at + self.skew
        if cancelled is not None:
            row["cancelled_at"] = cancelled + self.skew
        if trade.refunded_at is not None:
            row |= {"refunded_at": trade.refunded_at + self.skew, "refund_amount": trade.refund_amount}
        return row

    def _true_item(self, trade: Trade, line: Line) -> Row:
        row: dict[str, object] = {
            "order": trade.order, "item": line.item, "changed_at": trade.changed_at + self.skew,
            "product": line.product, "title": line.title, "quantity": line.quantity, "price": line.price,
            "amount": line.amount, "currency": trade.currency,
        }  # fmt: skip
        return row | ({"discount": line.discount} if line.discount else {})


def _cancelled(trade: Trade) -> dt.datetime | None:
    return trade.refunded_at if trade.shipped_at is None else None


def _payment(trade: Trade) -> str:
    if trade.refunded_at is None:
        return "PAID"
    return "FULLY_REFUNDED" if trade.refund_amount == trade.amount else "PARTIALLY_REFUNDED"


def _of_line(trade: Trade) -> bool:
    return trade.refunded_at is not None and len(trade.lines) == 1 and trade.number % 3 == 0


def _home(trade: Trade) -> str:
    return ("US", "DE", "BR", "FR")[sum(trade.customer.encode()) % 4]
