"""Whom messages have reached, and who wants no more of them: what the gate asks a ledger.

In: customers. Out: frames in physical form.
Invariant: what was told by a receipt counts from the moment it is in the ledger, whatever the facts say yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl
import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.state import bulk
from rulecrm.state.bulk import among
from rulecrm.state.connecting import Transaction
from rulecrm.state.tables import decisions, outbox
from rulecrm.state.unwelcome import Heard, heard_of
from rulecrm.state.waiting import LOST, UNDER_WAY

__all__ = ["Reached"]

_SENT = pl.Schema(
    {"customer": pl.String(), "campaign": pl.String(), "channel": pl.String(), "route": pl.String(), "due": pl.Int64()}
)


@frozen(eq=False)
class Reached:
    """A ledger, as the gate looks at it."""

    transaction: Transaction = field(repr=False)

    def sent(self, customers: Sequence[str], since: int, now: int) -> pl.DataFrame:
        """Messages that these customers were sent after an instant: `customer campaign channel route due`.

        `due` is when a provider took it. What may have been taken, for all that is known, counts as sent now.
        """
        columns = outbox.c
        at = sa.func.coalesce(columns.sent_at, now)
        query = (
            sa.select(columns.customer, decisions.c.campaign, columns.channel, columns.route, at)
            .join_from(outbox, decisions, columns.decision == decisions.c.decision)
            .where(decisions.c.action == "send")
        )
        with self.transaction(write=False) as connection:
            mine = among(connection, columns.customer, customers)
            taken = query.where(mine, columns.sent_at > since)
            # As two questions, for each of which there is an index; asked as one, every decision would be looked at.
            doubtful = query.where(mine, columns.sent_at.is_(None), columns.route.is_not(None))
            going = doubtful.where(columns.state.in_(UNDER_WAY), columns.state == "sending")
            lost = doubtful.where(columns.state.in_(LOST))
            return pl.concat([bulk.fetch(connection, one, _SENT) for one in (taken, going, lost)])

    def unwelcome(self, channel: str, people: Collection[tuple[str, str]]) -> Mapping[str, Heard]:
        """What these people (customer, address) have told of a channel that forbids it; see `heard_of`."""
        with self.transaction(write=False) as connection:
            return heard_of(connection, channel, people)
