"""Reductions over stretches of an array: sums, extremes and order statistics of positions [lower, upper).

In: values along a run of rows, and for each point a stretch of it. Out: one value a point.
Invariant: stretches may overlap, be empty, and come in any order; the result for one depends on its own rows alone.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.runtime.arithmetic import divide_arrays
from rulecrm.runtime.arrays import Array, Bools, Ints, expand, masked

__all__ = ["Ordered", "in_order", "narrow", "order_within", "quantile", "reduce", "running", "totals"]


def running(values: Array) -> Array:
    """Totals before each position: one more than there are values, the first 0."""
    dtype = np.float64 if values.dtype.kind == "f" else np.int64
    totals = np.zeros(len(values) + 1, dtype)
    np.cumsum(values, out=totals[1:], dtype=dtype)
    return totals


def totals(counts: Array) -> Ints:
    """The same for counts, or for truth values that are counted."""
    small = counts.dtype == bool and len(counts) < 2**31
    result: Ints = np.zeros(len(counts) + 1, np.int32 if small else np.int64)
    np.cumsum(counts, out=result[1:], dtype=result.dtype)
    return result


def reduce(how: np.ufunc, values: Array, lower: Ints, upper: Ints) -> tuple[Array, Bools]:
    """A ufunc's reduction of each stretch, and which stretches have rows (elsewhere the result is 0)."""
    filled = upper > lower
    result = np.zeros(len(lower), values.dtype)
    if filled.any():
        ends = np.empty(2 * int(filled.sum()), np.int64)
        ends[::2], ends[1::2] = lower[filled], upper[filled]
        padded = np.concatenate((values, values[:1]))
        result[filled] = how.reduceat(padded, ends)[::2]
    return result, filled


@frozen
class Ordered:
    """The values of each stretch, sorted: those of point i are `values[starts[i] : starts[i + 1]]`.

    `positions` says where in the run each value stood.
    """

    values: Array
    positions: Ints
    starts: Ints


def in_order(values: Array, present: Bools | None, lower: Ints, upper: Ints) -> Ordered:
    """Sort the values of each stretch, missing ones left out."""
    which, positions = expand(lower, upper)
    if present is not None:
        kept = present[positions]
        which, positions = which[kept], positions[kept]
    chosen = values[positions]
    counts = np.bincount(which, minlength=len(lower)) if len(which) else np.zeros(len(lower), np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)))
    order = _order_packed(which, chosen) if _packs(which, chosen) else _order_short(chosen, starts)
    return Ordered(chosen[order], positions[order], starts)


def order_within(offsets: Ints, values: Array, present: Bools | None) -> Ordered:
    """Sort the values of each subject's rows, to be kept: subject c has rows [offsets[c], offsets[c + 1])."""
    found = in_order(values, present, offsets[:-1], offsets[1:])
    return Ordered(found.values, found.positions.astype(offsets.dtype), found.starts.astype(offsets.dtype))


def narrow(whole: Ordered, lower: Ints, upper: Ints, subjects: Ints | None = None) -> Ordered:
    """What `in_order` would give for stretches that lie each within the rows of its own subject.

    Args:
        whole: from `order_within`.
        lower: where the stretches begin.
        upper: where they end.
        subjects: the subject of each; None for all of them, in their order.
    """
    if subjects is None:
        values, positions, starts = whole.values, whole.positions, whole.starts
    else:
        begin, end = whole.starts[subjects], whole.starts[subjects + 1]
        _, spots = expand(begin, end)
        values, positions = whole.values[spots], whole.positions[spots]
        starts = totals(end - begin).astype(whole.starts.dtype)
    counts = np.diff(starts)
    kept = positions >= np.repeat(lower, counts)
    kept &= positions < np.repeat(upper, counts)
    return Ordered(values[kept], positions[kept], totals(kept)[starts])


_FEW = 24
"""Stretches up to this length are sorted together, all of one length at once."""


def _order_short(values: Array, starts: Ints) -> Ints:
    """The order of values within stretches that follow one another, by sorting stretches of one length together."""
    lengths = np.diff(starts)
    order = np.arange(len(values))
    for length in range(2, min(_FEW, int(lengths.max(initial=0))) + 1):
        begins = starts[:-1][lengths == length]
        if len(begins):
            spots = begins[:, None] + np.arange(length)
            inner = np.argsort(values[spots], axis=1, kind="stable")
            order[spots] = np.take_along_axis(spots, inner, axis=1)
    long = np.flatnonzero(lengths > _FEW)
    if len(long):
        which, spots = expand(starts[:-1][long], starts[1:][long])
        order[spots] = spots[np.lexsort((values[spots], which))]
    return order


def _packs(which: Ints, values: Array) -> bool:
    """Whether stretch, value and position fit into one integer."""
    if len(values) < 2 or values.dtype.kind not in "iu":
        return False
    span = int(values.max()) - int(values.min())
    return int(which[-1]).bit_length() + span.bit_length() + len(values).bit_length() <= 62


def _order_packed(which: Ints, values: Array) -> Ints:
    rows, low = len(values), int(values.min())
    value_bits, row_bits = (int(values.max()) - low).bit_length(), rows.bit_length()
    packed = (((which << value_bits) | (values.astype(np.int64) - low)) << row_bits) | np.arange(rows)
    packed.sort()
    order: Ints = packed & ((1 << row_bits) - 1)
    return order


def quantile(ordered: Ordered, q: Fraction, *, exact: bool) -> pl.Series:
    """The q-quantile of each stretch, linear between the ranks (n − 1)·q; missing over no values.

    `exact` rounds to an integer, halves to even (money, durations); otherwise the result is a float.
    """
    counts = np.diff(ordered.starts)
    filled = counts > 0
    rank = np.maximum(counts - 1, 0) * q.numerator
    below, part = rank // q.denominator, rank % q.denominator
    start = ordered.starts[:-1]
    values = np.concatenate((ordered.values, ordered.values[-1:])) if len(ordered.values) else np.zeros(1, np.int64)
    low = values[np.minimum(start + below, len(values) - 1)]
    high = values[np.minimum(start + below + (part > 0), len(values) - 1)]
    result: Array
    if exact:
        result = divide_arrays(low * q.denominator + (high - low) * part, np.full(len(low), q.denominator))
    elif values.dtype.kind == "f":
        result = low + (high - low) * (part / q.denominator)
    else:
        result = (low * q.denominator + (high - low) * part) / q.denominator
    return masked(result, filled)
