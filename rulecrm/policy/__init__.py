"""The policy: what becomes of every message that a campaign would send."""

from rulecrm.policy.caps import over_limits
from rulecrm.policy.decide import Grants, Ranking, decide
from rulecrm.policy.filling import Filling, kinds_read, open_filling
from rulecrm.policy.quiet import free_at
from rulecrm.policy.reach import Reach, open_reach

__all__ = [
    "Filling", "Grants", "Ranking", "Reach", "decide", "free_at", "kinds_read", "open_filling", "open_reach",
    "over_limits",
]  # fmt: skip
