"""Rules that speak of products, on the same shop."""

from __future__ import annotations

from decimal import Decimal

import pytest

import rulecrm
from tests.conformance.world import AS_OF, facts

PREAMBLE = 'timezone "Asia/Shanghai"\ncurrency CNY\n'

PRODUCTS = ("p1", "p2", "p3", "p4", "p5")

# Lines sold: p1 to ann 10, cat 1, eve 1; p2 to ann, bob, fay, leo; p3 to ann 1, eve 2, fay 1; p4 to cat 1, gus 4,
# jon 5; p5 to ann 1, as the second line of an order of p3. Half of every amount is margin.
LINES = [
    ("metric q of product = count(item)", (12, 4, 4, 10, 1)),
    ("metric q of product = distinct(item.customer)", (3, 4, 3, 3, 1)),
    ("metric q of product = sum(item.amount - item.cost)", tuple(map(Decimal, (950, 225, 825, 230, 50)))),
    ('metric q of product = count(item where customer == "ann")', (10, 1, 1, 0, 1)),
    ("metric q of product = rank(count(item))", (1, 3, 3, 2, 5)),
    ("metric q of product = count(view last 7d)", (2, 1, 0, 1, 0)),  # cat and ivy; ivy; dan's is older; cat
    ('segment q of product = exists(item where brand == "Cha")', (False, False, False, True, False)),
    ("segment q of product = sequence by customer (view then cart)", (True, False, False, True, False)),
    (
        "segment q of product = count(item last 30d) > (count(item last 30d) as of 30d ago)",
        (False, True, True, True, True),
    ),
    (
        "classify q of product { hot when count(item last 30d) >= 3 cold otherwise }",
        ("cold", "cold", "cold", "hot", "cold"),
    ),
]


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_a_line_of_products_has_the_values_worked_out(line: str, expected: tuple[object, ...]) -> None:
    rules = rulecrm.loads(PREAMBLE + line)
    table = rules.evaluate(facts(rules.program.schema), as_of=AS_OF).table("product")
    assert table.get_column("product").to_list() == list(PRODUCTS)
    assert table.get_column("q").to_list() == list(expected)
