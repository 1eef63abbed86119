"""What was told later: receipts, written once each, matched to their messages whenever both are there.

In: receipts of a route. Out: rows; customers whom they are about; outcomes that they settle.
Invariant: the same receipts in any order, told any number of times, before or after the answer, leave the same rows and
the same outcomes. An address is never written: where it is all that a receipt has, what is kept of it is a hash that
its customer can be recognised by.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

import polars as pl
import sqlalchemy as sa
from attrs import evolve, field, frozen

from rulecrm.model.instants import to_microseconds
from rulecrm.model.sending import Receipt
from rulecrm.plugin.channels import Polls
from rulecrm.state import tables
from rulecrm.state.connecting import Transaction
from rulecrm.state.matching import Found, Messages, parts, told_about
from rulecrm.state.privacy import Tombstones
from rulecrm.state.settling import settle
from rulecrm.state.told import told

__all__ = ["PATIENCE", "Receipts", "hashed_address", "normal_address", "reconcile"]

PATIENCE = 30 * 86_400_000_000
"""For how long, microseconds, a receipt of a message or an address that nobody knows waits for it to become known."""

_LONGEST_TEXT = 4_000
"""Characters of a reply, and of a reason, that are kept."""

_PENDING = tables.receipts.c.settled == sa.literal_column("0")
"""Written out, for an index over a part of the rows is not used where the part is named by a parameter."""

_ROUNDS = 5
"""How often rows that somebody else was writing are looked at again."""


@frozen
class _Row:
    """A receipt as it is written."""

    receipt: str
    what: str
    at: int
    learnt: int
    route: str
    channel: str
    customer: str | None = None
    decision: str | None = None
    key: str | None = None
    provider_id: str | None = None
    address: str | None = None
    reason: str | None = None
    text: str | None = None
    settled: int = 0
    erased: int = 0

    def values(self) -> dict[str, object]:
        """By column."""
        return {name: getattr(self, name) for name in tables.receipts.c.keys()}  # noqa: SIM118 - a collection of columns


@frozen(eq=False)
class Receipts:
    """The receipts of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def write(
        self,
        receipts: Iterable[Receipt],
        *,
        route: str,
        channel: str,
        customers: Callable[[str], Collection[str]] | None = None,
        cursor: str | None = None,
    ) -> int:
        """Write receipts; those that are there already are left as they are.

        Args:
            receipts: as a channel told them.
            route: the name of the channel's settings; ids of events and messages are those of this route.
            channel: the word of the rules; where it is empty, that of the message.
            customers: whose an address is; without it, or where it knows none, the address waits for `recognise`.
            cursor: where to go on polling, written in the same transaction; None leaves it as it is.

        Returns:
            How many were new.

        Raises:
            TypeError: the channel has put something else where text belongs; nothing was written.
            ValueError: an instant has no zone; nothing was written.
        """
        learnt = time.time_ns() // 1000
        given: dict[str, Receipt] = {}
        for one in receipts:
            _check(one)
            given.setdefault(_id_of(route, one), one)
        asked = {one.address for one in given.values() if one.address is not None}
        whose = {} if customers is None else {address: frozenset(customers(address)) for address in asked}
        with self.transaction(write=True) as connection:
            there: set[str] = set()
            for part in parts(given):
                query = sa.select(tables.receipts.c.receipt).where(tables.receipts.c.receipt.in_(part))
                there.update(connection.execute(query).scalars())
            new = {name: one for name, one in given.items() if name not in there}
            messages = told_about(
                connection,
                {one.key for one in new.values() if one.key is not None},
                {one.provider_id for one in new.values() if one.provider_id is not None},
            )
            people = _People(Tombstones.read(connection), whose)
            rows = [
                row
                for name, one in new.items()
                for row in _rows(
                    _Row(name, one.what.value, to_microseconds(one.at), learnt, route, channel), one, messages, people
                )
            ]
            _insert(connection, rows)
            if cursor is not None:
                _keep_cursor(connection, route, cursor)
            decisions = {row.decision for row in rows if row.decision is not None}
            settle(connection, decisions)
            skipped = _skipped(connection, decisions)
        if skipped:
            self._settle(decisions)
        return len(new)

    async def poll(
        self,
        channel: Polls,
        *,
        route: str,
        word: str,
        customers: Callable[[str], Collection[str]] | None = None,
    ) -> int:
        """Fetch what a channel has to tell since it was last asked; how many receipts were new.

        The cursor moves in the transaction that writes the receipts, so that what is told twice is written once and
        nothing is passed over.

        Args:
            channel: what to ask.
            route: the name of its settings.
            word: the channel in the rules.
            customers: see `write`.
        """
        new = 0
        cursor = await asyncio.to_thread(self.cursor, route)
        while True:
            found, following = await channel.poll(cursor)
            if found or following != cursor:
                write = partial(self.write, route=route, channel=word, customers=customers, cursor=following)
                new += await asyncio.to_thread(write, found)
            if not found or following is None or following == cursor:
                return new
            cursor = following

    def cursor(self, route: str) -> str | None:
        """How far the receipts of a route have been fetched."""
        query = sa.select(tables.cursors.c.cursor).where(tables.cursors.c.route == route)
        with self.transaction(write=False) as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def reconcile(self) -> int:
        """Match and settle what had come too early; how many receipts wait still."""
        with self.transaction(write=False) as connection:  # mostly nothing has, and then nobody is kept from writing
            if connection.execute(sa.select(sa.literal(1)).where(_PENDING).limit(1)).first() is None:
                return 0
        with self.transaction(write=True) as connection:
            return reconcile(connection)

    def strangers(self) -> frozenset[str]:
        """Channels that have receipts of an address of which nobody has said yet whose it is."""
        query = sa.select(tables.receipts.c.channel).where(_strange()).distinct()
        with self.transaction(write=False) as connection:
            return frozenset(connection.execute(query).scalars())

    def recognise(self, channel: str, addresses: Mapping[str, Collection[str]]) -> int:
        """Say whose addresses are; how many receipts of this channel have found their customers.

        Args:
            channel: the word of the rules.
            addresses: customers by address.
        """
        columns = tables.receipts.c
        mine = sa.select(tables.receipts).where(_strange(), columns.channel == channel)
        with self.transaction(write=False) as connection:
            wanted = {row["address"] for row in connection.execute(mine).mappings()}
            people = _People(Tombstones.read(connection), {})
        whose: dict[str, frozenset[str]] = {}
        for address, customers in addresses.items() if wanted else ():  # nobody waits for the ledger meanwhile
            name = people.hash(address)
            if name in wanted:
                whose[name] = whose.get(name, frozenset()) | people.living(customers)
        whose = {name: customers for name, customers in whose.items() if customers}
        if not whose:
            return 0
        with self.transaction(write=True) as connection:
            waiting = [_Row(**row) for row in connection.execute(mine).mappings()]
            known = [(row, whose[row.address]) for row in waiting if row.address in whose]
            for row, _ in known:
                connection.execute(sa.delete(tables.receipts).where(columns.receipt == row.receipt))
            _insert(connection, [one for row, customers in known for one in _shared(row, customers)])
        return len(known)

    def frame(self, customer: str | None = None) -> pl.DataFrame:
        """What was sent and what was told of it: the columns of `told.TOLD`, instants in UTC, in the order of time."""
        with self.transaction(write=False) as connection:
            return told(connection, customer)

    def _settle(self, decisions: Collection[str]) -> None:
        """Look again at what somebody else was writing."""
        for attempt in range(_ROUNDS):
            time.sleep(0.01 * (attempt + 1))
            with self.transaction(write=True) as connection:
                settle(connection, decisions)
                if not _skipped(connection, decisions):
                    return


def reconcile(connection: sa.Connection) -> int:
    """Match and settle, in a transaction that may write, what had come too early; how many receipts wait still."""
    columns, pending = tables.receipts.c, _PENDING
    unmatched = sa.select(tables.receipts).where(pending, columns.decision.is_(None))
    rows = [_Row(**row) for row in connection.execute(unmatched).mappings()]
    rows = [row for row in rows if row.key is not None or row.provider_id is not None]
    messages = told_about(
        connection, {row.key for row in rows if row.key}, {row.provider_id for row in rows if row.provider_id}
    )
    for row in rows:
        found = messages.of(row.route, row.key, row.provider_id)
        if found is not None:
            _match(connection, row, found)
    decided = sa.select(columns.decision).where(pending, columns.decision.is_not(None)).distinct()
    settle(connection, list(connection.execute(decided).scalars()))
    late = columns.learnt < _long_ago()
    connection.execute(sa.update(tables.receipts).where(pending, columns.decision.is_(None), late).values(settled=1))
    connection.execute(sa.update(tables.receipts).where(columns.address.is_not(None), late).values(address=None))
    return int(connection.execute(sa.select(sa.func.count()).where(pending)).scalar_one())


def _long_ago() -> int:
    return time.time_ns() // 1000 - PATIENCE


def _strange() -> sa.ColumnElement[bool]:
    """Receipts of an address of which nobody has said yet whose it is."""
    columns = tables.receipts.c
    return sa.and_(columns.address.is_not(None), columns.learnt >= _long_ago())


def normal_address(address: str) -> str:
    """An address as it is compared: e-mail in lower case, a phone number as its digits, all else as it is."""
    address = address.strip()
    if "@" in address:
        return address.casefold()
    digits = re.sub(r"[\s().-]", "", address)
    return re.sub(r"^(\+|00)", "", digits) if re.fullmatch(r"\+?\d{5,}", digits) else address


def hashed_address(salt: str, address: str) -> str:
    """What is kept of an address that nobody knows yet."""
    return Tombstones(salt, frozenset()).of(normal_address(address))


# --- whose ------------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class _People:
    """Whose addresses are, and who was erased."""

    tombstones: Tombstones
    customers: Mapping[str, Collection[str]]

    def at(self, address: str) -> frozenset[str]:
        """The customers of an address, as far as that is known."""
        return self.living(self.customers.get(address, ()))

    def living(self, customers: Collection[str]) -> frozenset[str]:
        return frozenset(one for one in customers if self.tombstones.of(one) not in self.tombstones.hashes)

    def hash(self, address: str) -> str:
        return self.tombstones.of(normal_address(address))


def _rows(row: _Row, receipt: Receipt, messages: Messages, people: _People) -> list[_Row]:
    """A receipt as rows: one, or one for each customer who has its address."""
    row = evolve(
        row,
        key=receipt.key,
        provider_id=receipt.provider_id,
        reason=_short(receipt.reason),
        text=_short(receipt.text),
    )
    row = evolve(row, key=_short(row.key), provider_id=_short(row.provider_id))
    found = messages.of(row.route, row.key, row.provider_id)
    if found is not None:
        return [_matched(row, found)]
    waits = row.key is not None or row.provider_id is not None
    row = evolve(row, settled=0 if waits else 1)
    if receipt.address is None:
        return [row]
    mine = people.at(receipt.address)
    return _shared(row, mine) if mine else [evolve(row, address=people.hash(receipt.address))]


def _shared(row: _Row, customers: Collection[str]) -> list[_Row]:
    """A receipt about several customers: the first has its id, the others one made of it."""
    return [
        evolve(row, customer=customer, address=None, receipt=f"{row.receipt}#{number}" if number else row.receipt)
        for number, customer in enumerate(sorted(customers))
    ]


def _matched(row: _Row, found: Found) -> _Row:
    row = evolve(
        row, customer=found.customer, decision=found.decision, channel=row.channel or found.channel, address=None,
        key=row.key if found.key is None else found.key, erased=found.erased,
    )  # fmt: skip
    return evolve(row, text=None, reason=None) if found.erased else row


def _match(connection: sa.Connection, row: _Row, found: Found) -> None:
    """A message has become known: it is about its customer alone, whoever else has the address."""
    columns = tables.receipts.c
    if "#" in row.receipt:
        connection.execute(sa.delete(tables.receipts).where(columns.receipt == row.receipt))
        return
    values = _matched(row, found).values()
    connection.execute(sa.update(tables.receipts).where(columns.receipt == row.receipt).values(values))


# --- rows -------------------------------------------------------------------------------------------------------------


def _check(receipt: Receipt) -> None:
    """What strangers' code makes of a webhook may be anything; a number in the place of a key would match nothing."""
    texts = {name: getattr(receipt, name) for name in ("id", "key", "provider_id", "address", "reason", "text")}
    wrong = [
        name for name, value in texts.items() if not isinstance(value, str) and (name == "id" or value is not None)
    ]
    if wrong:
        raise TypeError(f"a receipt has no text as its `{wrong[0]}`")


def _id_of(route: str, receipt: Receipt) -> str:
    """The id of the row: of a provider's id one cannot know what is in it, so that a hash of it is kept."""
    return hashlib.sha256(f"{route}\x1f{receipt.id}".encode()).hexdigest()[:32]


def _short(text: str | None) -> str | None:
    # A text of PostgreSQL holds no NUL, and neither database a lone surrogate.
    return None if text is None else text[:_LONGEST_TEXT].replace("\0", "").encode("utf-8", "replace").decode()


def _insert(connection: sa.Connection, rows: Sequence[_Row]) -> None:
    if not rows:
        return
    names = [str(name) for name in tables.receipts.c.keys()]  # noqa: SIM118 - a collection of columns
    columns, marks = ", ".join(names), ", ".join(f":{name}" for name in names)
    connection.execute(
        sa.text(f"INSERT INTO {tables.receipts.name} ({columns}) VALUES ({marks}) ON CONFLICT (receipt) DO NOTHING"),  # noqa: S608
        [row.values() for row in sorted(rows, key=lambda row: row.receipt)],
    )


def _keep_cursor(connection: sa.Connection, route: str, cursor: str) -> None:
    connection.execute(
        sa.text(
            f"INSERT INTO {tables.cursors.name} (route, cursor) VALUES (:route, :cursor) "  # noqa: S608
            "ON CONFLICT (route) DO UPDATE SET cursor = excluded.cursor"
        ),
        {"route": route, "cursor": cursor},
    )


def _skipped(connection: sa.Connection, decisions: Collection[str]) -> bool:
    """Whether receipts of these messages wait although no worker holds the message; one writer alone skips nothing."""
    if connection.dialect.name != "postgresql":
        return False
    columns, held = tables.receipts.c, tables.outbox.c
    query = sa.select(sa.literal(1)).join_from(tables.receipts, tables.outbox, columns.decision == held.decision)
    query = query.where(columns.settled == 0, held.state == "done")
    return any(
        connection.execute(query.where(columns.decision.in_(part)).limit(1)).first() is not None
        for part in parts(decisions)
    )
