"""Comparisons of texts and lists: `contains`, `starts with`, `ends with`, `matches`, `… ignoring case`.

In: the typed left side and the right side of the syntax. Out: a predicate.
Invariant: a pattern that reaches the engine is one that it can read.
"""

from __future__ import annotations

import re
import warnings

from rulecrm.diagnostics.span import Span
from rulecrm.model.ir import Apply, Const, Expr
from rulecrm.model.types import TEXT, UNKNOWN
from rulecrm.semantics.build import all_of, any_of, apply, negated, predicate_of
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.coerce import unify
from rulecrm.syntax import ast

__all__ = ["compare_text", "folded_case"]

_OPS = {"contains": "contains", "starts with": "starts_with", "ends with": "ends_with", "matches": "matches"}
_GROUPS = {"contains any": "has_any", "contains all": "has_all", "contains none": "has_none"}
_UNREADABLE = re.compile(r"\(\?(?:=|!|<=|<!|>)|\\[1-9]|\(\?P=|\(\?\(")
_CLASSES = re.compile(r"\\[pP](?:\{[^{}]*\}|[A-Za-z])")


def compare_text(checker: Checker, node: ast.Compare, left: Expr, right_node: ast.Expression, context: Context) -> Expr:
    """A comparison with one of the words of this module."""
    right = checker.value(right_node, context)
    if UNKNOWN in (left.type, right.type):
        return predicate_of(False, node.span)
    if node.operator in _GROUPS:
        return _group(checker, node, left, right, right_node)
    if left.type.name == "list" and node.operator == "contains":
        return _has(checker, node, left, right)
    for side, written in ((left, node.left), (right, right_node)):
        if side.type != TEXT:
            message = f"`{node.operator}` compares texts, and this is {article(side.type)}"
            checker.report.error("R201", message, written.span, advice=_instead(node.operator, side))
            return predicate_of(False, node.span)
    if node.operator == "matches":
        return _matches(checker, node, left, right, right_node)
    if node.ignoring_case:
        left, right = _lower(left), _lower(right)
    return apply(_OPS[node.operator], left, right, span=node.span)


def folded_case(checker: Checker, left: Expr, right: Expr, span: Span) -> tuple[Expr, Expr] | None:
    """Two texts in lower case; None after a report where one is no text."""
    for side in (left, right):
        if side.type == UNKNOWN:
            return None
        if side.type != TEXT:
            checker.report.error("R201", f"`ignoring case` is for texts, and this is {article(side.type)}", span)
            return None
    return _lower(left), _lower(right)


def _lower(value: Expr) -> Expr:
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(value.value.lower(), TEXT, span=value.span)
    if isinstance(value, Apply) and value.op == "lower":
        return value
    return apply("lower", value, gives=TEXT, span=value.span)


def _has(checker: Checker, node: ast.Compare, left: Expr, right: Expr) -> Expr:
    item = left.type.item
    pair = None if item is None else unify(Const(0, item), right)
    if pair is None or pair[1].type != item:
        message = f"a list of {item} is asked for {article(right.type)}"
        advice = "write `contains any [..]` or `contains all [..]`" if right.type.name == "list" else None
        checker.report.error("R201", message, node.span, advice=advice)
        return predicate_of(False, node.span)
    if node.ignoring_case:
        checker.report.error("R201", "`ignoring case` is for texts, not for lists", node.span)
    return apply("has", left, pair[1], span=node.span)


def _group(checker: Checker, node: ast.Compare, left: Expr, right: Expr, right_node: ast.Expression) -> Expr:
    if not isinstance(right, Const) or not isinstance(right.value, tuple) or right.type.item is None:
        message = f"`{node.operator}` wants a list of constants, and this is {article(right.type)}"
        checker.report.error("R201", message, right_node.span, advice=f"`{node.operator} [..]`")
        return predicate_of(False, node.span)
    if not right.value:
        checker.report.error("R206", "the list is empty", right_node.span)
        return predicate_of(False, node.span)
    if left.type == TEXT and right.type.item == TEXT:
        lowered = _lower(left) if node.ignoring_case else left
        words = [Const(word, TEXT, span=right.span) for word in right.value]
        parts = tuple(
            apply("contains", lowered, _lower(word) if node.ignoring_case else word, span=node.span) for word in words
        )
        if node.operator == "contains all":
            return all_of(parts, node.span)
        found = any_of(parts, node.span)
        if node.operator == "contains any":
            return found
        known = negated(apply("missing", left, span=node.span), node.span)
        return all_of((known, negated(found, node.span)), node.span)
    if left.type.name != "list":
        message = f"`{node.operator}` asks about a list or a text, and this is {article(left.type)}"
        checker.report.error("R201", message, node.left.span)
        return predicate_of(False, node.span)
    if node.ignoring_case:
        checker.report.error("R201", "`ignoring case` is for texts, not for lists", node.span)
    if left.type != right.type:
        message = f"{article(left.type)} is compared with {article(right.type)}"
        checker.report.error("R201", message, node.span)
        return predicate_of(False, node.span)
    return apply(_GROUPS[node.operator], left, right, span=node.span)


def _matches(checker: Checker, node: ast.Compare, left: Expr, right: Expr, right_node: ast.Expression) -> Expr:
    if not isinstance(right, Const) or not isinstance(right.value, str):
        checker.report.error("R210", "`matches` wants a constant pattern", right_node.span)
        return predicate_of(False, node.span)
    problem = _problem(right.value)
    if problem is not None:
        checker.report.error("R218", f"the pattern cannot be read: {problem}", right_node.span)
        return predicate_of(False, node.span)
    pattern = f"(?i){right.value}" if node.ignoring_case else right.value
    return apply("matches", left, Const(pattern, TEXT, span=right.span), span=node.span)


def _problem(pattern: str) -> str | None:
    """What is wrong with a regular expression, or None. Rust's syntax lacks look-around and back references."""
    bare = pattern.replace("\\\\", "")
    if _UNREADABLE.search(bare):
        return "look-around and back references are not supported"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(_CLASSES.sub("a", pattern).replace(r"\z", "$").replace("(?x)", "(?:)"))
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


def _instead(operator: str, side: Expr) -> str | None:
    return "write `contains any [..]`" if operator == "contains" and side.type.name == "list" else None
