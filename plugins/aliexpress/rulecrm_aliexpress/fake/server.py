"""The Open Platform's gateway over a market.

In: calls of the two methods, and of the API that renews tokens. Out: their answers.
Invariant: that of `rulecrm.testing.paths`; the access token is taken as `session`, as the platform's own client sends
it, or as `access_token`, as its documentation says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from rulecrm.plugin.platforms import Row
from rulecrm.testing.markets import Market
from rulecrm.testing.paths import PathApi, PathRefusalError, PathServer
from rulecrm_aliexpress.fake.orders import IllegalError, Orders

__all__ = ["AliExpressServer"]

Call = Callable[[Mapping[str, object]], Mapping[str, object]]


class AliExpressServer(PathServer):
    """The Open Platform."""

    session_names = frozenset({"session", "access_token"})
    refresh_api = "/auth/token/security/refresh"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.orders = Orders(market)

    def apis(self) -> Mapping[str, PathApi]:
        """The two methods; both of their parameters are optional by the model, and nothing comes without them."""
        return {
            "aliexpress.solution.order.get": self._api("order_get", "param0", self.orders.order_list),
            "aliexpress.solution.order.info.get": self._api("order_info_get", "param1", self.orders.order_info),
        }

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of an account here."""
        return {
            "use": "aliexpress", "app_key": self.app_key, "app_secret": "env:RULECRM_FAKE_ALIEXPRESS_SECRET",
            "access_token": "env:RULECRM_FAKE_ALIEXPRESS_TOKEN",
            "refresh_token": "env:RULECRM_FAKE_ALIEXPRESS_REFRESH", "url": self.url,
            "since": f"{self.market.clock.now():%Y-%m-%d}",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """What those settings refer to."""
        return {
            "RULECRM_FAKE_ALIEXPRESS_SECRET": self.app_secret,
            "RULECRM_FAKE_ALIEXPRESS_TOKEN": self.access_token,
            "RULECRM_FAKE_ALIEXPRESS_REFRESH": self.refresh_token,
        }

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        return self.orders.truth()

    def strange(self) -> str:
        """Give one order a state that there is not."""
        return self.orders.strange()

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self.orders.spoil()

    def _api(self, name: str, parameter: str, call: Call) -> PathApi:
        def answer(given: Mapping[str, str]) -> Mapping[str, object]:
            try:
                query = json.loads(given.get(parameter, "{}"))
                result = call(query if isinstance(query, dict) else {})
            except (ValueError, IllegalError) as error:
                raise PathRefusalError("InvalidParameter", f"The input parameter {error} is not valid") from None
            return {f"aliexpress_solution_{name}_response": {"result": result}}

        return PathApi(answer, optional=frozenset({parameter}))
