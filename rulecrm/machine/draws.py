"""Draws: the bucket of every customer, for the control group, the holdout and splits.

In: keys of customers, a seed. Out: buckets from 0 to 9999, and the arm of a journey.
Invariant: a bucket depends on the key and the seed alone; each is worked out once, when it is first asked for.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.model.decisions import bucket_seed
from rulecrm.model.machine import Campaign
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.hashing import bucket
from rulecrm.runtime.store import Store

__all__ = ["Draws", "arms", "buckets"]

_UNKNOWN = -1


@frozen
class Draws:
    """What decides about arms and branches: the engine's seed, and the holdout of the policy in buckets."""

    seed: str = "rulecrm"
    holdout: int = 0


def buckets(store: Store, subject: str, seed: str, codes: Ints) -> Ints:
    """The bucket of each of these customers."""
    keys = store.register(subject).keys
    known = store.derived.get(("buckets", subject, seed), lambda: np.full(len(keys), _UNKNOWN, np.int16))
    assert isinstance(known, np.ndarray)
    new = np.unique(codes[known[codes] == _UNKNOWN])
    if len(new):
        drawn = keys.gather(pl.Series(new)).to_frame("key").select(bucket(pl.col("key"), seed))
        known[new] = drawn.to_series().to_numpy()
    return known[codes]


def arms(store: Store, subject: str, draws: Draws, campaign: Campaign, codes: Ints) -> pl.Series:
    """`control`, `holdout` or `treated`; whoever is in both of the first is in the control group."""
    arm = np.zeros(len(codes), np.int8)
    if draws.holdout:
        arm[buckets(store, subject, bucket_seed(draws.seed, "", "holdout"), codes) < draws.holdout] = 1
    if campaign.control:
        seed = bucket_seed(draws.seed, campaign.symbol, "control")
        arm[buckets(store, subject, seed, codes) < campaign.control] = 2
    return pl.Series(["treated", "holdout", "control"]).gather(pl.Series(arm))
