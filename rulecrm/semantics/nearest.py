"""The advice line for a wrong name.

In: a word and the words that would have been right. Out: a sentence that offers the nearest of them.
Invariant: the answer depends on the set of candidates, not on their order.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.diagnostics.suggest import nearest

__all__ = ["did_you_mean", "nearest"]


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The advice line for a wrong name, or None."""
    found = nearest(word, candidates)
    return None if found is None else f"did you mean `{found}`?"
