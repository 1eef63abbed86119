"""docs/errors.md holds every code, with the words of the catalogue. `python -m tests.docs.test_errors` writes it."""

from __future__ import annotations

from collections.abc import Iterator

from rulecrm.diagnostics.codes import catalogue
from tests.docs.pages import ROOT

PATH = ROOT / "docs" / "errors.md"

AREAS = {
    "R0": "The text",
    "R1": "Names",
    "R2": "Types",
    "R3": "Structure",
    "R4": "Facts and frames",
    "R5": "Imports and params",
    "R6": "Remarks",
    "R7": "The fact store, platforms, files",
    "R8": "Insights",
    "R9": "No longer given",
}

HEAD = """\
# Errors

Every finding of rulecrm has a code, and a code has one meaning for good. `rulecrm codes R101` says the same on the
command line. Errors stop the run; warnings and hints do not. This page is made from `rulecrm/diagnostics/catalogue`.
"""


def page() -> str:
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for start, title in AREAS.items():
        codes = [code for name, code in sorted(catalogue().items()) if name.startswith(start)]
        if codes:
            yield f"## {title}\n"
        for code in codes:
            yield f"### {code.code}: {code.title}\n\n{code.explanation.strip()}\n"


def test_every_code_belongs_to_an_area() -> None:
    assert {name[:2] for name in catalogue()} <= set(AREAS)


def test_the_page_is_that_of_the_catalogue() -> None:
    assert PATH.read_text("utf-8") == page()


if __name__ == "__main__":
    PATH.write_text(page(), "utf-8")
