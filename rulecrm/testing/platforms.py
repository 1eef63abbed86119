"""The tests that every platform must pass.

In: a platform, from a subclass. Out: pytest tests.
Invariant: what is tested is what the gate at sending relies on: an answer to whatever it is asked, the same each time,
with a reason where it is no; and no to what it was not thought of for.

A plugin's tests inherit `PlatformContract` and give one fixture:

    class TestMall(PlatformContract):
        @pytest.fixture
        def platform(self) -> PlatformType:
            return MALL

or, where a module registers one platform, `MarketplaceContract` (`PlatformPluginContract` where the customers are the
shop's own) and the module's name:

    class TestMall(MarketplaceContract):
        plugin = "rulecrm_mall"
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import ClassVar

import pytest

from rulecrm.model.sending import MARKETING
from rulecrm.plugin import Permission, PlatformType, hookimpl, registry_of

__all__ = ["MarketplaceContract", "PlatformContract", "PlatformPluginContract"]

CHANNELS = ("sms", "email", "im", "push", "call", "letter")
PURPOSES = (MARKETING, "order", "support", "legal")


class PlatformContract:
    """Inherit it; each test says in its name what a platform must do."""

    @pytest.fixture
    def platform(self) -> PlatformType:
        """The platform."""
        raise NotImplementedError

    def test_it_is_admitted(self, platform: PlatformType) -> None:
        class Plugin:
            @hookimpl
            def rulecrm_platforms(self) -> list[PlatformType]:
                return [platform]

        (standing,) = registry_of({"plugin": Plugin()}).plugins
        assert standing.refused is None

    @pytest.mark.parametrize("purpose", PURPOSES)
    @pytest.mark.parametrize("channel", CHANNELS)
    def test_it_answers_and_says_why_not(self, platform: PlatformType, channel: str, purpose: str) -> None:
        answer = platform.may_contact(channel, purpose)
        assert isinstance(answer, Permission)
        assert type(answer.allowed) is bool
        assert answer.allowed or answer.reason.strip()
        assert platform.may_contact(channel, purpose) == answer

    @pytest.mark.parametrize("purpose", PURPOSES)
    @pytest.mark.parametrize("channel", ["", "carrier-pigeon", "SMS", "e mail", "短信"])
    def test_a_channel_nobody_thought_of_is_forbidden(self, platform: PlatformType, channel: str, purpose: str) -> None:
        assert not platform.may_contact(channel, purpose).allowed


class PlatformPluginContract(PlatformContract):
    """Inherit it where a module registers one platform; `plugin` is the module's name."""

    plugin: ClassVar[str]

    @pytest.fixture
    def platform(self) -> PlatformType:
        (one,) = importlib.import_module(self.plugin).rulecrm_platforms()
        assert isinstance(one, PlatformType)
        return one

    def test_the_module_is_admitted(self, platform: PlatformType) -> None:
        registry = registry_of({"plugin": importlib.import_module(self.plugin)})
        (standing,) = registry.plugins
        assert standing.refused is None
        assert sorted(registry.platforms) == [platform.name]

    def test_saying_what_there_is_waits_for_no_frames_and_no_network(self) -> None:
        heavy = "import sys; sys.exit(sorted({'httpx', 'polars'} & set(sys.modules)) or 0)"
        program = f"import {self.plugin}; {self.plugin}.rulecrm_platforms(); {heavy}"
        done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)  # noqa: S603
        assert (done.returncode, done.stderr) == (0, "")


class MarketplaceContract(PlatformPluginContract):
    """Inherit it where buyers are the platform's, and the platform lets nobody advertise to them elsewhere."""

    @pytest.mark.parametrize("channel", ["sms", "email", "push", "call", "letter"])
    def test_marketing_outside_the_platform_is_forbidden(self, platform: PlatformType, channel: str) -> None:
        assert not platform.may_contact(channel, MARKETING).allowed

    def test_an_order_may_be_spoken_of_in_its_messenger(self, platform: PlatformType) -> None:
        assert platform.may_contact("im", "order").allowed
