"""What was sent, and what was told of it, as facts.

In: a connection in a transaction. Out: a frame with a row for each message that a provider took and for each receipt.
Invariant: rows have the columns of the event kinds of `model.schema`, and the id of an event is always the same.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from rulecrm.model.decisions import Field
from rulecrm.model.sending import FACTS
from rulecrm.model.types import INSTANT, TEXT
from rulecrm.state import bulk, tables

__all__ = ["SENT", "TOLD", "told"]

SENT = "message"
"""The kind of fact that a message is once a provider has taken it."""

TOLD = (
    Field("event", TEXT, "id of the event"),
    Field("kind", TEXT, "`message`, or one of `rulecrm.plugin.FACTS`"),
    Field("at", INSTANT, "when it happened; of a message, when the provider took it"),
    Field("customer", TEXT, "key of the customer"),
    Field("channel", TEXT, "the channel that the message went by"),
    Field("campaign", TEXT, "campaign of the message", nullable=True),
    Field("wave", TEXT, "which of the campaign's sends it was", nullable=True),
    Field("variant", TEXT, "template of the message", nullable=True),
    Field("reason", TEXT, "of a bounce hard or soft; otherwise the provider's words", nullable=True),
    Field("text", TEXT, "of a reply the words, of a click where it led", nullable=True),
)


def told(connection: sa.Connection, customer: str | None = None) -> pl.DataFrame:
    """All that is known of messages, in the order of time; what is of nobody known, or of the erased, is left out."""
    receipts, decided, held = tables.receipts.c, tables.decisions.c, tables.outbox.c
    wave = sa.cast(decided.wave, sa.Text)
    none = sa.cast(sa.null(), sa.Text)
    heard = sa.select(
        receipts.receipt, receipts.what, receipts.at, receipts.customer, receipts.channel, decided.campaign, wave,
        decided.template, receipts.reason, receipts.text,
    ).join_from(tables.receipts, tables.decisions, receipts.decision == decided.decision, isouter=True)  # fmt: skip
    heard = heard.where(receipts.customer.is_not(None), receipts.erased == 0)
    sent = sa.select(
        sa.func.coalesce(held.key, held.decision), sa.literal(SENT), held.sent_at, held.customer, held.channel,
        decided.campaign, wave, decided.template, none, none,
    ).join_from(tables.outbox, tables.decisions, held.decision == decided.decision)  # fmt: skip
    sent = sent.where(held.sent_at.is_not(None), held.erased == 0, decided.action == "send")
    if customer is not None:
        heard, sent = heard.where(receipts.customer == customer), sent.where(held.customer == customer)
    parts = [bulk.fetch(connection, query, bulk.physical(TOLD)) for query in (heard, sent)]
    kinds = {what.value: kind for what, kind in FACTS.items()}
    frame = pl.concat(parts).with_columns(pl.col("kind").replace(kinds)).sort("at", "kind", "event")
    return bulk.at_the_door(frame, TOLD)
