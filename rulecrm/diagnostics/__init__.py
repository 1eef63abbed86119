"""Mistakes as data: where, what, and what would be right.

In: findings of every stage. Out: diagnostics, drawn only at the edge.
Invariant: a user's mistake is never a traceback. Suggestions are imported when they are first asked
for: a file that has no mistake does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.diagnostics.model import Diagnostic, Note, RulesError, Severity
from rulecrm.diagnostics.render import render, to_json
from rulecrm.diagnostics.span import NOWHERE, Span

if TYPE_CHECKING:
    from rulecrm.diagnostics.codes import Code
    from rulecrm.diagnostics.suggest import nearest

__all__ = [
    "NOWHERE", "Code", "Diagnostic", "Note", "RulesError", "Severity", "Span", "nearest", "render", "to_json",
]  # fmt: skip

_HOMES = {"Code": "codes", "nearest": "suggest"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'rulecrm.diagnostics' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"rulecrm.diagnostics.{_HOMES[name]}"), name)
    return value
