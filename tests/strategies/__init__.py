"""Hypothesis strategies for worlds (facts) and rules (text)."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["fewer"]


def fewer(times: int) -> settings:
    """So many times fewer examples than the profile says, for laws whose every example evaluates more than once."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(profile, max_examples=max(1, profile.max_examples // times))
