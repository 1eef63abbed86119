"""What the market knows, in the platform's words.

In: trades of a `Market`. Out: the objects that the platform's answers are made of.
Invariant: what is told of one trade at one instant is always the same.

Beside the plain course of things: types of trades that are listed only where they are named; discounts of a line and
of the whole; refunds in several parts, requests for refunds that came to nothing, refunds after which the trade's own
`payment` is less, and refunds that leave `modified` as it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from decimal import Decimal

from rulecrm.testing.markets import Line, Trade
from rulecrm_taobao.envelope import written

__all__ = [
    "Told", "kind_of", "modified_of", "oaid_of", "oids_of", "open_uid_of", "ouid_of", "ratings_of", "refunds_of",
    "trade_told",
]  # fmt: skip

Told = dict[str, object]

_KINDS = ("fixed", "fixed", "step", "fixed", "tmall_i18n", "eticket", "fixed", "cod")
_RESULTS = ("good", "good", "neutral", "good", "bad")
_STATUS = {
    "placed": "WAIT_BUYER_PAY",
    "paid": "WAIT_SELLER_SEND_GOODS",
    "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "delivered": "WAIT_BUYER_CONFIRM_GOODS",
    "completed": "TRADE_FINISHED",
    "cancelled": "TRADE_CLOSED_BY_TAOBAO",
}
_ZERO = Decimal("0.00")


def ouid_of(customer: str) -> str:
    """The CRM id of a buyer: the same for all applications."""
    return "ou" + hashlib.sha256(customer.encode()).hexdigest()[:24]


def open_uid_of(customer: str) -> str:
    """The id of a buyer for one application."""
    return "AAH" + hashlib.sha256(f"app:{customer}".encode()).hexdigest()[:21]


def kind_of(trade: Trade) -> str:
    """The type of a trade."""
    return _KINDS[trade.number % len(_KINDS)]


def oids_of(trade: Trade) -> Sequence[int]:
    """Numbers of its lines; that of a single line is the trade's own."""
    first = int(trade.order)
    return [first] if len(trade.lines) == 1 else [first + place for place in range(1, len(trade.lines) + 1)]


def modified_of(trade: Trade) -> dt.datetime:
    """When the trade says it was changed; a refund of a part does not always count."""
    if trade.stage == "refunded" and len(trade.lines) > 1 and trade.number % 2 == 0:
        stages = (trade.placed_at, trade.paid_at, trade.shipped_at, trade.delivered_at)
        return max(one for one in stages if one is not None)
    return trade.changed_at


def _payment(trade: Trade) -> Decimal:
    """What is paid for it; of some that were refunded what is left."""
    back = trade.refund_amount or _ZERO
    return trade.amount - back if trade.number % 3 == 0 else trade.amount


def trade_told(trade: Trade, status: str | None = None) -> Told:
    """A trade with all that any of the calls tells of it."""
    lines, oids = trade.lines, oids_of(trade)
    ended = trade.completed_at or trade.cancelled_at or (trade.refunded_at if _whole_back(trade) else None)
    return {
        "tid": int(trade.order),
        "tid_str": trade.order,
        "type": kind_of(trade),
        "status": status or _status(trade),
        "created": written(trade.placed_at),
        "modified": written(modified_of(trade)),
        "pay_time": _written(trade.paid_at),
        "consign_time": _written(trade.shipped_at),
        "end_time": _written(ended),
        "payment": f"{_payment(trade):.2f}",
        "post_fee": f"{trade.shipping_fee:.2f}",
        "total_fee": f"{sum((one.price * one.quantity for one in lines), _ZERO):.2f}",
        "ouid": ouid_of(trade.customer),
        "buyer_open_uid": open_uid_of(trade.customer),
        "buyer_nick": f"{trade.customer[:1]}**",
        "receiver_state": trade.province,
        "receiver_city": "" if trade.number % 5 == 0 else trade.city,
        "receiver_district": trade.city if trade.number % 5 == 0 else "",
        "receiver_name": "王**", "receiver_address": "***", "receiver_mobile": "138****0001", "receiver_phone": "***",
        "oaid": oaid_of(trade.order),
        "orders": [_line(trade, line, oid, place) for place, (line, oid) in enumerate(zip(lines, oids, strict=True))],
    }  # fmt: skip


def oaid_of(order: str) -> str:
    """The encrypted receiver of an order."""
    return "1" + hashlib.sha256(f"oaid:{order}".encode()).hexdigest()[:40]


def refunds_of(trade: Trade) -> list[Told]:
    """Its refunds: in one part or two; and a request that was withdrawn."""
    found: list[Told] = []
    oids, total = oids_of(trade), trade.refund_amount
    if trade.refunded_at is not None and total is not None:
        parts = [(oids[0], total, trade.refunded_at)]
        if trade.number % 2:
            # Of the line that was paid back, one part on another line, or later on the same one.
            part = (total / 3).quantize(Decimal("0.01"))
            early = trade.refunded_at - dt.timedelta(seconds=40)
            parts = [(oids[-1], part, early), (oids[0], total - part, trade.refunded_at)]
        found += [
            _refund(trade, f"{number}", oid, (fee, at, "SUCCESS")) for number, (oid, fee, at) in enumerate(parts, 1)
        ]
    if trade.number % 7 == 0 and trade.paid_at is not None:
        at = trade.paid_at + dt.timedelta(seconds=1)
        found.append(_refund(trade, "9", oids[0], (trade.lines[0].amount, at, "CLOSED")))
    return found


def ratings_of(trade: Trade) -> list[Told]:
    """What its buyer said of each line, a minute after it was completed."""
    if trade.completed_at is None:
        return []
    at = written(trade.completed_at + dt.timedelta(minutes=1))
    return [
        {
            "tid": int(trade.order), "oid": oid, "role": "buyer", "created": at,
            "result": _RESULTS[(trade.number + place) % len(_RESULTS)], "content": f"很好 {place}",
            "num_iid": int(line.product[1:]), "ouid": ouid_of(trade.customer), "nick": f"{trade.customer[:1]}**",
        }
        for place, (line, oid) in enumerate(zip(trade.lines, oids_of(trade), strict=True))
    ]  # fmt: skip


def _line(trade: Trade, line: Line, oid: int, place: int) -> Told:
    # What is taken off every second line of several is its share of a discount on the whole.
    shared = line.discount if len(trade.lines) > 1 and place % 2 else _ZERO
    own = line.discount - shared
    refunds = [one for one in refunds_of(trade) if one["oid"] == oid]
    back = sum((Decimal(str(one["refund_fee"])) for one in refunds if one["status"] == "SUCCESS"), _ZERO)
    postage = trade.shipping_fee if len(trade.lines) == 1 else _ZERO
    latest = refunds[0] if refunds else None
    return {
        "oid": oid,
        "oid_str": str(oid),
        "num_iid": int(line.product[1:]),
        "title": line.title,
        "num": line.quantity,
        "price": f"{line.price:.2f}",
        "adjust_fee": "0.00",
        "discount_fee": f"{own:.2f}",
        "part_mjz_discount": f"{shared:.2f}" if shared else "",
        "payment": f"{line.price * line.quantity - own + postage - back:.2f}",
        "status": _status(trade),
        "refund_status": latest["status"] if latest else "NO_REFUND",
        "refund_id": latest["refund_id"] if latest else None,
    }


def _refund(trade: Trade, number: str, oid: int, what: tuple[Decimal, dt.datetime, str]) -> Told:
    fee, at, status = what
    return {
        "refund_id": f"{int(trade.order) % 10**12}{number}",
        "tid": int(trade.order),
        "oid": oid,
        "status": status,
        "refund_fee": f"{fee:.2f}",
        "created": written(at - dt.timedelta(minutes=30)),
        "modified": written(at),
        "reason": trade.refund_reason,
        "ouid": ouid_of(trade.customer),
        "buyer_open_uid": open_uid_of(trade.customer),
    }


def _status(trade: Trade) -> str:
    if trade.stage == "refunded":
        if _whole_back(trade):
            return "TRADE_CLOSED"
        return "WAIT_SELLER_SEND_GOODS" if trade.shipped_at is None else "WAIT_BUYER_CONFIRM_GOODS"
    return _STATUS[trade.stage]


def _whole_back(trade: Trade) -> bool:
    return trade.stage == "refunded" and trade.refund_amount == trade.amount


def _written(at: dt.datetime | None) -> str | None:
    return None if at is None else written(at)
