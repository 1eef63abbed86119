"""BG/NBD: how often customers buy, and when they stop.

In: distinct histories (x, t_x, T) with weights. Out: parameters r, alpha, a, b; the probability of being alive.
Invariant: everything is summed in logarithms, so that thousands of purchases neither overflow nor vanish.

The model is that of P. Fader, B. Hardie and K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24 (2005): while alive a customer buys as a Poisson process whose rate is
Gamma(r, alpha) among customers; after each purchase he stops with a probability that is Beta(a, b) among customers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rulecrm.insight.lifetime.counted import WEEK, Collapsed, Ints
from rulecrm.insight.lifetime.fitting import Fitted, Floats, fit

__all__ = ["NAMES", "alive", "fit_repeats", "likelihood_of"]

NAMES = ("r", "alpha", "a", "b")

_BOUNDS = ((1e-4, 1e4), (1e-4, 1e6), (1e-4, 1e4), (1e-4, 1e4))
_ENOUGH = 20_000
_STARTS = ((0.5, 5.0, 0.8, 2.5), (1.0, 20.0, 0.2, 5.0))


def fit_repeats(histories: Collapsed) -> Fitted:
    """Parameters of greatest likelihood; time is in weeks."""
    # A shop that lives by the hour or by the year begins the search at its own pace.
    mean_age = max(float(np.average(histories.age, weights=histories.weight)) / WEEK, 1e-2)
    starts: Sequence[Sequence[float]] = [(r, alpha * mean_age / 27.0, a, b) for r, alpha, a, b in _STARTS]
    if len(histories.weight) > 2 * _ENOUGH:
        # A part of the histories tells about where the greatest likelihood of all lies.
        starts = [fit_repeats(_some(histories)).values.tolist(), *starts]
    return fit(likelihood_of(histories), NAMES, starts, _BOUNDS, size=int(histories.weight.sum()))


def _some(histories: Collapsed) -> Collapsed:
    each = slice(None, None, len(histories.weight) // _ENOUGH)
    one = histories
    return Collapsed(one.repeats[each], one.recency[each], one.age[each], one.weight[each], one.place[:0])


def likelihood_of(histories: Collapsed) -> Callable[[Floats], tuple[float, Floats]]:
    """The log-likelihood of parameters (r, alpha, a, b) and its gradient.

    Gamma functions are computed once for each distinct x, logarithms once for each distinct number of days: a million
    customers cost what their distinct histories cost.
    """
    from scipy.special import digamma, gammaln

    x, weight = histories.repeats.astype(np.float64), histories.weight.astype(np.float64)
    counts, spread = np.unique(histories.repeats, return_inverse=True)
    each = np.bincount(spread, weight)
    often = counts.astype(np.float64)
    bought = histories.repeats > 0
    days = np.arange(int(histories.age.max(initial=0)) + 1) / WEEK
    age, recency = histories.age, histories.recency
    total = weight.sum()

    def likelihood(values: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = map(float, values)
        log_day, day = np.log(alpha + days), alpha + days
        # Where there is no repeat, b + x - 1 has no part in it: any positive number stands there.
        rest = np.where(often > 0, b + often - 1, 1.0)
        both = gammaln(r + often) - gammaln(r) + gammaln(a + b) + gammaln(b + often) - gammaln(b)
        height = float(each @ (both - gammaln(a + b + often))) + total * r * np.log(alpha)
        lasting = -(r + x) * log_day[age]
        ended = np.log(a) - np.log(rest)[spread] - (r + x) * log_day[recency]
        # log(exp(lasting) + exp(ended)), and the share of the second in it, with one exponential for both.
        ahead = np.where(bought, ended - lasting, -np.inf)
        small = np.exp(-np.abs(ahead))
        height += float(weight @ (lasting + np.maximum(ahead, 0.0) + np.log1p(small)))
        gone = np.where(ahead >= 0, 1.0, small) / (1.0 + small) * weight
        kept = weight - gone
        by_r = float(each @ (digamma(r + often) - digamma(r))) + total * np.log(alpha)
        by_r -= float(kept @ log_day[age] + gone @ log_day[recency])
        by_alpha = total * r / alpha - float((r + x) @ (kept / day[age] + gone / day[recency]))
        shared = digamma(a + b) - digamma(a + b + often)
        by_a = float(each @ shared) + float(gone.sum()) / a
        by_b = float(each @ (shared + digamma(b + often) - digamma(b))) - float(gone @ (1 / rest)[spread])
        return height, np.array([by_r, by_alpha, by_a, by_b])

    return likelihood


def alive(values: Floats, repeats: Ints, recency: Ints, age: Ints) -> Floats:
    """The probability of being alive at T, 0 to 1.

    It is 1 for everybody without a repeat: the model lets customers stop only after a repeat purchase.

    Args:
        values: r, alpha, a, b.
        repeats: x.
        recency: t_x, in days.
        age: T, in days.
    """
    from scipy.special import expit

    r, alpha, a, b = map(float, values)
    rest = np.where(repeats > 0, b + repeats - 1, 1.0)
    grown = np.log(alpha + age / WEEK) - np.log(alpha + recency / WEEK)
    odds = np.log(a) - np.log(rest) + (r + repeats) * grown
    return np.where(repeats > 0, expit(-odds), 1.0)
