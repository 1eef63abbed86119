"""Lazada, played locally, for development without an account.

In: a market. Out: a server; its `url` goes into the settings.
Invariant: that of `rulecrm.testing.paths`. Both calls take the parameters of their pages on open.lazada.com and no
other, and refuse what those pages refuse, with its number; every unit is an item of its own; some numbers come bare and
some as text, and times in the three ways in which they have been met.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from rulecrm.plugin.platforms import Row
from rulecrm.testing.markets import Line, Market, Trade
from rulecrm.testing.paths import PathApi, PathRefusalError, PathServer

__all__ = ["LazadaServer"]

_ZONE = ZoneInfo("Asia/Singapore")
_CENT = Decimal("0.01")
_MOST, _FURTHEST, _AT_ONCE = 100, 5000, 50
_FURTHEST_PAGE = 100
_RETURN_TIMES = ("ReverseOrderLineModifiedTimeRangeStart", "ReverseOrderLineModifiedTimeRangeEnd")
_STATUSES = {"placed": "unpaid", "paid": "pending", "cancelled": "canceled", "refunded": "returned",
             "completed": "confirmed"}  # fmt: skip


class LazadaServer(PathServer):
    """Lazada of Singapore, and where its tokens are renewed.

    Attributes:
        within: whether an order updated at a bound of what is asked for itself is in it.
        orderly: whether it sorts as it is asked to.
        heeds_order: whether reverse orders of one order can be asked for; some sellers got those of all.
    """

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.within, self.orderly, self.heeds_order = True, True, True
        self._strange: dict[int, str] = {}
        self._spoiled: set[int] = set()

    def apis(self) -> Mapping[str, PathApi]:
        """Orders, and the items of several orders."""
        times = {"created_after", "created_before", "update_after", "update_before"}
        beside = frozenset({*times, "status", "sort_by", "sort_direction", "limit", "offset"})
        return {
            "/orders/get": PathApi(self._orders, optional=beside),
            "/orders/items/get": PathApi(self._order_items, required=frozenset({"order_ids"})),
            "/reverse/getreverseordersforseller": PathApi(
                self._reverse_orders, required=frozenset({"page_no", "page_size"}),
                optional=frozenset({"trade_order_id", "reverse_order_id", *_RETURN_TIMES}),
            ),
        }  # fmt: skip

    def settings(self) -> Mapping[str, object]:
        """An account here."""
        return {
            "use": "lazada", "country": "sg", "url": self.url, "auth_url": self.url, "app_key": self.app_key,
            "app_secret": "env:RULECRM_FAKE_LAZADA_SECRET", "access_token": "env:RULECRM_FAKE_LAZADA_TOKEN",
            "refresh_token": "env:RULECRM_FAKE_LAZADA_REFRESH", "since": f"{self.market.clock.now():%Y-%m-%d}",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """Its secrets."""
        return {
            "RULECRM_FAKE_LAZADA_SECRET": self.app_secret,
            "RULECRM_FAKE_LAZADA_TOKEN": self.access_token,
            "RULECRM_FAKE_LAZADA_REFRESH": self.refresh_token,
        }

    def strange(self) -> str:
        """Give one order a state that there is not."""
        self._strange[len(self.market.trades) // 2] = "handed_to_the_drone"
        return "handed_to_the_drone"

    def spoil(self) -> None:
        """Let a price of one order be no number."""
        self._spoiled.add(len(self.market.trades) // 2)

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        trades = self.market.trades
        customers = {trade.customer: {"customer": trade.customer, "platform": "lazada"} for trade in trades}
        return {
            "orders": [self._true_order(trade) for trade in trades],
            "items": [row for trade in trades for row in self._true_items(trade)],
            "customers": list(customers.values()),
        }

    # --- calls ------------------------------------------------------------------------------------------------------

    def _orders(self, given: Mapping[str, str]) -> Mapping[str, object]:
        if not {"created_after", "update_after"} & set(given):
            raise PathRefusalError("MissingParameter", "created_after or update_after must be given")
        created = _between(given, "created_after", "created_before")
        updated = _between(given, "update_after", "update_before")
        limit = _whole(given, "limit", (1, _MOST, 100), PathRefusalError("19", "E019: Invalid Limit"))
        offset = _whole(given, "offset", (0, _FURTHEST, 0), PathRefusalError("14", "E014: Invalid Offset"))
        by = _word(given, "sort_by", ("created_at", "updated_at"), "75", "E075: Invalid sort filter")
        way = _word(given, "sort_direction", ("DESC", "ASC"), "74", "E074: Invalid sort direction")
        found = [
            trade for trade in self.market.trades
            if self._is_in(trade.placed_at, created) and self._is_in(trade.changed_at, updated)
            and given.get("status", "all") in ("all", self._status(trade, 0))
        ]  # fmt: skip
        if self.orderly:
            found.sort(key=lambda one: (one.placed_at if by == "created_at" else one.changed_at, one.number))
        if way == "DESC":
            found.reverse()
        shown = [self._told(trade) for trade in found[offset : offset + limit]]
        return {"data": {"count": str(len(shown)), "countTotal": str(len(found)), "orders": shown}}

    def _order_items(self, given: Mapping[str, str]) -> Mapping[str, object]:
        try:
            asked = json.loads(given["order_ids"])
            numbers = [int(one) for one in asked]
        except (ValueError, TypeError):
            message = "E056: Invalid OrdersIdList format. Must use array format [1,2]"
            raise PathRefusalError("56", message) from None
        if len(numbers) > _AT_ONCE:
            raise PathRefusalError("38", "E038: Too many orders were requested")
        trades = [self.market.by_order(str(one)) for one in numbers]
        if None in trades:
            raise PathRefusalError("37", "E037: One or more order id in the list are incorrect")
        return {
            "data": [
                {"order_id": int(one.order), "order_number": int(one.order), "order_items": self._units(one)}
                for one in trades if one is not None
            ]
        }  # fmt: skip

    def _reverse_orders(self, given: Mapping[str, str]) -> Mapping[str, object]:
        page = _whole(given, "page_no", (1, 10**6, 1), PathRefusalError("100", "E0100: reverse order list is empty"))
        size = _whole(given, "page_size", (1, _AT_ONCE, 10), PathRefusalError("19", "E019: Invalid Limit"))
        begin, end = (
            dt.datetime.fromtimestamp(int(given.get(name, default)) / 1000, dt.UTC)
            for name, default in zip(_RETURN_TIMES, ("0", "99999999999999"), strict=True)
        )
        found = [
            trade for trade in reversed(self.market.trades)
            if (at := _sent_back_at(trade)) is not None and self._is_in(at, (begin, end))
            and (not self.heeds_order or given.get("trade_order_id", trade.order) == trade.order)
        ]  # fmt: skip
        shown = found[(page - 1) * size : page * size] if page <= _FURTHEST_PAGE else []
        items = [self._reverse_order(trade) for trade in shown]
        result = {"items": items, "page_no": page, "page_size": size, "success": True, "total": len(found)}
        return {"result": result}

    def _reverse_order(self, trade: Trade) -> dict[str, object]:
        done, at = trade.stage == "refunded", _sent_back_at(trade)
        assert at is not None
        units = [(place, share) for place, (_, share, _) in enumerate(_shares(trade)) if self._is_back(trade, place)]
        lines = []
        for place, share in units:
            back = share + (trade.shipping_fee if trade.refund_amount == trade.amount and place == 0 else 0)
            lines.append(
                {"reverse_order_line_id": _unit(trade, place) + 500, "trade_order_line_id": _unit(trade, place),
                 "reverse_status": "REFUND_SUCCESS" if done else "REQUEST_INITIATE", "refund_amount": int(back * 100),
                 "return_order_line_gmt_modified": int(at.timestamp() * (1000 if trade.number % 2 else 1)),
                 "reason_text": "it does not fit", "buyer": {"buyer_id": trade.customer}}
            )  # fmt: skip
        kind = "RETURN" if trade.delivered_at else "CANCEL"
        return {"reverse_order_id": int(trade.order) + 500, "trade_order_id": int(trade.order), "request_type": kind,
                "is_rtm": True, "reverse_order_lines": lines}  # fmt: skip

    def _is_back(self, trade: Trade, place: int) -> bool:
        return trade.refund_amount in (None, trade.amount) or _line(trade, place) == 0

    # --- how it is told ---------------------------------------------------------------------------------------------

    def _is_in(self, at: dt.datetime, bounds: tuple[dt.datetime, dt.datetime]) -> bool:
        return bounds[0] <= at <= bounds[1] if self.within else bounds[0] < at < bounds[1]

    def _status(self, trade: Trade, unit: int) -> str:
        if trade.number in self._strange:
            return self._strange[trade.number]
        if trade.stage == "refunded" and unit and trade.refund_amount != trade.amount:
            return "delivered" if trade.delivered_at else "pending"  # only the first line was paid back
        if trade.stage == "paid":
            return ("pending", "packed", "ready_to_ship")[trade.number % 3]
        return _STATUSES.get(trade.stage, trade.stage)

    def _told(self, trade: Trade) -> dict[str, object]:
        statuses = sorted({str(unit["status"]) for unit in self._units(trade)})
        return {
            "order_id": int(trade.order), "order_number": int(trade.order), "statuses": statuses,
            "created_at": trade.placed_at.astimezone(_ZONE).isoformat(),
            "updated_at": trade.changed_at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M:%S %z"),
            "price": f"{sum((line.price * line.quantity for line in trade.lines), Decimal(0)):.2f}",
            "shipping_fee": float(trade.shipping_fee), "voucher": f"{trade.discount:.2f}", "voucher_code": "",
            "items_count": trade.quantity, "payment_method": "COD" if trade.number % 2 else "MIXEDCARD",
            "customer_first_name": f"Buyer {trade.number}", "customer_last_name": "", "buyer_note": "please ring twice",
            "address_shipping": {
                "country": "Singapore" if trade.number % 3 else "Brunei", "city": trade.city, "phone": "65****70",
                "first_name": f"Buyer {trade.number}", "address1": "22 leonie hill road",
            },
            "extra_attributes": "null",
        }  # fmt: skip

    def _units(self, trade: Trade) -> list[dict[str, object]]:
        told: list[dict[str, object]] = []
        for place, (line, share, off) in enumerate(_shares(trade)):
            price = "12,3O" if trade.number in self._spoiled else f"{share:.2f}"
            told.append(
                {"order_id": int(trade.order), "order_item_id": _unit(trade, place), "name": line.title,
                 "shop_sku": f"{line.product}_SGAMZ", "sku": line.product,
                 "status": self._status(trade, _line(trade, place)),
                 "item_price": float(line.price), "paid_price": price, "voucher_amount": f"{off:.2f}",
                 "currency": trade.currency, "buyer_id": trade.customer, "created_at": _millis(trade.placed_at),
                 "updated_at": _millis(trade.changed_at), "reason": trade.refund_reason,
                 "payment_time": _millis(trade.paid_at) if trade.paid_at else ""}
            )  # fmt: skip
        return told

    # --- what is true -----------------------------------------------------------------------------------------------

    def _true_order(self, trade: Trade) -> Row:
        words = {self._status(trade, _line(trade, place)) for place in range(trade.quantity)}
        return {
            "order": trade.order, "customer": trade.customer, "status": ",".join(sorted(words)),
            "changed_at": trade.changed_at, "amount": trade.amount, "currency": trade.currency,
            "discount": trade.discount, "shipping_fee": trade.shipping_fee, "quantity": trade.quantity,
            "payment_method": "COD" if trade.number % 2 else "MIXEDCARD",
            "country": "SG" if trade.number % 3 else None, "city": trade.city, "placed_at": trade.placed_at,
            "paid_at": trade.paid_at,
            "refunded_at": trade.refunded_at, "refund_amount": trade.refund_amount,
        }  # fmt: skip

    def _true_items(self, trade: Trade) -> list[Row]:
        return [
            {"order": trade.order, "item": str(_unit(trade, place)), "changed_at": trade.changed_at,
             "product": f"{line.product}_SGAMZ", "title": line.title, "quantity": 1, "price": line.price,
             "amount": share, "discount": off, "currency": trade.currency,
             "status": self._status(trade, _line(trade, place))}
            for place, (line, share, off) in enumerate(_shares(trade))
        ]  # fmt: skip


def _shares(trade: Trade) -> list[tuple[Line, Decimal, Decimal]]:
    """Each unit: its line, what is paid for it, what was taken off; the last unit of a line bears the rounding."""
    found = []
    for line in trade.lines:
        part = (line.discount / line.quantity).quantize(_CENT)
        offs = [part] * (line.quantity - 1) + [line.discount - part * (line.quantity - 1)]
        found += [(line, line.price - off, off) for off in offs]
    return found


def _sent_back_at(trade: Trade) -> dt.datetime | None:
    """When something of an order was last sent back, paid back, or asked to be."""
    if trade.stage == "refunded":
        return trade.refunded_at
    return trade.delivered_at if trade.number % 5 == 0 else None


def _line(trade: Trade, place: int) -> int:
    """Which line of an order a unit is of."""
    lines = [number for number, line in enumerate(trade.lines) for _ in range(line.quantity)]
    return lines[place]


def _unit(trade: Trade, place: int) -> int:
    return int(trade.order) + 10 + place


def _millis(at: dt.datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _between(given: Mapping[str, str], after: str, before: str) -> tuple[dt.datetime, dt.datetime]:
    try:
        low = dt.datetime.fromisoformat(given[after]) if after in given else dt.datetime.min.replace(tzinfo=dt.UTC)
        high = dt.datetime.fromisoformat(given[before]) if before in given else dt.datetime.max.replace(tzinfo=dt.UTC)
    except ValueError:
        raise PathRefusalError("17", "E017: Invalid Date Format") from None
    if low.tzinfo is None or high.tzinfo is None:
        raise PathRefusalError("17", "E017: Invalid Date Format")
    return low, high


def _whole(given: Mapping[str, str], name: str, bounds: tuple[int, int, int], refusal: PathRefusalError) -> int:
    """A whole number between the first two bounds; the third where it is not given."""
    least, most, default = bounds
    told = given.get(name, str(default))
    if not told.isdecimal() or not least <= int(told) <= most:
        raise refusal
    return int(told)


def _word(given: Mapping[str, str], name: str, words: Sequence[str], code: str, message: str) -> str:
    told = given.get(name, words[0])
    if told not in words:
        raise PathRefusalError(code, message)
    return told
