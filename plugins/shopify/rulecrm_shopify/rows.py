"""Orders and customers of Shopify as canonical rows.

In: a node of `orders` or `customers`, with all of its lines. Out: rows.
Invariant: an instant that Shopify does not tell is not there; a word that is not known is kept and counted; amounts are
those of `shopMoney`, in the shop's own currency.

| column | from |
| --- | --- |
| `order`, `customer`, `item`, `product` | the number at the end of `id` |
| `status` | `displayFinancialStatus`, `displayFulfillmentStatus`, with a comma between |
| `changed_at` | `updatedAt` |
| `amount`, `discount`, `shipping_fee` | `totalPriceSet`, `totalDiscountsSet`, `totalShippingPriceSet`: before returns |
| `placed_at` | `processedAt`: the date that Shopify shows of an order, also of one that was brought from elsewhere |
| `paid_at` | the last `processedAt` of `transactions` that are SALE or CAPTURE and SUCCESS, of an order that is paid |
| `shipped_at` | the first `createdAt` of `fulfillments` that are not CANCELLED, ERROR or FAILURE |
| `delivered_at` | the last `deliveredAt` of these, where all is fulfilled and each has one |
| `completed_at` | `closedAt`, where it is FULFILLED, and PAID or PARTIALLY_REFUNDED, and not cancelled |
| `cancelled_at` | `cancelledAt` |
| `refunded_at`, `refund_amount` | the last `processedAt` and the sum of `transactions` that are REFUND and SUCCESS |

An order that is PARTIALLY_PAID is not paid; of one that is PAID, PARTIALLY_REFUNDED or REFUNDED the money came, and the
transaction that brought the last of it says when. A `Refund` does not say that money went back, its transactions do
(docs/api/admin-graphql, Refund): one with an amount and without such a transaction is a remark.
Sources: shopify.dev/docs/api/admin-graphql: Order, OrderTransaction, Fulfillment, Refund, LineItem, Customer (2026-10).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from attrs import frozen

from rulecrm.plugin.fields import Json, inner, text
from rulecrm.plugin.rows import Rows
from rulecrm_shopify.fields import amount, currency, instant, key, number, original, told, words

__all__ = ["FINANCIAL", "FULFILLMENT", "customer_rows", "order_rows"]

_PAID = ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
FINANCIAL = frozenset({*_PAID, "AUTHORIZED", "EXPIRED", "PARTIALLY_PAID", "PENDING", "VOIDED"})
FULFILLMENT = frozenset(
    {"FULFILLED", "IN_PROGRESS", "ON_HOLD", "OPEN", "PARTIALLY_FULFILLED", "PENDING_FULFILLMENT", "REQUEST_DECLINED",
     "RESTOCKED", "SCHEDULED", "UNFULFILLED"}
)  # fmt: skip
_VOID = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_SUBSCRIBED = "SUBSCRIBED"
_CONSENTS = frozenset({_SUBSCRIBED, "INVALID", "NOT_SUBSCRIBED", "PENDING", "REDACTED", "UNSUBSCRIBED"})


@frozen
class _Money:
    """What came and what went back."""

    paid: dt.datetime | None
    refunded: dt.datetime | None
    refund: Decimal | None


def order_rows(node: Json, lines: Sequence[Json], *, with_customer: bool) -> Rows:
    """The rows of an order.

    Args:
        node: the order.
        lines: all of its lines.
        with_customer: whether its customer is a row, for want of another.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the order in them.
    """
    rows = Rows()
    order, changed = key(node.get("id"), "id"), _needed(node, "updatedAt")
    money = _money(node, rows.remarks)
    items = [_item(order, line, changed) for line in lines]
    bought = inner(node.get("customer")).get("id")
    gateways, place = words(node.get("paymentGatewayNames")), inner(node.get("shippingAddress"))
    row: dict[str, object] = {
        "order": order, "status": _status(node, rows.remarks), "changed_at": changed,
        "amount": amount(node.get("totalPriceSet"), "totalPriceSet"), "currency": currency(node.get("totalPriceSet")),
        "discount": amount(node.get("totalDiscountsSet"), "totalDiscountsSet"),
        "shipping_fee": amount(node.get("totalShippingPriceSet"), "totalShippingPriceSet"),
        "quantity": sum(number(line.get("quantity"), "quantity") for line in lines),
        "coupon": next(iter(words(node.get("discountCodes"))), None), "channel": text(node.get("sourceName")),
        "payment_method": ", ".join(gateways) or None,
        "country": text(place.get("countryCodeV2")), "province": text(place.get("province")),
        "city": text(place.get("city")),
        "placed_at": _needed(node, "processedAt"), "paid_at": money.paid, **_goods(node),
        "cancelled_at": instant(node.get("cancelledAt"), "cancelledAt"),
        "refunded_at": money.refunded, "refund_amount": money.refund, "original": original(node),
    }  # fmt: skip
    if bought is None:
        rows.remarks["order without a customer, or whose customer Shopify does not tell"] += 1
    else:
        row["customer"] = key(bought, "customer")
        if with_customer:
            rows.customers.append({"customer": row["customer"], "platform": "shopify"})
    if node.get("test") is True:
        rows.remarks["test order"] += 1
    rows.orders.append(row)
    rows.items.extend(items)
    return rows


def customer_rows(node: Json, hidden: AbstractSet[str], *, consent: bool, personal: bool) -> Rows:
    """The row of a customer.

    Args:
        node: the customer.
        hidden: fields that Shopify did not show, which are no more than not told.
        consent: whether it was asked for.
        personal: whether names and addresses were asked for.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the customer in them.
    """
    rows = Rows()
    row: dict[str, object] = {
        "customer": key(node.get("id"), "id"), "platform": "shopify", "changed_at": _needed(node, "updatedAt"),
        "joined_at": instant(node.get("createdAt"), "createdAt"), "language": text(node.get("locale")),
        "tags": words(node.get("tags")), "original": original(node),
    }  # fmt: skip
    if "defaultAddress" not in hidden:
        place = inner(node.get("defaultAddress"))
        parts = {"country": "countryCodeV2", "province": "province", "city": "city"}
        row |= {name: text(place.get(one)) for name, one in parts.items() if one not in hidden}
    if personal and "firstName" not in hidden:
        row["nick"] = text(node.get("firstName"))
    if consent or personal:
        ways = (("email", "defaultEmailAddress", "emailAddress"), ("sms", "defaultPhoneNumber", "phoneNumber"))
        for way, holder, address in ways:
            if holder in hidden:
                continue
            reached = inner(node.get(holder))
            if not hidden & {"marketingState", "marketingUpdatedAt"}:
                row |= _consent(way, reached, rows.remarks)
            if personal and address not in hidden:
                row["email" if way == "email" else "phone"] = text(reached.get(address))
    rows.customers.append(row)
    return rows


def _needed(node: Json, name: str) -> dt.datetime:
    found = instant(node.get(name), name)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def _status(node: Json, remarks: Counter[str]) -> str:
    money, goods = text(node.get("displayFinancialStatus")), text(node.get("displayFulfillmentStatus"))
    status = ", ".join(one for one in (money, goods) if one)
    if (money is not None and money not in FINANCIAL) or (goods is not None and goods not in FULFILLMENT):
        remarks[f"unknown status {status!r}"] += 1
    return status


def _money(node: Json, remarks: Counter[str]) -> _Money:
    came, back = list[dt.datetime](), list[tuple[dt.datetime, Decimal]]()
    for one in told(node, "transactions"):
        kind, at = one.get("kind"), instant(one.get("processedAt"), "processedAt")
        if one.get("status") != "SUCCESS" or at is None:
            continue
        if kind in {"SALE", "CAPTURE"}:
            came.append(at)
        elif kind == "REFUND":
            back.append((at, amount(one.get("amountSet"), "amountSet") or Decimal(0)))
    promised = [amount(one.get("totalRefundedSet"), "totalRefundedSet") for one in told(node, "refunds")]
    if any(promised) and not back:
        remarks["refund whose money has not gone back, as far as Shopify tells"] += 1
    return _Money(
        max(came, default=None) if node.get("displayFinancialStatus") in _PAID else None,
        max((at for at, _ in back), default=None),
        sum((one for _, one in back), Decimal(0)) if back else None,
    )


def _goods(node: Json) -> dict[str, object]:
    parcels = [one for one in told(node, "fulfillments") if one.get("status") not in _VOID]
    sent = [_needed(one, "createdAt") for one in parcels]
    arrived = [at for one in parcels if (at := instant(one.get("deliveredAt"), "deliveredAt")) is not None]
    whole = node.get("displayFulfillmentStatus") == "FULFILLED"
    kept = node.get("displayFinancialStatus") in {"PAID", "PARTIALLY_REFUNDED"}
    done = whole and kept and node.get("cancelledAt") is None
    return {
        "shipped_at": min(sent, default=None),
        "delivered_at": max(arrived) if whole and arrived and len(arrived) == len(parcels) else None,
        "completed_at": instant(node.get("closedAt"), "closedAt") if done else None,
    }


def _item(order: str, line: Json, changed: dt.datetime) -> dict[str, object]:
    whole, paid = (amount(line.get(name), name) for name in ("originalTotalSet", "discountedTotalSet"))
    product = inner(line.get("product")).get("id")
    return {
        "order": order, "item": key(line.get("id"), "lineItems.id"), "changed_at": changed,
        "product": None if product is None else key(product, "product"), "sku": text(line.get("sku")),
        "title": text(line.get("title")), "quantity": number(line.get("quantity"), "quantity"),
        "price": amount(line.get("originalUnitPriceSet"), "originalUnitPriceSet"), "amount": paid,
        "discount": None if whole is None or paid is None else whole - paid,
        "currency": currency(line.get("originalUnitPriceSet")),
    }  # fmt: skip


def _consent(way: str, reached: Json, remarks: Counter[str]) -> dict[str, object]:
    """What somebody has agreed to; one who has no such address has agreed to nothing, and said nothing either."""
    state = text(reached.get("marketingState"))
    if state is not None and state not in _CONSENTS:
        remarks[f"unknown marketing state {state!r}"] += 1
    given = state == _SUBSCRIBED
    at = instant(reached.get("marketingUpdatedAt"), "marketingUpdatedAt")
    return {
        f"accepts_{way}": given if state in _CONSENTS else None,
        f"{way}_consent_at": at if given else None,
    }
