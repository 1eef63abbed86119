"""What is true of the market, as rows.

In: trades and people. Out: the rows that a reader who has read everything has.
Invariant: nothing here knows how rows are read, only what the README says becomes of what Shopify tells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.markets import Trade
from rulecrm_shopify.fake.documents import Person, product_of

__all__ = ["Truth"]

_WORDS = {
    "placed": "PENDING, UNFULFILLED", "paid": "PAID, UNFULFILLED", "shipped": "PAID, FULFILLED",
    "delivered": "PAID, FULFILLED", "completed": "PAID, FULFILLED", "cancelled": "VOIDED, UNFULFILLED",
}  # fmt: skip
_STAGES = ("placed_at", "paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at", "refunded_at")


@frozen
class Truth:
    """Tells what is true.

    Attributes:
        currency: of the shop.
        skew: how much later than the market's Shopify's clock is.
        strange: financial states in the place of those that orders have.
        consent, personal: whether the reader asked for it.
    """

    currency: str
    skew: dt.timedelta
    strange: Mapping[str, str]
    consent: bool
    personal: bool

    def order(self, trade: Trade) -> Row:
        """The row of a trade."""
        instants = {name: at + self.skew for name in _STAGES if (at := getattr(trade, name)) is not None}
        return {
            "order": trade.order, "customer": trade.customer, "status": self._status(trade), **instants,
            "changed_at": trade.changed_at + self.skew, "amount": trade.amount, "currency": self.currency,
            "discount": trade.discount, "shipping_fee": trade.shipping_fee, "quantity": trade.quantity,
            "coupon": "WELCOME10" if trade.discount else None, "channel": "web",
            "payment_method": "shopify_payments", "country": trade.country, "province": trade.province,
            "city": trade.city, "refund_amount": trade.refund_amount,
        }  # fmt: skip

    def items(self, trade: Trade) -> Sequence[Row]:
        """The rows of its lines."""
        return [
            {
                "order": trade.order, "item": line.item.replace("-", "0"), "changed_at": trade.changed_at + self.skew,
                "product": product_of(line.product), "sku": line.product, "title": line.title,
                "quantity": line.quantity, "price": line.price, "amount": line.amount, "discount": line.discount,
                "currency": self.currency,
            }
            for line in trade.lines
        ]  # fmt: skip

    def customer(self, person: Person) -> Row:
        """The row of a customer."""
        country, province, city = person.place
        row: dict[str, object] = {
            "customer": person.customer, "platform": "shopify", "changed_at": person.changed_at + self.skew,
            "joined_at": person.joined_at + self.skew, "language": "en", "tags": ["newsletter"], "country": country,
            "province": province, "city": city,
        }  # fmt: skip
        if self.consent or self.personal:
            given = person.state == "SUBSCRIBED"
            row |= {"accepts_email": given, "accepts_sms": False}
            if given and person.agreed_at is not None:
                row["email_consent_at"] = person.agreed_at + self.skew
        if self.personal:
            row |= {"email": person.email, "phone": person.phone, "nick": "Ada"}
        return row

    def _status(self, trade: Trade) -> str:
        if trade.order in self.strange:
            return f"{self.strange[trade.order]}, {'FULFILLED' if trade.shipped_at else 'UNFULFILLED'}"
        if trade.stage == "refunded":
            whole = "REFUNDED" if trade.refund_amount == trade.amount else "PARTIALLY_REFUNDED"
            return f"{whole}, {'FULFILLED' if trade.shipped_at else 'UNFULFILLED'}"
        return _WORDS[trade.stage]
