from __future__ import annotations

import subprocess
import sys

import pytest
import rulecrm_shopify

from rulecrm.plugin import PlatformType, registry_of
from rulecrm.testing.platforms import PlatformContract


@pytest.fixture
def platform() -> PlatformType:
    (one,) = rulecrm_shopify.rulecrm_platforms()
    return one


class TestShopify(PlatformContract):
    @pytest.fixture
    def platform(self, platform: PlatformType) -> PlatformType:
        return platform


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"shopify": rulecrm_shopify})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.platforms) == ["shopify"]
    loaded = "import sys, rulecrm_shopify as it; it.rulecrm_platforms(); sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


def test_the_shops_own_customers_may_be_written_to(platform: PlatformType) -> None:
    assert platform.may_contact("email", "marketing").allowed
