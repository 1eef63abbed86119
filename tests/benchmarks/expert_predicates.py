"""The fifty predicates by hand, over aggregates that `expert_polars.metrics` has worked out.

In: one row a customer. Out: fifty expressions, none of which is ever missing.
Invariant: what is asked of the whole population (means, quintiles) is computed once; a quintile costs one sort and no
ranks, for a score only asks on which side of a cut a value lies.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
from attrs import frozen
from polars import col

from tests.benchmarks.shop import CATEGORIES, ago, utc

__all__ = ["Quintile", "Standings", "bought", "predicates", "standings"]


@frozen
class Quintile:
    """floor(below * 5 / n) + 1, asked by its cuts: `below >= k` means greater than the k-th smallest value."""

    value: pl.Expr
    cuts: tuple[int | dt.datetime, ...]

    def at_least(self, score: int) -> pl.Expr:
        return self.value > self.cuts[score - 2]

    def at_most(self, score: int) -> pl.Expr:
        return self.value <= self.cuts[score - 1]

    def score(self) -> pl.Expr:
        # Added one by one, for a missing value stays missing: `sum_horizontal` would count it as nothing.
        return sum(((self.value > cut).cast(pl.Int8) for cut in self.cuts), pl.lit(1, pl.Int8))


@frozen
class Standings:
    """What several predicates share and what asks for the whole population; money in 1/10,000, gaps in microseconds."""

    basket: pl.Expr
    mean_basket: int
    rich: pl.Expr
    often: pl.Expr
    recency: Quintile
    frequency: Quintile
    money: Quintile
    mean_gap: pl.Expr


def standings(known: pl.DataFrame) -> Standings:
    """Means and quintiles of `metrics`, and expressions against them."""
    purchases, spent = col("purchases"), col("spent") * 100
    basket = _rounded_mean(spent, purchases)
    sums = {"baskets": basket, "spent": spent, "buyers": purchases > 0, "purchases": purchases}
    baskets, all_spent, buyers, orders = known.select(**{name: each.sum() for name, each in sums.items()}).row(0)
    gaps = pl.when(purchases > 1).then(purchases.cast(pl.Int64) - 1)
    return Standings(
        basket,
        _round_half_even(baskets, buyers),
        spent >= _round_half_even(all_spent, buyers),
        purchases >= orders / known.height,
        _quintile(known.get_column("last_at")),
        _quintile(known.get_column("purchases")),
        _quintile(known.get_column("spent")),
        _rounded_mean((col("last_at") - col("first_at")).to_physical(), gaps),
    )


def bought(category: str) -> pl.Expr:
    """Whether a customer ever bought it."""
    return col("categories") & (1 << CATEGORIES.index(category)) != 0


def predicates(known: pl.DataFrame, as_of: dt.datetime) -> dict[str, pl.Expr]:
    """The fifty segments over `metrics`, by name, in the order of the rules file; none is missing."""
    shared = standings(known)
    rich, often, basket = shared.rich, shared.often, shared.basket
    recency, frequency, money = shared.recency, shared.frequency, shared.money
    idle = {days: col("last_at") >= ago(as_of, days) for days in (30, 90, 180, 365)}
    elapsed = (pl.lit(utc(as_of)) - col("last_at")).to_physical()
    both_years = col("any_365") & col("any_ago")
    refund_prone = (col("refunded") / col("purchases") >= 0.25) & (col("purchases") >= 2)
    evening_buyer = col("evenings") / col("purchases") >= 0.5
    at_risk = recency.at_most(2) & frequency.at_least(4) & money.at_least(4)
    premium = rich & often
    sleeping = premium & ~idle[365]
    win_back = (sleeping | at_risk) & ~refund_prone.fill_null(value=False)
    named = {
        "bought_in_30d": idle[30],
        "idle_30_to_90": ~idle[30] & idle[90],
        "idle_90_to_180": ~idle[90] & idle[180],
        "idle_180_to_365": ~idle[180] & idle[365],
        "idle_over_365": ~idle[365],
        "never_bought": col("purchases") == 0,
        "bought_once": col("purchases") == 1,
        "bought_twice": col("purchases") == 2,
        "regular": col("purchases").is_between(3, 5),
        "loyal": col("purchases") >= 6,
        "placed_three": col("placed_three"),
        "twice_in_30d": col("in_30d") >= 2,
        "thrice_in_90d": col("in_90d") >= 3,
        "spent_300_in_30d": col("spent_30") >= 300_00,
        "spent_800_in_90d": col("spent_90") >= 800_00,
        "spent_2000_in_year": col("spent_365") >= 2000_00,
        "spent_1000_year_ago": col("spent_ago") >= 1000_00,
        "growing": (col("spent_365") > col("spent_ago")) & both_years,
        "halved": (col("spent_365") * 2 < col("spent_ago")) & both_years,
        "big_basket": basket >= 500_0000,
        "basket_above_average": basket > shared.mean_basket,
        "one_dear_order": col("dearest") >= 1500_00,
        "champions": recency.at_least(5) & frequency.at_least(4) & money.at_least(4),
        "big_spenders": money.at_least(5),
        "at_risk": at_risk,
        "hibernating": recency.at_most(1) & money.at_most(2),
        "rfm_twelve": recency.score() + frequency.score() + money.score() >= 12,
        "premium_customers": premium,
        "few_but_large": rich & ~often,
        "many_but_small": ~rich.fill_null(value=False) & often,
        "dress_never_shoes": bought("dress") & ~bought("shoes"),
        "favours_dress": col("favours_dress"),
        "explorer": col("categories").bitwise_count_ones() >= 4,
        "cosmetics_in_90d": col("cosmetics") > 0,
        "unpaid_for_a_day": col("unpaid"),
        "came_with_a_sale": col("sale_at") == col("first_at"),
        "no_second_in_23d": (col("first_at") <= ago(as_of, 23))
        & (col("second_gap") > 23 * 86_400_000_000).fill_null(value=True),
        "refund_prone": refund_prone,
        "evening_buyer": evening_buyer,
        "overdue": elapsed > shared.mean_gap * 2,
        "long_overdue": elapsed > col("median_gap") * 3,
        "reads_not_buys": col("mail_read") & ~(col("last_at") > ago(as_of, 10)).fill_null(value=False),
        "never_opens": col("never_opens"),
        "stopped_coming": col("stopped_coming"),
        "keen_viewer": col("views") >= 5,
        "cart_left": col("cart_left"),
        "researcher": col("researcher"),
        "sleeping_premium": sleeping,
        "win_back": win_back,
        "care_first": win_back & (col("favours_dress") | evening_buyer) & ~col("never_opens"),
    }
    return {name: predicate.fill_null(value=False) for name, predicate in named.items()}


def _quintile(values: pl.Series) -> Quintile:
    ordered = values.drop_nulls().sort()
    cuts = tuple(ordered[-(-score * len(ordered) // 5) - 1] for score in (1, 2, 3, 4))
    return Quintile(col(values.name), cuts)


def _rounded_mean(total: pl.Expr, count: pl.Expr) -> pl.Expr:
    """total / count as an integer, halves to even."""
    count = count.cast(pl.Int64)
    whole, rest = total // count, total % count
    return whole + ((rest * 2 > count) | ((rest * 2 == count) & (whole % 2 == 1))).cast(pl.Int64)


def _round_half_even(total: int, count: int) -> int:
    whole, rest = divmod(total, count)
    return whole + (rest * 2 > count or (rest * 2 == count and whole % 2 == 1))
