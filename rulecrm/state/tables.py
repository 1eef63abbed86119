"""The tables of a ledger, as queries name them.

In: the columns of `model.decisions`. Out: SQLAlchemy tables.
Invariant: these are the columns that `migrations` has made after the last of its steps, and their order; a test
compares them with a real database. Types, keys and indexes are said there, and nowhere else.

Every name begins with `rulecrm_`, so that a ledger can live in a PostgreSQL database that others use, too.
"""

from __future__ import annotations

import sqlalchemy as sa

from rulecrm.model.decisions import DECISIONS, JOURNEYS

__all__ = ["ALL", "advances", "campaigns", "clock", "decisions", "erasures", "journeys", "meta", "rules"]


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

erasures = _table("erasures", "tombstone")
"""Who was erased, as SHA-256(salt ␟ key). Nothing here leads to the token that took the place of the key."""

ALL = (meta, clock, rules, campaigns, advances, journeys, decisions, erasures)
