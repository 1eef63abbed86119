"""Did it work, and what now: the questions of a shop's owner, answered with definitions and intervals.

Each answer is a `Figure`: a frame, the definition of its numbers, and in words what could not be concluded.
"""

from __future__ import annotations

from rulecrm.insight.buyers import (
    blacklist,
    buying_times,
    orders_after,
    path_to_purchase,
    preferences,
    rfm_grid,
    rfm_groups,
    sensitivity,
    service_record,
    sources,
    staff,
)
from rulecrm.insight.effect import (
    campaign_channels,
    campaign_cost,
    campaign_effect,
    campaign_size,
    campaign_waves,
)
from rulecrm.insight.figure import Figure, Language, Origin, Remark, Words
from rulecrm.insight.kpis import KpiTree, kpi_parts, kpi_tree, kpi_values
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
from rulecrm.insight.products.audience import likely_next, product_audience
from rulecrm.insight.products.bundles import bundles
from rulecrm.insight.products.prices import price_sensitivity
from rulecrm.insight.products.roles import product_role_sums, product_roles
from rulecrm.insight.products.seasons import seasonality
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
    "Figure",
    "KpiTree",
    "Language",
    "Origin",
    "Remark",
    "Shop",
    "Words",
    # kpis
    "kpi_parts",
    "kpi_tree",
    "kpi_values",
    # who buys, and who serves
    "blacklist",
    "buying_times",
    "orders_after",
    "path_to_purchase",
    "preferences",
    "rfm_grid",
    "rfm_groups",
    "sensitivity",
    "service_record",
    "sources",
    "staff",
    # repurchase and retention
    "acquisition_cost",
    "cohorts",
    "migration",
    "migration_balance",
    "order_shares",
    "payback",
    "repurchase_curve",
    "repurchase_rate",
    "second_purchase",
    "weekly_targets",
    # effect of campaigns
    "campaign_channels",
    "campaign_cost",
    "campaign_effect",
    "campaign_size",
    "campaign_waves",
    # what customers are worth
    "Lifetime",
    "clv",
    "clv_check",
    "clv_fit",
    "customers_needed",
    "fit_lifetime",
    "repeat_forecast",
    # models over metrics
    "Clusters",
    "Model",
    "Trained",
    "churn",
    "clusters",
    "similar",
    "train",
    # what is sold
    "bundles",
    "likely_next",
    "price_sensitivity",
    "product_audience",
    "product_role_sums",
    "product_roles",
    "seasonality",
]
