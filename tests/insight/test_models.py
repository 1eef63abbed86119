"""Models over metrics: what they learn from lies before what they are judged on, and no row sees its future."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Model, Shop, Trained, churn, clusters, clv, similar, train
from rulecrm.insight.models.card import Card, Feature, learn
from rulecrm.insight.models.features import Matrix, features_at, features_now
from rulecrm.insight.models.groups import _ranks
from rulecrm.insight.models.judging import _auc
from rulecrm.insight.models.learning import _without_purchase
from rulecrm.model.durations import Duration
from rulecrm.testing.shops import make_shop_frames

RULES = """
timezone "Asia/Shanghai"
currency CNY
kind score { model: text, value: number }
metric purchases "Purchases" = count(purchase)
metric spent "Spent" = sum(purchase.amount) ?? 0 CNY
metric recent_spent = sum(purchase.amount last 60d) ?? 0 CNY
metric idle "Idle" = age(last(purchase).at) / 1d
metric first_at = first(purchase).at
metric gap = median_gap(purchase)
metric city_name = city
metric buyers of product = distinct(purchase.customer)
segment asked = exists(inquiry last 90d)
segment quiet = not exists(purchase last 60d)
segment never = purchases > 1_000_000
classify standing { regular when purchases >= 3
 new otherwise }
lifecycle life { start fresh
 fresh -> back on purchase }
metric risk = last(score where model == "churn").value
segment leaving = risk > 0.8
"""
FEATURES = ["purchases", "spent", "idle", "first_at", "gap", "asked", "standing", "life"]
AS_OF = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)


def frames(seed: int = 1, customers: int = 300) -> dict[str, pl.DataFrame]:
    return make_shop_frames(customers=customers, days=365, seed=seed)


def shop_of(made: dict[str, pl.DataFrame], as_of: dt.datetime = AS_OF) -> Shop:
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(**made), as_of=as_of)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return shop_of(frames())


@pytest.fixture(scope="module")
def leaving(shop: Shop) -> Trained:
    return churn(shop, features=FEATURES, horizon="60d")


def cut(made: dict[str, pl.DataFrame], instant: dt.datetime) -> dict[str, pl.DataFrame]:
    """The same shop, everything after an instant being otherwise: no orders, no events, no newcomers."""
    stages = [name for name in made["orders"].columns if name.endswith("_at")]
    orders = made["orders"].with_columns(
        pl.when(pl.col(name) <= instant).then(pl.col(name)).alias(name) for name in stages
    )
    return made | {
        "orders": orders.filter(pl.col("placed_at").is_not_null()),
        "items": made["items"].filter(
            pl.col("order").is_in(orders.filter(pl.col("placed_at").is_not_null())["order"].implode())
        ),
        "events": made["events"].filter(pl.col("at") <= instant),
    }


def text(trained: Trained) -> str:
    return trained.model.to_json()


# --- no leakage -------------------------------------------------------------------------------------------------------


def test_features_do_not_see_what_comes_after_their_instant() -> None:
    made, instant = frames(2), dt.datetime(2025, 8, 1, tzinfo=dt.UTC)
    points = pl.DataFrame({"customer": made["customers"]["customer"], "at": [instant] * 300}).with_columns(
        pl.col("at").dt.cast_time_unit("us")
    )
    whole, past = (features_at(shop_of(one), FEATURES, points) for one in (made, cut(made, instant)))
    assert np.array_equal(whole.values, past.values, equal_nan=True)
    assert not np.array_equal(
        whole.values,
        features_at(shop_of(cut(made, instant - dt.timedelta(days=60))), FEATURES, points).values,
        equal_nan=True,
    )


def test_what_happens_after_t_changes_nothing(leaving: Trained) -> None:
    again = churn(shop_of(cut(frames(), AS_OF)), features=FEATURES, horizon="60d")
    assert text(again) == text(leaving)
    for name in ("quality", "calibration", "lift"):
        assert getattr(again, name).frame.equals(getattr(leaving, name).frame)


def test_nothing_is_learnt_from_the_time_that_is_judged(leaving: Trained) -> None:
    """After the instant that is judged everything is otherwise: the judgement changes, the model does not."""
    judged = dt.datetime(2025, 10, 2, tzinfo=dt.UTC)  # 60 days before T
    assert leaving.model.until == judged
    again = churn(shop_of(cut(frames(), judged)), features=FEATURES, horizon="60d")
    assert text(again) == text(leaving)
    assert not again.quality.frame.equals(leaving.quality.frame)
    earlier = churn(shop_of(cut(frames(), judged - dt.timedelta(days=40))), features=FEATURES, horizon="60d")
    assert text(earlier) != text(leaving)


def test_features_now_are_features_at_t(shop: Shop) -> None:
    customers = shop.purchases()["customer"].unique(maintain_order=True)
    points = pl.DataFrame({"customer": customers}).with_columns(pl.lit(AS_OF, pl.Datetime("us", "UTC")).alias("at"))
    now, at = features_now(shop, FEATURES, customers), features_at(shop, FEATURES, points)
    assert np.array_equal(now.values, at.values, equal_nan=True)
    assert now.labels == at.labels
    assert now.labels[6] == ("regular", "new")


def test_rows_that_reach_into_the_judged_time_are_left_out(shop: Shop) -> None:
    days = ["2025-05-01", "2025-08-15", "2025-09-01"]
    trained = train(shop, target="quiet", features=["purchases", "idle"], horizon="60d", instants=days)
    # That of 15 August would have reached 14 October, past 1 September.
    assert trained.model.until == dt.datetime(2025, 6, 29, 16, tzinfo=dt.UTC)


# --- outcomes and measures, slowly ------------------------------------------------------------------------------------


def test_who_did_not_buy_again(shop: Shop) -> None:
    bought: dict[str, list[dt.datetime]] = {}
    for customer, at in shop.purchases().select("customer", "at").iter_rows():
        bought.setdefault(customer, []).append(at)
    rows = [(customer, at) for customer, ats in bought.items() for at in (ats[0], ats[0] + dt.timedelta(days=31))]
    points = pl.DataFrame(rows, schema={"customer": pl.String, "at": pl.Datetime("us", "UTC")}, orient="row")
    found = _without_purchase(shop, points, Duration(days=60))
    expected = [not any(at < one <= at + dt.timedelta(days=60) for one in bought[customer]) for customer, at in rows]
    assert found.tolist() == expected
    assert 0 < sum(expected) < len(expected)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_auc_counts_pairs(rows: list[tuple[int, bool]]) -> None:
    ones, zeros = [score for score, yes in rows if yes], [score for score, yes in rows if not yes]
    pairs = [1.0 if one > zero else 0.5 if one == zero else 0.0 for one in ones for zero in zeros]
    found = _auc(np.array([float(score) for score, _ in rows]), np.array([float(yes) for _, yes in rows]))
    assert found == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@settings(max_examples=25)
@given(st.lists(st.one_of(st.just(math.nan), st.integers(-3, 3).map(float)), min_size=1, max_size=30))
def test_ranks_are_shares_below(values: list[float]) -> None:
    there = [one for one in values if not math.isnan(one)]
    expected = [
        0.5 if math.isnan(one) else sum((other < one) + (other == one) / 2 for other in there) / len(there)
        for one in values
    ]
    assert _ranks(np.array(values)) == pytest.approx(expected)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)), st.sampled_from([0.0, 1.0])),
        min_size=2,
        max_size=60,
    )
)
def test_a_card_adds_the_points_of_its_places(rows: list[tuple[float, float]]) -> None:
    outcome = np.array([yes for _, yes in rows])
    if len(set(outcome)) < 2:
        return
    matrix = Matrix(("x",), (None,), np.array([[value] for value, _ in rows]))
    card = learn(matrix, outcome, logistic=True)
    (feature,) = card.features
    for (value, _), score in zip(rows, card.score(matrix), strict=True):
        place = len(feature.edges) + 1
        if not math.isnan(value):
            place = next((at for at, edge in enumerate(feature.edges) if value <= edge), len(feature.edges))
        assert score == pytest.approx(1 / (1 + math.exp(-card.start - feature.points[place])))
    assert len(feature.places()) == len(feature.points)
    # The intercept is free: logistic regression meets the share of those who were.
    assert card.score(matrix).mean() == pytest.approx(outcome.mean(), abs=1e-3)


def test_scores_neither_overflow_nor_are_unreadable() -> None:
    card = Card((Feature("x", None, (0.0,), (-2_000.0, 2_000.0, 0.0)),), 0.0, logistic=True)
    assert card.score(Matrix(("x",), (None,), np.array([[-1.0], [1.0], [math.nan]]))).tolist() == [0.0, 1.0, 0.5]


def test_quality_calibration_and_lift_are_of_the_judged_rows(shop: Shop, leaving: Trained) -> None:
    judged = dt.datetime(2025, 10, 2, tzinfo=dt.UTC)
    then = shop.at(judged)
    scores = dict(leaving.model.score(then).select("customer", "value").iter_rows())
    bought = {
        customer
        for customer, at in shop.purchases().select("customer", "at").iter_rows()
        if judged < at <= judged + dt.timedelta(days=60)
    }
    quality = {row["measure"]: row for row in leaving.quality.frame.iter_rows(named=True)}
    outcome = {customer: float(customer not in bought) for customer in scores}
    assert quality["rows"]["model"] == len(scores)
    assert quality["mean_outcome"]["beside"] == pytest.approx(sum(outcome.values()) / len(outcome))
    errors = [(scores[customer] - outcome[customer]) ** 2 for customer in scores]
    assert quality["mean_squared_error"]["model"] == pytest.approx(sum(errors) / len(errors))
    assert quality["auc"]["model"] > 0.6
    ranked = sorted(scores, key=lambda one: (-scores[one], one))
    lift = leaving.lift.frame
    assert lift["customers"].to_list()[-1] == len(scores)
    for customers, actual, captured in lift.select("customers", "actual", "captured").iter_rows():
        best = [outcome[one] for one in ranked[:customers]]
        assert actual == pytest.approx(sum(best) / len(best))
        assert captured == pytest.approx(sum(best) / sum(outcome.values()))
    calibration = leaving.calibration.frame
    assert calibration["customers"].sum() == len(scores)
    assert calibration["predicted"].is_sorted(descending=True)
    assert bool(((calibration["low"] <= calibration["actual"]) & (calibration["actual"] <= calibration["high"])).all())


def test_a_metric_can_be_foretold(shop: Shop) -> None:
    trained = train(shop, target="recent_spent", features=["spent", "idle"], horizon="60d", name="value")
    quality = {row["measure"]: row for row in trained.quality.frame.iter_rows(named=True)}
    assert quality["mean_squared_error"]["model"] < quality["mean_squared_error"]["beside"]
    assert "auc" not in quality
    assert trained.model.name == "value"
    members = train(shop, target="quiet", features=["spent", "idle"], horizon="60d", among="asked").model.score(shop)
    assert members["customer"].to_list() == [
        one for one in shop.result(["asked"]).segment("asked")["customer"] if one in set(shop.purchases()["customer"])
    ]


# --- kept, and back as a metric ---------------------------------------------------------------------------------------


def test_a_model_is_kept_as_data(shop: Shop, leaving: Trained) -> None:
    text = leaving.model.to_json()
    again = Model.from_json(text)
    assert again == leaving.model
    assert again.score(shop).equals(leaving.model.score(shop))
    assert set(json.loads(text)) == {"rulecrm_model", "name", "target", "horizon", "among", "until", "card"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rulecrm_model": 2}', '{"rulecrm_model": 1, "card": 3}', '"text"', "nan", "[" * 50_000]
)
def test_other_text_is_no_model(text: str) -> None:
    with pytest.raises(RulesError) as error:
        Model.from_json(text)
    assert error.value.diagnostics[0].code == "R842"


def test_points_that_are_no_numbers_are_no_model(leaving: Trained) -> None:
    data = json.loads(leaving.model.to_json())
    data["card"]["features"][0]["points"][0] = math.inf
    with pytest.raises(RulesError, match="no saved model"):
        Model.from_json(json.dumps(data))


def test_a_score_is_a_metric_from_when_it_was_given(shop: Shop, leaving: Trained) -> None:
    scores = leaving.model.score(shop)
    facts = rulecrm.Facts.from_frames(**frames(), score=scores, schema=shop.rules.program.schema)
    later = shop.rules.evaluate(facts, AS_OF + dt.timedelta(hours=1), only=["risk", "leaving"])
    known = dict(later.metric("risk").iter_rows())
    assert {customer: known[customer] for customer in scores["customer"]} == dict(
        scores.select("customer", "value").iter_rows()
    )
    assert set(later.segment("leaving")["customer"]) == set(scores.filter(pl.col("value") > 0.8)["customer"])
    before = shop.rules.evaluate(facts, AS_OF - dt.timedelta(hours=1), only=["leaving"])
    assert before.segment("leaving").is_empty()


def test_points_are_told_in_words(shop: Shop, leaving: Trained) -> None:
    figure = leaving.model.points(shop)
    assert {"Purchases", "Spent", "standing"} <= set(figure.frame["feature"])
    assert {"regular", "new", "missing"} <= set(figure.frame.filter(pl.col("feature") == "standing")["place"])
    assert figure.definition.zh


# --- clusters and lookalikes ------------------------------------------------------------------------------------------


def parted() -> Shop:
    """Ten who bought once for little, six who bought often for much."""
    day = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    rows = [(f"a{one}", day + dt.timedelta(days=one), Decimal(10 + one)) for one in range(10)]
    rows += [
        (f"b{one}", day + dt.timedelta(days=9 * turn + one), Decimal(500 + one))
        for one in range(6)
        for turn in range(20)
    ]
    orders = pl.DataFrame(rows, schema=["customer", "paid_at", "amount"], orient="row").with_row_index("order")
    orders = orders.with_columns(pl.col("order").cast(pl.String), pl.col("paid_at").dt.cast_time_unit("us"))
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders), as_of="2025-09-01")


def test_clusters_part_what_is_apart() -> None:
    found = clusters(parted(), features=["purchases", "spent"], k=2)
    by = dict(found.members.iter_rows())
    assert {by[f"a{one}"] for one in range(10)} == {1}
    assert {by[f"b{one}"] for one in range(6)} == {2}
    assert found.profile.frame.select("cluster", "customers", "feature", "typical").rows() == [
        (1, 10, "Purchases", 1.0), (1, 10, "Spent", 14.5), (2, 6, "Purchases", 20.0), (2, 6, "Spent", 10_050.0),
    ]  # fmt: skip
    assert "Purchases high" in found.described[2].en or "Purchases rather high" in found.described[2].en
    assert clusters(parted(), features=["purchases", "spent"], k=2).members.equals(found.members)


def test_customers_who_are_alike_are_one_cluster() -> None:
    found = clusters(parted(), features=["never"], k=3)
    assert set(found.members["cluster"]) == {1}
    assert [one.code for one in found.profile.remarks] == ["R843"]
    figure = similar(parted(), ["a1"], features=["never"])
    assert [one.code for one in figure.remarks] == ["R843"]


def test_who_is_similar_is_nearest_in_ranks() -> None:
    figure = similar(parted(), ["b0", "a9"], features=["purchases", "spent"], most=6)
    by = {row["customer"]: row for row in figure.frame.iter_rows(named=True)}
    assert {"b0", "a9"}.isdisjoint(by)
    assert by["b1"]["like"] == "b0"
    assert by["a8"]["like"] == "a9"
    # Sixteen customers: neighbours by what they spent are a sixteenth of the ranks apart.
    assert by["b1"]["similarity"] == pytest.approx(1 - (1 / 16) / math.sqrt(2))
    assert figure.frame["similarity"].is_sorted(descending=True)


def test_nobody_is_left_where_all_are_given() -> None:
    everybody = [f"a{one}" for one in range(10)] + [f"b{one}" for one in range(6)]
    assert similar(parted(), everybody, features=["spent"]).frame.is_empty()


def test_a_shop_without_buyers_has_no_clusters() -> None:
    found = clusters(shop_of(frames(customers=30), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)), features=["spent"])
    assert found.members.is_empty()
    assert [one.code for one in found.profile.remarks] == ["R843"]


# --- questions without sense ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda shop: churn(shop, features=["purchase"]), "R120"),
        (lambda shop: train(shop, target="quite", features=["spent"]), "R120"),
        (lambda shop: train(shop, target="quiet", features=["spent"], among="everybody"), "R120"),
        (lambda shop: train(shop, target="standing", features=["spent"]), "R120"),
        (lambda shop: churn(shop, features=[]), "R842"),
        (lambda shop: churn(shop, features=["spent", "spent"]), "R842"),
        (lambda shop: churn(shop, features=["buyers"]), "R842"),
        (lambda shop: churn(shop, features=["spent"], instants=["2025-06-01"]), "R842"),
        (lambda shop: churn(shop, features=["spent"], instants=["2025-06-01", "2025-11-30"]), "R842"),
        (lambda shop: churn(shop, features=["spent"], instants=["2025-06-01", "2025-06-03"]), "R842"),
        (lambda shop: churn(shop, features=["spent"], judged=4), "R842"),
        (lambda shop: churn(shop, features=["spent"], rows=0), "R842"),
        (lambda shop: churn(shop, features=["spent"], horizon="-3d"), "R800"),
        (lambda shop: churn(shop, features=["spent"], horizon="9999y"), "R842"),
        (lambda shop: churn(shop, features=["spent"], instants=["2020-06-01", "2025-06-03"]), "R843"),
        (lambda shop: train(shop, target="never", features=["spent"]), "R843"),
        (
            lambda shop: train(shop, target="recent_spent", features=["spent"], instants=["2020-06-01", "2025-06-03"]),
            "R843",
        ),
        (lambda shop: clusters(shop, features=["spent"], k=1), "R842"),
        (lambda shop: similar(shop, [], features=["spent"]), "R842"),
        (lambda shop: similar(shop, ["nobody"], features=["spent"]), "R120"),
    ],
)
def test_a_question_without_sense_is_refused(shop: Shop, ask: object, code: str) -> None:
    with pytest.raises(RulesError) as error:
        ask(shop)  # type: ignore[operator]
    assert error.value.diagnostics[0].code == code


def test_a_package_that_is_not_there_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, words in (("sklearn", r"rulecrm\[models\]"), ("scipy", r"rulecrm\[insight\]")):
        monkeypatch.setitem(sys.modules, module, None)  # type: ignore[arg-type]
        with pytest.raises(RulesError, match=words):
            clusters(shop, features=["spent"]) if module == "sklearn" else clv(shop)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, rulecrm.insight; print(sorted({'scipy', 'sklearn', 'altair'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_text_is_no_feature() -> None:
    made = frames(customers=50)
    made["customers"] = made["customers"].with_columns(city=pl.lit("Hangzhou"))
    with pytest.raises(RulesError, match="text or a list"):
        clusters(shop_of(made), features=["city_name"])


def test_a_model_is_not_used_on_other_labels(leaving: Trained) -> None:
    other = RULES.replace("new otherwise", "fresh otherwise")
    shop = Shop.of(rulecrm.loads(other), rulecrm.Facts.from_frames(**frames()), as_of=AS_OF)
    with pytest.raises(RulesError, match="other labels"):
        leaving.model.score(shop)


def test_a_model_that_has_learnt_nothing_says_so() -> None:
    found = churn(parted(), features=["never"], horizon="30d", instants=["2025-02-01", "2025-03-10"])
    assert [one.code for one in found.quality.remarks] == ["R844"]
    assert found.lift.remarks == found.calibration.remarks == found.quality.remarks
    nobody = churn(parted(), features=["spent"], horizon="30d", instants=["2025-05-01", "2025-07-15"])
    assert [one.code for one in nobody.quality.remarks] == ["R844"]


def test_few_rows_are_drawn_where_few_are_wanted(shop: Shop) -> None:
    few = churn(shop, features=["spent", "idle"], horizon="60d", rows=50)
    assert few.quality.frame["model"][0] == 50
    assert text(few) == text(churn(shop, features=["spent", "idle"], horizon="60d", rows=50))
    assert text(few) != text(churn(shop, features=["spent", "idle"], horizon="60d", rows=50, seed=2))
