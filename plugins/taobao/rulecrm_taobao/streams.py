"""The platform's lists: by which instants they go, and how their pages are read.

In: a window of time. Out: every row that the platform lists in it.
Invariant: a window is read from its last page backwards, so that rows which leave it meanwhile (because they changed
again, and so stand in a later window) move those that are yet to be read onto pages that are yet to be read.

The number of pages comes from a first call, which asks for the total; pages are then asked for with `use_has_next`,
which saves the platform the count, and tells whether the last page is the last one. A window that holds too much is not
read but halved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import LaterError
from rulecrm_taobao.calls import Calls
from rulecrm_taobao.envelope import listed, written

__all__ = [
    "MEMBERS",
    "RATINGS",
    "REFUNDS",
    "SOLD",
    "TRADES",
    "TYPES",
    "FullError",
    "Question",
    "Stream",
    "read_all",
    "read_window",
]

Json = Mapping[str, object]

TYPES = (
    "fixed", "auction", "guarantee_trade", "step", "independent_simple_trade", "independent_shop_trade",
    "auto_delivery", "ec", "cod", "game_equipment", "shopex_trade", "netcn_trade", "external_trade", "instant_trade",
    "b2c_cod", "hotel_trade", "super_market_trade", "super_market_cod_trade", "taohua", "waimai", "o2o_offlinetrade",
    "nopaid", "eticket", "tmall_i18n", "insurance_plus", "finance", "pre_auth_type", "lazada", "fenxiao",
)  # fmt: skip
"""Every type of trade that the documentation names; those that are not named in a call are silently left out, and by
default only five are named (taobao.trades.sold.get, `type`)."""

_DAY = dt.timedelta(days=1)


Question = tuple[str, Mapping[str, str]]
"""A method, and its arguments but the window and the page."""


class FullError(Exception):
    """A window holds more than is read at a time."""


@frozen
class Stream:
    """A list.

    Attributes:
        name: in cursors.
        since, until: its arguments for the window.
        rows: the name of the list in the answer.
        page: its argument for the number of a page.
        total: where the answer has the number of rows.
        longest: window.
        counts: whether it knows `use_has_next`.
        most: rows of a window that are read at a time; a fuller one is halved.
    """

    name: str
    since: str
    until: str
    rows: str
    page: str = "page_no"
    total: str = "total_results"
    longest: dt.timedelta = _DAY
    counts: bool = True
    most: int = 500


SOLD = Stream("sold", "start_created", "end_created", "trades", longest=dt.timedelta(days=30))
"""The first run: by the instant of placing."""

TRADES = Stream("trades", "start_modified", "end_modified", "trades")
"""Afterwards: by the instant of changing; a window of more than a day is refused."""

REFUNDS = Stream("refunds", "start_modified", "end_modified", "refunds")
RATINGS = Stream("ratings", "start_date", "end_date", "trade_rates", longest=dt.timedelta(days=30))
"""At most 1,500 rows of a window can be had (taobao.traderates.get, `total_results`)."""

MEMBERS = Stream(
    "members", "start_modify", "end_modify", "members", page="current_page", total="total_result",
    longest=dt.timedelta(days=180), counts=False,
)  # fmt: skip


async def read_window(
    calls: Calls, stream: Stream, question: Question, begin: dt.datetime, end: dt.datetime
) -> Sequence[Json]:
    """Every row of a window; of one that comes twice both.

    Whether the platform takes a window's ends for inside is not documented: it is asked for from a second earlier.

    Raises:
        FullError: it holds more than `stream.most`, and is longer than a second.
        Exception: what `Calls.ask` raises.
    """
    window = {stream.since: written(begin - dt.timedelta(seconds=1)), stream.until: written(end)}
    most = None if end - begin <= dt.timedelta(seconds=1) else stream.most
    method, given = question
    return await read_all(calls, stream, (method, {**given, **window}), most=most)


async def read_all(calls: Calls, stream: Stream, question: Question, *, most: int | None = None) -> Sequence[Json]:
    """Every row of a list, however many pages it has.

    Raises:
        FullError: there are more than `most`.
        Exception: what `Calls.ask` raises.
    """
    method, given = question
    asked, size = {**given, "page_size": str(calls.page_size)}, calls.page_size
    first = await calls.ask(method, {**asked, stream.page: "1"})
    total, rows = _total(stream, first), _rows(stream, first)
    if most is not None and total > most:
        raise FullError
    if total <= size:
        return rows
    if stream.counts:
        asked["use_has_next"] = "true"
    last = -(-total // size)
    found: list[Json] = []
    while True:  # the list may have grown since it was counted
        told = await calls.ask(method, {**asked, stream.page: str(last)})
        found += _rows(stream, told)
        if told.get("has_next") is not True:
            break
        last += 1
    grown = max(-(-total // size), 1)
    for page in range(grown - 1, 0, -1):
        told = await calls.ask(method, {**asked, stream.page: str(page)})
        found += _rows(stream, told)
    return found


def _total(stream: Stream, told: Json) -> int:
    found = told.get(stream.total, 0)
    if isinstance(found, bool) or not isinstance(found, int | str) or not str(found).isdigit():
        raise LaterError(f"`{stream.total}` is no number")
    return int(found)


def _rows(stream: Stream, told: Json) -> Sequence[Json]:
    try:
        return listed(told.get(stream.rows))
    except ValueError:
        raise LaterError(f"`{stream.rows}` is no list") from None
