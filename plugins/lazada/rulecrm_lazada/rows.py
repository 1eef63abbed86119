"""Orders of Lazada as canonical rows.

In: an order of `/orders/get`, and its items of `/orders/items/get`. Out: rows.
Invariant: every unit is an item of its own, as Lazada has them: `order_item_id`, quantity 1; an instant that the
platform does not tell is not there; a word that is not known is kept and counted.

What a row has comes from (O the order, I its items):

| column | from |
| --- | --- |
| `order` | O `order_id` |
| `status` | O `statuses`, each word once, with commas between where units differ; of an item, I `status` |
| `changed_at` | O `updated_at` |
| `customer` | I `buyer_id`; orders have no other key of a buyer |
| `amount` | the sum of I `paid_price`, and O `shipping_fee`: O `price` has neither vouchers nor shipping in it |
| `discount` | the sum of I `voucher_amount` |
| `shipping_fee`, `payment_method`, `coupon` | O `shipping_fee`, `payment_method`, `voucher_code` |
| `country`, `city` | O `address_shipping`; its country is a name, and `country` its code where it is one of Lazada's |
| `placed_at` | O `created_at` |
| `paid_at` | I `payment_time`, the first |
| `refunded_at`, `refund_amount` | see `rulecrm_lazada.returns` |

When units were shipped, delivered or cancelled is told neither in orders nor in items: there is only the time
of the last update. Their `status` says that it happened.

Sources: open.lazada.com, `/orders/get` and `/orders/items/get`; words of statuses as public code has met them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from rulecrm.plugin.fields import Json, inner
from rulecrm.plugin.rows import Rows
from rulecrm_lazada.fields import amount, instant, key, private, text
from rulecrm_lazada.settings import Country

__all__ = ["STATUSES", "original", "rows_of"]

STATUSES = frozenset(
    {"unpaid", "pending", "topack", "packed", "toship", "ready_to_ship", "shipped", "delivered", "confirmed",
     "canceled", "returned", "failed", "failed_delivery", "shipped_back", "shipped_back_success", "shipped_back_failed",
     "lost_by_3pl", "damaged_by_3pl", "package_returned", "package_scrapped"}
)  # fmt: skip


def rows_of(brief: Json, items: Sequence[Json], code: str, country: Country, *, personal: bool = False) -> Rows:
    """The rows of one order.

    Args:
        brief: the order as the list has it.
        items: its units.
        code: of the country, in lower case.
        country: for times without a zone, and the country's name.
        personal: whether names and numbers are wanted.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the order in them.
    """
    rows, zone = Rows(), country.zone
    order = key(brief.get("order_id"), "order_id")
    if not items:
        raise ValueError("no items were given for the order")
    customer = key(next((one["buyer_id"] for one in items if text(one.get("buyer_id"))), None), "buyer_id")
    changed = instant(brief.get("updated_at"), "updated_at", zone)
    if changed is None:
        raise ValueError("`updated_at` is missing")
    units = {one["item"]: one for one in (_item(order, item, changed) for item in items)}
    if len(units) < len(items):
        rows.remarks["an item of an order came twice in it"] += 1
    words = _statuses(brief, items, rows.remarks)
    paid = sorted(filter(None, (instant(one.get("payment_time"), "payment_time", zone) for one in items)))
    place, fee = inner(brief.get("address_shipping")), amount(brief.get("shipping_fee"), "shipping_fee")
    prices = [one["amount"] for one in units.values() if isinstance(one["amount"], Decimal)]
    rows.orders.append(
        {"order": order, "customer": customer, "status": ",".join(words), "changed_at": changed,
         "amount": sum(prices, fee or Decimal(0)) if len(prices) == len(units) else None,
         "currency": next((one["currency"] for one in units.values() if one["currency"]), None),
         "discount": _sum([one["discount"] for one in units.values()]), "shipping_fee": fee, "quantity": len(units),
         "payment_method": text(brief.get("payment_method")), "coupon": text(brief.get("voucher_code")),
         "country": _country(place, code, country), "city": text(place.get("city")),
         "placed_at": instant(brief.get("created_at"), "created_at", zone), "paid_at": paid[0] if paid else None,
         "original": original(brief, items)}
    )  # fmt: skip
    rows.items.extend(units.values())
    rows.customers.append(_customer(customer, brief, personal=personal))
    return rows


def original(brief: Json, items: Sequence[Json]) -> str:
    """The order as it came, as JSON, without what is personal."""
    return json.dumps(private({"order": brief, "items": list(items)}), ensure_ascii=False, default=str)


def _item(order: str, item: Json, changed: dt.datetime) -> dict[str, object]:
    return {
        "order": order, "item": key(item.get("order_item_id"), "order_item_id"), "changed_at": changed,
        "product": key(item.get("product_id") or item.get("shop_sku"), "shop_sku"), "title": text(item.get("name")),
        "quantity": 1, "price": amount(item.get("item_price"), "item_price"),
        "amount": amount(item.get("paid_price"), "paid_price"),
        "discount": amount(item.get("voucher_amount"), "voucher_amount"),
        "currency": text(item.get("currency")), "status": text(item.get("status")),
    }  # fmt: skip


def _statuses(brief: Json, items: Sequence[Json], remarks: Counter[str]) -> list[str]:
    told = brief.get("statuses")
    words = list(told) if isinstance(told, list) else []
    found = [word for word in (text(one) for one in words or [one.get("status") for one in items]) if word]
    if not found:
        raise ValueError("`statuses` is empty")
    for word in set(found) - STATUSES:
        remarks[f"unknown status {word!r}"] += 1
    return sorted(set(found))


def _sum(amounts: Sequence[object]) -> Decimal | None:
    told = [one for one in amounts if isinstance(one, Decimal)]
    return sum(told, Decimal(0)) if told else None


def _country(place: Json, code: str, country: Country) -> str | None:
    name = text(place.get("country"))
    return code.upper() if name is not None and name.lower() in country.names else None


def _customer(customer: str, brief: Json, *, personal: bool) -> dict[str, object]:
    row: dict[str, object] = {"customer": customer, "platform": "lazada"}
    if personal:
        names = (text(brief.get("customer_first_name")), text(brief.get("customer_last_name")))
        nick = " ".join(name for name in names if name)
        if nick and "*" not in nick:
            row["nick"] = nick
    return row
