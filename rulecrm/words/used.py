"""The names that a part of a template uses.

In: Liquid. Out: `Used`, a name and its place.
Invariant: a text that says nothing but names and what is done to them, as most do (`{{ nick | default: "friend" }},
thank you.`), is read without importing python-liquid, and has the names that python-liquid finds.
"""

from __future__ import annotations

import re

from attrs import frozen

__all__ = ["BORROWED", "LONGEST", "OWN", "Used", "simple"]

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


BORROWED = frozenset(
    {
        "append", "base64_encode", "capitalize", "compact", "concat", "default", "downcase", "escape",
        "escape_once", "find", "find_index", "first", "has", "join", "last", "lstrip", "map", "newline_to_br",
        "prepend", "reject", "remove", "remove_first", "remove_last", "replace", "replace_first",
        "replace_last", "reverse", "rstrip", "safe", "size", "slice", "sort", "sort_natural", "split", "squish",
        "strip", "strip_html", "strip_newlines", "truncate", "truncatewords", "uniq", "upcase", "url_decode",
        "url_encode", "where"
    }
)  # fmt: skip
"""The filters that are taken from python-liquid as they are."""

OWN = frozenset(
    {
        "abs", "at_least", "at_most", "ceil", "date", "days", "divided_by", "floor", "hours", "minus",
        "modulo", "money", "plus", "round", "sum", "times"
    }
)  # fmt: skip
"""The filters that are our own (`words.filters`)."""

_OPENING = re.compile(r"\{\{|\{%")
_LITERAL = r"""(?:"[^"{}]*"|'[^'{}]*'|-?\d+(?:\.\d+)?)"""
_FILTER = rf"\s*\|\s*(\w+)(?:\s*:\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*)?"
_NAME = re.compile(
    rf"\{{\{{-?\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)(?P<filters>(?:{_FILTER.replace('(', '(?:', 1)})*)\s*-?\}}\}}"
)
_EACH = re.compile(_FILTER)
_TAG = 1_000
"""Most characters of a tag that is read here."""
_WORDS = frozenset(
    {
        "true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in", "offset",
        "limit", "reversed", "cols", "continue", "with", "for", "as", "if", "else", "required"
    }
)  # fmt: skip
"""What Liquid takes for no name."""


def simple(text: str) -> tuple[Used, ...] | None:
    """The names of a text that has nothing but names and filters between its braces; None of any other."""
    if len(text) > LONGEST:
        return None
    found: list[Used] = []
    at = 0
    while (opening := _OPENING.search(text, at)) is not None:
        name = _NAME.match(text, opening.start())
        if name is None:
            return None
        path = tuple(name[1].split("."))
        filters = {one[1] for one in _EACH.finditer(name["filters"])}
        if not _WORDS.isdisjoint(path) or not filters <= BORROWED | OWN or len(name[0]) > _TAG:
            return None
        found.append(Used(path, name.start(1), name.end(1)))
        at = name.end()
    return tuple(found)
