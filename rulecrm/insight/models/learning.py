"""Training on the past, judging on a later past.

In: a shop, what is to be foretold, features, instants. Out: `Trained`: a model and how good it is.
Invariant: nothing after T is seen; no row that the model learns from reaches past the first instant it is judged at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.insight.figure import Figure
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.models.card import learn
from rulecrm.insight.models.features import Matrix, features_at, known_features
from rulecrm.insight.models.judging import judge
from rulecrm.insight.models.model import Model
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration
from rulecrm.model.instants import Instant, from_microseconds, instant_of, to_microseconds
from rulecrm.runtime import calendar

__all__ = ["Trained", "churn", "train"]

_INSTANT = pl.Datetime("us", "UTC")


@frozen(eq=False, repr=False)
class Trained:
    """A model and what it was worth on later instants.

    Attributes:
        model: as it was judged; nothing has been learnt since.
        quality: `model_quality`: measures beside those of guessing the same for everybody.
        calibration: `model_calibration`: predicted and actual, by tenths of the customers.
        lift: `model_lift`: how much of what is looked for is among the highest scores.
    """

    model: Model
    quality: Figure
    calibration: Figure
    lift: Figure

    def __repr__(self) -> str:
        return f"<Trained {self.model.name}: {', '.join(self.model.features)}>"


Outcome = Callable[[pl.DataFrame], Floats]


def train(
    shop: Shop,
    *,
    target: str,
    features: Sequence[str],
    horizon: Length = "90d",
    instants: Sequence[Instant] | None = None,
    judged: int = 1,
    among: str | None = None,
    rows: int = 200_000,
    seed: int = 1,
    name: str | None = None,
) -> Trained:
    """A model of a segment, or of a number, one horizon ahead.

    The target is asked at t + horizon and the features at t, for each of the instants t; so a target that speaks of the
    last 90 days, with a horizon of 90 days, is about what happens after t.

    Args:
        shop: the shop.
        target: name of a segment (the score is a probability), or of a metric that is a number or money.
        features: names of metrics, segments, classifications and lifecycles.
        horizon: how far ahead.
        instants: t, each at least a horizon before T; by default four, a horizon apart, the last one horizon before T.
        judged: how many of the last instants the model is judged on, and not trained on.
        among: a segment: only its members at t are rows.
        rows: at most so many rows are learnt from, and as many judged on, drawn at random.
        seed: of what is drawn.
        name: of the model, in facts; the target's where it is left out.

    Raises:
        RulesError: R120 a name that is not there, R842 a question without sense, R843 rows that have nothing to learn.
    """
    program = shop.rules.program
    forms = {one.symbol: one for one in program.definitions if one.subject == "customer" and one.form != "classify"}
    form = forms[known(target, forms, "segment or metric about customers")].form
    length = duration_of(horizon)

    def outcome(points: pl.DataFrame) -> Floats:
        later = points.select("customer", shop.shifted(pl.col("at"), length).alias("at"))
        matrix = features_at(shop, [target], later)
        return matrix.values[:, 0]

    asked = _Asked(known_features(shop, features), length, tuple(instants or ()), judged, among, rows, seed)
    return _trained(shop, asked, outcome, target, name or target, logistic=form == "segment")


def churn(
    shop: Shop,
    *,
    features: Sequence[str],
    horizon: Length = "90d",
    instants: Sequence[Instant] | None = None,
    judged: int = 1,
    among: str | None = None,
    rows: int = 200_000,
    seed: int = 1,
    name: str = "churn",
) -> Trained:
    """A model of who will not buy within a horizon, among those who have bought; arguments are those of `train`."""
    length = duration_of(horizon)

    def outcome(points: pl.DataFrame) -> Floats:
        return _without_purchase(shop, points, length)

    asked = _Asked(known_features(shop, features), length, tuple(instants or ()), judged, among, rows, seed)
    return _trained(shop, asked, outcome, "churn", name, logistic=True)


def _without_purchase(shop: Shop, points: pl.DataFrame, length: Duration) -> Floats:
    numbered = points.with_row_index("row").with_columns(shop.shifted(pl.col("at"), length).alias("end")).sort("at")
    bought = shop.purchases().select("customer", "at", pl.col("at").alias("next")).sort("at")
    joined = numbered.join_asof(
        bought, on="at", by="customer", strategy="forward", allow_exact_matches=False, check_sortedness=False
    )
    gone = joined.sort("row").select((pl.col("next") > pl.col("end")).fill_null(value=True).cast(pl.Float64))
    return gone.to_series().to_numpy()


# --- rows -------------------------------------------------------------------------------------------------------------


@frozen
class _Asked:
    features: tuple[str, ...]
    length: Duration
    instants: tuple[Instant, ...]
    judged: int
    among: str | None
    rows: int
    seed: int


@frozen(eq=False)
class _Rows:
    """Features of rows and what came of them."""

    matrix: Matrix
    outcome: Floats


def _trained(shop: Shop, asked: _Asked, outcome: Outcome, target: str, name: str, *, logistic: bool) -> Trained:
    learnt, judged = _split(shop, asked)
    known_rows = _rows(shop, asked, learnt, outcome)
    if not len(known_rows.outcome):
        message = "nobody had bought by the instants to learn from"
        raise RulesError([Diagnostic("R843", message, help="ask for later instants, or a shorter horizon")])
    if logistic and len(np.unique(known_rows.outcome)) < 2:
        share = "every one has" if known_rows.outcome[0] else "none has"
        message = f"of {len(known_rows.outcome)} rows {share} the target: there is nothing to tell apart"
        raise RulesError([Diagnostic("R843", message, help="ask for other instants, or another horizon")])
    card = learn(known_rows.matrix, known_rows.outcome, logistic=logistic)
    until = from_microseconds(calendar.shift_scalar(max(learnt), asked.length, shop.zone))
    model = Model(name, target, asked.length.written(), asked.among, until, card)
    tried = _rows(shop, asked, judged, outcome)
    at = [from_microseconds(one) for one in judged]
    return Trained(model, *judge(model, card.score(tried.matrix), tried.outcome, float(known_rows.outcome.mean()), at))


def _split(shop: Shop, asked: _Asked) -> tuple[list[int], list[int]]:
    """Instants to learn from, and later ones to judge at, in microseconds."""
    if asked.rows < 1:
        raise RulesError([Diagnostic("R842", f"of {asked.rows} rows nothing can be learnt")])
    now = to_microseconds(shop.as_of)
    if asked.instants:
        all_of = sorted({to_microseconds(instant_of(one, shop.zone)) for one in asked.instants})
    else:
        back = [Duration(*(part * -turn for part in _fields(asked.length))) for turn in (4, 3, 2, 1)]
        all_of = [calendar.shift_scalar(now, one, shop.zone) for one in back]
    ends = {one: calendar.shift_scalar(one, asked.length, shop.zone) for one in all_of}
    late = [one for one in all_of if ends[one] > now]
    # Going back by a month and forth again may miss by a few days: the default's last instant is moved, not refused.
    if late and not asked.instants:
        all_of = [one - max(0, ends[one] - now) for one in all_of]
        ends = {one: calendar.shift_scalar(one, asked.length, shop.zone) for one in all_of}
    elif late:
        message = f"what comes of {from_microseconds(late[0]).isoformat()} is known only after T"
        raise RulesError([Diagnostic("R842", message, help="instants lie at least a horizon before T")])
    if not 1 <= asked.judged < len(all_of):
        message = f"of {len(all_of)} instants {asked.judged} are to be judged at"
        raise RulesError([Diagnostic("R842", message, help="at least one is judged at, and one learnt from")])
    judged = all_of[-asked.judged :]
    learnt = [one for one in all_of[: -asked.judged] if ends[one] <= judged[0]]
    if not learnt:
        message = "every instant to learn from has its outcome after the first instant to be judged at"
        raise RulesError([Diagnostic("R842", message, help="give instants a horizon or more apart")])
    return learnt, judged


def _fields(length: Duration) -> tuple[int, int, int]:
    return length.months, length.days, length.micros


def _rows(shop: Shop, asked: _Asked, instants: Sequence[int], outcome: Outcome) -> _Rows:
    points = _points(shop, asked, instants)
    if points.is_empty():
        return _Rows(
            Matrix(asked.features, (None,) * len(asked.features), np.empty((0, len(asked.features)))), np.empty(0)
        )
    found = outcome(points)
    matrix = features_at(shop, asked.features, points)
    there = ~np.isnan(found)
    return _Rows(Matrix(matrix.names, matrix.labels, matrix.values[there]), found[there])


def _points(shop: Shop, asked: _Asked, instants: Sequence[int]) -> pl.DataFrame:
    """Everybody who had bought by each instant (of the segment asked for), at most so many rows."""
    first = shop.purchases().filter(pl.col("number") == 1).select("customer", pl.col("at").alias("first"))
    frames = []
    for instant in instants:
        at = pl.lit(from_microseconds(instant), _INSTANT)
        frames.append(first.filter(pl.col("first") <= at).select("customer", at.alias("at")))
    points = pl.concat(frames)
    if asked.among is not None and not points.is_empty():
        segments = {one.symbol for one in shop.rules.program.definitions if one.form == "segment"}
        name = known(asked.among, segments, "segment")
        points = points.filter(shop.rules.evaluate_at(shop.facts, points, only=[name]).get_column(name))
    if points.height <= asked.rows:
        return points
    draw = np.random.Generator(np.random.PCG64(asked.seed))
    chosen = np.sort(draw.choice(points.height, asked.rows, replace=False))
    return points[chosen]
