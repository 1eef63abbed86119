"""`rulecrm store index`: made for rules, used by `eval`, brought up to date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rulecrm.lake import FactStore

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def _put(folder: Path, *customers: str) -> None:
    rows = [
        {"order": f"{name}{number}", "customer": name, "paid_at": T0, "placed_at": T0, "amount": 1}
        for number, name in enumerate(customers)
    ]
    with FactStore.open(folder, create=True).writer(T0) as writer:
        writer.put("tb", "orders", pl.DataFrame(rows))
        writer.commit()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    _put(tmp_path / "shop", "a", "a", "b")
    return tmp_path / "shop"


def test_an_index_is_made_for_rules_used_and_brought_up_to_date(run: Any, rules: Path, shop: Path) -> None:
    said = run("store", "index", shop, "--rules", rules)
    assert (said.status, said.out) == (0, f"{rules.name}: kept\n")
    files = {file.name for file in (shop / "index").rglob("*.arrow")}
    assert files
    asked = ("eval", rules, "--facts", shop, "--as-of", "2025-03-15", "--members", "repeat")
    assert run(*asked).out == "a\n"
    _put(shop, "b", "b", "b")
    assert run(*asked).out == "a\nb\n"
    said = run("store", "index", shop)
    assert (said.status, said.out) == (0, "1 up to date\n")
    assert {file.name for file in (shop / "index").rglob("*.arrow")} != files
    assert run(*asked).out == "a\nb\n"


def test_erasing_a_customer_whom_nobody_knows_is_told(run: Any, shop: Path) -> None:
    said = run("store", "erase", shop, "tb:annn", "--yes")
    assert (said.status, said.out) == (0, "done\n")
    assert "tb:annn: no such customer" in said.err


def test_an_empty_file_of_accounts_is_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "platforms.toml").touch()
    said = run("sync", "--into", tmp_path / "shop", "--settings", tmp_path / "platforms.toml")
    assert said.status != 0
    assert "R711" in said.err


def test_where_none_was_made_there_is_none(run: Any, shop: Path) -> None:
    assert run("store", "index", shop).out == "0 up to date\n"
    assert not (shop / "index").exists()


def test_none_is_kept_of_a_store_with_files_beside_it(run: Any, rules: Path, shop: Path) -> None:
    (shop / "rates.csv").write_text("currency,date,rate\nUSD,2024-01-01,7.1\n", "utf-8")
    said = run("store", "index", shop, "--rules", rules)
    assert said.status == 1
    assert said.out.startswith(f"{rules.name}: not kept: ")
    assert not (shop / "index").exists()
