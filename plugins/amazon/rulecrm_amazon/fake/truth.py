"""What is true of the market, as rows.

In: trades. Out: the rows that a reader who has read everything has.
Invariant: nothing here knows how the rows are read; only what Amazon tells of a trade, and what the README says becomes
of it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.markets import Trade
from rulecrm_amazon.fake.documents import MARKETPLACE, alias_of, asin_of, by_amazon, status_of

__all__ = ["Truth"]

_V0 = {"PENDING": "Pending", "UNSHIPPED": "Unshipped", "SHIPPED": "Shipped", "CANCELLED": "Canceled"}


@frozen
class Truth:
    """Tells what is true.

    Attributes:
        skew: how much later than the market's Amazon's clock is.
        strange: states that replace an order's own.
        buyers: whether the application has the role for buyers.
        v0: whether the reader reads the Orders API v0.
    """

    skew: dt.timedelta
    strange: Mapping[str, str]
    buyers: bool
    v0: bool

    def rows(self, unsorted: Sequence[Trade]) -> Mapping[str, Sequence[Row]]:
        """All rows; those of a customer's orders, the later over the earlier."""
        trades = sorted(unsorted, key=lambda trade: (trade.changed_at, trade.number))
        customers: dict[str, dict[str, object]] = {}
        for trade in trades:
            if self._has_buyer(trade):
                key = _hashed(trade.customer)
                customers[key] = customers.get(key, {}) | {
                    "customer": key, "platform": "amazon", "changed_at": trade.changed_at + self.skew,
                    "country": trade.country, "province": trade.province, "city": trade.city,
                    "amazon_order": f"{trade.order}@{MARKETPLACE}",
                }  # fmt: skip
        return {
            "orders": [self._order(trade) for trade in trades],
            "items": [item for trade in trades for item in self._items(trade)],
            "customers": list(customers.values()),
        }

    def _has_buyer(self, trade: Trade) -> bool:
        return trade.paid_at is not None and not by_amazon(trade) and self.buyers

    def _order(self, trade: Trade) -> Row:
        word = status_of(trade)
        row: dict[str, object] = {
            "order": trade.order, "status": self.strange.get(trade.order, _V0[word] if self.v0 else word),
            "marketplace": MARKETPLACE, "placed_at": trade.placed_at + self.skew, "quantity": trade.quantity,
            "changed_at": trade.changed_at + self.skew,
        }  # fmt: skip
        if trade.paid_at is not None:
            row |= {
                "amount": trade.amount, "currency": "EUR", "discount": trade.discount,
                "shipping_fee": trade.shipping_fee, "country": trade.country, "province": trade.province,
                "city": trade.city,
            }  # fmt: skip
        if trade.paid_at is not None or self.v0:
            row["payment_method"] = "CreditCard"
        if trade.shipped_at is not None and not by_amazon(trade) and not self.v0:
            row["shipped_at"] = trade.shipped_at + self.skew
        return row | ({"customer": _hashed(trade.customer)} if self._has_buyer(trade) else {})

    def _items(self, trade: Trade) -> list[Row]:
        found: list[Row] = []
        for line in trade.lines:
            row: dict[str, object] = {
                "order": trade.order, "item": line.item, "product": asin_of(line.product), "title": line.title,
                "quantity": line.quantity, "changed_at": trade.changed_at + self.skew,
            }  # fmt: skip
            if trade.paid_at is not None:
                row |= {"price": Decimal(line.price), "amount": line.amount, "discount": line.discount,
                        "currency": "EUR"}  # fmt: skip
            found.append(row)
        return found


def _hashed(customer: str) -> str:
    return hashlib.sha256(alias_of(customer).encode()).hexdigest()[:32]
