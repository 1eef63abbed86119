"""The plan: which definitions are needed, in what order, and which columns they read.

In: a `Program` and the symbols asked for. Out: a `Plan`.
Invariant: a definition stands in a later level than all it refers to, and nothing that is not needed is in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from attrs import evolve, frozen

from rulecrm.model import ir
from rulecrm.model.schema import Schema
from rulecrm.planning.passes import PASSES
from rulecrm.planning.rewrite import Rewrite, rewrite
from rulecrm.planning.walk import refs, walk

__all__ = ["Needs", "Plan", "find_needs", "find_states", "make_plan"]


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
    """

    wanted: tuple[str, ...]
    levels: tuple[tuple[ir.Definition, ...], ...]
    needs: Needs


def make_plan(program: ir.Program, wanted: Sequence[str], passes: Sequence[Rewrite] = PASSES) -> Plan:
    """The plan for these symbols; KeyError for a symbol the program does not have.

    Args:
        program: the typed model.
        wanted: symbols, in the order in which they are wanted.
        passes: rewritings applied to every definition that is needed, in this order.
    """
    by_symbol = {definition.symbol: definition for definition in program.definitions}
    needed = _closure(by_symbol, wanted)
    level: dict[str, int] = {}
    for definition in program.definitions:
        if definition.symbol in needed:
            level[definition.symbol] = 1 + max((level[ref] for ref in refs(definition.value)), default=-1)
    levels: list[list[ir.Definition]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    for symbol, depth in level.items():
        levels[depth].append(by_symbol[symbol])
    for change in passes:
        done: dict[ir.Expr, ir.Expr] = {}
        levels = [
            [evolve(one, value=rewrite(one.value, change, done)) for one in definitions] for definitions in levels
        ]  # fmt: skip
    values = [definition.value for definitions in levels for definition in definitions]
    return Plan(tuple(wanted), tuple(map(tuple, levels)), find_needs(values, program.schema))


def _closure(by_symbol: Mapping[str, ir.Definition], wanted: Sequence[str]) -> set[str]:
    needed: set[str] = set()
    stack = list(wanted)
    while stack:
        symbol = stack.pop()
        if symbol not in needed:
            needed.add(symbol)
            stack.extend(refs(by_symbol[symbol].value))
    return needed


def find_needs(values: Collection[ir.Expr], schema: Schema) -> Needs:
    """The columns that these expressions read, each read of a stage counted as a read of its instant."""
    kinds: dict[str, set[str]] = {}
    subjects: dict[str, set[str]] = {}
    scans: set[tuple[str, str]] = set()
    seen: set[ir.Expr] = set()
    for value in values:
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


def find_states(program: ir.Program) -> Mapping[str, str]:
    """Definitions that depend on the state of a lifecycle: symbol → name of that lifecycle."""
    found: dict[str, str] = {}
    for definition in program.definitions:
        own = next((node.lifecycle for node in walk(definition.value) if isinstance(node, ir.State)), None)
        inherited = next((found[ref] for ref in sorted(refs(definition.value)) if ref in found), None)
        lifecycle = own or inherited
        if lifecycle is not None:
            found[definition.symbol] = lifecycle
    return MappingProxyType(found)
