"""Did a campaign work: its effect, cost, waves and channels, and how many customers it needs."""

from __future__ import annotations

from rulecrm.insight.effect.costs import campaign_cost
from rulecrm.insight.effect.effect import campaign_effect
from rulecrm.insight.effect.size import campaign_size
from rulecrm.insight.effect.waves import campaign_channels, campaign_waves

__all__ = ["campaign_channels", "campaign_cost", "campaign_effect", "campaign_size", "campaign_waves"]
