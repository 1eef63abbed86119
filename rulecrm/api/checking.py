"""Checking and formatting, without the engine.

In: rules as text or files. Out: diagnostics, formatted text.
Invariant: neither Polars nor NumPy is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.semantics import Compiled, compile_rules

if TYPE_CHECKING:
    from pathlib import Path

    from rulecrm.plugin import Registry

__all__ = ["check", "compile_file", "format_text", "read_text"]


def check(
    path: str | Path, *, params: Mapping[str, object] | None = None, plugins: Registry | None = None
) -> tuple[Diagnostic, ...]:
    """Every finding about a rules file: errors, warnings and hints, in source order.

    Args:
        path: the file.
        params: values for its params.
        plugins: whose functions, kinds and rules it may use; all that is installed where it is left out.

    Raises:
        OSError: the file cannot be read.
    """
    return compile_file(path, params=params, plugins=plugins).diagnostics


def compile_file(
    path: str | Path, *, params: Mapping[str, object] | None = None, plugins: Registry | None = None
) -> Compiled:
    """A file through the checker, whatever its diagnostics say."""
    text = read_text(path)
    return compile_rules(text, source=str(path), params=params or {}, plugins=plugins)


def read_text(path: str | Path) -> str:
    """A rules file as text: UTF-8, a byte order mark left out, bytes that are no UTF-8 kept visible."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes longer to import than a small file to check
        return file.read().decode("utf-8-sig", errors="replace")


def format_text(text: str) -> str:
    """Rules in the canonical layout, comments kept. Raises RulesError where the text does not parse."""
    from rulecrm.syntax import format_text as format_

    return format_(text)
