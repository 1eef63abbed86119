"""What machines ask: the expressions inside lifecycles, campaigns and policies.

In: a part of `model.machine`, however large. Out: its expressions, in the order of its fields.
Invariant: every expression is met, wherever it stands; what is inside an expression is `model.walk`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from rulecrm.diagnostics.span import Span
from rulecrm.model import ir

__all__ = ["asked"]


def asked(part: object) -> Iterator[ir.Expr]:
    """The expressions that a part of a machine holds, each whole."""
    stack = [part]
    while stack:
        one = stack.pop()
        if isinstance(one, ir.Expr):
            yield one
        elif isinstance(one, tuple):
            stack.extend(reversed(one))
        elif attrs.has(type(one)) and not isinstance(one, Span):
            stack.extend(getattr(one, field.name) for field in reversed(_fields(type(one))))


def _fields(kind: type) -> tuple[attrs.Attribute[object], ...]:
    found: tuple[attrs.Attribute[object], ...] = attrs.fields(kind)
    return found
