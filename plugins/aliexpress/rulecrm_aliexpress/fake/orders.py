"""The orders of a market, as AliExpress tells them.

In: a market, and the objects `param0` and `param1` of the two calls. Out: their results, and what is true.
Invariant: a list has no ended order unless it is asked for `FINISH`, and calls all of those FINISH; times are Pacific
wall clock, and compared as such. Fields are those of the models of `aliexpress.solution.order.get` and
`….order.info.get`; parameters that these do not have are refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from attrs import define, field

from rulecrm.plugin.platforms import Row
from rulecrm.testing.markets import Line, Market, Trade

__all__ = ["IllegalError", "Orders"]

_ZONE = ZoneInfo("America/Los_Angeles")
_WRITTEN = "%Y-%m-%d %H:%M:%S"
_QUERY = frozenset(
    {"create_date_start", "create_date_end", "modified_date_start", "modified_date_end", "order_status",
     "order_status_list", "buyer_login_id", "current_page", "page_size"}
)  # fmt: skip
_LARGEST = 50
_ENDED = frozenset({"FINISH", "FUND_PROCESSING"})
_FILTERS = _ENDED | frozenset(
    {"PLACE_ORDER_SUCCESS", "IN_CANCEL", "WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS", "WAIT_BUYER_ACCEPT_GOODS",
     "IN_ISSUE", "IN_FROZEN", "WAIT_SELLER_EXAMINE_MONEY", "RISK_CONTROL"}
)  # fmt: skip


class IllegalError(Exception):
    """A parameter that the call does not take."""


@define
class Orders:
    """What a seller's account has.

    Attributes:
        market: where it comes from.
        within: whether an order that changed at a bound of the window itself is in it.
        bare: whether lists stand by themselves instead of in an object named after their elements.
        withheld: orders whose details are not given.
    """

    market: Market
    within: bool = True
    bare: bool = False
    withheld: set[str] = field(factory=set)
    _strange: dict[int, str] = field(factory=dict, init=False)
    _spoiled: set[int] = field(factory=set, init=False)

    # --- the calls --------------------------------------------------------------------------------------------------

    def order_list(self, query: Mapping[str, object]) -> Mapping[str, object]:
        """`aliexpress.solution.order.get`: newest first."""
        unknown = sorted(set(query) - _QUERY)
        if unknown:
            raise IllegalError(unknown[0])
        page, size = _whole(query, "current_page"), _whole(query, "page_size")
        if size > _LARGEST:
            raise IllegalError("page_size")
        statuses = _statuses(query)
        created, modified = _window(query, "create_date"), _window(query, "modified_date")
        found = [
            trade
            for trade in reversed(self.market.trades)
            if self._is_in(trade.placed_at, created) and self._is_in(trade.changed_at, modified)
            and self._has(trade, statuses) and query.get("buyer_login_id", trade.customer) == trade.customer
        ]  # fmt: skip
        shown = [self._brief(trade) for trade in found[(page - 1) * size : page * size]]
        result: dict[str, object] = {
            "success": True, "error_code": "0", "total_count": len(found), "total_page": -(-len(found) // size),
            "current_page": page, "page_size": size, "time_stamp": _wall(self.market.clock.now()),
        }  # fmt: skip
        return result | ({"target_list": self._list("order_dto", shown)} if shown else {})

    def order_info(self, query: Mapping[str, object]) -> Mapping[str, object]:
        """`aliexpress.solution.order.info.get`: everything, whatever bits are asked for."""
        unknown = sorted(set(query) - {"order_id", "ext_info_bit_flag"})
        if unknown:
            raise IllegalError(unknown[0])
        trade = self.market.by_order(str(_whole(query, "order_id")))
        if trade is None or trade.order in self.withheld:
            return {"error_code": "ORDER_NOT_EXIST", "error_message": "the order does not exist"}
        return {"error_code": "0", "data": self._full(trade), "time_stamp": _wall(self.market.clock.now())}

    # --- what is true -----------------------------------------------------------------------------------------------

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """Rows by frame, as a reader of everything has them."""
        orders, items, events = [], [], []
        customers: dict[str, dict[str, object]] = {}
        for trade in self.market.trades:
            orders.append(self._true_order(trade))
            items += [self._true_item(trade, place, line) for place, line in enumerate(trade.lines, 1)]
            customer = customers.setdefault(trade.customer, {"customer": trade.customer, "platform": "aliexpress"})
            if self.status(trade) != "PLACE_ORDER_SUCCESS":
                customer["country"] = _home(trade)
            if _disputed_at(trade) is not None:
                events.append(
                    {"event": f"dispute:{trade.order}", "kind": "dispute", "at": _disputed_at(trade),
                     "customer": trade.customer, "order": trade.order, "status": _dispute(trade),
                     "changed_at": trade.changed_at}
                )  # fmt: skip
        return {"orders": orders, "items": items, "customers": list(customers.values()), "events": events}

    def strange(self) -> str:
        """Give one order a state that there is not."""
        self._strange[len(self.market.trades) // 2] = "WAIT_FOR_THE_DRONE"
        return "WAIT_FOR_THE_DRONE"

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self._spoiled.add(len(self.market.trades) // 2)

    def status(self, trade: Trade) -> str:
        """The state of an order, as its details have it."""
        if trade.number in self._strange:
            return self._strange[trade.number]
        many = len(trade.lines) > 1 and trade.number % 2 == 0
        return {
            "placed": "PLACE_ORDER_SUCCESS",
            "paid": "RISK_CONTROL" if trade.number % 4 == 0 else "WAIT_SELLER_SEND_GOODS",
            "shipped": "SELLER_PART_SEND_GOODS" if many else "WAIT_BUYER_ACCEPT_GOODS",
            "delivered": "IN_ISSUE" if _disputed_at(trade) else "WAIT_BUYER_ACCEPT_GOODS",
            "completed": "FUND_PROCESSING" if trade.number % 3 == 0 else "FINISH",
        }.get(trade.stage, "FINISH")

    # --- how it is told ---------------------------------------------------------------------------------------------

    def _has(self, trade: Trade, statuses: frozenset[str]) -> bool:
        status = self.status(trade)
        if not statuses:
            return status not in _ENDED
        return status in (statuses | _ENDED if statuses & _ENDED else statuses)

    def _is_in(self, instant: dt.datetime, window: tuple[str, str]) -> bool:
        told, (begin, end) = _wall(instant), window
        return begin <= told <= end if self.within else begin < told < end

    def _list(self, name: str, elements: Sequence[object]) -> object:
        return elements if self.bare else {name: elements}

    def _money(self, trade: Trade, value: Decimal) -> dict[str, object]:
        return {"amount": f"{value:.2f}", "currency_code": trade.currency}

    def _exact_money(self, trade: Trade, value: Decimal) -> dict[str, object]:
        return self._money(trade, value) | {"cent": int(value * 100), "cent_factor": 100}

    def _paid(self, trade: Trade) -> dict[str, object]:
        return {"amount": "1O9.oo", "currency_code": trade.currency} if trade.number in self._spoiled else self._money(
            trade, trade.amount
        )  # fmt: skip

    def _brief(self, trade: Trade) -> dict[str, object]:
        status = self.status(trade)
        lines = [self._brief_line(trade, place, line) for place, line in enumerate(trade.lines, 1)]
        told: dict[str, object] = {
            "order_id": int(trade.order), "order_status": "FINISH" if status in _ENDED else status,
            "biz_type": "AE_COMMON", "buyer_login_id": trade.customer, "buyer_signer_fullname": f"Buyer {trade.number}",
            "gmt_create": _wall(trade.placed_at), "gmt_update": _wall(trade.changed_at),
            "fund_status": "PAY_SUCCESS" if trade.paid_at else "NOT_PAY", "frozen_status": "NO_FROZEN",
            "issue_status": _issue(trade), "pay_amount": self._paid(trade), "payment_type": "MIXEDCARD",
            "product_list": self._list("order_product_dto", lines), "phone": False, "has_request_loan": False,
        }  # fmt: skip
        return told | ({"gmt_pay_time": _wall(trade.paid_at)} if trade.paid_at else {})

    def _brief_line(self, trade: Trade, place: int, line: Line) -> dict[str, object]:
        return {
            "child_id": int(trade.order) + place, "order_id": int(trade.order) + place,
            "product_id": _product(line), "product_name": line.title, "product_count": line.quantity,
            "product_unit_price": self._money(trade, line.price), "son_order_status": self.status(trade),
            "total_product_amount": self._money(trade, line.price * line.quantity), "issue_status": _issue(trade),
            "logistics_amount": self._money(trade, Decimal(0)), "product_unit": "piece", "sku_code": line.product,
        }  # fmt: skip

    def _full(self, trade: Trade) -> dict[str, object]:
        lines = [self._full_line(trade, place, line) for place, line in enumerate(trade.lines, 1)]
        told: dict[str, object] = {
            "id": int(trade.order), "order_status": self.status(trade), "buyerloginid": trade.customer,
            "gmt_create": _wall(trade.placed_at), "gmt_modified": _wall(trade.changed_at),
            "order_amount": self._paid(trade), "init_oder_amount": self._exact_money(trade, trade.amount),
            "logistics_amount": self._exact_money(trade, trade.shipping_fee),
            "order_discount_info": self._exact_money(trade, trade.discount), "payment_type": "MIXEDCARD",
            "fund_status": "PAY_SUCCESS" if trade.paid_at else "NOT_PAY", "issue_status": _issue(trade),
            "buyer_info": {"country": _home(trade), "login_id": trade.customer, "first_name": "B***", "last_name": "R"},
            "buyer_signer_fullname": f"Buyer {trade.number}",
            "receipt_address": {
                "country": trade.country, "province": trade.province, "city": trade.city, "zip": "98101",
                "contact_person": f"Buyer {trade.number}", "mobile_no": "2065550100", "phone_country": "+1",
                "detail_address": "1 Pine St",
            },
            "child_order_list": self._list("global_aeop_tp_child_order_dto", lines),
        }  # fmt: skip
        for name, instant in (("gmt_pay_success", trade.paid_at), ("gmt_trade_end", _ended(trade))):
            if instant is not None:
                told[name] = _wall(instant)
        if trade.shipped_at:
            parcels = _parcels(trade)
            told["logistic_info_list"] = self._list("global_aeop_tp_logistic_info_dto", parcels)
        if _ended(trade):
            told["order_end_reason"] = _reason(trade)
        if (at := _disputed_at(trade)) is not None:
            told["issue_info"] = {
                "issue_status": _dispute(trade),
                "issue_time": _wall(at),
                "issue_model": "not_as_told",
            }
        if trade.refunded_at is not None and trade.refund_amount == trade.amount:
            told["refund_info"] = self._refund(trade)
        return told

    def _full_line(self, trade: Trade, place: int, line: Line) -> dict[str, object]:
        told: dict[str, object] = {
            "id": int(trade.order) + place, "child_order_id": str(int(trade.order) + place),
            "order_status": self.status(trade), "product_id": _product(line), "product_name": line.title,
            "product_count": line.quantity, "product_price": self._exact_money(trade, line.price),
            "init_order_amt": self._exact_money(trade, line.price * line.quantity),
            "child_order_discount_info": self._exact_money(trade, line.discount), "order_sort_id": place,
        }  # fmt: skip
        if trade.refunded_at is not None and trade.refund_amount != trade.amount:
            told["refund_info"] = self._refund(trade) if place == 1 else {"refund_status": "refund_cancel"}
        return told

    def _refund(self, trade: Trade) -> dict[str, object]:
        assert trade.refunded_at is not None
        assert trade.refund_amount is not None
        return {
            "refund_status": "refund_ok", "refund_time": _wall(trade.refunded_at), "refund_type": "refund_cash",
            "refund_reason": trade.refund_reason, "refund_cash_amt": self._money(trade, trade.refund_amount),
        }  # fmt: skip

    def _true_order(self, trade: Trade) -> Row:
        row: dict[str, object | None] = {
            "order": trade.order, "customer": trade.customer, "status": self.status(trade),
            "changed_at": trade.changed_at, "amount": trade.amount, "currency": trade.currency,
            "quantity": trade.quantity, "payment_method": "MIXEDCARD", "placed_at": trade.placed_at,
            "paid_at": trade.paid_at,
        }  # fmt: skip
        if trade.stage == "placed":
            return row
        unsent = trade.stage == "cancelled" or (trade.stage == "refunded" and trade.delivered_at is None)
        return row | {
            "discount": trade.discount, "shipping_fee": trade.shipping_fee, "country": trade.country,
            "province": trade.province, "city": trade.city, "shipped_at": trade.shipped_at,
            "delivered_at": trade.delivered_at, "completed_at": trade.completed_at,
            "cancelled_at": _ended(trade) if unsent else None, "refunded_at": trade.refunded_at,
            "refund_amount": trade.refund_amount,
        }  # fmt: skip

    def _true_item(self, trade: Trade, place: int, line: Line) -> Row:
        row: dict[str, object] = {
            "order": trade.order, "item": str(int(trade.order) + place), "changed_at": trade.changed_at,
            "product": str(_product(line)), "title": line.title, "quantity": line.quantity, "price": line.price,
            "currency": trade.currency, "status": self.status(trade), "amount": line.price * line.quantity,
        }  # fmt: skip
        return row if trade.stage == "placed" else row | {"amount": line.amount, "discount": line.discount}


def _wall(instant: dt.datetime) -> str:
    return instant.astimezone(_ZONE).strftime(_WRITTEN)


def _whole(query: Mapping[str, object], name: str) -> int:
    value = query.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise IllegalError(name)
    return value


def _window(query: Mapping[str, object], name: str) -> tuple[str, str]:
    bounds = []
    for end, default in (("start", ""), ("end", "9999")):
        told = query.get(f"{name}_{end}", default)
        try:
            if told != default:
                dt.datetime.strptime(cast("str", told), _WRITTEN)  # noqa: DTZ007 - whether it is written so
        except (ValueError, TypeError):
            raise IllegalError(f"{name}_{end}") from None
        bounds.append(cast("str", told))
    return bounds[0], bounds[1]


def _statuses(query: Mapping[str, object]) -> frozenset[str]:
    more = query.get("order_status_list", [])
    told = [
        *(more if isinstance(more, list) else [None]),
        *([query["order_status"]] if "order_status" in query else []),
    ]
    if not all(isinstance(one, str) and one in _FILTERS for one in told):
        raise IllegalError("order_status")
    return frozenset(cast("list[str]", told))


def _product(line: Line) -> int:
    return 1005003000000000 + int(line.product[1:])


def _home(trade: Trade) -> str:
    return ("US", "DE", "BR", "FR")[sum(trade.customer.encode()) % 4]


def _ended(trade: Trade) -> dt.datetime | None:
    return trade.completed_at or trade.cancelled_at or trade.refunded_at


def _reason(trade: Trade) -> str:
    if trade.stage == "completed":
        return "buyer_accept_goods" if trade.number % 2 else "buyer_accept_goods_timeout"
    if trade.stage == "cancelled":
        return "buyer_pay_timeout"
    return "seller_accept_issue_no_goods_return" if trade.delivered_at else "cancel_order_close_trade"


def _parcels(trade: Trade) -> list[dict[str, object]]:
    sent, here = trade.shipped_at, trade.delivered_at
    assert sent is not None
    first: dict[str, object] = {"logistics_no": f"LP{trade.number:08d}", "gmt_send": _wall(sent)}
    if here is not None:
        first |= {"gmt_received": _wall(here), "receive_status": "received"}
    return [first]


def _disputed_at(trade: Trade) -> dt.datetime | None:
    return trade.delivered_at if trade.number % 3 == 1 else None


def _dispute(trade: Trade) -> str:
    return "processing" if trade.stage == "delivered" else "finish"


def _issue(trade: Trade) -> str:
    if _disputed_at(trade) is None:
        return "NO_ISSUE"
    return "IN_ISSUE" if trade.stage == "delivered" else "END_ISSUE"
