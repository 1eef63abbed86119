"""Orders of Shopee as canonical rows.

In: an order of `order/get_order_detail`, and those of its returns that were paid. Out: rows.
Invariant: an instant that the platform does not tell is not there, unless the setting `estimate` asks for it; a word
that is not known is kept and counted.

| column | from |
| --- | --- |
| `order`, `status` | `order_sn`, `order_status` |
| `changed_at` | `update_time`, or the last `update_time` of its paid returns where that is later |
| `customer` | `buyer_user_id`; none where Shopee withholds it (orders in Taiwan by channels that are not integrated) |
| `amount`, `currency` | `total_amount`, which is there once the buyer has paid; `currency` |
| `country`, `province`, `city` | `recipient_address`: `region`, `state`, `city`, each where it is not masked |
| `payment_method`, `quantity` | `payment_method`; the sum of the lines' |
| `placed_at`, `paid_at`, `shipped_at` | `create_time`, `pay_time`, `pickup_done_time` |
| `cancelled_at`, `completed_at` | with `estimate`: `update_time`, where the status is CANCELLED or COMPLETED |
| `refunded_at`, `refund_amount` | of its returns in the status REFUND_PAID: the last `update_time`, the sum |
| items: `item` | `item_id`, `model_id` and `line_item_id` (else `order_item_id`), one behind the other |
| items: `product`, `title`, `quantity` | `item_id`, `item_name`, `model_quantity_purchased` |
| items: `price`, `discount` | `model_discounted_price`; what it is below `model_original_price`, times the quantity |
| items: `amount` | `price` times the quantity |
| customers: `country` | `region`: where the order was made |

Lines of a bundle deal have no price, discount and amount: Shopee tells none for each (`model_discounted_price` is 0).
Source: `schemas/v2.order.get_order_detail.json` and `schemas/v2.returns.get_return_list.json` of
github.com/congminh1254/shopee-sdk (2026-08-18); the words of `status` also from its lists of earlier versions, those of
returns from public code, as their own page is not among the schemas.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from rulecrm.plugin.fields import Json, inner, key, listed, text
from rulecrm.plugin.rows import Rows
from rulecrm_shopee.fields import amount, clear, instant, number, private

__all__ = ["PAID_BACK", "RETURN_STATUSES", "STATUSES", "original", "rows_of"]

STATUSES = frozenset(
    {"UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "COMPLETED", "IN_CANCEL", "CANCELLED", "INVOICE_PENDING",
     "PENDING", "TO_CONFIRM_RECEIVE", "RETRY_SHIP", "TO_RETURN"}
)  # fmt: skip
PAID_BACK = "REFUND_PAID"
RETURN_STATUSES = frozenset(
    {PAID_BACK, "REQUESTED", "ACCEPTED", "CANCELLED", "JUDGING", "CLOSED", "PROCESSING", "SELLER_DISPUTE"}
)


def rows_of(
    order: Json, returns: Sequence[Json] | None, shop: str, *, estimate: bool = False, personal: bool = False
) -> Rows:
    """The rows of one order.

    Args:
        order: as it was told.
        returns: all of its returns that were paid; None where nobody has asked for them.
        shop: the shop's id.
        estimate: whether the ends of orders are taken from their last change.
        personal: whether names and numbers are wanted.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the order in them.
    """
    rows = Rows()
    number_, status = key(order.get("order_sn"), "order_sn"), key(order.get("order_status"), "order_status")
    if status not in STATUSES:
        rows.remarks[f"unknown status {status!r}"] += 1
    updated = instant(order.get("update_time"), "update_time")
    if updated is None:
        raise ValueError("`update_time` is missing")
    back = [(instant(one.get("update_time"), "update_time"), _back(one)) for one in returns or ()]
    refunded = max((at for at, _ in back if at is not None), default=None)
    changed = updated if refunded is None else max(updated, refunded)
    customer = _buyer(order)
    if customer is None:
        rows.remarks["order whose buyer Shopee does not tell"] += 1
    rows.items.extend(_items(order, number_, changed))
    place = inner(order.get("recipient_address"))
    row: dict[str, object | None] = {
        "order": number_, "customer": customer, "shop": shop, "status": status, "changed_at": changed,
        "amount": amount(order.get("total_amount"), "total_amount"), "currency": text(order.get("currency")),
        "quantity": _sum(rows.items), "payment_method": text(order.get("payment_method")),
        "country": clear(place.get("region")), "province": clear(place.get("state")), "city": clear(place.get("city")),
        "placed_at": instant(order.get("create_time"), "create_time"),
        "paid_at": instant(order.get("pay_time"), "pay_time"),
        "shipped_at": instant(order.get("pickup_done_time"), "pickup_done_time"),
        "original": original(order, returns),
    }  # fmt: skip
    if estimate:
        row["cancelled_at"] = updated if status == "CANCELLED" else None
        row["completed_at"] = updated if status == "COMPLETED" else None
    if back:
        row |= {"refunded_at": refunded, "refund_amount": sum((one for _, one in back), Decimal(0))}
    rows.orders.append(row)
    if customer is not None:
        rows.customers.append(_customer(customer, order, personal=personal))
    return rows


def original(order: Json, returns: Sequence[Json] | None = None) -> str:
    """The order as it came, as JSON, without what is personal."""
    told = private({"order": order, "returns": list(returns)} if returns else order)
    return json.dumps(told, ensure_ascii=False, default=str)


def _back(one: Json) -> Decimal:
    found = amount(one.get("refund_amount"), "refund_amount")
    if found is None:
        raise ValueError("`refund_amount` is missing")
    return found


def _buyer(order: Json) -> str | None:
    """The buyer's id; 0, nothing and stars stand for one that is not told."""
    told = order.get("buyer_user_id")
    if isinstance(told, int) and not isinstance(told, bool):
        return str(told) if told else None
    return clear(told)


def _sum(items: Sequence[dict[str, object]]) -> int | None:
    quantities = [one["quantity"] for one in items if isinstance(one["quantity"], int)]
    return sum(quantities) if quantities and len(quantities) == len(items) else None


def _items(order: Json, number_: str, changed: dt.datetime) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    seen: Counter[str] = Counter()
    for line in listed(order.get("item_list")):
        row = _item(line, number_, changed, text(order.get("currency")))
        item = str(row["item"])
        seen[item] += 1
        # What Shopee tells of lines need not tell two apart: a second one of the same parts is numbered.
        rows.append(row if seen[item] == 1 else row | {"item": f"{item}.{seen[item]}"})
    return rows


def _item(line: Json, number_: str, changed: dt.datetime, currency: str | None) -> dict[str, object]:
    product, model = key(line.get("item_id"), "item_id"), key(line.get("model_id", 0), "model_id")
    which = line.get("line_item_id") or line.get("order_item_id") or 0
    quantity = number(line.get("model_quantity_purchased"), "model_quantity_purchased")
    row: dict[str, object] = {
        "order": number_, "item": f"{product}-{model}-{key(which, 'order_item_id')}", "changed_at": changed,
        "product": product, "title": text(line.get("item_name")), "quantity": quantity, "currency": currency,
    }  # fmt: skip
    if line.get("promotion_type") == "bundle_deal":
        return row
    price = amount(line.get("model_discounted_price"), "model_discounted_price")
    before = amount(line.get("model_original_price"), "model_original_price")
    row["price"] = price
    if price is not None and quantity is not None:
        row["amount"] = price * quantity
        row["discount"] = None if before is None else (before - price) * quantity
    return row


def _customer(customer: str, order: Json, *, personal: bool) -> dict[str, object]:
    row: dict[str, object] = {"customer": customer, "platform": "shopee"}
    country = text(order.get("region"))
    if country is not None:
        row["country"] = country
    if personal:
        told = {
            "nick": clear(order.get("buyer_username")),
            "phone": clear(inner(order.get("recipient_address")).get("phone")),
        }
        row |= {name: value for name, value in told.items() if value is not None}
    return row
