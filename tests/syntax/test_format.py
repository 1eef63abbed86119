"""The laws of the formatter: the text says the same, and formatting it again changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from rulecrm.syntax import format_rules, format_text, parse
from rulecrm.syntax.ast import Expression, Identifier
from rulecrm.syntax.declarations import Metric, Rules

sys.path.insert(0, str(Path(__file__).parent))
from realistic import realistic
from strategies import expressions, rules

quick = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@quick
@given(expressions())
def test_an_expression_survives_its_text(expression: Expression) -> None:
    file = Rules((Metric(Identifier("m"), expression),))
    text = format_rules(file)
    parsed = parse(text)
    assert parsed.diagnostics == ()
    assert parsed.rules == file
    assert format_rules(parsed.rules) == text


@quick
@given(rules())
def test_a_file_survives_its_text(file: Rules) -> None:
    text = format_rules(file)
    parsed = parse(text)
    assert parsed.diagnostics == ()
    assert parsed.rules == file
    assert format_rules(parsed.rules) == text


def test_a_realistic_file_survives_its_text() -> None:
    text = realistic(1_500, seed=3)
    formatted = format_text(text)
    assert parse(formatted).rules == parse(text).rules
    assert format_text(formatted) == formatted


def test_comments_stay_where_they_belong() -> None:
    text = """# first
metric a = 1   # behind a

# before b
metric b = ( # inside b
  2)
campaign c { # behind the head
  # before the step
  wait 1d # behind the step
  # at the end
} # behind c
# last
"""
    formatted = """# first
metric a = 1  # behind a

# before b
# inside b
metric b = 2

campaign c {
  # behind the head
  # before the step
  wait 1d  # behind the step
  # at the end
}  # behind c

# last
"""
    assert format_text(text) == formatted
    assert format_text(formatted) == formatted


def test_long_lines_are_broken() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    text = f"segment s = {' and '.join(names)}\n"
    formatted = format_text(text)
    assert max(map(len, formatted.splitlines())) <= 100
    assert parse(formatted).rules == parse(text).rules
