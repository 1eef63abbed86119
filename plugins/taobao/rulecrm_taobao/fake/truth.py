"""What is true of the market, as a reader of the platform has it who has read everything.

In: trades of a `Market`. Out: canonical rows, and the shop's members.
Invariant: nothing here passes through the platform's answers, or through what reads them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.markets import Trade
from rulecrm_taobao.fake.telling import oaid_of, oids_of, open_uid_of, ouid_of

__all__ = ["Member", "members_of", "truth_of"]

_STARS = (5, 5, 3, 5, 1)
_STATUS = {
    "placed": "WAIT_BUYER_PAY", "paid": "WAIT_SELLER_SEND_GOODS", "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "delivered": "WAIT_BUYER_CONFIRM_GOODS", "completed": "TRADE_FINISHED", "cancelled": "TRADE_CLOSED_BY_TAOBAO",
}  # fmt: skip


@frozen
class Member:
    """Who has completed an order: a member since, of a grade by how many."""

    customer: str
    orders: int
    changed_at: dt.datetime

    @property
    def grade(self) -> int:
        """From 1 to 4."""
        return min(self.orders, 4)

    @property
    def status(self) -> str:
        """One in ten is on the black list."""
        return "blacklist" if self.customer.endswith("3") else "normal"

    def told(self, *, nick: bool) -> Mapping[str, object]:
        """In the platform's words."""
        told = {
            "ouid": ouid_of(self.customer), "grade": self.grade, "status": self.status, "trade_count": self.orders,
            "relation_source": 1,
        }  # fmt: skip
        return {**told, "buyer_nick": f"{self.customer[:1]}**"} if nick else told


def members_of(trades: Sequence[Trade]) -> list[Member]:
    """The shop's members."""
    done: dict[str, list[dt.datetime]] = {}
    for trade in trades:
        if trade.completed_at is not None:
            done.setdefault(trade.customer, []).append(trade.completed_at)
    return [Member(customer, len(ats), max(ats)) for customer, ats in done.items()]


def truth_of(
    trades: Sequence[Trade], *, access: str, words: Mapping[int, str], oaid: bool
) -> Mapping[str, Sequence[Row]]:
    """The rows by frame."""
    who = ouid_of if access == "crm" else open_uid_of
    people: dict[str, dict[str, object]] = {}
    for trade in sorted(trades, key=lambda one: (one.placed_at, one.number)):
        person = people.setdefault(trade.customer, {"customer": who(trade.customer), "platform": "taobao"})
        person["changed_at"] = trade.placed_at
        if oaid:
            person["taobao_sms"] = f"{trade.order}:{oaid_of(trade.order)}"
    if access == "crm":
        for member in members_of(trades):
            people[member.customer] |= {
                "member_level": member.grade, "state": member.status, "blocked": member.status == "blacklist",
            }  # fmt: skip
    return {
        "orders": [_order(trade, access, words.get(trade.number)) for trade in trades],
        "items": [row for trade in trades for row in _items(trade)],
        "customers": list(people.values()),
        "events": [row for trade in trades for row in _reviews(trade, who(trade.customer))],
    }


def _order(trade: Trade, access: str, word: str | None) -> Row:
    crm = access == "crm"
    city = None if crm and trade.number % 5 == 0 else trade.city  # in the district, which is not told there
    return {
        "order": trade.order, "customer": (ouid_of if crm else open_uid_of)(trade.customer), "currency": "CNY",
        "amount": trade.amount,
        "discount": trade.discount, "shipping_fee": trade.shipping_fee, "quantity": trade.quantity,
        "province": trade.province, "city": city, "status": word or _status(trade),
        "changed_at": trade.changed_at, "placed_at": trade.placed_at, "paid_at": trade.paid_at,
        "shipped_at": trade.shipped_at, "completed_at": trade.completed_at, "cancelled_at": trade.cancelled_at,
        "refunded_at": trade.refunded_at, "refund_amount": trade.refund_amount,
    }  # fmt: skip


def _status(trade: Trade) -> str:
    if trade.stage != "refunded":
        return _STATUS[trade.stage]
    if trade.refund_amount == trade.amount:
        return "TRADE_CLOSED"
    return _STATUS["paid" if trade.shipped_at is None else "shipped"]


def _items(trade: Trade) -> list[Row]:
    return [
        {
            "order": trade.order, "item": str(oid), "product": line.product[1:], "title": line.title,
            "quantity": line.quantity, "price": line.price, "amount": line.amount, "discount": line.discount,
            "changed_at": trade.changed_at,
        }
        for line, oid in zip(trade.lines, oids_of(trade), strict=True)
    ]  # fmt: skip


def _reviews(trade: Trade, customer: str) -> list[Row]:
    if trade.completed_at is None:
        return []
    at = trade.completed_at + dt.timedelta(minutes=1)
    return [
        {
            "event": f"rating:{oid}", "kind": "review", "customer": customer, "at": at, "changed_at": at,
            "product": line.product[1:], "rating": _STARS[(trade.number + place) % 5], "text": f"很好 {place}",
        }
        for place, (line, oid) in enumerate(zip(trade.lines, oids_of(trade), strict=True))
    ]  # fmt: skip
