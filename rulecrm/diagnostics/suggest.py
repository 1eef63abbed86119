"""The nearest of the right words to a wrong one, and the advice that offers it.

In: the word as written, and the words that would be right. Out: one of those, or None where none is near enough to be
worth saying; or the line that says so. Invariant: which word is offered does not depend on the order of the candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["did_you_mean", "near_or_all", "nearest"]

LONGEST = 100
"""Words beyond this length are nobody's slip of the finger, and comparing them is slow."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a typist most likely meant.

    A slip is one letter too many, too few or wrong, or two neighbours swapped; letter case is free. One slip is allowed
    in words of three or four letters, two from five on, three from nine on; of equally near ones the first by name is
    taken. Shorter words match by case alone.
    """
    if len(word) > LONGEST:
        return None
    folded = word.casefold()
    allowed = 0 if len(folded) < 3 else 1 if len(folded) < 5 else 2 if len(folded) < 9 else 3
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > allowed:
            continue
        found = (_slips(folded, candidate.casefold()), candidate)
        if found[0] <= allowed and (best is None or found < best):
            best = found
    return best[1] if best else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The advice line for a wrong name, or None where no right one is near."""
    found = nearest(word, candidates)
    return None if found is None else f"did you mean `{found}`?"


def near_or_all(word: str, candidates: Collection[str]) -> str:
    """The advice line for a wrong name of a few: the nearest one, or all of them, in the order given."""
    return did_you_mean(word, candidates) or f"there are: {', '.join(candidates)}"


def _slips(left: str, right: str) -> int:
    """Damerau and Levenshtein's distance, in the variant where no stretch is edited twice."""
    above: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        farther, above, row = above, row, [i]
        for j, b in enumerate(right, 1):
            slips = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                slips = min(slips, farther[j - 2] + 1)
            row.append(slips)
    return row[-1]
