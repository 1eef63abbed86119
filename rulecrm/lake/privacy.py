"""Taking rows out of a store for good.

In: customers, or an instant. Out: the commit after which nobody reads them; a vacuum then removes the files.
Invariant: files that are still read by the last commit are never removed, so a kill in between loses nothing, and
whoever writes next does what was left to do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl
from attrs import evolve

from rulecrm.lake import commits
from rulecrm.lake.commits import Head
from rulecrm.lake.keeping import CONTACTS, ERASED, QUARANTINE, keeping_of
from rulecrm.lake.tables import Tables

__all__ = ["erase", "purge", "unfinished"]

_INSTANT = pl.Datetime("us", "UTC")


def erase(tables: Tables, head: Head, customers: Collection[str], now: dt.datetime) -> Head:
    """Take the contacts of customers out, and remember that they were; the commit."""
    number = head.number + 1
    at = now if head.at is None else max(now, head.at)
    mark = pl.DataFrame(
        [(customer, now, "", at, number, 0, "base") for customer in sorted(customers)],
        schema={
            "customer": pl.String, ERASED: _INSTANT, "origin": pl.String, "learnt_at": _INSTANT, "commit": pl.Int64,
            "turn": pl.Int32, "layer": pl.String,
        },
        orient="row",
    )  # fmt: skip
    if CONTACTS in head.tables:
        quoted = ", ".join("'" + customer.replace("'", "''") + "'" for customer in sorted(customers))
        tables.delete(CONTACTS, f"customer IN ({quoted})")
        version = tables.append(CONTACTS, mark)
    else:
        version = tables.create(CONTACTS, mark, (keeping_of(CONTACTS).key, "commit"))
    after = evolve(head, number=number, at=at, tables={**head.tables, CONTACTS: version}, what="erase")
    commits.note(tables, after, [])
    return after


def purge(tables: Tables, head: Head, before: dt.datetime) -> Head:
    """Take rows out of quarantine that were learnt before an instant; the commit."""
    version = tables.delete(QUARANTINE, f"learnt_at < TIMESTAMP '{before.isoformat()}'")
    after = evolve(head, number=head.number + 1, tables={**head.tables, QUARANTINE: version}, what="purge")
    commits.note(tables, after, [])
    return after


def unfinished(head: Head) -> tuple[str, ...]:
    """Tables whose files have rows that are gone for good."""
    return {"erase": (CONTACTS,), "purge": (QUARANTINE,)}.get(head.what, ())
