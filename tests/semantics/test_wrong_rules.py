"""Files of wrong rules: each mistake is one finding, with its code, its place and the nearest right thing.

A finding is written behind its line as `#! CODE "the text at its place, up to the end of the line" help`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rulecrm.diagnostics.codes import catalogue
from rulecrm.semantics.compile import Compiled

CASES = sorted((Path(__file__).parent / "cases").glob("*.rules"))
EXPECTED = re.compile(r'(R\d{3}) "(.*?)"(?: (.*))?$')


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_mistake_is_one_finding(path: Path, compiled: Callable[..., Compiled]) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    text = "\n".join(line.split("  #! ")[0] for line in lines)
    expected = [(at, finding) for at, line in enumerate(lines, 1) for finding in line.split("  #! ")[1:]]
    result = compiled(text)
    found = []
    for diagnostic in result.diagnostics:
        span = diagnostic.span
        assert span is not None
        place = text[span.start : span.end].split("\n")[0]
        advice = f" {diagnostic.help}" if diagnostic.help else ""
        found.append((text.count("\n", 0, span.start) + 1, f'{diagnostic.code} "{place}"{advice}'))
    assert found == expected
    assert len(expected) > 5


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_code_is_in_the_catalogue(path: Path) -> None:
    codes = set(re.findall(r"#! (R\d{3}) ", path.read_text(encoding="utf-8")))
    assert codes <= set(catalogue())


@pytest.mark.parametrize("path", [path for path in CASES if path.stem != "lints"], ids=lambda path: path.stem)
def test_a_file_with_an_error_gives_no_program(path: Path, compiled: Callable[..., Compiled]) -> None:
    assert compiled(path.read_text(encoding="utf-8")).program is None


def test_lints_stop_nothing(compiled: Callable[..., Compiled]) -> None:
    path = next(path for path in CASES if path.stem == "lints")
    assert compiled(path.read_text(encoding="utf-8")).program is not None
