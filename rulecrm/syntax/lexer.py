"""The lexer that lark's parser asks for its next token.

In: the tokens of one declaration or expression, and the state of the parser. Out: the same tokens, each with its
terminal. Invariant: a word that is a keyword somewhere is a name everywhere else.

Lark's contextual lexer knows only the set of terminals of a state, which LALR makes too large: it would take the label
`last` in the line after `when spent > 3` for a window. Here a word is a keyword only if the parser, all reductions
considered, would shift it. That is why the tokens are handed over one by one: each is settled when all before it have
been shifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from lark.common import LexerConf
from lark.lexer import Lexer, LexerState
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_parser_state import ParserState

from rulecrm.syntax.scan import Token

__all__ = ["RESERVED", "RulesLexer", "apart"]

OPERATORS = frozenset({"and", "or", "not", "in", "is", "true", "false"})
"""Words that are keywords wherever the tables have a place for them, without a closer look."""

RESERVED = OPERATORS | {"population", "sequence"}
"""Words that nothing can be called: where an expression begins they are never names."""

FUNCTIONS = frozenset({"last", "next", "any", "all", "none", "day", "week", "month", "quarter", "year", "this"})
"""Keywords that right in front of `(` are the names of functions instead; `last (2 * month)` is a window."""


class RulesLexer(Lexer):
    """Hands tokens of `syntax.scan` to lark, and settles what each mark and each word is."""

    __future_interface__ = 2
    """Lark calls `lex` with the states of lexer and parser."""

    def __init__(self, conf: LexerConf) -> None:
        self._keywords = {str(terminal.pattern.value): terminal.name for terminal in conf.terminals}

    def lex(self, lexer_state: LexerState, parser_state: ParserState[int]) -> Iterator[Token]:
        """The tokens that `Lark.parse` was given in place of a text."""
        tokens = cast("Sequence[Token]", lexer_state.text)
        states, stack = parser_state.parse_conf.states, parser_state.state_stack
        for position, token in enumerate(tokens):
            kind = token.kind
            if kind == "MARK":
                token.type = self._keywords[token.value]
            elif kind == "NAME" and (keyword := self._keywords.get(token.value)) is not None:
                token.type = keyword if _is_keyword(keyword, tokens, position, parser_state) else "NAME"
            elif kind == "MONEY" and "MONEY" not in states[stack[-1]]:
                # `at most 2 SMS`: no amount can stand here, but a count and a name can
                count, name = apart(token)
                if count.type in states[stack[-1]]:
                    yield count
                    yield name
                    continue
            yield token


def _is_keyword(keyword: str, tokens: Sequence[Token], position: int, parser_state: ParserState[int]) -> bool:
    row = parser_state.parse_conf.states[parser_state.position]
    if keyword not in row:
        return False
    if "NAME" not in row or tokens[position].value in OPERATORS:
        return True
    return not _named(tokens, position) and _shifts(keyword, parser_state)


def _named(tokens: Sequence[Token], position: int) -> bool:
    """Whether what follows says that the word is a name: `key:`, `state -> …`, `last(…)`."""
    if position + 1 == len(tokens):
        return False
    word, after = tokens[position], tokens[position + 1]
    if after.value == "(":
        return word.value in FUNCTIONS and word.end == after.start
    return after.value == ":" or (after.value == "->" and word.value != "any")


def _shifts(terminal: str, parser_state: ParserState[int]) -> bool:
    """Whether the parser shifts the terminal in the end, after all reductions."""
    states, stack = parser_state.parse_conf.states, parser_state.state_stack
    action, rule = states[stack[-1]][terminal]
    if action is Shift:
        return True
    stack = stack[:]
    while action is not Shift:
        if rule.expansion:
            del stack[-len(rule.expansion) :]
        stack.append(states[stack[-1]][rule.origin.name][1])
        if terminal not in states[stack[-1]]:
            return False
        action, rule = states[stack[-1]][terminal]
    return True


def apart(token: Token) -> tuple[Token, Token]:
    """An amount as a number and a name."""
    amount, name = token.value[:-3].rstrip(), token.value[-3:]
    kind = "DECIMAL" if "." in amount else "INT"
    return (
        Token(kind, amount, token.source, token.start, token.start + len(amount)),
        Token("NAME", name, token.source, token.end - len(name), token.end),
    )
