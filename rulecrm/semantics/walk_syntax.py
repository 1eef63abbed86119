"""A walk over whole declarations of the syntax.

In: declarations. Out: the currencies of the amounts in them, nothing (`0 CNY`) left out where there is anything else.
Invariant: every node is looked at, whatever declaration it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from rulecrm.diagnostics.span import Span
from rulecrm.syntax.ast import Money
from rulecrm.syntax.declarations import Declaration

__all__ = ["currencies"]


def currencies(declarations: Iterable[Declaration]) -> dict[str, Span]:
    """Currencies of amounts in the order in which they are written, each with its first place."""
    found: dict[str, Span] = {}
    of_nothing: dict[str, Span] = {}
    stack: list[object] = []
    stack.extend(reversed(tuple(declarations)))
    while stack:
        node = stack.pop()
        if isinstance(node, Money):
            (found if node.amount else of_nothing).setdefault(node.currency, node.span)
        elif isinstance(node, tuple):
            stack.extend(reversed(node))
        elif not isinstance(node, Span):
            parts: tuple[attrs.Attribute[object], ...] = getattr(type(node), "__attrs_attrs__", ())
            stack.extend(getattr(node, part.name) for part in reversed(parts) if part.name != "span")
    return found or dict(list(of_nothing.items())[:1])
