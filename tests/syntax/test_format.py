"""The laws of the formatter: the text says the same, and formatting it again changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

from rulecrm.syntax import format_rules, format_text, parse
from rulecrm.syntax.ast import Expression, Identifier
from rulecrm.syntax.declarations import Metric, Rules

sys.path.insert(0, str(Path(__file__).parent))
from realistic import realistic
from strategies import expressions, rules

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*(ROOT / "rulecrm").rglob("*.rules"), *(ROOT / "examples").glob("*/*.rules")])

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


def test_blank_lines_between_comments_stay() -> None:
    text = """\
# Of the whole file.

# Of the first metric.
metric a = 1


# Of the next group.

\"\"\"Said of b.\"\"\"
metric b = 2

test "t" {
  # one

  # two
  customer "c" {
    # three

    age: 3

    # four

  }

  # five

}

# six

# seven

"""
    formatted = """\
# Of the whole file.

# Of the first metric.
metric a = 1

# Of the next group.

\"\"\"Said of b.\"\"\"
metric b = 2

test "t" {
  # one

  # two
  customer "c" {
    # three

    age: 3
    # four
  }
  # five
}

# six

# seven
"""
    assert format_text(text) == formatted
    assert format_text(formatted) == formatted


@pytest.mark.parametrize(
    "expression",
    [
        "a and (b is premium as of 30d ago)",
        "(b is premium as of 30d ago) or a",
        "a or b and (c as of 30d ago)",
        "not (a as of 30d ago)",
        "(not a) as of 30d ago",
        "(a and b) as of 30d ago",
        "(a as of 30d ago) as of start",
        "(spent as of 30d ago) > 3",
        "spent > 3 as of 30d ago",
        "spent - (spent as of 30d ago)",
        "count(purchase where (paid as of 30d ago) and big last 3d)",
        "sequence(cart then no order within 24h) last 3d",
        "sequence by product (cart then order)",
        "sequence(lib.tea where lib.tea.amount > 3 then no lib.watch within 2d)",
    ],
)
def test_parentheses_stay_where_they_say_something(expression: str) -> None:
    text = f"metric m = {expression}\n"
    assert format_text(text) == text


@pytest.mark.parametrize(
    ("written", "laid_out"),
    [
        ("((a))", "a"),
        ("(spent > 3) as of 30d ago", "spent > 3 as of 30d ago"),
        ("(a as of 30d ago)", "a as of 30d ago"),
    ],
)
def test_parentheses_go_where_they_say_nothing(written: str, laid_out: str) -> None:
    assert format_text(f"metric m = {written}") == f"metric m = {laid_out}\n"


def test_what_does_not_fit_begins_a_line_of_its_own() -> None:
    title = "words " * 10
    parts = [f"a_rather_long_name_{number}" for number in range(6)]
    short = " and ".join(parts[:3])
    formatted = format_text(
        f'segment s "{title}" = {short}\nsegment l = {" and ".join(parts)}\n'
        f'classify c {{ high "{title}" when {short} low otherwise }}\n'
    )
    assert formatted == (
        f'segment s "{title}" =\n  {short}\n\n'
        f"segment l =\n  {parts[0]}\n" + "".join(f"  and {part}\n" for part in parts[1:]) + "\n"
        f'classify c {{\n  high "{title}"\n    when {short}\n  low otherwise\n}}\n'
    )
    assert format_text(formatted) == formatted


def test_one_fact_stays_beside_its_customer() -> None:
    text = """\
test "t" {
  customer "a" { visit at 2025-01-01 }
  customer "b" { age: 3 }  # three
  customer "c" {
    visit at 2025-01-01  # the only one
  }
  customer "d" {
    age: 3
    visit at 2025-01-01
  }
}
"""
    assert format_text(text) == text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_is_laid_out(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_text(text) == text


def test_long_lines_are_broken() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    text = f"segment s = {' and '.join(names)}\n"
    formatted = format_text(text)
    assert max(map(len, formatted.splitlines())) <= 100
    assert parse(formatted).rules == parse(text).rules


@pytest.mark.parametrize("doc", ["\na\n b", "\n\n a\n\tb\n\n c", "a\n b\n  c", " a\n b", "\n", "\n a", "a\n\n b\n"])
def test_a_docstring_keeps_its_margins(doc: str) -> None:
    (metric,) = parse("metric m = n").rules.declarations
    file = Rules((evolve(metric, doc=doc),))
    text = format_rules(file)
    assert parse(text).rules == file
    assert format_rules(parse(text).rules) == text


def test_a_comment_inside_a_declaration_stands_before_its_docstring() -> None:
    text = '# first\n\n"""said"""  # behind\nsegment s = a  # inside\n  and b\n'
    once = format_text(text)
    assert once == '# first\n\n# behind\n# inside\n"""said"""\nsegment s = a and b\n'
    assert format_text(once) == once
