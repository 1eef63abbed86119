from __future__ import annotations

from rulecrm.testing.platforms import MarketplaceContract


class TestAliexpress(MarketplaceContract):
    plugin = "rulecrm_aliexpress"
