"""Trades, refunds, ratings and members of Taobao as canonical rows.

In: objects of the platform's answers. Out: rows.
Invariant: nothing is guessed: a stage has an instant where the platform tells one, and amounts are those that add up.

| of a trade (`taobao.trades.sold.increment.get`, `taobao.trades.simple.sold.increment.get`) | becomes |
| --- | --- |
| `tid_str`, `tid` | `order` |
| `ouid` (access `crm`) or `buyer_open_uid` (access `trade`) | `customer` |
| `created`, `pay_time`, `consign_time` | `placed_at`, `paid_at`, `shipped_at` |
| `end_time` with TRADE_FINISHED | `completed_at` |
| `end_time` with TRADE_CLOSED_BY_TAOBAO (closed before it was paid) | `cancelled_at` |
| `end_time` with TRADE_CLOSED (closed after all was paid back) | `refunded_at`, where no refund is listed |
| `modified` of the last of its refunds with SUCCESS, the sum of their `refund_fee` | `refunded_at`, `refund_amount` |
| `payment`, `post_fee` | `amount`, `shipping_fee` |
| `receiver_state`; `receiver_city` or else `receiver_district` | `province`; `city` |
| its number and `oaid` (of the order placed last) | attribute `taobao_sms` of the customer |
| `modified`, or that of a refund if that is later | `changed_at` |
| `orders[]`: `oid_str`, `oid`; `num_iid`; `title`; `num`; `price` | `item`; `product`; `title`; `quantity`; `price` |

Nobody tells when a parcel arrived: there is no `delivered_at`. A trade in stages (`step`) of which the deposit alone is
paid is not paid yet.

Amounts. `payment` of a trade is what is paid in all, postage included. `payment` of a trade's only line includes the
postage, that of one line of several does not (taobao.trade.fullinfo.get, note 2), and after a refund it says less; so a
line's amount is worked out by the documented formula, price × num + adjust_fee - discount_fee, less its share of what
was taken off the whole (`part_mjz_discount`). Services (`service_orders`) are paid with the rest and are no lines. Nor
is a line that was closed before the others were paid. Where lines, services and postage come to `payment`, or to
`payment` and what was paid back, the order's amount is what they come to; where not, it is `payment`, with a remark.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from attrs import frozen

from rulecrm_taobao.envelope import instant_of, listed

__all__ = ["Order", "as_text", "id_of", "member_row", "order_of", "rating_row"]

Json = Mapping[str, object]

_UNPAID = frozenset({"TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM"})
_CANCELLED = "TRADE_CLOSED_BY_TAOBAO"
_REFUNDED = "TRADE_CLOSED"
_FINISHED = "TRADE_FINISHED"
_PART_SHIPPED = "SELLER_CONSIGNED_PART"
_KNOWN = _UNPAID | {
    _CANCELLED, _REFUNDED, _FINISHED, _PART_SHIPPED, "PAID_FORBID_CONSIGN", "WAIT_SELLER_SEND_GOODS",
    "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED",
}  # fmt: skip
_STARS: Mapping[object, int] = {"good": 5, "neutral": 3, "bad": 1}
_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")
_MOST = Decimal(10) ** 15


@frozen
class Order:
    """What a trade becomes.

    Attributes:
        order: row of `orders`; `original` in it.
        items: rows of `items`.
        customer: row of `customers`.
        remarks: what was odd.
    """

    order: Mapping[str, object]
    items: Sequence[Mapping[str, object]]
    customer: Mapping[str, object]
    remarks: Sequence[str] = ()


def order_of(trade: Json, refunds: Sequence[Json] | None, *, key: str, nick: bool = False) -> Order:
    """The rows of a trade.

    Args:
        trade: with its lines.
        refunds: all of its refunds that have succeeded; None where nobody has asked for them.
        key: `ouid` or `buyer_open_uid`: what tells its buyer.
        nick: whether the customer gets a nick.

    Raises:
        ValueError: it cannot be understood; the message has none of its values.
    """
    number, customer = id_of(trade, "tid"), _text(trade, key)
    if not customer:
        raise ValueError(f"`{key}` is missing")
    status = _text(trade, "status")
    lines = [_line(number, one) for one in _bought(listed(trade.get("orders")), status)]
    if not lines:
        raise ValueError("`orders` is missing")
    created, modified = _needed(trade, "created"), _needed(trade, "modified")
    back = None if refunds is None else sum((_money(one, "refund_fee") for one in refunds), _ZERO)
    since = [_needed(one, "modified") for one in refunds or ()]
    changed = max([modified, *since])
    amount, remarks = _amount(trade, lines, back)
    if status not in _KNOWN:
        remarks.append(f"unknown status {status!r}")
    order: dict[str, object] = {
        "order": number,
        "customer": customer,
        "currency": "CNY",
        "amount": amount,
        "discount": sum((_decimal(one["discount"]) for one in lines), _ZERO),
        "shipping_fee": _money(trade, "post_fee", _ZERO),
        "quantity": sum(_whole(one["quantity"]) for one in lines),
        "province": _text(trade, "receiver_state"),
        "city": _text(trade, "receiver_city") or _text(trade, "receiver_district"),
        "status": status,
        "changed_at": changed,
        **_stages(trade, status, created),
        "original": as_text(trade),
    }
    if refunds is not None:
        order |= {"refunded_at": max(since, default=None), "refund_amount": back if refunds else None}
    if status == _REFUNDED and not refunds:
        order["refunded_at"] = _instant(trade, "end_time")
    person: dict[str, object] = {"customer": customer, "platform": "taobao", "changed_at": created}
    if nick and _text(trade, "buyer_nick"):
        person["nick"] = _text(trade, "buyer_nick")
    if _text(trade, "oaid"):
        person["taobao_sms"] = f"{number}:{_text(trade, 'oaid')}"
    items = [{**one, "changed_at": changed} for one in lines]
    return Order(order, items, person, remarks)


def rating_row(rating: Json, customer: str) -> Mapping[str, object]:
    """A rating that a buyer gave, as an event `review`: good is 5 stars, neutral 3, bad 1.

    Raises:
        ValueError: it cannot be understood.
    """
    created, result = _needed(rating, "created"), rating.get("result")
    if result not in _STARS:
        raise ValueError("`result` is none of good, neutral, bad")
    oid = id_of(rating, "oid")
    return {
        "event": f"rating:{oid}",
        "kind": "review",
        "customer": customer,
        "at": created,
        "product": _id(rating.get("num_iid")),
        "rating": _STARS[result],
        "text": _text(rating, "content"),
        "changed_at": created,
        "original": as_text(rating),
    }


def member_row(member: Json, *, nick: bool) -> Mapping[str, object]:
    """A member, as a customer.

    Raises:
        ValueError: it cannot be understood.
    """
    customer = _text(member, "ouid")
    if not customer:
        raise ValueError("`ouid` is missing")
    row: dict[str, object] = {"customer": customer, "platform": "taobao", "original": as_text(member)}
    if member.get("grade") is not None:
        row["member_level"] = _whole(member["grade"])
    status = _text(member, "status")
    if status:
        row |= {"state": status, "blocked": status == "blacklist"}
    if nick and _text(member, "buyer_nick"):
        row["nick"] = _text(member, "buyer_nick")
    return row


def id_of(record: Json, name: str) -> str:
    """A number that is a key, as text: `tid_str` before `tid`, for programs less exact than this one lose its end.

    Raises:
        ValueError: there is none.
    """
    found = _id(record.get(f"{name}_str")) or _id(record.get(name))
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def as_text(record: Json) -> str:
    """A record as it came, for the quarantine."""
    return json.dumps(record, ensure_ascii=False, default=str)


# --- parts of a trade -------------------------------------------------------------------------------------------------


def _stages(trade: Json, status: str | None, created: dt.datetime) -> Mapping[str, object]:
    paid, shipped, end = (_instant(trade, name) for name in ("pay_time", "consign_time", "end_time"))
    return {
        "placed_at": created,
        "paid_at": None if status in _UNPAID or status == _CANCELLED else paid,
        "shipped_at": None if status == _PART_SHIPPED else shipped,
        "completed_at": end if status == _FINISHED else None,
        "cancelled_at": end if status == _CANCELLED else None,
    }


def _bought(lines: Sequence[Json], status: str | None) -> Sequence[Json]:
    """Lines without those that were closed before the others were paid."""
    return lines if status == _CANCELLED else [one for one in lines if one.get("status") != _CANCELLED]


def _line(order: str, line: Json) -> Mapping[str, object]:
    price, quantity = _money(line, "price"), _whole(line.get("num"))
    whole = price * quantity
    off = _money(line, "discount_fee", _ZERO) + _money(line, "part_mjz_discount", _ZERO)
    amount = max(whole + _money(line, "adjust_fee", _ZERO) - off, _ZERO)
    return {
        "order": order,
        "item": id_of(line, "oid"),
        "product": _id(line.get("num_iid")),
        "title": _text(line, "title"),
        "quantity": quantity,
        "price": price,
        "amount": amount,
        "discount": max(whole - amount, _ZERO),
    }


def _amount(trade: Json, lines: Sequence[Json], back: Decimal | None) -> tuple[Decimal, list[str]]:
    payment = _money(trade, "payment")
    services = sum((_money(one, "payment", _ZERO) for one in listed(trade.get("service_orders"))), _ZERO)
    gross = sum((_decimal(one["amount"]) for one in lines), services + _money(trade, "post_fee", _ZERO))
    if gross == payment or (back and gross == payment + back):
        return gross, []
    return payment, ["lines and postage do not come to the payment"]


# --- values -----------------------------------------------------------------------------------------------------------


def _text(record: Json, name: str) -> str | None:
    found = record.get(name)
    return found.strip() or None if isinstance(found, str) else None


def _id(found: object) -> str | None:
    if isinstance(found, bool) or found is None:
        return None
    text = str(found).strip() if isinstance(found, int | str) else ""
    return text if text not in {"", "0"} else None


def _instant(record: Json, name: str) -> dt.datetime | None:
    try:
        return instant_of(record.get(name))
    except ValueError:
        raise ValueError(f"`{name}` is no instant") from None


def _needed(record: Json, name: str) -> dt.datetime:
    found = _instant(record, name)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def _money(record: Json, name: str, default: Decimal | None = None) -> Decimal:
    found = record.get(name)
    if (found is None or found == "") and default is not None:
        return default
    if found is None or found == "":
        raise ValueError(f"`{name}` is missing")
    try:
        amount = Decimal(found) if isinstance(found, str | int | Decimal) and not isinstance(found, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or abs(amount) >= _MOST or amount != amount.quantize(_CENT):
        raise ValueError(f"`{name}` is no amount in yuan")
    return amount.quantize(_CENT)


def _decimal(found: object) -> Decimal:
    assert isinstance(found, Decimal)
    return found


def _whole(found: object) -> int:
    if isinstance(found, bool) or not isinstance(found, int | str) or not str(found).strip().isascii():
        raise ValueError("a number is none")
    text = str(found).strip()
    if not text.isdigit() or len(text) > 15:
        raise ValueError("a number is none")
    return int(text)
