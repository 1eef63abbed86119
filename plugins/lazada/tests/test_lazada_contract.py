from __future__ import annotations

from rulecrm.testing.platforms import MarketplaceContract


class TestLazada(MarketplaceContract):
    plugin = "rulecrm_lazada"
