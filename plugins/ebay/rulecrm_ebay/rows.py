"""Orders of eBay as canonical rows.

In: an order of `getOrders`, and its shipping fulfillments. Out: rows.
Invariant: an instant that the platform does not tell is not there; a word that is not known is kept and counted.

| column | from |
| --- | --- |
| `order`, `changed_at` | `orderId`, `lastModifiedDate` |
| `status` | `orderPaymentStatus`, `orderFulfillmentStatus`, and `cancelStatus.cancelState` where there is a request |
| `customer` | `buyer.username` |
| `shop` | `listingMarketplaceId` of its lines, where it is one |
| `amount`, `currency` | `pricingSummary.total`; taxes that eBay collects itself are not in it |
| `discount`, `shipping_fee` | `pricingSummary`: `priceDiscount` as positive; `deliveryCost` less `deliveryDiscount` |
| `country`, `province`, `city` | of the final destination, or else where it is shipped to |
| `payment_method` | `paymentSummary.payments[0].paymentMethod` |
| `placed_at`, `paid_at` | `creationDate`; the last `paymentDate`, where every payment is PAID |
| `shipped_at` | of an order that is FULFILLED: the last `shippedDate` of its shipping fulfillments |
| `cancelled_at` | `cancelStatus.cancelledDate` |
| `refunded_at`, `refund_amount` | the last `refundDate`, and the sum, of refunds that are REFUNDED |
| items: `item`, `product`, `title`, `quantity` | `lineItemId`, `legacyItemId`, `title`, `quantity` |
| items: `price` | `lineItemCost` by the quantity, where that comes out even |
| items: `amount`, `discount` | `discountedLineItemCost`, else `lineItemCost`; what the former is below the latter |
| customers: `country` | `buyer.buyerRegistrationAddress`, else `buyer.taxAddress` |

Refunds stand in `paymentSummary.refunds`; where there are none, in `lineItems.refunds`. Their amount is the seller's:
without the taxes that eBay collects. Delivery and completion are told nowhere in this API.
Source: eBay's Sell Fulfillment API v1.20.0 (OpenAPI), and developer.ebay.com/api-docs/sell/fulfillment/types for the
words of OrderPaymentStatusEnum, OrderFulfillmentStatus, CancelStateEnum and RefundStatusEnum.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from rulecrm.plugin.fields import Json, inner, listed, text
from rulecrm.plugin.rows import Rows
from rulecrm_ebay.fields import amount, instant, key, number, private

__all__ = ["FULFILLED", "original", "rows_of"]

FULFILLED = "FULFILLED"
_PAID, _REFUNDED, _NO_REQUEST = "PAID", "REFUNDED", "NONE_REQUESTED"
_FULFILLMENT = frozenset({"NOT_STARTED", "IN_PROGRESS", FULFILLED})
_PAYMENT = frozenset({"FAILED", "FULLY_REFUNDED", _PAID, "PARTIALLY_REFUNDED", "PENDING"})
_CANCEL = frozenset({"CANCELED", "IN_PROGRESS", _NO_REQUEST})
_REFUND = frozenset({_REFUNDED, "FAILED", "PENDING"})
_CENT = Decimal("0.0001")


def rows_of(order: Json, shipments: Sequence[Json] | None, *, personal: bool = False) -> Rows:
    """The rows of one order.

    Args:
        order: as it was told.
        shipments: its shipping fulfillments; None where nobody has asked for them.
        personal: whether names and numbers are wanted.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the order in them.
    """
    rows = Rows()
    number_, changed = key(order.get("orderId"), "orderId"), instant(order.get("lastModifiedDate"), "lastModifiedDate")
    if changed is None:
        raise ValueError("`lastModifiedDate` is missing")
    customer = key(inner(order.get("buyer")).get("username"), "buyer.username")
    lines = listed(order.get("lineItems"))
    rows.items.extend(_item(line, number_, changed) for line in lines)
    place = _place(order)
    row: dict[str, object | None] = {
        "order": number_, "customer": customer, "status": _status(order, rows.remarks), "changed_at": changed,
        "shop": _only([text(line.get("listingMarketplaceId")) for line in lines]),
        "quantity": _sum([line["quantity"] for line in rows.items]),
        "country": text(place.get("countryCode")), "province": text(place.get("stateOrProvince")),
        "city": text(place.get("city")), "placed_at": instant(order.get("creationDate"), "creationDate"),
        "original": original(order), **_money(order), **_paid(order), **_back(order, lines, rows.remarks),
        "cancelled_at": instant(inner(order.get("cancelStatus")).get("cancelledDate"), "cancelledDate"),
    }  # fmt: skip
    if shipments is not None:
        row["shipped_at"] = _shipped(order, shipments)
    rows.orders.append(row)
    rows.customers.append(_customer(customer, order, personal=personal))
    return rows


def original(order: Json) -> str:
    """The order as it came, as JSON, without what is personal."""
    return json.dumps(private(order), ensure_ascii=False, default=str)


def _status(order: Json, remarks: Counter[str]) -> str:
    payment = key(order.get("orderPaymentStatus"), "orderPaymentStatus")
    fulfillment = key(order.get("orderFulfillmentStatus"), "orderFulfillmentStatus")
    cancel = text(inner(order.get("cancelStatus")).get("cancelState")) or _NO_REQUEST
    status = f"{payment} {fulfillment}" if cancel == _NO_REQUEST else f"{payment} {fulfillment} {cancel}"
    if payment not in _PAYMENT or fulfillment not in _FULFILLMENT or cancel not in _CANCEL:
        remarks[f"unknown status {status!r}"] += 1
    return status


def _money(order: Json) -> dict[str, object]:
    told = inner(order.get("pricingSummary"))
    total, off, cost, less = (
        amount(told.get(name), name) for name in ("total", "priceDiscount", "deliveryCost", "deliveryDiscount")
    )
    # Discounts are negative by the model; the sign is not relied upon.
    return {
        "amount": total, "currency": text(inner(told.get("total")).get("currency")),
        "discount": None if off is None else abs(off),
        "shipping_fee": None if cost is None else cost - abs(less or Decimal(0)),
    }  # fmt: skip


def _paid(order: Json) -> dict[str, object]:
    payments = listed(inner(order.get("paymentSummary")).get("payments"))
    whole = bool(payments) and all(one.get("paymentStatus") == _PAID for one in payments)
    dates = [at for one in payments if (at := instant(one.get("paymentDate"), "paymentDate")) is not None]
    return {
        "paid_at": max(dates, default=None) if whole else None,
        "payment_method": text(payments[0].get("paymentMethod")) if payments else None,
    }  # fmt: skip


def _back(order: Json, lines: Sequence[Json], remarks: Counter[str]) -> dict[str, object]:
    """What was paid back; refunds of lines have no status, and a date once they are issued."""
    told = listed(inner(order.get("paymentSummary")).get("refunds"))
    for one in told:
        word = str(one.get("refundStatus"))
        if word not in _REFUND:
            remarks[f"unknown status of a refund {word!r}"] += 1
    found = [one for one in told if one.get("refundStatus") == _REFUNDED]
    if not told:
        found = [one for line in lines for one in listed(line.get("refunds")) if text(one.get("refundDate"))]
    dates = [at for one in found if (at := instant(one.get("refundDate"), "refundDate")) is not None]
    amounts = [back for one in found if (back := amount(one.get("amount"), "refunds.amount")) is not None]
    if not dates:
        return {"refunded_at": None, "refund_amount": None}
    return {"refunded_at": max(dates), "refund_amount": sum(amounts, Decimal(0)) if amounts else None}


def _shipped(order: Json, shipments: Sequence[Json]) -> dt.datetime | None:
    if order.get("orderFulfillmentStatus") != FULFILLED:
        return None
    dates = [at for one in shipments if (at := instant(one.get("shippedDate"), "shippedDate")) is not None]
    return max(dates, default=None)


def _place(order: Json) -> Json:
    for one in listed(order.get("fulfillmentStartInstructions")):
        final = inner(one.get("finalDestinationAddress"))
        return final or inner(one, "shippingStep", "shipTo", "contactAddress")
    return {}


def _item(line: Json, order: str, changed: dt.datetime) -> dict[str, object]:
    quantity = number(line.get("quantity"), "quantity")
    whole = amount(line.get("lineItemCost"), "lineItemCost")
    after = amount(line.get("discountedLineItemCost"), "discountedLineItemCost")
    return {
        "order": order, "item": key(line.get("lineItemId"), "lineItemId"), "changed_at": changed,
        "product": text(line.get("legacyItemId")), "title": text(line.get("title")), "quantity": quantity,
        "price": _each(whole, quantity), "amount": whole if after is None else after,
        "discount": None if whole is None or after is None else whole - after,
        "currency": text(inner(line.get("lineItemCost")).get("currency")),
    }  # fmt: skip


def _each(whole: Decimal | None, quantity: int | None) -> Decimal | None:
    if whole is None or not quantity:
        return None
    price = (whole / quantity).quantize(_CENT)
    return price.quantize(whole) if price * quantity == whole and price == price.quantize(whole) else None


def _customer(customer: str, order: Json, *, personal: bool) -> dict[str, object]:
    buyer = inner(order.get("buyer"))
    home = inner(buyer, "buyerRegistrationAddress")
    country = text(inner(home, "contactAddress").get("countryCode")) or text(
        inner(buyer, "taxAddress").get("countryCode")
    )
    told = {"country": country}
    if personal:
        told |= {
            "nick": text(home.get("fullName")), "email": text(home.get("email")),
            "phone": text(inner(home, "primaryPhone").get("phoneNumber")),
        }  # fmt: skip
    row: dict[str, object] = {"customer": customer, "platform": "ebay"}
    return row | {name: one for name, one in told.items() if one is not None}


def _only(found: Sequence[str | None]) -> str | None:
    return found[0] if len(set(found)) == 1 else None


def _sum(found: Sequence[object]) -> int | None:
    numbers = [one for one in found if isinstance(one, int)]
    return sum(numbers) if numbers and len(numbers) == len(found) else None
