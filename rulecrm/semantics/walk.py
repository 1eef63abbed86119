"""Walks over the typed model.

In: typed nodes. Out: what they contain.
Invariant: no recursion; a node is visited wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.model.ir import (
    Aggregate,
    Attribute,
    Column,
    Definition,
    Expr,
    HeldSince,
    Key,
    PopulationOf,
    Ref,
    SequenceOf,
    Standing,
    State,
)
from rulecrm.model.walk import children
from rulecrm.model.walk import walk as nodes

__all__ = ["asks_population", "children", "is_common", "nodes", "references"]


def references(value: Expr) -> list[str]:
    """Symbols that an expression refers to, each once, in the order met."""
    return list(dict.fromkeys(node.symbol for node in nodes(value) if isinstance(node, Ref)))


def asks_population(value: Expr, asking: Mapping[str, bool]) -> bool:
    """Whether a value depends on other subjects; `asking` tells of definitions."""
    return any(
        isinstance(node, PopulationOf | Standing) or (isinstance(node, Ref) and asking.get(node.symbol, False))
        for node in nodes(value)
    )


def is_common(instant: Expr, found: Mapping[str, Definition]) -> bool:
    """Whether an instant is the same for all subjects; a figure over all of them is."""
    stack, seen = [instant], set[str]()
    while stack:
        node = stack.pop()
        if isinstance(node, Attribute | Aggregate | SequenceOf | Standing | HeldSince | State | Key | Column):
            return False
        if isinstance(node, PopulationOf):
            continue
        if isinstance(node, Ref):
            if node.symbol in found and node.symbol not in seen:
                seen.add(node.symbol)
                stack.append(found[node.symbol].value)
            continue
        stack.extend(children(node))
    return True
