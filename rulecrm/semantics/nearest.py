"""The nearest right name to a wrong one.

In: a word and the words that would have been right. Out: the nearest of them, or None where none is near.
Invariant: the answer depends on the set of candidates, not on their order.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the fewest typing slips turn into `word`; about one slip in three letters is forgiven."""
    allowed = max(1, len(word) // 3)
    folded = word.casefold()
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > allowed:
            continue
        slips = _slips(folded, candidate.casefold(), allowed)
        if slips <= allowed and (best is None or (slips, candidate) < best):
            best = (slips, candidate)
    if best is not None and best[0] < max(len(word), len(best[1])):
        return best[1]
    return None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The advice line for a wrong name, or None."""
    found = nearest(word, candidates)
    return None if found is None else f"did you mean `{found}`?"


def _slips(left: str, right: str, limit: int) -> int:
    """Letters missing, added, changed, or swapped with a neighbour; `limit + 1` where there are more than `limit`."""
    if left == right:
        return 0
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, previous = previous, row
    return previous[-1]
