"""Trades of the market as Amazon tells them.

In: a `Trade`. Out: an order of the Orders API 2026-01-01 or v0, by the models' definitions.
Invariant: an order that is pending has no price, no buyer and no address; the alias is told of orders alone that the
seller fulfils and that are not cancelled (developer-docs.amazon.com/sp-api/docs/access-orders-pii).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal

from attrs import frozen

from rulecrm.testing.markets import Line, Trade

__all__ = ["MARKETPLACE", "Teller", "alias_of", "asin_of", "by_amazon", "order_id", "status_of"]

MARKETPLACE = "A1PA6795UKMFR9"
"""Where everything is sold: Amazon.de."""

_V0_STATUS = {"PENDING": "Pending", "UNSHIPPED": "Unshipped", "SHIPPED": "Shipped", "CANCELLED": "Canceled"}


def order_id(number: int) -> str:
    """Amazon's id of an order, in the form 3-7-7."""
    return f"302-{(number * 7_919 + 1_234_567) % 10_000_000:07d}-{number:07d}"


def alias_of(customer: str) -> str:
    """The alias of a buyer."""
    return f"{customer}@marketplace.amazon.de"


def asin_of(product: str) -> str:
    """The catalogue's id of a product."""
    return f"B0{product:0>8}"


def by_amazon(trade: Trade) -> bool:
    """Whether Amazon fulfils an order itself: every fifth."""
    return trade.number % 5 == 4


def status_of(trade: Trade) -> str:
    """What Amazon calls the state of an order."""
    if trade.cancelled_at is not None or (trade.stage == "refunded" and trade.shipped_at is None):
        return "CANCELLED"
    if trade.shipped_at is not None:
        return "SHIPPED"
    return "PENDING" if trade.paid_at is None else "UNSHIPPED"


@frozen
class Teller:
    """Tells of trades.

    Attributes:
        currency: of what the marketplace sells.
        skew: how much later than the market's Amazon's clock is; every instant is told by it.
        strange: states that replace an order's own, by order.
        spoilt: orders whose total is no number.
    """

    currency: str
    skew: dt.timedelta
    strange: Mapping[str, str]
    spoilt: Collection[str]

    def order(self, trade: Trade, included: Collection[str]) -> dict[str, object]:
        """An order of the Orders API 2026-01-01, with the data sets asked for."""
        told: dict[str, object] = {
            "orderId": trade.order,
            "createdTime": self.at(trade.placed_at),
            "lastUpdatedTime": self.at(trade.changed_at),
            "programs": [],
            "salesChannel": {
                "channelName": "AMAZON", "marketplaceId": MARKETPLACE, "marketplaceName": "Amazon.de",
            },
            "orderItems": [self._item(trade, line, included) for line in trade.lines],
        }  # fmt: skip
        parts = {
            "BUYER": ("buyer", self.buyer(trade)), "RECIPIENT": ("recipient", self._recipient(trade)),
            "PROCEEDS": ("proceeds", self._proceeds(trade)), "FULFILLMENT": ("fulfillment", self.fulfilment(trade)),
            "PACKAGES": ("packages", self._packages(trade)), "PAYMENT": ("payment", self._payment(trade)),
        }  # fmt: skip
        return told | {name: found for key, (name, found) in parts.items() if key in included and found}

    def buyer(self, trade: Trade) -> dict[str, str]:
        """Who bought, where Amazon tells."""
        if by_amazon(trade) or trade.paid_at is None:
            return {}
        return {"buyerName": f"Erika {trade.customer}", "buyerEmail": alias_of(trade.customer)}

    def fulfilment(self, trade: Trade) -> dict[str, object]:
        """How an order is fulfilled, and when it was promised."""
        days = [self.at(trade.placed_at + dt.timedelta(days=number)) for number in (1, 2, 5)]
        return {
            "fulfillmentStatus": self.strange.get(trade.order, status_of(trade)),
            "fulfilledBy": "AMAZON" if by_amazon(trade) else "MERCHANT",
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": {"earliestDateTime": days[0], "latestDateTime": days[1]},
            "deliverByWindow": {"earliestDateTime": days[1], "latestDateTime": days[2]},
        }

    def total(self, trade: Trade) -> str:
        """What an order comes to."""
        return "free of charge" if trade.order in self.spoilt else str(trade.amount)

    def at(self, instant: dt.datetime) -> str:
        """An instant, by Amazon's clock."""
        return (instant.astimezone(dt.UTC) + self.skew).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _money(self, amount: Decimal | str) -> dict[str, str]:
        return {"amount": str(amount), "currencyCode": self.currency}

    def _recipient(self, trade: Trade) -> dict[str, object]:
        if trade.paid_at is None:
            return {}
        told = {"countryCode": trade.country, "stateOrRegion": trade.province, "city": trade.city}
        whole = {"name": f"Erika {trade.customer}", "addressLine1": "Am Markt 1", "postalCode": "12345",
                 "phone": "+49 30 5550100"}  # fmt: skip
        return {"deliveryAddress": told if by_amazon(trade) else told | whole}

    def _proceeds(self, trade: Trade) -> dict[str, object]:
        if trade.paid_at is None:
            return {}
        parts = [{"type": "ITEM", "subtotal": self._money(sum((_gross(line) for line in trade.lines), Decimal(0)))}]
        if trade.shipping_fee:
            parts.append({"type": "SHIPPING", "subtotal": self._money(trade.shipping_fee)})
        if trade.discount:
            parts.append({"type": "DISCOUNT", "subtotal": self._money(-trade.discount)})
        return {"grandTotal": self._money(self.total(trade)), "breakdowns": parts}

    def _packages(self, trade: Trade) -> list[dict[str, object]]:
        if by_amazon(trade) or trade.shipped_at is None:
            return []
        state = "IN_TRANSIT" if trade.delivered_at is None else "DELIVERED"
        return [
            {
                "packageReferenceId": "1", "createdTime": self.at(trade.shipped_at), "carrier": "DHL",
                "shipTime": self.at(trade.shipped_at), "trackingNumber": f"JJD{trade.number:09d}",
                "packageStatus": {"status": state},
            }
        ]  # fmt: skip

    def _payment(self, trade: Trade) -> dict[str, object]:
        if trade.paid_at is None:
            return {}
        return {"paymentExecutions": [
            {"paymentMethod": "CreditCard", "paymentAmount": self._money(trade.amount)}]}  # fmt: skip

    def _item(self, trade: Trade, line: Line, included: Collection[str]) -> dict[str, object]:
        product: dict[str, object] = {
            "asin": asin_of(line.product), "title": line.title, "sellerSku": f"SKU-{line.product}",
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
        }  # fmt: skip
        told: dict[str, object] = {"orderItemId": line.item, "quantityOrdered": line.quantity, "product": product}
        if "FULFILLMENT" in included:
            gone = line.quantity if trade.shipped_at is not None else 0
            told["fulfillment"] = {"quantityFulfilled": gone, "quantityUnfulfilled": line.quantity - gone}
        if trade.paid_at is None:
            return told
        product["price"] = {"unitPrice": self._money(line.price)}
        if "PROCEEDS" in included:
            shipping = trade.shipping_fee if line == trade.lines[0] else Decimal(0)
            parts = [{"type": "ITEM", "subtotal": self._money(_gross(line))}]
            if shipping:
                parts.append({"type": "SHIPPING", "subtotal": self._money(shipping)})
            if line.discount:
                parts.append({"type": "DISCOUNT", "subtotal": self._money(-line.discount)})
            told["proceeds"] = {"proceedsTotal": self._money(line.amount + shipping), "breakdowns": parts}
        return told

    # --- v0 -------------------------------------------------------------------------------------------------------

    def order_v0(self, trade: Trade, *, personal: bool) -> dict[str, object]:
        """An order of the Orders API v0; who bought, and where it goes in full, only by a restricted data token."""
        word = self.strange.get(trade.order, status_of(trade))
        told: dict[str, object] = {
            "AmazonOrderId": trade.order, "PurchaseDate": self.at(trade.placed_at),
            "LastUpdateDate": self.at(trade.changed_at), "OrderStatus": _V0_STATUS.get(word, word),
            "FulfillmentChannel": "AFN" if by_amazon(trade) else "MFN", "MarketplaceId": MARKETPLACE,
            "SalesChannel": "Amazon.de", "OrderType": "StandardOrder", "PaymentMethod": "Other",
            "PaymentMethodDetails": ["CreditCard"], "BuyerInfo": {},
        }  # fmt: skip
        if trade.paid_at is not None:
            address = {"CountryCode": trade.country, "StateOrRegion": trade.province, "City": trade.city}
            told |= {"OrderTotal": self._v0(self.total(trade)), "ShippingAddress": address}
        if personal and self.buyer(trade):
            told["BuyerInfo"] = {"BuyerEmail": alias_of(trade.customer), "BuyerName": f"Erika {trade.customer}"}
        return told

    def items_v0(self, trade: Trade) -> list[dict[str, object]]:
        """The items of an order of the Orders API v0."""
        found = []
        for line in trade.lines:
            told: dict[str, object] = {
                "ASIN": asin_of(line.product), "SellerSKU": f"SKU-{line.product}", "OrderItemId": line.item,
                "Title": line.title, "QuantityOrdered": line.quantity,
                "QuantityShipped": line.quantity if trade.shipped_at is not None else 0,
            }  # fmt: skip
            if trade.paid_at is not None:
                told |= {"ItemPrice": self._v0(_gross(line)), "PromotionDiscount": self._v0(line.discount)}
                if line == trade.lines[0]:
                    told["ShippingPrice"] = self._v0(trade.shipping_fee)
            found.append(told)
        return found

    def _v0(self, amount: Decimal | str) -> dict[str, str]:
        return {"Amount": str(amount), "CurrencyCode": self.currency}


def _gross(line: Line) -> Decimal:
    return line.price * line.quantity
