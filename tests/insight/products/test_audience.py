"""Who buys a product, and who is likely to buy it next."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Shop, likely_next, product_audience
from rulecrm.testing.shops import make_shop_frames
from tests.insight.products.making import RULES, Line, instant, items_of, shop_of

LABELS = """
segment often = count(item) >= 2
classify loyal { many when count(item) >= 3  some when count(item) >= 1  none otherwise }
"""


def bought_by(frames: dict[str, pl.DataFrame], as_of: dt.datetime) -> dict[str, list[tuple[str, str, dt.datetime]]]:
    """Product, category and instant of each customer's lines up to an instant, in plain loops."""
    orders = {row["order"]: row for row in frames["orders"].iter_rows(named=True)}
    kinds = dict(frames["products"].select("product", "category").iter_rows())
    found: dict[str, list[tuple[str, str, dt.datetime]]] = {}
    for row in frames["items"].iter_rows(named=True):
        order = orders[row["order"]]
        if order["paid_at"] is not None and order["paid_at"] <= as_of:
            line = (row["product"], kinds[row["product"]], order["paid_at"])
            found.setdefault(order["customer"], []).append(line)
    return found


@settings(max_examples=12)
@given(st.integers(1, 30), st.sampled_from(["p00", "p01", "p02"]), st.integers(30, 90))
def test_an_audience_is_that_counted_one_by_one(seed: int, product: str, day: int) -> None:
    frames = make_shop_frames(customers=120, days=100, seed=seed)
    as_of = dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
    shop = Shop.of(rulecrm.loads(RULES + LABELS), rulecrm.Facts.from_frames(**frames), as_of=as_of)
    baskets = bought_by(frames, as_of)
    buyers = {one for one, lines in baskets.items() if product in [line[0] for line in lines]}
    figure = product_audience(shop, product=product)
    if not buyers:
        assert [one.code for one in figure.remarks] == ["R845"]
        return
    expected: dict[tuple[str, str], set[str]] = {}
    for one, lines in baskets.items():
        expected.setdefault(("loyal", "many" if len(lines) >= 3 else "some"), set()).add(one)
        if len(lines) >= 2:
            expected.setdefault(("often", "yes"), set()).add(one)
    rows = {(row["definition"], row["label"]): row for row in figure.frame.iter_rows(named=True)}
    assert rows.keys() == expected.keys()
    for label, there in expected.items():
        row = rows[label]
        assert (row["customers"], row["buyers"]) == (len(there), len(there & buyers))
        assert row["share"] == pytest.approx(len(there & buyers) / len(buyers))
        assert row["lift"] == pytest.approx(len(there & buyers) / len(buyers) / (len(there) / len(baskets)))
        assert row["low"] <= row["lift"] + 1e-12
        assert row["lift"] <= row["high"] + 1e-12
        assert 0 <= row["p"] <= row["p_adjusted"] <= 1


def test_all_alike_and_one_customer_are_no_findings() -> None:
    for customers in (1, 12):
        lines = [(f"o{n}", f"c{n}", "tea", "2025-01-05") for n in range(customers)]
        frame = product_audience(shop_of("2025-02-01", LABELS, items=items_of(lines)), product="tea").frame
        assert frame.select("label", "lift", "p_adjusted").rows() == [("some", 1.0, 1.0)]


def test_an_audience_by_category_of_some_labels() -> None:
    items = items_of(
        [("1", "ann", "tea", "2025-01-05"), ("2", "ann", "cup", "2025-01-05"), ("3", "bob", "cup", "2025-01-05")],
        category=["drink", "dish", "dish"],
    )
    shop = shop_of("2025-02-01", LABELS, items=items)
    figure = product_audience(shop, category="drink", labels=["often"])
    assert figure.frame.select("definition", "customers", "buyers", "lift").rows() == [("often", 1, 1, 2.0)]
    assert [one.name for one in figure.origins] == ["often"]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"product": "tee"}, "R120", "did you mean `tea`"),
        ({"product": "tea", "category": "drink"}, "R850", "one product or one category"),
        ({}, "R850", "one product or one category"),
        ({"product": "tea", "labels": ["oftn"]}, "R120", "did you mean `often`"),
        ({"product": 7}, "R120", "`7`"),
        ({"product": "tea", "level": 95}, "R819", "between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, object], code: str, words: str) -> None:
    items = items_of([("1", "ann", "tea", "2025-01-05")], category=["drink"])
    with pytest.raises(RulesError, match=words) as error:
        product_audience(shop_of("2025-02-01", LABELS, items=items), **asked)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == code


def test_what_is_listed_and_not_bought_is_no_mistake() -> None:
    items = items_of([("1", "ann", "tea", "2025-01-05"), ("2", "ann", "cup", "2025-03-05")])
    products = pl.DataFrame({"product": ["tea", "cup"]})
    shop = shop_of("2025-02-01", LABELS, items=items, products=products)
    for figure in (product_audience(shop, product="cup"), likely_next(shop, product="cup")):
        assert figure.frame.is_empty()
        assert [one.code for one in figure.remarks] == ["R845"]
        assert "`cup`" in figure.remarks[0].words.en


def test_before_anything_is_sold_no_name_is_a_mistake() -> None:
    shop = shop_of("2024-02-01", LABELS, items=items_of([("1", "ann", "tea", "2025-01-05")]))
    assert [one.code for one in product_audience(shop, product="tea").remarks] == ["R845"]
    assert [one.code for one in likely_next(shop, product="tea").remarks] == ["R845"]


def test_items_without_categories_are_said_so() -> None:
    shop = shop_of("2025-02-01", LABELS, items=items_of([("1", "ann", "tea", "2025-01-05")]))
    (remark,) = product_audience(shop, category="drink").remarks
    assert remark.words.en == "Nothing can be said: the items of these facts have no `category`."


def test_rules_without_labels_are_said_so() -> None:
    figure = product_audience(shop_of("2025-02-01", items=items_of([("1", "ann", "tea", "2025-01-05")])), product="tea")
    assert [one.code for one in figure.remarks] == ["R846"]
    assert figure.frame.is_empty()


def planted() -> list[Line]:
    """Of 60 buyers of cups 45 bought tea as well; of 60 buyers of soap and of ink about as many as of all."""
    draw = np.random.Generator(np.random.PCG64(5))
    lines: list[Line] = []
    start = instant("2025-01-01T12:00")
    for number in range(240):
        own = ("cup", "soap", "ink", "pen")[number % 4]
        likes = 0.75 if own == "cup" else 0.2
        lines.append((f"a{number}", f"c{number:03d}", own, start + dt.timedelta(days=number % 60)))
        if draw.random() < likes:
            lines.append((f"b{number}", f"c{number:03d}", "tea", start + dt.timedelta(days=61)))
    return lines


def test_who_is_likely_next_has_what_goes_with_it_and_not_it() -> None:
    lines = planted()
    has = {product: {line[1] for line in lines if line[2] == product} for product in ("tea", "cup")}
    last = {line[1]: line[3] for line in lines if line[2] == "cup"}
    figure = likely_next(shop_of("2025-04-01", items=items_of(lines)), product="tea")
    rows = figure.frame.rows(named=True)
    assert {row["customer"] for row in rows} == has["cup"] - has["tea"]
    assert {row["because"] for row in rows} == {"cup"}
    assert rows[0]["confidence"] == pytest.approx(len(has["cup"] & has["tea"]) / len(has["cup"]))
    assert rows[0]["lift"] == pytest.approx(rows[0]["confidence"] / (len(has["tea"]) / 240))
    assert [row["at"] for row in rows] == sorted((last[row["customer"]] for row in rows), reverse=True)
    lately = likely_next(shop_of("2025-03-10", items=items_of(lines)), product="tea", within="30d").frame
    since = instant("2025-02-08")
    assert set(lately["customer"]) == {one for one in has["cup"] - has["tea"] if last[one] > since}


def test_before_it_was_bought_nobody_is_likely() -> None:
    lines = planted()
    before = shop_of("2025-03-03", items=items_of(lines), products=pl.DataFrame({"product": ["tea"]}))
    assert [one.code for one in likely_next(before, product="tea").remarks] == ["R845"]
    lone = shop_of("2025-04-01", items=items_of(lines[:1]))
    assert [one.code for one in likely_next(lone, product="cup").remarks] == ["R846"]


def test_what_goes_with_a_category_is_of_another() -> None:
    lines = planted()
    items = items_of(lines, category=["drink" if line[2] in ("tea", "soap") else "desk" for line in lines])
    found = likely_next(shop_of("2025-04-01", items=items), category="drink")
    drinkers = {line[1] for line in lines if line[2] in ("tea", "soap")}
    assert set(found.frame["because"]) == {"cup"}
    assert not set(found.frame["customer"]) & drinkers
