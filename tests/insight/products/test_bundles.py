"""What is bought together: by hand, against another package, and not where it is chance."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from rulecrm import RulesError
from rulecrm.insight import bundles
from tests.insight.products.making import Line, instant, items_of, orders_of, shop_of


def shop_lines() -> list[Line]:
    """100 orders: 20 with tea, 25 with a cup, 10 of these with both, the others with soap; one order with a rare pair."""
    lines: list[Line] = []
    for number in range(100):
        order, customer, day = f"o{number}", f"c{number}", "2025-01-05"
        if number < 20:
            lines.append((order, customer, "tea", day))
        if 10 <= number < 35:
            lines.append((order, customer, "cup", day))
        if number >= 35:
            lines.append((order, customer, "soap", day))
    lines += [("o99", "c99", "ink", "2025-01-05"), ("o99", "c99", "pen", "2025-01-05")]
    return [*lines, ("o0", "c0", "tea", "2025-01-05")]  # a second line of the same thing in an order is no second order


def test_a_pair_by_hand() -> None:
    figure = bundles(shop_of("2025-02-01", items=items_of(shop_lines())), chance=True)
    row = figure.frame.row(0, named=True)
    assert figure.frame.height == 1
    assert (row["left"], row["right"], row["together"]) == ("tea", "cup", 10)
    assert (row["support"], row["confidence"], row["confidence_back"]) == (0.1, 0.5, 0.4)
    assert row["lift"] == pytest.approx(2.0)
    ways = sum(math.comb(20, k) * math.comb(80, 25 - k) for k in range(10, 21))
    assert row["p"] == pytest.approx(ways / math.comb(100, 25))
    assert row["p_adjusted"] == pytest.approx(min(3 * row["p"], 1))  # tea, cup and soap make three pairs
    assert row["low"] < 2 < row["high"]
    assert figure.remarks == ()


def test_a_pair_bought_twice_is_no_finding() -> None:
    lines = [(f"o{n}", f"c{n}", product, "2025-01-05") for n in range(2) for product in ("tea", "cup")]
    lines += [(f"o{n}", f"c{n}", f"p{n}", "2025-01-05") for n in range(2, 40)]
    shop = shop_of("2025-02-01", items=items_of(lines))
    rare = bundles(shop)
    assert rare.frame.is_empty()
    assert [one.code for one in rare.remarks] == ["R846"]
    assert "10 baskets" in rare.remarks[0].words.en
    # Twice of twice is rarer than chance where there is one pair to look at, and no finding where 91 are.
    many = [(f"q{n}", f"d{n}", f"r{n // 2}", "2025-01-05") for n in range(24)]
    among = bundles(shop_of("2025-02-01", items=items_of([*lines, *many])), at_least=2, chance=True)
    row = among.frame.row(0, named=True)
    assert row["p"] == pytest.approx(1 / math.comb(64, 2))
    assert row["p_adjusted"] == pytest.approx(91 * row["p"])
    assert row["p_adjusted"] > 0.04


def test_another_package_finds_the_same() -> None:
    association = pytest.importorskip(
        "mlxtend.frequent_patterns", reason="a second opinion, where mlxtend is installed"
    )
    pandas = pytest.importorskip("pandas")
    draw = np.random.Generator(np.random.PCG64(3))
    holds = draw.random((300, 8)) < np.array([0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.02])
    holds[:, 1] |= holds[:, 0] & (draw.random(300) < 0.5)
    lines = [(f"o{a}", f"o{a}", f"p{b}", "2025-01-05") for a, b in np.argwhere(holds).tolist()]
    found = bundles(shop_of("2025-02-01", items=items_of(lines)), chance=True, at_least=10)
    baskets = int(holds.any(axis=1).sum())
    table = pandas.DataFrame(holds[holds.any(axis=1)], columns=[f"p{n}" for n in range(8)])
    sets = association.apriori(table, min_support=9.5 / baskets, use_colnames=True, max_len=2)
    rules = association.association_rules(sets, metric="support", min_threshold=0)
    theirs = {
        (next(iter(row.antecedents)), next(iter(row.consequents))): (row.support, row.confidence, row.lift)
        for row in rules.itertuples()
    }
    ours = found.frame
    assert len(theirs) == 2 * ours.height > 20
    for row in ours.iter_rows(named=True):
        assert (row["support"], row["confidence"], row["lift"]) == pytest.approx(theirs[row["left"], row["right"]])
        assert row["confidence_back"] == pytest.approx(theirs[row["right"], row["left"]][1])


def chance_shop(seed: int, *, planted: bool) -> pl.DataFrame:
    """Customers who buy much or little, of 12 products that have nothing to do with one another; or of which two do."""
    draw = np.random.Generator(np.random.PCG64(seed))
    appetite = draw.exponential(0.1, 800)
    holds = draw.random((800, 12)) < np.minimum(appetite[:, None] * np.linspace(2, 0.5, 12), 1)
    if planted:
        holds[:, 7] |= holds[:, 3] & (draw.random(800) < 0.4)
    start = instant("2025-01-01")
    return items_of(
        (f"o{a}-{b}", f"c{a}", f"p{b:02d}", start + dt.timedelta(days=int(day)))
        for (a, b), day in zip(np.argwhere(holds).tolist(), draw.integers(0, 50, int(holds.sum())), strict=True)
    )


def test_who_buys_much_buys_more_of_everything_and_that_is_no_bundle() -> None:
    told, above = 0, 0
    for seed in range(20):
        figure = bundles(shop_of("2025-06-01", items=chance_shop(seed, planted=False)), within="1y", chance=True)
        told += bool((figure.frame["p_adjusted"] <= 0.05).any())
        above += int((figure.frame["low"] > 1).sum())
        assert figure.frame["usual"].min() > 1.1  # type: ignore[operator]
    assert above > 200  # by their intervals alone, these pairs would have seemed to belong together
    assert told <= 3


def test_what_does_belong_together_is_found_among_such() -> None:
    for seed in range(4):
        found = bundles(shop_of("2025-06-01", items=chance_shop(seed, planted=True)), within="1y").frame
        assert {"p03", "p07"} in [{row["left"], row["right"]} for row in found.iter_rows(named=True)]


def test_within_a_time_by_one_customer() -> None:
    lines: list[Line] = []
    for n in range(12):  # ten of these in the same week, two a month apart
        later = "2025-01-12T10:00" if n < 10 else "2025-02-05"
        lines += [(f"a{n}", f"c{n}", "tea", "2025-01-05T10:00"), (f"b{n}", f"c{n}", "cup", later)]
    shop = shop_of("2025-03-01", items=items_of(lines))
    for within, together in (("7d", 10), ("1mo", 12)):
        figure = bundles(shop, within=within, chance=True)
        row = figure.frame.row(0, named=True)
        assert (row["together"], row["confidence"]) == (together, together / 12)
    assert bundles(shop, within="6d", at_least=1).frame.is_empty()
    assert bundles(shop, chance=True).frame.is_empty()  # no order has both


def test_nothing_after_the_instant_is_seen() -> None:
    early = bundles(shop_of("2025-01-04", items=items_of(shop_lines())), chance=True, at_least=1)
    assert early.frame.is_empty()
    assert "R846" in [one.code for one in early.remarks]


def test_categories_go_together_as_well() -> None:
    items = items_of(shop_lines())
    kinds = {"tea": "drink", "cup": "dish", "soap": "bath", "ink": "desk", "pen": "desk"}
    products = pl.DataFrame({"product": list(kinds), "category": list(kinds.values())})
    row = bundles(shop_of("2025-02-01", items=items, products=products), of="category", chance=True).frame.row(0)
    assert row[:3] == ("drink", "dish", 10)


def test_orders_that_name_a_product_serve_where_there_are_no_items() -> None:
    items = items_of((f"o{n}", f"c{n // 2}", ("tea", "cup")[n % 2], "2025-01-05") for n in range(40))
    orders = orders_of(items).with_columns(items.get_column("product"))
    row = bundles(shop_of("2025-02-01", orders=orders), within="1d", chance=True).frame.row(0, named=True)
    assert (row["left"], row["right"], row["together"]) == ("cup", "tea", 20)


def test_facts_without_products_are_said_so() -> None:
    orders = orders_of(items_of(shop_lines()))
    figure = bundles(shop_of("2025-02-01", orders=orders))
    assert figure.frame.is_empty()
    assert [one.code for one in figure.remarks] == ["R845"]
    assert "`product`" in figure.remarks[0].words.en
    assert "`product`" in figure.remarks[0].words.zh


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"at_least": 0}, "R850"), ({"level": 1.0}, "R819"), ({"within": "soon"}, "R800"), ({"of": "brnd"}, "R120")],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, object], code: str) -> None:
    with pytest.raises(RulesError) as error:
        bundles(shop_of("2025-02-01", items=items_of(shop_lines())), **asked)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == code


def test_the_definition_has_what_was_asked() -> None:
    figure = bundles(shop_of("2025-02-01", items=items_of(shop_lines())), within="14d", at_least=7, level=0.9)
    for words in (figure.definition.en, figure.definition.zh):
        assert all(part in words for part in ("14d", "7", "0.9", "0.1"))
    assert set(figure.columns) == set(figure.frame.columns)
