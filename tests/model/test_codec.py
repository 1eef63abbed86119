"""What is written as data reads back as the same model, and hostile data makes nothing but model or an error."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest

from rulecrm.diagnostics.model import Diagnostic, Note, Severity
from rulecrm.diagnostics.span import Span
from rulecrm.model import ir
from rulecrm.model.codec import decode, encode
from rulecrm.model.durations import Duration
from rulecrm.model.types import BOOL, INT, TEXT
from rulecrm.model.walk import walk
from rulecrm.semantics import compile_rules

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "examples").glob("*/*.rules"), *(ROOT / "rulecrm" / "std").glob("*.rules")])


def there_and_back(value: object) -> object:
    return decode(json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_program_is_the_same_with_all_its_places(path: Path) -> None:
    compiled = compile_rules(path.read_text("utf-8"), source=str(path))
    program = compiled.program
    assert program is not None
    read, warnings = there_and_back((program, compiled.diagnostics))  # type: ignore[misc]
    assert read == program
    assert warnings == compiled.diagnostics
    assert program.definitions or program.lifecycles or program.campaigns or program.kpis
    for one, other in zip(read.definitions, program.definitions, strict=True):
        assert one.span == other.span
        nodes = list(zip(walk(one.value), walk(other.value), strict=True))
        assert all(a.span == b.span and type(a) is type(b) and hash(a) == hash(b) for a, b in nodes)
        assert read.definition(other.symbol) == other
    assert [one.span for one in (*read.lifecycles, *read.campaigns)] == [
        one.span for one in (*program.lifecycles, *program.campaigns)
    ]
    assert read.sources == program.sources


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        1.0,
        -0.0,
        2**70,
        0.1,
        "",
        '连衣裙\n"\\',
        Decimal("1.2300"),
        Duration(1, 2, 3),
        dt.date(2025, 2, 28),
        dt.datetime(2025, 2, 28, 1, 2, 3, 4, tzinfo=dt.UTC),
        dt.time(21, 0, 5),
        (),
        ((), ("a", 1), (True, 1, 1.0)),
        {"b": 1, "a": ()},
        MappingProxyType({"a": ir.Const(1, INT)}),
        frozenset({"b", "a"}),
        ir.Apply("and", (ir.Const(True, BOOL), ir.Const(True, BOOL)), BOOL, span=Span("s", 1, 2)),
        Diagnostic("R101", "m", Span("s", 1, 2), "h", (Note("n", Span("s", 3, 4)),), Severity.HINT, {"rows": (1, 2)}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_keep_their_type(value: object) -> None:
    read = there_and_back(value)
    assert type(read) is type(value)
    assert read == value
    if not isinstance(value, frozenset):  # its repr has an order that two equal ones need not share
        assert repr(read) == repr(value)


def test_a_list_of_records_reads_back() -> None:
    text = 'attribute homes: list of record { city: text }\nsegment s = exists(homes where city == "x")'
    program = compile_rules(text, source="homes.rules").program
    assert program is not None
    value = program.definition("s").value
    assert isinstance(value, ir.Elements)
    assert there_and_back(value) == value
    assert [type(node) for node in walk(value)] == [ir.Elements, ir.Attribute, ir.Apply, ir.Item, ir.Const]


def test_equal_parts_are_there_once() -> None:
    a, b = there_and_back((Duration(0, 30), Duration(0, 30)))  # type: ignore[misc]
    assert a == b == Duration(0, 30)
    wide = encode(tuple(ir.Const("x", TEXT) for _ in range(100)))
    assert sum(len(columns[0]) for form, columns in wide if form == "types.Type") == 1


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, [1], Path(), dt.datetime(2025, 1, 1), int, 1j], ids=lambda value: type(value).__name__
)
def test_what_is_no_model_is_not_written(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode((value,))


@pytest.mark.parametrize(
    "table",
    [
        [],
        [["os.system", [["echo poisoned"]]]],
        [["", [["echo"]]], ["os.system", [[0]]]],
        [["", [["echo"]]], ["builtins.eval", [[0]]]],
        [["", [["a"]]], ["ir.Const", [[0]]]],
        [["", [["a"]]], ["ir.Const", [[0], [7], [0]]]],
        [["tuple", [[1]]]],
        [["Decimal", [["x"]]]],
        [["date", [["2025-02-30"]]]],
        [["dict", [[0]]]],
        [5],
        [["Span", [[0], [1], [2]]]],
    ],
    ids=str,
)
def test_hostile_data_is_an_error(table: list[object]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError, ArithmeticError)):
        decode(table)  # type: ignore[arg-type]
