"""The server: tokens, rates, parameters, then the operation.

In: a request. Out: what Amazon would answer.
Invariant: every call is counted against its operation's token bucket by Amazon's clock, and told its rate.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import evolve

from rulecrm.plugin import Row
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market, Trade
from rulecrm_amazon.fake.documents import Teller, order_id
from rulecrm_amazon.fake.operations import Operation, find
from rulecrm_amazon.fake.orders import V0, V2026, Shelf
from rulecrm_amazon.fake.outreach import Desk as Outreach
from rulecrm_amazon.fake.reports import Archive
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET, Desk, error
from rulecrm_amazon.fake.truth import Truth

__all__ = ["AmazonServer", "amazon_market"]


def amazon_market(clock: FakeClock, seed: int = 1) -> Market:
    """A market whose orders and buyers are named as Amazon names them, and which sells for euros."""
    return Market(clock, seed, "EUR", order_of=order_id, customer_of=lambda number: f"{number * 977:x}kz{number:04d}")


class AmazonServer(PlatformFake):
    """Amazon's Selling Partner API and Login with Amazon, on loopback.

    Attributes:
        rates: usage plans that replace those of the models, by operation: calls a second.
        shelf: the pages of orders.
        archive: the reports.
        outreach: what may be sent about orders.
        posts_alone: whether faults meet calls that send alone, which is what tests of channels rely on.
        speaks: the version of the Orders API that the reader is set up for, by which `truth` is told; both are served.
        without_roles: data sets that the application has no role for, which are left out.
    """

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.rates: dict[str, float] = {}
        self.shelf = Shelf(market)
        self.archive = Archive(market)
        self.outreach = Outreach(self.take)
        self.without_roles: set[str] = set()
        self.posts_alone = False
        self.speaks = "2026-01-01"
        self._desk = Desk()
        self._buckets: dict[str, tuple[float, dt.datetime]] = {}
        self._strange: dict[str, str] = {}
        self._spoilt: set[str] = set()

    @property
    def secrets(self) -> Sequence[str]:  # type: ignore[override]
        """What must never be seen in a repr or a log."""
        return self._desk.shown

    # --- what tests steer -----------------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of an account here."""
        return {
            "use": "amazon", "client_id": CLIENT, "client_secret": "env:RULECRM_FAKE_AMAZON_SECRET",
            "refresh_token": "env:RULECRM_FAKE_AMAZON_REFRESH", "marketplaces": ["DE"], "url": self.url,
            "auth_url": self.url, "since": f"{self.market.clock.now():%Y-%m-%d}", "estimate": True,
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """What those settings refer to."""
        return {"RULECRM_FAKE_AMAZON_SECRET": SECRET, "RULECRM_FAKE_AMAZON_REFRESH": REFRESH}

    def expire(self) -> None:
        """Let access tokens run out."""
        self._desk.expire()

    def sends(self, call: Call) -> bool:
        """Whether a request meets with the faults that were asked for."""
        return super().sends(call) and (call.method == "POST" or not self.posts_alone)

    def strange(self) -> str:
        """Give one order a state that no model names."""
        word = "AWAITING_DRONE"
        self._strange[self._priced().order] = word
        return word

    def spoil(self) -> None:
        """Let the total of one order be no number."""
        self._spoilt.add(self._priced().order)

    def _priced(self) -> Trade:
        return next(one for one in self.market.trades if one.paid_at is not None)

    # --- what is true ---------------------------------------------------------------------------------------------

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """The rows that a reader who has read everything has."""
        buyers = "BUYER" not in self.without_roles
        return Truth(self.skew, self._strange, buyers=buyers, v0=self.speaks == "v0").rows(self.market.trades)

    # --- what is answered -----------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What Amazon says to a request."""
        if call.path == "/auth/o2/token":
            return self._desk.give(call.form(), self.now)
        if call.path.startswith("/documents/"):
            key = call.path.rpartition("/")[2]
            return self.archive.file(key, call.query.get("X-Amz-Signature", ""), self.now, self.skew)
        found = find(call.method, call.path)
        if found is None:
            return error(404, "NotFound", "The requested resource doesn't exist.")
        operation, values = found
        reply = self._checked(operation, call) or self._answered(operation, values, call)
        rate = self.rates.get(operation.name, operation.rate)
        return evolve(reply, headers={**reply.headers, "x-amzn-RateLimit-Limit": str(rate)})

    def _checked(self, operation: Operation, call: Call) -> Reply | None:
        if call.fault is Fault.BROKEN:
            return error(500, "InternalFailure", "We encountered an internal error. Please try again.")
        if call.fault is Fault.CREDENTIALS:
            return self._desk.refuses("revoked", self.now)
        refused = self._desk.refuses(call.headers.get("x-amz-access-token", ""), self.now)
        if refused is not None:
            return refused
        if call.fault is Fault.THROTTLED or not self._turn(operation):
            return error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
        wrong = operation.wrong(call.query)
        return None if wrong is None else error(400, "InvalidInput", wrong)

    def _turn(self, operation: Operation) -> bool:
        """Take a token from the operation's bucket."""
        now, rate = self.now, self.rates.get(operation.name, operation.rate)
        left, at = self._buckets.get(operation.name, (float(operation.burst), now))
        left = min(left + max((now - at).total_seconds(), 0) * rate, float(operation.burst))
        # A millionth is forgiven, for who waits exactly as long as told may come a rounding too early.
        taken = left > 1 - 1e-6
        self._buckets[operation.name] = (left - 1 if taken else left, now)
        return taken

    def _answered(self, operation: Operation, values: tuple[str, ...], call: Call) -> Reply:
        match operation.name:
            case "searchOrders":
                return self._search(call.query)
            case "getOrder":
                return self._one(values[0], call.query)
            case "getOrders":
                return self._get(call)
            case "getOrderItems":
                return self._items(values[0])
            case "createRestrictedDataToken":
                return self._restrict(call)
            case "getMessagingActionsForOrder" | "getSolicitationActionsForOrder":
                api = call.path.split("/")[1]
                return self.outreach.actions(api, self.market.by_order(values[0]), call.query, self.now)
            case "createProductReviewAndSellerFeedbackSolicitation":
                return self.outreach.solicit(self.market.by_order(values[0]), call.query, self.now)
            case kind if call.path.startswith("/messaging/"):
                return self.outreach.message(kind, self.market.by_order(values[0]), call, self.now)
            case "createReport":
                return self.archive.create(call.json(), self.now)
            case "getReport":
                return self.archive.state(values[0], self.now, self.skew)
            case "getReportDocument":
                return self.archive.document(values[0], self.url, self.now)
        return error(404, "NotFound", "The requested resource doesn't exist.")

    def _teller(self) -> Teller:
        return Teller(self.market.currency, self.skew, self._strange, self._spoilt)

    def _included(self, query: Mapping[str, str]) -> set[str]:
        return set(query.get("includedData", "").split(",")) - self.without_roles

    def _search(self, query: Mapping[str, str]) -> Reply:
        teller, included = self._teller(), self._included(query)

        def shown(trades: Sequence[Trade], token: str | None, end: str | None) -> Mapping[str, object]:
            told: dict[str, object] = {"orders": [teller.order(one, included) for one in trades]}
            if token is not None:
                told["pagination"] = {"nextToken": token}
            if end is not None:
                told["lastUpdatedBefore" if "lastUpdatedAfter" in query else "createdBefore"] = end
            return told

        reply = self.shelf.page(query, V2026, self.now, teller, shown)
        self.stir()
        return reply

    def _one(self, order: str, query: Mapping[str, str]) -> Reply:
        trade = self.market.by_order(order)
        if trade is None:
            return error(404, "NotFound", "The requested order doesn't exist.")
        return as_json({"order": self._teller().order(trade, self._included(query))})

    def _get(self, call: Call) -> Reply:
        teller = self._teller()
        personal = self._desk.is_restricted(call.headers["x-amz-access-token"])

        def shown(trades: Sequence[Trade], token: str | None, end: str | None) -> Mapping[str, object]:
            payload: dict[str, object] = {"Orders": [teller.order_v0(one, personal=personal) for one in trades]}
            if token is not None:
                payload["NextToken"] = token
            if end is not None:
                payload["LastUpdatedBefore" if "LastUpdatedAfter" in call.query else "CreatedBefore"] = end
            return {"payload": payload}

        reply = self.shelf.page(call.query, V0, self.now, teller, shown)
        self.stir()
        return reply

    def _items(self, order: str) -> Reply:
        trade = self.market.by_order(order)
        if trade is None:
            return error(404, "NotFound", "The requested order doesn't exist.")
        items = self._teller().items_v0(trade)
        return as_json({"payload": {"AmazonOrderId": order, "OrderItems": items}})

    def _restrict(self, call: Call) -> Reply:
        told = call.json()
        wanted = told.get("restrictedResources") if isinstance(told, dict) else None
        known = ({"method", "path", "dataElements"}, {"buyerInfo", "shippingAddress", "buyerTaxInformation"})
        good = isinstance(wanted, list) and 1 <= len(wanted) <= 50 and all(
            isinstance(one, dict) and set(one) <= known[0] and {"method", "path"} <= set(one)
            and set(one.get("dataElements", ())) <= known[1] for one in wanted
        )  # fmt: skip
        if not good:
            return error(400, "InvalidInput", "Invalid restrictedResources.")
        return self._desk.restrict(self.now)
