"""Functions of a plugin.

In: nothing. Out: `Function`, which the checker, the engine, `explain` and the docs read.
Invariant: a function is pure: it looks at its arguments alone, a row at a time, so that no fact after the instant asked
about can reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from rulecrm.model.types import Type

if TYPE_CHECKING:
    import polars as pl  # noqa: TC004 - the annotation is never evaluated: checking a file does not wait for Polars

__all__ = ["Argument", "Function", "Provided"]


@frozen
class Argument:
    """One argument: its name for the docs, its type, and whether rules must write it as a constant."""

    name: str
    type: Type
    constant: bool = False


@frozen
class Function:
    """A function that rules may call.

    Attributes:
        name: as rules write it; it must be no word of the language and no function that is there already.
        arguments: in order.
        gives: the type of its result.
        expression: makes the Polars expression of the result from those of the arguments, all in the physical form of
            `rulecrm.model.types` (money as Int64 of 1/10,000, instants as Int64 microseconds, …). Where any argument is
            missing the result is missing; the expression is not asked about that row. A constant comes as a literal.
        doc: one line, with units.
        example: one call.
    """

    name: str
    arguments: tuple[Argument, ...]
    gives: Type
    expression: Callable[..., pl.Expr]
    doc: str
    example: str = ""


@frozen
class Provided:
    """A function, and the plugin that offers it: whose fault it is where it fails.

    Attributes:
        function: the function.
        plugin: name of the plugin.
        wheel: the distribution it came in, and its version; empty for an object that was handed over.
    """

    function: Function
    plugin: str
    wheel: str = ""
