"""Did it work, and what now: the questions of a shop's owner, answered with definitions and intervals.

Each answer is a `Figure`: a frame, the definition of its numbers, and in words what could not be concluded.
"""

from __future__ import annotations

from rulecrm.insight.figure import Figure, Language, Origin, Remark, Words
from rulecrm.insight.repurchase import (
    acquisition_cost,
    cohorts,
    migration,
    migration_balance,
    order_shares,
    payback,
    repurchase_curve,
    repurchase_rate,
    second_purchase,
    weekly_targets,
)
from rulecrm.insight.shop import Shop

__all__ = [
    "Figure", "Language", "Origin", "Remark", "Shop", "Words",
    # repurchase and retention
    "acquisition_cost", "cohorts", "migration", "migration_balance", "order_shares", "payback", "repurchase_curve",
    "repurchase_rate", "second_purchase", "weekly_targets",
]  # fmt: skip
