"""The policy: what becomes of every message that a campaign would send."""

from rulecrm.policy.decide import Grants, Ranking, decide
from rulecrm.policy.filling import Filling, open_filling
from rulecrm.policy.reach import Reach, open_reach

__all__ = ["Filling", "Grants", "Ranking", "Reach", "decide", "open_filling", "open_reach"]
