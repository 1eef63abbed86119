"""Repurchase and retention: who comes back, how soon, how often, and where they go meanwhile."""

from __future__ import annotations

from rulecrm.insight.repurchase.acquisition import acquisition_cost, payback
from rulecrm.insight.repurchase.cohorts import cohorts
from rulecrm.insight.repurchase.curve import repurchase_curve
from rulecrm.insight.repurchase.migration import migration, migration_balance
from rulecrm.insight.repurchase.second import repurchase_rate, second_purchase
from rulecrm.insight.repurchase.shares import order_shares
from rulecrm.insight.repurchase.targets import weekly_targets

__all__ = [
    "acquisition_cost", "cohorts", "migration", "migration_balance", "order_shares", "payback", "repurchase_curve",
    "repurchase_rate", "second_purchase", "weekly_targets",
]  # fmt: skip
