"""Who buys, and who serves: the figures about buyers, staff and sources."""

from __future__ import annotations

from rulecrm.insight.buyers.blacklist import blacklist
from rulecrm.insight.buyers.path import orders_after, path_to_purchase
from rulecrm.insight.buyers.preferences import preferences
from rulecrm.insight.buyers.rfm import rfm_grid, rfm_groups
from rulecrm.insight.buyers.sensitivity import sensitivity
from rulecrm.insight.buyers.service import service_record
from rulecrm.insight.buyers.sources import sources
from rulecrm.insight.buyers.staff import staff
from rulecrm.insight.buyers.times import buying_times

__all__ = [
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
