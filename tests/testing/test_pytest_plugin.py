"""Tests in rules files run under pytest: the right files, the right verdicts, reports without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

import rulecrm

pytest_plugins = ["pytester"]

RULES = """\
segment repeat = count(purchase) >= 2

test "two make a repeat buyer" {
  customer "x" {
    purchase at 2025-01-01
    purchase at 2025-01-02
  }
  at 2025-01-02 expect repeat
}

test "one does not" {
  customer "x" {
    purchase at 2025-01-01
  }
  at 2025-01-02 expect not repeat
}
"""

FAILING = """\
segment repeat = count(purchase) >= 3

test "two make a repeat buyer" {
  customer "x" {
    purchase at 2025-01-01
    purchase at 2025-01-02
  }
  at 2025-01-02 expect repeat
}
"""

LIFECYCLE = """\
lifecycle life {
  start new
  new -> old after 30d without purchase
}

test "grows old" {
  customer "x" {
    purchase at 2025-01-01
  }
  at 2025-03-01 expect life is old
}
"""


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    # The plugin is loaded by name alone, whether or not rulecrm is installed and brings it as an entry point.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(rulecrm.__file__).parents[1]))
    return pytester


def run(shop: pytest.Pytester, *words: str) -> pytest.RunResult:
    return shop.runpytest_subprocess("-p", "rulecrm.testing.pytest_plugin", "-p", "no:cacheprovider", *words)


@pytest.mark.parametrize("name", ["test_shop.rules", "shop_test.rules"])
def test_files_named_so_are_collected(shop: pytest.Pytester, name: str) -> None:
    shop.path.joinpath(name).write_text(RULES, "utf-8")
    run(shop).assert_outcomes(passed=2)


def test_other_files_are_left_alone(shop: pytest.Pytester) -> None:
    shop.path.joinpath("shop.rules").write_text(RULES, "utf-8")
    assert run(shop).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_unless_they_are_named(shop: pytest.Pytester) -> None:
    shop.path.joinpath("shop.rules").write_text(RULES, "utf-8")
    run(shop, "shop.rules").assert_outcomes(passed=2)


def test_one_test_can_be_asked_for(shop: pytest.Pytester) -> None:
    shop.path.joinpath("test_shop.rules").write_text(RULES, "utf-8")
    run(shop, "-k", "one").assert_outcomes(passed=1, deselected=1)
    run(shop, "test_shop.rules::one does not").assert_outcomes(passed=1)


def test_a_failure_shows_the_predicate_and_the_values(shop: pytest.Pytester) -> None:
    shop.path.joinpath("test_shop.rules").write_text(FAILING, "utf-8")
    result = run(shop)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*expected of customer x: repeat", "*2 >= 3*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_lifecycle_is_run(shop: pytest.Pytester) -> None:
    shop.path.joinpath("test_life.rules").write_text(LIFECYCLE, "utf-8")
    run(shop).assert_outcomes(passed=1)


def test_a_wrong_file_is_a_collection_error_with_its_diagnostics(shop: pytest.Pytester) -> None:
    shop.path.joinpath("test_shop.rules").write_text("segment vip = purchase_count >= 4\n", "utf-8")
    result = run(shop)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*error?R101?*", "*segment vip = purchase_count >= 4"])
    result.stdout.no_fnmatch_line("*Traceback*")
