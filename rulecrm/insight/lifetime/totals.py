"""Sums over all customers of what is ahead, with how unsure they are.

In: fitted models, edges of stretches of time. Out: means and standard errors of numbers and of money.
Invariant: two sources are counted, chance (customers are independent, given the parameters) and the parameters; whether
the model is the right one is neither, and is what `clv_check` looks at.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from rulecrm.insight.lifetime import ahead, spending
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.lifetime.model import Lifetime

__all__ = ["Sums", "money_ahead", "squares", "sums_ahead"]


@frozen(eq=False)
class Sums:
    """Means and standard errors, one for each stretch; `error` is None where it cannot be said."""

    mean: Floats
    error: Floats | None


def sums_ahead(fitted: Lifetime, edges: Floats, groups: Floats | None = None) -> Sums:
    """Purchase days of all customers in each stretch between two edges.

    Args:
        fitted: with a model of repeats.
        edges: k + 1 rising lengths ahead, in days.
        groups: (g, histories) of 0 and 1; then the sums are of each group, over the one stretch there must be.
    """
    assert fitted.repeats is not None
    histories, pairs, own = fitted.histories, fitted.pairs, fitted.repeats.values
    weight = histories.weight.astype(np.float64)

    def total(values: Floats) -> Floats:
        alive = fitted.alive(values) * weight
        reached = np.diff(ahead.expected(values, pairs.repeats, pairs.age, edges), axis=1)
        if groups is not None:
            return np.asarray(groups @ (alive * reached[pairs.place, 0]), np.float64)
        return np.asarray(np.bincount(pairs.place, alive, len(pairs.age)) @ reached, np.float64)

    once, twice = ahead.moments(own, pairs.repeats, pairs.age, edges)
    alive = fitted.alive()
    columns = []
    for column in range(len(edges) - 1):
        mean = alive * once[pairs.place, column]
        spread = weight * (mean + alive * twice[pairs.place, column] - mean**2)
        columns.append(float(spread.sum()) if groups is None else groups @ spread)
    chance = np.asarray(columns if groups is None else columns[0], np.float64)
    unsure = fitted.repeats.error_of(total)
    return Sums(total(own), None if unsure is None else np.sqrt(chance + unsure**2))


def money_ahead(fitted: Lifetime, days: float) -> Sums:
    """What the repeats of all customers bring within so many days, one number; each must have a value."""
    assert fitted.repeats is not None
    histories, pairs, own = fitted.histories, fitted.pairs, fitted.repeats.values
    edges = np.array([0.0, days])
    place = histories.place
    value = fitted.value()

    def by_repeats(values: Floats) -> Floats:
        reached = ahead.expected(values, pairs.repeats, pairs.age, edges)[:, 1]
        return np.array([np.bincount(place, value, len(histories.age)) @ (fitted.alive(values) * reached[pairs.place])])

    mean = by_repeats(own)
    squared = squares(fitted)
    unsure = fitted.repeats.error_of(by_repeats)
    if squared is None or unsure is None:
        return Sums(mean, None)
    once, twice = ahead.moments(own, pairs.repeats, pairs.age, edges)
    alive = fitted.alive()
    number, two = (alive * once[pairs.place, 0])[place], (alive * twice[pairs.place, 0])[place]
    own_square, product = squared
    variance = float(np.sum(number * own_square + two * product - (number * value) ** 2)) + float(unsure[0]) ** 2
    if fitted.spending is not None:
        by_value = fitted.spending.error_of(lambda values: np.array([number @ fitted.value(values)]))
        if by_value is None:
            return Sums(mean, None)
        variance += float(by_value[0]) ** 2
    return Sums(mean, np.array([np.sqrt(max(variance, 0.0))]))


def squares(fitted: Lifetime, *, newcomers: bool = False) -> tuple[Floats, Floats] | None:
    """E[z²] of a purchase and E[z z'] of two, of each customer; None where a variance does not exist.

    Given v an amount is Gamma(p, v): E[z²] = p (p + 1) / v², E[z z'] = p² / v², and of v ~ Gamma(R, S)
    E[1 / v²] = S² / ((R - 1) (R - 2)), with R = p x + q and S = gamma + x z.
    """
    counted = fitted.counted
    x = np.zeros(1) if newcomers else counted.priced_repeats
    if fitted.flat is not None:
        flat = np.full(len(x), fitted.flat**2)
        return flat, flat
    if fitted.spending is None:
        return None
    p, q, gamma = (fitted.spending[name] for name in spending.NAMES)
    shape = p * x + q
    if bool((shape <= 2).any()):
        return None
    scale = gamma + (x if newcomers else np.where(x > 0, x * counted.average, 0.0))
    inverse = scale**2 / ((shape - 1) * (shape - 2))
    return p * (p + 1) * inverse, p**2 * inverse
