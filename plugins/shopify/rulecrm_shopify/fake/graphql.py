"""Enough of GraphQL to read a query.

In: the text of a query. Out: its operation, or what is wrong with it.
Invariant: what is not understood is refused, never passed over: fragments, directives, subscriptions, several
operations and values that are objects are no part of what is read here.
Source: spec.graphql.org, October 2021, sections 2.3 to 2.10.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from attrs import field, frozen

__all__ = ["Operation", "Selection", "SyntaxRefusedError", "Variable", "read"]

_TOKEN = re.compile(r'[\s,]*(?:([A-Za-z_]\w*)|(\$[A-Za-z_]\w*)|(-?\d+)|("(?:[^"\\\n]|\\.)*")|([{}()\[\]:!=]))')


class SyntaxRefusedError(Exception):
    """A text is no query that is understood."""


@frozen
class Variable:
    """The place of a variable: its name, without the dollar."""

    name: str


@frozen
class Selection:
    """A field that is asked for, under `alias`, with its arguments and what is asked of it."""

    name: str
    alias: str
    arguments: Mapping[str, object] = field(factory=dict)
    inside: Sequence[Selection] = ()


@frozen
class Operation:
    """A query: variables by name with whether they are required, and what is asked for."""

    name: str
    variables: Mapping[str, bool]
    selections: Sequence[Selection]


def read(text: str) -> Operation:
    """The operation of a text.

    Raises:
        SyntaxRefusedError: it is none.
    """
    return _Reader(_tokens(text)).operation()


def _tokens(text: str) -> list[str]:
    found, at = list[str](), 0
    end = len(text.rstrip(" \t\r\n,"))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxRefusedError(f"syntax error, unexpected {text[at : at + 10].strip()!r}")
        found.append(match.group().strip(" \t\r\n,"))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def operation(self) -> Operation:
        name, variables = "", dict[str, bool]()
        if self._next() == "query":
            self._take()
            name = self._name() if self._next() not in {"{", "("} else ""
            if self._next() == "(":
                variables = self._variables()
        selections = self._inside()
        if self._at < len(self._tokens):
            raise SyntaxRefusedError(f"syntax error, unexpected {self._next()!r}")
        return Operation(name, variables, selections)

    def _variables(self) -> dict[str, bool]:
        found = dict[str, bool]()
        self._take("(")
        while self._next() != ")":
            variable = self._take()
            if not variable.startswith("$"):
                raise SyntaxRefusedError(f"syntax error, unexpected {variable!r}")
            self._take(":")
            self._name()
            required = self._next() == "!"
            if required:
                self._take()
            found[variable[1:]] = required
        self._take(")")
        return found

    def _inside(self) -> list[Selection]:
        found = list[Selection]()
        self._take("{")
        while self._next() != "}":
            found.append(self._selection())
        self._take("}")
        if not found:
            raise SyntaxRefusedError("syntax error, an empty selection")
        return found

    def _selection(self) -> Selection:
        alias = name = self._name()
        if self._next() == ":":
            self._take()
            name = self._name()
        arguments = self._arguments() if self._next() == "(" else {}
        return Selection(name, alias, arguments, self._inside() if self._next() == "{" else ())

    def _arguments(self) -> dict[str, object]:
        found = dict[str, object]()
        self._take("(")
        while self._next() != ")":
            name = self._name()
            self._take(":")
            found[name] = self._value()
        self._take(")")
        return found

    def _value(self) -> object:
        token = self._take()
        if token.startswith("$"):
            return Variable(token[1:])
        if token in {"true", "false", "null"} or token[0] in '"-' or token.isdigit():
            found: object = json.loads(token)
            return found
        if not token.isidentifier():
            raise SyntaxRefusedError(f"syntax error, unexpected {token!r}")
        return token

    def _name(self) -> str:
        token = self._take()
        if not token.isidentifier():
            raise SyntaxRefusedError(f"syntax error, unexpected {token!r}")
        return token

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str | None = None) -> str:
        token = self._next()
        if not token or (wanted is not None and token != wanted):
            raise SyntaxRefusedError(f"syntax error, unexpected {token or 'end of file'!r}")
        self._at += 1
        return token
