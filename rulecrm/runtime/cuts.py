"""Cuts: where the values of a column stand among the numbers that it is compared with.

In: a column of numbers, and cuts in ascending order. Out: for each value how many cuts it reaches, as a small integer.
Invariant: a value reaches cut c exactly if it is at least c; NaN, the greatest number there is, reaches all of them.

A comparison with any of the cuts is then one with a byte or two, eight times less to read than a number.
"""

from __future__ import annotations

import math

import numpy as np

from rulecrm.runtime.arrays import Array, Ints

__all__ = ["Number", "above", "reached"]

Number = int | float

_BUCKETS = 1 << 14
_BLOCK = 1 << 15
"""Values looked at together: few enough for what is made on the way to stay in the cache."""
_CROWD = 4
"""More cuts than this in one bucket, and a binary search is quicker."""


def above(value: Number) -> Number:
    """The smallest number greater than `value`: `x > value` says that x reaches it."""
    return value + 1 if isinstance(value, int) else math.nextafter(value, math.inf)


def reached(values: Array, cuts: Array) -> Ints:
    """How many cuts each value reaches, as uint8 or uint16 (one more than that is still left free)."""
    dtype = np.uint8 if len(cuts) < 255 else np.uint16
    assert len(cuts) < 2**16 - 1
    low, high = cuts[0], cuts[-1]
    plain = values.dtype.kind in "iu" and int(low) > -(2**62) and int(high) < 2**62
    shift = max(int(high) - int(low), 0).bit_length() - _BUCKETS.bit_length() + 1 if plain else 0
    shift = max(shift, 0)
    # A bucket holds values that agree but for their last bits; bucket 0 those below all cuts.
    held = np.bincount(((cuts - low) >> shift) + 1, minlength=1) if plain else np.zeros(1, np.int64)
    crowd = int(held.max())
    if not plain or crowd > _CROWD:
        places: Ints = np.searchsorted(cuts, values, side="right").astype(dtype)
        return places
    before = np.concatenate(([0], np.cumsum(held)[:-1])).astype(dtype)
    following = np.append(cuts, np.iinfo(np.int64).max)
    found: Ints = np.empty(len(values), dtype)
    for start in range(0, len(values), _BLOCK):
        block = np.clip(values[start : start + _BLOCK].astype(np.int64, copy=False), low - 1, high)
        spots = block - low
        spots >>= shift
        spots += 1
        ranks = before[spots]
        for _ in range(crowd):
            ranks += block >= following[ranks]
        found[start : start + _BLOCK] = ranks
    return found
