"""The policy: what becomes of every message that a campaign would send."""

from rulecrm.policy.caps import over_limits
from rulecrm.policy.decide import Grants, Ranking, decide
from rulecrm.policy.quiet import free_at
from rulecrm.policy.reach import Reach, open_reach

__all__ = ["Grants", "Ranking", "Reach", "decide", "free_at", "open_reach", "over_limits"]
