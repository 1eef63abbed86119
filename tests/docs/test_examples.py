"""Every example runs and prints what stands beside it. `python -m tests.docs.test_examples` writes that down."""

from __future__ import annotations

import contextlib
import io
import runpy
from pathlib import Path

import pytest

import rulecrm
from tests.docs.pages import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NAMES = [path.stem for path in EXAMPLES]


def printed(program: Path) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(str(program), run_name="__main__")
    return out.getvalue()


@pytest.mark.parametrize("program", EXAMPLES, ids=NAMES)
def test_an_example_prints_what_stands_beside_it(program: Path) -> None:
    assert printed(program) == program.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("program", EXAMPLES, ids=NAMES)
def test_its_rules_are_tidy_and_their_tests_hold(program: Path) -> None:
    path = program.with_suffix(".rules")
    text = path.read_text("utf-8")
    assert rulecrm.format_text(text) == text
    rules = rulecrm.load(path)
    assert rules.warnings == ()
    assert [outcome.message for outcome in rules.run_tests() if not outcome.passed] == []


def test_every_example_is_listed() -> None:
    page = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"[`{name}`]({name}.py)" not in page] == []


if __name__ == "__main__":
    for each in EXAMPLES:
        each.with_suffix(".txt").write_text(printed(each), "utf-8")
