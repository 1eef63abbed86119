"""Orders of the Orders API v0 as canonical rows.

In: an order as `getOrders` gives it, its items as `getOrderItems` does. Out: rows of `orders`, `items`, `customers`.
Invariant: as in `rows`; an instant that v0 does not tell is not there.

| row | field |
| --- | --- |
| `order`, `placed_at`, `changed_at` | AmazonOrderId, PurchaseDate, LastUpdateDate |
| `status`, `marketplace` | OrderStatus, MarketplaceId |
| `amount`, `currency` | OrderTotal |
| `shipping_fee`, `discount` | sums over its items of ShippingPrice; of PromotionDiscount and ShippingDiscount |
| `payment_method` | PaymentMethodDetails |
| `country`, `province`, `city` | ShippingAddress: CountryCode, StateOrRegion, City |
| `customer` | a hash of BuyerInfo.BuyerEmail, which a restricted data token opens |
| items: `item`, `product`, `title`, `quantity` | OrderItemId, ASIN, Title, QuantityOrdered |
| items: `price` | ItemPrice by QuantityOrdered, where that comes out even to four decimals |
| items: `amount` | ItemPrice less PromotionDiscount, with their taxes in the US and Canada |
| items: `discount` | PromotionDiscount |

Elsewhere than there a price has its VAT in it, and ItemTax tells how much that is
(developer-docs.amazon.com/sp-api/docs/option-1-allow-amazon-to-create-invoices-for-you).

Source: the model of 2026-08-05. Nothing in v0 tells of packages, so it has no `shipped_at`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rulecrm.plugin import Row
from rulecrm_amazon.documents import Understood, bare, customer_of, dictionary, instant, money, text, told, whole
from rulecrm_amazon.settings import Settings

__all__ = ["understand_v0"]

_STATUSES = frozenset(
    {
        "Pending", "PendingAvailability", "Unshipped", "PartiallyShipped", "Shipped", "InvoiceUnconfirmed", "Canceled",
        "Unfulfillable",
    }
)  # fmt: skip
_PAID = frozenset({"Unshipped", "PartiallyShipped", "Shipped"})
_EXACT = Decimal("0.0001")
_BESIDE = frozenset({"USD", "CAD"})
"""Currencies of the marketplaces where taxes come on top of prices."""


def understand_v0(order: Mapping[str, object], items: Sequence[Mapping[str, object]], settings: Settings) -> Understood:
    """The rows that an order and its items become.

    Raises:
        ValueError: what is wrong with it, in words without values of its own.
    """
    key, placed = text(order, "AmazonOrderId"), instant(order, "PurchaseDate")
    changed, status = instant(order, "LastUpdateDate"), text(order, "OrderStatus")
    if key is None or placed is None or changed is None:
        raise ValueError("`AmazonOrderId`, `PurchaseDate` or `LastUpdateDate` is missing")
    remarks = [f"unknown status '{status[:60]}'"] if status is not None and status not in _STATUSES else []
    address, total = dictionary(order, "ShippingAddress"), money(order, "OrderTotal")
    place = told(country=text(address, "CountryCode"), province=text(address, "StateOrRegion"),
                 city=text(address, "City"))  # fmt: skip
    row: dict[str, object] = {"order": key, "placed_at": placed, "changed_at": changed, **place}
    row |= told(status=status, marketplace=text(order, "MarketplaceId"), payment_method=_payment(order))
    row["original"] = bare(order)
    lines = [_item(key, changed, one) for one in items]
    if lines:
        row["quantity"] = sum(one["quantity"] for one in lines if isinstance(one["quantity"], int))
    if total is not None:
        row |= {"amount": total[0], "currency": total[1], "shipping_fee": _sum(items, "ShippingPrice"),
                "discount": _sum(items, "PromotionDiscount") + _sum(items, "ShippingDiscount")}  # fmt: skip
    if settings.estimate and status in _PAID:
        row["paid_at"] = placed
    if settings.estimate and status == "Canceled":
        row["cancelled_at"] = changed
    buyer = dictionary(order, "BuyerInfo")
    alias = text(buyer, "BuyerEmail") if settings.buyers else None
    if alias is None:
        return Understood(row, lines, None, remarks)
    row["customer"] = customer_of(alias)
    known: dict[str, object] = {"customer": row["customer"], "platform": "amazon", "changed_at": changed, **place}
    if "marketplace" in row:
        known["amazon_order"] = f"{key}@{row['marketplace']}"
    if settings.personal:
        known |= told(email=alias, nick=text(buyer, "BuyerName"), phone=text(address, "Phone"))
    return Understood(row, lines, known, remarks)


def _payment(order: Mapping[str, object]) -> str | None:
    ways = order.get("PaymentMethodDetails")
    named = [one for one in ways if isinstance(one, str)] if isinstance(ways, list) else []
    return ", ".join(dict.fromkeys(named)) or text(order, "PaymentMethod")


def _sum(items: Sequence[Mapping[str, object]], name: str) -> Decimal:
    amounts = [money(one, name) for one in items]
    return sum((one[0] for one in amounts if one is not None), Decimal("0.00"))


def _item(order: str, changed: dt.datetime, item: Mapping[str, object]) -> Row:
    key, quantity = text(item, "OrderItemId"), whole(item, "QuantityOrdered")
    if key is None or quantity is None:
        raise ValueError("an item lacks `OrderItemId` or `QuantityOrdered`")
    row: dict[str, object] = {"order": order, "item": key, "quantity": quantity, "changed_at": changed}
    row |= told(product=text(item, "ASIN") or text(item, "SellerSKU"), title=text(item, "Title"))
    price, off = money(item, "ItemPrice"), money(item, "PromotionDiscount")
    if price is not None:
        taken = abs(off[0]) if off is not None else Decimal("0.00")
        taxes = _sum([item], "ItemTax") - abs(_sum([item], "PromotionDiscountTax"))
        on_top = taxes if price[1] in _BESIDE else Decimal("0.00")
        row |= {"amount": price[0] - taken + on_top, "discount": taken, "currency": price[1]}
        one = (price[0] / quantity).quantize(_EXACT) if quantity else Decimal(0)
        if one * quantity == price[0] and quantity:
            row["price"] = one
    return row
