"""Aggregates: one value for each point from the rows it sees.

In: a `Selection` (a run of rows, and for each point a stretch of it) and the aggregate's values along that run.
Out: a column with one value a point, in physical form.
Invariant: each function does what the table of `ir.Aggregate` says; where running totals serve, a window costs two
look-ups and a subtraction, and money is never summed as a float.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
from attrs import define, evolve, field

from rulecrm.diagnostics.model import RulesError
from rulecrm.model import ir
from rulecrm.model.types import Type
from rulecrm.runtime import calendar
from rulecrm.runtime.arithmetic import divide_arrays
from rulecrm.runtime.arrays import Array, Bools, Ints, masked, split
from rulecrm.runtime.limits import LARGEST, is_large, too_large
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.stretches import Ordered, in_order, narrow, order_within, quantile, reduce, running, totals

__all__ = ["Selection", "aggregate"]


@define(eq=False)
class Selection:
    """The rows that each point sees.

    Attributes:
        at: instants along the run of rows.
        lower, upper: the stretch of each point.
        values: the aggregate's value along the run, or None.
        keep: a place to keep what depends on the run alone (running totals), shared between aggregates of one run.
        key: what to keep it under; None where the run is made for one use.
        now: T of each point (Int64), or one number.
        zone: the zone of calendar units.
        offsets: where each point is a subject and its stretch lies among that subject's own rows: where these begin.
            Then the order of values is worked out once for the run, whatever the stretches are.
        subjects: the subjects of the points, where they are but some of those of `offsets`.
        here: a place to keep what depends on the run and the stretches, shared between aggregates of one window.
    """

    at: Ints
    lower: Ints
    upper: Ints
    values: pl.Series | None
    keep: Memo[object, object]
    key: object
    now: Ints | int
    zone: str
    offsets: Ints | None = None
    subjects: Ints | None = None
    here: Memo[object, object] = field(factory=Memo)

    def kept(self, name: object, make: Callable[[], object]) -> object:
        """What `make` gives, made once for this run and value."""
        if self.key is None:
            return make()
        return self.keep.get((name, self.key), make)

    def ordered(self, name: str, values: Array, present: Bools | None, upper: Ints | None = None) -> Ordered:
        """The values of each stretch, sorted; `upper` where the stretches end elsewhere."""
        ends = self.upper if upper is None else upper
        if self.offsets is None or self.key is None:
            return in_order(values, present, self.lower, ends)
        offsets = self.offsets
        whole = self.kept(name, lambda: order_within(offsets, values, present))
        assert isinstance(whole, Ordered)
        place = (name, self.key, self.subjects is None)
        found = self.here.get(place, lambda: narrow(whole, self.lower, ends, self.subjects))
        assert isinstance(found, Ordered)
        return found

    @property
    def counts(self) -> Ints:
        """How many rows each point sees."""
        return self.upper - self.lower


def aggregate(node: ir.Aggregate, rows: Selection) -> pl.Series:
    """The value of an aggregate at every point.

    Where points are subjects and nearly all of them see the whole of their history, the values over whole histories
    (which no instant changes) are kept, and only the other subjects are looked at.
    """
    how = _FUNCTIONS[node.function]
    if rows.offsets is None or rows.key is None or node.function in _CHEAP or not _patches(node.type):
        return how(node, rows)
    part = rows.here.get("partly", lambda: _partly(rows))
    if not isinstance(part, Selection):
        return how(node, rows)
    offsets = rows.offsets

    def make() -> object:
        try:
            return how(node, evolve(rows, lower=offsets[:-1], upper=offsets[1:], here=Memo()))
        except RulesError:
            return None  # what is too large over a whole history need not be so up to T

    whole = rows.kept(("whole", node.function, node.args, node.type), make)
    if not isinstance(whole, pl.Series):
        return how(node, rows)
    if not len(part.lower):
        return whole
    assert part.subjects is not None
    patched = whole.clone()
    patched.scatter(part.subjects, how(node, evolve(part, values=rows.values, key=rows.key)).cast(whole.dtype))
    return patched


def _partly(rows: Selection) -> Selection | None:
    """The subjects that do not see the whole of their history; None if they are many."""
    assert rows.offsets is not None
    begin, end = rows.offsets[:-1], rows.offsets[1:]
    subjects = np.flatnonzero((rows.upper < end) | (rows.lower > begin))
    if len(subjects) * _FEW_OF > len(end):
        return None
    return evolve(rows, lower=rows.lower[subjects], upper=rows.upper[subjects], subjects=subjects)


def _patches(kind: Type) -> bool:
    """Whether single values of a column of this type can be replaced."""
    return kind.name not in ("list", "record")


_FEW_OF = 4
"""At most this part of all subjects may see less than their whole history, for its value to be of use."""

_CHEAP = frozenset({"count", "exists", "none", "streak"})
"""Functions of positions alone; and `streak`, which depends on T beyond the rows that are seen."""


# --- counting -----------------------------------------------------------------------------------------------------


def _count(_: ir.Aggregate, rows: Selection) -> pl.Series:
    if rows.values is None or rows.values.null_count() == 0:
        return pl.Series(rows.counts)
    return pl.Series(_present_counts(rows))


def _present_counts(rows: Selection) -> Ints:
    """How many rows of each point have a value."""
    assert rows.values is not None
    values = rows.values
    if values.null_count() == 0:
        return rows.counts

    def make() -> object:
        return totals(values.is_not_null().to_numpy())

    before = rows.kept("present", make)
    assert isinstance(before, np.ndarray)
    counts: Ints = before[rows.upper] - before[rows.lower]
    return counts


def _exists(node: ir.Aggregate, rows: Selection) -> pl.Series:
    some = rows.upper > rows.lower
    return pl.Series(some if node.function == "exists" else ~some)


def _share(_: ir.Aggregate, rows: Selection) -> pl.Series:
    assert rows.values is not None
    values = rows.values
    before = rows.kept("share", lambda: totals(values.fill_null(False).to_numpy()))
    assert isinstance(before, np.ndarray)
    counts = rows.counts
    hits = before[rows.upper] - before[rows.lower]
    return masked(hits / np.maximum(counts, 1), counts > 0)


# --- sums ---------------------------------------------------------------------------------------------------------


def _sum(_: ir.Aggregate, rows: Selection) -> pl.Series:
    return masked(_sums(rows), _present_counts(rows) > 0)


def _sums(rows: Selection) -> Array:
    assert rows.values is not None
    values, _ = split(rows.values)
    if values.dtype.kind == "f":
        # A difference of running totals would bring other rows' rounding in.
        return reduce(np.add, values, rows.lower, rows.upper)[0]
    before = rows.kept("sum", lambda: running(values))
    assert isinstance(before, np.ndarray)
    sums: Array = before[rows.upper] - before[rows.lower]
    if rows.kept("large", lambda: is_large(values)) and len(sums):
        # Totals of all rows may wrap round and their differences still be right, but for a sum itself too large.
        near, _ = reduce(np.add, values.astype(np.float64), rows.lower, rows.upper)
        if float(np.abs(near).max()) >= LARGEST:
            raise too_large()
    return sums


def _mean(node: ir.Aggregate, rows: Selection) -> pl.Series:
    sums, counts = _sums(rows), _present_counts(rows)
    safe = np.maximum(counts, 1)
    means = divide_arrays(sums, safe) if node.type.name in ("money", "duration") else sums / safe
    return masked(means, counts > 0)


def _stddev(node: ir.Aggregate, rows: Selection) -> pl.Series:
    assert rows.values is not None
    values, present = split(rows.values)
    ordered = rows.ordered("order", values, present)
    counts = np.diff(ordered.starts)
    floats = ordered.values.astype(np.float64)
    sums, _ = reduce(np.add, floats, ordered.starts[:-1], ordered.starts[1:])
    centred = floats - np.repeat(sums / np.maximum(counts, 1), counts)
    squares, _ = reduce(np.add, centred * centred, ordered.starts[:-1], ordered.starts[1:])
    deviation: Array = np.sqrt(squares / np.maximum(counts - 1, 1))
    if node.type.name in ("money", "duration"):
        deviation = np.rint(deviation).astype(np.int64)
    return masked(deviation, counts > 1)


# --- order --------------------------------------------------------------------------------------------------------


def _extreme(node: ir.Aggregate, rows: Selection) -> pl.Series:
    assert rows.values is not None
    low = node.function == "min"
    if rows.values.dtype in (pl.String, pl.Categorical, pl.Enum):
        words = rows.values.cast(pl.String)
        order = pl.Enum(words.drop_nulls().unique().sort())
        numbers = words.cast(order).to_physical().cast(pl.Int64)
        best = _extremes(numbers, rows, low=low)
        return order.categories.gather(best.cast(pl.UInt32)).alias("")
    return _extremes(rows.values, rows, low=low)


def _extremes(column: pl.Series, rows: Selection, *, low: bool) -> pl.Series:
    values, present = split(column)
    if present is not None:
        limits = np.finfo(values.dtype) if values.dtype.kind == "f" else np.iinfo(values.dtype)
        values = np.where(present, values, limits.max if low else limits.min)
    best, _ = reduce(np.minimum if low else np.maximum, values, rows.lower, rows.upper)
    return masked(best, _present_counts(rows) > 0)


def _quantile(node: ir.Aggregate, rows: Selection) -> pl.Series:
    assert rows.values is not None
    q = Fraction(1, 2) if node.function == "median" else Fraction(Decimal(repr(node.args[0].value)))
    values, present = split(rows.values)
    ordered = rows.ordered("order", values, present)
    return quantile(ordered, q, exact=node.type.name in ("money", "duration"))


def _pick(node: ir.Aggregate, rows: Selection) -> pl.Series:
    """first, last, nth."""
    assert rows.values is not None
    if node.function == "first":
        spots = rows.lower
    elif node.function == "last":
        spots = rows.upper - 1
    else:
        n = node.args[0].value
        assert isinstance(n, int)
        spots = rows.lower + n - 1 if n > 0 else rows.upper + n
    seen = (spots >= rows.lower) & (spots < rows.upper)
    return rows.values.gather(masked(spots.astype(np.int64), seen))


# --- kinds of values ----------------------------------------------------------------------------------------------


def _numbered(rows: Selection) -> tuple[Ints, Bools | None]:
    """The value of each row as a small number, equal for equal values."""
    assert rows.values is not None
    values = rows.values

    def make() -> object:
        if values.dtype in (pl.String, pl.Categorical, pl.Enum):
            numbers = values.cast(pl.String).cast(pl.Categorical(pl.Categories.random())).to_physical()
        else:
            numbers = values.rank("dense")
        return split(numbers.cast(pl.Int64))

    numbered = rows.kept("numbers", make)
    assert isinstance(numbered, tuple)
    return numbered


def _distinct(_: ir.Aggregate, rows: Selection) -> pl.Series:
    numbers, present = _numbered(rows)
    ordered = rows.ordered("order of numbers", numbers, present)
    fresh = _run_starts(ordered.values, ordered.starts)
    before = totals(fresh)[ordered.starts]
    return pl.Series(before[1:] - before[:-1])


def _run_starts(values: Array, starts: Ints) -> Bools:
    """Where in sorted stretches a new value begins."""
    fresh = np.ones(len(values), bool)
    fresh[1:] = values[1:] != values[:-1]
    inner = starts[:-1]
    fresh[inner[inner < len(values)]] = True
    return fresh


def _mode(_: ir.Aggregate, rows: Selection) -> pl.Series:
    assert rows.values is not None
    numbers, present = _numbered(rows)
    ordered = rows.ordered("order of numbers", numbers, present)
    if not len(ordered.values):
        return rows.values.clear().extend_constant(None, len(rows.lower))
    fresh = _run_starts(ordered.values, ordered.starts)
    begins = np.flatnonzero(fresh)
    sizes = np.diff(np.append(begins, len(ordered.values)))
    latest = np.maximum.reduceat(ordered.positions, begins)
    # Of the most frequent values the one seen last: one number that grows with the count, then with the position.
    bits = len(rows.at).bit_length()
    score = (sizes << bits) | latest
    owner = totals(fresh)
    best, filled = reduce(np.maximum, score, owner[ordered.starts[:-1]], owner[ordered.starts[1:]])
    return rows.values.gather(masked(best & ((1 << bits) - 1), filled))


# --- rhythm -------------------------------------------------------------------------------------------------------


def _mean_gap(_: ir.Aggregate, rows: Selection) -> pl.Series:
    counts = rows.counts
    enough = counts > 1
    if not len(rows.at):
        return masked(np.zeros(len(counts), np.int64), enough)
    last = len(rows.at) - 1
    spans = rows.at[np.clip(rows.upper - 1, 0, last)] - rows.at[np.minimum(rows.lower, last)]
    return masked(divide_arrays(np.where(enough, spans, 0), np.maximum(counts - 1, 1).astype(np.int64)), enough)


def _gaps(node: ir.Aggregate, rows: Selection) -> pl.Series:
    steps = np.diff(rows.at, append=rows.at[-1:])
    upper = np.maximum(rows.upper - 1, rows.lower)
    if node.function == "max_gap":
        return masked(*reduce(np.maximum, steps, rows.lower, upper))
    present: Bools | None = None
    if rows.offsets is not None:
        # The last row of a subject has no step: with that said once, a stretch up to it need not be cut short.
        begin, end = rows.offsets[:-1], rows.offsets[1:]
        own = end if rows.subjects is None else end[rows.subjects]
        present = np.ones(len(steps), bool)
        present[end[end > begin] - 1] = False
        upper = np.where(rows.upper == own, own, upper)
    return quantile(rows.ordered("order of steps", steps, present, upper), Fraction(1, 2), exact=True)


def _units(node: ir.Aggregate, rows: Selection) -> Ints:
    unit = str(node.args[0].value)

    def make() -> object:
        column = pl.DataFrame({"at": rows.at}).select(calendar.ordinal(unit, pl.col("at"), rows.zone))
        return column.to_series().to_numpy()

    units = rows.kept(f"units {unit}", make)
    assert isinstance(units, np.ndarray)
    return units


def _periods(node: ir.Aggregate, rows: Selection) -> pl.Series:
    units = _units(node, rows)
    if not len(units):
        return pl.Series(np.zeros(len(rows.lower), np.int64))
    changes = np.zeros(len(units), np.int64)
    changes[1:] = units[1:] != units[:-1]
    before = np.cumsum(changes)
    filled = rows.upper > rows.lower
    last = np.clip(rows.upper - 1, 0, len(units) - 1)
    first = np.minimum(rows.lower, len(units) - 1)
    return pl.Series(np.where(filled, before[last] - before[first] + 1, 0))


def _streak(node: ir.Aggregate, rows: Selection) -> pl.Series:
    units = _units(node, rows)
    if not len(units):
        return pl.Series(np.zeros(len(rows.lower), np.int64))
    now = np.atleast_1d(np.asarray(rows.now, np.int64))
    unit = str(node.args[0].value)
    current = pl.DataFrame({"at": now}).select(calendar.ordinal(unit, pl.col("at"), rows.zone)).to_series().to_numpy()
    # A run ends where the next row's unit is neither the same nor the next; runs that cross from one subject to the
    # next do no harm, since the stretch's first row bounds them.
    breaks = np.ones(len(units), bool)
    breaks[1:] = (units[1:] - units[:-1] > 1) | (units[1:] < units[:-1])
    begins = np.maximum.accumulate(np.where(breaks, np.arange(len(units)), 0))
    last = np.clip(rows.upper - 1, 0, len(units) - 1)
    first = np.maximum(begins[last], np.minimum(rows.lower, len(units) - 1))
    alive = (rows.upper > rows.lower) & (units[last] >= current - 1)
    return pl.Series(np.where(alive, units[last] - units[first] + 1, 0))


_FUNCTIONS: dict[str, Callable[[ir.Aggregate, Selection], pl.Series]] = {
    "count": _count,
    "exists": _exists,
    "none": _exists,
    "share": _share,
    "sum": _sum,
    "mean": _mean,
    "stddev": _stddev,
    "min": _extreme,
    "max": _extreme,
    "median": _quantile,
    "quantile": _quantile,
    "first": _pick,
    "last": _pick,
    "nth": _pick,
    "distinct": _distinct,
    "mode": _mode,
    "mean_gap": _mean_gap,
    "median_gap": _gaps,
    "max_gap": _gaps,
    "periods": _periods,
    "streak": _streak,
}
