"""Privacy requests: everything about one customer, and its removal.

In: a connection in a transaction. Out: rows that no longer say whose they are, and a tombstone.
Invariant: after an erasure no table holds the key, and every count by campaign, wave, outcome, arm and instant is what
it was.
"""

from __future__ import annotations

import hashlib
import secrets

import polars as pl
import sqlalchemy as sa
from attrs import frozen

from rulecrm.model.decisions import decision_id, journey_id
from rulecrm.state import tables
from rulecrm.state.connecting import locked

__all__ = ["Tombstones", "compact", "erase"]

ERASED = "erased"
"""Why a journey ended, and how tokens begin."""


@frozen
class Tombstones:
    """Who was erased: SHA-256(salt ␟ key), hex, by which a key can be recognised and none be found.

    A key that can be guessed can be tried by whoever has the database: that is the price of never writing to the
    same person again.
    """

    salt: str
    hashes: frozenset[str]

    @classmethod
    def read(cls, connection: sa.Connection) -> Tombstones:
        """Those of a ledger."""
        salt = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.name == "salt")).scalar_one()
        hashes = connection.execute(sa.select(tables.erasures.c.tombstone)).scalars()
        return cls(str(salt), frozenset(hashes))

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def of(self, key: str) -> str:
        """The tombstone of a key."""
        return hashlib.sha256(f"{self.salt}\x1f{key}".encode()).hexdigest()

    def among(self, keys: pl.Series) -> pl.Series:
        """For each key whether it was erased."""
        if not self.hashes:
            return pl.repeat(value=False, n=len(keys), eager=True)
        distinct = keys.unique().drop_nulls()
        erased = [key for key in distinct.to_list() if self.of(str(key)) in self.hashes]
        return keys.is_in(pl.Series(erased, dtype=keys.dtype).implode()).fill_null(value=False)


def erase(connection: sa.Connection, key: str) -> int:
    """Take a customer out of a ledger; how many rows were theirs.

    The customer becomes a random token in every row; a `line` becomes one, too; what was carried from facts and
    handed to templates goes. A journey under way ends, and a message that is still quiet is never asked again.
    Calling it again changes nothing.
    """
    tombstones = Tombstones.read(connection)
    if connection.dialect.name == "postgresql":  # the outbox first, as all who write there do: nobody waits in a ring
        messages = sa.select(tables.outbox.c.decision).where(tables.outbox.c.customer == key)
        connection.execute(locked(connection, messages.order_by(tables.outbox.c.decision))).all()
    token = f"{ERASED}-{secrets.token_hex(16)}"
    touched = _decisions(connection, key, _journeys(connection, key, token), token)
    mine = tables.members.c.member == tombstones.of(key)
    touched += connection.execute(sa.delete(tables.members).where(mine)).rowcount
    if tombstones.of(key) not in tombstones.hashes:
        connection.execute(sa.insert(tables.erasures).values(tombstone=tombstones.of(key)))
    return touched


def compact(connection: sa.Connection) -> None:
    """Write the tables anew, so that no byte of what was erased stays; the connection is in no transaction."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # nor in the log
        return
    for table in (
        tables.journeys, tables.decisions, tables.outbox, tables.attempts, tables.receipts, tables.coupons,
        tables.members,
    ):  # fmt: skip
        connection.exec_driver_sql(f"VACUUM FULL {table.name}")


def _journeys(connection: sa.Connection, key: str, token: str) -> dict[str, str]:
    """Rename a customer's journeys; the new id by the old one."""
    columns = tables.journeys.c
    lines: dict[str, str] = {}
    ids: dict[str, str] = {}
    now = sa.select(tables.clock.c.clock).scalar_subquery()
    for row in connection.execute(sa.select(tables.journeys).where(columns.customer == key)).mappings().all():
        line = None if row["line"] is None else lines.setdefault(row["line"], secrets.token_hex(8))
        ids[row["journey"]] = journey_id(row["campaign"], token, line, row["entered"], row["turn"])
        values: dict[str, object] = {
            "journey": ids[row["journey"]], "customer": token, "line": line, "carried": "{}", "erased": 1,
        }  # fmt: skip
        if row["ended"] is None:
            values |= {"ended": sa.func.coalesce(now, columns.at), "reason": ERASED}
        connection.execute(sa.update(tables.journeys).where(columns.journey == row["journey"]).values(values))
    return ids


def _decisions(connection: sa.Connection, key: str, ids: dict[str, str], token: str) -> int:
    columns = tables.decisions.c
    touched = len(ids)
    for row in connection.execute(sa.select(tables.decisions).where(columns.customer == key)).mappings().all():
        journey = ids[row["journey"]]
        new = decision_id(journey, row["step"], row["round"])
        values = {"decision": new, "journey": journey, "customer": token, "values": None, "erased": 1}
        connection.execute(sa.update(tables.decisions).where(columns.decision == row["decision"]).values(values))
        _messages(connection, row["decision"], new, token)
        touched += 1
    return touched + _receipts(connection, key, token)


def _messages(connection: sa.Connection, old: str, new: str, token: str) -> None:
    """What was sent with a decision; what still waits is never sent, for nobody knows any more whom to."""
    columns = tables.outbox.c
    mine = columns.decision == old
    unsent = sa.and_(mine, columns.state.in_(["waiting", "claimed", "held", "unknown"]))
    connection.execute(sa.update(tables.outbox).where(unsent).values(state="done", reason=ERASED))
    connection.execute(sa.update(tables.outbox).where(mine).values(decision=new, customer=token, erased=1))
    for table in (tables.attempts, tables.receipts, tables.coupons):
        connection.execute(sa.update(table).where(table.c.decision == old).values(decision=new))


def _receipts(connection: sa.Connection, key: str, token: str) -> int:
    """What was told of a customer; even the ids go, for they are made of what a provider said."""
    columns = tables.receipts.c
    mine = connection.execute(sa.select(columns.receipt).where(columns.customer == key)).scalars().all()
    for name in mine:
        values = {
            "receipt": f"{ERASED}-{secrets.token_hex(16)}", "customer": token, "key": None, "provider_id": None,
            "reason": None, "text": None, "settled": 1, "erased": 1,
        }  # fmt: skip
        connection.execute(sa.update(tables.receipts).where(columns.receipt == name).values(values))
    return len(mine)
