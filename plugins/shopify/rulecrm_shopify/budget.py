"""What queries may cost.

In: `extensions.cost` of answers. Out: how long to wait.
Invariant: nothing of Shopify's limits is known but what its last answer told; a query waits until what it cost the last
time is there again.

Shopify takes the cost that it reckons beforehand out of a bucket that fills at `restoreRate` points a second, and gives
back what the answer did not cost (shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rulecrm.plugin.fields import Json, inner

__all__ = ["Budget"]

_UNTOLD = 1.0
"""Seconds to wait where a throttled answer does not tell its bucket."""


class Budget:
    """The bucket of an app in a shop, as far as it was told."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self._available: float | None = None
        self._rate = self._most = 0.0
        self._at = now()
        self._costs: dict[str, float] = {}

    def told(self, query: str, extensions: object) -> None:
        """Take over what an answer tells.

        Args:
            query: its name; queries of one name cost about the same.
            extensions: of the answer.
        """
        cost = inner(inner(extensions).get("cost"))
        state = inner(cost.get("throttleStatus"))
        available, rate, most = (
            _number(state, name) for name in ("currentlyAvailable", "restoreRate", "maximumAvailable")
        )
        if available is not None and rate is not None and rate > 0:
            self._available, self._rate, self._most, self._at = available, rate, most or available, self._now()
        asked = _number(cost, "requestedQueryCost")
        if asked is not None:
            self._costs[query] = asked

    def wait(self, query: str) -> float:
        """Seconds until a query may be made."""
        if self._available is None:
            return 0.0
        passed = max((self._now() - self._at).total_seconds(), 0.0)
        there = min(self._available + passed * self._rate, self._most)
        return max(min(self._costs.get(query, 0.0), self._most) - there, 0.0) / self._rate

    def throttled(self, query: str) -> float:
        """Seconds to wait after a query was throttled."""
        return self.wait(query) or _UNTOLD

    def too_dear(self, query: str) -> bool:
        """Whether a query costs more than there can ever be."""
        return self._available is not None and self._costs.get(query, 0.0) > self._most


def _number(told: Json | Mapping[str, object], name: str) -> float | None:
    found = told.get(name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
