"""How good a model is where it has not learnt.

In: scores and what came of them. Out: three figures: quality, calibration, lift.
Invariant: every number is of rows that the model has not been trained on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.statistics import proportion

if TYPE_CHECKING:
    from rulecrm.insight.models.model import Model

__all__ = ["judge"]

_PARTS = 10
_Z = NormalDist().inv_cdf(0.975)


def judge(
    model: Model, scores: Floats, outcome: Floats, base: float, at: Sequence[dt.datetime]
) -> tuple[Figure, Figure, Figure]:
    """Quality, calibration and lift.

    Args:
        model: what gave the scores.
        scores: of the rows that are judged.
        outcome: what came of them: 0 or 1, or amounts.
        base: mean outcome of the rows that were learnt from: what one would guess without a model.
        at: the instants of the rows.
    """
    days = ", ".join(sorted({one.date().isoformat() for one in at}))
    rows = Words(
        f"Rows are customers as of {days} (UTC), whose outcome `{model.target}` {model.horizon} later is known and was "
        "not learnt from. ",
        f"各行为截至 {days}（UTC）的顾客，其 {model.horizon} 之后的结果 `{model.target}` 已知且未用于训练。",
    )
    remarks = _remarks(model, scores, outcome, base)
    return (
        _quality(model, scores, outcome, base, rows, remarks),
        _calibration(model, scores, outcome, rows, remarks),
        _lift(model, scores, outcome, rows, remarks),
    )


def _quality(  # noqa: PLR0917
    model: Model, scores: Floats, outcome: Floats, base: float, rows: Words, remarks: tuple[Remark, ...]
) -> Figure:
    guess = np.full(len(scores), base)
    found: list[tuple[str, float | None, float | None]] = [("rows", float(len(scores)), None)]
    if len(scores):
        found += [
            ("mean_outcome", float(scores.mean()), float(outcome.mean())),
            ("mean_squared_error", float(np.mean((scores - outcome) ** 2)), float(np.mean((guess - outcome) ** 2))),
        ]
    if model.card.logistic:
        found.append(("auc", _auc(scores, outcome), 0.5))
    en = (
        f"{rows.en}mean_outcome: what the model expected, and in the last column what came. mean_squared_error: of "
        "scores "
        "(Brier's, of a probability), and of guessing for everybody the mean of the rows learnt from. auc: how "
        "often, of "
        "one row with the target and one without, the first has the higher score."
    )
    zh = (
        f"{rows.zh}mean_outcome：模型的预期均值，末列为实际均值。mean_squared_error：模型（概率时即 Brier 分），"
        "与对所有人都猜训练均值的结果。auc：任取一个命中行与一个未命中行，前者得分更高的概率。"
    )
    schema = {"measure": pl.String, "model": pl.Float64, "beside": pl.Float64}
    columns = {
        "measure": Words("Measure", "指标"),
        "model": Words("Model", "模型"),
        "beside": Words("Actual, or guessing", "实际或猜测"),
    }
    frame = pl.DataFrame(found, schema=schema, orient="row")
    title = Words(f"How good the model is: {model.name}", f"模型质量：{model.name}")
    return Figure("model_quality", title, Words(en, zh), frame, columns, remarks)


def _auc(scores: Floats, outcome: Floats) -> float | None:
    """Mann and Whitney's: from the ranks of scores, ties in the middle."""
    positive = outcome == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return None
    ranks = pl.Series(scores).rank("average").to_numpy()
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _calibration(model: Model, scores: Floats, outcome: Floats, rows: Words, remarks: tuple[Remark, ...]) -> Figure:
    found = []
    for number, part in enumerate(_parts(scores), 1):
        predicted, actual = float(scores[part].mean()), outcome[part]
        low, high = _around_share(actual) if model.card.logistic else _around_mean(actual)
        found.append((number, len(actual), predicted, float(actual.mean()), low, high))
    en = (
        f"{rows.en}They are sorted by score and cut into tenths, the highest first; predicted is the mean score of a "
        "tenth, actual its mean outcome with a 95 % interval (Wilson's for shares)."
    )
    zh = (
        f"{rows.zh}按得分从高到低排序并分为十等份；预测值为每份的平均得分，"
        "实际值为平均结果及 95% 区间（比例采用 Wilson 区间）。"
    )
    schema = {
        "part": pl.Int64, "customers": pl.Int64, "predicted": pl.Float64, "actual": pl.Float64, "low": pl.Float64,
        "high": pl.Float64,
    }  # fmt: skip
    columns = {
        "part": Words("Tenth", "十分位"),
        "customers": Words("Customers", "顾客数"),
        "predicted": Words("Predicted", "预测"),
        "actual": Words("Actual", "实际"),
        "low": Words("Low", "下限"),
        "high": Words("High", "上限"),
    }
    frame = pl.DataFrame(found, schema=schema, orient="row")
    title = Words(f"Predicted and actual: {model.name}", f"预测与实际：{model.name}")
    return Figure("model_calibration", title, Words(en, zh), frame, columns, remarks)


def _lift(model: Model, scores: Floats, outcome: Floats, rows: Words, remarks: tuple[Remark, ...]) -> Figure:
    total, mean = float(outcome.sum()), float(outcome.mean()) if len(outcome) else 0.0
    found, customers, caught = [], 0, 0.0
    for part in _parts(scores):
        customers += len(part)
        caught += float(outcome[part].sum())
        reached = caught / customers
        lift, share = (reached / mean, caught / total) if total > 0 else (None, None)
        found.append((customers / len(scores), customers, reached, lift, share))
    en = (
        f"{rows.en}They are sorted by score; each row of the figure is of all customers down to a tenth: their mean "
        "outcome, how many times the mean of all that is, and the share of the whole outcome that they have."
    )
    zh = f"{rows.zh}按得分从高到低排序；每行为累计至该十分位的全部顾客：平均结果、为总体均值的倍数、占全部结果的份额。"
    schema = {
        "share": pl.Float64, "customers": pl.Int64, "actual": pl.Float64, "lift": pl.Float64, "captured": pl.Float64
    }  # fmt: skip
    columns = {
        "share": Words("Highest scores", "最高得分的顾客"),
        "customers": Words("Customers", "顾客数"),
        "actual": Words("Actual", "实际"),
        "lift": Words("Times the mean", "均值的倍数"),
        "captured": Words("Share of all", "占全部"),
    }
    frame = pl.DataFrame(found, schema=schema, orient="row")
    title = Words(f"Among the highest scores: {model.name}", f"最高得分者：{model.name}")
    return Figure("model_lift", title, Words(en, zh), frame, columns, remarks)


def _parts(scores: Floats) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Places of the rows in tenths, the highest scores first; rows of equal scores in their order."""
    order = np.argsort(-scores, kind="stable")
    return [part for part in np.array_split(order, _PARTS) if len(part)]


def _around_share(actual: Floats) -> tuple[float | None, float | None]:
    found = proportion(int(actual.sum()), len(actual))
    return found.low, found.high


def _around_mean(actual: Floats) -> tuple[float | None, float | None]:
    if len(actual) < 2:
        return None, None
    wide = _Z * float(actual.std(ddof=1)) / np.sqrt(len(actual))
    return float(actual.mean() - wide), float(actual.mean() + wide)


def _remarks(model: Model, scores: Floats, outcome: Floats, base: float) -> tuple[Remark, ...]:
    if not len(scores):
        text = "Nobody had bought by the instants to be judged at: how good the model is cannot be said."
        return (Remark("R844", Words(text, "在评估时点之前没有人购买：无法评估模型。")),)
    if model.card.logistic and _auc(scores, outcome) is None:
        text = (
            "All rows that were judged have the same outcome: how well the model tells customers apart cannot be said."
        )
        return (Remark("R844", Words(text, "所有评估行结果相同：无法说明模型的区分能力。")),)
    # Less than a thousandth is what rounding and the last steps of a search make.
    if np.mean((scores - outcome) ** 2) >= 0.999 * np.mean((base - outcome) ** 2):
        text = "On later instants the model is no better than guessing the same for everybody."
        return (Remark("R844", Words(text, "在之后的时点上，模型并不优于对所有人作相同猜测。")),)
    return ()
