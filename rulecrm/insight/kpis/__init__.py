"""Kpis: what they are, what moved them, and whether that was to be expected."""

from __future__ import annotations

from rulecrm.insight.kpis.parts import Against, KpiTree, kpi_parts, kpi_tree
from rulecrm.insight.kpis.tree import Node
from rulecrm.insight.kpis.values import kpi_values

__all__ = ["Against", "KpiTree", "Node", "kpi_parts", "kpi_tree", "kpi_values"]
