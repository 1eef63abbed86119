"""Expressions as canonical text on one line.

In: an expression of the AST. Out: its text. Invariant: the text parses to an equal expression, with no more parentheses
than that takes and a reader wants.
"""

from __future__ import annotations

from rulecrm.syntax import ast
from rulecrm.syntax.attach import AGGREGATES, WINDOWS, is_windowed
from rulecrm.syntax.format_literals import literal

__all__ = [
    "AND", "AS_OF", "ATOM", "COALESCE", "COMPARISON", "NOT", "OPERATORS", "OR", "POSTFIX", "SUM", "argument_parts",
    "beside", "expression", "guarded", "is_window", "level_of", "opening", "step_text", "tail",
]  # fmt: skip

OR, AND, NOT, AS_OF, COMPARISON, COALESCE, RANGE, SUM, PRODUCT, UNARY, PLACED, POSTFIX, ATOM = range(13)
"""How tightly each form binds, as `rules.lark` nests them."""

OPERATORS = {"??": COALESCE, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}

UNITS = frozenset({"day", "week", "month", "quarter", "year"})
SPANS = frozenset({"last", "next", "this", "today", "yesterday", "tomorrow"})

# After these words a name in the set would be read as a keyword, so it goes in parentheses.
CAUTION = {
    "in": SPANS | {"period"},
    "on": SPANS,
    "within": SPANS,
    "is": frozenset({"missing", "not"}),
    "contains": frozenset({"any", "all", "none"}),
    "last": UNITS,
    "next": UNITS,
}

NAMED_DAYS = {"this": "today", "last": "yesterday", "next": "tomorrow"}


def expression(node: ast.Expression, level: int = OR) -> str:
    """The text on one line, in parentheses where it binds less tightly than its place asks for."""
    text = _text(node)
    return f"({text})" if level_of(node) < level else text


def level_of(node: ast.Expression) -> int:
    """How tightly its outermost form binds."""
    match node:
        case ast.AnyOf():
            return OR
        case ast.AllOf():
            return AND
        case ast.Not():
            return NOT
        case ast.AsOf():
            return AS_OF
        case ast.Compare() | ast.Sequence():
            return COMPARISON
        case ast.Operate():
            return OPERATORS[node.operator]
        case ast.Range():
            return RANGE
        case ast.Negate():
            return UNARY
        case ast.Ago() | ast.Population():
            return PLACED
        case ast.Call():
            return POSTFIX if node.among is None else PLACED
        case ast.Field():
            return POSTFIX
    return ATOM


def argument_parts(
    argument: ast.Argument, function: str, value: str | None = None, where: str | None = None
) -> list[str]:
    """The value with its `by`, then `where` and window, in the order in which they stay apart.

    Args:
        argument: of a call of `function`.
        function: its name.
        value: the text of the value where it is broken over several lines.
        where: the same for the condition.
    """
    if value is None:
        value = expression(argument.value, OR if argument.window is None else COALESCE)
    if argument.window is None and function in AGGREGATES and is_windowed(argument.value):
        value = f"({value})"
    if argument.by is not None:
        value += f" by {argument.by.text}"
    parts = [value]
    if argument.where is not None:
        parts.append(f"where {where or expression(argument.where)}")
    if argument.window is not None:
        window = _window(argument.window)
        first = argument.where is not None and _takes(argument.where, window)
        parts.insert(1 if first else len(parts), window)
    return parts


def step_text(step: ast.Step) -> str:
    """A step of a sequence, or what is forbidden between two."""
    words = ["no"] if step.negated else []
    words.append(step.kind.text)
    if step.where is not None:
        words.append("where " + guarded(step.where))
    if step.at_least is not None:
        words.append(f">= {step.at_least} times")
    if step.within is not None:
        words.append(f"within {_careful(step.within, 'within', SUM)}")
    return " ".join(words)


def beside(operand: ast.Expression, level: int) -> int:
    """The level of an operand of `and` or `or`: an `as of` beside others stands in parentheses, though it need not.

    Without them it takes a second look to see that it speaks of one operand and not of all.
    """
    return ATOM if isinstance(operand, ast.AsOf) else level


def opening(node: ast.Sequence) -> str:
    """A sequence up to its first step."""
    return "sequence(" if node.by is None else f"sequence by {node.by.text} ("


def tail(node: ast.Sequence) -> str:
    """What follows the closing parenthesis of a sequence, with a blank before it."""
    total = f" within {_careful(node.total, 'within', SUM)}" if node.total is not None else ""
    window = f" {_window(node.window)}" if node.window is not None else ""
    # `within 3d before x` would be one window
    return window + total if isinstance(node.window, ast.Until) else total + window


def guarded(where: ast.Expression) -> str:
    """A condition before `within`, in parentheses where its end is a sequence, which would take that."""
    last = where
    while isinstance(last, ast.AllOf | ast.AnyOf | ast.Not):
        last = last.operand if isinstance(last, ast.Not) else last.operands[-1]
    return expression(where, ATOM if isinstance(last, ast.Sequence) else OR)


def is_window(node: object) -> bool:
    """Whether the right side of a comparison is a window and no expression."""
    return isinstance(node, ast.Last | ast.Next | ast.Calendar | ast.InPeriod | ast.WithinAfter | ast.WithinBefore)


def _text(node: ast.Expression) -> str:  # noqa: C901 - one arm for each form
    match node:
        case ast.List(items):
            return f"[{', '.join(map(expression, items))}]"
        case ast.Range(low, high):
            return f"{expression(low, SUM)}..{expression(high, SUM)}"
        case ast.Name(name):
            return name
        case ast.Field(base, name):
            return f"{expression(base, POSTFIX)}.{name.text}"
        case ast.Call(function, arguments, among):
            inner = ", ".join(" ".join(argument_parts(argument, function.text)) for argument in arguments)
            end = f" among {expression(among, POSTFIX)}" if among is not None else ""
            return f"{function.text}({inner}){end}"
        case ast.Population(function, parts, among):
            end = f" among {expression(among, POSTFIX)}" if among is not None else ""
            return f"population {function.text}({', '.join(map(expression, parts))}){end}"
        case ast.Negate(operand):
            return f"-{expression(operand, UNARY)}"
        case ast.Operate(operator, left, right):
            of = OPERATORS[operator]
            return f"{expression(left, of)} {operator} {expression(right, of + 1)}"
        case ast.Compare():
            return _comparison(node)
        case ast.AsOf(operand, instant):
            return f"{expression(operand, COMPARISON)} as of {expression(instant, COALESCE)}"
        case ast.Not(operand):
            return f"not {expression(operand, ATOM if level_of(operand) in (AS_OF, COMPARISON) else NOT)}"
        case ast.AllOf(operands):
            return " and ".join(expression(operand, beside(operand, NOT)) for operand in operands)
        case ast.AnyOf(operands):
            return " or ".join(expression(operand, beside(operand, AND)) for operand in operands)
        case ast.Ago(duration):
            return f"{expression(duration, POSTFIX)} ago"
        case ast.Sequence():
            return f"{opening(node)}{' then '.join(map(step_text, node.steps))}){tail(node)}"
    return literal(node)


def _comparison(node: ast.Compare) -> str:
    left = expression(node.left, COALESCE)
    if node.operator == "is missing":
        return f"{left} is {'not ' if node.negated else ''}missing"
    word = node.operator
    if node.negated:
        word = "is not" if word == "is" else f"not {word}"
    case = " ignoring case" if node.ignoring_case else ""
    right = node.right
    assert right is not None
    if isinstance(right, ast.WithinAfter | ast.WithinBefore):
        return f"{left} {word[: -len('within')]}{_window(right)}{case}"
    if is_window(right):
        return f"{left} {word} {_span(right)}{case}"
    level = SUM if node.operator == "within" else COALESCE
    assert not isinstance(right, WINDOWS)
    return f"{left} {word} {_careful(right, node.operator, level)}{case}"


def _careful(node: ast.Expression, word: str, level: int) -> str:
    """The text after a word, in parentheses where its beginning would be read as a keyword."""
    text = expression(node, level)
    begin = text.split("(")[0].split(" ")[0].split(".")[0]
    return f"({text})" if begin in CAUTION.get(word, ()) else text


def _span(node: object) -> str:
    match node:
        case ast.Last(duration):
            return f"last {_careful(duration, 'last', SUM)}"
        case ast.Next(duration):
            return f"next {_careful(duration, 'next', SUM)}"
        case ast.Calendar(which, "day"):
            return NAMED_DAYS[which]
        case ast.Calendar(which, unit):
            return f"{which} {unit}"
        case ast.InPeriod():
            return "period"
    raise AssertionError(f"no text for {type(node).__name__}")


def _window(node: ast.Window) -> str:
    match node:
        case ast.From(older, newer):
            return f"from {expression(older, SUM)} to {expression(newer, POSTFIX)} ago"
        case ast.Since(start):
            return f"since {expression(start, COALESCE)}"
        case ast.Until(end):
            return f"before {expression(end, COALESCE)}"
        case ast.Between(start, end):
            return f"between {expression(start, COALESCE)} and {expression(end, COALESCE)}"
        case ast.WithinAfter(duration, anchor):
            return f"within {_careful(duration, 'within', SUM)} after {expression(anchor, COALESCE)}"
        case ast.WithinBefore(duration, anchor):
            return f"within {_careful(duration, 'within', SUM)} before {expression(anchor, COALESCE)}"
        case ast.On(day):
            return f"on {_careful(day, 'on', COALESCE)}"
        case ast.InPeriod():
            return "in period"
    return _span(node)


def _takes(where: ast.Expression, window: str) -> bool:
    """Whether a condition would take the window after it for its own.

    A sequence at its end takes any window, a bare value one that reads like a comparison, such as `in last 3d`.
    """
    match where:
        case ast.AllOf(operands) | ast.AnyOf(operands):
            return _takes(operands[-1], window)
        case ast.Not(operand):
            return _takes(operand, window)
        case ast.Compare() | ast.AsOf():
            return False
        case ast.Sequence():
            return True
    return window.startswith(("in ", "on ", "within "))
