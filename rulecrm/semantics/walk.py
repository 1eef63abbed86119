"""Walks over the typed model.

In: typed nodes. Out: what they contain.
Invariant: no recursion; a node is visited wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.model.ir import (
    Aggregate,
    Apply,
    AsOf,
    Attribute,
    Column,
    Definition,
    Expr,
    Key,
    PopulationOf,
    Ref,
    Scan,
    SequenceOf,
    Standing,
    State,
)

__all__ = ["asks_population", "children", "is_common", "nodes", "references"]


def nodes(value: Expr) -> Iterator[Expr]:
    """Every node of an expression, itself first."""
    stack = [value]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside a node, rows' conditions and bounds included."""
    match node:
        case Apply():
            return node.args
        case Aggregate():
            inner = _of_scan(node.scan)
            return inner if node.value is None else (*inner, node.value)
        case SequenceOf():
            steps = tuple(condition for step in node.steps for condition in step.where)
            return (*steps, *(bound.at for bound in (node.lower, node.upper) if bound is not None))
        case PopulationOf() | Standing():
            return (node.value,) if node.among is None else (node.value, node.among)
        case AsOf():
            return (node.value, node.instant)
        case _:
            return ()


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
        if isinstance(node, Attribute | Aggregate | SequenceOf | Standing | State | Key | Column):
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


def _of_scan(scan: Scan) -> tuple[Expr, ...]:
    return (*scan.where, *(bound.at for bound in (scan.lower, scan.upper) if bound is not None))
