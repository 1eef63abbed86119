"""`test` blocks: facts, and what must hold.

In: the tests of the root file. Out: `TestCase` values with typed constants.
Invariant: a value in a test has the type of the column it stands for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all
from rulecrm.model.ir import Const
from rulecrm.model.program import TestCase, TestExpectation, TestRow, TestSubject
from rulecrm.model.schema import Column
from rulecrm.model.types import BOOL, DATE, INSTANT, TEXT, UNKNOWN, Type
from rulecrm.semantics.build import number
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.literals import instant_of
from rulecrm.semantics.names import fields_of
from rulecrm.semantics.scope import WORDS, Module
from rulecrm.syntax import declarations as d
from rulecrm.syntax.ast import Date, DateTime

__all__ = ["check_tests"]


def check_tests(checker: Checker, module: Module) -> tuple[TestCase, ...]:
    """The tests of one file."""
    return tuple(_test(checker, node, module) for node in module.rules.declarations if isinstance(node, d.Test))


def _test(checker: Checker, node: d.Test, module: Module) -> TestCase:
    keys: dict[str, d.CustomerFacts] = {}
    subjects: list[TestSubject] = []
    for facts in node.subjects:
        if facts.key.value in keys:
            checker.report.error("R301", f'"{facts.key.value}" is there twice', facts.key.span)
            continue
        keys[facts.key.value] = facts
        subject = _subject(checker, facts, module)
        if subject is not None:
            subjects.append(subject)
    known = {subject.key: subject for subject in subjects}
    expectations = [
        _expectation(checker, part, node, known=known, keys=keys, module=module) for part in node.expectations
    ]
    return TestCase(
        node.name.value, tuple(subjects), tuple(part for part in expectations if part is not None), span=node.span
    )


def _subject(checker: Checker, facts: d.CustomerFacts, module: Module) -> TestSubject | None:
    word = facts.subject
    subject = checker.schema.subjects.get(word.text)
    if subject is None:
        advice = near_or_all(word.text, checker.schema.subjects)
        checker.report.error("R107", f"unknown subject `{word.text}`", word.span, advice=advice)
        return None
    attributes = _values(checker, facts.values, subject.columns, owner=f"a {subject.name}", module=module)
    rows = [_row(checker, row, word.text, module) for row in facts.rows]
    return TestSubject(word.text, facts.key.value, attributes, tuple(row for row in rows if row is not None))


def _row(checker: Checker, row: d.FactRow, subject: str, module: Module) -> TestRow | None:
    name = row.kind.text
    entry = module.scope.get(name)
    if entry is None or entry.kind is None:
        kinds = [word for word, other in module.scope.items() if other.form == "kind"]
        if entry is not None and entry.form == "broken":
            return None
        if entry is not None:
            message = f"a kind is wanted here, and `{name}` is {WORDS[entry.form]}"
            checker.report.error("R109", message, row.kind.span)
        else:
            advice = did_you_mean(name, kinds)
            checker.report.error("R103", f"unknown kind `{name}`", row.kind.span, advice=advice)
        return None
    kind = entry.kind
    if subject not in kind.subjects:
        message = f"a row of `{name}` belongs to no {subject}"
        checker.report.error("R219", message, row.kind.span, advice=f"it belongs to: {', '.join(kind.subjects)}")
    keys = {key: Column(key, TEXT) for key in kind.subjects if key != subject}
    columns = {**kind.columns, **keys}
    values = _values(checker, row.values, columns, owner=f"`{name}`", module=module, names=fields_of(kind))
    at = _instant(checker, row.at)
    return None if at is None else TestRow(kind.name, at, values)


def _expectation(
    checker: Checker,
    node: d.Expectation,
    test: d.Test,
    *,
    known: Mapping[str, TestSubject],
    keys: Mapping[str, d.CustomerFacts],
    module: Module,
) -> TestExpectation | None:
    if node.of is not None:
        key, place = node.of.value, node.of.span
        if key not in keys:
            advice = did_you_mean(key, keys)
            checker.report.error("R101", f'the test has no "{key}"', place, advice=advice)
            return None
    elif len(test.subjects) == 1:
        key = test.subjects[0].key.value
    else:
        advice = 'say of whom: `at 2025-01-31 expect of "c1" …`'
        checker.report.error("R204", f"the test has {len(test.subjects)} subjects", node.span, advice=advice)
        return None
    subject = known.get(key)
    if subject is None:
        return None
    value = checker.predicate(node.predicate, Context(module, subject.subject), of="`expect`")
    at = _instant(checker, node.at)
    return None if at is None else TestExpectation(at, subject.subject, key, value, span=node.span)


def _values(
    checker: Checker,
    values: Iterable[d.Override],
    columns: Mapping[str, Column],
    *,
    owner: str,
    module: Module,
    names: Iterable[str] | None = None,
) -> Mapping[str, Const]:
    found: dict[str, Const] = {}
    context = Context(module, constant="a value in a test")
    for value in values:
        name = value.name.text
        column = columns.get(name)
        if column is None:
            advice = did_you_mean(name, columns if names is None else names)
            if name == "at":
                advice = "the instant stands before the braces"
            checker.report.error("R102", f"{owner} has no field `{name}`", value.name.span, advice=advice)
            continue
        if column.stage is not None and column.type == BOOL:
            advice = f"set `{column.stage}` to an instant"
            checker.report.error("R208", f"`{name}` follows from `{column.stage}`", value.name.span, advice=advice)
            continue
        if name in found:
            checker.report.error("R301", f"`{name}` is set twice", value.name.span)
            continue
        typed = _typed(checker, value, column.type, context)
        if typed is not None:
            found[name] = typed
    return MappingProxyType(found)


def _typed(checker: Checker, node: d.Override, wanted: Type, context: Context) -> Const | None:
    value = checker.value(node.value, context)
    if UNKNOWN in (value.type, wanted):
        return None
    if wanted.name == "number":
        value = number(value)
    if value.type == DATE and wanted == INSTANT and isinstance(node.value, Date):
        at = _instant(checker, node.value)
        return None if at is None else Const(at, INSTANT, span=value.span)
    if isinstance(value, Const) and value.value == () and wanted.name == "list":
        return Const((), wanted, span=value.span)
    if isinstance(value, Const) and value.type == wanted:
        return value
    if not isinstance(value, Const):
        message = "a test gives amounts in the reporting currency" if value.type == wanted else "a test wants constants"
        checker.report.error("R210", message, node.value.span)
        return None
    message = f"`{node.name.text}` is {article(wanted)}, and this is {article(value.type)}"
    checker.report.error("R201", message, node.value.span)
    return None


def _instant(checker: Checker, node: Date | DateTime) -> dt.datetime | None:
    wall = node.value if isinstance(node.value, dt.datetime) else dt.datetime.combine(node.value, dt.time())
    instant = instant_of(wall, checker.zone)
    if instant is None:
        _outside(checker, node.span)
    return instant


def _outside(checker: Checker, span: Span) -> None:
    checker.report.error("R217", "the instant lies outside the years 1 to 9999", span)
