"""What the BG/NBD model expects of the time ahead.

In: parameters, histories, days ahead. Out: expected repeat purchases, their second moments, discounted ones.
Invariant: no closed form with a pole at a = 1 and no hypergeometric series: one rule of integration over the
probability of stopping, whose nodes are where its density is.

Given that a customer is alive at T, his rate is Gamma(r + x, alpha + T) and his probability of stopping p after a
purchase Beta(a, b + x). Of rate L and p, a purchase happens at time t ahead with density L exp(-L p t), and a pair
at s < t with L^2 (1 - p) exp(-L p t), whatever s. All below are integrals of these over L (done by hand) and p.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rulecrm.insight.lifetime.counted import WEEK, Ints
from rulecrm.insight.lifetime.fitting import Floats

__all__ = ["discounted", "expected", "moments"]

_Integral = Callable[[Floats, Floats, Floats, Floats], Floats]
"""Nodes p and weights (n, k), shapes r + x and scales alpha + T in weeks (n, 1) → (n, m)."""

_CHUNK = 1 << 14
_NODES = 24
_STEP = 0.12
_LEAST = -690.0


def expected(values: Floats, repeats: Ints, age: Ints, days: Floats) -> Floats:
    """Expected repeat purchases within so many days after T, of a customer alive at T.

    Multiplied by the probability of being alive this is equation (10) of Fader, Hardie and Lee (2005).

    Args:
        values: r, alpha, a, b.
        repeats: x of n histories; 0 with age 0 is a customer who has just bought for the first time.
        age: T of the histories, in days.
        days: k lengths ahead, in days.

    Returns:
        (n, k), float64.
    """

    def within(p: Floats, weight: Floats, shape: Floats, scale: Floats) -> Floats:
        # (1 - E[exp(-L p t)]) / p; -expm1(-small) keeps its digits where p is next to nothing.
        ended = (-np.expm1(-shape * np.log1p(p * (length / scale))) / p for length in days / WEEK)
        return np.stack([np.sum(weight * one, axis=1) for one in ended], axis=1)

    return _by_age(within, values, repeats, age)


def moments(values: Floats, repeats: Ints, age: Ints, edges: Floats) -> tuple[Floats, Floats]:
    """Of a customer alive at T: E[N] and E[N (N - 1)] of the purchases in each stretch between two edges.

    Args:
        values: r, alpha, a, b.
        repeats: x of n histories.
        age: T of the histories, in days.
        edges: k + 1 rising lengths ahead, in days.

    Returns:
        Two arrays (n, k).
    """
    # Within a week or two the integrand is all but a straight line.
    nodes, shares = np.polynomial.legendre.leggauss(2 if float(np.diff(edges).max()) <= 14 else 12)

    def together(p: Floats, weight: Floats, shape: Floats, scale: Floats) -> Floats:
        columns = []
        for start, end in zip(edges[:-1] / WEEK, edges[1:] / WEEK, strict=True):
            half = (end - start) / 2
            column = np.zeros(len(shape))
            for node, share in zip(nodes, shares, strict=True):
                ahead = half * (node + 1)
                # E[L^2 exp(-L p t)] over the Gamma of rates.
                rate = np.exp(-(shape + 2) * np.log1p(p * ((start + ahead) / scale)))
                column += 2 * half * share * ahead * np.sum(weight * (1 - p) * rate, axis=1)
            columns.append(column * (shape * (shape + 1) / scale**2)[:, 0])
        return np.stack(columns, axis=1)

    reached = expected(values, repeats, age, edges)
    return np.diff(reached, axis=1), _by_age(together, values, repeats, age)


def discounted(values: Floats, repeats: Ints, age: Ints, days: float, rate: float) -> Floats:
    """Expected repeat purchases within so many days of a customer alive at T, each worth less the later it comes.

    A purchase t days ahead counts (1 + rate)^(-t / 365). By parts: the last weight times E(days), and the integral of
    E(t) times the loss of weight, by 12 points of Gauss.

    Args:
        values: r, alpha, a, b.
        repeats: x of n histories.
        age: T of the histories, in days.
        days: the horizon.
        rate: yearly, 0 for none.

    Returns:
        (n,), float64.
    """
    if rate == 0:
        return expected(values, repeats, age, np.array([days]))[:, 0]
    nodes, shares = np.polynomial.legendre.leggauss(12)
    # Early days bend most: the points are spread evenly over the square root of time.
    root = (nodes + 1) / 2
    times, widths = days * root**2, shares * days * root
    force = np.log1p(rate) / 365
    reached = expected(values, repeats, age, np.append(times, days))
    losses = np.append(widths * force * np.exp(-force * times), np.exp(-force * days))
    return np.asarray(reached @ losses, np.float64)


def _by_age(integral: _Integral, values: Floats, repeats: Ints, age: Ints) -> Floats:
    """An integral for each (x, T).

    It is smooth in log(alpha + T): where many ages share one x, it is worked out at a few ages and read between them by
    the polynomial through those (barycentric, at Chebyshev's points), whose error is below a millionth of the value.
    """
    r, alpha, a, b = map(float, values)
    levels, level, count = np.unique(repeats, return_inverse=True, return_counts=True)
    many = count[level] > _NODES
    log_age = np.log(alpha + age / WEEK)

    def direct(x: Floats, logs: Floats) -> Floats:
        found = []
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            p, weight = _stopping(a, b + x[part])
            found.append(integral(p, weight, (r + x[part])[:, None], np.exp(logs[part])[:, None]))
        return np.concatenate(found)

    few = np.flatnonzero(~many)
    near = direct(repeats[few].astype(np.float64), log_age[few]) if len(few) else None
    if not bool(many.any()):
        assert near is not None
        return near
    low, high = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
    np.minimum.at(low, level, log_age)
    np.maximum.at(high, level, log_age)
    wide = np.flatnonzero(count > _NODES)
    points = np.cos(np.pi * np.arange(_NODES) / (_NODES - 1))
    knots = (low + high)[wide, None] / 2 + (high - low)[wide, None] / 2 * points
    known = direct(np.repeat(levels[wide].astype(np.float64), _NODES), knots.ravel()).reshape(len(wide), _NODES, -1)
    rows = np.flatnonzero(many)
    place = np.searchsorted(wide, level[rows])
    share = _between(log_age[rows], knots[place])
    out = np.empty((len(repeats), known.shape[2]))
    for column in range(known.shape[2]):
        out[rows, column] = np.sum(share * known[place, :, column], axis=1)
    if near is not None:
        out[few] = near
    return out


def _between(at: Floats, knots: Floats) -> Floats:
    """Shares of the knots (n, k) in the value of the polynomial at each of n points."""
    signs = np.where(np.arange(_NODES) % 2 == 0, 1.0, -1.0)
    signs[[0, -1]] /= 2
    apart = at[:, None] - knots
    hit = np.abs(apart) < 1e-13
    share = np.where(hit.any(axis=1, keepdims=True), hit * 1.0, signs / np.where(hit, 1.0, apart))
    return np.asarray(share / share.sum(axis=1, keepdims=True), np.float64)


def _stopping(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Nodes and weights, (n, k) each, of an integral over p ~ Beta(a, b), for each of n values of b.

    The trapezium rule over logit p = centre + sinh(s), whose error falls exponentially for densities that are smooth
    in the logit and fall off at both ends (H. Takahasi and M. Mori, Publ. RIMS 9 (1974)). Weights add up to one.
    """
    from scipy.special import betaln

    s = np.arange(-7.5, 7.5 + _STEP / 2, _STEP)
    centre = (np.log(a) - np.log(b))[:, None]
    logit = centre + np.sinh(s)
    log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    height = np.where(logit > _LEAST, a * log_p + b[:, None] * log_q + np.log(np.cosh(s)), -np.inf)
    weight = np.exp(height - height.max(axis=1, keepdims=True))
    # Where a is next to nothing, much of the density lies nearer to 0 than numbers go: there nobody stops.
    never = np.exp(np.minimum(a * _LEAST - np.log(a) - betaln(a, b), 0.0))[:, None]
    weight *= (1 - never) / weight.sum(axis=1, keepdims=True)
    used = weight.max(axis=0) > 1e-18
    nodes = np.hstack([np.full(never.shape, np.exp(_LEAST)), np.exp(np.maximum(log_p[:, used], _LEAST))])
    return nodes, np.hstack([never, weight[:, used]])
