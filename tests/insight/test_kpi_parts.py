"""What moved a kpi: trees over generated shops add up exactly, and what cannot be concluded is said."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Figure, Shop, kpi_parts, kpi_tree
from rulecrm.insight.kpis import Node
from tests.strategies import fewer
from tests.strategies.cases import facts_of
from tests.strategies.kpis import KpiCase, kpi_cases

RULES = """\
timezone "Asia/Shanghai"
currency CNY
kpi visitors "Visitors" = population count(exists(visit in period))
kpi buyers = population count(exists(purchase in period))
kpi orders = population sum(count(purchase in period))
kpi turnover = population sum(sum(purchase.amount in period))
kpi conversion = buyers / visitors
kpi per_buyer = orders / buyers
kpi order_value = turnover / orders
kpi sales "Sales" = visitors * conversion * per_buyer * order_value every month
kpi safe = (turnover ?? 0 CNY) / 2 + population sum(purchases) * 1 CNY
metric purchases = count(purchase)
"""


def shop_of(orders: str, visits: str, *, as_of: str = "2025-03-01", text: str = RULES) -> Shop:
    """Orders as `customer day amount`, visits as `customer day`, all of 2025 at noon."""
    bought = [row.split() for row in orders.split(",") if row.strip()]
    seen = [row.split() for row in visits.split(",") if row.strip()]
    at = lambda day: dt.datetime.fromisoformat(f"2025-{day}T12:00:00+08:00").astimezone(dt.UTC)  # noqa: E731
    facts = rulecrm.Facts.from_frames(
        orders=pl.DataFrame(
            [(f"o{n}", who, at(day), Decimal(amount)) for n, (who, day, amount) in enumerate(bought)],
            schema={"order": pl.String, "customer": pl.String, "paid_at": pl.Datetime("us", "UTC"),
                    "amount": pl.Decimal(38, 4)},
            orient="row",
        ),
        events=pl.DataFrame(
            [("visit", f"v{n}", who, at(day)) for n, (who, day) in enumerate(seen)],
            schema={"kind": pl.String, "event": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")},
            orient="row",
        ),
    )  # fmt: skip
    return Shop.of(rulecrm.loads(text), facts, as_of=as_of)


JANUARY = "a 01-05 100, a 01-09 50, b 01-20 30"
FEBRUARY = "a 02-03 80, c 02-10 40, d 02-11 60"
VISITS = "a 01-04, b 01-06, c 01-08, d 01-09, a 02-01, c 02-02, d 02-03, e 02-04, f 02-05"


@pytest.fixture
def shop() -> Shop:
    return shop_of(f"{JANUARY}, {FEBRUARY}", VISITS)


def test_four_factors_by_hand(shop: Shop) -> None:
    """January 4 × 2/4 × 3/2 × 180/3 = 180, February 5 × 3/5 × 3/3 × 180/3 = 180: all orders of four factors tried."""
    before = [Fraction(4), Fraction(2, 4), Fraction(3, 2), Fraction(60)]
    now = [Fraction(5), Fraction(3, 5), Fraction(1), Fraction(60)]
    expected = [Fraction(0)] * 4
    for order in itertools.permutations(range(4)):
        values = list(before)
        for factor in order:
            product = values[0] * values[1] * values[2] * values[3]
            values[factor] = now[factor]
            expected[factor] += (values[0] * values[1] * values[2] * values[3] - product) / 24
    tree = kpi_tree(shop, "sales")
    assert [child.name for child in tree.root.children] == ["visitors", "conversion", "per_buyer", "order_value"]
    assert [child.contribution for child in tree.root.children] == expected
    assert (tree.root.before, tree.root.now, tree.root.change) == (180, 180, 0)
    # Nothing has changed on the whole, and yet the parts have: their contributions cancel each other.
    assert expected[0] > 0 > expected[2]


def test_the_frame_is_the_tree(shop: Shop) -> None:
    figure, tree = kpi_parts(shop, "sales"), kpi_tree(shop, "sales")
    assert figure.name == "kpi_parts"
    rows = figure.frame.rows(named=True)
    for (level, node), row in zip(tree.root.walk(), rows, strict=True):
        assert (row["level"], row["factor"], row["title"]) == (level, node.name, node.title)
        assert row["now"] == pytest.approx(float(node.now or 0))
        assert row["total"] == pytest.approx(float(node.total or 0), abs=1e-12)
    assert figure.frame["start"].unique().to_list() == [dt.date(2025, 2, 1)]
    assert {one.name for one in figure.origins} == {"sales"}
    assert set(figure.columns) == set(figure.frame.columns)
    adds_up(figure)


def adds_up(figure: Figure) -> None:
    """Contributions to a kpi add up to its change in Float64, in any order."""
    rows = list(figure.frame.iter_rows(named=True))
    for place, row in enumerate(rows):
        below = []
        for other in rows[place + 1 :]:
            if other["level"] <= row["level"]:
                break
            if other["level"] == row["level"] + 1:
                below.append(other["contribution"])
        if below and None not in below:
            assert sum(below) == sum(reversed(below)) == row["change"]


def holds(node: Node, root: Node) -> None:
    """The laws of a tree, as fractions."""
    if node.children:
        assert sum(child.contribution or 0 for child in node.children) == node.change
        totals = [child.total for child in node.children]
        if node.total is not None and None not in totals:
            assert sum(total or 0 for total in totals) == node.total
    for child in node.children:
        holds(child, root)


@given(kpi_cases(most=12), st.sampled_from(("previous", "year")), st.sampled_from((None, "day", "week", "month")))
@fewer(16)
def test_trees_of_generated_shops_add_up(case: KpiCase, against: str, every: str | None) -> None:
    shop = Shop.of(case.rules(), facts_of(case.world), as_of=case.now)
    oracle = case.oracle()
    for name in oracle.kpis:
        tree = kpi_tree(shop, name, every=every, against=against)  # type: ignore[arg-type]
        holds(tree.root, tree.root)
        exact = oracle.value(name, tree.period.unit, tree.period.first)
        assert (tree.root.now is None) == (exact is None)
        if exact is not None and tree.root.now is not None:
            assert abs(tree.root.now - exact) <= Fraction(1, 10**4) + abs(exact) / 10**9
        if tree.root.change is not None:
            assert tree.root.contribution == tree.root.total == tree.root.change
        else:
            assert {remark.code for remark in tree.remarks} & {"R857"}
        adds_up(kpi_parts(shop, name, every=every, against=against))  # type: ignore[arg-type]


def test_contributions_to_the_whole_hold_over_levels(shop: Shop) -> None:
    tree = kpi_tree(shop_of(f"{JANUARY}, {FEBRUARY}, b 02-20 70.55", VISITS), "sales")
    leaves = [node for _, node in tree.root.walk() if not node.children]
    assert len(leaves) == 7
    assert sum(node.total or 0 for node in leaves) == tree.root.change == Fraction("70.55")


def test_an_expression_that_is_no_kpi_is_a_factor_too(shop: Shop) -> None:
    rows = kpi_parts(shop, "safe").frame
    assert rows["factor"].to_list() == ["safe", "turnover", "population sum(purchases)"]
    assert rows["contribution"].to_list() == [3.0, 0.0, 3.0]


# --- against figures of the industry ------------------------------------------------------------------------------


def test_against_figures_of_the_industry(shop: Shop) -> None:
    given = {"visitors": 5, "conversion": "40%", "per_buyer": 1.5, "order_value": Decimal(70)}
    tree = kpi_tree(shop, "sales", against=given)
    assert (tree.root.before, tree.root.now) == (5 * Fraction(4, 10) * Fraction(3, 2) * 70, 180)
    assert [child.children for child in tree.root.children] == [(), (), (), ()]
    assert tree.root.children[0].contribution == 0
    holds(tree.root, tree.root)
    assert not tree.remarks


def test_a_factor_without_a_figure_is_as_in_the_shop(shop: Shop) -> None:
    tree = kpi_tree(shop, "sales", against={"order_value": 50, "orders": 7})
    assert [child.contribution for child in tree.root.children][:3] == [0, 0, 0]
    assert tree.root.change == 3 * (60 - 50)
    assert [remark.code for remark in tree.remarks] == ["R859"] * 4
    assert "`orders` is not used" in str(tree.remarks[-1])


def test_figures_of_all_parts_of_a_factor_make_it(shop: Shop) -> None:
    tree = kpi_tree(shop, "sales", against={"orders": 4, "turnover": 200, "order_value": 51})
    assert tree.root.children[3].before == 50
    assert {remark.code for remark in tree.remarks} == {"R859", "R860"}


@pytest.mark.parametrize(
    ("given", "code"),
    [({"visitrs": 3}, "R120"), ({"visitors": "many"}, "R856"), ({"sales": 3}, "R856"), ({}, "R856"),
     ({"visitors": float("nan")}, "R856")],
)  # fmt: skip
def test_figures_that_are_none(shop: Shop, given: dict[str, object], code: str) -> None:
    with pytest.raises(RulesError) as error:
        kpi_tree(shop, "sales", against=given)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == code


# --- what cannot be concluded -------------------------------------------------------------------------------------


def test_a_period_without_buyers_has_no_value_and_says_why() -> None:
    figure = kpi_parts(shop_of("a 02-03 80", "a 02-01"), "sales")
    assert figure.frame.height == 1
    assert figure.frame["contribution"].to_list() == [None]
    told = [str(remark) for remark in figure.remarks]
    assert told[0] == (
        "“Sales” has no value in the month of 2025-01-01: `visitors` is 0, and nothing is divided by 0. (R857)"
    )
    assert [remark.code for remark in figure.remarks] == ["R857", "R863"]
    assert "不能作除数" in figure.remarks[0].words.zh


def test_a_kpi_that_says_what_missing_means_is_taken_apart() -> None:
    text = f"{RULES}kpi whole = (visitors * conversion * per_buyer * order_value) ?? 0 CNY every month\n"
    figure = kpi_parts(shop_of("a 02-03 80", "a 02-01", text=text), "whole")
    assert figure.frame.filter(pl.col("level") == 1)["contribution"].sum() == 80
    adds_up(figure)


def test_where_every_way_is_closed_it_is_said() -> None:
    """From 0 − 1 to 1 − 0 both ways lead over a division by zero."""
    text = f"{RULES}kpi odd = 1 / (visitors - buyers) every month\n"
    figure = kpi_parts(shop_of("a 01-03 80", "b 02-01", text=text), "odd")
    assert figure.frame["change"].to_list() == [2.0]
    assert [remark.code for remark in figure.remarks] == ["R858"]


def test_last_year_before_the_shop_began(shop: Shop) -> None:
    figure = kpi_parts(shop, "sales", against="year")
    assert {remark.code for remark in figure.remarks} == {"R857", "R863"}


def test_a_period_that_is_not_over(shop: Shop) -> None:
    figure = kpi_parts(shop_of(f"{JANUARY}, {FEBRUARY}", VISITS, as_of="2025-02-11"), "sales", period="2025-02-28")
    assert [remark.code for remark in figure.remarks] == ["R864"]
    assert figure.frame["now"][0] == 120.0  # d's order of the eleventh is not seen yet


def test_a_kpi_of_nothing_else_and_a_file_of_none(shop: Shop) -> None:
    assert [remark.code for remark in kpi_parts(shop, "buyers").remarks] == ["R866"]
    bare = shop_of(JANUARY, VISITS, text="currency CNY\nsegment s = exists(purchase)\n")
    assert [remark.code for remark in kpi_parts(bare).remarks] == ["R865"]


def test_all_that_nothing_is_made_of_are_told(shop: Shop) -> None:
    assert kpi_parts(shop).frame.filter(pl.col("level") == 0)["factor"].to_list() == ["sales", "safe"]


@pytest.mark.parametrize(
    ("asked", "code"), [({"kpi": "sale"}, "R120"), ({"every": "fortnight"}, "R120"), ({"against": "yesterday"}, "R120")]
)
def test_what_is_asked_wrongly(shop: Shop, asked: dict[str, str], code: str) -> None:
    with pytest.raises(RulesError) as error:
        kpi_tree(shop, **{"kpi": "sales", **asked})  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == code


def test_a_long_chain_of_kpis_ends_somewhere() -> None:
    chain = "\n".join(f"kpi k{n} = k{n - 1} * 2" for n in range(1, 200))
    tree = kpi_tree(shop_of(JANUARY + ", a 02-03 80", VISITS, text=f"{RULES}kpi k0 = buyers\n{chain}\n"), "k199")
    assert [level for level, _ in tree.root.walk()] == list(range(25))
    assert {node.total for _, node in tree.root.walk()} == {-(2**199)}


def test_the_tree_as_data(shop: Shop) -> None:
    data = kpi_tree(shop, "sales").as_data()
    assert (data["name"], data["now"], data["change"]) == ("sales", 180.0, 0.0)
    children = data["children"]
    assert isinstance(children, list)
    assert [child["name"] for child in children] == ["visitors", "conversion", "per_buyer", "order_value"]
