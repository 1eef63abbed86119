"""What a ledger holds, for whoever asks: frames, and one customer's history.

In: a connection in a transaction. Out: frames at the door (instants are Datetime("us", "UTC")), or a `History`.
Invariant: reading changes nothing, and what is read together is of one moment.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from rulecrm.model.decisions import DECISIONS, JOURNEYS, Field, ids_of
from rulecrm.model.instants import to_microseconds
from rulecrm.model.types import INSTANT, INT, TEXT
from rulecrm.state import bulk, tables
from rulecrm.state.settings import RulesVersion

__all__ = ["ADVANCES", "ATTEMPTS", "advances", "attempts", "decisions", "journeys", "version"]

ADVANCES = (
    Field("number", INT, "from 1"),
    Field("from", INSTANT, "the clock before; missing before the first fact", nullable=True),
    Field("to", INSTANT, "the clock after"),
    Field("rules", TEXT, "hash of the rules it was made with"),
    Field(
        "counts",
        TEXT,
        "JSON: journeys `entered`, `moved`, `ended`; decisions `decided`, `settled`; rows left out as `erased`",
    ),
    Field("late", TEXT, "JSON: rows that came after the clock had passed them, by kind"),
    Field("ran", INSTANT, "when it was made, by the machine's clock"),
)

ATTEMPTS = (
    Field("decision", TEXT, "id of the decision"),
    Field("number", INT, "from 1"),
    Field("choice", INT, "which of the decision's messages, from 0"),
    Field("channel", TEXT, "the word of the rules"),
    Field("route", TEXT, "name of the route"),
    Field("begun", INSTANT, "when it was handed over"),
    Field("answered", INSTANT, "when the channel answered; missing where it never did", nullable=True),
    Field("outcome", TEXT, "what it answered", nullable=True),
    Field("provider_id", TEXT, "the provider's id of the message", nullable=True),
    Field("code", TEXT, "the provider's own code", nullable=True),
    Field("detail", TEXT, "in words", nullable=True),
    Field("units", INT, "what the provider counts it as", nullable=True),
    Field("price", TEXT, "exact, as text", nullable=True),
    Field("currency", TEXT, "of the price", nullable=True),
)


def decisions(
    connection: sa.Connection, *, customer: str | None, campaign: str | None, since: dt.datetime | None
) -> pl.DataFrame:
    """Decisions at `since` or later, in the order of time."""
    found = _matching(tables.decisions, tables.decisions.c.decision, customer, campaign)
    if since is not None:
        found.append(tables.decisions.c.at >= to_microseconds(since))
    return _read(connection, DECISIONS, tables.decisions, found).sort("at", "decision")


def journeys(
    connection: sa.Connection, *, customer: str | None, campaign: str | None, live: bool | None
) -> pl.DataFrame:
    """Journeys, in the order of entry."""
    found = _matching(tables.journeys, tables.journeys.c.journey, customer, campaign)
    ended = tables.journeys.c.ended
    if live is not None:
        found.append(ended.is_(None) if live else ended.is_not(None))
    return _read(connection, JOURNEYS, tables.journeys, found).sort("entered", "journey")


def advances(connection: sa.Connection) -> pl.DataFrame:
    """Every advance, the first one first."""
    return _read(connection, ADVANCES, tables.advances, []).sort("number")


def attempts(connection: sa.Connection, customer: str) -> pl.DataFrame:
    """Every time that a message to a customer was handed over: the columns of `ATTEMPTS`."""
    whose = sa.select(tables.outbox.c.decision).where(tables.outbox.c.customer == customer)
    found = [tables.attempts.c.decision.in_(whose)]
    return _read(connection, ATTEMPTS, tables.attempts, found).sort("begun", "decision", "number")


def version(connection: sa.Connection, campaign: str, number: str) -> RulesVersion | None:
    """The rules that a version of a campaign was first seen in; None where there is none."""
    rules, kept = tables.rules.c, tables.campaigns.c
    query = sa.select(rules.rules, rules.sources, rules.params).join(tables.campaigns, kept.rules == rules.rules)
    row = connection.execute(query.where(kept.campaign == campaign, kept.version == number)).first()
    if row is None:
        return None
    mine = connection.execute(sa.select(kept.campaign, kept.version).where(kept.rules == row.rules))
    campaigns = {found.campaign: found.version for found in mine}
    return RulesVersion(row.rules, json.loads(row.sources), json.loads(row.params), campaigns)


def _matching(
    table: sa.TableClause, key: sa.ColumnElement[str], customer: str | None, campaign: str | None
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if customer is not None:
        found.append(table.c.customer == customer)
    if campaign is not None:
        first, end = ids_of(campaign)
        found += [key >= first, key < end, table.c.campaign == campaign]
    return found


def _read(
    connection: sa.Connection,
    fields: Sequence[Field],
    table: sa.TableClause,
    where: Sequence[sa.ColumnElement[bool]],
) -> pl.DataFrame:
    query = sa.select(*(table.c[field.name] for field in fields)).where(*where)
    return bulk.at_the_door(bulk.fetch(connection, query, bulk.physical(fields)), fields)
