"""What cannot be concluded is said in words, and never a number that is none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal

import polars as pl
import pytest

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import (
    Figure,
    Shop,
    campaign_channels,
    campaign_cost,
    campaign_effect,
    campaign_size,
    campaign_waves,
)
from tests.insight.effect.oracle import arm_of
from tests.insight.effect.world import CARE, DAY, HEAD, MADE, START

ALONE = HEAD + "campaign care { enter on purchase  send sms hello }\n"
BESIDE = ALONE.replace("campaign care {", "campaign care { control 30%")
KEPT = ALONE + "policy { holdout 30% }\n"

Buys = Mapping[str, list[tuple[float, str]]]

ALIKE: Buys = {f"c{number}": [(1, "10"), (3, "10")] for number in range(20)}
NEVER_AGAIN: Buys = {f"c{number}": [(1, "10")] for number in range(20)}


def made(
    rules: str,
    buys: Buys,
    *,
    as_of: float = 30,
    amounts: bool = True,
    currency: str = "CNY",
    start: dt.datetime = START,
) -> Shop:
    """A shop of these purchases: days after the start, and amounts."""
    rows = [(who, START + day * DAY, Decimal(amount)) for who, all_ in buys.items() for day, amount in all_]
    orders = pl.DataFrame(
        [
            pl.Series("order", [f"o{number}" for number in range(len(rows))], pl.String),
            pl.Series("customer", [row[0] for row in rows], pl.String),
            pl.Series("paid_at", [row[1] for row in rows], pl.Datetime("us", "UTC")),
            pl.Series("amount", [row[2] for row in rows], pl.Decimal(18, 2)),
            pl.Series("currency", [currency] * len(rows), pl.String),
        ]
    )
    facts = rulecrm.Facts.from_frames(orders=orders if amounts else orders.drop("amount", "currency"))
    loaded = rulecrm.loads(rules)
    engine = rulecrm.Engine(loaded, facts, state="sqlite://", start=start)
    MADE.append(engine)
    engine.advance(START + as_of * DAY)
    return Shop.of(loaded, facts, as_of=START + as_of * DAY, engine=engine)


def codes(figure: Figure) -> set[str]:
    assert all(one.words.en and one.words.zh for one in figure.remarks)
    return {one.code for one in figure.remarks}


def row(figure: Figure, measure: str, wave: int | None = None) -> dict[str, object]:
    found = figure.frame.filter(pl.col("measure") == measure, pl.col("wave").eq_missing(pl.lit(wave, pl.Int64)))
    return found.row(0, named=True)


def test_without_a_control_group_it_is_said_that_nothing_follows() -> None:
    figure = campaign_effect(made(ALONE, ALIKE), "care", windows=["10d"])
    assert any("cannot be told from what would have happened anyway" in str(one) for one in figure.remarks)
    found = row(figure, "repurchase")
    assert (found["treated"], found["treated_value"], found["control"], found["control_value"]) == (20, 1.0, 0, None)
    assert found["difference"] is found["low"] is found["p"] is found["p_adjusted"] is None
    cost = campaign_cost(made(ALONE, ALIKE), "care", windows=["10d"]).frame.row(0, named=True)
    assert (cost["gain"], cost["profit"], cost["roi"]) == (None, None, None)


def test_without_a_control_group_the_holdout_serves_and_that_is_said() -> None:
    figure = campaign_effect(made(KEPT, ALIKE), "care", windows=["10d"])
    assert "R803" in codes(figure)
    assert "R802" not in codes(figure)
    found = row(figure, "repurchase")
    assert found["against"] == "holdout"
    assert isinstance(found["control"], int)
    assert found["control"] > 0


@pytest.mark.parametrize("arm", ["treated", "control"])
def test_an_empty_arm_is_named(arm: str) -> None:
    buys = {who: rows for who, rows in ALIKE.items() if arm_of(who, "care", 3000, 0) != arm}
    figure = campaign_effect(made(BESIDE, buys), "care", windows=["10d"])
    assert [one.about for one in figure.remarks if one.code == "R805"] == [{"arm": arm}]
    found = row(figure, "revenue")
    assert (found[arm], found[f"{arm}_value"], found["difference"]) == (0, None, None)


def test_one_customer_is_too_few_and_none_is_nobody() -> None:
    one = campaign_effect(made(BESIDE, {"c1": [(1, "10"), (2, "5")]}), "care", windows=["10d"])
    assert {"R805"} <= codes(one)
    none = made(BESIDE, {"c1": [(-5, "10")]})
    for ask in (campaign_effect, campaign_cost, campaign_waves, campaign_channels):
        figure = ask(none, "care")
        assert codes(figure) == {"R804"}, figure.remarks
    assert campaign_waves(none, "care").frame.is_empty()


@pytest.mark.parametrize("buys", [ALIKE, NEVER_AGAIN], ids=["all", "none"])
def test_where_all_are_alike_chance_is_not_spoken_of(buys: Buys) -> None:
    figure = campaign_effect(made(BESIDE, buys), "care", windows=["10d"], cuped=True)
    assert "R807" in codes(figure)
    for measure in ("revenue", "repurchase"):
        assert row(figure, measure)["difference"] == 0
    assert row(figure, "revenue")["p"] is None
    assert "R815" in codes(campaign_cost(made(BESIDE, buys), "care"))  # nothing was sent, so nothing was spent


def test_few_who_buy_make_an_interval_of_amounts_too_narrow_and_that_is_said() -> None:
    unlike = {f"c{n}": [(1, "10"), (2, str(5 + n))] for n in range(40)}
    plain, careful = (
        campaign_effect(made(BESIDE, unlike), "care", windows=["10d"], peeking=one) for one in (False, True)
    )
    assert row(plain, "revenue")["low"] is not None
    assert [one for one in plain.remarks if one.code == "R807" and "peeking=True" in one.words.en]
    assert not [one for one in careful.remarks if "peeking=True" in one.words.en]


def test_a_window_that_has_passed_for_nobody_says_so() -> None:
    figure = campaign_effect(made(BESIDE, ALIKE), "care", windows=["10d", "90d"])
    found = figure.frame.filter(window="90d", measure="repurchase").row(0, named=True)
    assert (found["treated"], found["treated_value"], found["open"], found["difference"]) == (0, None, 20, None)
    assert any("nobody has passed 90d yet" in str(one) for one in figure.remarks if one.code == "R809")


def test_facts_without_amounts_have_no_revenue() -> None:
    the_shop = made(BESIDE, ALIKE, amounts=False)
    figure = campaign_effect(the_shop, "care", windows=["10d"])
    assert set(figure.frame.get_column("measure")) == {"response", "repurchase"}
    assert {one.about["measure"] for one in figure.remarks if one.code == "R808"} == {"revenue", "margin"}
    cost = campaign_cost(the_shop, "care", windows=["10d"])
    assert cost.frame.row(0, named=True)["gain"] is None
    assert "R808" in codes(cost)
    assert "R808" in codes(campaign_size(the_shop, "care", uplift=1, measure="revenue"))
    goal = campaign_effect(the_shop, "care", windows=["10d"], measures=["goal"])
    assert goal.frame.is_empty()
    assert "R808" in codes(goal)


def test_facts_without_customers_have_nobody() -> None:
    rules, facts = rulecrm.loads(BESIDE), rulecrm.Facts.from_frames()
    engine = rulecrm.Engine(rules, facts, state="sqlite://", start=START)
    MADE.append(engine)
    engine.advance(START + DAY)
    figure = campaign_effect(Shop.of(rules, facts, as_of=START + DAY, engine=engine), "care")
    assert "R804" in codes(figure)


def test_amounts_in_another_currency_without_a_rate_are_a_mistake() -> None:
    with pytest.raises(RulesError) as error:
        campaign_effect(made(BESIDE, ALIKE, currency="USD"), "care", windows=["10d"])
    assert "USD" in str(error.value)


def test_arms_that_are_not_as_large_as_was_declared_are_not_believed() -> None:
    buys: Buys = {f"c{number}": [(1, "10")] for number in range(300)}
    the_shop = made(BESIDE + "policy { holdout 40% }\n", buys)
    assert "R806" not in codes(campaign_effect(the_shop, "care", windows=["10d"]))
    now = rulecrm.loads(BESIDE + "policy { holdout 2% }\n")  # it was lowered after the customers had entered
    later = Shop.of(now, the_shop.facts, as_of=the_shop.as_of, engine=the_shop.engine)
    figure = campaign_effect(later, "care", windows=["10d"])
    assert any("in `holdout` where 4 are expected" in str(one) for one in figure.remarks if one.code == "R806")


def test_who_was_erased_and_who_entered_with_another_version_is_said() -> None:
    the_shop = made(BESIDE, ALIKE)
    assert the_shop.engine is not None
    the_shop.engine.erase("c3")
    other = rulecrm.loads(BESIDE.replace("send sms", "wait 1d  send sms"))
    figure = campaign_effect(
        Shop.of(other, the_shop.facts, as_of=the_shop.as_of, engine=the_shop.engine), "care", windows=["10d"]
    )
    assert {"R811", "R812"} <= codes(figure)
    found = row(figure, "repurchase")
    assert found["treated"] + found["control"] == 19  # type: ignore[operator]


def test_an_entering_block_of_a_lifecycle_is_a_campaign_too() -> None:
    text = KEPT + "lifecycle walk { start none  none -> bought on purchase  entering bought { send sms hello } }\n"
    figure = campaign_effect(made(text, ALIKE), "walk.bought", windows=["10d"])
    assert row(figure, "repurchase")["against"] == "holdout"


@pytest.mark.parametrize("ask", [campaign_cost, campaign_channels])
@pytest.mark.parametrize("price", [Decimal("NaN"), Decimal(-1), 0.05])
def test_a_price_is_an_exact_amount(ask: Callable[..., Figure], price: Decimal) -> None:
    with pytest.raises(RulesError, match="no exact amount"):
        ask(made(BESIDE, {}), "care", prices={"sms": price})


def test_every_column_has_a_title_and_every_definition_two_languages() -> None:
    the_shop = made(CARE, ALIKE)
    figures = [
        *(ask(the_shop, "care") for ask in (campaign_effect, campaign_cost, campaign_waves, campaign_channels)),
        campaign_size(the_shop, "care", uplift=0.1),
    ]
    for figure in figures:
        assert set(figure.frame.columns) == set(figure.columns)
        assert all(words.en and words.zh for words in figure.columns.values())
        assert "`care`" in figure.definition.en
        assert "“care”" in figure.definition.zh
        assert figure.origins[0].name == "care"
