from __future__ import annotations

from rulecrm.testing.platforms import MarketplaceContract


class TestEbay(MarketplaceContract):
    plugin = "rulecrm_ebay"
