"""Plans: what is needed, once, in an order in which it can be computed."""

from __future__ import annotations

import rulecrm
from rulecrm.planning import make_plan

RULES = """
currency CNY
metric purchases = count(purchase)
metric spent = sum(purchase.amount)
metric visits of product = count(view)
segment buyers = purchases >= 1
segment good = buyers and spent > 100 CNY
segment unpaid = exists(order where not paid)
segment in_town = city == "Wuhan" and exists(view where product == "p1")
"""


def symbols(*wanted: str) -> list[list[str]]:
    plan = make_plan(rulecrm.loads(RULES).program, wanted)
    return [sorted(definition.symbol for definition in level) for level in plan.levels]


def test_a_definition_comes_after_those_it_refers_to() -> None:
    assert symbols("good") == [["purchases", "spent"], ["buyers"], ["good"]]


def test_what_is_not_asked_for_is_not_planned() -> None:
    assert symbols("buyers") == [["purchases"], ["buyers"]]


def test_columns_are_those_that_are_read() -> None:
    needs = make_plan(rulecrm.loads(RULES).program, ["good", "unpaid", "in_town"]).needs
    assert needs.kinds == {
        "purchase": frozenset({"amount"}),
        "order": frozenset({"paid_at"}),  # a yes/no stage is read from its instant
        "view": frozenset({"product"}),
    }
    assert needs.subjects == {"customer": frozenset({"city"})}
    assert needs.scans == {("purchase", "customer"), ("order", "customer"), ("view", "customer")}


def test_a_thousand_levels_are_planned_without_recursion() -> None:
    nest = "\n".join(f"segment s{n} = s{n - 1} and not (purchases == {n})" for n in range(1, 1001))
    program = rulecrm.loads(f"metric purchases = count(purchase)\nsegment s0 = purchases > 0\n{nest}").program
    assert len(make_plan(program, ["s1000"]).levels) == 1002
