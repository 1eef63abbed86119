"""Did it work, and what now: the questions of a shop's owner, answered with definitions and intervals.

Each answer is a `Figure`: a frame, the definition of its numbers, and in words what could not be concluded.
"""

from __future__ import annotations

from rulecrm.insight.figure import Figure, Language, Origin, Remark, Words
from rulecrm.insight.kpis import KpiTree, kpi_parts, kpi_tree, kpi_values
from rulecrm.insight.shop import Shop

__all__ = [
    "Figure", "KpiTree", "Language", "Origin", "Remark", "Shop", "Words",
    "kpi_parts", "kpi_tree", "kpi_values",
]  # fmt: skip
