"""Text into tokens.

In: any text at all. Out: `Token`s, comments, and a diagnostic for each mistake in spelling.
Invariant: scanning always ends, and never fails: a misspelled token is reported and stands for what was meant, so that
one mistake stays one diagnostic.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Self

import lark
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax import spelling

__all__ = ["Scanned", "Token", "scan"]


class Token(lark.Token):
    """One token: lark's, with its source.

    Attributes:
        kind: a terminal of `rules.lark` without a spelling of its own, or MARK; all words are of the kind NAME.
        type: the terminal that lark reads; for a word or a mark `syntax.lexer` settles it, in each parse anew.
        value: what the program means by it: names in NFC, texts without quotes and escapes.
        source: name of its source.
        start: offset of its first character.
        end: offset just past its last character.
        first: whether only blanks stand before it in its line.
        leftmost: whether nothing does.
    """

    __slots__ = ("end", "first", "kind", "leftmost", "source", "start")

    kind: str
    value: str
    source: str
    start: int
    end: int
    first: bool
    leftmost: bool

    def __new__(
        cls, kind: str, value: str, source: str, start: int, end: int, *, first: bool = False, leftmost: bool = False
    ) -> Self:
        """A token that is not settled yet."""
        token = str.__new__(cls, value)
        token.kind = token.type = kind
        token.value = value
        token.source = source
        token.start = token.start_pos = start
        token.end = token.end_pos = end
        token.first = first
        token.leftmost = leftmost
        token.line = token.column = token.end_line = token.end_column = None  # lark only hands them on
        return token

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.source, self.start, self.end)

    def meaning(self, value: str) -> Token:
        """The token that was meant by this one."""
        return Token(self.kind, value, self.source, self.start, self.end, first=self.first, leftmost=self.leftmost)


@frozen
class Scanned:
    """What a text was cut into.

    Attributes:
        tokens: in order, without comments.
        comments: (offset, text with its `#`).
        trailing: offsets of those comments that stand behind something in their line.
        apart: offsets of those comments that a blank line follows.
        diagnostics: mistakes in spelling.
    """

    tokens: list[Token]
    comments: tuple[tuple[int, str], ...]
    trailing: tuple[int, ...]
    apart: tuple[int, ...]
    diagnostics: tuple[Diagnostic, ...]


# Possessive quantifiers (`++`, `*+`) keep the scan linear on texts whose closing quote is missing.
PATTERN = re.compile(
    r"""
      (?P<BLANK>[^\S\n]++)
    | (?P<LINE>\n)
    | (?P<NAME>[^\W\d](?:\w|[^\x00-\x7f\w\s])*+)
    | (?P<MARK>->|\.\.|==|!=|<=|>=|\?\?|<(?!>)|[>=+\-*/()\[\]{},.:])
    | (?P<COMMENT>\#[^\n]*+)
    | (?P<DOC>\"""(?:[^\\"]++|\\[\s\S]|"(?!""))*+\""")
    | (?P<OPEN_DOC>\"""[\s\S]*+)
    | (?P<STRING>"(?:[^"\\\n]++|\\[^\n])*+")
    | (?P<OPEN_STRING>"(?:[^"\\\n]++|\\[^\n])*+\\?)
    | (?P<QUOTED>'(?:[^'\\\n]++|\\[^\n])*+')
    | (?P<DATE>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt][0-9:]*+(?:\.[0-9]++)?)?(?!\w))
    | (?P<TIME>[0-9]++(?::[0-9]++)++(?!\w))
    | (?P<PERCENT>[0-9][0-9_]*+(?:\.[0-9][0-9_]*+)?%)
    | (?P<MONEY>[0-9][0-9_]*+(?:\.[0-9][0-9_]*+)?[\ \t]++[A-Z]{3}(?!\w))
    | (?P<DURATION>(?:[0-9][0-9_]*+(?:mo|[ywdhms]))++(?!\w))
    | (?P<ODD_NUMBER>[0-9][0-9_]*+(?:\.[0-9][0-9_]*+)?[^\W\d_]\w*+)
    | (?P<DECIMAL>[0-9][0-9_]*+\.[0-9][0-9_]*+)
    | (?P<INT>[0-9][0-9_]*+)
    | (?P<ODD_MARK><>|&&?|\|\|?|[!;%'])
    | (?P<OTHER>[\s\S])
    """,
    re.VERBOSE,
)


BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
"""An end of a line, and a line of nothing."""


DAMAGED = "\ufffd"
"""What stands in a text for bytes that are no UTF-8."""


def scan(text: str, source: str) -> Scanned:
    """Cut a text into tokens; what is misspelled is reported and mended."""
    if DAMAGED in text:
        return Scanned([], (), (), (), (_damaged(text, source),))
    tokens: list[Token] = []
    comments: list[tuple[int, str]] = []
    trailing: list[int] = []
    apart: list[int] = []
    diagnostics: list[Diagnostic] = []
    first = leftmost = True
    for kind, value, start, end in _pieces(text):
        if kind == "BLANK":
            leftmost = False
            continue
        if kind in ("NAME", "MARK"):
            tokens.append(Token(kind, value, source, start, end, first=first, leftmost=leftmost))
        elif kind == "LINE":
            first = leftmost = True
            continue
        elif kind == "COMMENT":
            comments.append((start, value.rstrip()))
            if not first:
                trailing.append(start)
            elif BLANK_LINE.match(text, end):
                apart.append(start)
            continue
        else:
            mended, diagnostic = spelling.read(kind, value, Span(source, start, end))
            if diagnostic is not None:
                diagnostics.append(diagnostic)
            if mended is not None:
                tokens.append(Token(mended[0], mended[1], source, start, end, first=first, leftmost=leftmost))
        first = leftmost = False
    return Scanned(tokens, tuple(comments), tuple(trailing), tuple(apart), tuple(diagnostics))


def _damaged(text: str, source: str) -> Diagnostic:
    """Nothing that is left of such a text can be trusted: `city == "��"` would hold for nobody, and say nothing."""
    at = text.index(DAMAGED)
    message = "the file is no text in UTF-8: these bytes could not be read"
    return Diagnostic("R009", message, Span(source, at, at + 1), "save it as UTF-8")


def _pieces(text: str) -> Iterator[tuple[str, str, int, int]]:
    """(kind, value, start, end) of each piece of the text, without gaps."""
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        for found in PATTERN.finditer(text, at):
            kind, value, start, at = str(found.lastgroup), found.group(), found.start(), found.end()
            if kind == "NAME" and not value.isascii():
                kind, value = _name(value)
                if start + len(value) < at:  # the rest is no part of a name: scan on from there
                    at = start + len(value)
                    yield kind, value, start, at
                    break
                value = unicodedata.normalize("NFC", value)
            yield kind, value, start, at


def _name(value: str) -> tuple[str, str]:
    """The longest beginning that is a name, so that `，` or `≥` end it; where there is none, its first character."""
    if value.isidentifier():
        return "NAME", value
    for end in range(1, len(value) + 1):
        if not value[:end].isidentifier():
            return ("OTHER", value[:1]) if end == 1 else ("NAME", value[: end - 1])
    return "NAME", value
