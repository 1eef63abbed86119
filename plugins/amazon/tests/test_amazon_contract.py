from __future__ import annotations

from rulecrm.testing.platforms import MarketplaceContract


class TestAmazon(MarketplaceContract):
    plugin = "rulecrm_amazon"
