from __future__ import annotations

from rulecrm.testing.platforms import MarketplaceContract


class TestShopee(MarketplaceContract):
    plugin = "rulecrm_shopee"
