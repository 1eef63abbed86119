"""What all benchmarks of one run share, and the check that all ways agree.

In: the options of the command. Out: `Setup`; `agree` raises where two frames of answers differ.
Invariant: frames are read from files written once, so every way sees the same bytes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
from attrs import frozen

from tests.benchmarks.shop import AS_OF, Shop, Size, open_shop, parquet

__all__ = ["Setup", "agree", "day"]


@frozen
class Setup:
    """The shop's size and place, how often each way is run, and how rows lie and customers are named."""

    size: Size
    data: Path | None = None
    repeat: int = 5
    shuffled: bool = False
    text_ids: bool = False
    sample: int = 5_000
    """Customers that the engines that go row by row are shown."""
    lines: int = 10_000
    """Length of the generated rules file."""
    levels: int = 1_000
    """Depth of the nest of segments."""
    decisions: int = 100_000
    """Decisions of one advance, and live journeys that it reads."""

    messages: int = 100_000
    """Messages that are sent."""
    imported: int = 1_000_000
    """Orders in a file that a seller has downloaded."""

    @property
    def folder(self) -> Path:
        """The Parquet files."""
        return parquet(self.data, self.size, text_ids=self.text_ids)

    def shop(self) -> Shop:
        """The frames, time-ordered unless `shuffled`."""
        shop = open_shop(self.folder)
        return shop.shuffled() if self.shuffled else shop


def day(turn: int) -> dt.datetime:
    """T of a round: another day each time, so that no way can hand out what it answered before."""
    return AS_OF - dt.timedelta(days=turn)


def agree(**ways: pl.DataFrame) -> None:
    """Compare frames of answers, whatever the order of their rows.

    Raises:
        AssertionError: names the segments that differ, and for how many customers.
    """
    (first, expected), *others = ways.items()
    expected = expected.sort("customer")
    for name, frame in others:
        actual = frame.sort("customer")
        assert actual.columns == expected.columns, f"{name} and {first} answer different questions"
        assert actual.get_column("customer").equals(expected.get_column("customer")), f"{name}: other customers"
        wrong = {
            column: count
            for column in expected.columns[1:]
            if (count := (~actual.get_column(column).eq_missing(expected.get_column(column))).sum())
        }
        assert not wrong, f"{name} differs from {first}: {wrong}"
