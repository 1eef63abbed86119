"""What the effect of a campaign is measured by: who was assigned to which arm, what was decided, sent, heard and paid.

In: a connection in a transaction, a campaign. Out: three frames.
Invariant: nothing is left out but what is of customers who were erased, whom no fact can be matched with any more.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa
from attrs import frozen

from rulecrm.model.decisions import Field, ids_of
from rulecrm.model.sending import Received
from rulecrm.model.types import INSTANT, INT, TEXT
from rulecrm.state import bulk, tables

__all__ = ["ASSIGNED", "CHARGED", "MESSAGED", "Measured", "measured"]

ASSIGNED = (
    Field("customer", TEXT, "key of the customer"),
    Field("arm", TEXT, "`treated`, `control` or `holdout`"),
    Field("entered", INSTANT, "instant of entry"),
    Field("turn", INT, "as in `JOURNEYS`"),
    Field("version", TEXT, "version of the campaign it was entered with"),
    Field("carried", TEXT, "JSON: fields of the entering row"),
)

MESSAGED = (
    Field("decision", TEXT, "id of the decision"),
    Field("customer", TEXT, "key of the customer"),
    Field("wave", INT, "which of the campaign's sends it is, from 1"),
    Field("round", TEXT, "rounds of the loops around it; empty outside loops"),
    Field("at", INSTANT, "the instant of the step"),
    Field("channel", TEXT, "that it went by, or was to go by"),
    Field("outcome", TEXT, "as the ledger has it now"),
    Field("sent_at", INSTANT, "when a provider took it", nullable=True),
    Field("delivered", INSTANT, "when that was first told of it", nullable=True),
    Field("opened", INSTANT, "likewise", nullable=True),
    Field("clicked", INSTANT, "likewise", nullable=True),
    Field("replied", INSTANT, "likewise", nullable=True),
    Field("unsubscribed", INSTANT, "likewise", nullable=True),
    Field("complained", INSTANT, "likewise", nullable=True),
)

CHARGED = (
    Field("decision", TEXT, "id of the decision"),
    Field("channel", TEXT, "that the message was handed to"),
    Field("begun", INSTANT, "when it was handed over"),
    Field("price", TEXT, "exact, as text"),
    Field("currency", TEXT, "of the price"),
)

_HEARD = (
    Received.DELIVERED, Received.OPENED, Received.CLICKED, Received.REPLIED, Received.UNSUBSCRIBED, Received.COMPLAINED
)  # fmt: skip


@frozen(eq=False)
class Measured:
    """What a ledger holds of one campaign.

    Attributes:
        assigned: every journey, the columns of `ASSIGNED`.
        messaged: every decision about a message to a customer, the columns of `MESSAGED`.
        charged: every attempt that has a price, the columns of `CHARGED`.
        erased: how many journeys are left out, because their customers were erased.
    """

    assigned: pl.DataFrame
    messaged: pl.DataFrame
    charged: pl.DataFrame
    erased: int


def measured(connection: sa.Connection, campaign: str) -> Measured:
    """What is known of one campaign, as of one moment."""
    first, end = ids_of(campaign)
    journeys, decided, held = tables.journeys.c, tables.decisions.c, tables.outbox.c
    mine = (journeys.journey >= first, journeys.journey < end, journeys.campaign == campaign)
    assigned = sa.select(*(journeys[field.name] for field in ASSIGNED)).where(*mine, journeys.erased == 0)
    gone = connection.execute(sa.select(sa.func.count()).where(*mine, journeys.erased != 0)).scalar_one()

    own: tuple[sa.ColumnElement[bool], ...] = (
        decided.decision >= first, decided.decision < end, decided.campaign == campaign, decided.action == "send",
        decided.erased == 0,
    )  # fmt: skip
    heard = _heard(own)
    channel = sa.func.coalesce(held.channel, decided.channel)
    known = (decided.decision, decided.customer, decided.wave, decided.round, decided.at, channel, decided.outcome)
    messaged = (
        sa.select(*known, held.sent_at, *(heard.c[what.value] for what in _HEARD))
        .select_from(tables.decisions)
        .join(tables.outbox, held.decision == decided.decision, isouter=True)
        .join(heard, heard.c.decision == decided.decision, isouter=True)
        .where(*own)
    )
    tried = tables.attempts.c
    charged = (
        sa.select(*(tried[field.name] for field in CHARGED))
        .join_from(tables.attempts, tables.decisions, tried.decision == decided.decision)
        .where(*own, tried.price.is_not(None))
    )
    return Measured(
        _fetched(connection, assigned, ASSIGNED),
        _fetched(connection, messaged, MESSAGED).sort("at", "decision"),
        _fetched(connection, charged, CHARGED).sort("begun", "decision"),
        int(gone),
    )


def _heard(own: tuple[sa.ColumnElement[bool], ...]) -> sa.Subquery:
    """By decision, when each thing was first told of it."""
    told, decided = tables.receipts.c, tables.decisions.c
    firsts = (sa.func.min(sa.case((told.what == what.value, told.at))).label(what.value) for what in _HEARD)
    query = sa.select(told.decision, *firsts).join_from(
        tables.receipts, tables.decisions, told.decision == decided.decision
    )
    return query.where(*own).group_by(told.decision).subquery()


def _fetched(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], fields: tuple[Field, ...]
) -> pl.DataFrame:
    return bulk.at_the_door(bulk.fetch(connection, query, bulk.physical(fields)), fields)
