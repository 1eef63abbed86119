"""`check` finds mistakes and `fmt` lays out; neither touches data."""

from __future__ import annotations

import gc
import io
import json
from pathlib import Path
from typing import Any

import pytest


def test_a_clean_file_has_status_0(run: Any, rules: Path) -> None:
    said = run("check", rules)
    assert (said.status, said.out, said.err) == (0, f"{rules}: no mistakes found\n", "")


def test_a_mistake_is_drawn_where_it_is(run: Any, rules: Path, wrong: Path) -> None:
    said = run("check", rules, wrong)
    assert said.status == 1
    assert said.out == f"{rules}: no mistakes found\n{wrong}: 1 error\n"
    assert "error[R101]" in said.err
    assert "segment vip = purchase_count >= 4" in said.err


def test_json_says_line_and_column(run: Any, wrong: Path) -> None:
    said = run("check", wrong, "--format", "json")
    (found,) = json.loads(said.out)
    assert (said.status, said.err) == (1, "")
    assert (found["code"], found["severity"], found["source"]) == ("R101", "error", str(wrong))
    # `purchase_count` begins at the 15th letter of the second line
    assert (found["start"]["line"], found["start"]["column"], found["end"]["column"]) == (2, 15, 29)


def test_json_of_a_clean_file_is_an_empty_array(run: Any, rules: Path) -> None:
    said = run("check", rules, "--format", "json")
    assert (said.status, json.loads(said.out)) == (0, [])


def test_a_param_is_checked_with_its_value(run: Any, rules: Path) -> None:
    said = run("check", rules, "--set", "many=often")
    assert said.status == 1
    assert "many" in said.err


def test_with_and_without_click_the_same_is_said(run: Any, rules: Path, wrong: Path) -> None:
    """Options are click's business; a command line without any does without it."""
    quick = run("check", rules, wrong)
    slow = run("check", "--format", "text", rules, wrong)
    assert (quick.status, quick.out, quick.err) == (slow.status, slow.out, slow.err)
    assert run("check").status == 2
    assert run("check", "--", rules).status == 0


def test_the_collector_is_left_as_it_was(run: Any, rules: Path) -> None:
    assert gc.isenabled()
    run("check", rules)
    assert gc.isenabled()


def test_a_file_that_is_not_there_is_a_usage_error(run: Any, tmp_path: Path) -> None:
    said = run("check", tmp_path / "none.rules")
    assert said.status == 2
    assert "does not exist" in said.err


UNTIDY = "segment vip=count( purchase )>=4  # four\n"
TIDY = "segment vip = count(purchase) >= 4  # four\n"


@pytest.fixture
def untidy(tmp_path: Path) -> Path:
    path = tmp_path / "untidy.rules"
    path.write_text(UNTIDY, "utf-8")
    return path


def test_fmt_writes_the_one_layout(run: Any, untidy: Path) -> None:
    said = run("fmt", untidy)
    assert (said.status, said.err) == (0, f"{untidy}: laid out\n")
    assert untidy.read_text("utf-8") == TIDY
    assert run("fmt", untidy).err == ""


def test_check_writes_nothing(run: Any, untidy: Path) -> None:
    said = run("fmt", "--check", untidy)
    assert (said.status, said.err) == (1, f"{untidy}: would change\n")
    assert untidy.read_text("utf-8") == UNTIDY


def test_check_of_a_tidy_file_is_0(run: Any, untidy: Path) -> None:
    untidy.write_text(TIDY, "utf-8")
    assert run("fmt", "--check", untidy).status == 0


def test_diff_shows_what_would_change(run: Any, untidy: Path) -> None:
    said = run("fmt", "--diff", untidy)
    assert said.status == 0
    assert said.out.splitlines()[2:] == ["@@ -1 +1 @@", f"-{UNTIDY.rstrip()}", f"+{TIDY.rstrip()}"]
    assert untidy.read_text("utf-8") == UNTIDY


def test_stdin_goes_to_stdout(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(UNTIDY))
    said = run("fmt", "-")
    assert (said.status, said.out) == (0, TIDY)


def test_a_file_that_does_not_parse_is_left_alone(run: Any, untidy: Path) -> None:
    untidy.write_text("segment vip = (\n", "utf-8")
    said = run("fmt", untidy)
    assert said.status == 1
    assert f"{untidy}:1" in said.err
    assert untidy.read_text("utf-8") == "segment vip = (\n"


@pytest.mark.parametrize("command", ["check", "fmt", "test"])
def test_a_file_in_another_encoding_is_no_rules_file(run: Any, untidy: Path, command: str) -> None:
    """Else `city == "…"` would compare with marks of damage, and hold for nobody; and `fmt` would write them down."""
    written = '# 城市\nsegment  locals = city == "上海"\n'.encode("gb18030")
    untidy.write_bytes(written)
    said = run(command, untidy)
    assert said.status == 1
    assert said.err.count("error[") == 1
    assert "error[R009]: the file is no text in UTF-8" in said.err
    assert untidy.read_bytes() == written
