"""The share of those observed to whom something has happened by each day, when not all were observed equally long.

In: counts by day of what happened and of whose observation ended. Out: arrays by day.
Invariant: whoever is observed for c whole days is at risk on the days 1 to c (and on day 0), and on no other.

E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", Journal of the American Statistical
Association 53 (1958), 457-481; the variance is Greenwood's (1926), the interval is on the log(-log) scale, after
J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data" (1980). Where the observed are not
independent, the variance is a jackknife's that leaves out one group after another: B. Efron and C. Stein, "The
Jackknife Estimate of Variance", Annals of Statistics 9 (1981), 586-596.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Survival", "kaplan_meier", "kaplan_meier_grouped"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@frozen(eq=False)
class Survival:
    """An estimate for each day from 0 on.

    Attributes:
        at_risk: how many were observed on the day, Int64.
        events: to how many of them it happened on the day, Int64.
        alive: the share to whom it has not happened by the end of the day, Float64.
        low: lower limit of `alive`; NaN where nothing or everything has happened, as then nothing can be said.
        high: upper limit of `alive`, likewise.
    """

    at_risk: Ints
    events: Ints
    alive: Floats
    low: Floats
    high: Floats


def kaplan_meier(events: Ints, ended: Ints, *, level: float = 0.95) -> Survival:
    """Kaplan and Meier's estimate with Greenwood's variance.

    Args:
        events: by day, to how many it happened.
        ended: by day, of how many the observation ended on it without the event.
        level: of the intervals.
    """
    at_risk = _at_risk(events, ended)
    alive = _alive(events, at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events).astype(np.float64)), 0.0))
        spread = np.sqrt(variance) / np.abs(np.log(alive))
    return _bounded(at_risk, events, alive, spread, level)


def kaplan_meier_grouped(events: Ints, ended: Ints, *, level: float = 0.95) -> Survival:
    """The same estimate where only groups are independent of one another.

    Args:
        events: by group (rows) and day (columns), to how many it happened.
        ended: likewise, of how many the observation ended.
        level: of the intervals.
    """
    groups = len(events)
    all_events, all_ended = events.sum(axis=0), ended.sum(axis=0)
    at_risk = _at_risk(all_events, all_ended)
    alive = _alive(all_events, at_risk)
    if groups < 2:
        return _bounded(at_risk, all_events, alive, np.full(len(alive), np.nan), level)
    without = np.stack(
        [
            _alive(all_events - one, _at_risk(all_events - one, all_ended - other))
            for one, other in zip(events, ended, strict=True)
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(-np.log(without))
        spread = np.sqrt((groups - 1) / groups * ((scaled - scaled.mean(axis=0)) ** 2).sum(axis=0))
    return _bounded(at_risk, all_events, alive, spread, level)


def _at_risk(events: Ints, ended: Ints) -> Ints:
    left: Ints = np.cumsum((events + ended)[::-1])[::-1]
    return left


def _alive(events: Ints, at_risk: Ints) -> Floats:
    alive: Floats = np.cumprod(1.0 - events / np.maximum(at_risk, 1), dtype=np.float64)
    return alive


def _bounded(at_risk: Ints, events: Ints, alive: Floats, spread: Floats, level: float) -> Survival:
    reach = NormalDist().inv_cdf((1 + level) / 2) * spread
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = alive ** np.exp(reach), alive ** np.exp(-reach)
    said = (alive > 0) & (alive < 1) & np.isfinite(reach)
    return Survival(at_risk, events, alive, np.where(said, low, np.nan), np.where(said, high, np.nan))
