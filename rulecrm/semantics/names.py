"""Finding what a name stands for.

In: a name and where it stands. Out: an entry, a column, or a value; a finding with the nearest right name otherwise.
Invariant: inside a record its fields come first, then inside a row those of the row, then the file's names, then the
attributes of the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all
from rulecrm.model import schema
from rulecrm.model.ir import Apply, Attribute, Column, Const, Expr, Item, Key, Local, Now, Ref, State
from rulecrm.model.types import INSTANT, INT, TEXT, UNKNOWN, Type
from rulecrm.semantics.build import ONE_DAY, apply, date_of, shift_date, text_of, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.collections import filter_of
from rulecrm.semantics.scope import DEFINING, WORDS, Entry
from rulecrm.semantics.walk import references
from rulecrm.syntax import ast

__all__ = [
    "NOTHING", "column_of", "dotted", "entry_of", "field", "item_of", "kind_of", "labels_of", "name", "subject_has",
]  # fmt: skip

_DAYS = ("today", "yesterday", "tomorrow")

NOTHING = frozenset({"null", "nil", "none", "undefined", "empty", "unknown"})
"""What other languages call a missing value, in lower case."""


def dotted(node: ast.Expression) -> str | None:
    """`a.b.c` as one name, where the node is made of names alone."""
    parts: list[str] = []
    while isinstance(node, ast.Field):
        parts.append(node.name.text)
        node = node.base
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.text)
    return ".".join(reversed(parts))


def entry_of(node: ast.Expression, context: Context) -> Entry | None:
    """The entry that a name, or a name behind the prefix of an import, stands for."""
    if isinstance(node, ast.Name):
        return context.module.scope.get(node.text)
    text = dotted(node)
    if text is None or text.split(".", 1)[0] not in context.module.prefixes:
        return None
    return context.module.scope.get(text)


def kind_of(
    checker: Checker, identifier: ast.Identifier, context: Context
) -> tuple[schema.Kind, tuple[Expr, ...]] | None:
    """The kind a word stands for and, of a collection, its conditions; None after a report."""
    entry = context.module.scope.get(identifier.text)
    if entry is None:
        names = _names(context, "kind", "collection")
        checker.report.error(
            "R103", f"unknown kind `{identifier.text}`", identifier.span, advice=did_you_mean(identifier.text, names)
        )
        return None
    return resolve_kind(checker, entry, identifier.span, context)


def resolve_kind(
    checker: Checker, entry: Entry, span: Span, context: Context
) -> tuple[schema.Kind, tuple[Expr, ...]] | None:
    """As `kind_of`, from the entry."""
    if entry.form == "broken":
        return None
    if entry.form not in ("kind", "collection"):
        checker.report.error("R109", f"a kind is wanted here, and `{entry.name}` is {_a(entry)}", span)
        return None
    if entry.form == "kind" and entry.kind is not None:
        found: tuple[schema.Kind, tuple[Expr, ...]] | None = (entry.kind, ())
    else:
        key = (id(entry), context.subject)
        if key not in checker.filters:
            checker.filters[key] = filter_of(checker, entry, context.subject)
        found = checker.filters[key]
        for condition in () if found is None else found[1]:
            checker.referred.update(dict.fromkeys(references(condition)))
    if found is not None and context.subject not in found[0].subjects:
        known = ", ".join(found[0].subjects)
        checker.report.error(
            "R219",
            f"a row of `{found[0].name}` belongs to no {context.subject}",
            span,
            advice=f"it belongs to: {known}",
        )
        return None
    return found


def name(checker: Checker, node: ast.Name, context: Context) -> Expr:
    """A name on its own."""
    text = node.text
    item = item_of(context.record, text, node.span)
    if item is not None:
        return item
    if context.row is not None:
        column = column_of(context.row, text, node.span)
        if column is not None:
            return column
    if text in context.local:
        return Local(text, context.local[text], span=node.span)
    entry = context.module.scope.get(text)
    if entry is not None:
        return _entry_value(checker, entry, node.span, context)
    if context.constant is None:
        subject = checker.schema.subjects[context.subject]
        attribute = subject.columns.get(text)
        if attribute is not None:
            return Attribute(subject.name, text, attribute.type, span=node.span)
        if text == subject.name:
            return Key(span=node.span)
        if text in _DAYS:
            today = date_of(Now(span=node.span))
            step = {"today": 0, "yesterday": -1, "tomorrow": 1}[text]
            return shift_date(today, -ONE_DAY if step < 0 else ONE_DAY, node.span) if step else today
        if text == "now":
            return Now(span=node.span)
    return _unknown_name(checker, node, context)


def field(checker: Checker, node: ast.Field, context: Context) -> Expr:
    """`base.name` where the base is no call of `first`, `last` or `nth` on rows."""
    word, row = node.name, context.row
    if context.record is not None and dotted(node.base) == context.records:
        return item_of(context.record, word.text, node.span) or _unknown_member(checker, word, context.record)
    if isinstance(node.base, ast.Name) and node.base.text == "entry" and "entry" in context.local:
        return _brought(checker, node, word, context)
    whole = entry_of(node, context)
    if whole is not None:
        return _entry_value(checker, whole, node.span, context)
    base = entry_of(node.base, context)
    alias = context.alias.rpartition(".")[2]  # in a file that sees it behind a prefix, too
    names_row = base is not None and base.name == alias and base.form in ("kind", "collection")
    if row is not None and (names_row or (isinstance(node.base, ast.Name) and node.base.text == row.name)):
        return column_of(row, word.text, node.span) or _unknown_field(checker, word, row)
    if base is not None and base.form == "prefix":
        name = f"{dotted(node.base)}.{word.text}"
        names = [visible for visible in context.module.scope if visible.startswith(f"{dotted(node.base)}.")]
        return checker.wrong("R101", f"unknown name `{name}`", word.span, advice=did_you_mean(name, names))
    if base is not None and base.form in ("kind", "collection"):
        found = resolve_kind(checker, base, node.base.span, context)
        if found is None:
            return unknown(node.span)
        if column_of(found[0], word.text, node.span) is None:
            return _unknown_field(checker, word, found[0])
        return checker.wrong(
            "R209",
            f"`{base.name}.{word.text}` is many values, one for each row",
            node.span,
            advice=f"say which: `last({base.name}).{word.text}`, `mean({base.name}.{word.text})`, …",
        )
    if base is not None and base.form == "lifecycle":
        return _part_of_state(checker, base, word, node.span, context)
    value = checker.value(node.base, context)
    if value.type == UNKNOWN:
        return unknown(node.span)
    if value.type.name == "record":
        inner = dict(value.type.fields).get(word.text)
        if inner is None:
            return _unknown_member(checker, word, value.type)
        return apply("member", value, text_of(word.text, word.span), gives=inner, span=node.span)
    return checker.wrong("R102", f"{article(value.type)} has no field `{word.text}`", word.span)


def column_of(kind: schema.Kind, name: str, span: Span) -> Column | None:
    """The field of a kind, `at` and the keys of subjects included."""
    if name == "at":
        return Column(kind.name, "at", INSTANT, span=span)
    column = kind.columns.get(name)
    if column is not None:
        return Column(kind.name, name, column.type, span=span)
    return Column(kind.name, name, TEXT, span=span) if name in kind.subjects else None


def item_of(record: Type | None, name: str, span: Span) -> Item | None:
    """A field of the record at hand, if there is one and it has that field."""
    found = None if record is None else dict(record.fields).get(name)
    return None if found is None else Item(name, found, span=span)


def fields_of(kind: schema.Kind) -> tuple[str, ...]:
    """Names of all fields of a kind."""
    return ("at", *kind.columns, *kind.subjects)


def labels_of(checker: Checker, of: Type, text: str, span: Span) -> Const | None:
    """A label of a classification, or a state, by its name; None after a report."""
    if text in of.names:
        return Const(text, of, span=span)
    known = ", ".join(of.names[:12])
    advice = did_you_mean(text, of.names) or f"there are: {known}"
    if text.lower() in NOTHING:
        advice = "ask `is missing`, or `is not missing`"
    checker.report.error("R105", f"there is no label or state `{text}` here", span, advice=advice)
    return None


def subject_has(checker: Checker, identifier: ast.Identifier | None) -> str:
    """The subject a declaration names, or the customer; an unknown one is reported."""
    if identifier is None:
        return "customer"
    if identifier.text in checker.schema.subjects:
        return identifier.text
    advice = near_or_all(identifier.text, checker.schema.subjects)
    checker.report.error("R107", f"unknown subject `{identifier.text}`", identifier.span, advice=advice)
    return "customer"


def _entry_value(checker: Checker, entry: Entry, span: Span, context: Context) -> Expr:
    if entry.form == "broken":
        return unknown(span)
    if entry.form == "param":
        checker.settle(checker, entry)
        if isinstance(entry.value, Const):
            return Const(entry.value.value, entry.value.type, span=span)
        if entry.value is None:
            return unknown(span)
        return entry.value
    if context.constant is not None:
        return checker.wrong("R210", f"{context.constant} wants a constant, and `{entry.name}` is {_a(entry)}", span)
    if entry.form in DEFINING or entry.form == "lifecycle":
        if entry.subject != context.subject:
            return checker.wrong(
                "R213",
                f"`{entry.name}` speaks of a {entry.subject}, and this of a {context.subject}",
                span,
                advice="a definition refers to those of its own subject",
            )
        if entry.form == "lifecycle":
            return State(entry.symbol, entry.type, span=span)
        checker.referred[entry.symbol] = None
        if entry.form == "metric":
            checker.settle(checker, entry)
            if entry.stage != "checked":
                checker.unsettled.setdefault(entry.symbol, span)
        return Ref(entry.symbol, entry.type, span=span)
    if entry.form == "kpi" and context.in_kpi:
        checker.settle(checker, entry)
        checker.referred[entry.symbol] = None
        return Apply("kpi", (text_of(entry.symbol),), entry.type, span=span)
    if entry.form in ("kind", "collection"):
        return checker.wrong(
            "R209",
            f"`{entry.name}` is a kind, not a value",
            span,
            advice=f"ask `count({entry.name})`, `exists({entry.name})`",
        )
    return checker.wrong("R109", f"a value is wanted here, and `{entry.name}` is {_a(entry)}", span)


def _part_of_state(checker: Checker, entry: Entry, word: ast.Identifier, span: Span, context: Context) -> Expr:
    state = _entry_value(checker, entry, span, context)
    if not isinstance(state, State):
        return state
    if word.text == "since":
        return State(entry.symbol, INSTANT, "since", span=span)
    if word.text == "previous":
        return State(entry.symbol, entry.type, "previous", span=span)
    if word.text == "moves":
        return State(entry.symbol, INT, "moves", span=span)
    advice = did_you_mean(word.text, ("since", "previous", "moves"))
    advice = advice or "a lifecycle has `since`, `previous` and `moves`"
    return checker.wrong("R102", f"a lifecycle has no field `{word.text}`", word.span, advice=advice)


def _brought(checker: Checker, node: ast.Field, word: ast.Identifier, context: Context) -> Expr:
    """`entry.FIELD`: a field of the row that the journey was entered on."""
    name = f"entry.{word.text}"
    if name in context.local:
        return Local(name, context.local[name], span=node.span)
    fields = [local.partition(".")[2] for local in context.local if "." in local]
    advice = did_you_mean(word.text, fields) or (
        "a field that the rows of `enter on` have, of one type" if fields else "only `enter on KIND` brings a row"
    )
    return checker.wrong("R102", f"no entering row has a field `{word.text}`", word.span, advice=advice)


def _unknown_field(checker: Checker, word: ast.Identifier, kind: schema.Kind) -> Expr:
    advice = did_you_mean(word.text, fields_of(kind)) or f"`{kind.name}` has: {', '.join(fields_of(kind)[:12])}, …"
    return checker.wrong("R102", f"`{kind.name}` has no field `{word.text}`", word.span, advice=advice)


def _unknown_member(checker: Checker, word: ast.Identifier, record: Type) -> Expr:
    names = dict(record.fields)
    advice = did_you_mean(word.text, names) or f"it has: {', '.join(names)}"
    return checker.wrong("R102", f"the record has no field `{word.text}`", word.span, advice=advice)


def _unknown_name(checker: Checker, node: ast.Name, context: Context) -> Expr:
    candidates: list[Iterable[str]] = []
    if context.record is not None:
        candidates.append(dict(context.record.fields))
    if context.row is not None:
        candidates.append(fields_of(context.row))
    candidates.append(context.module.scope)
    if context.constant is None:
        candidates.append(checker.schema.subjects[context.subject].columns)
    advice = None
    if context.row is None and context.constant is None:
        kind = next((kind.name for kind in _likely(checker) if column_of(kind, node.text, node.span)), None)
        advice = None if kind is None else f"a field is read from rows: `last({kind}).{node.text}`, …"
    advice = advice or did_you_mean(node.text, (word for group in candidates for word in group))
    if advice is None and node.text.lower() in NOTHING:
        advice = "what is missing has no name: ask `is missing`, or give another value with `??`"
    return checker.wrong("R101", f"unknown name `{node.text}`", node.span, advice=advice)


def _likely(checker: Checker) -> Iterable[schema.Kind]:
    """Kinds, the one that is most often meant first."""
    kinds = checker.schema.kinds
    return (*(kinds[name] for name in ("purchase",) if name in kinds), *kinds.values())


def _names(context: Context, *forms: str) -> list[str]:
    scope: Mapping[str, Entry] = context.module.scope
    return [name for name, entry in scope.items() if entry.form in forms]


def _a(entry: Entry) -> str:
    return WORDS[entry.form]
