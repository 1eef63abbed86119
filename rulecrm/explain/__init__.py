"""Why a subject is in a segment, or is not, or has the label or the value it has; and what would change it."""

from rulecrm.explain.explain import explain
from rulecrm.explain.explanation import Comparison, Distance, Evidence, Explanation, FactShown, Node, Steps, Window
from rulecrm.explain.shown import Shown

__all__ = [
    "explain", "Explanation", "Node", "Comparison", "Distance", "Evidence", "FactShown", "Steps", "Window", "Shown",
]  # fmt: skip
