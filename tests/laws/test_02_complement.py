"""Law 2: P and `not P` part all subjects in two; a classification gives each exactly one label."""

from __future__ import annotations

import polars as pl
from attrs import evolve
from hypothesis import given

from tests.strategies import fewer
from tests.strategies.cases import Case, cases, facts_of


def _negations(case: Case) -> dict[str, list[str]]:
    """For each segment, by its line: names and lines of segments that must be its complement."""
    found: dict[str, list[str]] = {}
    for line in case.lines[1:]:
        form, name, *rest = line.split(" ", 3)
        if form == "segment":
            of = f" of {rest[-1].split()[0]}" if rest[0] == "of" else ""
            predicate = line.split(" = ", 1)[1]
            found[name] = [f"segment not_{name}{of} = not {name}", f"segment opposite_{name}{of} = not ({predicate})"]
    return found


@given(cases(depth=3))
@fewer(2)
def test_a_predicate_and_its_negation_part_all(case: Case) -> None:
    negations = _negations(case)
    lines = [*case.lines, *(line for written in negations.values() for line in written)]
    result = evolve(case, lines=tuple(lines)).rules().evaluate(facts_of(case.world), as_of=case.now)
    for subject in ("customer", "product"):
        table = result.table(subject)
        for name in negations:
            if name in table.columns:
                holds = table[name]
                assert holds.dtype == pl.Boolean
                assert holds.null_count() == 0
                assert table[f"not_{name}"].to_list() == (~holds).to_list()
                assert table[f"opposite_{name}"].to_list() == (~holds).to_list()


@given(cases(depth=3))
@fewer(2)
def test_a_classification_gives_exactly_one_label(case: Case) -> None:
    result = case.rules().evaluate(facts_of(case.world), as_of=case.now)
    for line in case.lines[1:]:
        form, name, *_ = line.split()
        if form == "classify":
            subject = "product" if f"{name} of product" in line else "customer"
            labels = {word for word in line.split() if word.startswith(f"{name}_")}
            found = result.table(subject)[name]
            assert found.null_count() == 0
            assert set(found.cast(pl.String).to_list()) <= labels
