"""The names that a part of a template uses.

In: Liquid. Out: `Used`, a name and its place.
Invariant: a text that says nothing but names, as most do (`{{ customer.nick }}, thank you.`), is read without importing
python-liquid, and has the names that python-liquid finds.
"""

from __future__ import annotations

import re

from attrs import frozen

__all__ = ["LONGEST", "Used", "simple"]

LONGEST = 200_000
"""Most characters of a part."""


@frozen
class Used:
    """A name from outside: `customer.nick` is the path (`customer`, `nick`); `start` and `end` are its offsets.

    `later` is whether what follows is only known when the part is filled: `tags[at]`; `own` whether the template gives
    something this name further down.
    """

    path: tuple[str, ...]
    start: int
    end: int
    later: bool = False
    own: bool = False


_OPENING = re.compile(r"\{\{|\{%")
_NAME = re.compile(r"\{\{-?\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*-?\}\}")
_WORDS = frozenset(
    {
        "true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in", "offset",
        "limit", "reversed", "cols", "continue", "with", "for", "as", "if", "else", "required"
    }
)  # fmt: skip
"""What Liquid takes for no name."""


def simple(text: str) -> tuple[Used, ...] | None:
    """The names of a text that has nothing but names between its braces; None of any other."""
    if len(text) > LONGEST:
        return None
    found: list[Used] = []
    at = 0
    while (opening := _OPENING.search(text, at)) is not None:
        name = _NAME.match(text, opening.start())
        if name is None:
            return None
        path = tuple(name[1].split("."))
        if not _WORDS.isdisjoint(path):
            return None
        found.append(Used(path, name.start(1), name.end(1)))
        at = name.end()
    return tuple(found)
