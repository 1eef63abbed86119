"""Nodes compare, hash, show, copy and pickle as classes do whose methods attrs has written."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from rulecrm.diagnostics.span import Span
from rulecrm.model import ir
from rulecrm.model.node import Node
from rulecrm.model.types import INT, TEXT
from rulecrm.syntax import ast, declarations, journeys

HERE = Span("shop.rules", 3, 7)
ONE = ir.Const(1, INT)


def test_spans_are_left_out() -> None:
    here, there = ast.Name("vip", span=HERE), ast.Name("vip")
    assert here == there
    assert hash(here) == hash(there)
    assert repr(here) == "Name(text='vip')"
    assert {here: 1}[there] == 1


def test_nodes_of_two_classes_differ_even_with_equal_fields() -> None:
    assert ast.Name("a") != ast.Text("a")
    assert ir.Now() != ir.Key()
    assert ast.InPeriod() == ast.InPeriod()
    assert ast.Name("a") != "a"


def test_a_field_without_hash_still_counts_for_equality() -> None:
    plain = ir.Definition("a", "metric", "customer", ONE, INT)
    titled = attrs.evolve(plain, titles={"x": "X"})
    assert plain != titled
    assert hash(plain) == hash(titled)


def test_fields_are_shown_in_order() -> None:
    assert repr(ast.Operate("+", ast.Number(1), ast.Name("n"))) == (
        "Operate(operator='+', left=Number(value=1), right=Name(text='n'))"
    )


@pytest.mark.parametrize(
    "node", [ast.Operate("+", ast.Number(1), ast.Name("n"), span=HERE), ir.Const(1, INT, span=HERE)]
)
def test_copies_and_pickles_are_equal_and_keep_the_span(node: Node) -> None:
    hash(node)
    for other in (copy.copy(node), copy.deepcopy(node), pickle.loads(pickle.dumps(node)), attrs.evolve(node)):
        assert other == node
        assert hash(other) == hash(node)
        assert other.span == HERE


def test_a_pickled_hash_is_not_believed() -> None:
    """Text hashes differ between processes: a node that is loaded must not bring its own along."""
    node = ir.Const("vip", TEXT)
    held = {node: 1}
    script = (
        "import pickle, sys; from rulecrm.model import ir; from rulecrm.model.types import TEXT;"
        "node = pickle.loads(sys.stdin.buffer.read()); sys.exit(node not in {ir.Const('vip', TEXT): 1})"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(next(iter(held))), cwd=root, check=False)
    assert done.returncode == 0


def test_nodes_are_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ast.Name("a").text = "b"  # type: ignore[misc]


@pytest.mark.parametrize("module", [ast, declarations, journeys])
def test_every_node_is_one(module: object) -> None:
    """One that forgot `eq=False` would pay for methods of its own, and one without the base would compare by identity."""
    classes = [kind for kind in vars(module).values() if isinstance(kind, type) and attrs.has(kind)]
    classes = [kind for kind in classes if kind.__module__ == module.__name__]  # type: ignore[attr-defined]
    assert len(classes) > 10
    assert all(issubclass(kind, Node) for kind in classes)
    assert not [kind for kind in classes if "__eq__" in vars(kind) or "__repr__" in vars(kind)]
