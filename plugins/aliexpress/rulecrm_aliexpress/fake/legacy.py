"""The legacy gateway over a market.

In: calls of the two methods, and of `/token`. Out: their answers.
Invariant: that of `rulecrm.testing.gateways`; a refresh token is good for one renewal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rulecrm.plugin.platforms import Row
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.gateways import Argument, Asked, GatewayError, Method, RouterGateway
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market
from rulecrm_aliexpress.fake.orders import IllegalError, Orders

__all__ = ["LegacyServer"]

_ELEMENTS = MappingProxyType(
    {"target_list": "order_dto", "product_list": "order_product_dto",
     "child_order_list": "global_aeop_tp_child_order_dto",
     "logistic_info_list": "global_aeop_tp_logistic_info_dto"}
)  # fmt: skip
_YEAR = dt.timedelta(days=365)


class LegacyServer(PlatformFake):
    """The legacy gateway, and where its tokens are renewed."""

    app_key = "12345678"
    app_secret = "secret-of-the-app"  # noqa: S105 - it opens nothing

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.orders = Orders(market, bare=True)  # the gateway itself wraps lists
        self.access_token, self.refresh_token = "session-0-of-the-shop", "refresh-0-of-the-shop"
        self._given = [self.access_token, self.refresh_token]
        self.gateway = RouterGateway(
            [self._method("order.get", "param0", self.orders.order_list),
             self._method("order.info.get", "param1", self.orders.order_info)],
            self.app_key, self.app_secret, lambda: self.now, {self.access_token}, elements=_ELEMENTS,
        )  # fmt: skip

    @property
    def secrets(self) -> Sequence[str]:  # type: ignore[override]
        """What must never be seen: the app's secret, and all tokens there have been."""
        return (self.app_secret, *self._given)

    def settings(self) -> Mapping[str, object]:
        """An account here."""
        return {
            "use": "aliexpress", "gateway": "legacy", "url": self.url, "auth_url": self.url, "app_key": self.app_key,
            "app_secret": "env:RULECRM_FAKE_ALIEXPRESS_SECRET", "access_token": "env:RULECRM_FAKE_ALIEXPRESS_TOKEN",
            "refresh_token": "env:RULECRM_FAKE_ALIEXPRESS_REFRESH", "since": f"{self.market.clock.now():%Y-%m-%d}",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """Its secrets."""
        return {
            "RULECRM_FAKE_ALIEXPRESS_SECRET": self.app_secret, "RULECRM_FAKE_ALIEXPRESS_TOKEN": self.access_token,
            "RULECRM_FAKE_ALIEXPRESS_REFRESH": self.refresh_token,
        }  # fmt: skip

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        return self.orders.truth()

    def strange(self) -> str:
        """Give one order a state that there is not."""
        return self.orders.strange()

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self.orders.spoil()

    def expire(self) -> None:
        """Let every session run out."""
        self.gateway.sessions.clear()

    def answer(self, call: Call) -> Reply:
        """What it says to a request."""
        if call.path == "/token":
            return self._renew(call.form())
        reply = self.gateway.answer(call)
        self.stir()
        return reply

    def _renew(self, given: Mapping[str, str]) -> Reply:
        wanted = {"grant_type": "refresh_token", "client_id": self.app_key, "client_secret": self.app_secret}
        if any(given.get(name) != value for name, value in wanted.items()):
            return as_json({"error": "invalid_client", "error_description": "the client is not known"}, 400)
        if given.get("refresh_token") != self._given[-1]:
            return as_json({"error": "invalid_grant", "error_description": "refresh token is invalid"}, 400)
        number = len(self._given) // 2
        access, refresh = f"session-{number}-of-the-shop", f"refresh-{number}-of-the-shop"
        self._given += [access, refresh]
        self.gateway.sessions.add(access)
        lives = int(_YEAR.total_seconds())
        return as_json({"access_token": access, "refresh_token": refresh, "expires_in": lives, "sp": "ae"})

    def _method(
        self, name: str, parameter: str, call: Callable[[Mapping[str, object]], Mapping[str, object]]
    ) -> Method:
        def answer(asked: Asked) -> Mapping[str, object]:
            try:
                return {"result": call(asked.document(parameter))}
            except IllegalError as error:
                raise GatewayError(41, f"Invalid arguments:{error}", "isv.invalid-parameter") from None

        return Method(f"aliexpress.solution.{name}", answer, (Argument(parameter, "document"),))
