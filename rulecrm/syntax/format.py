"""The canonical text of a file.

In: the AST of a file, with its comments. Out: its text. Invariant: the text parses to an equal AST, formatting it again
changes nothing, and every comment is still there.

A comment stands before the item that it stood before or in, or behind the item whose line it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rulecrm.diagnostics.model import RulesError
from rulecrm.syntax import declarations as node
from rulecrm.syntax.ast import Date, DateTime
from rulecrm.syntax.declarations import Declaration, Rules
from rulecrm.syntax.format_comments import Pen
from rulecrm.syntax.format_docs import docstring
from rulecrm.syntax.format_expressions import WIDTH, defined, wrapped
from rulecrm.syntax.format_journeys import campaign, lifecycle, pairs, policy, template
from rulecrm.syntax.format_literals import quoted
from rulecrm.syntax.journeys import Campaign, Lifecycle, Policy, Template
from rulecrm.syntax.parse import parse

__all__ = ["format_rules", "format_text"]


def format_text(text: str, source: str = "<text>") -> str:
    """The canonical text of a file that is already text.

    Raises:
        RulesError: the text has mistakes of syntax.
    """
    parsed = parse(text, source)
    if parsed.diagnostics:
        raise RulesError(parsed.diagnostics, {source: text})
    return format_rules(parsed.rules)


def format_rules(rules: Rules) -> str:
    """The canonical text of a file."""
    pen = Pen(rules, ())
    _file(rules, pen)
    if rules.trailing:
        pen = Pen(rules, pen.items)
        _file(rules, pen)
    return "\n".join(pen.lines) + "\n" if pen.lines else ""


def _file(rules: Rules, pen: Pen) -> None:
    first = rules.declarations[0] if rules.declarations else None
    if rules.doc is not None:
        pen.lines += docstring(rules.doc).split("\n")
    elif isinstance(first, node.Import) and first.doc is not None:
        pen.lines.append('""""""')  # or its docstring would be taken for that of the file
    before: Declaration | None = None
    for declaration in rules.declarations:
        begin = len(pen.lines)
        pen.comments(declaration.span.start, 0)
        if declaration.doc is not None:
            pen.doc = docstring(declaration.doc).split("\n")
        _declaration(declaration, pen)
        plain = len(pen.lines) == begin + 1
        if begin and not (plain and before is not None and type(before) is type(declaration)):
            pen.lines.insert(begin, "")
        before = declaration if plain else None
    remarks = len(pen.lines)
    pen.comments(rules.span.end + 1, 0)
    pen.close()
    if remarks and len(pen.lines) > remarks:
        pen.lines.insert(remarks, "")


def _declaration(declaration: Declaration, pen: Pen) -> None:  # noqa: C901 - one arm for each form
    match declaration:
        case node.Import(path, prefix, overrides):
            text = f"import {quoted(path.value)}"
            if prefix is not None:
                text += f" as {prefix.text}"
            if overrides:
                text += f" with {_pairs(overrides, 0, len(text) + 6)}"
            pen.line(declaration, 0, text)
        case node.TimezoneIs(zone):
            pen.line(declaration, 0, f"timezone {quoted(zone.value)}")
        case node.CurrencyIs(code):
            pen.line(declaration, 0, f"currency {code.text}")
        case node.Kind():
            pen.line(declaration, 0, f"{_head('kind', declaration)} {_fields(declaration.fields, 0)}")
        case node.Attribute():
            subject = f" of {declaration.subject.text}" if declaration.subject is not None else ""
            pen.line(declaration, 0, f"{_head('attribute', declaration)}: {_type(declaration.type)}{subject}")
        case node.Param():
            head = f"{_head('param', declaration)}: {_type(declaration.type)}"
            if declaration.default is not None:
                head += f" = {wrapped(declaration.default, 0, len(head) + 3)}"
            pen.line(declaration, 0, head)
        case node.Collection():
            head = f"{_head('collection', declaration)} = {declaration.kind.text}"
            if declaration.where is not None:
                head += f" where {wrapped(declaration.where, 0, len(head) + 7)}"
            pen.line(declaration, 0, head)
        case node.Metric():
            pen.line(declaration, 0, defined(_head("metric", declaration), declaration.value))
        case node.Segment():
            pen.line(declaration, 0, defined(_head("segment", declaration), declaration.predicate))
        case node.Classify():
            arms = declaration.arms
            pen.block(declaration, 0, _head("classify", declaration), lambda indent: _arms(arms, pen, indent))
        case node.Kpi():
            pen.line(declaration, 0, _kpi(declaration))
        case node.Test():
            head = f"test {quoted(declaration.name.value)}"
            pen.block(declaration, 0, head, lambda indent: _test(declaration, pen, indent))
        case Lifecycle():
            lifecycle(declaration, pen)
        case Template():
            template(declaration, pen)
        case Campaign():
            campaign(declaration, pen)
        case Policy():
            policy(declaration, pen)


Titled = (
    node.Kind | node.Attribute | node.Param | node.Collection | node.Metric | node.Segment | node.Classify | node.Kpi
)  # fmt: skip


def _head(word: str, declaration: Titled) -> str:
    text = f"{word} {declaration.name.text}"
    if declaration.title is not None:
        text += f" {quoted(declaration.title)}"
    if isinstance(declaration, node.Metric | node.Segment | node.Classify) and declaration.subject is not None:
        text += f" of {declaration.subject.text}"
    return text


def _kpi(declaration: node.Kpi) -> str:
    parts = [defined(_head("kpi", declaration), declaration.value)]
    if declaration.every is not None:
        parts.append(f"every {declaration.every.text}")
    if declaration.alert is not None:
        parts.append(f"alert when {wrapped(declaration.alert, 2, 13)}")
    flat = " ".join(parts)
    return flat if len(flat) <= WIDTH and "\n" not in flat else "\n  ".join(parts)


def _arms(arms: Sequence[node.Arm], pen: Pen, indent: int) -> None:
    for arm in arms:
        title = f" {quoted(arm.title)}" if arm.title is not None else ""
        head = f"{arm.label.text}{title}"
        if arm.when is None:
            pen.line(arm, indent, f"{head} otherwise")
        else:
            text = f"{head} when {wrapped(arm.when, indent, indent + len(head) + 6)}"
            if "\n" in text or indent + len(text) > WIDTH:
                pad = " " * (indent + 2)
                text = f"{head}\n{pad}when {wrapped(arm.when, indent + 2, indent + 7)}"
            pen.line(arm, indent, text)


def _test(test: node.Test, pen: Pen, indent: int) -> None:
    for subject in test.subjects:
        head = f"{subject.subject.text} {quoted(subject.key.value)}"
        facts = [*(_value(value, indent) for value in subject.values), *(_row(row, indent) for row in subject.rows)]
        text = f"{head} {{ {facts[0]} }}" if facts else ""
        if len(facts) == 1 and "\n" not in text and len(text) + indent <= WIDTH and pen.is_bare(subject):
            pen.line(subject, indent, text)
        else:
            pen.block(subject, indent, head, partial(_facts, subject, pen))
    for expectation in test.expectations:
        of = f" of {quoted(expectation.of.value)}" if expectation.of is not None else ""
        head = f"at {_day(expectation.at)} expect{of} "
        pen.line(expectation, indent, head + wrapped(expectation.predicate, indent, indent + len(head)))


def _facts(subject: node.CustomerFacts, pen: Pen, indent: int) -> None:
    for value in subject.values:
        pen.line(value, indent, _value(value, indent))
    for row in subject.rows:
        pen.line(row, indent, _row(row, indent))


def _value(value: node.Override, indent: int) -> str:
    name = f"{value.name.text}: "
    return name + wrapped(value.value, indent, indent + len(name))


def _row(row: node.FactRow, indent: int) -> str:
    head = f"{row.kind.text} at {_day(row.at)}"
    return head + (f" {_pairs(row.values, indent, indent + len(head) + 1)}" if row.values else "")


def _day(day: Date | DateTime) -> str:
    return wrapped(day, 0, 0)


def _pairs(values: Sequence[node.Override], indent: int, column: int) -> str:
    return pairs([(value.name.text, value.value) for value in values], indent, column)


def _type(type_: node.FieldType) -> str:
    if type_.item is not None:
        return f"list of {_type(type_.item)}"
    if type_.name == "record":
        return f"record {_fields(type_.fields, None)}"
    return type_.name


def _fields(fields: Sequence[node.KindField], indent: int | None) -> str:
    parts = [f"{field.name.text}: {_type(field.type)}" for field in fields]
    flat = f"{{ {', '.join(parts)} }}" if parts else "{}"
    if indent is None or len(flat) + indent <= WIDTH - 30:
        return flat
    pad = "\n" + " " * (indent + 2)
    return "{" + pad + ("," + pad).join(parts) + "\n" + " " * indent + "}"
