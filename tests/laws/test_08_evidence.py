"""Evidence: what `explain` shows gives the verdict that an evaluation gives, and the smallest change turns it.

The rules by which verdicts are put together are written here once more, by hand.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.explain import Comparison, Explanation, Node
from tests.strategies.cases import Case, cases, facts_of

ORDERED = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LABELLED = {"is": operator.eq, "is not": operator.ne}


@given(cases(most=8), st.data())
@settings(max_examples=60)
def test_evidence_gives_the_verdict_and_the_smallest_change_turns_it(case: Case, data: st.DataObject) -> None:
    rules, facts = case.rules(), facts_of(case.world)
    result = rules.evaluate(facts, as_of=case.now)
    subjects = sorted({rules.program.definition(name).subject for name in rules.names()})
    for subject in subjects:
        table = result.table(subject)
        if not table.height:
            continue
        row = table.row(data.draw(st.integers(0, table.height - 1)), named=True)
        for name in rules.names():
            if name in row:
                found = rules.explain(facts, segment=name, as_of=case.now, key=row[subject])
                assert found.exists
                assert found.value == row[name], (name, found.text())
                check(found)


def check(found: Explanation) -> None:
    """Every node follows from what is below it, and turning `to_flip` turns the root."""
    found.to_json()
    found.html()
    nodes = {node.id: node for node in walk(found.root) if not node.again}
    for node in nodes.values():
        if node.comparison is not None:
            assert judge(node.comparison) in (node.verdict, None), (node, found.text())
        if node.form == "exists":
            assert node.evidence is not None
            assert node.verdict == (node.evidence.rows > 0)
        if node.form == "none":
            assert node.evidence is not None
            assert node.verdict == (node.evidence.rows == 0)
        if node.evidence is not None:
            assert len(node.evidence.facts) == min(node.evidence.rows, 5)
    before = answer(found.root, nodes, {})
    assert before == found.value or found.form == "metric", found.text()
    if found.verdict is not None:
        assert bool(found.failed) != found.verdict
        for node in found.failed:
            assert answer(node, nodes, {}) == node.verdict
    if found.form == "metric":
        assert found.to_flip == ()
        return
    leaves = leaves_of(found.root, nodes)
    chosen = [node.id for node in found.to_flip]
    assert set(chosen) <= set(leaves)
    if chosen:
        assert answer(found.root, nodes, turned(nodes, chosen)) != before, found.text()
    for size in range(min(len(chosen), 3) if chosen else 3):
        if len(leaves) ** size <= 2_000:
            for some in combinations(leaves, size):
                assert answer(found.root, nodes, turned(nodes, some)) == before, (some, found.text())


def turned(nodes: Mapping[int, Node], leaves: object) -> dict[int, bool]:
    assert isinstance(leaves, list | tuple)
    return {leaf: not nodes[leaf].verdict for leaf in leaves}


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def answer(node: Node, nodes: Mapping[int, Node], given: Mapping[int, bool]) -> object:
    """The verdict or label of a node from its leaves, some of which are given."""
    node = nodes.get(node.id, node)
    below = node.children
    match node.form:
        case "and":
            return all(answer(child, nodes, given) for child in below)
        case "or":
            return any(answer(child, nodes, given) for child in below)
        case "not":
            return not answer(below[0], nodes, given)
        case "segment" | "as of" | "arm" if below and node.verdict is not None:
            return answer(below[0], nodes, given)
        case "classify" if below:
            return next(arm.name for arm in below if not arm.children or answer(arm, nodes, given))
        case "compare" if (arms := arms_of(node, nodes)) is not None and node.comparison is not None:
            label = answer(arms, nodes, given)
            held = label in [one.value for one in node.comparison.right if one is not None]
            return (held != (node.comparison.operator == "is not")) != node.comparison.negated
    return given.get(node.id, node.verdict)


def arms_of(node: Node, nodes: Mapping[int, Node]) -> Node | None:
    comparison = node.comparison
    if comparison is None or comparison.left.type != "label" or comparison.operator not in ("is", "is not", "in"):
        return None
    below = node.children
    while len(below) == 1 and below[0].form == "as of":
        below = below[0].children
    found = nodes.get(below[0].id, below[0]) if len(below) == 1 else None
    return found if found is not None and found.form == "classify" and found.children else None


def leaves_of(node: Node, nodes: Mapping[int, Node]) -> list[int]:
    found: dict[int, None] = {}
    node = nodes.get(node.id, node)
    arms = arms_of(node, nodes)
    if arms is not None:
        below = arms.children
    elif node.form in ("and", "or", "not", "segment", "as of", "arm", "classify"):
        below = node.children
    else:
        below = ()
    for child in below:
        found.update(dict.fromkeys(leaves_of(child, nodes)))
    if not below and node.verdict is not None and not node.fixed and node.form != "arm":
        found[node.id] = None
    return list(found)


def judge(comparison: Comparison) -> bool | None:
    """The comparison by its values alone; None where the values at the door cannot tell."""
    left, right = comparison.left, comparison.right
    if comparison.operator == "is missing":
        return (left.value is None) != comparison.negated
    if left.value is None or any(one is not None and one.value is None for one in right):
        return comparison.negated
    if comparison.range is not None and left.type != "age":
        low, high = (one.value for one in right if one is not None)
        above = operator.ge if comparison.range[0] else operator.gt
        below = operator.le if comparison.range[1] else operator.lt
        return (above(left.value, low) and below(left.value, high)) != comparison.negated
    if comparison.operator in LABELLED or (
        comparison.operator in ORDERED and left.type not in ("age", "duration", "text", "bool")
    ):
        compare = {**ORDERED, **LABELLED}[comparison.operator]
        assert right[0] is not None
        return bool(compare(left.value, right[0].value)) != comparison.negated
    if comparison.operator == "in" and left.type in ("text", "label", "int"):
        return (left.value in [one.value for one in right if one is not None]) != comparison.negated
    return None
