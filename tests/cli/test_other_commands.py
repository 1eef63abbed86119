"""`test`, `explain`, `codes`, `plugins`, and the words around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rulecrm.cli.app import commands
from rulecrm.diagnostics.codes import catalogue


def test_tests_that_hold_are_counted(run: Any, rules: Path) -> None:
    said = run("test", rules)
    assert (said.status, said.out) == (0, "1 held\n")


def test_verbose_names_them(run: Any, rules: Path) -> None:
    assert run("test", "-v", rules).out.splitlines()[0] == f"✓ {rules}: two purchases make a repeat buyer"


def test_a_test_that_fails_says_what_was_found(run: Any, rules: Path) -> None:
    said = run("test", rules, "--set", "many=3")
    assert said.status == 1
    assert f"✗ {rules}: two purchases make a repeat buyer" in said.out
    assert "expected of customer x: repeat" in said.out
    assert "2 >= 3" in said.out
    assert said.out.splitlines()[-1] == "0 held, 1 failed"


def test_a_test_of_a_lifecycle(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "life.rules"
    path.write_text(
        "lifecycle life {\n  start new\n  new -> old after 30d without purchase\n}\n"
        'test "grows old" {\n  customer "x" {\n    purchase at 2025-01-01\n  }\n'
        "  at 2025-03-01 expect life is old\n}\n",
        "utf-8",
    )
    said = run("test", path)
    assert (said.status, said.out) == (0, "1 held\n")


def test_a_file_without_tests(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "none.rules"
    path.write_text("segment vip = count(purchase) >= 4\n", "utf-8")
    said = run("test", path)
    assert (said.status, said.out) == (0, "no tests found\n")


def test_explain_says_why(run: Any, rules: Path, facts: Path) -> None:
    words = ("explain", rules, "--facts", facts, "--as-of", "2025-03-15", "--customer", "b", "--segment", "repeat")
    said = run(*words)
    assert said.status == 0
    assert said.out.startswith('✗ repeat "Buys again"')
    assert "1 >= 2" in said.out


def test_explain_as_json_and_html(run: Any, rules: Path, facts: Path) -> None:
    words = ("explain", rules, "--facts", facts, "--as-of", "2025-03-15", "--customer", "a", "--segment", "repeat")
    found = json.loads(run(*words, "--format", "json").out)
    assert isinstance(found, dict)
    assert "<" in run(*words, "--format", "html").out


def test_explain_of_nobody_is_a_diagnostic(run: Any, rules: Path, facts: Path) -> None:
    said = run(
        "explain", rules, "--facts", facts, "--as-of", "2025-03-15", "--customer", "nobody", "--segment", "repeat"
    )
    assert said.status == 1
    assert "error[R432]" in said.err


def test_codes_lists_every_code(run: Any) -> None:
    said = run("codes")
    assert [line.split()[0] for line in said.out.splitlines()] == sorted(catalogue())


def test_a_code_is_explained(run: Any) -> None:
    said = run("codes", "r101")
    assert said.out == f"R101: {catalogue()['R101'].title}\n\n{catalogue()['R101'].explanation}\n"


def test_an_unknown_code_is_a_usage_error(run: Any) -> None:
    said = run("codes", "R9999")
    assert said.status == 2
    assert "no code R9999" in said.err


def test_what_needs_no_plugin_is_told(run: Any) -> None:
    heading, *lines = run("plugins").out.splitlines()
    assert heading == "built-in"
    assert [line.split()[:2] for line in lines] == [["channel", "console"], ["channel", "file"]]
    told = run("plugins", "built-in").out
    assert 'use = "console"' in told
    assert "  path  a text; 'messages.jsonl' where it is left out" in told


def test_help_names_every_command(run: Any) -> None:
    said = run("--help")
    for name in commands.list_commands(None):  # type: ignore[arg-type]
        assert f"\n  {name} " in said.out
        assert run(name, "--help").status == 0


def test_an_unknown_command_is_a_usage_error(run: Any) -> None:
    said = run("evaluate")
    assert said.status == 2
    assert "No such command 'evaluate'" in said.err
