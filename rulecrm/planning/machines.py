"""What machines need of a plan: the rows and expressions of automata, and these rewritten.

In: parts of `model.machine`. Out: the rows and expressions in them, or the same part with other expressions.
Invariant: a part keeps its shape; only expressions change.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from rulecrm.diagnostics.span import Span
from rulecrm.model import ir
from rulecrm.model.asked import asked
from rulecrm.model.machine import Automaton, Campaign, EnterOn, Lifecycle, Rows
from rulecrm.model.program import Program
from rulecrm.model.rewrite import Rewrite, rewrite
from rulecrm.model.types import INSTANT, INT, label_of

__all__ = ["as_definitions", "asked", "definition_of", "fields_in", "rewritten", "rows_in"]


def rows_in(part: object) -> Iterator[Rows]:
    """The rows that a part of a machine looks at."""
    stack = [part]
    while stack:
        one = stack.pop()
        if isinstance(one, Rows):
            yield one
        elif isinstance(one, tuple):
            stack.extend(reversed(one))
        else:
            stack.extend(value for _, value in _fields(one))


def fields_in(part: object) -> Iterator[tuple[str, str]]:
    """Fields of entering rows that a campaign keeps, or tells its lines apart by, with their kinds."""
    if isinstance(part, Campaign):
        names = [name for name, _ in part.carried]
        if part.reentry.by is not None:
            names.append(part.reentry.by)
        for entry in part.entries:
            if isinstance(entry, EnterOn):
                yield from ((entry.rows.kind, name) for name in names)


def rewritten(automaton: Automaton, change: Rewrite, done: dict[ir.Expr, ir.Expr]) -> Automaton:
    """`change` applied to every node of an automaton's expressions; `done` keeps what was rewritten before."""
    changed = _rewritten(automaton, change, done)
    assert isinstance(changed, Automaton)
    return changed


def _rewritten(part: object, change: Rewrite, done: dict[ir.Expr, ir.Expr]) -> object:
    if isinstance(part, ir.Expr):
        return rewrite(part, change, done)
    if isinstance(part, tuple):
        return tuple(_rewritten(one, change, done) for one in part)
    fields = _fields(part)
    return type(part)(**{name: _rewritten(value, change, done) for name, value in fields}) if fields else part


def _fields(part: object) -> list[tuple[str, object]]:
    """The fields of a part of a machine, by name; of anything else none."""
    kind = type(part)
    if not attrs.has(kind) or isinstance(part, Span | ir.Expr):
        return []
    return [(field.name, getattr(part, field.name)) for field in attrs.fields(kind)]


def as_definitions(lifecycle: Lifecycle) -> tuple[ir.Definition, ...]:
    """What a lifecycle says of a customer, as definitions: `NAME` (its state), `NAME.since`, `.previous`, `.moves`."""
    label = label_of(lifecycle.states)
    types = {"state": label, "since": INSTANT, "previous": label, "moves": INT}
    found = []
    for part, kind in types.items():
        symbol = lifecycle.symbol if part == "state" else f"{lifecycle.symbol}.{part}"
        value = ir.State(lifecycle.symbol, kind, part, span=lifecycle.span)
        found.append(
            ir.Definition(
                symbol, "lifecycle", "customer", value, kind, lifecycle.title, lifecycle.doc, span=lifecycle.span
            )
        )
    return tuple(found)


def definition_of(program: Program, symbol: str) -> ir.Definition:
    """The definition with this symbol, or what the lifecycle with it says; KeyError where there is neither."""
    for lifecycle in program.lifecycles:
        if symbol == lifecycle.symbol or symbol.startswith(f"{lifecycle.symbol}."):
            for one in as_definitions(lifecycle):
                if one.symbol == symbol:
                    return one
    return program.definition(symbol)
