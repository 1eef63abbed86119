"""Every module of the standard library: its own tests, its words, and what it asks of a shop's frames."""

from __future__ import annotations

import datetime as dt
from importlib import resources

import polars as pl
import pytest

import rulecrm
from rulecrm.semantics.settings import NO_CURRENCY
from rulecrm.semantics.sources import standard_names
from rulecrm.syntax.declarations import Classify, Metric, Param, Segment
from rulecrm.syntax.parse import parse

MODULES = (
    "before_buying", "commerce", "frequency", "preferences", "products", "ready", "recency", "rfm", "sensitivity",
    "service", "sources", "staff", "value",
)  # fmt: skip


def text_of(module: str) -> str:
    return (resources.files("rulecrm") / "std" / f"{module}.rules").read_text(encoding="utf-8")


def loaded(module: str) -> rulecrm.Rules:
    return rulecrm.loads(text_of(module), source=f"std/{module}.rules")


def test_these_modules_are_shipped() -> None:
    assert standard_names() == tuple(f"std/{module}.rules" for module in MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_without_a_remark(module: str) -> None:
    assert [one.message for one in loaded(module).warnings] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_writes_no_currency(module: str) -> None:
    assert loaded(module).program.currency == NO_CURRENCY


@pytest.mark.parametrize("module", MODULES)
def test_the_tests_of_a_module_pass(module: str) -> None:
    outcomes = loaded(module).run_tests()
    assert outcomes
    assert [one.message for one in outcomes if not one.passed] == []


@pytest.mark.parametrize("module", MODULES)
def test_everything_has_a_title_and_a_docstring(module: str) -> None:
    for node in parse(text_of(module), module).rules.declarations:
        if isinstance(node, Metric | Segment | Classify):
            assert node.title, f"{node.name.text} has no title"
        if isinstance(node, Metric | Segment | Classify | Param):
            assert node.doc, f"{node.name.text} has no docstring"
        if isinstance(node, Classify):
            assert all(arm.title for arm in node.arms), f"a label of {node.name.text} has no title"
        if isinstance(node, Param):
            assert node.default is not None, f"{node.name.text} has no default"


def test_all_modules_can_be_imported_together() -> None:
    lines = [f'import "std/{module}.rules"' for module in MODULES]
    names = set(rulecrm.loads("\n".join(lines)).names())
    assert {"recency", "frequency", "value", "overdue", "decision", "blacklist", "price_sensitivity"} <= names
    assert {"preferred_season", "staff_conversion", "first_source"} <= names


@pytest.fixture
def orders_alone() -> rulecrm.Facts:
    """Orders with the columns that every shop has, and nothing else."""
    days = [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (1, 11, 31)]
    return rulecrm.Facts.from_frames(
        orders=pl.DataFrame({
            "order": ["o1", "o2", "o3"], "customer": ["a", "a", "b"], "placed_at": days, "paid_at": days,
            "amount": [100, 301, 20],
        })
    )  # fmt: skip


@pytest.mark.parametrize("module", ["frequency", "recency", "rfm", "value"])
def test_orders_alone_are_enough(module: str, orders_alone: rulecrm.Facts) -> None:
    rules = rulecrm.loads(f'import "std/{module}.rules"')
    table = rules.evaluate(orders_alone, as_of="2025-02-01").table()
    assert table.get_column("customer").to_list() == ["a", "b"]
    assert set(rules.names()) <= set(table.columns)


def test_of_the_ready_segments_those_that_are_asked_need_their_own_columns_alone(orders_alone: rulecrm.Facts) -> None:
    rules = rulecrm.loads('import "std/ready.rules"')
    asked = ["champions", "one_and_done", "new_buyers", "one_time_buyers", "repeat_buyers", "lapsed", "hibernating"]
    result = rules.evaluate(orders_alone, as_of="2025-04-02", only=asked)
    assert result.segment("one_and_done").to_series().to_list() == ["b"]
    assert result.segment("repeat_buyers").to_series().to_list() == ["a"]
    with pytest.raises(rulecrm.RulesError, match="birthday"):
        rules.evaluate(orders_alone, as_of="2025-04-02", only=["birthday_soon"]).segment("birthday_soon")


def test_of_the_everyday_figures_only_those_of_refunds_and_discounts_want_more(orders_alone: rulecrm.Facts) -> None:
    rules = rulecrm.loads('import "std/commerce.rules"\ncurrency CNY')
    wants_more = {"paid_back", "net_revenue", "refund_share", "coupon_share", "discount_share", "favourite_category"}
    asked = [name for name in rules.names() if name not in wants_more]
    row = rules.evaluate(orders_alone, as_of="2025-02-01", only=asked).table().row(0, named=True)
    assert row["purchases"] == 2
    assert row["spent"] == 401
    assert row["idle"] == dt.timedelta(days=21)


@pytest.mark.parametrize(("within", "members"), [("20d", []), ("21d", ["a"]), ("22d", ["a"])])
def test_a_param_is_set_by_the_importing_file(within: str, members: list[str], orders_alone: rulecrm.Facts) -> None:
    # a's last purchase is 21 days old, b's 1 day
    line = f'import "std/recency.rules" with {{ active_within: {within} }}'
    rules = rulecrm.loads(f'{line}\nsegment asked = recency is active and customer == "a"')
    assert rules.evaluate(orders_alone, as_of="2025-02-01").segment("asked").to_series().to_list() == members


def test_a_param_behind_a_prefix_is_set_by_the_program(orders_alone: rulecrm.Facts) -> None:
    rules = rulecrm.loads('import "std/ready.rules"', params={"rfm.rfm_window": "10d", "lapsed_after": "20d"})
    result = rules.evaluate(orders_alone, as_of="2025-02-01", only=["lapsed", "rfm.scored"])
    assert result.segment("lapsed").to_series().to_list() == ["a"]
    assert result.segment("rfm.scored").to_series().to_list() == ["b"]


@pytest.mark.parametrize("currency", ["CNY", "USD"])
def test_a_large_order_is_large_in_the_currency_of_the_shop(currency: str, orders_alone: rulecrm.Facts) -> None:
    text = f'import "std/ready.rules"\ncurrency {currency}\nsegment large = exists(purchase where amount > large_order)'
    result = rulecrm.loads(text).evaluate(orders_alone, as_of="2025-02-01", only=["large"])
    assert result.segment("large").to_series().to_list() == ["a"]


def test_a_file_may_say_better_what_it_imports(orders_alone: rulecrm.Facts) -> None:
    text = """
    import "std/commerce.rules"
    currency CNY
    metric purchases = count(purchase last 7d)
    segment lately = purchases >= 1
    """
    result = rulecrm.loads(text).evaluate(orders_alone, as_of="2025-02-01", only=["purchases", "lately", "idle"])
    assert result.table().get_column("purchases").to_list() == [0, 1]
    assert result.segment("lately").to_series().to_list() == ["b"]


def test_of_products_the_items_alone_say_what_sells() -> None:
    items = pl.DataFrame({
        "order": ["1", "1", "2", "3"], "customer": ["a", "a", "b", "a"], "product": ["tea", "cup", "tea", "tea"],
        "paid_at": [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (1, 1, 2, 3)],
        "quantity": [2, 1, 1, 1], "amount": [20, 5, 10, 10],
    })  # fmt: skip
    rules = rulecrm.loads('import "std/products.rules"\ncurrency CNY')
    wants_more = {"costed_revenue", "margin", "margin_rate", "high_margin", "product_role"}
    wants_more |= {"refunded_share", "views", "orders_per_view", "seldom_seen"}
    asked = [name for name in rules.names() if name not in wants_more]
    result = rules.evaluate(rulecrm.Facts.from_frames(items=items), as_of="2025-02-01", only=asked)
    cup, tea = result.table("product").sort("product").iter_rows(named=True)
    assert [tea[name] for name in ("units", "revenue", "product_orders", "buyers", "first_buyers")] == [4, 40, 3, 2, 2]
    assert tea["rebought"] == pytest.approx(1 / 3)
    assert tea["growth"] is None
    assert tea["good_sales"]
    assert cup["units"] == 1
    assert not cup["good_sales"]
    with pytest.raises(rulecrm.RulesError, match="cost"):
        rules.evaluate(rulecrm.Facts.from_frames(items=items), as_of="2025-02-01", only=["product_role"]).table(
            "product"
        )


def test_what_a_role_goes_by_is_set_by_the_importing_file() -> None:
    # in 40 days growth from 10 to 30; a quarter more is asked of it, or four times as much
    items = pl.DataFrame({
        "order": ["1", "2"], "customer": ["a", "a"], "product": ["tea", "tea"], "amount": [10, 30], "quantity": [9, 9],
        "paid_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2025, 2, 10, tzinfo=dt.UTC)],
    })  # fmt: skip
    for asked, grows in (("25%", True), ("400%", False)):
        line = f'import "std/products.rules" with {{ products_window: 40d, growing_from: {asked} }}'
        result = rulecrm.loads(line).evaluate(rulecrm.Facts.from_frames(items=items), "2025-02-20", only=["growing"])
        assert result.table("product").get_column("growing").to_list() == [grows]
