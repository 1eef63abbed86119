"""The tests that every platform must pass.

In: a platform, from a subclass. Out: pytest tests.
Invariant: what is tested is what the gate at sending relies on: an answer to whatever it is asked, the same each time,
with a reason where it is no; and no to what it was not thought of for.

A plugin's tests inherit `PlatformContract` and give one fixture:

    class TestMall(PlatformContract):
        @pytest.fixture
        def platform(self) -> PlatformType:
            return MALL
"""

from __future__ import annotations

import pytest

from rulecrm.model.sending import MARKETING
from rulecrm.plugin import Permission, PlatformType, hookimpl, registry_of

__all__ = ["PlatformContract"]

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
