"""The policy: what becomes of every message that a campaign would send."""

from rulecrm.policy.decide import Grants, Ranking, decide
from rulecrm.policy.reach import Reach, open_reach

__all__ = ["Grants", "Ranking", "Reach", "decide", "open_reach"]
