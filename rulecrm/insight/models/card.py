"""A score card: points for where a customer stands in each feature, summed.

In: a matrix of features and what came of its rows. Out: `Card`, a few tables of plain numbers that score any matrix.
Invariant: a card is data, no code: it is scored with NumPy alone, and written as JSON.

Every feature is cut at quantiles of its training values, or at its few values, and missing is a place of its own; so no
scale, no outlier and no missing value needs an assumption, and the points can be read. Points are those of a logistic
(yes or no) or a ridge regression (amounts) with scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.models.features import Matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Card", "Feature", "learn"]

_BINS = 10


@frozen
class Feature:
    """One feature's points.

    Attributes:
        name: of the definition.
        labels: of a classification; else None.
        edges: rising; a number belongs to the first edge that it does not exceed, or behind the last.
        points: one for each place between the edges, and one, the last, for missing.
    """

    name: str
    labels: tuple[str, ...] | None
    edges: tuple[float, ...]
    points: tuple[float, ...]

    def places(self) -> tuple[str, ...]:
        """What each of the points is for, in words."""
        if self.labels is not None:
            return (*self.labels, "missing")
        ends = [f"{edge:g}" for edge in self.edges]
        if not ends:
            return ("any", "missing")
        between = [f"{low} < … ≤ {high}" for low, high in pairwise(ends)]
        return (f"≤ {ends[0]}", *between, f"> {ends[-1]}", "missing")


@frozen
class Card:
    """All features, and where the sum begins. `logistic` says that the sum is a log-odds."""

    features: tuple[Feature, ...]
    start: float
    logistic: bool

    def score(self, matrix: Matrix) -> Floats:
        """Of each row: the probability (0..1), or the amount."""
        total = np.full(len(matrix.values), self.start)
        for feature, column in zip(self.features, matrix.values.T, strict=True):
            total += np.asarray(feature.points)[_place(feature.edges, column)]
        if not self.logistic:
            return total
        # Neither end overflows: exp is only ever taken of what is not above 0.
        small = np.exp(-np.abs(total))
        return np.asarray(np.where(total >= 0, 1.0, small) / (1.0 + small), np.float64)

    def to_data(self) -> dict[str, object]:
        """As plain data."""
        features = [
            {"name": one.name, "labels": one.labels, "edges": one.edges, "points": one.points} for one in self.features
        ]
        return {"features": features, "start": self.start, "logistic": self.logistic}

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Card:
        """From what `to_data` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        found = data["features"]
        if not isinstance(found, list) or not isinstance(data["logistic"], bool):
            raise TypeError("no score card")
        features = tuple(
            Feature(
                str(one["name"]),
                None if one["labels"] is None else tuple(map(str, one["labels"])),
                tuple(map(float, one["edges"])),
                tuple(map(float, one["points"])),
            )
            for one in found
        )
        if any(len(one.points) != len(one.edges) + 2 for one in features):
            raise ValueError("a feature has other places than points")
        start = float(str(data["start"]))
        if not np.isfinite([start, *(number for one in features for number in (*one.edges, *one.points))]).all():
            raise ValueError("a number that is none")
        return cls(features, start, data["logistic"])


def learn(matrix: Matrix, outcome: Floats, *, logistic: bool) -> Card:
    """The card that fits what came of the rows.

    Args:
        matrix: features of the rows; at least one row.
        outcome: 0 or 1 of each row, both of them there; or an amount.
        logistic: whether it is yes or no.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    edges = [_edges(column, labels) for column, labels in zip(matrix.values.T, matrix.labels, strict=True)]
    spread = _spread(matrix.values, edges)
    if logistic:
        # Newton's steps end at the one optimum, to the last digits, whatever the machine.
        fitted = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=200).fit(spread, outcome)
        weights, start = np.asarray(fitted.coef_[0]), float(fitted.intercept_[0])
    else:
        fitted = Ridge(alpha=1.0).fit(spread, outcome)
        weights, start = np.asarray(fitted.coef_), float(fitted.intercept_)
    features, first = [], 0
    for name, labels, cuts in zip(matrix.names, matrix.labels, edges, strict=True):
        last = first + len(cuts) + 2
        features.append(Feature(name, labels, cuts, tuple(map(float, weights[first:last]))))
        first = last
    return Card(tuple(features), start, logistic)


def _edges(column: Floats, labels: tuple[str, ...] | None) -> tuple[float, ...]:
    if labels is not None:
        return tuple(float(number) for number in range(len(labels) - 1))
    there = column[~np.isnan(column)]
    values = np.unique(there)
    if len(values) > _BINS:
        values = np.unique(np.quantile(there, np.arange(1, _BINS) / _BINS, method="lower"))
        return tuple(map(float, values[values < there.max()]))
    return tuple(map(float, values[:-1]))


def _place(edges: Sequence[float], column: Floats) -> NDArray[np.int64]:
    place = np.searchsorted(np.asarray(edges, np.float64), column, side="left")
    return np.where(np.isnan(column), len(edges) + 1, place).astype(np.int64)


def _spread(values: Floats, edges: Sequence[tuple[float, ...]]) -> csr_matrix:
    """A row of zeros and ones for each row: which place of each feature it stands in."""
    from scipy.sparse import csr_matrix

    first = np.cumsum([0, *(len(one) + 2 for one in edges)])
    places = [_place(one, column) + start for one, column, start in zip(edges, values.T, first[:-1], strict=True)]
    columns = np.column_stack(places).ravel()
    rows = np.arange(len(values) + 1) * len(edges)
    return csr_matrix((np.ones(len(columns)), columns, rows), shape=(len(values), int(first[-1])))
