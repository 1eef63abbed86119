"""From a plan and facts to values: at one instant for everybody, and at a frame of (subject, instant)."""

from rulecrm.runtime.evaluate import evaluate_all, evaluate_points
from rulecrm.runtime.kept import keep_store, open_store, refresh_index
from rulecrm.runtime.store import Progress, Store

__all__ = ["Progress", "Store", "evaluate_all", "evaluate_points", "keep_store", "open_store", "refresh_index"]
