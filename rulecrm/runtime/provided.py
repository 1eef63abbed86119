"""Functions of plugins, called.

In: a function, and its arguments as columns. Out: its result as a column of the physical dtype it promised.
Invariant: a row's result follows from that row's arguments alone, and is missing where one of them is; whatever else a
function does is reported as the plugin's fault, with the place in the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.span import NOWHERE
from rulecrm.model import ir
from rulecrm.model.program import Program
from rulecrm.plugin.functions import Function, Provided
from rulecrm.runtime.physical import dtype_of, to_physical_value
from rulecrm.runtime.values import Fixed, Value

__all__ = ["PREFIX", "call", "is_provided"]

PREFIX = "plugin."
"""What an operator of the typed model begins with where a plugin brings it."""

_PROBED = 64
"""Rows for which a function is asked again, in another order, to see whether it looks at a row at a time."""

_LONGEST = 300
"""Letters of a stranger's error that are repeated."""


def is_provided(node: ir.Expr) -> bool:
    """Whether an expression is the call of a plugin's function."""
    return isinstance(node, ir.Apply) and node.op.startswith(PREFIX)


def call(node: ir.Apply, program: Program, argument: Callable[[ir.Expr], Value]) -> Value:
    """The value of a call; one for all where all its arguments are.

    Args:
        node: the call.
        program: knows the function, and the text to point at.
        argument: the value of an argument that is no constant.

    Raises:
        RulesError: R492, the function failed; R493, it gave something else than it says.
    """
    provided = program.functions[node.op.removeprefix(PREFIX)]
    given: list[Value] = []
    for arg in node.args:
        if isinstance(arg, ir.Const):
            given.append(Fixed(to_physical_value(arg.value, arg.type), dtype_of(arg.type)))
        else:
            given.append(argument(arg))
    try:
        return _called(provided.function, given)
    except _FaultError as fault:
        raise _reported(fault, node, provided, program) from None


class _FaultError(Exception):
    """What a function did; `code` of the diagnostic."""

    def __init__(self, code: str, said: str) -> None:
        self.code = code
        super().__init__(said)


def _reported(fault: _FaultError, node: ir.Apply, provided: Provided, program: Program) -> RulesError:
    name = provided.function.name
    message = f"the function `{name}` of the plugin `{provided.plugin}` {fault}"
    help_ = f"it came with {provided.wheel}; tell its authors" if provided.wheel else "mend the plugin"
    data = {"function": name, "plugin": provided.plugin, "wheel": provided.wheel}
    span = None if node.span == NOWHERE else node.span
    return RulesError([Diagnostic(fault.code, message, span, help_, data=data)], program.sources)


def _called(function: Function, given: Sequence[Value]) -> Value:
    gives = dtype_of(function.gives)
    columns: dict[str, pl.Series] = {}
    operands: list[pl.Expr] = []
    for number, (value, argument) in enumerate(zip(given, function.arguments, strict=True)):
        dtype = dtype_of(argument.type)
        if isinstance(value, Fixed):
            if value.value is None:
                return Fixed(None, gives)
            operands.append(_literal(value.value, dtype))
        else:
            name = f"a{number}"
            columns[name] = value if value.dtype == dtype else value.cast(dtype)
            operands.append(pl.col(name))
    frame = pl.DataFrame(columns) if columns else pl.DataFrame({"one": [0]})
    asked, there = _complete(frame)
    if not asked.height:
        return pl.Series([], dtype=gives).extend_constant(None, frame.height)
    result = _evaluated(function, operands, asked)
    if asked.height > 1:
        _probe(function, operands, asked, result)
    if not columns:
        return Fixed(result[0], gives)
    if there is None:
        return result
    places = pl.DataFrame({"there": there, "place": there.cast(pl.Int64).cum_sum() - 1})
    return result.gather(places.select(pl.when("there").then("place")).to_series())


def _literal(value: object, dtype: pl.DataType) -> pl.Expr:
    if isinstance(value, list | pl.Series):
        return pl.lit(pl.Series([list(value)], dtype=dtype)).first()
    return pl.lit(value, dtype=dtype)


def _complete(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """The rows in which nothing is missing, and which they are; None where they are all."""
    if not any(column.null_count() for column in frame):
        return frame, None
    there = frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return frame.filter(there), there


def _evaluated(function: Function, operands: Sequence[pl.Expr], frame: pl.DataFrame) -> pl.Series:
    """The results for rows in which nothing is missing."""
    make: Callable[..., object] = function.expression
    try:
        expression = _expression(make(*operands))
        found = frame.select(expression.alias("result")).to_series()
    except _FaultError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - a stranger's code may raise anything
        raise _FaultError("R492", f"failed: {_said(error)}") from None
    gives = dtype_of(function.gives)
    if found.dtype == pl.Null:
        found = found.cast(gives)
    if found.dtype != gives:
        raise _FaultError(
            "R493", f"says that it gives {function.gives}, which is held as {gives}, and gives {found.dtype}"
        )
    if len(found) == 1 and frame.height > 1 and _is_constant(expression):
        found = found.new_from_index(0, frame.height)
    if len(found) != frame.height:
        raise _FaultError("R493", f"gives {len(found):,} values for {frame.height:,} rows")
    return found.fill_nan(None) if gives == pl.Float64 else found


def _expression(made: object) -> pl.Expr:
    if not isinstance(made, pl.Expr):
        raise _FaultError("R493", f"gives a {type(made).__name__}, no expression of Polars")
    return made


def _is_constant(expression: pl.Expr) -> bool:
    return not expression.meta.root_names()


def _probe(function: Function, operands: Sequence[pl.Expr], frame: pl.DataFrame, result: pl.Series) -> None:
    """Ask again for some rows, the last first, and for three alone: what looks at other rows answers otherwise."""
    step = max(frame.height // _PROBED, 1)
    back = list(range(1, frame.height, step))[:_PROBED][::-1]
    for rows in (back, [0], [frame.height // 2], [frame.height - 1]):
        again = _evaluated(function, operands, frame[rows])
        before = result.gather(rows)
        if not all(map(_alike, before.to_list(), again.to_list())):
            raise _FaultError("R493", "looks at other rows: for the same arguments it gives different results")


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=1e-9)  # vectors may round otherwise
    return one == other


def _said(error: BaseException) -> str:
    """What a stranger's error says, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "…"
