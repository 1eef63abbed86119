"""Did it work, and what now: the questions of a shop's owner, answered with definitions and intervals.

Each answer is a `Figure`: a frame, the definition of its numbers, and in words what could not be concluded.
"""

from __future__ import annotations

from rulecrm.insight.figure import Figure, Language, Origin, Remark, Words
from rulecrm.insight.lifetime import (
    Lifetime,
    clv,
    clv_check,
    clv_fit,
    customers_needed,
    fit_lifetime,
    repeat_forecast,
)
from rulecrm.insight.models import Clusters, Model, Trained, churn, clusters, similar, train
from rulecrm.insight.shop import Shop

__all__ = [
    "Figure", "Language", "Origin", "Remark", "Shop", "Words",
    "Lifetime", "clv", "clv_check", "clv_fit", "customers_needed", "fit_lifetime", "repeat_forecast",
    "Clusters", "Model", "Trained", "churn", "clusters", "similar", "train",
]  # fmt: skip
