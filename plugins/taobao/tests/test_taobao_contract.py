from __future__ import annotations

from pathlib import Path

import rulecrm_taobao

from rulecrm.plugin import Context, Secret, registry_of
from rulecrm.testing.platforms import MarketplaceContract


class TestTaobao(MarketplaceContract):
    plugin = "rulecrm_taobao"


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
