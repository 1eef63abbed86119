"""What Shopee tells of a trade, and what is true of it.

In: trades of a `Market`. Out: orders and returns as JSON has them; rows.
Invariant: what is true is worked out from the trade, not from what is told of it.

An order that was refunded before it was sent is cancelled, and no return tells of it. One that was refunded later has a
return, or two that share the amount; the order's own last change is then, by turns, before or at the refund.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Line, Market, Trade

__all__ = ["SHOP", "Teller", "shopee_market"]

SHOP = 600000
_CENT = Decimal("0.01")
_WORDS = {"placed": "UNPAID", "shipped": "SHIPPED", "delivered": "TO_CONFIRM_RECEIVE", "completed": "COMPLETED",
          "cancelled": "CANCELLED"}  # fmt: skip
OPTIONAL = frozenset(
    {"buyer_user_id", "buyer_username", "estimated_shipping_fee", "recipient_address", "actual_shipping_fee",
     "goods_to_declare", "note", "note_update_time", "item_list", "pay_time", "dropshipper", "dropshipper_phone",
     "split_up", "buyer_cancel_reason", "cancel_by", "cancel_reason", "actual_shipping_fee_confirmed", "buyer_cpf_id",
     "fulfillment_flag", "pickup_done_time", "package_list", "shipping_carrier", "payment_method", "total_amount",
     "invoice_data", "order_chargeable_weight_gram", "return_request_due_date", "edt", "payment_info",
     "international_label"}
)  # fmt: skip
"""Fields of an order that come only to those who ask."""


def shopee_market(clock: FakeClock) -> Market:
    """A market whose orders have numbers as Shopee writes them, in ringgit."""
    return Market(
        clock, currency="MYR", order_of=lambda number: f"2511{number * 7919 % 100:02d}SHP{number:05d}",
        customer_of=lambda number: str(9_190_000 + number),
    )  # fmt: skip


@frozen
class Teller:
    """Tells of trades.

    Attributes:
        skew: how much later than the market's Shopee's clock is.
        strange: states that replace an order's own.
        spoilt: orders whose amount is no number.
    """

    skew: dt.timedelta
    strange: Mapping[str, str]
    spoilt: frozenset[str]

    def at(self, instant: dt.datetime | None) -> int:
        """Seconds since 1970 by Shopee's clock; 0 where there is no instant."""
        return 0 if instant is None else int((instant + self.skew).timestamp())

    def changed(self, trade: Trade) -> dt.datetime:
        """When the order itself last changed."""
        if trade.refunded_at is not None and trade.delivered_at is not None and trade.number % 2 == 0:
            return trade.delivered_at
        return trade.changed_at

    def status(self, trade: Trade) -> str:
        """The order's status."""
        if trade.order in self.strange:
            return self.strange[trade.order]
        if trade.stage == "paid":
            return "READY_TO_SHIP" if trade.number % 2 else "PROCESSED"
        if trade.stage == "refunded":
            return "CANCELLED" if trade.delivered_at is None else "COMPLETED"
        return _WORDS[trade.stage]

    def order(self, trade: Trade, fields: frozenset[str]) -> dict[str, object]:
        """The order, with those of the optional fields that were asked for."""
        always: dict[str, object] = {
            "order_sn": trade.order, "region": "MY", "currency": trade.currency, "cod": False,
            "order_status": self.status(trade), "message_to_seller": "please wrap it", "days_to_ship": 2,
            "create_time": self.at(trade.placed_at), "update_time": self.at(self.changed(trade)),
            "ship_by_date": self.at(trade.placed_at) + 172_800, "booking_sn": "",
        }  # fmt: skip
        withheld = _withheld(trade)
        optional: dict[str, object] = {
            "buyer_user_id": 0 if withheld else int(trade.customer),
            "buyer_username": "****" if withheld else f"user{trade.customer}",
            "recipient_address": self._address(trade), "payment_method": "Bank Transfer", "note": "",
            "item_list": [_item(trade, place, line) for place, line in enumerate(trade.lines, 1)],
            "pay_time": self.at(trade.paid_at) or None, "pickup_done_time": self.at(trade.shipped_at),
            "cancel_by": "system" if trade.stage == "cancelled" else "", "cancel_reason": "",
            "estimated_shipping_fee": 5.3, "shipping_carrier": "Standard Delivery",
        }  # fmt: skip
        if trade.paid_at is not None:
            optional["total_amount"] = float(_total(trade))
        if trade.order in self.spoilt:
            optional["total_amount"] = "a lot"
        return always | {name: value for name, value in optional.items() if name in fields}

    def returns(self, trade: Trade) -> list[dict[str, object]]:
        """The order's returns."""
        if trade.refunded_at is None or trade.delivered_at is None:
            if trade.number % 4 == 1 and trade.completed_at is not None and trade.delivered_at is not None:
                return [self._return(trade, 9, "CANCELLED", trade.completed_at, _total(trade))]
            return []
        whole = _refund(trade)
        if trade.number % 3:
            return [self._return(trade, 1, "REFUND_PAID", trade.refunded_at, whole)]
        half = trade.delivered_at + (trade.refunded_at - trade.delivered_at) / 2
        first = (whole / 2).quantize(_CENT)
        return [
            self._return(trade, 1, "REFUND_PAID", half, first),
            self._return(trade, 2, "REFUND_PAID", trade.refunded_at, whole - first),
        ]

    def _return(
        self, trade: Trade, which: int, status: str, updated: dt.datetime, amount: Decimal
    ) -> dict[str, object]:
        assert trade.delivered_at is not None
        return {
            "return_sn": f"{trade.number:08d}{which}", "order_sn": trade.order, "status": status,
            "refund_amount": float(amount), "currency": trade.currency, "reason": "CHANGE_MIND",
            "text_reason": trade.refund_reason, "create_time": self.at(trade.delivered_at),
            "update_time": self.at(updated), "amount_before_discount": float(amount), "needs_logistics": True,
            "user": {"username": f"user{trade.customer}", "email": "***********r1@shopee.com", "portrait": ""},
            "item": [], "image": [], "return_solution": 0,
        }  # fmt: skip

    def _address(self, trade: Trade) -> dict[str, object]:
        masked = _masked(trade)
        return {
            "name": "B***r", "phone": "******64" if trade.number % 2 else f"6012{trade.number:07d}", "town": "",
            "district": "****", "city": "****" if masked else trade.city, "state": trade.province,
            "region": trade.country, "zipcode": "40009", "full_address": "C-1******",
        }  # fmt: skip

    # --- what is true ---------------------------------------------------------------------------------------------

    def truth(self, trades: Sequence[Trade]) -> Mapping[str, Sequence[Row]]:
        """The rows that a reader of everything has."""
        customers = {one.customer for one in trades if not _withheld(one)}
        return {
            "orders": [self._true_order(one) for one in trades],
            "items": [self._true_item(one, line) for one in trades for line in one.lines],
            "customers": [{"customer": one, "platform": "shopee", "country": "MY"} for one in sorted(customers)],
        }

    def _true_order(self, trade: Trade) -> Row:
        row: dict[str, object] = {
            "order": trade.order, "shop": str(SHOP), "status": self.status(trade), "currency": trade.currency,
            "changed_at": trade.changed_at + self.skew, "quantity": trade.quantity,
            "payment_method": "Bank Transfer", "country": trade.country, "province": trade.province,
            "placed_at": trade.placed_at + self.skew,
        }  # fmt: skip
        if not _withheld(trade):
            row["customer"] = trade.customer
        if not _masked(trade):
            row["city"] = trade.city
        if trade.paid_at is not None:
            row |= {"paid_at": trade.paid_at + self.skew, "amount": _total(trade)}
        if trade.shipped_at is not None:
            row["shipped_at"] = trade.shipped_at + self.skew
        if trade.refunded_at is not None and trade.delivered_at is not None:
            row |= {"refunded_at": trade.refunded_at + self.skew, "refund_amount": _refund(trade)}
        return row

    def _true_item(self, trade: Trade, line: Line) -> Row:
        unit = _unit(line)
        return {
            "order": trade.order, "item": f"{_product(line)}-0-{_product(line)}",
            "changed_at": trade.changed_at + self.skew, "product": str(_product(line)), "title": line.title,
            "quantity": line.quantity, "currency": trade.currency, "price": unit, "amount": unit * line.quantity,
            "discount": (line.price - unit) * line.quantity,
        }  # fmt: skip


def _withheld(trade: Trade) -> bool:
    return trade.number % 11 == 5


def _masked(trade: Trade) -> bool:
    return trade.number % 7 == 3


def _product(line: Line) -> int:
    return 2_600_140_000 + int(line.product[1:])


def _unit(line: Line) -> Decimal:
    return (line.amount / line.quantity).quantize(_CENT)


def _total(trade: Trade) -> Decimal:
    return sum((_unit(one) * one.quantity for one in trade.lines), trade.shipping_fee)


def _refund(trade: Trade) -> Decimal:
    first = trade.lines[0]
    return _unit(first) * first.quantity if len(trade.lines) > 1 else _total(trade)


def _item(trade: Trade, place: int, line: Line) -> dict[str, object]:
    return {
        "item_id": _product(line), "item_name": line.title, "item_sku": line.product, "model_id": 0, "model_name": "",
        "model_sku": "", "model_quantity_purchased": line.quantity, "model_original_price": float(line.price),
        "model_discounted_price": float(_unit(line)), "wholesale": False, "weight": 0.5, "add_on_deal": False,
        "main_item": False, "add_on_deal_id": 0, "promotion_type": "product_promotion" if line.discount else "",
        "promotion_id": trade.number, "order_item_id": _product(line), "promotion_group_id": 0,
        "image_info": {"image_url": f"https://cf.example.com/{place}"},
    }  # fmt: skip
