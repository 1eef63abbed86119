"""Text into the AST of a file.

In: any text. Out: `Parsed`: the declarations that could be read, and a diagnostic for each mistake.
Invariant: parsing always ends, and never raises; a mistake in one declaration leaves all others as they are.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import cast

from attrs import evolve, frozen
from lark import UnexpectedToken

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax.ast import Expression
from rulecrm.syntax.declarations import Declaration, Rules
from rulecrm.syntax.depth import DEEPEST, is_too_deep
from rulecrm.syntax.grammar import grammar, spellings
from rulecrm.syntax.parts import RefusedError
from rulecrm.syntax.scan import Token, scan
from rulecrm.syntax.split import split

__all__ = ["Parsed", "ParsedExpression", "parse", "parse_expression"]

MENDED = 20
"""Mistakes in one declaration that are mended, such as `=` for `==`, before it is given up."""


@frozen
class Parsed:
    """What a text says.

    Attributes:
        rules: the declarations that could be read, in source order.
        diagnostics: the mistakes, in source order.
        broken: names that declarations with a mistake would have declared, so that nothing more is said about them.
    """

    rules: Rules
    diagnostics: tuple[Diagnostic, ...]
    broken: tuple[str, ...] = ()


@frozen
class ParsedExpression:
    """What the text of one expression says; `expression` is None where it could not be read."""

    expression: Expression | None
    diagnostics: tuple[Diagnostic, ...]


def parse(text: str, source: str = "<text>") -> Parsed:
    """Read the text of a rules file; `source` is the name that spans and diagnostics carry."""
    scanned = scan(text, source)
    parts = split(scanned.tokens, text)
    diagnostics = [*scanned.diagnostics, *parts.diagnostics]
    declarations: list[Declaration] = []
    broken: list[str] = []
    for chunk in parts.chunks:
        read: object = None
        if chunk.sound:
            read, found = _read(chunk.tokens, "declaration", text, scanned.diagnostics)
            diagnostics += found
        if read is not None:
            declaration = cast("Declaration", read)
            declarations.append(declaration if chunk.doc is None else evolve(declaration, doc=chunk.doc))
        elif chunk.name is not None:
            broken.append(chunk.name)
    span = Span(source, 0, len(text))
    rules = Rules(tuple(declarations), parts.doc, scanned.comments, scanned.trailing, scanned.apart, span=span)
    return Parsed(rules, tuple(sorted(diagnostics, key=_place)), tuple(broken))


def parse_expression(text: str, source: str = "<text>") -> ParsedExpression:
    """Read the text of one expression."""
    scanned = scan(text, source)
    if not scanned.tokens:
        found = [] if scanned.diagnostics else [Diagnostic("R001", "no expression", Span(source, 0, len(text)))]
        return ParsedExpression(None, (*scanned.diagnostics, *found))
    read, found = _read(scanned.tokens, "expression", text, scanned.diagnostics)
    diagnostics = sorted((*scanned.diagnostics, *found), key=_place)
    return ParsedExpression(cast("Expression | None", read), tuple(diagnostics))


def _read(
    tokens: list[Token], start: str, text: str, known: tuple[Diagnostic, ...]
) -> tuple[object | None, list[Diagnostic]]:
    """The node that the tokens make, and the mistakes in them; one that is mended does not hide the next.

    `known` are the mistakes in spelling of the whole text: what the parser finds beside one of them is its echo.
    """
    diagnostics: list[Diagnostic] = []
    for _ in range(MENDED):
        try:
            node: object = grammar().parse(tokens, start)
        except RefusedError as refused:
            return None, [*diagnostics, refused.diagnostic]
        except UnexpectedToken as unexpected:
            at = _position(tokens, unexpected)
        else:
            if len(tokens) > DEEPEST and is_too_deep(node):
                advice = "give a part of it a name of its own"
                span = Span(tokens[0].source, tokens[0].start, tokens[-1].end)
                diagnostics.append(Diagnostic("R010", "this is nested too deep", span, advice))
                return None, diagnostics
            return node, diagnostics
        from rulecrm.syntax.mistakes import mistake  # a file without any does not wait for what is said of them

        if _is_echo(tokens, at, known, text):
            return None, diagnostics
        found = mistake(tokens, at, _expected(tokens, at, start), spellings(), text)
        diagnostics.append(found.diagnostic)
        if found.mended is None:
            break
        tokens = found.mended
    return None, diagnostics


def _is_echo(tokens: list[Token], position: int, known: tuple[Diagnostic, ...], text: str) -> bool:
    """Whether a mistake in spelling stands between the last good token and the one that was not expected."""
    start = tokens[max(position - 1, 0)].start
    end_of_line = text.find("\n", tokens[-1].end)
    end = tokens[position].end if position < len(tokens) else end_of_line if end_of_line >= 0 else len(text)
    return any(place.span is not None and place.span.start <= end and start <= place.span.end for place in known)


def _position(tokens: list[Token], unexpected: UnexpectedToken) -> int:
    """Index of the token that was not expected; the number of tokens where they ended too early."""
    token = unexpected.token
    return bisect_left(tokens, token.end, key=lambda each: each.end) if isinstance(token, Token) else len(tokens)


def _expected(tokens: list[Token], position: int, start: str) -> frozenset[str]:
    """The terminals that could stand at `position`.

    What lark's exception accepts is too little: the token that was not expected has already led to reductions.
    """
    stopped = grammar().parse_interactive(cast("str", tokens), start)  # lark lets a lexer read what it likes
    for token in stopped.iter_parse():
        if position < len(tokens) and cast("Token", token).start >= tokens[position].start:
            break
    return frozenset(stopped.accepts())  # type: ignore[no-untyped-call]  # lark leaves it untyped


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    return (diagnostic.span.start, diagnostic.span.end) if diagnostic.span else (0, 0)
