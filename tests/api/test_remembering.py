"""`load` compiles files that have not changed once, and never gives what is stale."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import rulecrm
from rulecrm.api.remembering import MOST
from rulecrm.diagnostics.model import RulesError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "lib.rules").write_text("metric orders = count(order)", encoding="utf-8")
    path = tmp_path / "shop.rules"
    path.write_text('import "lib.rules"\nparam many: int = 3\nsegment loyal = orders > many', encoding="utf-8")
    return path


def test_an_unchanged_file_is_compiled_once(shop: Path) -> None:
    assert rulecrm.load(shop) is rulecrm.load(str(shop))


def test_a_change_of_the_same_size_and_time_is_seen(shop: Path) -> None:
    before = rulecrm.load(shop)
    for path, old, new in ((shop, "> many", "< many"), (shop.with_name("lib.rules"), "(order)", "(visit)")):
        times = path.stat()
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        after = rulecrm.load(shop)
        assert after.program.definitions != before.program.definitions
        assert rulecrm.load(shop) is after
        before = after


def test_an_import_that_is_gone_is_missed(shop: Path) -> None:
    rulecrm.load(shop)
    shop.with_name("lib.rules").unlink()
    with pytest.raises(RulesError, match="R501"):
        rulecrm.load(shop)


def test_params_are_part_of_what_is_remembered(shop: Path) -> None:
    three, four = rulecrm.load(shop, params={"many": 3}), rulecrm.load(shop, params={"many": 4})
    assert [rules.program.params["many"].value for rules in (three, four)] == [3, 4]
    assert rulecrm.load(shop, params={"many": 3}) is three
    with pytest.raises(RulesError, match="R504"):
        rulecrm.load(shop, params={"many": 3.0})  # equals 3, and is no whole number


def test_params_that_may_change_are_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "cities.rules"
    path.write_text("param near_by: list of text\nsegment near = city in near_by", encoding="utf-8")
    cities = ["Hangzhou"]
    rulecrm.load(path, params={"near_by": cities})
    cities.append("Suzhou")
    assert rulecrm.load(path, params={"near_by": cities}).program.params["near_by"].value == ("Hangzhou", "Suzhou")


def test_only_so_many_are_kept(shop: Path) -> None:
    first = rulecrm.load(shop)
    for many in range(MOST):
        rulecrm.load(shop, params={"many": many})
    assert rulecrm.load(shop) is not first
