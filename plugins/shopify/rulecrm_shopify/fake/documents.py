"""What Shopify says of the market: orders and customers as nodes.

In: trades. Out: objects of the schema, with every field that it names for them and that a market can know.
Invariant: instants are by Shopify's own clock, in UTC to the second; amounts are text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import define, field, frozen

from rulecrm.testing.markets import Line, Trade

__all__ = ["Person", "Teller", "customer_of", "order_of", "people", "product_of"]

_MONEY = {
    "placed": "PENDING", "paid": "PAID", "shipped": "PAID", "delivered": "PAID", "completed": "PAID",
    "cancelled": "VOIDED",
}  # fmt: skip


def order_of(number: int) -> str:
    """The number of an order."""
    return f"{5_400_000_000_000 + number * 32_768}"


def customer_of(number: int) -> str:
    """The number of a customer."""
    return f"{7_100_000_000_000 + number * 32_768}"


def product_of(product: str) -> str:
    """The number of a product of the market."""
    return f"{8_200_000_000_000 + int(product.removeprefix('P'))}"


@frozen
class Person:
    """A customer as the shop knows them: since when, when they last changed, and what they agreed to."""

    customer: str
    joined_at: dt.datetime
    changed_at: dt.datetime
    place: tuple[str, str, str]
    state: str = "SUBSCRIBED"
    agreed_at: dt.datetime | None = None

    @property
    def email(self) -> str:
        """Made up."""
        return f"c{self.customer}@example.com"

    @property
    def phone(self) -> str:
        """Made up, in a range that nobody has."""
        return f"+1202555{int(self.customer) // 32_768 % 10_000:04d}"


def people(trades: Sequence[Trade], refused: Mapping[str, dt.datetime]) -> list[Person]:
    """Everybody who has bought, those who changed last at the end.

    Args:
        trades: all of them.
        refused: who took back what they agreed to, and when.
    """
    found: dict[str, Person] = {}
    for trade in sorted(trades, key=lambda one: (one.placed_at, one.number)):
        known = found.get(trade.customer)
        joined, place = known.joined_at if known else trade.placed_at, (trade.country, trade.province, trade.city)
        found[trade.customer] = Person(trade.customer, joined, trade.placed_at, place, "SUBSCRIBED", joined)
    for customer, at in refused.items():
        known = found[customer]
        changed = max(known.changed_at, at)
        found[customer] = Person(customer, known.joined_at, changed, known.place, "UNSUBSCRIBED", at)
    return sorted(found.values(), key=lambda one: (one.changed_at, one.customer))


@define
class Teller:
    """Tells of the market.

    Attributes:
        currency: of the shop.
        skew: how much later than the market's Shopify's clock is.
        strange: financial states in the place of those that orders have.
        spoilt: orders whose amount is no number.
    """

    currency: str
    skew: dt.timedelta = dt.timedelta(0)
    strange: dict[str, str] = field(factory=dict)
    spoilt: set[str] = field(factory=set)

    def at(self, instant: dt.datetime | None) -> str | None:
        """An instant by Shopify's clock."""
        return None if instant is None else f"{instant + self.skew:%Y-%m-%dT%H:%M:%SZ}"

    def order(self, trade: Trade) -> dict[str, object]:
        """A node of `Order`."""
        total = "twelve" if trade.order in self.spoilt else trade.amount
        return {
            "id": f"gid://shopify/Order/{trade.order}", "legacyResourceId": trade.order,
            "name": f"#{1001 + trade.number}", "createdAt": self.at(trade.placed_at),
            "updatedAt": self.at(trade.changed_at), "processedAt": self.at(trade.placed_at),
            "cancelledAt": self.at(trade.cancelled_at),
            "closedAt": self.at(trade.completed_at), "closed": trade.completed_at is not None, "test": False,
            "displayFinancialStatus": self.strange.get(trade.order, _financial(trade)),
            "displayFulfillmentStatus": "UNFULFILLED" if trade.shipped_at is None else "FULFILLED",
            "currencyCode": self.currency, "sourceName": "web", "paymentGatewayNames": ["shopify_payments"],
            "discountCodes": ["WELCOME10"] if trade.discount else [],
            "totalPriceSet": self._bag(total), "totalDiscountsSet": self._bag(trade.discount),
            "totalShippingPriceSet": self._bag(trade.shipping_fee),
            "customer": {"id": f"gid://shopify/Customer/{trade.customer}"},
            "shippingAddress": _address(trade.country, trade.province, trade.city),
            "transactions": self._transactions(trade), "refunds": self._refunds(trade),
            "fulfillments": self._fulfillments(trade), "lineItems": [self._line(line) for line in trade.lines],
        }  # fmt: skip

    def customer(self, person: Person) -> dict[str, object]:
        """A node of `Customer`."""
        consent = {"marketingState": person.state, "marketingUpdatedAt": self.at(person.agreed_at)}
        return {
            "id": f"gid://shopify/Customer/{person.customer}", "createdAt": self.at(person.joined_at),
            "updatedAt": self.at(person.changed_at), "locale": "en", "tags": ["newsletter"], "firstName": "Ada",
            "lastName": "Example", "displayName": "Ada Example", "state": "ENABLED",
            "defaultAddress": _address(*person.place),
            "defaultEmailAddress": {"emailAddress": person.email, **consent},
            "defaultPhoneNumber": {"phoneNumber": person.phone, **consent, "marketingState": "NOT_SUBSCRIBED"},
        }  # fmt: skip

    def _bag(self, amount: Decimal | str) -> dict[str, object]:
        money = {"amount": str(amount), "currencyCode": self.currency}
        return {"shopMoney": money, "presentmentMoney": money}

    def _transactions(self, trade: Trade) -> list[dict[str, object]]:
        """Every other order is authorised first and captured later; one that is not paid has a payment that waits."""
        amount = trade.amount

        def one(kind: str, status: str, at: dt.datetime, paid: Decimal = amount) -> dict[str, object]:
            return {"kind": kind, "status": status, "processedAt": self.at(at), "amountSet": self._bag(paid),
                    "gateway": "shopify_payments", "test": False}  # fmt: skip

        found = []
        if trade.number % 2:
            found.append(one("AUTHORIZATION", "SUCCESS", trade.placed_at))
        else:
            found.append(one("SALE", "FAILURE", trade.placed_at))
        if trade.paid_at is not None:
            found.append(one("CAPTURE" if trade.number % 2 else "SALE", "SUCCESS", trade.paid_at))
        if trade.refunded_at is not None:
            found.append(one("REFUND", "SUCCESS", trade.refunded_at, trade.refund_amount or amount))
        return found

    def _refunds(self, trade: Trade) -> list[dict[str, object]]:
        if trade.refunded_at is None:
            return []
        at = self.at(trade.refunded_at)
        return [{"createdAt": at, "updatedAt": at, "totalRefundedSet": self._bag(trade.refund_amount or trade.amount)}]

    def _fulfillments(self, trade: Trade) -> list[dict[str, object]]:
        """The first parcel of an order whose number ends in 0 never left."""
        if trade.shipped_at is None:
            return []
        void: dict[str, object] = {"createdAt": self.at(trade.paid_at), "deliveredAt": None, "status": "CANCELLED"}
        sent: dict[str, object] = {
            "createdAt": self.at(trade.shipped_at),
            "deliveredAt": self.at(trade.delivered_at),
            "status": "SUCCESS",
        }
        return [void, sent] if trade.number % 10 == 0 else [sent]

    def _line(self, line: Line) -> dict[str, object]:
        return {
            "id": f"gid://shopify/LineItem/{line.item.replace('-', '0')}", "title": line.title, "name": line.title,
            "sku": line.product, "quantity": line.quantity, "currentQuantity": line.quantity,
            "product": {"id": f"gid://shopify/Product/{product_of(line.product)}", "title": line.title},
            "originalUnitPriceSet": self._bag(line.price), "originalTotalSet": self._bag(line.price * line.quantity),
            "discountedTotalSet": self._bag(line.amount),
        }  # fmt: skip


def _financial(trade: Trade) -> str:
    if trade.stage == "refunded":
        return "REFUNDED" if trade.refund_amount == trade.amount else "PARTIALLY_REFUNDED"
    return _MONEY[trade.stage]


def _address(country: str, province: str, city: str) -> dict[str, object]:
    return {"countryCodeV2": country, "province": province, "city": city, "address1": "1 Example Street"}
