"""What all builders share: parts of a rule, and how to read them.

In: tokens and nodes. Out: identifiers, texts, spans. Invariant: nothing here knows a rule of the grammar.
"""

from __future__ import annotations

from typing import Any, Protocol

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax.ast import Identifier, Text
from rulecrm.syntax.lexer import RESERVED
from rulecrm.syntax.scan import Token

__all__ = [
    "Children", "RefusedError", "Spanned", "between", "declared", "identifier", "optional", "text", "title", "whole",
]  # fmt: skip

Children = list[Any]
"""The parts of a rule as the parser hands them over: tokens, nodes and None, as `rules.lark` orders them. Their types
are known to the grammar alone, so this is the one place where the checker has to trust it."""


class RefusedError(Exception):
    """What was written fits the grammar and still says nothing."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic)


class Spanned(Protocol):
    """A token or a node."""

    @property
    def span(self) -> Span:
        """Where it stands."""


def between(first: Spanned, last: Spanned) -> Span:
    """The span from the start of one part to the end of another."""
    start = first.span
    return Span(start.source, start.start, last.span.end)


def declared(token: Token) -> Identifier:
    """The name of something declared here, which no expression must mistake for a word of the language."""
    if token.value in RESERVED:
        message = f"`{token.value}` is a word of the language and cannot be a name"
        raise RefusedError(Diagnostic("R017", message, token.span, f"choose another name, such as `{token.value}_`"))
    return identifier(token)


def identifier(token: Token) -> Identifier:
    """A name where it stands."""
    return Identifier(token.value, span=token.span)


def optional(token: Token | None) -> Identifier | None:
    """A name, where there is one."""
    return None if token is None else Identifier(token.value, span=token.span)


def text(token: Token) -> Text:
    """A text in quotes."""
    return Text(token.value, span=token.span)


def title(token: Token | None) -> str | None:
    """The title of a declaration, where it has one."""
    return None if token is None else token.value


def whole(parts: Children) -> Span:
    """The span of all parts of a rule."""
    first = next(part for part in parts if part is not None)
    last = next(part for part in reversed(parts) if part is not None)
    while isinstance(last, list):
        last = last[-1]
    return between(first, last)
