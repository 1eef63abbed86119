"""The population: numbers over all subjects that exist at T, and the place of each among them.

In: a `PopulationOf` or a `Standing`, and the points of everyone at T. Out: one value, or a column.
Invariant: depends on the set of values alone, not on their order, so that shards may gather them as they come.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import numpy as np
import polars as pl

from rulecrm.model import ir
from rulecrm.model.types import AGE, BOOL, DURATION
from rulecrm.runtime.arithmetic import divide_arrays
from rulecrm.runtime.arrays import Array, Bools, Ints, masked, split
from rulecrm.runtime.limits import LARGEST, is_large, too_large
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.stretches import in_order, quantile
from rulecrm.runtime.values import Fixed

__all__ = ["Everyone", "Gathered", "Place", "Ungathered", "evaluate", "gather", "values_of"]

_FEW_TILES = 32

Gathered = object
"""What was gathered from all shards: the number itself, or the sorted values (an array) among which places are."""


Place = tuple[ir.PopulationOf | ir.Standing, int]
"""What is asked of the population, and the instant (microseconds) at which."""


class Ungathered(Exception):  # noqa: N818  (a request, not an error)
    """A shard needs something of the whole population first.

    Attributes:
        places: what, of which every shard can give its part now.
    """

    def __init__(self, places: tuple[Place, ...]) -> None:
        self.places = places
        super().__init__()


class Everyone(Protocol):
    """All subjects at one instant."""

    def series(self, expr: ir.Expr) -> pl.Series:
        """The value of each."""
        ...

    def mask(self, predicate: ir.Expr) -> Bools:
        """Where a predicate holds."""
        ...

    def there(self) -> Bools:
        """Which of them exist."""
        ...


def evaluate(
    node: ir.PopulationOf | ir.Standing, everyone: Everyone, gathered: Gathered | None = None
) -> Fixed | pl.Series:
    """The number (`Fixed`), or the place of each subject (a column).

    `gathered` is what `gather` made of all shards, where `everyone` is but one of them.
    """
    if isinstance(node, ir.PopulationOf) and gathered is not None:
        return Fixed(gathered[0] if isinstance(gathered, tuple) else gathered, dtype_of(node.type))
    column, counted = values_of(node, everyone)
    if isinstance(node, ir.PopulationOf):
        own = column if counted.all() else column.filter(pl.Series(counted))
        return Fixed(_number(node, own), dtype_of(node.type))
    values, placed = _comparable(column, counted)
    among = gathered if isinstance(gathered, np.ndarray) else np.sort(values[placed])
    return _place(node, values, placed, among)


def gather(node: ir.Expr, column: pl.Series) -> Gathered:
    """What shards need to know of the values of all subjects that count."""
    if isinstance(node, ir.PopulationOf):
        return (_number(node, column),)
    values, placed = _comparable(column, np.ones(len(column), bool))
    return np.sort(values[placed])


def values_of(node: ir.PopulationOf | ir.Standing, everyone: Everyone) -> tuple[pl.Series, Bools]:
    """The value of each subject, and which subjects count."""
    value = node.value if node.value.type != AGE else ir.Apply("elapsed", (node.value,), DURATION)
    column = everyone.series(value)
    counted = everyone.there()
    if node.among is not None:
        counted = counted & everyone.mask(node.among)
    return column, counted


# --- one number ---------------------------------------------------------------------------------------------------


def _number(node: ir.PopulationOf, column: pl.Series) -> object:
    whole = node.type.name in ("money", "duration")
    if node.value.type == BOOL:
        holds = int(column.fill_null(False).sum())
        if node.function == "count":
            return holds
        return holds / len(column) if len(column) else None
    known = column.drop_nulls()
    if node.function == "count":
        return len(known)
    if node.function == "distinct":
        return known.n_unique()
    if not len(known):
        return None
    match node.function:
        case "min":
            return known.cast(pl.String).min() if known.dtype == pl.Categorical else known.min()
        case "max":
            return known.cast(pl.String).max() if known.dtype == pl.Categorical else known.max()
        case "mode":
            sizes = known.value_counts(name="size").sort("size", known.name, descending=[True, False])
            return sizes.item(0, 0)
        case "median" | "quantile":
            q = Fraction(1, 2) if node.function == "median" else Fraction(Decimal(repr(node.args[0].value)))
            values = known.to_numpy()
            lower, upper = np.zeros(1, np.int64), np.full(1, len(values))
            return quantile(in_order(values, None, lower, upper), q, exact=whole).item()
    return _moments(node.function, known.to_numpy(), whole=whole)


def _moments(function: str, values: Array, *, whole: bool) -> object:
    n = len(values)
    total = _total(values)
    if function == "sum":
        return total
    if function == "mean":
        if whole:
            return int(divide_arrays(np.array([total]), np.array([n]))[0])
        return total / n
    assert function == "stddev", function
    if n < 2:
        return None
    mean = total / n
    deviation = math.sqrt(math.fsum((values.astype(np.float64) - mean) ** 2) / (n - 1))
    return round(deviation) if whole else deviation


def _total(values: Array) -> float | int:
    """The sum, rounded once, so that the order of subjects leaves no trace."""
    if values.dtype.kind != "f":
        if is_large(values) and abs(float(values.astype(np.float64).sum())) >= LARGEST:
            raise too_large()
        return int(values.sum(dtype=np.int64))
    if bool((values == np.rint(values)).all()) and float(np.abs(values).max()) * len(values) < 2**53:
        return float(values.sum())  # whole numbers this small add up exactly in any order
    return math.fsum(values)


# --- places -------------------------------------------------------------------------------------------------------


def _comparable(column: pl.Series, counted: Bools) -> tuple[Array, Bools]:
    """Values as an array that sorts, and which subjects are placed."""
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        words = column.cast(pl.String)
        present: Bools | None = words.is_not_null().to_numpy()
        values: Array = words.fill_null("").to_numpy().astype(np.dtypes.StringDType())
    else:
        values, present = split(column)
    return values, counted if present is None else counted & present


def _place(node: ir.Standing, values: Array, placed: Bools, among: Array) -> pl.Series:
    n = len(among)
    if node.function == "ntile":
        tiles = node.args[0].value
        assert isinstance(tiles, int)
        # At least m of n values are smaller than a value exactly if the m-th smallest is: k − 1 comparisons place all.
        tile = np.ones(len(values), np.int64)
        for number in range(1, min(tiles, _FEW_TILES) if n else 0):
            tile += values > among[-(-number * n // tiles) - 1]
        if tiles > _FEW_TILES:
            tile = np.searchsorted(among, values, side="left") * tiles // max(n, 1) + 1
        return masked(tile, placed)
    if node.function == "rank":
        rank: Ints = n - np.searchsorted(among, values, side="right") + 1
        return masked(rank.astype(np.int64), placed)
    return masked(np.searchsorted(among, values, side="left") / max(n, 1), placed)
