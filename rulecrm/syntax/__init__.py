"""The syntax of `.rules` files: text to AST and back.

In: text. Out: AST nodes with spans, diagnostics, canonical text.
Invariant: nothing of lark leaves this package. The formatter and the nodes of journeys are imported when they are first
asked for: checking a file does not wait for what it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.syntax import ast, declarations
from rulecrm.syntax.parse import Parsed, ParsedExpression, parse, parse_expression

if TYPE_CHECKING:
    from rulecrm.syntax import journeys
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
    from importlib import import_module

    if name == "journeys":
        return import_module("rulecrm.syntax.journeys")
    if name not in ("format_rules", "format_text"):
        raise AttributeError(f"module 'rulecrm.syntax' has no attribute {name!r}")
    return getattr(import_module("rulecrm.syntax.format"), name)
