"""The kit holds for a platform that minds what it says, and fails for those that do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rulecrm.plugin import ALLOWED, Permission, PlatformType
from rulecrm.testing.platforms import PlatformContract

NO = Permission(False, "its own messenger, about orders, and nothing else")


class TestMall(PlatformContract):
    @pytest.fixture
    def platform(self) -> PlatformType:
        return PlatformType("mall", lambda channel, purpose: ALLOWED if (channel, purpose) == ("im", "order") else NO)


def moody() -> Callable[[str, str], Permission]:
    asked: list[str] = []

    def answer(channel: str, purpose: str) -> Permission:
        asked.append(channel)
        return ALLOWED if len(asked) % 2 else NO

    return answer


@pytest.mark.parametrize(
    ("may_contact", "test", "arguments"),
    [
        (lambda channel, purpose: ALLOWED, "test_a_channel_nobody_thought_of_is_forbidden", ("SMS", "order")),
        (lambda channel, purpose: Permission(False), "test_it_answers_and_says_why_not", ("sms", "order")),
        (lambda channel, purpose: True, "test_it_answers_and_says_why_not", ("sms", "order")),
        (moody(), "test_it_answers_and_says_why_not", ("sms", "order")),
    ],
)
def test_a_platform_that_breaks_the_contract_fails(
    may_contact: Callable[[str, str], Permission], test: str, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(AssertionError):
        getattr(PlatformContract(), test)(PlatformType("mall", may_contact), *arguments)


def test_a_platform_without_a_name_of_its_kind_is_not_admitted() -> None:
    with pytest.raises(AssertionError):
        PlatformContract().test_it_is_admitted(PlatformType("Acme Mall", lambda channel, purpose: NO))
