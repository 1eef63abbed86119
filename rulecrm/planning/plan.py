"""The plan: which definitions are needed, in what order, and which columns they read.

In: a `Program` and the symbols asked for. Out: a `Plan`.
Invariant: a definition stands in a later level than all it refers to, and nothing that is not needed is in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from attrs import evolve, field, frozen

from rulecrm.model import ir
from rulecrm.model.machine import Lifecycle
from rulecrm.model.program import Program
from rulecrm.model.rewrite import Rewrite, rewrite
from rulecrm.model.schema import Schema
from rulecrm.model.types import TEXT
from rulecrm.planning.machines import as_definitions, asked, fields_in, rewritten, rows_in
from rulecrm.planning.passes import PASSES, Pass
from rulecrm.planning.walk import refs, walk

__all__ = ["Needs", "Plan", "find_needs", "make_plan"]


@frozen
class Needs:
    """Columns to be read.

    Attributes:
        kinds: by kind, the fields read, keys of subjects among them, `at` not.
        subjects: by subject, the attributes read.
        scans: (kind, subject) pairs that have to be indexed.
    """

    kinds: Mapping[str, frozenset[str]]
    subjects: Mapping[str, frozenset[str]]
    scans: frozenset[tuple[str, str]]


@frozen
class Plan:
    """What to compute.

    Attributes:
        wanted: symbols asked for, in the order asked.
        levels: definitions by level; those of one level need only earlier levels.
        needs: columns to be read.
        lifecycles: those that anything refers to, by symbol.
        found: what runs have found out from the plan alone, kept for those that follow.
    """

    wanted: tuple[str, ...]
    levels: tuple[tuple[ir.Definition, ...], ...]
    needs: Needs
    lifecycles: Mapping[str, Lifecycle] = field(factory=dict)
    found: dict[object, object] = field(factory=dict, init=False, eq=False, repr=False)

    def lifecycle(self, symbol: str) -> Lifecycle:
        """The lifecycle with this symbol; KeyError where the plan has none."""
        return self.lifecycles[symbol]


def make_plan(
    program: Program, wanted: Sequence[str], passes: Sequence[Pass] = PASSES, parts: Collection[object] = ()
) -> Plan:
    """The plan for these symbols; KeyError for a symbol the program does not have.

    Args:
        program: the typed model.
        wanted: symbols of definitions and lifecycles, in the order in which they are wanted.
        passes: what makes, of all their values, the rewritings applied to every definition and lifecycle that is
            needed, in this order.
        parts: what else is going to be asked: parts of `model.machine`.
    """
    lifecycles = {lifecycle.symbol: lifecycle for lifecycle in program.lifecycles}
    states = [one for lifecycle in program.lifecycles for one in as_definitions(lifecycle) if one.symbol in wanted]
    definitions = [*program.definitions, *states]
    by_symbol = {definition.symbol: definition for definition in definitions}
    needed, alive = _closure(by_symbol, lifecycles, wanted, parts)
    level: dict[str, int] = {}
    for definition in definitions:
        if definition.symbol in needed:
            level[definition.symbol] = 1 + max((level[ref] for ref in refs(definition.value)), default=-1)
    levels: list[list[ir.Definition]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    for symbol, depth in level.items():
        levels[depth].append(by_symbol[symbol])
    living = {symbol: lifecycles[symbol] for symbol in lifecycles if symbol in alive}
    for change in passes:
        own = [expr for one in living.values() for expr in asked(one.automaton)]
        rewriting = change([*_values(levels), *own])
        done: dict[ir.Expr, ir.Expr] = {}
        levels = _rewritten(levels, rewriting, done)
        living = {
            symbol: evolve(one, automaton=rewritten(one.automaton, rewriting, done)) for symbol, one in living.items()
        }
    needs = find_needs(_values(levels), program.schema, [*(one.automaton for one in living.values()), *parts])
    return Plan(tuple(wanted), tuple(map(tuple, levels)), needs, MappingProxyType(living))


def _values(levels: Sequence[Sequence[ir.Definition]]) -> list[ir.Expr]:
    return [definition.value for definitions in levels for definition in definitions]


def _rewritten(
    levels: Sequence[Sequence[ir.Definition]], change: Rewrite, done: dict[ir.Expr, ir.Expr]
) -> list[list[ir.Definition]]:
    return [[evolve(one, value=rewrite(one.value, change, done)) for one in definitions] for definitions in levels]


def _closure(
    by_symbol: Mapping[str, ir.Definition],
    lifecycles: Mapping[str, Lifecycle],
    wanted: Sequence[str],
    parts: Collection[object],
) -> tuple[set[str], set[str]]:
    """Definitions and lifecycles that are needed."""
    needed: set[str] = set(wanted)
    alive: set[str] = set()
    stack = [*(by_symbol[symbol].value for symbol in wanted), *(expr for part in parts for expr in asked(part))]
    seen: set[ir.Expr] = set()
    while stack:
        expr = stack.pop()
        if expr in seen:
            continue
        seen.add(expr)
        for node in walk(expr):
            if isinstance(node, ir.Ref) and node.symbol not in needed:
                needed.add(node.symbol)
                stack.append(by_symbol[node.symbol].value)
            elif isinstance(node, ir.State) and node.lifecycle not in alive:
                alive.add(node.lifecycle)
                stack.extend(asked(lifecycles[node.lifecycle].automaton))
    return needed, alive


def find_needs(values: Iterable[ir.Expr], schema: Schema, parts: Iterable[object] = ()) -> Needs:
    """The columns that these expressions read, each read of a stage counted as a read of its instant.

    Args:
        values: expressions.
        schema: kinds and subjects.
        parts: parts of `model.machine`, whose rows are looked at by customer.
    """
    parts = list(parts)
    kinds: dict[str, set[str]] = {}
    subjects: dict[str, set[str]] = {}
    scans: set[tuple[str, str]] = set()
    seen: set[ir.Expr] = set()
    for rows in (rows for part in parts for rows in rows_in(part)):
        scans.add((rows.kind, "customer"))
        kinds.setdefault(rows.kind, set())
    kept = [
        ir.Column(kind, name, TEXT)
        for part in parts
        for kind, name in fields_in(part)
        if name in schema.kinds[kind].columns or name in schema.kinds[kind].subjects
    ]
    for value in (*values, *kept, *(expr for part in parts for expr in asked(part))):
        for node in walk(value):
            if node in seen:
                continue
            seen.add(node)
            match node:
                case ir.Column(kind=kind, name=name):
                    column = schema.kinds[kind].columns.get(name)
                    if column is not None:
                        stage = () if column.stage is None else (column.stage,)
                        own = () if column.type.name == "bool" and column.stage else (name,)
                        kinds.setdefault(kind, set()).update((*own, *stage))
                    elif name != "at":
                        kinds.setdefault(kind, set()).add(name)
                case ir.Attribute(subject=subject, name=name):
                    if name != subject:
                        subjects.setdefault(subject, set()).add(name)
                case ir.Aggregate(scan=scan):
                    scans.add((scan.kind, scan.subject))
                    kinds.setdefault(scan.kind, set())
                case ir.SequenceOf(steps=steps, subject=subject, by=by):
                    for step in steps:
                        scans.add((step.kind, subject))
                        kinds.setdefault(step.kind, set()).update(() if by is None else (by,))
                case _:
                    pass
    return Needs(
        MappingProxyType({kind: frozenset(names) for kind, names in kinds.items()}),
        MappingProxyType({subject: frozenset(names) for subject, names in subjects.items()}),
        frozenset(scans),
    )
