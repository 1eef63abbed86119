"""How the tables of a ledger came to be, step by step.

In: a connection inside a transaction. Out: the tables of the next version.
Invariant: a step that was released is never edited; what changes is a new step. After step N the schema is version N.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from rulecrm.state.tables import meta

__all__ = ["MIGRATIONS", "Migration", "migrate"]

Migration = Callable[[sa.Connection], None]


def migrate(connection: sa.Connection, version: int, steps: Sequence[Migration] | None = None) -> int:
    """Take the schema from `version` to the last one; a step and its number are one transaction with the caller's.

    Args:
        connection: in a transaction that holds the lock.
        version: of the schema as it is; 0 where there are no tables.
        steps: all steps there are; `MIGRATIONS` where nothing is said.
    """
    steps = MIGRATIONS if steps is None else steps
    for number, step in enumerate(steps[version:], version + 1):
        step(connection)
        stamp = sa.update(meta).where(meta.c.name == "schema").values(value=str(number))
        if not connection.execute(stamp).rowcount:
            connection.execute(sa.insert(meta).values(name="schema", value=str(number)))
    return len(steps)


def _first(connection: sa.Connection) -> None:
    """Settings, clock, rules, journeys, decisions, advances."""
    _run(
        connection,
        """CREATE TABLE rulecrm_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)""",
        """CREATE TABLE rulecrm_clock (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), clock BIGINT)""",
        """INSERT INTO rulecrm_clock (one, clock) VALUES (1, NULL)""",
        """CREATE TABLE rulecrm_rules (
            rules TEXT NOT NULL PRIMARY KEY,
            sources TEXT NOT NULL,
            params TEXT NOT NULL,
            first_used BIGINT NOT NULL)""",
        """CREATE TABLE rulecrm_campaigns (
            campaign TEXT NOT NULL,
            version TEXT NOT NULL,
            rules TEXT NOT NULL REFERENCES rulecrm_rules (rules),
            PRIMARY KEY (campaign, version))""",
        """CREATE TABLE rulecrm_advances (
            number BIGINT NOT NULL PRIMARY KEY,
            "from" BIGINT,
            "to" BIGINT NOT NULL,
            rules TEXT NOT NULL REFERENCES rulecrm_rules (rules),
            counts TEXT NOT NULL,
            late TEXT NOT NULL,
            ran BIGINT NOT NULL)""",
        """CREATE TABLE rulecrm_journeys (
            journey TEXT NOT NULL PRIMARY KEY,
            campaign TEXT NOT NULL,
            customer TEXT NOT NULL,
            line TEXT,
            entered BIGINT NOT NULL,
            turn BIGINT NOT NULL,
            why TEXT NOT NULL,
            arm TEXT NOT NULL,
            version TEXT NOT NULL,
            decided BIGINT NOT NULL,
            node BIGINT NOT NULL,
            step TEXT NOT NULL,
            at BIGINT NOT NULL,
            past TEXT NOT NULL,
            rounds TEXT NOT NULL,
            carried TEXT NOT NULL,
            ended BIGINT,
            reason TEXT)""",
        """CREATE INDEX rulecrm_journeys_customer ON rulecrm_journeys (customer)""",
        """CREATE INDEX rulecrm_journeys_live ON rulecrm_journeys (campaign) WHERE ended IS NULL""",
        """CREATE TABLE rulecrm_decisions (
            decision TEXT NOT NULL PRIMARY KEY,
            journey TEXT NOT NULL REFERENCES rulecrm_journeys (journey) DEFERRABLE INITIALLY DEFERRED,
            campaign TEXT NOT NULL,
            customer TEXT NOT NULL,
            step TEXT NOT NULL,
            wave BIGINT,
            round TEXT NOT NULL,
            action TEXT NOT NULL,
            at BIGINT NOT NULL,
            due BIGINT NOT NULL,
            choice BIGINT,
            channel TEXT,
            template TEXT,
            via TEXT,
            "values" TEXT,
            messages TEXT,
            text TEXT,
            outcome TEXT NOT NULL,
            reason TEXT,
            version TEXT NOT NULL,
            rules TEXT NOT NULL,
            decided BIGINT NOT NULL,
            granted INTEGER NOT NULL DEFAULT 0)""",
        """CREATE INDEX rulecrm_decisions_journey ON rulecrm_decisions (journey)""",
        """CREATE INDEX rulecrm_decisions_customer ON rulecrm_decisions (customer, at)""",
        """CREATE INDEX rulecrm_decisions_campaign ON rulecrm_decisions (campaign, due)""",
        """CREATE INDEX rulecrm_decisions_quiet ON rulecrm_decisions (due) WHERE outcome = 'quiet'""",
        """CREATE INDEX rulecrm_decisions_queued ON rulecrm_decisions (due) WHERE outcome = 'queued'""",
        """CREATE INDEX rulecrm_decisions_granted ON rulecrm_decisions (customer, due) WHERE granted = 1""",
    )


def _second(connection: sa.Connection) -> None:
    """Privacy: who was erased, and which rows were theirs."""
    _run(
        connection,
        """CREATE TABLE rulecrm_erasures (tombstone TEXT NOT NULL PRIMARY KEY)""",
        """ALTER TABLE rulecrm_journeys ADD COLUMN erased INTEGER NOT NULL DEFAULT 0""",
        """ALTER TABLE rulecrm_decisions ADD COLUMN erased INTEGER NOT NULL DEFAULT 0""",
    )
    connection.execute(sa.insert(meta).values(name="salt", value=secrets.token_hex(16)))


def _third(connection: sa.Connection) -> None:
    """Sending: the outbox, what was tried, what was told later, coupons, and what workers share."""
    _run(
        connection,
        """CREATE TABLE rulecrm_outbox (
            decision TEXT NOT NULL PRIMARY KEY
                REFERENCES rulecrm_decisions (decision) DEFERRABLE INITIALLY DEFERRED,
            customer TEXT NOT NULL,
            due BIGINT NOT NULL,
            choice BIGINT NOT NULL,
            channel TEXT NOT NULL,
            template TEXT,
            via TEXT,
            state TEXT NOT NULL,
            attempts BIGINT NOT NULL DEFAULT 0,
            tries BIGINT NOT NULL DEFAULT 0,
            not_before BIGINT NOT NULL,
            worker TEXT,
            leased_until BIGINT,
            route TEXT,
            key TEXT,
            provider_id TEXT,
            sent_at BIGINT,
            reason TEXT,
            refused TEXT,
            erased INTEGER NOT NULL DEFAULT 0)""",
        """CREATE INDEX rulecrm_outbox_waiting ON rulecrm_outbox (not_before) WHERE state = 'waiting'""",
        """CREATE INDEX rulecrm_outbox_leased ON rulecrm_outbox (leased_until) WHERE state IN ('claimed', 'sending')""",
        """CREATE INDEX rulecrm_outbox_busy ON rulecrm_outbox (customer) WHERE state IN ('claimed', 'sending')""",
        """CREATE INDEX rulecrm_outbox_held ON rulecrm_outbox (state) WHERE state IN ('unknown', 'held')""",
        """CREATE INDEX rulecrm_outbox_key ON rulecrm_outbox (key) WHERE key IS NOT NULL""",
        """CREATE INDEX rulecrm_outbox_provider ON rulecrm_outbox (provider_id) WHERE provider_id IS NOT NULL""",
        """CREATE INDEX rulecrm_outbox_sent ON rulecrm_outbox (customer, sent_at) WHERE sent_at IS NOT NULL""",
        """CREATE TABLE rulecrm_attempts (
            decision TEXT NOT NULL,
            number BIGINT NOT NULL,
            choice BIGINT NOT NULL,
            channel TEXT NOT NULL,
            route TEXT NOT NULL,
            key TEXT NOT NULL,
            worker TEXT NOT NULL,
            begun BIGINT NOT NULL,
            answered BIGINT,
            outcome TEXT,
            provider_id TEXT,
            code TEXT,
            detail TEXT,
            units BIGINT,
            price TEXT,
            currency TEXT,
            PRIMARY KEY (decision, number))""",
        """CREATE INDEX rulecrm_attempts_key ON rulecrm_attempts (key)""",
        """CREATE INDEX rulecrm_attempts_provider ON rulecrm_attempts (provider_id) WHERE provider_id IS NOT NULL""",
        """CREATE TABLE rulecrm_receipts (
            receipt TEXT NOT NULL PRIMARY KEY,
            what TEXT NOT NULL,
            at BIGINT NOT NULL,
            learnt BIGINT NOT NULL,
            route TEXT NOT NULL,
            channel TEXT NOT NULL,
            customer TEXT,
            decision TEXT,
            key TEXT,
            provider_id TEXT,
            address TEXT,
            reason TEXT,
            text TEXT,
            settled INTEGER NOT NULL DEFAULT 0,
            erased INTEGER NOT NULL DEFAULT 0)""",
        """CREATE INDEX rulecrm_receipts_customer ON rulecrm_receipts (customer)""",
        """CREATE INDEX rulecrm_receipts_decision ON rulecrm_receipts (decision)""",
        """CREATE INDEX rulecrm_receipts_pending ON rulecrm_receipts (receipt) WHERE settled = 0""",
        """CREATE INDEX rulecrm_receipts_address ON rulecrm_receipts (address) WHERE address IS NOT NULL""",
        """CREATE TABLE rulecrm_coupons (
            pool TEXT NOT NULL,
            code TEXT NOT NULL,
            decision TEXT,
            drawn BIGINT,
            PRIMARY KEY (pool, code))""",
        """CREATE UNIQUE INDEX rulecrm_coupons_drawn ON rulecrm_coupons (pool, decision) WHERE decision IS NOT NULL""",
        """CREATE INDEX rulecrm_coupons_free ON rulecrm_coupons (pool) WHERE decision IS NULL""",
        """CREATE TABLE rulecrm_buckets (
            bucket TEXT NOT NULL PRIMARY KEY,
            level DOUBLE PRECISION NOT NULL,
            at BIGINT NOT NULL,
            not_before BIGINT NOT NULL)""",
        """CREATE TABLE rulecrm_cursors (route TEXT NOT NULL PRIMARY KEY, cursor TEXT)""",
        # What was queued before there was an outbox is in it now.
        """INSERT INTO rulecrm_outbox
            (decision, customer, due, choice, channel, template, via, state, not_before, erased)
            SELECT decision, customer, due, COALESCE(choice, 0), channel, template, via, 'waiting', due, erased
            FROM rulecrm_decisions WHERE outcome = 'queued'""",
    )


_FOREIGN_KEY = re.compile(r"\s+REFERENCES rulecrm_\w+ \(\w+\) DEFERRABLE INITIALLY DEFERRED")


def _fourth(connection: sa.Connection) -> None:
    """What each decision costs to write: an index fewer for every question that nobody asks, and no foreign keys.

    A journey is looked for in one statement for all decisions of an advance, not once for each (`advance.Advance`); a
    place in the outbox is made from its decision. One index by customer serves histories and caps alike, and one by
    campaign alone grows at its end, where one by campaign and instant grows everywhere.
    """
    _run(
        connection,
        "DROP INDEX rulecrm_decisions_journey",
        "DROP INDEX rulecrm_decisions_queued",
        "DROP INDEX rulecrm_decisions_granted",
        "DROP INDEX rulecrm_decisions_customer",
        "CREATE INDEX rulecrm_decisions_customer ON rulecrm_decisions (customer, due)",
        "DROP INDEX rulecrm_decisions_campaign",
        "CREATE INDEX rulecrm_decisions_campaign ON rulecrm_decisions (campaign)",
    )
    if connection.dialect.name == "postgresql":
        _run(
            connection,
            "SET CONSTRAINTS ALL IMMEDIATE",  # what `_third` has filled in this transaction waits to be looked at
            "ALTER TABLE rulecrm_outbox DROP CONSTRAINT rulecrm_outbox_decision_fkey",
            "ALTER TABLE rulecrm_decisions DROP CONSTRAINT rulecrm_decisions_journey_fkey",
        )
        return
    for name in ("rulecrm_outbox", "rulecrm_decisions"):  # in this order: the first refers to the second
        _without_foreign_key(connection, name)


def _fifth(connection: sa.Connection) -> None:
    """Beside messages: who is in which audience of a provider, and what was posted."""
    _run(
        connection,
        """CREATE TABLE rulecrm_members (
            route TEXT NOT NULL,
            audience TEXT NOT NULL,
            member TEXT NOT NULL,
            sure INTEGER NOT NULL,
            PRIMARY KEY (route, audience, member))""",
        """CREATE INDEX rulecrm_members_member ON rulecrm_members (member)""",
        """CREATE TABLE rulecrm_posts (
            route TEXT NOT NULL,
            key TEXT NOT NULL,
            template TEXT NOT NULL,
            begun BIGINT NOT NULL,
            answered BIGINT,
            outcome TEXT,
            provider_id TEXT,
            code TEXT,
            detail TEXT,
            PRIMARY KEY (route, key))""",
    )


def _sixth(connection: sa.Connection) -> None:
    """What each decision costs to write, once more: an index fewer, and keys that are compared byte by byte.

    Ids begin with the campaign, so that its decisions lie side by side in the index of the ids, where ids are in the
    order of their bytes. SQLite has them so; PostgreSQL would compare them as its database sorts words, and that is
    several times slower, too.
    """
    _run(connection, "DROP INDEX rulecrm_decisions_campaign")
    if connection.dialect.name == "postgresql":
        keys = {
            "journeys": ("journey", "customer"),
            "decisions": ("decision", "journey", "customer"),
            "outbox": ("decision", "customer"),
            "attempts": ("decision",),
            "receipts": ("decision", "customer"),
            "coupons": ("decision",),
        }
        for table, columns in keys.items():
            changes = (f'ALTER COLUMN {column} TYPE TEXT COLLATE "C"' for column in columns)
            _run(connection, f"ALTER TABLE rulecrm_{table} {', '.join(changes)}")


def _without_foreign_key(connection: sa.Connection, name: str) -> None:
    """SQLite forgets a foreign key only by making the table anew."""
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL")
    parts = connection.execute(query, {"name": name}).all()
    (table,) = (part.sql for part in parts if part.type == "table")
    _run(
        connection,
        f"ALTER TABLE {name} RENAME TO {name}_before",
        _FOREIGN_KEY.sub("", table),
        f"INSERT INTO {name} SELECT * FROM {name}_before",  # noqa: S608
        f"DROP TABLE {name}_before",
        *(part.sql for part in parts if part.type == "index"),
    )


def _run(connection: sa.Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


MIGRATIONS: tuple[Migration, ...] = (_first, _second, _third, _fourth, _fifth, _sixth)
