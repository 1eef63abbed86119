"""From an account of a platform into the store.

In: an account, a store. Out: `Synced`.
Invariant: rows and the cursor behind them are kept in one commit; whatever ends a run, what was committed before is
whole, and the next run begins at its cursor.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from typing import TypeVar

import polars as pl
from attrs import define, field

from rulecrm.intake.accounts import Account
from rulecrm.intake.admission import Admitted, admit_rows, with_their_orders
from rulecrm.intake.contacts import forget, less_personal
from rulecrm.intake.told import Synced
from rulecrm.lake import FactStore, Tally
from rulecrm.model.schema import Schema
from rulecrm.plugin import Batch, Cursor, LaterError, PlatformContext, Refused, StoppedError, installed
from rulecrm.runtime import refresh_index

__all__ = ["Progress", "Writing", "async_sync", "sync"]

T = TypeVar("T")

_ROWS = 20_000
_PAUSE = dt.timedelta(minutes=2)
"""What is waiting is committed once it is so many rows, or so old: a slow platform gives a page in minutes."""

Progress = Callable[[str, int, dt.datetime | None], None]
"""Told of an account's name, rows received so far, and until when everything is known."""


@define
class Writing:
    """Rows on their way into the store, gathered so that a commit is worth its while.

    Attributes:
        tallies: of what was put, by frame.
        waiting: rows that wait.
        contacts: what becomes of what tells who somebody is; see `Account`.
    """

    store: FactStore
    origin: str
    schema: Schema
    now: Callable[[], dt.datetime]
    contacts: str = "keep"
    tallies: dict[str, Tally] = field(factory=dict)
    waiting: int = 0
    received: int = 0
    _frames: dict[tuple[str, tuple[str, ...]], list[pl.DataFrame]] = field(factory=dict)
    _refused: list[Refused] = field(factory=list)
    _cursor: Cursor | None = None
    _changed: bool = False

    def add(self, batch: Batch) -> None:
        """Take a batch; its cursor is kept with the commit that keeps its rows.

        Raises:
            TypeError: the batch is not what a batch has to be: a mistake of the plugin's.
        """
        admitted = {frame: admit_rows(frame, rows, self.origin, self.schema) for frame, rows in batch.rows.items()}
        if {"orders", "items"} <= admitted.keys():
            admitted["items"] = with_their_orders(admitted["items"], admitted["orders"])
        for group in admitted.values():
            for one in group:
                self._take(one)
        self._refuse(batch.refused)
        if batch.cursor is not None:
            self._cursor, self._changed = batch.cursor, True

    def commit(self) -> None:
        """Keep what waits, and the cursor behind it."""
        if not self.waiting and not self._changed:
            return
        with self.store.writer(self.now()) as writer:
            for (frame, _), parts in self._frames.items():
                self._tell(frame, writer.put(self.origin, frame, pl.concat(parts)))
            for frame in dict.fromkeys(one.frame for one in self._refused):
                theirs = [one for one in self._refused if one.frame == frame]
                self._tell(frame, writer.refuse(self.origin, theirs))
            writer.commit({} if self._cursor is None else {self.origin: self._cursor})
        self._frames.clear()
        self._refused.clear()
        self.waiting, self._changed = 0, False

    def _tell(self, frame: str, tally: Tally) -> None:
        self.tallies[frame] = self.tallies[frame] + tally if frame in self.tallies else tally

    def _take(self, admitted: Admitted) -> None:
        rows = admitted.rows
        if admitted.frame == "customers":
            rows = less_personal(rows, self.contacts, self.store)
        if rows.height:
            columns = tuple(sorted(rows.columns))
            self._frames.setdefault((admitted.frame, columns), []).append(rows.select(columns))
            self._count(rows.height)
        self._refuse(admitted.refused)

    def _refuse(self, refused: Sequence[Refused]) -> None:
        self._refused.extend(refused)
        self._count(len(refused))

    def _count(self, rows: int) -> None:
        self.waiting += rows
        self.received += rows


async def async_sync(
    account: Account,
    store: FactStore,
    *,
    until: dt.datetime | None = None,
    context: PlatformContext | None = None,
    progress: Progress | None = None,
) -> Synced:
    """Pull what has changed at an account into the store.

    Args:
        account: whose.
        store: where.
        until: what changes later may be left for the next time; now where nothing is said.
        context: time, chance, and where renewed tokens are kept.
        progress: told after each batch.

    Raises:
        RulesError: the account cannot be set up, a secret is not there, or the store cannot be written.
    """
    context = context or PlatformContext()
    until = until or context.now()
    writing = Writing(store, account.name, installed().schema(), context.now, account.contacts)
    remarks: Counter[str] = Counter()
    reached, stopped, later, after = None, None, None, None
    source = account.open(context)
    kept_at = context.now()
    try:
        async with aclosing(source.pull(store.cursor(account.name), until)) as batches:
            async for batch in batches:
                writing.add(batch)
                remarks.update(batch.remarks)
                reached = batch.until or reached
                if writing.waiting >= _ROWS or context.now() - kept_at > _PAUSE:
                    writing.commit()
                    kept_at = context.now()
                if progress is not None:
                    progress(account.name, writing.received, reached)
    except StoppedError as error:
        stopped = str(error)
    except LaterError as error:
        later, after = str(error), error.after
    finally:
        await source.close()
    writing.commit()
    keeps = account.platform.keeps_personal
    erased = 0 if keeps is None else forget(store, account.name, keeps, context.now())
    return Synced(account.name, writing.tallies, dict(remarks), reached, stopped, later, after, erased)


def sync(
    accounts: Account | Iterable[Account],
    into: FactStore | str | PathLike[str],
    *,
    until: dt.datetime | None = None,
    context: PlatformContext | Callable[[Account], PlatformContext] | None = None,
    progress: Progress | None = None,
) -> tuple[Synced, ...]:
    """Pull what has changed at accounts into a store, which is made where there is none; accounts one after another.

    An account that has to stop does not keep the others from going on. An index that is kept in the store is brought up
    to date. Arguments and errors are those of `async_sync`; `context` may be one, or be made for each account.
    """
    several = [accounts] if isinstance(accounts, Account) else list(accounts)
    store = into if isinstance(into, FactStore) else FactStore.open(Path(into), create=True)

    async def each() -> tuple[Synced, ...]:
        done: list[Synced] = []
        for account in several:
            own = context(account) if callable(context) else context
            done.append(await async_sync(account, store, until=until, context=own, progress=progress))
        return tuple(done)

    try:
        return asyncio.run(each())
    finally:
        refresh_index(store.path)
