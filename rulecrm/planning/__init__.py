"""From a typed model to what has to be computed, once each."""

from rulecrm.planning.machines import definition_of
from rulecrm.planning.plan import Needs, Plan, find_needs, make_plan
from rulecrm.planning.predicates import Parts, Predicate, Predicates, Threshold, parts_of
from rulecrm.planning.walk import children, is_point_constant, is_row_static, refs, walk

__all__ = [
    "Needs",
    "Parts",
    "Plan",
    "Predicate",
    "Predicates",
    "Threshold",
    "children",
    "definition_of",
    "find_needs",
    "is_point_constant",
    "is_row_static",
    "make_plan",
    "parts_of",
    "refs",
    "walk",
]
