"""Gamma-Gamma: what a purchase of a customer is worth.

In: repeats and what they brought on average. Out: parameters p, q, gamma; expected value of a purchase.
Invariant: amounts are scaled to a mean of one while they are fitted, so that no currency is a harder search.

The model is that of P. Fader and B. Hardie, The Gamma-Gamma Model of Monetary Value (2013,
http://www.brucehardie.com/notes/025/): amounts of a customer are Gamma(p, v), and v is Gamma(q, gamma) among customers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rulecrm.insight.lifetime.fitting import Fitted, Floats, fit

__all__ = ["NAMES", "fit_spending", "likelihood_of", "mean_of_all", "value_of"]

NAMES = ("p", "q", "gamma")

_ENOUGH = 20_000
_BOUNDS = ((1e-3, 1e5), (1e-3, 1e5), (1e-6, 1e6))


def fit_spending(repeats: Floats, average: Floats) -> Fitted:
    """Parameters of greatest likelihood.

    Args:
        repeats: x >= 1 of each customer.
        average: what a repeat brought on average, above 0; gamma is in its unit.
    """
    scale = float(np.average(average))
    starts: list[Sequence[float]] = [(6.0, 4.0, 0.5), (2.0, 10.0, 4.0)]
    if len(repeats) > 2 * _ENOUGH:
        # A part of the customers tells about where the greatest likelihood of all lies.
        each = slice(None, None, len(repeats) // _ENOUGH)
        few = fit_spending(repeats[each], average[each]).values / np.array([1.0, 1.0, scale])
        starts = [few.tolist(), *starts]
    found = fit(likelihood_of(repeats, average / scale), NAMES, starts, _BOUNDS, size=len(repeats))
    values = found.values * np.array([1.0, 1.0, scale])
    # The density of z is that of z / scale, divided by the scale.
    height = found.log_likelihood - len(repeats) * float(np.log(scale))
    return Fitted(found.names, values, height, found.covariance, found.at_bound, found.converged, found.size)


def likelihood_of(repeats: Floats, average: Floats) -> Callable[[Floats], tuple[float, Floats]]:
    """The log-likelihood of parameters (p, q, gamma), equation (1a) of the note, and its gradient."""
    from scipy.special import digamma, gammaln

    counts, spread = np.unique(repeats, return_inverse=True)
    each = np.bincount(spread).astype(np.float64)
    x, spent = repeats, repeats * average
    size = float(len(x))
    # What no parameter changes, or only p scales, is summed once.
    logs_of_spent = float(x @ np.log(spent))
    fixed = float(np.log(average).sum())

    def likelihood(values: Floats) -> tuple[float, Floats]:
        p, q, gamma = map(float, values)
        shape = p * counts
        mixed = gamma + spent
        log_mixed = np.log(mixed)
        all_logs, weighted = float(log_mixed.sum()), float(x @ log_mixed)
        height = float(each @ (gammaln(shape + q) - gammaln(shape))) + size * (q * np.log(gamma) - gammaln(q))
        height += p * logs_of_spent - fixed - p * weighted - q * all_logs
        by_p = float((each * counts) @ (digamma(shape + q) - digamma(shape))) + logs_of_spent - weighted
        by_q = float(each @ digamma(shape + q)) - size * float(digamma(q)) + size * np.log(gamma) - all_logs
        inverse = 1 / mixed
        by_gamma = size * q / gamma - p * float(x @ inverse) - q * float(inverse.sum())
        return height, np.array([by_p, by_q, by_gamma])

    return likelihood


def mean_of_all(values: Floats) -> float | None:
    """The mean over all customers, p gamma / (q - 1); None where q <= 1, for then there is none."""
    p, q, gamma = map(float, values)
    return p * gamma / (q - 1) if q > 1 else None


def value_of(values: Floats, repeats: Floats, average: Floats) -> Floats:
    """The expected value of a customer's purchase, equation (5) of the note: between his own mean and that of all.

    Args:
        values: p, q, gamma.
        repeats: x; 0 gives the mean of all.
        average: his own mean; not looked at where x is 0.

    Returns:
        float64; NaN where it is not defined.
    """
    p, q, gamma = map(float, values)
    below = p * repeats + q - 1
    above = p * (gamma + np.where(repeats > 0, repeats * average, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)
