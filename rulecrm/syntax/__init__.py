"""The syntax of `.rules` files: text to AST and back.

In: text. Out: AST nodes with spans, diagnostics, canonical text.
Invariant: nothing of lark leaves this package. The formatter is imported when it is first asked for: checking a file
does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.syntax import ast, declarations, journeys
from rulecrm.syntax.parse import Parsed, ParsedExpression, parse, parse_expression

if TYPE_CHECKING:
    from rulecrm.syntax.format import format_rules, format_text

__all__ = [
    "Parsed",
    "ParsedExpression",
    "ast",
    "declarations",
    "format_rules",
    "format_text",
    "journeys",
    "parse",
    "parse_expression",
]


def __getattr__(name: str) -> object:
    if name not in ("format_rules", "format_text"):
        raise AttributeError(f"module 'rulecrm.syntax' has no attribute {name!r}")
    from rulecrm.syntax import format as formatter

    return getattr(formatter, name)
