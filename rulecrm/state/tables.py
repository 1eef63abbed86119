"""The tables of a ledger, as queries name them.

In: the columns of `model.decisions`. Out: SQLAlchemy tables.
Invariant: these are the columns that `migrations` has made after the last of its steps, and their order; a test
compares them with a real database. Types, keys and indexes are said there, and nowhere else.

Every name begins with `rulecrm_`, so that a ledger can live in a PostgreSQL database that others use, too.
"""

from __future__ import annotations

import sqlalchemy as sa

from rulecrm.model.decisions import DECISIONS, JOURNEYS

__all__ = [
    "ALL", "advances", "attempts", "buckets", "campaigns", "clock", "coupons", "cursors", "decisions", "erasures",
    "journeys", "members", "meta", "outbox", "posts", "receipts", "rules",
]  # fmt: skip


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(f"rulecrm_{name}", *(sa.column(column) for column in columns))


meta = _table("meta", "name", "value")
"""By name: `schema`, `created`, `salt`; once claimed, `rules`, `machines`, `seed`, `start`, `lateness`, `zone`."""

clock = _table("clock", "one", "clock")
"""One row: the instant up to which everything is decided; missing before the first fact. It is also the lock."""

rules = _table("rules", "rules", "sources", "params", "first_used")
"""Every text that was ever advanced with, by its hash; `first_used` is the clock of the first advance with it."""

campaigns = _table("campaigns", "campaign", "version", "rules")
"""Where the text of a version of a campaign is kept: the rules that it was first seen in."""

advances = _table("advances", "number", "from", "to", "rules", "counts", "late", "ran")
"""One row an advance: counts and late rows as JSON; `ran` is when, by the machine's own clock."""

journeys = _table("journeys", *(field.name for field in JOURNEYS), "erased")
"""`JOURNEYS`; `erased` is 1 where the customer is a random token."""

decisions = _table("decisions", *(field.name for field in DECISIONS), "granted", "erased")
"""`DECISIONS`; `granted` is 1 once the outcome was `queued`, whatever the channel has answered since: caps count it."""

outbox = _table(
    "outbox", "decision", "customer", "due", "choice", "channel", "template", "via", "state", "attempts", "tries",
    "not_before", "worker", "leased_until", "route", "key", "provider_id", "sent_at", "reason", "refused", "erased",
)  # fmt: skip
"""One row for each message that was queued, made with its decision.

`choice`, `channel`, `template`, `via` say which of its messages it is at; `route` is the name of the channel's
settings; `key` its idempotency key; `sent_at` when a provider took it, microseconds. `attempts` is how often it was
handed over, `tries` how many of those count against the message that it is at; `refused` is the outcome of the first of
its messages, where that could not be sent. `state` is one of:

* `waiting`: until `not_before`;
* `claimed`: by `worker`, until `leased_until`; nothing was handed over yet, so that a claim that ran out is `waiting`;
* `sending`: it may have been handed over; one whose lease ran out is `unknown`;
* `unknown`: the answer was lost; it is asked about, or a person says what became of it;
* `held`: for a person to look at, with the reason;
* `done`: its outcome is in the table of decisions.
"""

attempts = _table(
    "attempts", "decision", "number", "choice", "channel", "route", "key", "worker", "begun", "answered", "outcome",
    "provider_id", "code", "detail", "units", "price", "currency",
)  # fmt: skip
"""Every time a message was handed to a channel; `answered` and what follows are missing until it answered."""

receipts = _table(
    "receipts", "receipt", "what", "at", "learnt", "route", "channel", "customer", "decision", "key", "provider_id",
    "address", "reason", "text", "settled", "erased",
)  # fmt: skip
"""What was told later; `receipt` is made of route and id of the event, so that what is told twice is there once.

`key` and `provider_id` say which message it is about, known or not yet; `address`, as SHA-256(salt ␟ address), whose it
is, until its customers are known. `settled` is 0 as long as a message or an answer may still come that it belongs to.
"""

coupons = _table("coupons", "pool", "code", "decision", "drawn")
"""Codes that are given away once each; `decision` is whom it was given with, `drawn` when."""

buckets = _table("buckets", "bucket", "level", "at", "not_before")
"""Token buckets that workers share: `level` tokens at `at`; nothing goes through the route before `not_before`."""

cursors = _table("cursors", "route", "cursor")
"""How far the receipts of a route have been fetched."""

members = _table("members", "route", "audience", "member", "sure")
"""Who is in which audience of a provider: `member` is SHA-256(salt ␟ key); `sure` is 0 where that may be so."""

posts = _table(
    "posts", "route", "key", "template", "begun", "answered", "outcome", "provider_id", "code", "detail"
)  # fmt: skip
"""What was posted, by route and key; `answered` and what follows are missing until the provider answered."""

erasures = _table("erasures", "tombstone")
"""Who was erased, as SHA-256(salt ␟ key). Nothing here leads to the token that took the place of the key."""

ALL = (
    meta,
    clock,
    rules,
    campaigns,
    advances,
    journeys,
    decisions,
    outbox,
    attempts,
    receipts,
    coupons,
    buckets,
    cursors,
    members,
    posts,
    erasures,
)
