"""Who is on the blacklist, and why: the reasons are those that `explain` finds."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, blacklist
from tests.insight.buyers.little import NOW, RULES, little

OWN = (
    RULES
    + """
param at_most: int = 2
segment returns "Returns" = count(refund last 1y) >= 1
segment unwanted "Unwanted" = (returns or count(inquiry last 1y) > at_most) or exists(review where rating == 1)
"""
)


@settings(max_examples=5)
@given(st.integers(0, 100_000))
def test_the_reasons_are_the_clauses_that_hold(seed: int) -> None:
    shop = little(seed).shop(OWN)
    figure = blacklist(shop, segment="unwanted")
    members = set(shop.result(["unwanted"]).segment("unwanted")["customer"])
    assert set(figure.frame["customer"]) == members
    for customer in members:
        root = shop.rules.explain(shop.facts, segment="unwanted", as_of=NOW, customer=customer).root
        hold = {node.clause for node in _ends(root) if node.verdict}
        own = figure.frame.filter(pl.col("customer") == customer)
        assert set(own["reason"]) == hold
        assert own["evidence"].null_count() == 0


def _ends(node: object) -> list[object]:
    """The parts between the `or`s of an explanation."""
    children = [child for child in node.children if child.verdict is not None]  # type: ignore[attr-defined]
    if node.form in ("segment", "or") and node.clause != "returns":  # type: ignore[attr-defined]
        return [end for child in children for end in _ends(child)]
    return [node]


def orders(**columns: object) -> rulecrm.Facts:
    rows = {"order": ["a", "b", "c"], "customer": ["x", "x", "x"], "paid_at": [NOW] * 3, **columns}
    return rulecrm.Facts.from_frames(orders=pl.DataFrame(rows))


def test_the_standard_blacklist_says_what_it_could_not_ask() -> None:
    facts = orders(refunded_at=[NOW, NOW, None], placed_at=[NOW] * 3)
    figure = blacklist(Shop.of(rulecrm.loads(RULES), facts, as_of=NOW))
    assert figure.frame.select("customer", "reason", "title").rows() == [
        ("x", "refunds_too_often", "Refunds too often")
    ]
    assert figure.frame["clause"].item().startswith("purchases_judged >= refunds_judged_from")
    assert figure.frame["evidence"].item() == (
        "purchases_judged >= refunds_judged_from: 3 >= 3; refunds_share >= refunds_limit: 0.666667 >= 0.5"
    )
    left_out = [one.about for one in figure.remarks if one.code == "R836"]
    assert {"reason": "cancels_too_often"} in left_out
    assert {"reason": "blocked_by_hand"} in left_out
    assert {"kind": "review"} in left_out


def test_the_params_of_the_shop_hold() -> None:
    facts = orders(refunded_at=[NOW, NOW, None], placed_at=[NOW] * 3)
    rules = rulecrm.loads(RULES + 'import "std/service.rules" with { refunds_limit: 70% }')
    figure = blacklist(Shop.of(rules, facts, as_of=NOW))
    assert figure.frame.is_empty()
    assert figure.remarks[-1].code == "R837"
    assert figure.origins[0].name == "blacklist"


def test_evidence_is_told_of_the_first_alone() -> None:
    facts = rulecrm.Facts.from_frames(
        orders=pl.DataFrame({"order": ["a", "b"], "customer": ["x", "y"], "paid_at": [NOW] * 2})
    )
    rules = rulecrm.loads(RULES + "segment blacklist = count(purchase) >= 1")
    figure = blacklist(Shop.of(rules, facts, as_of=NOW), explained=1)
    assert figure.frame.select("customer", "reason", "evidence").rows() == [
        ("x", "count(purchase) >= 1", "count(purchase) >= 1: 1 >= 1"),
        ("y", "count(purchase) >= 1", None),
    ]
    assert [one.code for one in figure.remarks] == ["R838"]


def test_a_segment_that_is_none_is_said() -> None:
    shop = Shop.of(rulecrm.loads(OWN), orders(), as_of=NOW)
    with pytest.raises(rulecrm.RulesError, match="did you mean `unwanted`"):
        blacklist(shop, segment="unwantd")
