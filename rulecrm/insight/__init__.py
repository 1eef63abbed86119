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
from rulecrm.insight.figure import Figure, Language, Origin, Remark, Words
from rulecrm.insight.shop import Shop

__all__ = [
    "Figure",
    "Language",
    "Origin",
    "Remark",
    "Shop",
    "Words",
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
]
