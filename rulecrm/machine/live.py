"""Journeys as arrays: where each one is, since when, and what it carries along.

In: nothing but arrays. Out: `Journeys`, one entry a journey in every array.
Invariant: `fixed` never changes after the entry; everything else is of the journey's last move.

Which rows at `at` are past is kept as a number of rows of each kind, never as a position: positions change whenever a
fact arrives, the order of the rows of one kind at one instant does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import define, frozen

from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.register import NEVER

__all__ = ["LEFT", "NOWHERE", "Fixed", "Journeys", "begin", "journey_ids", "together"]

NOWHERE = -1
"""Stands for the node of a journey that never rested, and for the reason of one that has not ended."""

LEFT = -2
"""The reason of a journey that ended because the customer left its state; other reasons are numbers of `Stop` nodes."""


@frozen(eq=False)
class Fixed:
    """What is settled at the entry.

    Attributes:
        code: codes of the customers, −1 where no fact knows the customer (such a journey rests where it is).
        entered: instants.
        turn: which of the journeys of its line at that instant it is.
        text: `customer`, `line`, `why`, `arm`, `version` (String) and `decided` (Int64).
        carried: fields of the entering row by name, physical.
    """

    code: Ints
    entered: Ints
    turn: Ints
    text: pl.DataFrame
    carried: pl.DataFrame

    def take(self, which: Ints) -> Fixed:
        """Some of them."""
        rows = pl.Series(which)
        return Fixed(
            self.code[which],
            self.entered[which],
            self.turn[which],
            self.text.select(pl.all().gather(rows)),
            self.carried.select(pl.all().gather(rows)) if self.carried.width else self.carried,
        )


@define(eq=False)
class Journeys:
    """Journeys of one version of one campaign.

    Attributes:
        fixed: what does not change.
        left: when the customer leaves the state that the journey belongs to; NEVER where there is none.
        node: number of the node it is at.
        step: number of the node it last rested at, NOWHERE if it never did.
        at: instant of its last move.
        all_past: whether all rows at `at` are past.
        past: by kind, how many rows at `at` are past, where not all are.
        rounds: a row for each loop: its round, 0 before the first.
        starts: a row for each loop: its start.
        ended: NEVER while it is under way.
        reason: the number of the `Stop` it came to, LEFT, or NOWHERE.
        moved: whether it was entered, or has moved, since it was loaded.
    """

    fixed: Fixed
    left: Ints
    node: Ints
    step: Ints
    at: Ints
    all_past: Bools
    past: dict[str, Ints]
    rounds: Ints
    starts: Ints
    ended: Ints
    reason: Ints
    moved: Bools

    def __len__(self) -> int:
        return len(self.node)

    def take(self, which: Ints) -> Journeys:
        """Some of them, in the order given."""
        return Journeys(
            self.fixed.take(which),
            self.left[which],
            self.node[which],
            self.step[which],
            self.at[which],
            self.all_past[which],
            {kind: count[which] for kind, count in self.past.items()},
            self.rounds[:, which],
            self.starts[:, which],
            self.ended[which],
            self.reason[which],
            self.moved[which],
        )

    @property
    def under_way(self) -> Bools:
        """Which have not ended."""
        going: Bools = self.ended == NEVER
        return going

    def locals(self, which: Ints) -> Mapping[str, pl.Series]:
        """What expressions read as `entry` and `entry.FIELD`."""
        values = {"entry": pl.Series(self.fixed.entered[which])}
        rows = pl.Series(which)
        for column in self.fixed.carried:
            values[f"entry.{column.name}"] = column.gather(rows)
        return values


def begin(fixed: Fixed, left: Ints, past: dict[str, Ints], all_past: Bools, *, start: int, loops: int) -> Journeys:
    """Journeys at the instant of their entry, at the first node."""
    n = len(fixed.code)
    return Journeys(
        fixed,
        left,
        np.full(n, start, np.int32),
        np.full(n, NOWHERE, np.int32),
        fixed.entered.copy(),
        all_past,
        past,
        np.zeros((loops, n), np.int32),
        np.zeros((loops, n), np.int64),
        np.full(n, NEVER),
        np.full(n, NOWHERE, np.int32),
        np.ones(n, bool),
    )


def together(parts: Sequence[Journeys]) -> Journeys:
    """All journeys of the parts (of one campaign; one part at least)."""
    if len(parts) == 1:
        return parts[0]
    fixed = Fixed(
        np.concatenate([part.fixed.code for part in parts]),
        np.concatenate([part.fixed.entered for part in parts]),
        np.concatenate([part.fixed.turn for part in parts]),
        pl.concat([part.fixed.text for part in parts]),
        pl.concat([part.fixed.carried for part in parts]),
    )
    return Journeys(
        fixed,
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.node for part in parts]),
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.all_past for part in parts]),
        {kind: np.concatenate([part.past[kind] for part in parts]) for kind in parts[0].past},
        np.concatenate([part.rounds for part in parts], axis=1),
        np.concatenate([part.starts for part in parts], axis=1),
        np.concatenate([part.ended for part in parts]),
        np.concatenate([part.reason for part in parts]),
        np.concatenate([part.moved for part in parts]),
    )


def journey_ids(campaign: str, fixed: Fixed) -> pl.Series:
    """`decisions.journey_id` of each."""
    columns = fixed.text.select("customer", pl.col("line").fill_null("")).with_columns(
        pl.Series("entered", fixed.entered), pl.Series("turn", fixed.turn)
    )
    form = pl.format(
        "{}|{}|{}|{}|{}", pl.lit(campaign), "customer", "line", pl.col("entered"), pl.col("turn")
    )  # fmt: skip
    return columns.select(form).to_series()
