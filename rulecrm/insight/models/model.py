"""A trained model: what it scores, how it is kept.

In: a card and how it came to be. Out: scores of a shop's customers, facts that rules can read, JSON.
Invariant: a score stands on nothing after the instant it was given at, and says which that was.
"""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.figure import Figure, Words
from rulecrm.insight.models.card import Card
from rulecrm.insight.models.features import features_now, known_features, title_of
from rulecrm.insight.shop import Shop

__all__ = ["Model"]

_FORMAT = 1


@frozen
class Model:
    """A model that has been trained.

    Attributes:
        name: what it is called in facts.
        target: what it foretells: name of a segment or metric, or `churn`.
        horizon: how far ahead, as rules write it.
        among: the segment that it was trained on; None for every buyer.
        until: the last instant whose future it has learnt from.
        card: the points.
    """

    name: str
    target: str
    horizon: str
    among: str | None
    until: dt.datetime
    card: Card

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the definitions that it asks for."""
        return tuple(one.name for one in self.card.features)

    def score(self, shop: Shop) -> pl.DataFrame:
        """Every customer who bought up to T (of the segment `among`), by key.

        Returns:
            `customer`, `at` (T, Datetime in UTC), `model`, `value` Float64: the probability that the target holds one
            horizon after T, or its expected amount. These are rows of a kind that rules may declare as
            `kind score { model: text, value: number }`.

        Raises:
            RulesError: the rules have not the features that it was trained on, or give them other labels.
        """
        names = known_features(shop, self.features)
        customers = shop.purchases().get_column("customer").unique(maintain_order=True)
        if self.among is not None:
            customers = customers.filter(
                customers.is_in(shop.result([self.among]).segment(self.among)["customer"].implode())
            )
        matrix = features_now(shop, names, customers)
        for feature, labels in zip(self.card.features, matrix.labels, strict=True):
            if feature.labels != labels:
                raise RulesError(
                    [Diagnostic("R842", f"`{feature.name}` has other labels than the model was trained on")]
                )
        return pl.DataFrame({"customer": customers, "value": self.card.score(matrix)}).select(
            "customer",
            pl.lit(shop.as_of, pl.Datetime("us", "UTC")).alias("at"),
            pl.lit(self.name).alias("model"),
            "value",
        )

    def points(self, shop: Shop) -> Figure:
        """The card as a figure, `model_points`: `feature`, `place`, `points`."""
        rows = [
            (title_of(shop, one.name), place, points)
            for one in self.card.features
            for place, points in zip(one.places(), one.points, strict=True)
        ]
        what = ("log-odds", "对数几率") if self.card.logistic else ("amount", "数额")
        en = (
            f"The {what[0]} of `{self.target}` {self.horizon} ahead is {self.card.start:.4f} and the points of the "
            "place "
            "where the customer stands in each feature. Durations are in days, money in whole units."
        )
        zh = (
            f"`{self.target}` 在 {self.horizon} 之后的{what[1]}等于 {self.card.start:.4f} 加上各特征所处位置的分值。"
            "时长以天计，金额以整单位计。"
        )
        columns = {
            "feature": Words("Feature", "特征"),
            "place": Words("Where", "位置"),
            "points": Words("Points", "分值"),
        }
        frame = pl.DataFrame(
            rows, schema={"feature": pl.String, "place": pl.String, "points": pl.Float64}, orient="row"
        )
        return Figure(
            "model_points", Words(f"Score card: {self.name}", f"评分卡：{self.name}"), Words(en, zh), frame, columns
        )

    def to_json(self) -> str:
        """The model as text: numbers and names, no code."""
        data = {
            "rulecrm_model": _FORMAT, "name": self.name, "target": self.target, "horizon": self.horizon,
            "among": self.among, "until": self.until.isoformat(), "card": self.card.to_data(),
        }  # fmt: skip
        return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """A model that `to_json` has written.

        Raises:
            RulesError: R842 the text is something else.
        """
        try:
            data = json.loads(text)
            if data["rulecrm_model"] != _FORMAT:
                raise _unknown_text(f"it is of format {data['rulecrm_model']}")
            among = None if data["among"] is None else str(data["among"])
            until = dt.datetime.fromisoformat(data["until"])
            card = Card.from_data(data["card"])
            return cls(str(data["name"]), str(data["target"]), str(data["horizon"]), among, until, card)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise _unknown_text(str(error)) from None


def _unknown_text(why: str) -> RulesError:
    message = f"the text is no saved model: {why}"
    return RulesError([Diagnostic("R842", message, help="give what `Model.to_json` has written")])
