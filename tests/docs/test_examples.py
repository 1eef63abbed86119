"""Every example runs and prints what stands beside it. `python -m tests.docs.test_examples` writes that down."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
from pathlib import Path

import pytest

import rulecrm
from tests.docs.pages import ROOT

FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/run.py"))
OWN_TEST = {"sending"}
"""Run as a program of its own, by `test_sending_example`."""

EXAMPLES = [folder for folder in FOLDERS if folder.name not in OWN_TEST]
RULES = sorted(path for folder in FOLDERS for path in folder.glob("*.rules"))


def named(path: Path) -> str:
    return path.name


def printed(folder: Path) -> str:
    out, before = io.StringIO(), sys.argv
    sys.argv = [str(folder / "run.py")]
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(folder / "run.py"), run_name="__main__")
    finally:
        sys.argv = before
    return out.getvalue()


@pytest.mark.parametrize("folder", EXAMPLES, ids=named)
def test_an_example_prints_what_stands_beside_it(folder: Path) -> None:
    assert printed(folder) == (folder / "run.txt").read_text("utf-8")


@pytest.mark.parametrize("path", RULES, ids=named)
def test_its_rules_are_tidy_and_their_tests_hold(path: Path) -> None:
    text = path.read_text("utf-8")
    assert rulecrm.format_text(text) == text
    rules = rulecrm.load(path)
    assert rules.warnings == ()
    assert [outcome.message for outcome in rules.run_tests() if not outcome.passed] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_an_example_has_rules_a_program_and_a_page(folder: Path) -> None:
    page = (folder / "README.md").read_text("utf-8")
    told = [path.name for path in folder.iterdir() if path.is_file() and path.name != "README.md"]
    assert any(name.endswith(".rules") for name in told)
    assert [name for name in told if f"]({name})" not in page] == []


def test_every_example_is_listed() -> None:
    page = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert [folder.name for folder in FOLDERS if f"]({folder.name})" not in page] == []


if __name__ == "__main__":
    for each in EXAMPLES:
        (each / "run.txt").write_text(printed(each), "utf-8")
