"""The names that a Liquid text uses.

In: the source of a template. Out: each name that it takes from outside, with its path and its place.
Invariant: what the template itself names (`assign`, `capture`, `for`, counters) is left out, wherever it is used.
Nothing is rendered and nothing is judged: a text that is no Liquid has the names that can be made out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

__all__ = ["Used", "used"]


@frozen
class Used:
    """A name in a template: `customer.nick` is the path (`customer`, `nick`); `start` and `end` are its offsets."""

    path: tuple[str, ...]
    start: int
    end: int


_BLOCK = re.compile(r"\{\{-?(?P<output>.*?)-?\}\}|\{%-?\s*(?P<tag>#|\w+)(?P<inside>.*?)-?%\}", re.DOTALL)
_VERBATIM = {tag: re.compile(rf"\{{%-?\s*end{tag}\s*-?%\}}") for tag in ("raw", "comment", "doc")}
_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|'[^']*')
      | (?P<filter>\|\s*[\w-]+)
      | (?P<keyword>[^\W\d][\w-]*\s*:(?!:))
      | (?P<range>\.\.)
      | (?P<number>-?\d+(?:\.(?!\.)\d*)?)
      | (?P<path>[^\W\d][\w-]*\??(?:\s*\.\s*[^\W\d][\w-]*\??|\[\s*(?:"[^"\]]*"|'[^'\]]*')\s*\])*)
      | (?P<mark>\.\s*[\w-]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile(r"""[^\W\d][\w-]*\??|"[^"\]]*"|'[^'\]]*'""")
_WORDS = frozenset(
    {"true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in", "by", "reversed", "with"}
    | {"as", "else", "if", "for", "continue"}
)
_LOOPS = {"for": "forloop", "tablerow": "tablerowloop"}
_NAMING = frozenset({"assign", "capture", "increment", "decrement"})
_FIRST = re.compile(r"\s*([^\W\d][\w-]*)")


def used(text: str) -> list[Used]:
    """Every use of a name from outside, in the order of the text."""
    found: list[Used] = []
    own: set[str] = set()
    for tag, start, end in _expressions(text):
        named = _FIRST.match(text, start, end) if tag in _NAMING or tag in _LOOPS else None
        if named is not None:
            own.update((named[1], _LOOPS.get(tag, named[1])))
        if tag not in ("capture", "increment", "decrement"):
            found.extend(_names(text, start if named is None else named.end(), end))
    return [one for one in found if one.path[0] not in own]


def _expressions(text: str) -> Iterator[tuple[str, int, int]]:
    """The tag (`echo` for an output) and the place of every expression."""
    at = 0
    while (block := _BLOCK.search(text, at)) is not None:
        at = block.end()
        tag = block["tag"]
        if tag is None:
            yield ("echo", *block.span("output"))
        elif tag in _VERBATIM:
            ending = _VERBATIM[tag].search(text, at)
            at = len(text) if ending is None else ending.end()
        elif tag == "liquid":
            for line in re.finditer(r"[^\S\n]*(\w+)([^\n]*)", block["inside"]):
                offset = block.start("inside")
                yield line[1], offset + line.start(2), offset + line.end(2)
        elif tag != "#":
            yield (tag, *block.span("inside"))


def _names(text: str, start: int, end: int) -> Iterator[Used]:
    for token in _TOKEN.finditer(text, start, end):
        if token["path"] is None:
            continue
        parts = tuple(part.strip("\"'") for part in _PART.findall(token["path"]))
        if parts[0] not in _WORDS:
            yield Used(parts, token.start(), token.end())
