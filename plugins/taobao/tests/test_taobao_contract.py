from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import rulecrm_taobao

from rulecrm.plugin import MARKETING, Context, PlatformType, Secret, registry_of
from rulecrm.testing.platforms import PlatformContract


@pytest.fixture
def platform() -> PlatformType:
    (one,) = rulecrm_taobao.rulecrm_platforms()
    return one


class TestTaobao(PlatformContract):
    @pytest.fixture
    def platform(self, platform: PlatformType) -> PlatformType:
        return platform


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"taobao": rulecrm_taobao})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.platforms) == ["taobao"]
    loaded = "import sys, rulecrm_taobao as it; it.rulecrm_platforms(); sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


@pytest.mark.parametrize("channel", ["sms", "email", "push", "call", "letter"])
def test_marketing_outside_the_platform_is_forbidden(platform: PlatformType, channel: str) -> None:
    assert not platform.may_contact(channel, MARKETING).allowed


def test_an_order_may_be_spoken_of_in_its_messenger(platform: PlatformType) -> None:
    assert platform.may_contact("im", "order").allowed


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    names = {*rulecrm_taobao.Settings.__annotations__, *rulecrm_taobao.SmsSettings.__annotations__}
    assert sorted(name for name in names if f"`{name}`" not in readme) == []


def test_the_channel_is_admitted_and_opens_without_a_secret() -> None:
    (kind,) = rulecrm_taobao.rulecrm_channels()
    registry = registry_of({"taobao": rulecrm_taobao})
    assert "taobao-sms" in registry.channels
    given = rulecrm_taobao.SmsSettings("1", Secret("env:NOWHERE"), Secret("env:NOWHERE"), "店")
    traits = kind.open(given, Context()).traits
    assert (traits.address, traits.preapproved) == ("taobao_sms", True)
