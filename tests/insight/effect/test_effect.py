"""The effect of a campaign: the same as by hand, whole and wave by wave, and nothing after T."""

from __future__ import annotations

import statistics
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Figure, Shop, campaign_cost, campaign_effect, campaign_waves
from tests.insight.effect import oracle
from tests.insight.effect.world import CARE, DAY, HEAD, START, Channel, engine, frames, shop

Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def care() -> Shop:
    return shop(seed=3)


def codes(figure: Figure) -> list[str]:
    return [one.code for one in figure.remarks]


@pytest.mark.parametrize(("zone", "against"), [("Asia/Shanghai", "control"), ("Europe/Berlin", "holdout")])
def test_arms_windows_and_values_are_those_by_hand(care: Shop, zone: str, against: str) -> None:
    if zone != care.zone:  # on 30 March the clock is changed there
        care = shop(CARE.replace(care.zone, zone), seed=3)
    figure = campaign_effect(care, "care", windows=["5d", "15d", "60d"], against=against)  # type: ignore[arg-type]
    whole = oracle.entrants(care, "care", 2500, 1000)
    people_of = {wave: oracle.in_wave(care, "care", wave, whole) for wave in (1, 2, 3)} | {None: whole}
    answers_of = {wave: oracle.responses(care, "care", wave) for wave in people_of}
    bought = oracle.purchases(frames(seed=3))
    seen = set()
    for row in figure.frame.iter_rows(named=True):
        seen.add((row["wave"], row["window"], row["measure"]))
        people, answered = people_of[row["wave"]], answers_of[row["wave"]]
        arms = oracle.values(people, bought, answered, row["measure"], int(row["window"][:-1]), care)
        treated, control = arms["treated"], arms[against]
        assert (row["treated"], row["control"]) == (len(treated), len(control)), row
        assert row["open"] == len(people) - sum(map(len, arms.values()))
        assert row["treated_value"] == (float(sum(treated) / len(treated)) if treated else None)
        if row["measure"] == "response":
            assert row["control_value"] is row["difference"] is row["p"] is None
            continue
        assert row["control_value"] == (float(sum(control) / len(control)) if control else None)
        if treated and control:
            difference = sum(treated) / len(treated) - sum(control) / len(control)
            assert row["difference"] == pytest.approx(float(difference), abs=1e-9)
    assert len(seen) == 3 * 4 * 4 + 1
    assert any(row[0] == 3 for row in seen)
    assert figure.frame.get_column("treated_value").sum() > 0


def test_tests_are_those_of_another_package(care: Shop) -> None:
    figure = campaign_effect(care, "care", windows=["15d"], waves=False)
    rows = {row["measure"]: row for row in figure.frame.iter_rows(named=True)}
    whole, bought = oracle.entrants(care, "care", 2500, 1000), oracle.purchases(frames(seed=3))
    arms = oracle.values(whole, bought, {}, "revenue", 15, care)
    treated, control = ([float(one) for one in arms[arm]] for arm in ("treated", "control"))
    expected = stats.ttest_ind(treated, control, equal_var=False)
    interval = expected.confidence_interval(0.95)
    row = rows["revenue"]
    assert (row["p"], row["low"], row["high"]) == pytest.approx((expected.pvalue, interval.low, interval.high))
    own = stats.t.interval(
        0.95, len(treated) - 1, statistics.fmean(treated), statistics.stdev(treated) / len(treated) ** 0.5
    )
    assert (row["treated_low"], row["treated_high"]) == pytest.approx(own)
    ps = [row["p"] for row in figure.frame.filter(pl.col("p").is_not_null()).iter_rows(named=True)]
    adjusted = figure.frame.filter(pl.col("p").is_not_null()).get_column("p_adjusted").to_list()
    assert all(later >= earlier for later, earlier in zip(adjusted, ps, strict=True))
    assert min(adjusted) == pytest.approx(min(1, len(ps) * min(ps)))


def test_nothing_after_the_instant_is_seen() -> None:
    rules, facts = rulecrm.loads(CARE), rulecrm.Facts.from_frames(**frames())
    days, now = (5, 24, 45), START + 45 * DAY
    whole = Shop.of(rules, facts, as_of=now, engine=engine(rules, facts, days=(*days, 60)))
    orders = frames()["orders"].filter(pl.col("placed_at") <= now)
    for stage in ("paid", "delivered", "refunded", "cancelled"):
        column = pl.col(f"{stage}_at")
        orders = orders.with_columns(pl.when(column <= now).then(column).alias(f"{stage}_at"))
    kept = frames() | {"orders": orders}
    kept["items"] = kept["items"].filter(pl.col("order").is_in(orders.get_column("order").to_list()))
    kept["events"] = kept["events"].filter(pl.col("at") <= now)
    cut = rulecrm.Facts.from_frames(**kept)
    then = Shop.of(rules, cut, as_of=now, engine=engine(rules, cut, days=days))
    asked = {"windows": ["10d", "30d"]}
    assert_frame_equal(campaign_effect(whole, "care", **asked).frame, campaign_effect(then, "care", **asked).frame)  # type: ignore[arg-type]
    assert_frame_equal(
        campaign_cost(whole, "care", windows=["10d"]).frame, campaign_cost(then, "care", windows=["10d"]).frame
    )
    answers = pl.col("stage") == "answer"
    ours, theirs = (campaign_waves(one, "care").frame.filter(answers) for one in (whole, then))
    assert_frame_equal(ours, theirs)
    assert ours.get_column("count").sum() > 10


def test_cuped_takes_out_what_was_before(care: Shop) -> None:
    plain = campaign_effect(care, "care", windows=["15d"], waves=False, measures=["revenue"]).frame.row(0, named=True)
    figure = campaign_effect(care, "care", windows=["15d"], waves=False, measures=["revenue"], cuped=True, before="30d")
    row = figure.frame.row(0, named=True)
    assert (row["treated_value"], row["method"]) == (plain["treated_value"], "cuped")
    whole, bought = oracle.entrants(care, "care", 2500, 1000), oracle.purchases(frames(seed=3))
    after, before = ({"treated": [], "control": []} for _ in range(2))  # type: ignore[var-annotated]
    for one in whole.values():
        until, since = oracle.later(one.start, 15, care.zone), oracle.later(one.entered, -30, care.zone)
        if one.arm != "holdout" and until <= care.as_of:
            mine = bought.get(one.key, [])
            after[one.arm].append(float(sum(row[1] for row in mine if one.start < row[0] <= until)))
            before[one.arm].append(float(sum(row[1] for row in mine if since < row[0] <= one.entered)))
    theta = (plain["difference"] - row["difference"]) / (
        statistics.fmean(before["treated"]) - statistics.fmean(before["control"])
    )
    left = {arm: [y - theta * x for y, x in zip(after[arm], before[arm], strict=True)] for arm in after}
    expected = stats.ttest_ind(left["treated"], left["control"], equal_var=False)
    # What is estimated from the same customers costs a degree of freedom or two, and no more.
    assert row["p"] == pytest.approx(expected.pvalue, rel=0.05)
    assert "CUPED" in figure.definition.en


def test_costs_and_gains_are_those_by_hand(care: Shop) -> None:
    figure = campaign_cost(care, "care", windows=["15d"], prices={"email": Decimal("0.2")}, fixed=Decimal(30))
    row = figure.frame.row(0, named=True)
    whole, bought = oracle.entrants(care, "care", 2500, 1000), oracle.purchases(frames(seed=3))
    arms = oracle.values(whole, bought, {}, "margin", 15, care)
    treated, control = arms["treated"], arms["control"]
    gain = sum(treated) - sum(control) * Fraction(len(treated), len(control))
    assert row["gain"] == pytest.approx(Decimal(gain.numerator) / Decimal(gain.denominator), abs=Decimal("0.0001"))
    over = {
        one.key: oracle.later(one.start, 15, care.zone)
        for one in whole.values()
        if one.arm == "treated" and oracle.later(one.start, 15, care.zone) <= care.as_of
    }
    assert care.engine is not None
    cost, messages = Decimal(30) * len(over) / sum(one.arm == "treated" for one in whole.values()), 0
    for told in care.engine.receipts().iter_rows(named=True):
        if told["kind"] == "message" and told["customer"] in over and told["at"] <= over[told["customer"]]:
            messages += 1
            cost += Decimal("0.2") if told["channel"] == "email" else Decimal("0.05")
    assert messages > 5
    assert (row["messages"], row["cost"]) == (messages, cost.quantize(Decimal("0.0001")))
    assert row["profit"] == row["gain"] - row["cost"]
    assert row["roi"] == pytest.approx(float(row["profit"] / row["cost"]))
    assert row["roi_low"] < row["roi"] < row["roi_high"]
    assert row["base"] == "margin"


def test_who_looks_again_and_again_gets_wider_intervals(care: Shop) -> None:
    asked = {"windows": ["5d"], "waves": False, "measures": ["repurchase", "revenue"]}
    once = campaign_effect(care, "care", **asked).frame  # type: ignore[arg-type]
    ever = campaign_effect(care, "care", **asked, peeking=True, planned=60).frame  # type: ignore[arg-type]
    assert set(ever.get_column("method")) <= {"always_valid", None}
    for one, other in zip(once.iter_rows(named=True), ever.iter_rows(named=True), strict=True):
        assert one["difference"] == other["difference"]
        assert other["low"] is None or (other["low"] < one["low"] and other["high"] > one["high"])


BRANCHES = """
campaign lot { enter on purchase  control 50%
  if count(purchase) >= 2 { send sms hello } else { send email letter }
  wait 3d
  split { 50% a { send sms hello } 50% b { send email letter } }
  if none(open since entry) { send sms hello }
}
campaign waits { enter on purchase  control 50%  send sms hello  wait until purchase up to 9d  send sms hello }
campaign leaves { enter on purchase  control 50%  exit on refund  send sms hello  wait 5d  send sms hello }
campaign rounds { enter on purchase  control 50%
  repeat up to 3 times every 5d { send sms hello }
  send email letter
}
"""


@pytest.fixture(scope="module")
def branching() -> Shop:
    plain = "campaign waves { enter on purchase  control 50%  send sms hello  wait 2d  send sms hello }\n"
    return shop(HEAD + BRANCHES + plain, days=(85,), answers=None, customers=60)


@pytest.mark.parametrize(
    ("campaign", "chosen"), [("lot", {5}), ("waves", set()), ("waits", {2}), ("leaves", {2}), ("rounds", set())]
)
def test_waves_that_customers_come_to_by_what_they_did_are_named(
    branching: Shop, campaign: str, chosen: set[int]
) -> None:
    figure = campaign_effect(branching, campaign, windows=["5d"])
    assert {one.about["wave"] for one in figure.remarks if one.code == "R814"} == chosen


def test_a_repeat_counts_each_round_by_itself(branching: Shop) -> None:
    frame = campaign_waves(branching, "rounds").frame.filter(measure="decided")
    assert frame.select("wave", "round").rows() == [(1, "1"), (1, "2"), (1, "3"), (2, "")]
    assert branching.engine is not None
    decided = branching.engine.decisions(campaign="rounds").filter(pl.col("at") <= branching.as_of)
    assert frame.get_column("count").sum() == decided.height


def test_an_unknown_name_is_told_the_nearest(branching: Shop) -> None:
    made = branching
    with pytest.raises(RulesError, match="did you mean `lot`"):
        campaign_effect(made, "lott")
    with pytest.raises(RulesError, match="did you mean `revenue`"):
        campaign_effect(made, "lot", measures=["revenu"])
    for asked, code in (
        ({"windows": []}, "R818"), ({"windows": ["soon"]}, "R800"), ({"level": 95}, "R819"), ({"planned": 0}, "R818"),
        ({"against": "treated"}, "R120"),
    ):  # fmt: skip
        with pytest.raises(RulesError) as error:
            campaign_effect(made, "lot", **asked)  # type: ignore[arg-type]
        assert [one.code for one in error.value.diagnostics] == [code], asked
    alone = Shop.of(made.rules, made.facts, as_of=made.as_of)
    for ask in (campaign_effect, campaign_cost, campaign_waves):
        with pytest.raises(RulesError) as error:
            ask(alone, "lot")
        assert error.value.diagnostics[0].code == "R801"


def test_a_price_in_another_currency_is_converted_at_the_rate_of_its_day() -> None:
    rules = rulecrm.loads(CARE)
    rates = pl.DataFrame(
        {"currency": ["USD"] * 2, "date": [START.date(), (START + 20 * DAY).date()], "rate": ["7", "8"]}
    )
    facts = rulecrm.Facts.from_frames(**frames(), rates=rates.with_columns(pl.col("rate").cast(pl.Decimal(18, 4))))
    made = engine(rules, facts, days=(5, 31, 80), sms=Channel("sms", "0.01", "USD"), email=Channel("email", None))
    the_shop = Shop.of(rules, facts, as_of=START + 80 * DAY, engine=made)
    figure = campaign_cost(the_shop, "care", windows=["40d"])
    assert figure.frame.row(0, named=True)["cost"] is None
    assert "R815" in codes(figure)
    row = campaign_cost(the_shop, "care", windows=["40d"], prices={"email": Decimal(0)}).frame.row(0, named=True)
    whole = oracle.entrants(the_shop, "care", 2500, 1000)
    expected = Decimal(0)
    for told in made.receipts().filter(kind="message", channel="sms").iter_rows(named=True):
        until = oracle.later(whole[told["customer"]].start, 40, the_shop.zone)
        if until <= the_shop.as_of and told["at"] <= until:
            expected += Decimal("0.07") if told["at"] < START + 10 * DAY else Decimal("0.08")
    assert expected > 0
    assert row["cost"] == expected


def test_figures_of_one_shop_speak_of_one_moment() -> None:
    rules, facts = rulecrm.loads(CARE), rulecrm.Facts.from_frames(**frames(40))
    made = engine(rules, facts, days=(5, 31), answers=None)
    the_shop = Shop.of(rules, facts, as_of=START + 60 * DAY, engine=made)
    figure = campaign_effect(the_shop, "care")
    assert "The ledger has been advanced to 2025-02-15 08:00 Asia/Shanghai" in figure.definition.en
    before = figure.frame
    made.advance(START + 60 * DAY)
    assert_frame_equal(campaign_effect(the_shop, "care").frame, before)
    assert campaign_effect(the_shop.at(the_shop.as_of), "care").frame["open"].sum() > before["open"].sum()
    assert "The ledger has been advanced" not in campaign_effect(the_shop.at(the_shop.as_of), "care").definition.en


GOALS = """
campaign same { enter on purchase  control 50%  goal purchase where category == entry.category within 60d  send sms hello }
campaign heard { enter on purchase  control 10%  goal open where campaign == "heard" within 10d  send sms hello }
"""


@pytest.mark.parametrize("keys", [pl.String, pl.Int32], ids=["text", "numbers"])
def test_a_goal_reads_what_was_entered_on_and_what_was_done_with_messages(keys: type[pl.DataType]) -> None:
    made = frames(80)
    category = made["products"].select("product", "category")
    made["orders"] = made["orders"].join(category, on="product", how="left")
    made["events"] = made["events"].with_columns(campaign=pl.lit(None, pl.String))
    numbered = pl.col("customer").str.strip_prefix("c").cast(keys)
    given = {
        name: frame.with_columns(numbered) if "customer" in frame.columns else frame for name, frame in made.items()
    }
    rules, facts = rulecrm.loads(HEAD + GOALS), rulecrm.Facts.from_frames(**given)
    days = (3, 17, 31, 45)
    the_shop = Shop.of(rules, facts, as_of=START + 100 * DAY, engine=engine(rules, facts, days=days, answers=5))
    rows = made["orders"].drop_nulls("paid_at").sort("paid_at").rows(named=True)
    for name, control, length in (("same", 5000, 60), ("heard", 1000, 10)):
        whole = oracle.entrants(the_shop, name, control, 0)
        opens = the_shop.engine.receipts().filter(kind="open", campaign=name)  # type: ignore[union-attr]
        reached = {"treated": 0, "control": 0}
        for one in whole.values():
            mine = [row for row in rows if row["customer"].lstrip("c").zfill(5) == one.key.lstrip("c").zfill(5)]
            until = oracle.later(one.start, length, the_shop.zone)
            if until > the_shop.as_of:
                continue
            entered_on = next(row for row in mine if row["paid_at"] == one.start)
            again = [row for row in mine if one.start < row["paid_at"] <= until]
            same = any(row["category"] == entered_on["category"] for row in again)
            heard = any(one.start < at <= until for at in opens.filter(customer=one.key).get_column("at"))
            reached[one.arm] += same if name == "same" else heard
        frame = campaign_effect(the_shop, name, windows=["10d"], measures=["goal"]).frame
        found = frame.row(0, named=True)
        assert sum(reached.values()) > 0
        assert round(found["treated_value"] * found["treated"]) == reached["treated"]
        assert round(found["control_value"] * found["control"]) == reached["control"]
