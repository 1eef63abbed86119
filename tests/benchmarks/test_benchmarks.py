"""The benchmarks give identical answers all ways, and tables. Nothing here looks at the clock."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

import rulecrm
from tests.benchmarks import compile as compiling
from tests.benchmarks import (
    engine,
    expert_duckdb,
    expert_polars,
    fifty,
    importing,
    insights,
    ledger,
    lifecycle,
    memory,
    rows,
    segments,
    sending,
    store,
    store_index,
    windows,
)
from tests.benchmarks.__main__ import main
from tests.benchmarks.expert_polars import Sources
from tests.benchmarks.setup import Setup, agree
from tests.benchmarks.shop import AS_OF, SIZES, Shop, make, resized
from tests.benchmarks.table import OURS, Line, Table, draw, to_json

TINY = SIZES["T"]


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    return Setup(
        TINY,
        tmp_path_factory.mktemp("shop"),
        repeat=1,
        sample=50,
        lines=120,
        levels=40,
        decisions=300,
        messages=200,
        imported=500,
    )


@pytest.fixture(scope="module")
def shop(setup: Setup) -> Shop:
    return setup.shop()


def test_the_shop_is_the_same_for_the_same_seed_and_another_for_another(shop: Shop) -> None:
    again, other = make(TINY), make(TINY, seed=1)
    assert again.customers.equals(shop.customers)
    assert again.orders.equals(shop.orders)
    assert again.events.equals(shop.events)
    assert not other.orders.equals(shop.orders)


def test_the_shop_has_the_size_asked_for_and_its_rows_go_by_time(shop: Shop) -> None:
    assert (shop.customers.height, shop.orders.height, shop.events.height) == (2_000, 6_000, 26_000)
    assert shop.customers.get_column("customer").is_unique().all()
    assert shop.orders.get_column("placed_at").is_sorted()
    assert shop.events.get_column("at").is_sorted()


def test_no_two_facts_of_a_customer_that_are_compared_share_an_instant(shop: Shop) -> None:
    paid = shop.orders.filter(pl.col("paid_at").is_not_null())
    assert not paid.select("customer", "paid_at").is_duplicated().any()
    assert not shop.events.select("customer", "kind", "at").is_duplicated().any()
    assert shop.events.join(shop.orders, left_on=["customer", "at"], right_on=["customer", "placed_at"]).is_empty()


def test_most_who_buy_buy_once_and_a_few_buy_very_often(shop: Shop) -> None:
    orders = shop.orders.group_by("customer").len().get_column("len").to_list()
    assert orders.count(1) > len(orders) / 2
    assert max(orders) > 20


def test_a_tenth_of_a_size_has_a_tenth_of_everything() -> None:
    assert resized(TINY, 10) == type(TINY)("T/10", 200, 600, 2_600)


def test_polars_and_duckdb_agree_however_the_rows_lie(setup: Setup, shop: Shop) -> None:
    with expert_duckdb.connect(setup.folder) as connection:
        expert_duckdb.answer(connection, AS_OF)
        duckdb = expert_duckdb.fetch(connection)
    assert duckdb.width == 51
    agree(
        duckdb=duckdb,
        in_time=expert_polars.answers(Sources.of(shop), AS_OF),
        shuffled=expert_polars.answers(Sources.of(shop.shuffled()), AS_OF),
        by_customer=expert_polars.answers(Sources.of(shop.by_customer(), by_customer=True), AS_OF),
        read=expert_polars.answers(Sources.read(setup.folder), AS_OF),
    )


def test_customers_named_by_text_get_the_same_answers(shop: Shop) -> None:
    named = expert_polars.answers(Sources.of(make(TINY, text_ids=True)), AS_OF)
    numbered = expert_polars.answers(Sources.of(shop), AS_OF)
    agree(numbered=numbered.with_columns(customer=pl.format("c{}", "customer")), named=named)


def test_every_segment_parts_the_customers(shop: Shop) -> None:
    members = expert_polars.answers(Sources.of(shop), AS_OF).drop("customer").sum().row(0)
    assert len(members) == 50
    assert all(0 < count < 2_000 for count in members)


def test_fifty_asks_of_rulecrm_what_the_others_are_asked(shop: Shop) -> None:
    asked = rulecrm.load(engine.FIFTY).names("segment")
    assert list(asked) == expert_polars.answers(Sources.of(shop), AS_OF).columns[1:] == list(rows.PREDICATES)


@pytest.mark.parametrize("run", [fifty.run_kept, fifty.run_cold, fifty.run_from_parquet])
def test_fifty_agrees_and_times_every_way(setup: Setup, run: Callable[[Setup], Table]) -> None:
    found = run(setup).lines
    assert found[0].way == OURS
    assert all(line.value is not None and line.value > 0 for line in found)


def test_engines_that_go_row_by_row_agree(setup: Setup) -> None:
    pytest.importorskip("zen")
    pytest.importorskip("rule_engine")
    assert [line.way for line in rows.run(setup).lines] == [OURS, "Python", "zen-engine", "rule-engine"]


def test_a_lifecycle_moves_everybody_who_buys(setup: Setup, shop: Shop) -> None:
    """The first move of each is the first purchase, and guards make other moves, not other firsts."""
    firsts = (
        shop.orders.filter(pl.col("paid_at") <= AS_OF.astimezone(dt.UTC))
        .group_by("customer")
        .agg(at=pl.col("paid_at").min())
    )
    for text in lifecycle.CASES.values():
        moved = lifecycle.moves(rulecrm.loads(text), shop)
        begun = moved.group_by("customer", maintain_order=True).first()
        assert begun.get_column("from").unique().to_list() == ["prospect"]
        assert begun.select("customer", "at").sort("customer").equals(firsts.sort("customer"))
    assert [line.case for line in lifecycle.run(setup).lines][::3] == list(lifecycle.CASES)


def test_windows_agree(setup: Setup) -> None:
    cases = list(dict.fromkeys(line.case for line in windows.run(setup).lines))
    assert cases == ["10 windows", "50 windows", "200 windows", "10 sums", "200 sums"]


def test_segments_and_their_nest_agree(setup: Setup) -> None:
    assert len(segments.run_segments(setup).lines) == 4
    assert segments.run_nest(setup).lines[0].case == "40 levels"


def test_a_generated_file_is_as_long_as_asked_and_loads(setup: Setup) -> None:
    text = compiling.long_file(120)
    assert 120 <= text.count("\n") < 150
    assert "asked_3" in rulecrm.loads(text).names("segment")
    assert len(compiling.run(setup).lines) == 4


def test_a_ledger_takes_and_gives_what_is_written_by_hand(setup: Setup) -> None:
    lines = ledger.run(setup).lines
    assert [line.way for line in lines if line.way == OURS] == [OURS] * 4
    assert all(line.value is not None and line.value > 0 for line in lines)


def test_sellers_files_are_read_whole(setup: Setup) -> None:
    lines = importing.run(setup).lines
    assert {line.case for line in lines} == {"taobao, 500 orders", "amazon, 500 orders"}
    assert {line.unit for line in lines} == {"s", "s of CPU", "MB"}
    assert all(line.value for line in lines)


def test_memory_is_told_in_megabytes(setup: Setup) -> None:
    lines = memory.run(setup).lines
    assert lines[0].way == "facts, as frames"
    assert all(line.unit == "MB" for line in lines)


def test_a_ratio_is_against_ours_of_the_same_case_or_else_the_first() -> None:
    table = Table("t", "", (Line("a", "x", 6.0), Line("a", OURS, 2.0), Line("b", "x", 5.0), Line("b", "y", None)))
    assert [table.ratio(line) for line in table.lines] == [3.0, 1.0, 1.0, None]
    data = json.loads(json.dumps(to_json([table])))
    assert [line["ratio"] for line in data[0]["lines"]] == [3.0, 1.0, 1.0, None]
    console = Console(width=100)
    with console.capture() as drawn:
        draw(table, console)
    assert "3.00" in drawn.get()


def test_ways_that_differ_are_named_with_the_segment_and_the_count() -> None:
    one = pl.DataFrame({"customer": [1, 2, 3], "s": [True, False, True]})
    agree(one=one, reversed=one.reverse())
    with pytest.raises(AssertionError, match=r"other differs from one: \{'s': 2\}"):
        agree(one=one, other=one.with_columns(s=pl.Series([True, True, False])))
    with pytest.raises(AssertionError, match="other: other customers"):
        agree(one=one, other=one.with_columns(customer=pl.Series([1, 2, 4])))


def test_the_command_writes_its_tables_as_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    main(["--size", "T", "--only", "startup", "--repeat", "1", "--json", str(report), "--data", str(tmp_path)])
    (table,) = json.loads(report.read_text(encoding="utf-8"))["tables"]
    ours = table["lines"][0]
    assert (table["name"], ours["way"], ours["note"]) == ("startup", OURS, "without Polars and NumPy")
    assert "rulecrm check" in capsys.readouterr().out


def test_everything_that_waits_is_sent_once(setup: Setup) -> None:
    table = sending.run(setup)
    assert {line.case for line in table.lines} >= {"200 messages", "a provider's rate"}
    assert all(line.value for line in table.lines)


def test_a_store_and_merged_tables_have_the_same_rows(setup: Setup) -> None:
    assert {line.way for line in store.run(setup).lines} >= {OURS, "deltalake merge", "deltalake write"}


def test_a_kept_index_gives_the_answers_of_frames_in_memory(setup: Setup) -> None:
    lines = store_index.run(setup).lines
    assert [line.way for line in lines[-3:]] == ["put", "index brought up to date", "both"]
    assert all(line.value for line in lines)


def test_figures_are_those_by_hand(setup: Setup) -> None:
    lines = insights.run_figures(setup).lines
    assert {line.way for line in lines} >= {OURS, "Polars by hand"}
    assert len({line.case for line in lines}) == 7
