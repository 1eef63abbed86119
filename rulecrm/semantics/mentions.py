"""The names that an expression mentions, whatever they stand for.

In: an expression of the syntax. Out: names, dotted where they are.
Invariant: every name that the checker may look up is among them; fields of rows may be too, which does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from rulecrm.semantics.names import dotted
from rulecrm.syntax import ast

__all__ = ["mentioned"]

_PARTS: Mapping[type, tuple[str, ...]] = MappingProxyType({
    ast.Field: ("base",),
    ast.Compare: ("right", "left"),
    ast.Operate: ("right", "left"),
    ast.Call: ("among", "arguments"),
    ast.Argument: ("window", "where", "value"),
    ast.Population: ("among", "arguments"),
    ast.AllOf: ("operands",),
    ast.AnyOf: ("operands",),
    ast.Not: ("operand",),
    ast.Negate: ("operand",),
    ast.AsOf: ("instant", "operand"),
    ast.Sequence: ("window", "total", "steps"),
    ast.Step: ("within", "where"),
    ast.List: ("items",),
    ast.Range: ("high", "low"),
    ast.Ago: ("duration",),
    ast.Last: ("duration",),
    ast.Next: ("duration",),
    ast.From: ("newer", "older"),
    ast.Since: ("start",),
    ast.Until: ("end",),
    ast.Between: ("end", "start"),
    ast.WithinAfter: ("anchor", "duration"),
    ast.WithinBefore: ("anchor", "duration"),
    ast.On: ("day",),
})  # fmt: skip
"""Where expressions stand inside each node, the last first; nodes that hold none are left out."""


def mentioned(*nodes: ast.Expression | ast.Window | None) -> Iterator[str]:
    """Names in the nodes, in the order of the text, repeated where they are."""
    stack: list[object] = list(reversed(nodes))
    while stack:
        node = stack.pop()
        kind = type(node)
        if isinstance(node, ast.Name):
            yield node.text
            continue
        if isinstance(node, ast.Field):
            name = dotted(node)
            if name is not None:
                yield name
        elif isinstance(node, ast.Step):
            yield node.kind.text
        for part in _PARTS.get(kind, ()):
            child = getattr(node, part)
            if isinstance(child, tuple):
                stack.extend(reversed(child))
            elif child is not None:
                stack.append(child)
