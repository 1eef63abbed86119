"""Law 5: what is kept between evaluations changes no answer; facts and rules in use equal fresh ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fewer
from tests.strategies.cases import Case, cases, facts_of
from tests.strategies.programmes import Programme, lifecycles


@given(cases(most=8, currencies=("CNY", "USD")), st.data())
@fewer(4)
def test_facts_in_use_equal_fresh_ones(case: Case, data: st.DataObject) -> None:
    instants = data.draw(st.lists(st.sampled_from(case.instants()), min_size=2, max_size=4))
    subjects = case.oracle().subjects()
    rules, facts = case.rules(), facts_of(case.world)
    for at in [*instants, case.now, instants[0]]:
        kept = rules.evaluate(facts, as_of=at)
        fresh = case.rules().evaluate(facts_of(case.world), as_of=at)
        for subject in subjects:
            assert kept.table(subject).equals(fresh.table(subject))


@given(cases(most=8), st.data())
@fewer(4)
def test_a_part_of_the_definitions_equals_the_whole(case: Case, data: st.DataObject) -> None:
    """Definitions asked for alone, after or before others, have the values they have together."""
    facts, rules = facts_of(case.world), case.rules()
    whole = case.rules().evaluate(facts_of(case.world), as_of=case.now)
    for subject in case.oracle().subjects():
        for name in data.draw(st.permutations(case.oracle().names(subject)))[:4]:
            alone = rules.evaluate(facts, as_of=case.now, only=[name]).table(subject)
            assert alone.equals(whole.table(subject).select(subject, name))


@given(lifecycles(), st.data())
@fewer(8)
def test_lifecycles_kept_equal_fresh_ones(programme: Programme, data: st.DataObject) -> None:
    """Lifecycles worked out up to one instant are asked for at later and at earlier ones."""
    instants = data.draw(st.lists(st.sampled_from(programme.instants()), min_size=2, max_size=4))
    rules, facts = programme.rules(), programme.facts()
    for at in [*instants, instants[0]]:
        kept = rules.evaluate(facts, as_of=at).table()
        assert kept.equals(programme.rules().evaluate(programme.facts(), as_of=at).table())
