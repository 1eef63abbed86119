"""Compiling a text in a test, and the typed model spelled in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.semantics.compile import Compiled, compile_rules

HEAD = 'timezone "Asia/Shanghai"\ncurrency CNY\n'


def spell(node: ir.Expr) -> str:
    """`op(…)` for operators, `kind.field` for columns, `@name` for attributes, `T` for now, `=name` for references."""
    match node:
        case ir.Const():
            return _constant(node.value)
        case ir.Now():
            return "T"
        case ir.Key():
            return "key"
        case ir.Period():
            return f"period.{node.end}"
        case ir.Attribute():
            return f"@{node.name}"
        case ir.Column():
            return f"{node.kind}.{node.name}"
        case ir.Item():
            return f".{node.name}"
        case ir.Elements():
            return f"{node.function}[{spell(node.items)}{''.join(f' where {spell(part)}' for part in node.where)}]"
        case ir.Ref():
            return f"={node.symbol}"
        case ir.State():
            return f"state({node.lifecycle}.{node.part})"
        case ir.Apply():
            return f"{node.op}({', '.join(map(spell, node.args))})"
        case ir.Aggregate():
            value = "" if node.value is None else f" of {spell(node.value)}"
            args = "".join(f", {spell(arg)}" for arg in node.args)
            return f"{node.function}[{_scan(node.scan)}{value}{args}]"
        case ir.SequenceOf():
            steps = " then ".join(map(_step, node.steps))
            by = f" by {node.by}" if node.by else ""
            total = f" total {_constant(node.total)}" if node.total else ""
            return f"sequence[{steps}{by}{total}{_bounds(node.lower, node.upper)}]"
        case ir.PopulationOf() | ir.Standing():
            among = "" if node.among is None else f" among {spell(node.among)}"
            args = "".join(f", {spell(arg)}" for arg in node.args)
            all_of = "population " if isinstance(node, ir.PopulationOf) else ""
            return f"{all_of}{node.function}[{spell(node.value)}{args}{among}]"
        case ir.AsOf():
            return f"asof({spell(node.value)}, {spell(node.instant)})"


def _constant(value: ir.Value) -> str:
    match value:
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(_constant, value))}]"
        case Decimal():
            return f"{value}$"
        case Duration():
            parts = ((value.months, "mo"), (value.days, "d"), (value.micros // 1_000_000, "s"))
            return "".join(f"{count}{unit}" for count, unit in parts if count)
        case _:
            return str(value)


def _scan(scan: ir.Scan) -> str:
    subject = "" if scan.subject == "customer" else f"/{scan.subject}"
    where = "".join(f" where {spell(part)}" for part in scan.where)
    return f"{scan.kind}{subject}{where}{_bounds(scan.lower, scan.upper)}"


def _bounds(lower: ir.Bound | None, upper: ir.Bound | None) -> str:
    if lower is None and upper is None:
        return ""
    low = "" if lower is None else f"{'[' if lower.closed else '('}{spell(lower.at)}"
    high = "" if upper is None else f"{spell(upper.at)}{']' if upper.closed else ')'}"
    return f" {low}..{high}"


def _step(step: ir.StepOf) -> str:
    where = "".join(f" where {spell(part)}" for part in step.where)
    within = f" within {_constant(step.within)}" if step.within else ""
    times = f" x{step.at_least}" if step.at_least != 1 else ""
    return f"{'no ' if step.negated else ''}{step.kind}{where}{times}{within}"


@pytest.fixture
def compiled() -> Callable[..., Compiled]:
    """Compile a text from `t.rules`; `files` are the texts that imports find."""

    def run(
        text: str, *, files: Mapping[str, str] | None = None, params: Mapping[str, object] | None = None
    ) -> Compiled:
        def read(importer: str, path: str) -> tuple[str, str]:
            if files is None or path not in files:
                raise FileNotFoundError(path)
            return path, files[path]

        return compile_rules(text, source="t.rules", params=params or {}, read=read)

    return run


@pytest.fixture
def lowered(compiled: Callable[..., Compiled]) -> Callable[..., str]:
    """The spelling of one expression as a metric, after some declarations."""

    def run(expression: str, declarations: str = "", *, subject: str = "") -> str:
        of = f" of {subject}" if subject else ""
        result = compiled(f"{HEAD}{declarations}\nmetric answer{of} = {expression}\n")
        assert result.program is not None, [(d.code, d.message, d.help) for d in result.diagnostics]
        return spell(result.program.definition("answer").value)

    return run


@pytest.fixture
def spelled() -> Callable[[ir.Expr], str]:
    """The spelling of a typed expression."""
    return spell
