"""Each thing that people ask elsewhere is one line of rules here, and gives the members that a person would name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from rulecrm.diagnostics.model import Severity
from tests.conformance.asked import ASKED, NOT_YET
from tests.conformance.world import AS_OF, CUSTOMERS, facts

CASES = Path(__file__).parent / "cases"
FILES = tuple(sorted(path.stem for path in CASES.glob("*.rules") if path.stem != "shop"))


@cache
def loaded(file: str) -> rulecrm.Rules:
    return rulecrm.load(CASES / f"{file}.rules")


@cache
def cases(file: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Segments by name: what is asked, and the members written down."""
    program = loaded(file).program
    found = {}
    for name in program.exported:
        asked, arrow, members = (program.definition(name).doc or "").partition(" -> ")
        if arrow:
            found[name] = (asked, tuple(members.split()))
    return found


@cache
def answers(file: str) -> rulecrm.Result:
    rules = loaded(file)
    return rules.evaluate(facts(rules.program.schema), as_of=AS_OF, only=list(cases(file)))


def every_case() -> list[object]:
    return [
        pytest.param(file, name, id=f"{file}: {asked}") for file in FILES for name, (asked, _) in cases(file).items()
    ]


@pytest.mark.parametrize(("file", "name"), every_case())
def test_a_line_has_the_members_written_beside_it(file: str, name: str) -> None:
    expected = cases(file)[name][1]
    members = answers(file).segment(name).to_series().to_list()
    assert sorted(members) == list(expected)


@pytest.mark.parametrize("file", FILES)
def test_members_are_written_in_order_and_exist(file: str) -> None:
    for asked, members in cases(file).values():
        assert list(members) == sorted(set(members)), asked
        assert set(members) <= set(CUSTOMERS), asked
        assert 0 < len(members) < len(CUSTOMERS), f"{asked}: a case tells some customers from others"


@pytest.mark.parametrize("file", sorted(ASKED))
def test_everything_asked_has_a_case(file: str) -> None:
    written = [asked for asked, _ in cases(file).values()]
    missing = [item for item in ASKED[file] if not any(asked.startswith(item) for asked in written)]
    assert missing == []


def test_nothing_is_both_asked_and_not_yet() -> None:
    assert not set(NOT_YET) & {item for items in ASKED.values() for item in items}
    assert all(reason for reason in NOT_YET.values())


@pytest.mark.parametrize("file", FILES)
def test_the_lines_are_as_one_would_write_them(file: str) -> None:
    """No errors, and no warnings either."""
    assert [one.message for one in loaded(file).warnings if one.severity is Severity.WARNING] == []


@pytest.mark.parametrize("file", FILES)
def test_asked_customer_by_customer_the_answers_are_the_same(file: str) -> None:
    rules = loaded(file)
    instant = rulecrm.instant_of(AS_OF, rules.program.zone)
    points = pl.DataFrame({"customer": CUSTOMERS, "at": [instant] * len(CUSTOMERS)})
    found = rules.evaluate_at(facts(rules.program.schema), points, only=list(cases(file)))
    for name, (asked, members) in cases(file).items():
        assert found.filter(pl.col(name)).get_column("customer").to_list() == list(members), asked


@pytest.mark.parametrize("file", FILES)
def test_evaluated_in_parts_the_answers_are_the_same(file: str) -> None:
    rules = loaded(file)
    result = rules.evaluate(facts(rules.program.schema), as_of=AS_OF, only=list(cases(file)), shards=3)
    for name, (asked, members) in cases(file).items():
        assert sorted(result.segment(name).to_series().to_list()) == list(members), asked


@pytest.mark.parametrize("file", FILES)
def test_explained_for_one_inside_and_one_outside_the_verdict_is_the_same(file: str) -> None:
    rules = loaded(file)
    shop = facts(rules.program.schema)
    for number, (name, (asked, members)) in enumerate(cases(file).items()):
        others = [customer for customer in CUSTOMERS if customer not in members]
        for customer in (members[number % len(members)], others[number % len(others)]):
            explanation = rules.explain(shop, segment=name, customer=customer, as_of=AS_OF)
            assert explanation.verdict is (customer in members), f"{asked}: {customer}"
