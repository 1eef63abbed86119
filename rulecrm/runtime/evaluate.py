"""Two ways to ask: one instant for everybody, and a frame of (subject, instant).

In: a program, facts, symbols, instants. Out: frames at the door.
Invariant: both ways give the same value for the same subject and instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl

from rulecrm.facts import Facts
from rulecrm.model import ir
from rulecrm.model.program import Program
from rulecrm.planning import Plan
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.kept import keep_store, keeps, open_store
from rulecrm.runtime.lives import Lender
from rulecrm.runtime.physical import dtype_of, to_door
from rulecrm.runtime.points import Points
from rulecrm.runtime.reach import reach_of
from rulecrm.runtime.run import Run
from rulecrm.runtime.store import Progress
from rulecrm.runtime.values import Fixed, Value

__all__ = ["evaluate_all", "evaluate_points", "start_run"]


def start_run(
    program: Program,
    facts: Facts,
    plan: Plan,
    *,
    progress: Progress | None = None,
    lender: Lender | None = None,
    instant: int | None = None,
) -> Run:
    """A run over the facts, everything it needs indexed.

    Args:
        program: the rules.
        facts: the facts.
        plan: what will be asked for.
        progress: told how far the work has come.
        lender: works out lifecycles (`rulecrm.machine.lives`); only a plan that asks for none does without.
        instant: where everybody will be asked about at one instant, that instant: facts on which nothing hangs then
            need not be indexed.

    Raises:
        RulesError: for columns the facts do not have.
    """
    store = open_store(facts, program.schema, program.currency, program.zone)
    # A lifecycle is moved by all that ever happened.
    whole = instant is None or bool(plan.lifecycles) or keeps(facts)
    reach = None if whole or instant is None else partial(reach_of, plan, instant, program.zone)
    store.prepare(plan.needs, progress, reach)
    if plan.lifecycles:
        store.prepare_subject("customer")
    if keeps(facts):
        keep_store(facts, store)
    return Run(program, plan, store, lender=lender)


def evaluate_all(run: Run, subject: str, instant: int) -> pl.DataFrame:
    """Every subject that exists at an instant: its key, and a column for each symbol asked for that is about it.

    Args:
        run: from `start_run`.
        subject: the subject's name.
        instant: microseconds since 1970-01-01 UTC.
    """
    run.store.prepare(run.plan.needs, reach=partial(reach_of, run.plan, instant, run.zone))
    run.store.prepare_subject(subject)
    points = run.points(subject, None, instant)
    definitions = [run.definition(symbol) for symbol in run.plan.wanted]
    definitions = [definition for definition in definitions if definition.subject == subject]
    keys = run.store.register(subject).keys
    columns = _columns(points, definitions)
    run.store.forget_instants()
    frame = pl.DataFrame([keys.alias(subject), *columns])
    there = points.there()
    return frame if there.all() else frame.filter(pl.Series(there))


def evaluate_points(run: Run, subject: str, keys: pl.Series, instants: Ints) -> list[pl.Series]:
    """For every (key, instant) a column for each symbol asked for that is about the subject, in the order given."""
    run.store.prepare(run.plan.needs)
    run.store.prepare_subject(subject)
    codes = run.store.register(subject).encode(keys)
    points = Points(run, subject, codes, np.ascontiguousarray(instants, np.int64), keys)
    definitions = [run.definition(symbol) for symbol in run.plan.wanted]
    return _columns(points, [definition for definition in definitions if definition.subject == subject])


def _columns(points: Points, definitions: Sequence[ir.Definition]) -> list[pl.Series]:
    values = points.values([ir.Ref(definition.symbol, definition.type) for definition in definitions])
    return [
        _door(value, definition, points) for definition, value in zip(definitions, values, strict=True)
    ]  # fmt: skip


def _door(value: Value, definition: ir.Definition, points: Points) -> pl.Series:
    name = definition.type.name
    if isinstance(value, Fixed):
        value = pl.Series([value.value], dtype=value.dtype).new_from_index(0, len(points))
    value = value.alias(definition.symbol)
    if name == "bool" and isinstance(value.dtype, pl.Boolean):
        return value
    if name == "age":
        now = pl.Series(points.instant) if isinstance(points.instant, np.ndarray) else points.instant
        return to_door(now - value, definition.type).alias(definition.symbol)
    if name in ("int", "bool", "number") and value.dtype != dtype_of(definition.type):
        value = value.cast(dtype_of(definition.type))
    return to_door(value, definition.type)
