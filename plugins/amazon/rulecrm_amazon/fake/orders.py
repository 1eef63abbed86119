"""The Orders API, as the fake has it.

In: a checked query. Out: a page.
Invariant: a page goes on behind the last order of the one before, in the order of the last change, up to the end that
the first page told; its token is good for 24 hours, for the same question alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from rulecrm.testing.http import Reply, as_json
from rulecrm.testing.markets import Market, Trade
from rulecrm_amazon.fake.documents import MARKETPLACE, Teller
from rulecrm_amazon.fake.operations import instant_of
from rulecrm_amazon.fake.tokens import error

__all__ = ["V0", "V2026", "Names", "Shelf"]

_DAY = dt.timedelta(hours=24)
_LAG = dt.timedelta(minutes=2)


@frozen
class Names:
    """What one version calls its parameters."""

    after: str
    before: str
    created_after: str
    created_before: str
    size: str
    token: str
    marketplaces: str


V2026 = Names("lastUpdatedAfter", "lastUpdatedBefore", "createdAfter", "createdBefore", "maxResultsPerPage",
              "paginationToken", "marketplaceIds")  # fmt: skip
V0 = Names("LastUpdatedAfter", "LastUpdatedBefore", "CreatedAfter", "CreatedBefore", "MaxResultsPerPage", "NextToken",
           "MarketplaceIds")  # fmt: skip


@frozen
class _Bookmark:
    given: dt.datetime
    query: Mapping[str, str]
    end: dt.datetime
    last: tuple[dt.datetime, int]


class Shelf:
    """Pages of the market's trades.

    Attributes:
        tells: whether answers tell up to when they go, as the models say they do.
        retells: whether later pages tell of the present, though they go on with the first page's window; no source says
            that they do not.
    """

    def __init__(self, market: Market) -> None:
        self.tells = True
        self.retells = False
        self._market = market
        self._marks: dict[str, _Bookmark] = {}

    def page(
        self, query: Mapping[str, str], names: Names, now: dt.datetime, teller: Teller,
        shown: Callable[[Sequence[Trade], str | None, str | None], Mapping[str, object]],
    ) -> Reply:  # fmt: skip
        """A page of what a query asks for.

        Args:
            query: checked one by one, not yet together.
            names: of its parameters.
            now: by Amazon's clock.
            teller: tells of trades.
            shown: makes the answer of orders, the token of the next page, and the end of the window.
        """
        wrong = _wrong(query, names, now)
        if wrong is not None:
            return error(400, "InvalidInput", wrong)
        by_change = names.after in query
        since = instant_of(query[names.after if by_change else names.created_after])
        end = instant_of(query.get(names.before if by_change else names.created_before, "")) or now - _LAG
        last: tuple[dt.datetime, int] | None = None
        token = query.get(names.token)
        if token is not None:
            mark = self._marks.get(token)
            asked = {name: value for name, value in query.items() if name != names.token}
            if mark is None or now - mark.given >= _DAY or mark.query != asked:
                return error(400, "InvalidInput", f"{names.token} is invalid or has expired.")
            end, last = mark.end, mark.last

        def key(trade: Trade) -> tuple[dt.datetime, int]:
            at = trade.changed_at if by_change else trade.placed_at
            return at + teller.skew, trade.number

        marketplaces = query.get(names.marketplaces, MARKETPLACE).split(",")
        found = [one for one in self._market.trades if since is None or since <= key(one)[0] <= end]
        found = sorted((one for one in found if last is None or key(one) > last), key=key)
        if MARKETPLACE not in marketplaces:
            found = []
        size = int(query.get(names.size, "100"))
        more = None
        if len(found) > size:
            more = f"page-{len(self._marks) + 1}-of-a-long-list="
            asked = {name: value for name, value in query.items() if name != names.token}
            self._marks[more] = _Bookmark(now, asked, end, key(found[size - 1]))
        end = now - _LAG if self.retells and last is not None else end
        told = end.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.tells else None
        return as_json(shown(found[:size], more, told))


def _wrong(query: Mapping[str, str], names: Names, now: dt.datetime) -> str | None:
    """What parameters may not be together."""
    if (names.after in query) == (names.created_after in query):
        return f"exactly one of {names.created_after} and {names.after} must be specified."
    other = (names.created_after, names.created_before) if names.after in query else (names.after, names.before)
    if set(other) & set(query):
        return f"{names.after}, {names.before} cannot be specified with {names.created_after}, {names.created_before}."
    for begin, end in ((names.after, names.before), (names.created_after, names.created_before)):
        since, before = instant_of(query.get(begin, "")), instant_of(query.get(end, ""))
        if before is not None and before > now - _LAG:
            return f"{end} must be no later than two minutes before now."
        if since is not None and before is not None and before < since:
            return f"{end} must be after {begin}."
        if since is not None and since > now:
            return f"{begin} is in the future."
    return None
