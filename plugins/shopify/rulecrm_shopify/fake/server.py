"""The Admin API over a market.

In: requests. Out: what Shopify answers.
Invariant: what it asks of a call is what Shopify's reference asks; nothing in it was made from the source that is
tested against it.

What it checks: the token, the version, the query against the part of the schema that is in `schema.py` (fields,
arguments, sort keys, variables, page sizes), the search, the cost of one query and of all. What it does not: types of
variables, fragments, directives, mutations, other parts of the schema, other filters of the search than `updated_at`
(Shopify warns of those and goes on), bulk operations. Its cursors hold the last row's instant and number, as Shopify's
do; its search never lags behind.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence

from rulecrm.plugin import Row
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market, Trade
from rulecrm_shopify.fake.documents import Teller, customer_of, order_of, people
from rulecrm_shopify.fake.graphql import Selection, SyntaxRefusedError, read
from rulecrm_shopify.fake.schema import QueryRefusedError, checked, cost
from rulecrm_shopify.fake.truth import Truth

__all__ = ["CLIENT", "SECRET", "TOKEN", "ShopifyServer", "shopify_market"]

CLIENT, SECRET, TOKEN = "f6d2b8c4a1", "shpss_made_up_secret", "shpat_made_up_token"
_DEAREST = 1000
_TERM = re.compile(r"updated_at:(>=|<=|>|<)'([^']+)'")
_WHOLE = "(whole)"
_SECOND = dt.timedelta(seconds=1)


def shopify_market(seed: int = 1, customers: int = 20) -> Market:
    """A market whose orders and customers are numbered as Shopify numbers them."""
    clock = FakeClock()
    return Market(clock, seed, "EUR", customers, order_of=order_of, customer_of=customer_of)


class ShopifyServer(PlatformFake):
    """A shop.

    Attributes:
        versions: that the API has; a version that it had once is answered by the oldest of them.
        scopes: of the app.
        redacted: fields that the app may not see.
        consent, personal: whether `truth` tells of a reader who asks for it.
        most, rate: of the bucket of query costs.
        status: of HTTP that every query is answered with; None: the right one.
        throttled: how many queries were turned away.
        lifetime: of access tokens that the client credentials grant gives.
    """

    secrets: Sequence[str] = (SECRET, TOKEN)

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.versions = ["2026-01", "2026-04", "2026-07", "2026-10"]
        self.scopes = ["read_orders", "read_all_orders", "read_customers"]
        self.redacted: set[str] = set()
        self.consent = self.personal = False
        self.most, self.rate = 2000.0, 100.0
        self.lifetime = dt.timedelta(hours=24)
        self.status: int | None = None
        self.throttled = 0
        self._available, self._filled = self.most, self.now
        self._teller = Teller(market.currency)
        self._refused: dict[str, dt.datetime] = {}
        self._tokens: dict[str, dt.datetime] = {}
        self._given = 0

    # --- how tests steer it ---------------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, object]:
        """An account here, by the client credentials grant."""
        return {
            "use": "shopify", "shop": "made-up-shop", "url": self.url, "client_id": CLIENT,
            "client_secret": "env:RULECRM_FAKE_SHOPIFY_SECRET",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """Its secrets, and an access token that does not run out, for the setting `access_token`."""
        return {"RULECRM_FAKE_SHOPIFY_SECRET": SECRET, "RULECRM_FAKE_SHOPIFY_TOKEN": TOKEN}

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        told = Truth(self.market.currency, self.skew, self._teller.strange, self.consent, self.personal)
        return {
            "orders": [told.order(trade) for trade in self.market.trades],
            "items": [item for trade in self.market.trades for item in told.items(trade)],
            "customers": [told.customer(one) for one in people(self.market.trades, self._refused)],
        }

    def strange(self) -> str:
        """Give one order a financial state that there is not; the word is that of its whole status."""
        trade = self.market.trades[3]
        self._teller.strange[trade.order] = "PAWNED"
        return f"PAWNED, {'FULFILLED' if trade.shipped_at else 'UNFULFILLED'}"

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self._teller.spoilt.add(self.market.trades[2].order)

    def expire(self) -> None:
        """Let all access tokens run out that the grant gave."""
        self._tokens = dict.fromkeys(self._tokens, self.now - _SECOND)

    def unsubscribe(self, customer: str) -> None:
        """Let a customer take back what they agreed to, now."""
        self._refused[customer] = self.market.clock.now().replace(microsecond=0)

    # --- what it answers ------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What Shopify says to a request."""
        if call.path == "/admin/oauth/access_token":
            return self._grant(call)
        parts = re.fullmatch(r"/admin/api/([^/]+)/graphql\.json", call.path)
        if call.method != "POST" or parts is None:
            return as_json({"errors": "Not Found"}, 404)
        version = self._version(parts.group(1))
        if version is None:
            return as_json({"errors": "Not Found"}, 404)
        if call.fault is Fault.BROKEN:
            return as_json({"errors": "Internal Server Error"}, 500)
        token = call.headers.get("x-shopify-access-token", "")
        if call.fault is Fault.CREDENTIALS or not self._good(token):
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return as_json({"errors": said}, 401)
        if self.status is not None:
            more = {"Retry_After": "2.0"} if self.status == 429 else {}
            return as_json({"errors": "made up"}, self.status, **more)
        return as_json(self._query(call), X_Shopify_API_Version=version)

    def _version(self, asked: str) -> str | None:
        if asked in self.versions or asked == "unstable":
            return asked
        return self.versions[0] if re.fullmatch(r"\d{4}-\d{2}", asked) and asked < self.versions[0] else None

    def _grant(self, call: Call) -> Reply:
        form = call.form()
        if form.get("grant_type") != "client_credentials":
            return as_json({"error": "unsupported_grant_type"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return as_json({"error": "invalid_client"}, 400)
        self._given += 1
        token = f"shpat_granted_{self._given}"
        self._tokens[token] = self.now + self.lifetime
        self.secrets = (*self.secrets, token)
        seconds = int(self.lifetime.total_seconds()) - 1
        return as_json({"access_token": token, "scope": ",".join(self.scopes), "expires_in": seconds})

    def _good(self, token: str) -> bool:
        return token == TOKEN or self._tokens.get(token, self.now - _SECOND) > self.now

    def _query(self, call: Call) -> Mapping[str, object]:
        told = call.json()
        if not isinstance(told, dict) or not isinstance(told.get("query"), str):
            return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}
        given = told.get("variables") or {}
        try:
            asked = checked(read(told["query"]), given)
        except SyntaxRefusedError as error:
            return {"errors": [{"message": str(error)}]}
        except QueryRefusedError as error:
            return {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
        price = cost(asked)
        if price > _DEAREST:
            message = f"Query cost is {price}, which exceeds the single query max cost limit ({_DEAREST})."
            return {"errors": [{"message": message, "extensions": {"code": "MAX_COST_EXCEEDED", "cost": price}}]}
        self._fill()
        if call.fault is Fault.THROTTLED or price > self._available:
            self._available = min(self._available, price / 2)
            self.throttled += 1
            throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [throttled], "extensions": self._cost(price, None)}
        self._available -= price / 2  # the rest is given back: what comes is less than what was reckoned with
        return self._answered(asked) | {"extensions": self._cost(price, price // 2)}

    def _fill(self) -> None:
        passed = max((self.now - self._filled).total_seconds(), 0.0)
        self._available = min(self._available + passed * self.rate, self.most)
        self._filled = self.now

    def _cost(self, asked: int, actual: int | None) -> Mapping[str, object]:
        state = {
            "maximumAvailable": self.most, "currentlyAvailable": int(self._available), "restoreRate": self.rate
        }  # fmt: skip
        return {"cost": {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": state}}

    def _answered(self, asked: Sequence[Selection]) -> dict[str, object]:
        errors: list[dict[str, object]] = []
        data = {one.alias: self._root(one, errors) for one in asked}
        return {"data": data, "errors": errors} if errors else {"data": data}

    def _root(self, asked: Selection, errors: list[dict[str, object]]) -> object:
        teller, trades = self._teller, self.market.trades
        teller.skew = self.skew
        path = [asked.alias]
        if asked.name == "currentAppInstallation":
            scopes = [{"handle": one} for one in self.scopes]
            return self._shown({"accessScopes": scopes}, asked, path, errors)
        if asked.name in {"order", "customer"}:
            wanted = str(asked.arguments["id"])
            nodes = [teller.order(one) for one in trades] if asked.name == "order" else self._customers()
            found = next((one for one in nodes if one["id"] == wanted), None)
            return None if found is None else self._shown(found, asked, path, errors)
        if asked.name == "orders":
            if "read_orders" not in self.scopes:
                return _denied(path, errors)
            found_orders = self._shown({"orders": self._orders()}, Selection("", "", inside=[asked]), [], errors)
            self.stir()
            return found_orders["orders"]
        if "read_customers" not in self.scopes:
            return _denied(path, errors)
        found_people = self._shown({"customers": self._customers()}, Selection("", "", inside=[asked]), [], errors)
        return found_people["customers"]

    def _orders(self) -> list[dict[str, object]]:
        """Those that the app may see: of the last 60 days, unless it has the scope for all."""
        begin = self.now - dt.timedelta(days=60)

        def seen(trade: Trade) -> bool:
            return "read_all_orders" in self.scopes or trade.placed_at + self.skew >= begin

        trades = sorted(filter(seen, self.market.trades), key=lambda one: (one.changed_at, one.number))
        # Whole nodes are made only of what a page shows.
        return [
            {"id": f"gid://shopify/Order/{one.order}", "updatedAt": self._teller.at(one.changed_at), _WHOLE: one}
            for one in trades
        ]

    def _whole(self, node: Mapping[str, object]) -> Mapping[str, object]:
        trade = node.get(_WHOLE)
        return self._teller.order(trade) if isinstance(trade, Trade) else node

    def _customers(self) -> list[dict[str, object]]:
        return [self._teller.customer(one) for one in people(self.market.trades, self._refused)]

    def _shown(
        self, node: Mapping[str, object], asked: Selection, path: Sequence[str | int], errors: list[dict[str, object]]
    ) -> dict[str, object]:
        """The fields of a node that were asked for."""
        found: dict[str, object] = {}
        for one in asked.inside:
            value, here = node.get(one.name), [*path, one.alias]
            if one.name in self.redacted:
                found[one.alias] = _denied(here, errors)
            elif isinstance(value, list) and (one.arguments.get("first") or one.arguments.get("last")) and one.inside:
                found[one.alias] = self._connection(value, one, here, errors)
            elif isinstance(value, list) and one.inside:
                found[one.alias] = [self._shown(each, one, [*here, at], errors) for at, each in enumerate(value)]
            elif isinstance(value, dict):
                found[one.alias] = self._shown(value, one, here, errors)
            else:
                found[one.alias] = value
        return found

    def _connection(
        self, nodes: Sequence[Mapping[str, object]], asked: Selection, path: list[str | int],
        errors: list[dict[str, object]],
    ) -> dict[str, object]:  # fmt: skip
        """A page of nodes, after the row that `after` names, wherever that row is by now."""
        rows = [one for one in nodes if _fits(one, asked.arguments.get("query"))]
        after, size = asked.arguments.get("after"), asked.arguments.get("first")
        assert isinstance(size, int), "only pages forward are played"
        if isinstance(after, str):
            rows = _behind(rows, after)
        page = [self._whole(one) for one in rows[:size]]
        told: dict[str, object] = {
            "nodes": page, "edges": [{"node": one, "cursor": _cursor(one)} for one in page],
            "pageInfo": {
                "hasNextPage": len(rows) > size, "hasPreviousPage": after is not None,
                "startCursor": _cursor(page[0]) if page else None, "endCursor": _cursor(page[-1]) if page else None,
            },
        }  # fmt: skip
        return self._shown(told, asked, path, errors)


def _denied(path: Sequence[str | int], errors: list[dict[str, object]]) -> object:
    """What is there of a field that the app may not see: nothing, and an error that names it."""
    message = f"Access denied for {path[-1]} field."
    errors.append({"message": message, "path": list(path), "extensions": {"code": "ACCESS_DENIED"}})
    return None


def _cursor(node: Mapping[str, object]) -> str:
    told = json.dumps({"last_id": node["id"], "last_value": node.get("updatedAt")})
    return base64.urlsafe_b64encode(told.encode()).decode()


def _behind(rows: Sequence[Mapping[str, object]], after: str) -> list[Mapping[str, object]]:
    """The rows behind a cursor: later ones, and those of its own instant that stand behind its row."""
    last = json.loads(base64.urlsafe_b64decode(after))
    if last["last_value"] is None:
        at = next((place for place, one in enumerate(rows) if one["id"] == last["last_id"]), -1)
        return list(rows[at + 1 :])
    key = (last["last_value"], int(last["last_id"].rpartition("/")[2]))
    return [one for one in rows if (one["updatedAt"], int(str(one["id"]).rpartition("/")[2])) > key]


def _fits(node: Mapping[str, object], query: object) -> bool:
    """Whether a node is what a search asks for; an instant without an offset would be the shop's own zone."""
    if not isinstance(query, str) or not query:
        return True
    for term in re.split(r"\s+(?:AND\s+)?", query):
        match = _TERM.fullmatch(term)
        assert match is not None, f"the fake knows no search such as {term!r}"
        assert dt.datetime.fromisoformat(match.group(2)).tzinfo is not None, "a search names its zone"
        updated = dt.datetime.fromisoformat(str(node["updatedAt"]))
        bound = dt.datetime.fromisoformat(match.group(2))
        if not {">=": updated >= bound, "<=": updated <= bound, ">": updated > bound, "<": updated < bound}[
            match.group(1)
        ]:
            return False
    return True
