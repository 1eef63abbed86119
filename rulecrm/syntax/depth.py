"""How deep a tree of nodes is.

In: a node. Out: whether it is deeper than allowed. Invariant: no recursion here, however deep the tree.

Everything after the parser walks trees by recursion; the limit keeps that far from the interpreter's own.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from attrs import AttrsInstance, fields, has

__all__ = ["DEEPEST", "is_too_deep"]

DEEPEST = 200
"""Levels of nodes that a declaration may have; `a + b + c` has one for each `+`."""


@cache
def _fields(node: type[AttrsInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(node) if field.eq)


def is_too_deep(node: object) -> bool:
    """Whether the tree has more than `DEEPEST` levels of nodes."""
    level: list[object] = [node]
    for _ in range(DEEPEST):
        below: list[object] = []
        while level:
            part = level.pop()
            if isinstance(part, tuple):
                level.extend(part)
            elif has(type(part)):
                below.extend(getattr(part, name) for name in _fields(cast("type[AttrsInstance]", type(part))))
        if not below:
            return False
        level = [part for part in below if isinstance(part, tuple) or has(type(part))]
    return bool(level)
