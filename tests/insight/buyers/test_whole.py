"""What holds of every figure about buyers, staff and sources."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

import rulecrm
from rulecrm.insight import Figure, Shop, buyers
from tests.insight.buyers.little import NOW, RULES, Little, little, loaded

FIGURES: list[Callable[..., Figure]] = [getattr(buyers, name) for name in buyers.__all__]


@pytest.fixture(scope="module")
def world() -> Little:
    return little(11)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.__name__)
def test_every_column_has_its_titles_and_every_figure_its_words(figure: Callable[..., Figure], world: Little) -> None:
    found = figure(world.shop())
    assert found.name == figure.__name__
    assert set(found.frame.columns) <= set(found.columns)
    for words in (found.title, found.definition, *found.columns.values(), *(one.words for one in found.remarks)):
        assert words.en
        assert words.zh
    assert found.definition.en.endswith(".")
    assert found.definition.zh.endswith("。")
    assert not {"{", "}"} & set(found.definition.en + found.definition.zh)


@pytest.fixture(scope="module")
def of_texts(world: Little) -> dict[str, pl.DataFrame]:
    """Every figure, where keys are text."""
    facts = rulecrm.Facts.from_frames(
        orders=pl.DataFrame(world.orders, infer_schema_length=None),
        events=pl.DataFrame(world.events, infer_schema_length=None),
        items=pl.DataFrame(world.items),
    )
    shop = Shop.of(loaded(RULES), facts, as_of=NOW)
    return {figure.__name__: figure(shop).frame for figure in FIGURES}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("dtype", [pl.Int64, pl.Categorical])
def test_keys_may_be_integers_or_categories(
    figure: Callable[..., Figure], dtype: type[pl.DataType], world: Little, of_texts: dict[str, pl.DataFrame]
) -> None:
    def keyed(rows: list[dict[str, object]]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        key = pl.col("customer").str.strip_prefix("c").cast(pl.Int64) if dtype is pl.Int64 else "customer"
        return frame.with_columns(key)

    orders, events = keyed(list(world.orders)), keyed(list(world.events))
    if dtype is pl.Categorical:
        orders = orders.with_columns(pl.col("customer").cast(pl.Categorical))
    facts = rulecrm.Facts.from_frames(orders=orders, events=events, items=pl.DataFrame(world.items))
    found, expected = figure(Shop.of(loaded(RULES), facts, as_of=NOW)).frame, of_texts[figure.__name__]
    if figure is buyers.blacklist and dtype is pl.Int64:
        expected = expected.with_columns(pl.col("customer").str.strip_prefix("c"))
    assert found.equals(expected)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.__name__)
def test_rules_without_a_currency_and_a_time_before_everything(figure: Callable[..., Figure], world: Little) -> None:
    shop = world.shop("segment again = count(purchase) >= 2")
    assert figure(shop).frame.columns == figure(shop.at("2001-01-01")).frame.columns
    assert figure(shop.at("2001-01-01")).remarks


@pytest.mark.parametrize("figure", [one for one in FIGURES if one.__name__ not in ("blacklist", "path_to_purchase")])
def test_amounts_without_a_rate_are_refused(figure: Callable[..., Figure]) -> None:
    orders = pl.DataFrame({
        "order": ["a"], "customer": ["x"], "paid_at": [NOW], "placed_at": [NOW], "amount": [1], "discount": [0],
        "currency": ["USD"], "staff": ["s"], "source": ["ads"], "category": ["tea"], "refunded_at": [NOW],
    })  # fmt: skip
    events = pl.DataFrame({"kind": ["cart"], "at": [NOW], "customer": ["x"], "amount": [1], "currency": ["USD"]})
    facts = rulecrm.Facts.from_frames(orders=orders, events=events)
    with pytest.raises(rulecrm.RulesError) as error:
        figure(Shop.of(loaded(RULES), facts, as_of=NOW))
    assert {one.code for one in error.value.diagnostics} == {"R415"}
