"""Whatever is lowered, each operator has the operands that the table in `model.ir` promises to the engine."""

from __future__ import annotations

import importlib.util
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rulecrm.model.durations import Duration
from rulecrm.model.ir import Aggregate, Apply, AsOf, Column, Const, Expr, PopulationOf, Ref, SequenceOf, Standing
from rulecrm.model.types import (
    AGE,
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    INT,
    MONEY,
    NUMBER,
    TEXT,
    TIME,
    Type,
)  # fmt: skip
from rulecrm.semantics.compile import Compiled
from rulecrm.semantics.missing import NEVER_MISSING
from rulecrm.semantics.walk import nodes

HERE = Path(__file__).parent
LISTS = ("AGGREGATES", "COMPARISONS", "ARITHMETIC", "CALLS", "POPULATION", "SEQUENCES")

SIGNATURES: dict[str, set[tuple[str, ...]]] = {
    "missing": set(),
    "contains": {("text", "text")},
    "starts_with": {("text", "text")},
    "ends_with": {("text", "text")},
    "matches": {("text", "text")},
    "add": {("int", "int"), ("number", "number"), ("money", "money"), ("duration", "duration")},
    "sub": {
        ("int", "int"), ("number", "number"), ("money", "money"), ("duration", "duration"), ("instant", "instant"),
        ("date", "date"),
    },
    "mul": {("int", "int"), ("number", "number"), ("money", "number"), ("duration", "number")},
    "div": {
        ("number", "number"), ("money", "number"), ("money", "money"), ("duration", "number"), ("duration", "duration"),
    },
    "neg": {("int",), ("number",), ("money",), ("duration",)},
    "abs": {("int",), ("number",), ("money",), ("duration",)},
    "round": {("number", "int"), ("money", "int")},
    "floor": {("number",)},
    "ceil": {("number",)},
    "sqrt": {("number",)},
    "ln": {("number",)},
    "number": {("int",)},
    "shift": {("instant", "duration")},
    "shift_date": {("date", "duration")},
    "start_of": {("text", "instant")},
    "start_of_day": {("date",)},
    "date_of": {("instant",)},
    "time_of": {("instant",)},
    "hour": {("instant",), ("time",)},
    "minute": {("instant",), ("time",)},
    **{op: {("date",)} for op in ("weekday", "day", "month", "quarter", "year", "week")},
    "anniversary": {("date", "date")},
    "years": {("date", "date")},
    "age": {("instant",)},
    "origin": {("age",)},
    "elapsed": {("age",)},
    **{op: {("text",)} for op in ("lower", "upper", "trim", "domain")},
    "length": {("text",), ("list",)},
    "join": {("list", "text")},
    "concat": {("text", "text")},
    "distance_km": {("number",) * 4},
    "bucket": {("text", "text")},
    "member": {("record", "text")},
    "convert": {("money", "text")},
    "has": set(), "has_any": set(), "has_all": set(), "has_none": set(), "in": set(), "if": set(), "choose": set(),
    "coalesce": set(), "least": set(), "greatest": set(), "and": set(), "or": set(), "not": set(), "true": set(),
    **{op: set() for op in ("eq", "ne", "lt", "le", "gt", "ge")},
}  # fmt: skip
ORDERED = {INT, NUMBER, TEXT, MONEY, DURATION, INSTANT, DATE, TIME}


def is_predicate(node: Expr, optional: set[str]) -> bool:
    if node.type != BOOL:
        return False
    if isinstance(node, Apply):
        return node.op in NEVER_MISSING
    if isinstance(node, Aggregate):
        return node.function in ("exists", "none")
    if isinstance(node, Ref):
        return node.symbol not in optional
    if isinstance(node, AsOf):
        return is_predicate(node.value, optional)
    return isinstance(node, Const | SequenceOf)


def check(node: Expr, optional: set[str]) -> None:
    match node:
        case Apply():
            check_apply(node, optional)
        case Aggregate():
            assert all(is_predicate(part, optional) for part in node.scan.where)
            assert all(bound.at.type == INSTANT for bound in (node.scan.lower, node.scan.upper) if bound)
            assert node.value is None or node.value.type != AGE
            if node.function in ("mean", "median", "quantile", "stddev"):
                assert node.value is not None
                assert node.value.type == node.type
                assert node.type in (NUMBER, MONEY, DURATION)
        case PopulationOf() | Standing():
            assert node.value.type != AGE
            assert node.among is None or is_predicate(node.among, optional)
            assert not any(isinstance(inner, Column) for inner in outside_scans(node.value))
        case AsOf():
            assert node.instant.type == INSTANT
            assert node.value.type == node.type != AGE
        case SequenceOf():
            assert all(is_predicate(part, optional) for step in node.steps for part in step.where)
        case _:
            pass


def check_apply(node: Apply, optional: set[str]) -> None:
    types = [arg.type for arg in node.args]
    names = tuple(of.name for of in types)
    allowed = SIGNATURES[node.op]
    assert not allowed or names in allowed, (node.op, names)
    if node.op in ("eq", "ne", "lt", "le", "gt", "ge"):
        assert types[0] == types[1]
        assert types[0] in ORDERED or (node.op in ("eq", "ne") and (types[0] == BOOL or types[0].name == "label"))
        assert not any(
            isinstance(arg.value, Duration) and arg.value.months for arg in node.args if isinstance(arg, Const)
        )
    elif node.op in ("and", "or", "not"):
        assert all(is_predicate(arg, optional) for arg in node.args), node
        assert len(node.args) == 1 if node.op == "not" else len(node.args) >= 2
    elif node.op == "in":
        assert isinstance(node.args[1], Const)
        assert types[1] == Type("list", item=types[0])
    elif node.op == "has":
        assert types[0] == Type("list", item=types[1])
    elif node.op.startswith("has_"):
        assert types[0] == types[1]
        assert isinstance(node.args[1], Const)
    elif node.op in ("coalesce", "least", "greatest"):
        assert types[0] == types[1] == node.type
    elif node.op == "if":
        assert is_predicate(node.args[0], optional)
        assert types[1] == types[2] == node.type
    elif node.op in ("shift", "shift_date"):
        assert isinstance(node.args[1], Const)
        assert isinstance(node.args[1].value, Duration)
    assert node.op == "missing" or node.type != TEXT or "unknown" not in names


def outside_scans(node: Expr) -> Iterator[Expr]:
    stack = [node]
    while stack:
        at = stack.pop()
        yield at
        if isinstance(at, Apply):
            stack.extend(at.args)


@pytest.fixture(scope="module")
def tables() -> tuple[str, list[str]]:
    spec = importlib.util.spec_from_file_location("lowering_tables", HERE / "test_lowering.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NAMES, [case[0] for name in LISTS for case in getattr(module, name)]


def optional_metrics(result: Compiled) -> set[str]:
    assert result.program is not None
    return {
        definition.symbol
        for definition in result.program.definitions
        if definition.form == "metric" and definition.type == BOOL and not is_predicate(definition.value, set())
    }


def test_every_lowered_example(tables: tuple[str, list[str]], compiled: Callable[..., Compiled]) -> None:
    head, expressions = tables
    text = "currency CNY\n" + head + "\n".join(f"metric zz{n} = {source}" for n, source in enumerate(expressions))
    result = compiled(text)
    assert result.program is not None, result.diagnostics
    optional = optional_metrics(result)
    count = 0
    for definition in result.program.definitions:
        for node in nodes(definition.value):
            check(node, optional)
            count += 1
    assert count > 500


@pytest.mark.parametrize("seed", range(4))
def test_whatever_compiles_after_a_slip(
    seed: int, tables: tuple[str, list[str]], compiled: Callable[..., Compiled]
) -> None:
    head, expressions = tables
    random_ = random.Random(seed)
    word = re.compile(r'\b[a-z_]+\b|\b\d+\w*\b|"[^"]*"')
    pool = [piece for source in expressions for piece in word.findall(source)]
    compiled_at_all = 0
    for _ in range(200):
        source = random_.choice(expressions)
        places = list(word.finditer(source))
        place = random_.choice(places)
        other = random_.choice([random_.choice(pool), f"({random_.choice(expressions)})"])
        source = source[: place.start()] + other + source[place.end() :]
        result = compiled(f"currency CNY\n{head}\nmetric zz = {source}")
        assert (result.program is None) == any(d.severity.value == "error" for d in result.diagnostics), source
        if result.program is not None:
            compiled_at_all += 1
            optional = optional_metrics(result)
            for node in nodes(result.program.definition("zz").value):
                assert node.type.name not in ("unknown", "any", "same", "row"), source
                check(node, optional)
    assert compiled_at_all > 5
