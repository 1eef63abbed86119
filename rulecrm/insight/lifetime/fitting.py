"""Greatest likelihood of positive parameters.

In: a log-likelihood with its gradient, where to begin, bounds. Out: `Fitted`: parameters, how sure they are.
Invariant: parameters are searched in logarithms, so none is ever zero, negative or infinite; a parameter that ends at a
bound is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

__all__ = ["Fitted", "Floats", "fit"]

Floats = NDArray[np.float64]

Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Parameters → the log-likelihood and its derivatives by the parameters (not by their logarithms)."""


@frozen(eq=False)
class Fitted:
    """Parameters of greatest likelihood.

    Attributes:
        names: of the parameters, in order.
        values: the parameters, float64, all above 0.
        log_likelihood: at them.
        covariance: of the *logarithms* of the parameters, from the observed information, (n, n); None where the
            likelihood is so flat, or a parameter so near a bound, that none can be said.
        at_bound: names of the parameters that ended at the edge of what was searched.
        converged: whether the search ended at a point without slope.
        size: how many customers it was fitted on.
    """

    names: tuple[str, ...]
    values: Floats
    log_likelihood: float
    covariance: Floats | None
    at_bound: tuple[str, ...]
    converged: bool
    size: int = field(default=0)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    @property
    def parameters(self) -> Mapping[str, float]:
        """The parameters by name."""
        return MappingProxyType(dict(zip(self.names, map(float, self.values), strict=True)))

    def standard_errors(self) -> tuple[float | None, ...]:
        """Of the parameters themselves, by the delta method: the parameter times that of its logarithm."""
        if self.covariance is None:
            return (None,) * len(self.names)
        return tuple(map(float, self.values * np.sqrt(np.diag(self.covariance))))

    def intervals(self, level: float) -> tuple[tuple[float | None, float | None], ...]:
        """Wald intervals on the logarithm, so that their lower ends are above 0.

        An upper end beyond all numbers is None: the customers do not say how large the parameter may be.
        """
        if self.covariance is None:
            return ((None, None),) * len(self.names)
        wide = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(np.diag(self.covariance))
        with np.errstate(over="ignore"):
            low, high = self.values * np.exp(-wide), self.values * np.exp(wide)
        ends = (float(one) if np.isfinite(one) else None for one in high)
        return tuple(zip(map(float, low), ends, strict=True))

    def error_of(self, quantity: Callable[[Floats], Floats]) -> Floats | None:
        """Standard errors of what is computed from the parameters (an array), by the delta method."""
        if self.covariance is None:
            return None
        step = 1e-4
        slopes = []
        for index in range(len(self.values)):
            moved = np.zeros(len(self.values))
            moved[index] = step
            up, down = quantity(self.values * np.exp(moved)), quantity(self.values * np.exp(-moved))
            slopes.append((up - down) / (2 * step))
        matrix = np.stack(slopes)
        variance = np.einsum("i...,ij,j...->...", matrix, self.covariance, matrix)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)), np.float64)


def fit(
    likelihood: Likelihood,
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
    *,
    size: int,
) -> Fitted:
    """Search the greatest likelihood.

    L-BFGS-B from each start, then Newton steps with the observed information until there is no slope left.

    Args:
        likelihood: to be made great.
        names: of the parameters.
        starts: where to begin, once or several times.
        bounds: lowest and highest value of each parameter, above 0.
        size: how many customers it is of; the slope is judged per customer.
    """
    from scipy.optimize import minimize

    edges = np.log(np.asarray(bounds, np.float64))

    def falling(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        height, slope = likelihood(values)
        return -height / size, -slope * values / size

    best, low = np.empty(0), np.inf
    for start in starts:
        found = minimize(
            falling,
            np.clip(np.log(np.asarray(start, np.float64)), edges[:, 0], edges[:, 1]),
            jac=True,
            method="L-BFGS-B",
            bounds=edges,
            options={"maxiter": 200, "ftol": 1e-13, "gtol": 1e-8},
        )
        if float(found.fun) < low:
            best, low = np.asarray(found.x, np.float64), float(found.fun)
        if found.success and not bool(_stuck(best, edges).any()):
            break  # the next start is for searches that went astray
    best = _polished(falling, best, edges)
    height, slope = falling(best)
    stuck = _stuck(best, edges)
    covariance = None if bool(stuck.any()) else _inverse(_curvature(falling, best) * size)
    return Fitted(
        tuple(names),
        np.exp(best),
        -height * size,
        covariance,
        tuple(name for name, one in zip(names, stuck, strict=True) if one),
        bool(np.all(np.abs(slope[~stuck]) < 1e-5)),
        size,
    )


def _stuck(logs: Floats, edges: Floats) -> NDArray[np.bool_]:
    return np.asarray((logs <= edges[:, 0] + 1e-6) | (logs >= edges[:, 1] - 1e-6))


def _polished(falling: Likelihood, logs: Floats, edges: Floats) -> Floats:
    height, slope = falling(logs)
    for _ in range(20):
        if float(np.abs(slope).max()) < 1e-10:
            break
        inverse = _inverse(_curvature(falling, logs))
        if inverse is None:
            break
        tried = np.clip(logs - inverse @ slope, edges[:, 0], edges[:, 1])
        new, steep = falling(tried)
        if not new < height:
            break
        logs, height, slope = tried, new, steep
    return logs


def _curvature(falling: Likelihood, logs: Floats) -> Floats:
    """Second derivatives, from differences of the first."""
    step = 1e-4
    rows = []
    for index in range(len(logs)):
        moved = np.zeros(len(logs))
        moved[index] = step
        rows.append((falling(logs + moved)[1] - falling(logs - moved)[1]) / (2 * step))
    matrix = np.stack(rows)
    return np.asarray((matrix + matrix.T) / 2, np.float64)


def _inverse(matrix: Floats) -> Floats | None:
    """The inverse of a matrix that curves upward in every direction; None of any other."""
    if not bool(np.isfinite(matrix).all()):
        return None
    values, vectors = np.linalg.eigh(matrix)
    if float(values[0]) <= 1e-10 * max(float(values[-1]), 1e-300):
        return None
    return np.asarray((vectors / values) @ vectors.T, np.float64)
