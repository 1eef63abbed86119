"""From a typed model to what has to be computed, once each."""

from rulecrm.planning.plan import Needs, Plan, find_needs, find_states, make_plan
from rulecrm.planning.walk import children, is_point_constant, is_row_static, refs, walk

__all__ = [
    "Needs",
    "Plan",
    "children",
    "find_needs",
    "find_states",
    "is_point_constant",
    "is_row_static",
    "make_plan",
    "refs",
    "walk",
]
