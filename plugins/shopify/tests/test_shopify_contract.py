from __future__ import annotations

from rulecrm.plugin import MARKETING, PlatformType
from rulecrm.testing.platforms import PlatformPluginContract


class TestShopify(PlatformPluginContract):
    plugin = "rulecrm_shopify"

    def test_the_shops_own_customers_may_be_written_to(self, platform: PlatformType) -> None:
        assert platform.may_contact("email", MARKETING).allowed
