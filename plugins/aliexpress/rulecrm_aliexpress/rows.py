"""Orders of AliExpress as canonical rows.

In: an order of `aliexpress.solution.order.get`, and what `aliexpress.solution.order.info.get` says of it. Out: rows.
Invariant: an instant that the platform does not tell is not there; a word that is not known is kept and counted.

What a row has comes from (L the list, D the details; D where both have it):

| column | from |
| --- | --- |
| `order` | L `order_id` |
| `status` | D `order_status` (L cannot tell FUND_PROCESSING from FINISH), else L |
| `changed_at` | D `gmt_modified`, else L `gmt_update` |
| `customer` | L `buyer_login_id`, D `buyerloginid` |
| `amount`, `currency` | D `order_amount`, L `pay_amount` |
| `discount`, `shipping_fee` | D `order_discount_info`, `logistics_amount` |
| `country`, `province`, `city` | D `receipt_address` |
| `placed_at` | `gmt_create` |
| `paid_at` | D `gmt_pay_success`, L `gmt_pay_time` |
| `shipped_at` | D the first `gmt_send` of `logistic_info_list` |
| `delivered_at` | D the last `gmt_received`, where every parcel has one |
| `completed_at` | D `gmt_trade_end`, where by `order_end_reason` the goods were accepted, or taken to be |
| `cancelled_at` | D `gmt_trade_end`, where `order_end_reason` is one of those for which nothing was delivered |
| `refunded_at`, `refund_amount` | D `refund_info` of the order, else of its lines, where it is `refund_ok` |

Sources: the models of both calls. They do not list `order_end_reason`: its words are those that public code has met.
An end for another reason, as by a dispute, is neither completion nor cancellation: the refund says what came of it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from decimal import Decimal

from attrs import define, field, frozen

from rulecrm.plugin.fields import Json, inner, key, text
from rulecrm_aliexpress.fields import amount, currency, listed, number, private
from rulecrm_aliexpress.pacific import at_latest, in_order

__all__ = ["ENDED", "STATUSES", "UNPAID", "Rows", "original", "rows_of"]

UNPAID = "PLACE_ORDER_SUCCESS"
ENDED = ("FINISH", "FUND_PROCESSING")
STATUSES = frozenset(
    {UNPAID, *ENDED, "PAYMENT_PROCESSING", "RISK_CONTROL", "RISK_CONTROL_HOLD", "WAIT_SELLER_EXAMINE_MONEY",
     "WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS", "WAIT_BUYER_ACCEPT_GOODS", "IN_CANCEL", "IN_ISSUE",
     "IN_FROZEN", "ARCHIVE"}
)  # fmt: skip

_ACCEPTED = frozenset({"buyer_accept_goods", "buyer_accept_goods_timeout", "buyer_confirm_goods"})
_CANCELLED = frozenset(
    {"buyer_pay_timeout", "buyer_cancel_notpay_order", "cancel_order_close_trade", "buyer_cancel_order_in_risk",
     "risk_reject_closed", "seller_send_goods_timeout"}
)  # fmt: skip
_DISPUTED = frozenset({"seller_accept_issue_no_goods_return", "seller_response_issue_timeout"})


@define
class Rows:
    """Rows by frame, and what was odd about them."""

    orders: list[dict[str, object]] = field(factory=list)
    items: list[dict[str, object]] = field(factory=list)
    customers: list[dict[str, object]] = field(factory=list)
    events: list[dict[str, object]] = field(factory=list)
    remarks: Counter[str] = field(factory=Counter)

    def add(self, other: Rows) -> None:
        """Take over another's."""
        for name in ("orders", "items", "customers", "events"):
            getattr(self, name).extend(getattr(other, name))
        self.remarks.update(other.remarks)

    def frames(self) -> dict[str, list[dict[str, object]]]:
        """The rows by frame; frames without rows left out."""
        named = {"orders": self.orders, "items": self.items, "customers": self.customers, "events": self.events}
        return {name: rows for name, rows in named.items() if rows}


@frozen
class _Stages:
    placed: dt.datetime | None
    paid: dt.datetime | None
    shipped: dt.datetime | None
    delivered: dt.datetime | None
    ended: dt.datetime | None
    refunded: dt.datetime | None
    refund: Decimal | None


def rows_of(brief: Json, full: Json | None, now: dt.datetime, *, personal: bool = False) -> Rows:
    """The rows of one order.

    Args:
        brief: the order as the list has it.
        full: its details; None where they were not asked for.
        now: when it was read, aware.
        personal: whether names and numbers are wanted.

    Raises:
        ValueError: a field cannot be understood; the words have no value of the order in them.
    """
    rows, more = Rows(), full or {}
    order = key(brief.get("order_id"), "order_id")
    customer = key(brief.get("buyer_login_id") or more.get("buyerloginid"), "buyer_login_id")
    status = text(more.get("order_status")) or key(brief.get("order_status"), "order_status")
    if status not in STATUSES:
        rows.remarks[f"unknown status {status!r}"] += 1
    changed = at_latest(key(more.get("gmt_modified") or brief.get("gmt_update"), "gmt_update"), now)
    stages = _stages(brief, more, rows.remarks)
    place = inner(more.get("receipt_address"))
    items = _items(order, brief, full, changed)
    quantities = [one["quantity"] for one in items if isinstance(one["quantity"], int)]
    money = (more.get("order_amount"), brief.get("pay_amount"))
    first, second = (amount(one, name) for one, name in zip(money, ("order_amount", "pay_amount"), strict=True))
    row: dict[str, object | None] = {
        "order": order, "customer": customer, "status": status, "changed_at": changed,
        "amount": second if first is None else first, "currency": currency(*money),
        "quantity": sum(quantities) if quantities and len(quantities) == len(items) else None,
        "payment_method": text(more.get("payment_type")) or text(brief.get("payment_type")),
        "placed_at": stages.placed, "paid_at": stages.paid, "original": original(brief, full),
    }  # fmt: skip
    if full is not None:
        row |= {
            "discount": amount(more.get("order_discount_info"), "order_discount_info"),
            "shipping_fee": amount(more.get("logistics_amount"), "logistics_amount"),
            "country": text(place.get("country")), "province": text(place.get("province")),
            "city": text(place.get("city")), "shipped_at": stages.shipped, "delivered_at": stages.delivered,
            "refunded_at": stages.refunded, "refund_amount": stages.refund,
            **_end(status, text(more.get("order_end_reason")), stages, rows.remarks),
        }  # fmt: skip
    rows.orders.append(row)
    rows.items.extend(items)
    rows.customers.append(_customer(customer, brief, more, personal=personal))
    rows.events.extend(_disputes(order, customer, more, changed))
    return rows


def original(brief: Json, full: Json | None) -> str:
    """The order as it came, as JSON, without what is personal."""
    told = private({"list": brief} if full is None else {"list": brief, "details": full})
    return json.dumps(told, ensure_ascii=False, default=str)


def _stages(brief: Json, more: Json, remarks: Counter[str]) -> _Stages:
    def told(value: object, after: dt.datetime | None) -> dt.datetime | None:
        found = text(value)
        if found is None:
            return None
        instant, open_ = in_order(found, after)
        if open_:
            remarks["an instant of the hour that US Pacific time has twice: the earlier where either may be"] += 1
        return instant

    placed = told(more.get("gmt_create") or brief.get("gmt_create"), None)
    paid = told(more.get("gmt_pay_success") or brief.get("gmt_pay_time"), placed)
    parcels = list(listed(more.get("logistic_info_list")))
    sent = sorted(filter(None, (told(one.get("gmt_send"), paid) for one in parcels)))
    shipped = sent[0] if sent else None
    received = sorted(filter(None, (told(one.get("gmt_received"), shipped) for one in parcels)))
    delivered = received[-1] if parcels and len(received) == len(parcels) else None
    ended = told(more.get("gmt_trade_end"), delivered or shipped or paid or placed)
    refund = _refund(more)
    refunded = max(filter(None, (told(one.get("refund_time"), paid) for one in refund)), default=None)
    amounts = [one for part in refund if (one := amount(part.get("refund_cash_amt"), "refund_cash_amt")) is not None]
    paid_back = sum(amounts, Decimal(0)) if amounts and refunded is not None else None
    return _Stages(placed, paid, shipped, delivered, ended, refunded, paid_back)


def _refund(more: Json) -> list[Json]:
    """What was paid back: of the order as a whole, or, where that is not told, of its lines."""
    lines = [inner(one.get("refund_info")) for one in listed(more.get("child_order_list"))]
    whole = inner(more.get("refund_info"))
    return [one for one in ([whole] if whole else lines) if one.get("refund_status") == "refund_ok"]


def _end(status: str, reason: str | None, stages: _Stages, remarks: Counter[str]) -> dict[str, object | None]:
    ends: dict[str, object | None] = {"completed_at": None, "cancelled_at": None}
    if status not in ENDED or stages.ended is None:
        return ends
    if reason in _ACCEPTED:
        ends["completed_at"] = stages.ended
    elif reason in _CANCELLED or stages.paid is None:
        ends["cancelled_at"] = stages.ended
    elif reason not in _DISPUTED:
        remarks[f"unknown end of an order {reason!r}"] += 1
    return ends


def _items(order: str, brief: Json, full: Json | None, changed: dt.datetime) -> list[dict[str, object]]:
    if full is not None and (lines := list(listed(full.get("child_order_list")))):
        return [_full_item(order, one, changed) for one in lines]
    return [_brief_item(order, one, changed) for one in listed(brief.get("product_list"))]


def _full_item(order: str, line: Json, changed: dt.datetime) -> dict[str, object]:
    whole, off = amount(line.get("init_order_amt"), "init_order_amt"), line.get("child_order_discount_info")
    discount = amount(off, "child_order_discount_info")
    return {
        **_item(order, _line_key(line), line, changed),
        "status": text(line.get("order_status")),
        "price": amount(line.get("product_price"), "product_price"),
        "amount": None if whole is None else whole - (discount or 0),
        "discount": discount,
        "currency": currency(line.get("init_order_amt"), line.get("product_price")),
    }  # fmt: skip


def _line_key(line: Json) -> str:
    return key(line.get("child_order_id") or line.get("id"), "child_order_id")


def _brief_item(order: str, line: Json, changed: dt.datetime) -> dict[str, object]:
    return {
        **_item(order, key(line.get("child_id"), "child_id"), line, changed),
        "status": text(line.get("son_order_status")),
        "price": amount(line.get("product_unit_price"), "product_unit_price"),
        "amount": amount(line.get("total_product_amount"), "total_product_amount"),
        "currency": currency(line.get("total_product_amount"), line.get("product_unit_price")),
    }


def _item(order: str, item: str, line: Json, changed: dt.datetime) -> dict[str, object]:
    return {
        "order": order, "item": item, "changed_at": changed, "product": key(line.get("product_id"), "product_id"),
        "title": text(line.get("product_name")), "quantity": number(line.get("product_count"), "product_count"),
    }  # fmt: skip


def _customer(customer: str, brief: Json, more: Json, *, personal: bool) -> dict[str, object]:
    row: dict[str, object] = {"customer": customer, "platform": "aliexpress"}
    country = text(inner(more.get("buyer_info")).get("country"))
    if country:
        row["country"] = country
    if personal:
        place = inner(more.get("receipt_address"))
        nick = text(more.get("buyer_signer_fullname")) or text(brief.get("buyer_signer_fullname"))
        mobile, prefix = text(place.get("mobile_no")), text(place.get("phone_country"))
        if nick and "*" not in nick:
            row["nick"] = nick
        if mobile and prefix and "*" not in mobile:
            row["phone"] = f"+{prefix.lstrip('+')}{mobile.lstrip('0')}"
    return row


def _disputes(order: str, customer: str, more: Json, changed: dt.datetime) -> list[dict[str, object]]:
    told = [(order, inner(more.get("issue_info")))]
    lines = listed(more.get("child_order_list"))
    told.extend((f"{order}/{_line_key(one)}", inner(one.get("child_issue_info"))) for one in lines)
    rows: list[dict[str, object]] = []
    for event, issue in told:
        at = text(issue.get("issue_time"))
        if at is not None:
            instant, _ = in_order(at, None)
            rows.append(
                {"event": f"dispute:{event}", "kind": "dispute", "at": instant, "customer": customer, "order": order,
                 "status": text(issue.get("issue_status")), "changed_at": changed}
            )  # fmt: skip
    return rows
