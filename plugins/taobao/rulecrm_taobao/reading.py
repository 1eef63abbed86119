"""Rows of a window, with what the list itself does not tell.

In: what the platform lists. Out: canonical rows, refused ones, remarks.
Invariant: every row that was listed is in what comes out, as a row or refused.

An order that is listed without its lines is asked for by itself. Refunds of an order are looked up among those of its
buyer, for a line names its latest refund alone, and may have had several. A refund that is listed brings its order
along, as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from rulecrm.plugin import Refused, Row
from rulecrm_taobao.calls import Calls, RefusedError
from rulecrm_taobao.envelope import listed
from rulecrm_taobao.rows import as_text, id_of, member_row, order_of, rating_row
from rulecrm_taobao.settings import Settings
from rulecrm_taobao.streams import MEMBERS, RATINGS, REFUNDS, SOLD, TRADES, TYPES, Question, Stream, read_all

__all__ = ["Gathered", "Reader"]

Json = Mapping[str, object]

_LISTED = (
    "tid,status,type,created,modified,pay_time,consign_time,end_time,payment,post_fee,step_trade_status,buyer_open_uid,"
    "receiver_state,receiver_city,orders,service_orders"
)
_RECEIVER = ("receiver_name", "receiver_address", "receiver_mobile", "receiver_phone")
"""An OAID is made only where these are asked for; they come masked, and are dropped at once."""

_REFUND = "refund_id,tid,oid,status,refund_fee,modified,created,reason,ouid,buyer_open_uid"
_RATING = "tid,oid,role,result,created,content,num_iid"
_SUCCESS = "SUCCESS"
_NO_REFUND = frozenset({None, "", "NO_REFUND"})
_BUYER = ("buyer_open_uid", "ouid", "buyer_nick")


@frozen
class _Access:
    """The calls that an application may make, and what tells a buyer in their answers."""

    sold: str
    changed: str
    one: str
    key: str
    more: str
    more_of_one: str


_ACCESS = {
    "crm": _Access(
        "taobao.trades.simple.sold.get", "taobao.trades.simple.sold.increment.get", "taobao.trade.simple.get",
        "ouid", ",ouid", ",ouid",
    ),
    "trade": _Access(
        "taobao.trades.sold.get", "taobao.trades.sold.increment.get", "taobao.trade.fullinfo.get",
        "buyer_open_uid", ",receiver_district", ",receiver_district,tid_str",
    ),
}  # fmt: skip


@define
class Gathered:
    """What becomes a batch."""

    rows: dict[str, list[Row]] = field(factory=dict)
    refused: list[Refused] = field(factory=list)
    remarks: dict[str, int] = field(factory=dict)

    def put(self, frame: str, row: Row) -> None:
        """Take a row."""
        self.rows.setdefault(frame, []).append(row)

    def refuse(self, frame: str, reason: str, record: Json, place: str) -> None:
        """Take a row that cannot be understood."""
        self.refused.append(Refused(frame, reason, as_text(record), place))

    def remark(self, text: str) -> None:
        """Count something odd."""
        self.remarks[text] = self.remarks.get(text, 0) + 1


class Reader:
    """Makes rows of what an account lists.

    Args:
        settings: of the account.
        calls: its router.
    """

    def __init__(self, settings: Settings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls
        self._access = _ACCESS[settings.access]
        self._types = ",".join(dict.fromkeys((*TYPES, *settings.types)))
        more = ",buyer_nick" if settings.personal and settings.access == "trade" else ""
        if settings.oaid:
            more += ",oaid," + ",".join(_RECEIVER)
        self._listed = _LISTED + self._access.more + more
        self._single = _LISTED + self._access.more_of_one + more

    def asks(self, stream: Stream) -> Question:
        """The method that a list is asked for by, and its arguments."""
        if stream is RATINGS:
            more = ",ouid" if self._access.key == "ouid" else ""
            return "taobao.traderates.get", {"fields": _RATING + more, "rate_type": "get", "role": "buyer"}
        if stream is REFUNDS:
            return "taobao.refunds.receive.get", {"fields": _REFUND, "status": _SUCCESS, "type": self._types}
        if stream is MEMBERS:
            # The variant without nicks, unless nicks are wanted.
            return f"taobao.crm.members.increment.get{'' if self._settings.personal else '.privy'}", {}
        method = self._access.sold if stream is SOLD else self._access.changed
        return method, {"fields": self._listed, "type": self._types}

    async def gather(self, stream: Stream, rows: Sequence[Json]) -> Gathered:
        """What a window's rows become.

        Raises:
            Exception: what `Calls.ask` raises but `RefusedError`.
        """
        gathered = Gathered()
        method, _ = self.asks(stream)
        if stream in (SOLD, TRADES):
            await self._orders(gathered, _latest(rows), method)
        elif stream is REFUNDS:
            await self._refunds(gathered, rows, method)
        elif stream is RATINGS:
            await self._ratings(gathered, rows, method)
        else:
            for row in rows:
                try:
                    gathered.put("customers", member_row(row, nick=self._settings.personal))
                except ValueError as error:
                    gathered.refuse("customers", str(error), row, method)
        return gathered

    # --- orders ---------------------------------------------------------------------------------------------------

    async def _orders(self, gathered: Gathered, trades: Sequence[Json], place: str) -> None:
        refunds: dict[tuple[str, str], Sequence[Json]] = {}
        for listed_trade in trades:
            trade = _without_receiver(listed_trade)
            try:
                if not trade.get("orders") or not trade.get("payment"):
                    trade = _without_receiver(await self._one(id_of(trade, "tid")))
                back = await self._paid_back(trade, refunds)
                made = order_of(trade, back, key=self._access.key, nick=self._settings.personal)
            except (ValueError, RefusedError) as error:
                gathered.refuse("orders", str(error), trade, place)
                continue
            gathered.put("orders", made.order)
            for item in made.items:
                gathered.put("items", item)
            gathered.put("customers", made.customer)
            for remark in made.remarks:
                gathered.remark(remark)

    async def _one(self, number: str) -> Json:
        told = await self._calls.ask(self._access.one, {"fields": self._single, "tid": number})
        trade = told.get("trade")
        if not isinstance(trade, Mapping):
            raise ValueError("`trade` is missing")  # noqa: TRY004 - it is the answer that is wrong
        return trade

    async def _paid_back(self, trade: Json, known: dict[tuple[str, str], Sequence[Json]]) -> Sequence[Json] | None:
        """The refunds of a trade that have succeeded; those of a buyer are asked for once in a window."""
        if not self._settings.refunds:
            return None
        if not any(
            line.get("refund_id") or line.get("refund_status") not in _NO_REFUND for line in listed(trade.get("orders"))
        ):
            return ()
        number, buyer = (
            id_of(trade, "tid"),
            next(((name, str(trade[name])) for name in _BUYER if trade.get(name)), None),
        )
        if buyer is None:
            raise ValueError("nothing tells its buyer, and so its refunds")
        if buyer not in known:
            method, given = self.asks(REFUNDS)
            known[buyer] = await read_all(self._calls, REFUNDS, (method, {**given, buyer[0]: buyer[1]}))
        found = {id_of(one, "refund_id"): one for one in known[buyer] if id_of(one, "tid") == number}
        return [one for one in found.values() if one.get("status") == _SUCCESS]

    async def _refunds(self, gathered: Gathered, rows: Sequence[Json], place: str) -> None:
        """The orders of refunds, each once."""
        trades: dict[str, Json] = {}
        for refund in rows:
            try:
                number = id_of(refund, "tid")
                if number not in trades:
                    trades[number] = await self._one(number)
            except (ValueError, RefusedError) as error:
                gathered.refuse("orders", f"a refund of an order that cannot be had: {error}", refund, place)
        await self._orders(gathered, list(trades.values()), self._access.one)

    # --- ratings --------------------------------------------------------------------------------------------------

    async def _ratings(self, gathered: Gathered, rows: Sequence[Json], place: str) -> None:
        buyers: dict[str, str] = {}
        for rating in rows:
            try:
                gathered.put("events", rating_row(rating, await self._rater(rating, buyers)))
            except (ValueError, RefusedError) as error:
                gathered.refuse("events", str(error), rating, place)

    async def _rater(self, rating: Json, buyers: dict[str, str]) -> str:
        """Who gave a rating: the list tells, or the order does."""
        told = rating.get(self._access.key)
        if isinstance(told, str) and told:
            return told
        number = id_of(rating, "tid")
        if number not in buyers:
            asked = {"fields": f"tid,{self._access.key}", "tid": number}
            trade = (await self._calls.ask(self._access.one, asked)).get("trade")
            found = trade.get(self._access.key) if isinstance(trade, Mapping) else None
            buyers[number] = found if isinstance(found, str) else ""
        if not buyers[number]:
            raise ValueError(f"`{self._access.key}` is missing")
        return buyers[number]


def _latest(trades: Sequence[Json]) -> Sequence[Json]:
    """Each trade once, in its latest state: pages that shift repeat some."""
    found: dict[object, Json] = {}
    for trade in trades:
        key = trade.get("tid")
        if key not in found or str(trade.get("modified")) >= str(found[key].get("modified")):
            found[key] = trade
    return list(found.values())


def _without_receiver(trade: Json) -> Json:
    return {name: value for name, value in trade.items() if name not in _RECEIVER}
