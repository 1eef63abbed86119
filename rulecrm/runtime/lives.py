"""Lives: what the states of lifecycles are asked of, whoever works them out.

In: nothing. Out: the two protocols by which `machine`, which stands above, lends the engine its timelines.
Invariant: what is said of an instant depends on facts at or before it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from rulecrm.runtime.arrays import Ints

if TYPE_CHECKING:
    from rulecrm.runtime.run import Run

__all__ = ["Lender", "Lives"]


class Lives(Protocol):
    """One lifecycle of every customer, up to an instant."""

    @property
    def horizon(self) -> int:
        """The last instant that may be asked about (microseconds since 1970-01-01 UTC)."""
        ...

    def part(self, part: str, codes: Ints | None, instants: int | Ints) -> pl.Series:
        """`state`, `since`, `previous` or `moves` (see `ir.State`) of customers, each as of an instant.

        Args:
            part: which.
            codes: of customers, −1 for one whom no fact knows; None for all.
            instants: one for all or one each, none after the horizon.
        """
        ...


class Lender(Protocol):
    """Gives the lives of a lifecycle."""

    def __call__(self, run: Run, symbol: str, horizon: int) -> Lives:
        """Those of the lifecycle `symbol`, which may reach further than `horizon`."""
        ...
