"""The reference of the language is true: every block of rules in it does what the page says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from attrs import frozen

import rulecrm
from rulecrm.diagnostics.model import Severity
from rulecrm.model.schema import canonical
from rulecrm.semantics.aggregates import AGGREGATES
from rulecrm.semantics.functions import FUNCTIONS
from rulecrm.semantics.sources import standard_names
from tests.conformance.world import AS_OF, CUSTOMERS, facts

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)


@frozen
class Block:
    """One block of code: its words after the fence, the line it begins in, and its text."""

    language: str
    words: tuple[str, ...]
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}"


def _blocks() -> Iterator[Block]:
    for found in _BLOCK.finditer(PAGE):
        yield Block(found[1], tuple(found[2].split()), PAGE.count("\n", 0, found.start()) + 1, found[3])


BLOCKS = tuple(block for block in _blocks() if block.language == "rules")
SHARED = "".join(block.text for block in BLOCKS if block.words == ("shared",))
RIGHT = tuple(block for block in BLOCKS if not block.words)
WRONG = tuple(block for block in BLOCKS if block.words[:1] == ("error",))


def load(block: Block) -> rulecrm.Rules:
    return rulecrm.loads(f"{block.text}\n{SHARED}", source=f"language.md, {block}")


def answers(rules: rulecrm.Rules, names: Sequence[str]) -> pl.DataFrame:
    """What definitions of a customer give in the shop of the conformance cases, with what the page needs beyond it."""
    at = dt.datetime(2025, 6, 17, tzinfo=dt.UTC)
    seen = pl.DataFrame({"customer": ["ann"], "at": [at], "room": ["a"], "minutes": [60]})
    rates = pl.DataFrame({"currency": ["EUR"], "date": [dt.date(2025, 1, 1)], "rate": ["8"]})
    shop = facts(rules.program.schema, live_watch=seen, rates=rates)
    return rules.evaluate(shop, as_of=AS_OF, only=names).table()


def table(heading: str) -> list[list[str]]:
    """Rows of the first table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_block_is_of_a_known_kind() -> None:
    assert len(BLOCKS) == len(RIGHT) + len(WRONG) + 1
    assert len(RIGHT) > 20
    assert len(WRONG) > 5


@pytest.mark.parametrize("block", RIGHT, ids=str)
def test_a_block_loads_without_an_error_or_a_warning(block: Block) -> None:
    assert [one.message for one in load(block).warnings if one.severity is Severity.WARNING] == []


@pytest.mark.parametrize("block", RIGHT, ids=str)
def test_a_block_can_be_evaluated(block: Block) -> None:
    rules = load(block)
    others = {one.symbol for one in rules.program.definitions if one.subject != "customer"}
    own = [name for name in rules.names() if name not in others]
    found = answers(rules, own)
    assert found.height == len(CUSTOMERS)
    assert set(own) <= set(found.columns)


@pytest.mark.parametrize(
    ("line", "code"),
    [('segment hinted = not (city == "Suzhou")', "R601"), ("segment hinted = sum(purchase.amount) < 5 CNY", "R604")],
)
def test_the_hints_about_missing_values_are_as_the_page_says(line: str, code: str) -> None:
    found = rulecrm.loads(f"{line}\n{SHARED}").warnings
    assert [(one.code, one.severity) for one in found] == [(code, Severity.HINT)]
    assert code in PAGE


@pytest.mark.parametrize("block", WRONG, ids=str)
def test_a_mistake_has_the_code_that_the_page_gives(block: Block) -> None:
    with pytest.raises(rulecrm.RulesError) as caught:
        load(block)
    errors = {one.code for one in caught.value.diagnostics if one.severity is Severity.ERROR}
    assert errors == {block.words[1]}


@pytest.mark.parametrize("block", [block for block in RIGHT if re.search(r"^test ", block.text, re.MULTILINE)], ids=str)
def test_the_tests_of_a_block_pass(block: Block) -> None:
    outcomes = load(block).run_tests()
    assert outcomes
    assert [one.message for one in outcomes if not one.passed] == []


def test_the_table_of_functions_is_complete() -> None:
    assert [row[0].strip("`") for row in table("Functions")] == list(FUNCTIONS)


@pytest.mark.parametrize("row", table("Functions"), ids=lambda row: str(row[0]))
def test_the_example_of_a_function_is_right(row: list[str]) -> None:
    example = row[1].strip("`")
    assert example.startswith(row[0].strip("`") + "(")
    rules = rulecrm.loads(f"metric example = {example}\n{SHARED}")
    assert answers(rules, ["example"]).columns == ["customer", "example"]


def test_the_table_of_aggregates_is_complete() -> None:
    assert [row[0].strip("`").split("(")[0] for row in table("Reading facts")] == list(AGGREGATES)


@pytest.mark.parametrize("row", table("Reading facts"), ids=lambda row: str(row[0]))
def test_the_example_of_an_aggregate_is_right(row: list[str]) -> None:
    rules = rulecrm.loads(f"metric example = {row[0].strip('`')}\n{SHARED}")
    assert answers(rules, ["example"]).columns == ["customer", "example"]


@pytest.mark.parametrize("row", [row for row in table("Windows") if "X" not in row[0]], ids=lambda row: str(row[0]))
def test_a_window_of_the_table_is_one(row: list[str]) -> None:
    for window in re.findall("`([^`]+)`", row[0]):
        assert rulecrm.loads(f"metric example = count(purchase {window})\n{SHARED}").names("metric")


def test_every_kind_is_named() -> None:
    section = PAGE.split("**Kinds**", 1)[1].split("**As of.**", 1)[0]
    named = set(re.findall("`([a-z_]+)`", section))
    assert set(canonical().kinds) <= named


def test_every_file_of_the_standard_library_is_named() -> None:
    assert sorted(row[0].strip("`") for row in table("The standard library")) == list(standard_names())


def test_links_inside_the_page_lead_somewhere() -> None:
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(PAGE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
