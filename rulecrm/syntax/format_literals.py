"""Literals as canonical text.

In: a literal of the AST. Out: its text. Invariant: the text is one token, which reads as an equal literal.
"""

from __future__ import annotations

from decimal import Decimal

from rulecrm.syntax import ast

__all__ = ["literal", "quoted"]


def literal(node: ast.Expression) -> str:
    """The text of a literal, and of no other expression."""
    match node:
        case ast.Number(value):
            return _number(value)
        case ast.Percent(value):
            return f"{value.scaleb(2):f}%"
        case ast.Text(text):
            return quoted(text)
        case ast.Boolean(value):
            return "true" if value else "false"
        case ast.Money(amount, currency):
            return f"{amount:f} {currency}"
        case ast.Duration(parts):
            return "".join(f"{count}{unit}" for count, unit in parts)
        case ast.Date(day):
            return day.isoformat()
        case ast.DateTime(moment):
            return moment.isoformat(timespec="seconds" if moment.second else "minutes")
        case ast.Time(time):
            return time.isoformat(timespec="seconds" if time.second else "minutes")
    raise AssertionError(f"no text for {type(node).__name__}")


def quoted(text: str) -> str:
    """A text in quotes, with escapes for what cannot stand in one line."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _number(value: int | Decimal) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if isinstance(value, int) or "." in text else text + ".0"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character in "\n\t":
        return {"\n": "\\n", "\t": "\\t"}[character]
    if character < " " or character in "\x7f\x85\u2028\u2029\ufeff" or "\ud800" <= character <= "\udfff":
        return f"\\u{ord(character):04X}"
    return character
