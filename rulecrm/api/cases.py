"""Runs the `test` blocks of a rules file.

In: a program with tests. Out: an `Outcome` for each expectation.
Invariant: an expectation is judged by the engine over facts made of the test's own rows and nothing else; one that
does not hold says what the values were.

A test's rows become frames as a shop would hand them in: rows of an order's stages become orders, and those that name
one `order` are stages of that one order. Only what is written happened: `purchase at …` is no row of `order`, unless an
`order at …` with the same number says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import polars as pl
from attrs import evolve, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.span import Span
from rulecrm.explain import Explanation, explain
from rulecrm.facts import Facts
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import to_microseconds
from rulecrm.model.program import Program, TestCase, TestExpectation, TestRow
from rulecrm.model.schema import Column, Kind, Schema
from rulecrm.model.types import BOOL, INSTANT, TEXT, Type
from rulecrm.planning import Needs, find_needs

__all__ = ["Outcome", "run_cases"]


@frozen
class Outcome:
    """What became of one expectation.

    Attributes:
        case: name of the test.
        expectation: the predicate as written.
        span: of the expectation.
        as_of: the instant, aware, in UTC.
        passed: whether it holds.
        explanation: of one that does not hold.
        message: of one that does not hold, what was expected and what was found; empty otherwise.
    """

    case: str
    expectation: str
    span: Span
    as_of: dt.datetime
    passed: bool
    explanation: Explanation | None
    message: str


def run_cases(program: Program) -> tuple[Outcome, ...]:
    """Every expectation of every test, in the order of the text."""
    return tuple(outcome for case in program.tests for outcome in _run(program, case))


def _run(program: Program, case: TestCase) -> Iterable[Outcome]:
    facts = _facts(program, case)
    for expectation in case.expectations:
        if isinstance(facts, RulesError):
            yield _outcome(program, case, expectation, message=str(facts))
            continue
        yield _judge(program, case, expectation, facts)


def _judge(program: Program, case: TestCase, expectation: TestExpectation, facts: Facts) -> Outcome:
    name = "expectation"
    while any(definition.symbol == name for definition in program.definitions):
        name += "_"
    definition = ir.Definition(name, "segment", expectation.subject, expectation.value, BOOL, span=expectation.span)
    asked = evolve(program, definitions=(*program.definitions, definition))
    try:
        found = explain(asked, facts, key=expectation.key, symbol=name, instant=to_microseconds(expectation.at))
    except RulesError as error:
        return _outcome(program, case, expectation, message=str(RulesError(error.diagnostics, program.sources)))
    if found.verdict:
        return _outcome(program, case, expectation, passed=True)
    outcome = _outcome(program, case, expectation)
    tree = found.text().split("\n", 1)
    when = f"{found.as_of:%Y-%m-%d %H:%M}"
    head = f"at {when} expected of {expectation.subject} {expectation.key}: {outcome.expectation}"
    return evolve(outcome, explanation=found, message="\n".join([head, *tree[1:]]))


def _outcome(
    program: Program,
    case: TestCase,
    expectation: TestExpectation,
    *,
    passed: bool = False,
    message: str = "",
) -> Outcome:
    span = expectation.value.span if expectation.value.span.end else expectation.span
    written = program.sources.get(span.source, "")[span.start : span.end]
    text = " ".join(written.split())
    return Outcome(case.name, text, expectation.span, expectation.at, passed, None, message)


# --- facts of a test ----------------------------------------------------------------------------------------------

_Record = dict[str, object]


def _facts(program: Program, case: TestCase) -> Facts | RulesError:
    """The facts of a test, or what is wrong with them."""
    schema = program.schema
    values = [*(one.value for one in program.definitions), *(one.value for one in case.expectations)]
    needs = find_needs(values, schema, [one.automaton for one in program.lifecycles])
    try:
        frames = {**_subject_frames(case, schema, needs), **_kind_frames(case, schema, needs)}
        return Facts.from_frames(**frames, zone=program.zone, schema=schema)  # type: ignore[arg-type]
    except RulesError as error:
        return RulesError(error.diagnostics, program.sources)


def _subject_frames(case: TestCase, schema: Schema, needs: Needs) -> dict[str, pl.DataFrame]:
    frames: dict[str, pl.DataFrame] = {}
    for name, subject in schema.subjects.items():
        if subject.frame is None:
            continue
        own = [one for one in case.subjects if one.subject == name]
        wanted = {*needs.subjects.get(name, ()), *(attribute for one in own for attribute in one.attributes)}
        if not own and not wanted:
            continue
        columns = {attribute: subject.columns[attribute].type for attribute in sorted(wanted) if attribute != name}
        records = [{name: one.key, **_plain_all(one.attributes)} for one in own]
        frames[subject.frame] = _frame(records, {name: TEXT, **columns})
    return frames


def _kind_frames(case: TestCase, schema: Schema, needs: Needs) -> dict[str, pl.DataFrame]:
    """A frame for each frame of the schema that the test has rows of."""
    rows: dict[str, list[tuple[Kind, _Record]]] = {}
    for subject in case.subjects:
        for row in subject.rows:
            kind = schema.kinds[row.kind]
            record: _Record = {**_plain_all(row.values), subject.subject: subject.key}
            rows.setdefault(kind.frame, []).append((kind, _dated(record, kind, row)))
    frames: dict[str, pl.DataFrame] = {}
    for frame, own in rows.items():
        kinds = [kind for kind in schema.kinds.values() if kind.frame == frame]
        columns = _columns(kinds, [record for _, record in own], needs, schema)
        records = [record for _, record in own]
        if _has_stages(kinds[0]):
            columns = {**{kind.at: INSTANT for kind in kinds}, **columns}
            records = _orders(own)
        frames[frame] = _frame(records, columns)
    return frames


def _dated(record: _Record, kind: Kind, row: TestRow) -> _Record:
    if _has_stages(kind):
        if kind.name == "refund" and "amount" in record:
            # What a refund row calls its amount is what was paid back, not the amount of the order.
            record.setdefault("refund_amount", record.pop("amount"))
        return {**record, kind.at: row.at}
    if kind.frame == "events":
        return {**record, "at": row.at, "kind": kind.name}
    return {**record, "at": row.at}


def _has_stages(kind: Kind) -> bool:
    """Whether the rows of the kind are stages of orders."""
    return kind.frame == "orders"


def _columns(kinds: list[Kind], records: list[_Record], needs: Needs, schema: Schema) -> dict[str, Type]:
    """Columns that the test sets or the rules ask for, and their types."""
    known: dict[str, Type] = {"at": INSTANT, "kind": TEXT, **dict.fromkeys(schema.subjects, TEXT)}
    for kind in kinds:
        known.update((name, column.type) for name, column in kind.columns.items() if not _follows(column))
    wanted = {name for record in records for name in record}
    wanted |= {name for kind in kinds for name in needs.kinds.get(kind.name, ())}
    subjects = {subject for kind in kinds for subject in kind.subjects if (kind.name, subject) in needs.scans}
    return {name: known[name] for name in sorted(wanted | subjects) if name in known}


def _follows(column: Column) -> bool:
    """A yes/no stage: no column, for it follows from its instant."""
    return column.stage is not None and column.type == BOOL


def _orders(rows: list[tuple[Kind, _Record]]) -> list[_Record]:
    """Stages put together by the number of the order; a row that names none is an order of its own."""
    taken = {record["order"] for _, record in rows if record.get("order") is not None}
    orders: dict[object, _Record] = {}
    for kind, record in rows:
        number = record.get("order")
        if number is None:
            number = _unused(taken)
            taken.add(number)
        order = orders.setdefault(number, {"order": number})
        if order.get(kind.at) is not None and order[kind.at] != record[kind.at]:
            message = f"the test has two rows of `{kind.name}` for the order `{number}`"
            raise RulesError([Diagnostic("R411", message, help="give them different numbers")])
        for name, value in record.items():
            if order.get(name) is None:
                order[name] = value
    return list(orders.values())


def _unused(taken: set[object]) -> str:
    number = 1
    while f"#{number}" in taken:
        number += 1
    return f"#{number}"


def _plain_all(values: Mapping[str, ir.Const]) -> _Record:
    return {name: _plain(const.value) for name, const in values.items()}


def _plain(value: ir.Value) -> object:
    """A constant as a cell of a frame."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Duration):
        return None if value.elapsed is None else dt.timedelta(microseconds=value.elapsed)
    return value


def _frame(records: list[_Record], columns: Mapping[str, Type]) -> pl.DataFrame:
    # An order's `order` column comes first wherever it is: no type is inferred, not even of a column without a value.
    names = dict.fromkeys([*columns, *(name for record in records for name in record)])
    schema = {name: _dtype(columns.get(name, TEXT)) for name in names}
    return pl.DataFrame({name: [record.get(name) for record in records] for name in names}, schema=schema)


_DTYPES: Mapping[str, pl.DataType] = {
    "bool": pl.Boolean(), "int": pl.Int64(), "number": pl.Float64(), "text": pl.String(), "money": pl.Decimal(38, 4),
    "duration": pl.Duration("us"), "instant": pl.Datetime("us", "UTC"), "date": pl.Date(), "time": pl.Time(),
}  # fmt: skip


def _dtype(kind: Type) -> pl.DataType:
    """The dtype at the door."""
    if kind.name == "list" and kind.item is not None:
        return pl.List(_dtype(kind.item))
    if kind.name == "record":
        return pl.Struct({name: _dtype(of) for name, of in kind.fields})
    return _DTYPES[kind.name]
