"""The platform, played.

In: a `Market`, and requests. Out: answers in the platform's own words, and what is true.
Invariant: what is true is worked out from the market, not from what the answers say.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

from rulecrm.plugin import Row
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.gateways import Asked, GatewayError, RouterGateway
from rulecrm.testing.http import Call, Reply
from rulecrm.testing.markets import Market, Trade
from rulecrm_taobao.envelope import CHINA, written
from rulecrm_taobao.fake.menu import ELEMENTS, methods
from rulecrm_taobao.fake.telling import Told, kind_of, modified_of, oaid_of, ratings_of, refunds_of, trade_told
from rulecrm_taobao.fake.truth import members_of, truth_of

__all__ = ["TaobaoServer"]

T = TypeVar("T")

_VARIABLES = "RULECRM_FAKE_TAOBAO_"
_DAY = dt.timedelta(days=1)
_MONTHS = dt.timedelta(days=92)
_RATED = dt.timedelta(days=180)
_MOST_RATINGS = 1500
_DEFAULT = "guarantee_trade,auto_delivery,ec,cod,step"
_REFUND_DEFAULT = "guarantee_trade,auto_delivery"
_ONE_PRICE = frozenset({"fixed", "auction"})
"""What the type `guarantee_trade` stands for in calls; no trade is of it."""

_RECEIVER = {"receiver_name", "receiver_address", "receiver_mobile", "receiver_phone", "created"}
"""An OAID is made where all of these are asked for."""

_BARE = 13
"""Every so many trades one is listed without its lines."""


class TaobaoServer(PlatformFake):
    """Taobao on a loopback port; see `rulecrm.testing.fakes.PlatformFake`.

    Args:
        market: what it sells.
        access: `crm` or `trade`: which calls the application may make; it says what is true of who bought.

    Attributes:
        gateway: its router: sessions, throttling, calls that were found good.
        oaid: whether what is true has the addresses for SMS.
        templates: that were approved for SMS, by code.
        forgotten: orders that are not given by themselves any more.
    """

    dead = f"7000000000000000000:{'0' * 40}"
    sign = "测试商店"

    key = "12345678"
    secret = "made-up-app-secret"  # noqa: S105 - it opens this fake
    session = "6100made-up-session"
    refresh = "6101made-up-refresh"

    def __init__(self, market: Market, *, access: str = "crm") -> None:
        super().__init__(market)
        self.access = access
        self.oaid = False
        self.secrets = [self.secret, self.session, self.refresh]
        self.templates = {"SMS_1": "${text}"}
        self.forgotten: set[str] = set()
        self._refresh = self.refresh
        self._words: dict[int, str] = {}
        self._spoiled: set[int] = set()
        self.gateway = RouterGateway(
            methods(
                {"sold": self._sold, "changed": self._changed, "one": self._one, "refunds": self._refunds,
                 "ratings": self._ratings, "members": self._members, "private_members": self._private_members,
                 "sms": self._sms, "time": self._time, "renew": self._renew}
            ),
            self.key, self.secret, lambda: self.now, {self.session}, "taobao.", ELEMENTS,
        )  # fmt: skip

    @property
    def router(self) -> str:
        """Where it is to be called."""
        return f"{self.url}{self.gateway.path}"

    # --- what tests ask for ---------------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, object]:
        """An account here."""
        secrets = {"app_secret": "SECRET", "session": "SESSION", "refresh_token": "REFRESH"}
        given = {name: f"env:{_VARIABLES}{variable}" for name, variable in secrets.items()}
        return {"use": "taobao", "app_key": self.key, **given, "access": self.access, "url": self.router}

    def environment(self) -> Mapping[str, str]:
        """What its settings refer to."""
        told = {"SECRET": self.secret, "SESSION": self.session, "REFRESH": self.refresh}
        return {f"{_VARIABLES}{name}": value for name, value in told.items()}

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader has who has read everything."""
        return truth_of(self.market.trades, access=self.access, words=self._words, oaid=self.oaid)

    def strange(self) -> str:
        """One trade is in a state that no page tells of."""
        trade = next(one for one in self.market.trades if one.stage == "shipped")
        self._words[trade.number] = "WAIT_FOR_THE_MOON"
        return self._words[trade.number]

    def spoil(self) -> None:
        """One trade's price is written as no number is."""
        self._spoiled.add(next(one.number for one in self.market.trades if one.number % _BARE and one.number > 3))

    def expire(self) -> None:
        """The session runs out; it can be renewed, once."""
        self.gateway.sessions.clear()

    # --- answers --------------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What the platform says."""
        before = len(self.gateway.asked)
        reply = self.gateway.answer(call)
        if any("page_size" in one.values for one in self.gateway.asked[before:]):
            self.stir()
        return reply

    def _sold(self, asked: Asked) -> Mapping[str, object]:
        since, until = asked.instant("start_created"), asked.instant("end_created")
        trades = [one for one in self._trades(asked) if _within(one.placed_at, since, until)]
        return self._paged(
            asked, "trades", sorted(trades, key=lambda one: (one.placed_at, one.number)), self._bare(asked)
        )

    def _changed(self, asked: Asked) -> Mapping[str, object]:
        since, until = self._window(asked, "start_modified", "end_modified")
        trades = [one for one in self._trades(asked) if _within(modified_of(one), since, until)]
        return self._paged(
            asked, "trades", sorted(trades, key=lambda one: (modified_of(one), one.number)), self._bare(asked)
        )

    def _one(self, asked: Asked) -> Mapping[str, object]:
        trade = self.market.by_order(str(asked.whole("tid", 0)))
        if trade is None or trade.order in self.forgotten:
            raise _refused("isv.trade-not-exist", "there is no such trade")
        return {"trade": self._told(trade, asked)}

    def _refunds(self, asked: Asked) -> Mapping[str, object]:
        since, until = asked.instant("start_modified"), asked.instant("end_modified")
        kinds = set((asked.text("type") or _REFUND_DEFAULT).split(","))
        found = [
            refund
            for trade in self.market.trades
            if _is_of(trade, kinds)
            for refund in refunds_of(trade)
            if asked.text("status") in {None, refund["status"]}
            and all(asked.text(name) in {None, refund[name]} for name in ("ouid", "buyer_open_uid"))
            and _within(_instant(refund["modified"]), since, until)
        ]
        return self._paged(asked, "refunds", sorted(found, key=lambda one: str(one["modified"])), dict)

    def _ratings(self, asked: Asked) -> Mapping[str, object]:
        since, until = asked.instant("start_date"), asked.instant("end_date")
        wrong = asked.text("rate_type") != "get" or asked.text("role") != "buyer"
        found = [
            rating
            for trade in ([] if wrong else self.market.trades)
            for rating in ratings_of(trade)
            if self.now - _RATED <= _instant(rating["created"]) <= self.now
            and _within(_instant(rating["created"]), since, until)
        ]
        latest = sorted(found, key=lambda one: (str(one["created"]), str(one["oid"])))[-_MOST_RATINGS:]
        return self._paged(asked, "trade_rates", latest, dict)

    def _members(self, asked: Asked) -> Mapping[str, object]:
        return self._listed_members(asked, nick=True)

    def _private_members(self, asked: Asked) -> Mapping[str, object]:
        return self._listed_members(asked, nick=False)

    def _listed_members(self, asked: Asked, *, nick: bool) -> Mapping[str, object]:
        since, until = asked.instant("start_modify"), asked.instant("end_modify")
        found = [one for one in members_of(self.market.trades) if _within(one.changed_at, since, until)]
        size, page = asked.whole("page_size", 100), asked.whole("current_page", 1)
        rows = sorted(found, key=lambda one: (one.changed_at, one.customer), reverse=True)[(page - 1) * size :][:size]
        return {"total_result": len(found), "members": [one.told(nick=nick) for one in rows]}

    def _time(self, _: Asked) -> Mapping[str, object]:
        return {"time": written(self.now)}

    def _renew(self, asked: Asked) -> Mapping[str, object]:
        if asked.text("refresh_token") != self._refresh:
            raise GatewayError(
                15, "Remote service error", "isv.refresh-token-invalid", "the token was used, or is none"
            )
        number = len(self.secrets)
        session, self._refresh = f"6102made-up-session-{number}", f"6101made-up-refresh-{number}"
        self.gateway.sessions.add(session)
        self.secrets = [*self.secrets, session, self._refresh]
        told = {
            "access_token": session,
            "refresh_token": self._refresh,
            "expires_in": 2_592_000,
            "token_type": "Bearer",
        }
        return {"token_result": json.dumps(told)}

    def _sms(self, asked: Asked) -> Mapping[str, object]:
        given = asked.document("param_send_message_by_o_a_i_d_request")
        order, oaid = str(given["order_id"]), str(given["oaid"])
        if self.market.by_order(order) is None or oaid != oaid_of(order):
            raise _refused("isv.OAID_INVALID", "the OAID is not that of the order")
        if given["sms_free_sign_name"] != self.sign:
            raise _refused("isv.SMS_SIGNATURE_ILLEGAL", "there is no approved signature of this name")
        words = self.templates.get(str(given["template_code"]))
        if words is None:
            raise _refused("isv.SMS_TEMPLATE_ILLEGAL", "there is no approved template of this code")
        filled = cast("Mapping[str, object]", given.get("params") or {})
        if any(not isinstance(one, str) for one in filled.values()):
            raise _refused("isv.INVALID_JSON_PARAM", "a parameter is no text")
        for name, value in filled.items():
            words = words.replace("${" + name + "}", str(value))
        self.take(f"{order}:{oaid}", words)
        return {"module": f"{len(self.taken())}^0", "req_id": f"q{len(self.taken())}"}

    # --- lists ----------------------------------------------------------------------------------------------------

    def _trades(self, asked: Asked) -> Iterable[Trade]:
        kinds = set((asked.text("type") or _DEFAULT).split(","))
        status, uid = asked.text("status"), asked.text("buyer_open_uid") or asked.text("buyer_open_id")
        for trade in self.market.trades:
            asked_for = status is uid is None
            if not asked_for:
                told = self._told(trade, asked)
                asked_for = status in {None, told["status"]} and uid in {None, told["buyer_open_uid"]}
            if asked_for and trade.placed_at >= self.now - _MONTHS and _is_of(trade, kinds):
                yield trade

    def _window(self, asked: Asked, since: str, until: str) -> tuple[dt.datetime, dt.datetime]:
        begin, end = cast("dt.datetime", asked.instant(since)), cast("dt.datetime", asked.instant(until))
        if not begin < end <= begin + _DAY:
            raise _refused("isv.invalid-parameter", "a window is of one day at most")
        return begin, end

    def _paged(
        self, asked: Asked, name: str, rows: Sequence[T], tell: Callable[[T], Mapping[str, object]]
    ) -> Mapping[str, object]:
        """A page, the newest rows first; with `use_has_next` whether there is a next one, else their total."""
        size, page = asked.whole("page_size", 40), asked.whole("page_no", 1)
        found = [tell(one) for one in list(reversed(rows))[(page - 1) * size :][:size]]
        if asked.flag("use_has_next"):
            return {name: found, "has_next": page * size < len(rows)}
        return {name: found, "total_results": len(rows)}

    def _told(self, trade: Trade, asked: Asked) -> Told:
        told = trade_told(trade, self._words.get(trade.number))
        if trade.number in self._spoiled:
            told["payment"] = "12,50"
        if not set(asked.texts("fields")) >= _RECEIVER:
            del told["oaid"]
        return told

    def _bare(self, asked: Asked) -> Callable[[Trade], Told]:
        def tell(trade: Trade) -> Told:
            told = self._told(trade, asked)
            return {name: value for name, value in told.items() if name != "orders" or trade.number % _BARE}

        return tell


def _refused(sub_code: str, said: str) -> GatewayError:
    return GatewayError(50, "Remote service error", sub_code, said)


def _is_of(trade: Trade, kinds: set[str]) -> bool:
    kind = kind_of(trade)
    return kind in kinds or (kind in _ONE_PRICE and "guarantee_trade" in kinds)


def _within(at: dt.datetime, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    """Whether an instant is in a window; its ends are outside, for nobody says that they are not."""
    return (since is None or since < at) and (until is None or at < until)


def _instant(told: object) -> dt.datetime:
    return dt.datetime.strptime(str(told), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
