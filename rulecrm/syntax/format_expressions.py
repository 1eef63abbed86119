"""Expressions as canonical text, broken where a line is too long.

In: an expression of the AST. Out: its text, on one line where it fits, else broken at `and`, `or`, commas and the parts
of a call. Invariant: only blanks and ends of lines differ from `syntax.format_lines`, but for parentheses.
"""

from __future__ import annotations

from rulecrm.syntax import ast
from rulecrm.syntax.format_lines import (
    AND,
    AS_OF,
    ATOM,
    COALESCE,
    COMPARISON,
    NOT,
    OPERATORS,
    OR,
    POSTFIX,
    argument_parts,
    beside,
    expression,
    is_window,
    level_of,
    opening,
    step_text,
    tail,
)

__all__ = ["WIDTH", "defined", "wrapped"]

WIDTH = 100
"""Columns that a line takes where it can be broken at all."""


def wrapped(node: ast.Expression, indent: int, column: int, level: int = OR) -> str:
    """The text, broken where it would run past `WIDTH`.

    Args:
        node: the expression.
        indent: where lines of what holds it begin; broken lines are indented beyond that.
        column: where its first line begins, plus what must still follow in its last line.
        level: how tightly it must bind.
    """
    flat = expression(node, level)
    if column + len(flat) <= WIDTH:
        return flat
    if level_of(node) < level:
        inner = wrapped(node, indent + 2, indent + 2)
        return f"(\n{' ' * (indent + 2)}{inner}\n{' ' * indent})"
    deeper = "\n" + " " * (indent + 2)
    match node:
        case ast.AllOf(operands):
            return _joined("and", operands, NOT, indent, column)
        case ast.AnyOf(operands):
            return _joined("or", operands, AND, indent, column)
        case ast.Not(operand):
            level = ATOM if level_of(operand) in (AS_OF, COMPARISON) else NOT
            return "not " + wrapped(operand, indent, column + 4, level)
        case ast.List(items) if items:
            return "[" + deeper + _filled([expression(item) for item in items], indent + 2) + "\n" + " " * indent + "]"
        case ast.Call(function, arguments, among) if arguments:
            parts = [_argument(argument, function.text, indent + 2) for argument in arguments]
            end = f" among {expression(among, POSTFIX)}" if among is not None else ""
            return f"{function.text}({deeper}{(',' + deeper).join(parts)}\n{' ' * indent}){end}"
        case ast.Population(function, parts, among) if parts:
            inner = (f",{deeper}").join(wrapped(part, indent + 2, indent + 2) for part in parts)
            end = ""
            if among is not None:
                end = " among " + wrapped(among, indent, indent + 8, POSTFIX)
            return f"population {function.text}({deeper}{inner}\n{' ' * indent}){end}"
        case ast.Compare(operator, left, right) if right is not None and not is_window(right):
            first = wrapped(left, indent, column, COALESCE)
            rest = expression(node)[len(expression(left, COALESCE)) :]
            return first + rest
        case ast.Sequence():
            steps = [step_text(step) for step in node.steps]
            return f"{opening(node)}{deeper}{(deeper + 'then ').join(steps)}\n{' ' * indent}){tail(node)}"
        case ast.AsOf(operand, instant):
            end = f" as of {expression(instant, COALESCE)}"
            return wrapped(operand, indent, column + len(end), COMPARISON) + end
        case ast.Operate(operator, left, right):
            of = OPERATORS[operator]
            first = wrapped(left, indent, column, of)
            return f"{first}{deeper}{operator} {wrapped(right, indent + 2, indent + 5, of + 1)}"
    return flat


def defined(head: str, value: ast.Expression) -> str:
    """`head = value`, the value in lines of its own where it takes more than what is left of the first."""
    flat = expression(value)
    if len(head) + 3 + len(flat) <= WIDTH:
        return f"{head} = {flat}"
    if 2 + len(flat) <= WIDTH or isinstance(value, ast.AllOf | ast.AnyOf | ast.Operate):
        return f"{head} =\n  {wrapped(value, 0, 2)}"
    return f"{head} = {wrapped(value, 0, len(head) + 3)}"


def _argument(argument: ast.Argument, function: str, indent: int) -> str:
    flat = " ".join(argument_parts(argument, function))
    if indent + len(flat) <= WIDTH:
        return flat
    bare = argument.window is None and argument.by is None and argument.where is None
    value = wrapped(argument.value, indent, indent) if bare else None
    where = wrapped(argument.where, indent + 2, indent + 8) if argument.where is not None else None
    return ("\n" + " " * (indent + 2)).join(argument_parts(argument, function, value, where))


def _joined(word: str, operands: tuple[ast.Expression, ...], level: int, indent: int, column: int) -> str:
    pad = "\n" + " " * (indent + 2) + word + " "
    first, *rest = operands
    texts = [wrapped(first, indent + 2, column, beside(first, level))]
    texts += [wrapped(operand, indent + 2, indent + 3 + len(word), beside(operand, level)) for operand in rest]
    return pad.join(texts)


def _filled(items: list[str], indent: int) -> str:
    """Items with commas, as many in a line as fit."""
    lines = [""]
    for position, item in enumerate(items):
        piece = item + ("," if position + 1 < len(items) else "")
        if lines[-1] and indent + len(lines[-1]) + 1 + len(piece) > WIDTH:
            lines.append(piece)
        else:
            lines[-1] += (" " if lines[-1] else "") + piece
    return ("\n" + " " * indent).join(lines)
