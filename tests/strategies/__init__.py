"""Hypothesis strategies for worlds (facts) and rules (text)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import settings

__all__ = ["few_of", "fewer"]

T = TypeVar("T")
_DEEP = 1_000
"""A profile of more examples than this looks at everything."""


def fewer(times: int) -> settings:
    """So many times fewer examples than the profile says, for laws whose every example evaluates more than once."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(profile, max_examples=max(1, profile.max_examples // times))


def few_of(cases: Sequence[T], most: int) -> Sequence[T]:
    """So many of the cases, evenly spread, the first and the last among them; all of them in the deep profile."""
    if settings.get_profile(settings.get_current_profile_name()).max_examples > _DEEP or len(cases) <= most:
        return cases
    return [cases[place * (len(cases) - 1) // (most - 1)] for place in range(most)]
