"""One advance: what it reads, and what it leaves, in one transaction.

In: a connection that holds the lock, the clock and where it goes. Out: frames in the physical form of `model.types`;
rows. Invariant: all that an advance writes and its clock are kept together, or not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import polars as pl
import sqlalchemy as sa

from rulecrm.model.decisions import DECISIONS, ENTRIES, GRANTED, JOURNEYS, Field
from rulecrm.state import bulk, queueing, tables
from rulecrm.state.bulk import Watch
from rulecrm.state.privacy import Tombstones
from rulecrm.state.receipts import reconcile
from rulecrm.state.refusals import refusal
from rulecrm.state.settings import RulesVersion
from rulecrm.state.told import told

__all__ = ["Advance"]

_CHANGES = ("version", "node", "step", "at", "past", "rounds", "carried", "ended", "reason")
"""Columns of a journey that later advances move; all others are those of its entry."""

_SETTLES = ("due", "choice", "channel", "template", "via", "values", "outcome", "reason")
"""Columns of a quiet decision that being asked again settles."""

_JOURNEYS = {field.name: field for field in JOURNEYS}
_DECISIONS = {field.name: field for field in DECISIONS}


class Advance:
    """An advance under way; `Ledger.advance` begins it, and keeps what it wrote if `finish` was called.

    Attributes:
        clock: where the ledger stands, microseconds; None before the first fact.
        to: where it goes.
        tombstones: who was erased, and must not enter again.
    """

    def __init__(self, connection: sa.Connection, clock: int | None, to: int, watch: Watch) -> None:
        self.clock = clock
        self.to = to
        self.tombstones = Tombstones.read(connection)
        self.finished = False
        self._connection = connection
        self._watch = watch
        self._written: list[pl.Series] = []
        self._needed: list[pl.Series] = []
        self._last = queueing.last(connection)
        self._counts = {"entered": 0, "moved": 0, "ended": 0, "decided": 0, "settled": 0, "erased": 0}

    def journeys(self) -> pl.DataFrame:
        """Every journey that has not ended: the columns of `JOURNEYS`, by journey."""
        return self._read(JOURNEYS, tables.journeys, tables.journeys.c.ended.is_(None))

    def entries(self, customers: pl.Series | None = None, campaign: str | None = None) -> pl.DataFrame:
        """Who has entered what: the columns `ENTRIES` of journeys, ended ones included.

        Args:
            customers: whose; of all where nothing is said.
            campaign: of this campaign alone.
        """
        fields = [_JOURNEYS[name] for name in ENTRIES]
        columns = tables.journeys.c
        query = sa.select(*(columns[name] for name in ENTRIES)).where(columns.erased == 0)
        if campaign is not None:
            query = query.where(columns.campaign == campaign)
        return self._of(customers, query, tables.journeys, bulk.physical(fields))

    def quiet(self) -> pl.DataFrame:
        """Decisions that are to be asked again by now: outcome `quiet`, due at `to` or before; by due and decision."""
        columns = tables.decisions.c
        where = sa.and_(columns.outcome == "quiet", columns.due <= self.to, columns.erased == 0)
        return self._read(DECISIONS, tables.decisions, where).sort("due", "decision")

    def granted(self, since: int, customers: pl.Series | None = None) -> pl.DataFrame:
        """Messages that count for caps and budgets, due after `since`: the columns `GRANTED`.

        A message counts once it was `queued`, whatever its channel has answered. Those of the erased count, too:
        a budget was spent on them.

        Args:
            since: instant, microseconds.
            customers: whose; of all where nothing is said.
        """
        columns = tables.decisions.c
        query = sa.select(*(columns[name] for name in GRANTED)).where(columns.granted == 1, columns.due > since)
        query = query.where(columns.action == "send")
        return self._of(customers, query, tables.decisions, bulk.physical([_DECISIONS[name] for name in GRANTED]))

    def told(self) -> pl.DataFrame:
        """What was sent, and what was told of it by now: the columns of `told.TOLD`."""
        self._watch("receipts")
        reconcile(self._connection)
        return told(self._connection)

    def write(
        self,
        *,
        journeys: pl.DataFrame | None = None,
        decisions: pl.DataFrame | None = None,
        settled: pl.DataFrame | None = None,
    ) -> None:
        """Write rows; may be called more than once.

        Rows of the erased are left out, and counted.

        Args:
            journeys: new ones, and those that have moved, with all columns of `JOURNEYS`.
            decisions: new ones, with all columns of `DECISIONS`.
            settled: quiet ones that were asked again, with `decision` and the columns that were settled (`due`,
                `choice`, `channel`, `template`, `via`, `values`, `outcome`, `reason`).

        Raises:
            RulesError: R459, a decision was already made, was not quiet, or belongs to no journey. Nothing is kept.
        """
        if self.finished:
            raise RuntimeError("nothing is written after `finish`")
        if journeys is not None:
            self._write_journeys(self._living(bulk.admitted(journeys, JOURNEYS, "journeys")))
        if decisions is not None:
            self._write_decisions(self._living(bulk.admitted(decisions, DECISIONS, "decisions")))
        if settled is not None:
            self._settle(settled)

    def finish(
        self, rules: RulesVersion, *, late: Mapping[str, int] | None = None, counts: Mapping[str, int] | None = None
    ) -> None:
        """Move the clock, and note with which rules; nothing can be written after it.

        Args:
            rules: as they are now; kept, once, so that what was decided can be understood later.
            late: rows that came too late to be seen in their time, by kind.
            counts: what else is to be told of this advance.
        """
        self._see_journeys()
        self._note_rules(rules)
        last = self._connection.execute(sa.select(sa.func.max(tables.advances.c.number))).scalar_one()
        self._watch("advances")
        self._connection.execute(
            sa.insert(tables.advances).values(
                {
                    "number": (last or 0) + 1,
                    "from": self.clock,
                    "to": self.to,
                    "rules": rules.hash,
                    "counts": json.dumps({**self._counts, **(counts or {})}),
                    "late": json.dumps(dict(late or {})),
                    "ran": time.time_ns() // 1000,
                }
            )
        )
        self._watch("clock")
        self._connection.execute(sa.update(tables.clock).values(clock=self.to))
        self._watch("commit")
        self.finished = True

    def _write_journeys(self, frame: pl.DataFrame) -> None:
        # What is entered now is new. Only at a clock that stays (late rows alone) may it have been entered before.
        old = frame.filter(pl.col("decided") <= self.clock) if self.clock is not None else frame.clear()
        if old.height:
            old = self._move(old)
        new = frame.join(old, on="journey", how="anti", maintain_order="left")
        if new.height:
            bulk.insert(self._connection, tables.journeys, new, self._watch)
        self._written.append(frame.get_column("journey"))
        self._counts["entered"] += new.height
        self._counts["moved"] += old.height
        self._counts["ended"] += frame.height - frame.get_column("ended").null_count()

    def _move(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Move the journeys that are there already; gives those."""
        with bulk.staged(self._connection, tables.journeys, frame) as stage:
            self._watch("journeys: moved")
            change = _change(tables.journeys, stage, "journey", _CHANGES, tables.journeys.c.erased == 0)
            if self._connection.execute(change).rowcount == frame.height:
                return frame
            found = sa.select(stage.c.journey).join(tables.journeys, tables.journeys.c.journey == stage.c.journey)
            there = bulk.fetch(self._connection, found, pl.Schema({"journey": pl.String()}))
        return frame.join(there, on="journey", how="semi", maintain_order="left")

    def _write_decisions(self, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        self._needed.append(frame.get_column("journey").unique())
        queueing.write(self._connection, frame, self._watch)
        self._counts["decided"] += frame.height

    def _see_journeys(self) -> None:
        """Every decision belongs to a journey: of this advance, or of an earlier one."""
        if not self._needed:
            return
        needed = pl.concat(self._needed).unique().to_frame()
        for written in self._written:
            needed = needed.join(written.to_frame(), on="journey", how="anti")
        if needed.is_empty():
            return
        lacking = queueing.without_journey(self._connection, self._last, needed)
        if lacking:
            raise refusal("R459", f"{lacking} journeys that were decided about are not in the ledger")

    def _settle(self, frame: pl.DataFrame) -> None:
        fields = [_DECISIONS[name] for name in ("decision", *_SETTLES)]
        frame = bulk.admitted(frame, fields, "settled decisions")
        if frame.is_empty():
            return
        columns = tables.decisions.c
        with bulk.staged(self._connection, tables.decisions, frame) as stage:
            self._watch("decisions: settled")
            asked = sa.and_(columns.outcome == "quiet", columns.erased == 0)
            changed = self._connection.execute(_change(tables.decisions, stage, "decision", _SETTLES, asked)).rowcount
            queued = frame.filter(pl.col("outcome") == "queued").height
            if queued:
                mine = columns.decision.in_(sa.select(stage.c.decision).where(stage.c.outcome == "queued"))
                self._connection.execute(sa.update(tables.decisions).where(mine).values(granted=1))
                queueing.queue(self._connection, mine, queued, self._watch)
        if changed != frame.height:
            message = f"{frame.height - changed} of {frame.height} decisions that are to be settled are not quiet"
            raise refusal("R459", message)
        self._counts["settled"] += changed

    def _note_rules(self, rules: RulesVersion) -> None:
        self._watch("rules")
        there = sa.select(tables.rules.c.rules).where(tables.rules.c.rules == rules.hash)
        if self._connection.execute(there).first() is None:
            self._connection.execute(
                sa.insert(tables.rules).values(
                    rules=rules.hash,
                    sources=json.dumps(dict(rules.sources), ensure_ascii=False),
                    params=json.dumps(dict(rules.params), ensure_ascii=False),
                    first_used=self.to,
                )
            )
        known = {tuple(row) for row in self._connection.execute(sa.select(*list(tables.campaigns.c)[:2]))}
        new = [pair for pair in rules.campaigns.items() if pair not in known]
        if new:
            rows = [{"campaign": campaign, "version": version, "rules": rules.hash} for campaign, version in new]
            self._connection.execute(sa.insert(tables.campaigns), rows)

    def _living(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not self.tombstones:
            return frame
        living = frame.filter(~self.tombstones.among(frame.get_column("customer")))
        self._counts["erased"] += frame.height - living.height
        return living

    def _read(self, fields: tuple[Field, ...], table: sa.TableClause, where: sa.ColumnElement[bool]) -> pl.DataFrame:
        query = sa.select(*(table.c[field.name] for field in fields)).where(where)
        return bulk.fetch(self._connection, query, bulk.physical(fields))

    def _of(
        self,
        customers: pl.Series | None,
        query: sa.Select[tuple[object, ...]],
        table: sa.TableClause,
        schema: pl.Schema,
    ) -> pl.DataFrame:
        if customers is None:
            return bulk.fetch(self._connection, query, schema)
        keys = pl.DataFrame({"customer": customers.cast(pl.String).drop_nulls().unique()})
        with bulk.staged(self._connection, table, keys) as stage:
            bulk.known(self._connection, stage)
            return bulk.fetch(self._connection, query.join(stage, table.c.customer == stage.c.customer), schema)


def _change(
    table: sa.TableClause, stage: sa.TableClause, key: str, columns: tuple[str, ...], where: sa.ColumnElement[bool]
) -> sa.Update:
    """Take these columns from the rows of the stage that have the same key."""
    values = {name: stage.c[name] for name in columns}
    return sa.update(table).where(table.c[key] == stage.c[key], where).values(values)
