"""Metrics as numbers that models can learn from.

In: a shop, names of definitions, a frame of (customer, instant). Out: `Matrix`, a column of float64 for each feature.
Invariant: every value is what the rules say as of the row's own instant; nothing later has a part in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import known
from rulecrm.insight.extras import need
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.shop import Shop

__all__ = ["Matrix", "features_at", "features_now", "known_features", "title_of"]

_DAY = 86_400_000_000


@frozen(eq=False)
class Matrix:
    """Features of some rows.

    Attributes:
        names: of the features.
        labels: of each feature the labels that its numbers stand for (0, 1, …), or None where they are numbers.
        values: (rows, features), float64; NaN where missing. Money is in whole units, a duration in days, an instant or
            a date in days gone by, a segment 0 or 1, a label its number.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...] | None, ...]
    values: Floats


def known_features(shop: Shop, features: Sequence[str]) -> tuple[str, ...]:
    """The names, each of a definition about customers, or of a lifecycle.

    Raises:
        RulesError: R120 no such name, R842 none at all, one twice, or one about another subject; scikit-learn is not
            installed.
    """
    need("sklearn", "models")
    program = shop.rules.program
    names = [one.symbol for one in program.definitions] + [one.symbol for one in program.lifecycles]
    found = tuple(known(name, names, "definition") for name in features)
    if not found or len(set(found)) < len(found):
        raise RulesError([Diagnostic("R842", "features are named once each, and there is at least one")])
    for one in program.definitions:
        if one.symbol in found and one.subject != "customer":
            message = f"`{one.symbol}` is about {one.subject}, and the model is about customers"
            raise RulesError([Diagnostic("R842", message)])
    return found


def title_of(shop: Shop, name: str) -> str:
    """What a reader knows the definition by."""
    titles = {one.symbol: one.title for one in shop.rules.program.definitions}
    return titles.get(name) or name


def features_at(shop: Shop, features: Sequence[str], points: pl.DataFrame) -> Matrix:
    """Features at a frame of `customer` and `at` (Datetime in UTC)."""
    told = shop.rules.evaluate_at(shop.facts, points.select("customer", "at"), only=list(features))
    return _matrix(told, features)


def features_now(shop: Shop, features: Sequence[str], customers: pl.Series) -> Matrix:
    """Features of customers as of T."""
    table = shop.result(features).table().with_columns(pl.lit(shop.as_of, pl.Datetime("us", "UTC")).alias("at"))
    rows = customers.rename("customer").to_frame().join(table, on="customer", how="left", maintain_order="left")
    return _matrix(rows, features)


def _matrix(told: pl.DataFrame, features: Sequence[str]) -> Matrix:
    columns = [_numbers(told, name) for name in features]
    labels = tuple(_labels(told.schema[name]) for name in features)
    return Matrix(tuple(features), labels, np.column_stack(columns))


def _labels(dtype: pl.DataType) -> tuple[str, ...] | None:
    return tuple(dtype.categories.to_list()) if isinstance(dtype, pl.Enum) else None


def _numbers(told: pl.DataFrame, name: str) -> Floats:
    column, dtype = pl.col(name), told.schema[name]
    match dtype:
        case pl.Enum():
            number = column.to_physical()
        case pl.Duration():
            number = column.dt.total_microseconds() / _DAY
        case pl.Datetime():
            number = (pl.col("at") - column).dt.total_microseconds() / _DAY
        case pl.Date():
            number = (pl.col("at").dt.date() - column).dt.total_days()
        case _ if dtype.is_numeric() or dtype == pl.Boolean:
            number = column
        case _:
            message = f"`{name}` is text or a list, which no model can learn from"
            help_ = "a metric that counts, a segment or a classification says the same in numbers or labels"
            raise RulesError([Diagnostic("R842", message, help=help_)])
    values = told.select(number.cast(pl.Float64).fill_null(float("nan"))).to_series().to_numpy()
    return np.where(np.isfinite(values), values, np.nan)
