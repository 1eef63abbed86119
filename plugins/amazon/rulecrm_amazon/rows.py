"""Orders of the Orders API 2026-01-01 as canonical rows.

In: an order as `searchOrders` gives it. Out: rows of `orders`, `items`, `customers`.
Invariant: no instant is guessed, unless the setting `estimate` asks for it; an order without a price has no amount.

| row | field |
| --- | --- |
| `order`, `placed_at`, `changed_at` | orderId, createdTime, lastUpdatedTime |
| `status`, `marketplace` | fulfillment.fulfillmentStatus, salesChannel.marketplaceId |
| `amount`, `currency` | proceeds.grandTotal |
| `shipping_fee`, `discount` | proceeds.breakdowns of the types SHIPPING and DISCOUNT, discounts as positive amounts |
| `shipped_at` | of an order that is SHIPPED: the last packages.shipTime, where every package has one |
| `payment_method` | payment.paymentExecutions.paymentMethod |
| `country`, `province`, `city` | recipient.deliveryAddress: countryCode, stateOrRegion, city |
| `customer` | a hash of buyer.buyerEmail (`documents.customer_of`) |
| items: `item`, `quantity` | orderItemId, quantityOrdered |
| items: `product`, `title` | product.asin, or else product.sellerSku; product.title |
| items: `price`, `amount`, `discount` | product.price.unitPrice; proceeds.proceedsTotal without shipping; DISCOUNT |

When an order was paid, delivered, cancelled or refunded is told nowhere in this API (model of 2026-08-05).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rulecrm.plugin import Row
from rulecrm_amazon.documents import (
    Understood,
    bare,
    customer_of,
    dictionaries,
    dictionary,
    instant,
    money,
    text,
    told,
    whole,
)
from rulecrm_amazon.settings import Settings

__all__ = ["INCLUDED", "STATUSES", "understand"]

INCLUDED = ("FULFILLMENT", "PACKAGES", "PAYMENT", "PROCEEDS", "RECIPIENT")
"""Data sets that are asked for; BUYER besides, where the settings say so."""

STATUSES = frozenset(
    {"PENDING", "PENDING_AVAILABILITY", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE"}
)
_PAID = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})
_PACKED = frozenset({"PENDING", "IN_TRANSIT", "SHIPPED", "DELIVERED", "CANCELLED", "UNDELIVERABLE"})


def understand(order: Mapping[str, object], settings: Settings) -> Understood:
    """The rows that an order becomes.

    Raises:
        ValueError: what is wrong with it, in words without values of its own.
    """
    key, placed, changed = text(order, "orderId"), instant(order, "createdTime"), instant(order, "lastUpdatedTime")
    if key is None or placed is None or changed is None:
        raise ValueError("`orderId`, `createdTime` or `lastUpdatedTime` is missing")
    remarks: list[str] = []
    status = text(dictionary(order, "fulfillment"), "fulfillmentStatus")
    if status is not None and status not in STATUSES:
        remarks.append(f"unknown status '{status[:60]}'")
    row: dict[str, object] = {"order": key, "placed_at": placed, "changed_at": changed, "original": bare(order)}
    row |= told(
        status=status,
        marketplace=text(dictionary(order, "salesChannel"), "marketplaceId"),
        payment_method=_payment(order),
        shipped_at=_shipped(order, status, remarks),
    )
    row |= _place(order) | _amounts(order)
    if settings.estimate and status in _PAID:
        row["paid_at"] = placed
    if settings.estimate and status == "CANCELLED":
        row["cancelled_at"] = changed
    items = [_item(key, changed, one) for one in dictionaries(order, "orderItems")]
    if items:
        row["quantity"] = sum(one["quantity"] for one in items if isinstance(one["quantity"], int))
    return _with_buyer(order, row, items, remarks, settings)


def _with_buyer(
    order: Mapping[str, object], row: dict[str, object], items: Sequence[Row], remarks: list[str], settings: Settings
) -> Understood:
    buyer = dictionary(order, "buyer")
    alias = text(buyer, "buyerEmail") if settings.buyers else None
    if alias is None:
        return Understood(row, items, None, remarks)
    row["customer"] = customer_of(alias)
    known: dict[str, object] = {
        "customer": row["customer"], "platform": "amazon", "changed_at": row["changed_at"],
        **_place(order),
    }  # fmt: skip
    if "marketplace" in row:
        known["amazon_order"] = f"{row['order']}@{row['marketplace']}"
    if settings.personal:
        address = dictionary(dictionary(order, "recipient"), "deliveryAddress")
        known |= told(email=alias, nick=text(buyer, "buyerName"), phone=text(address, "phone"))
    return Understood(row, items, known, remarks)


def _place(order: Mapping[str, object]) -> dict[str, object]:
    address = dictionary(dictionary(order, "recipient"), "deliveryAddress")
    return told(
        country=text(address, "countryCode"), province=text(address, "stateOrRegion"), city=text(address, "city")
    )


def _amounts(order: Mapping[str, object]) -> dict[str, object]:
    proceeds = dictionary(order, "proceeds")
    total = money(proceeds, "grandTotal")
    if total is None:
        return {}
    found: dict[str, object] = {"amount": total[0], "currency": total[1]}
    parts = dictionaries(proceeds, "breakdowns")
    if parts:
        found |= {"shipping_fee": _part(parts, "SHIPPING"), "discount": abs(_part(parts, "DISCOUNT"))}
    return found


def _part(parts: Sequence[Mapping[str, object]], kind: str) -> Decimal:
    """What the breakdowns of a type come to, 0 where there is none."""
    amounts = [money(one, "subtotal") for one in parts if text(one, "type") == kind]
    return sum((one[0] for one in amounts if one is not None), Decimal("0.00"))


def _payment(order: Mapping[str, object]) -> str | None:
    ways = [text(one, "paymentMethod") for one in dictionaries(dictionary(order, "payment"), "paymentExecutions")]
    return ", ".join(dict.fromkeys(one for one in ways if one)) or None


def _shipped(order: Mapping[str, object], status: str | None, remarks: list[str]) -> dt.datetime | None:
    """When the last package of an order that has left as a whole was handed to the carrier."""
    times: list[dt.datetime | None] = []
    for package in dictionaries(order, "packages"):
        state = text(dictionary(package, "packageStatus"), "status")
        if state is not None and state not in _PACKED:
            remarks.append(f"unknown status of a package '{state[:60]}'")
        if state != "CANCELLED":
            times.append(instant(package, "shipTime"))
    left = [one for one in times if one is not None]
    return max(left) if status == "SHIPPED" and left and len(left) == len(times) else None


def _item(order: str, changed: dt.datetime, item: Mapping[str, object]) -> Row:
    key, quantity, product = text(item, "orderItemId"), whole(item, "quantityOrdered"), dictionary(item, "product")
    if key is None or quantity is None:
        raise ValueError("an item lacks `orderItemId` or `quantityOrdered`")
    row: dict[str, object] = {"order": order, "item": key, "quantity": quantity, "changed_at": changed}
    row |= told(product=text(product, "asin") or text(product, "sellerSku"), title=text(product, "title"))
    price = money(dictionary(product, "price"), "unitPrice")
    if price is not None:
        row |= {"price": price[0], "currency": price[1]}
    proceeds = dictionary(item, "proceeds")
    total, parts = money(proceeds, "proceedsTotal"), dictionaries(proceeds, "breakdowns")
    if total is not None:
        row |= {"amount": total[0] - _part(parts, "SHIPPING"), "currency": total[1]}
        if parts:
            row["discount"] = abs(_part(parts, "DISCOUNT"))
    return row
