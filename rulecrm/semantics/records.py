"""Lists of records: what is asked of those that fit.

In: a call of `exists`, `none` or `count` on a list of records. Out: an `Elements`.
Invariant: a list has no time, so that no window narrows it; what reads facts in its `where` reads no field of a record.
"""

from __future__ import annotations

from rulecrm.model.ir import Apply, Elements, Expr, Item
from rulecrm.model.types import BOOL, INT, UNKNOWN, Type
from rulecrm.model.walk import children, reads_item
from rulecrm.semantics.build import conjuncts, unknown
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.names import column_of, dotted, entry_of, item_of
from rulecrm.syntax import ast

__all__ = ["over_records", "reads_records"]

_GIVES = {"exists": BOOL, "none": BOOL, "count": INT}


def reads_records(checker: Checker, node: ast.Call, context: Context) -> bool:
    """Whether a call is one on a list of records; reports nothing."""
    if not node.arguments:
        return False
    found = _type(checker, node.arguments[0].value, context)
    return found.name == "list" and found.item is not None and found.item.name == "record"


def over_records(checker: Checker, node: ast.Call, context: Context) -> Expr:
    """A call that `reads_records`."""
    name, argument = node.function.text, node.arguments[0]
    word = dotted(argument.value) or ""
    example = f"such as `{name}({word} where …)`"
    if name not in _GIVES:
        advice = f"of a list of records there are `exists({word} where …)`, `none({word} where …)` and `count({word})`"
        message = f"`{name}` reads the rows of a kind, and `{word}` is a list"
        return checker.wrong("R204", message, node.span, advice=advice)
    if len(node.arguments) > 1:
        return checker.wrong("R204", f"`{name}` takes one argument", node.span, advice=example)
    if argument.window is not None:
        advice = f"compare a field of its records: `{name}({word} where FIELD in last 30d)`"
        message = f"`{word}` is a list, and no window narrows it"
        return checker.wrong("R204", message, argument.window.span, advice=advice)
    if argument.by is not None:
        return checker.wrong("R204", f"`{name}` takes no `by`", argument.by.span, advice=example)
    items = checker.value(argument.value, context)
    if items.type == UNKNOWN or items.type.item is None:
        return unknown(node.span)
    where: tuple[Expr, ...] = ()
    if argument.where is not None:
        inside = context.at_record(items.type.item, word)
        where = conjuncts(checker.predicate(argument.where, inside, of="`where`"))
    for one in where:
        hidden = _hidden(one)
        if hidden is not None:
            message = "what reads facts, or another instant, does not see the fields of a record"
            advice = "compare a field with it instead, such as `FIELD == last(purchase).city`"
            return checker.wrong("R204", message, hidden.span, advice=advice)
    return Elements(name, items, where, _GIVES[name], span=node.span)


def _type(checker: Checker, node: ast.Expression, context: Context) -> Type:
    """The type of what a name stands for, UNKNOWN where it is no value, looked up as `names` looks it up."""
    entry = entry_of(node, context)
    match node:
        case ast.Name(text=text):
            item = item_of(context.record, text, node.span)
            if item is not None:
                return item.type
            field = None if context.row is None else column_of(context.row, text, node.span)
            if field is not None:
                return field.type
            if text in context.local:
                return context.local[text]
            if entry is None:
                column = checker.schema.subjects[context.subject].columns.get(text)
                return UNKNOWN if column is None else column.type
        case ast.Field(base=base, name=word) if entry is None:
            if dotted(node) in context.local:
                return context.local[dotted(node) or ""]
            if context.record is not None and dotted(base) == context.records:
                return _member(context.record, word.text)
            if context.row is not None and dotted(base) in (context.alias, context.row.name):
                field = column_of(context.row, word.text, node.span)
                return UNKNOWN if field is None else field.type
            return _member(_type(checker, base, context), word.text)
    if entry is None or entry.form != "metric":
        return UNKNOWN
    checker.settle(checker, entry)
    return entry.type


def _member(record: Type, name: str) -> Type:
    return dict(record.fields).get(name, UNKNOWN)


def _hidden(condition: Expr) -> Item | None:
    """A field of the record inside what is evaluated without one."""
    stack: list[tuple[Expr, bool]] = [(condition, True)]
    while stack:
        node, seen = stack.pop()
        if isinstance(node, Item) and not seen:
            return node
        if isinstance(node, Elements):
            stack.append((node.items, seen))  # what it asks of its own records has been looked at
            continue
        if reads_item(node):
            stack.extend((part, seen and isinstance(node, Apply)) for part in children(node))
    return None
