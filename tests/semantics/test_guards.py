"""Figures over all subjects in what machines ask: those of the last local midnight, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rulecrm.model.asked import asked
from rulecrm.model.program import Program
from rulecrm.semantics.compile import Compiled
from tests.semantics.conftest import HEAD, spell

DEFINITIONS = """
metric spent = sum(purchase.amount) ?? 0 CNY
metric average = population mean(spent)
segment rich = spent > average
segment plain = spent > 3 CNY
classify value { high when rich and plain  low otherwise }
segment was_rich = rich as of 30d ago
collection large = purchase where amount > population mean(spent)
"""

MIDNIGHT = 'start_of("day", T)'


@pytest.fixture
def guarded(compiled: Callable[..., Compiled]) -> Callable[[str], tuple[str, Program]]:
    """The spelling of the guard of a move, and the program around it."""

    def run(guard: str) -> tuple[str, Program]:
        text = f"{HEAD}{DEFINITIONS}lifecycle l {{ start a  state b  a -> b on purchase {guard} }}"
        result = compiled(text)
        assert result.program is not None, [one.message for one in result.diagnostics]
        exprs = list(asked(result.program.lifecycle("l")))
        return " & ".join(map(spell, exprs)), result.program

    return run


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("when plain", "=plain"),
        ("when spent > 3 CNY", "gt(=spent, 3$)"),
        ("when spent > population mean(spent)", f"gt(=spent, asof(population mean[=spent], {MIDNIGHT}))"),
        ("when percentile(spent) >= 80%", f"ge(asof(percentile[=spent], {MIDNIGHT}), 0.8)"),
        ("where amount > population mean(spent)", f"gt(purchase.amount, asof(population mean[=spent], {MIDNIGHT}))"),
        (
            "when count(purchase where amount > population mean(spent)) > 1",
            f"gt(count[purchase where gt(purchase.amount, asof(population mean[=spent], {MIDNIGHT}))], 1)",
        ),
        # what stands inside of a figure is asked at its midnight as it is
        (
            "when spent > population mean(spent) among rich",
            f"gt(=spent, asof(population mean[=spent among =rich], {MIDNIGHT}))",
        ),
        (
            "when rank(ntile(5, spent)) > 3",
            f"gt(asof(rank[ntile[=spent, 5]], {MIDNIGHT}), 3)",
        ),
        # an earlier instant has its own midnight
        (
            "when spent > (population mean(spent) as of 30d ago)",
            f"gt(=spent, asof(asof(population mean[=spent], {MIDNIGHT}), shift(T, -30d)))",
        ),
        ("when rich and plain", "and(=rich@guard, =plain)"),
        ("when value is high", 'eq(=value@guard, "high")'),
        ("when was_rich", "=was_rich@guard"),
    ],
)
def test_a_figure_over_all_subjects_is_that_of_the_last_midnight(
    guarded: Callable[[str], tuple[str, Program]], guard: str, expected: str
) -> None:
    assert guarded(guard)[0] == expected


def test_a_definition_that_asks_for_the_population_has_a_twin(guarded: Callable[[str], tuple[str, Program]]) -> None:
    program = guarded("when value is high")[1]
    symbols = [one.symbol for one in program.definitions]
    assert symbols[-3:] == ["average@guard", "rich@guard", "value@guard"]
    assert [symbol for symbol in symbols if "@" in symbol] == symbols[-3:]
    assert not [symbol for symbol in program.exported if "@" in symbol]
    assert spell(program.definition("average").value) == "population mean[=spent]"
    assert spell(program.definition("average@guard").value) == f"asof(population mean[=spent], {MIDNIGHT})"
    assert spell(program.definition("rich@guard").value) == "gt(=spent, =average@guard)"
    assert spell(program.definition("value@guard").value) == 'choose(and(=rich@guard, =plain), "high", "low")'
    arms = program.definition("value@guard").arms
    assert [(label, arm and spell(arm)) for label, arm in arms] == [("high", "and(=rich@guard, =plain)"), ("low", None)]


def test_nothing_has_a_twin_where_no_machine_asks(compiled: Callable[..., Compiled]) -> None:
    program = compiled(HEAD + DEFINITIONS + "lifecycle l { start a  state b  a -> b on purchase when plain }").program
    assert program is not None
    assert not [one.symbol for one in program.definitions if "@" in one.symbol]


def test_all_places_of_a_campaign_ask_at_midnight(compiled: Callable[..., Compiled]) -> None:
    text = """
    template t for sms "{{ share }}"
    campaign c {
      enter on large when rich
      exit on large when rich
      goal large within 3d
      send sms t with { share: percentile(spent) }
      wait until large up to 3d
      if rich { tag "rich" }
      repeat up to 2 times every 3d until large { tag "again" }
    }
    """
    result = compiled(HEAD + DEFINITIONS + text)
    assert result.program is not None, [one.message for one in result.diagnostics]
    spelled = set(map(spell, asked(result.program.campaigns)))
    large = f"gt(purchase.amount, asof(population mean[=spent], {MIDNIGHT}))"
    assert spelled == {large, "=rich@guard", f"asof(percentile[=spent], {MIDNIGHT})"}


def test_a_figure_over_all_subjects_knows_no_journey(compiled: Callable[..., Compiled]) -> None:
    text = 'campaign c { enter on visit  if population count(joined_at > entry) > 3 { tag "a" } }'
    (found,) = compiled(text).diagnostics
    assert (found.code, text[found.span.start : found.span.end] if found.span else "") == ("R212", "entry")
    assert not compiled(text.replace("joined_at > entry", "joined_at > 3d ago")).diagnostics


def test_an_instant_of_one_customer_is_none_for_all(compiled: Callable[..., Compiled]) -> None:
    text = f"""{DEFINITIONS}
    campaign c {{ enter on visit  if rich as of first(purchase).at {{ tag "a" }} }}
    """
    assert [one.code for one in compiled(HEAD + text).diagnostics] == ["R212"]
