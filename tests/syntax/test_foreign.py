"""Foreign spellings: one finding each, and what was meant is read on."""

from __future__ import annotations

import pytest

from rulecrm.syntax import format_rules, parse

# written, the place that is pointed at, the advice, and the rule as it is read on
FOREIGN = [
    ("spent between 3 and 5", "between 3 and 5", "write `spent in 3..5`", "spent in 3..5"),
    ("a or spent not between 3 and 5 and b", "between 3 and 5", "write `spent not in 3..5`", "a or spent not in 3..5 and b"),
    ("spent is not between 3 and 5", "between 3 and 5", "write `spent not in 3..5`", "spent not in 3..5"),
    (
        "(age(last(order).at) between x + 1d and f(y, 2))",
        "between x + 1d and f(y, 2)",
        "write `age(last(order).at) in x + 1d..f(y, 2)`",
        "age(last(order).at) in x + 1d..f(y, 2)",
    ),
    ("joined_at before 2025-01-01", "before", "write `<`", "joined_at < 2025-01-01"),
    ("a and last(order).at since 30d ago", "since", "write `>=`", "a and last(order).at >= 30d ago"),
    ("joined_at after x or b", "after", "write `>`", "joined_at > x or b"),
    ("last(order).at last 30d", "last 30d", "write `last(order).at in last 30d`", "last(order).at in last 30d"),
    ("a and joined_at this month", "this month", "write `joined_at in this month`", "a and joined_at in this month"),
    ('city like "%a%"', 'like "%a%"', 'write `contains "a"`', 'city contains "a"'),
    ('city like "a%"', 'like "a%"', 'write `starts with "a"`', 'city starts with "a"'),
    ('city not like "%a"', 'not like "%a"', 'write `not ends with "a"`', 'city not ends with "a"'),
    ('city like "%"', 'like "%"', 'write `contains ""`', 'city contains ""'),
    ('city like "a.b"', 'like "a.b"', 'write `matches "^a\\\\.b$"`', 'city matches "^a\\\\.b$"'),
    ("city like other", "like", "write `contains`, `starts with`, `ends with` or `matches`", "city contains other"),
    ('city in ("a", "b")', '("a", "b")', 'write `["a", "b"]`', 'city in ["a", "b"]'),
    ("tags contains any (a, b) or c", "(a, b)", "write `[a, b]`", "tags contains any [a, b] or c"),
    ("n in (f(1, 2), 3)", "(f(1, 2), 3)", "write `[f(1, 2), 3]`", "n in [f(1, 2), 3]"),
    ("count(order) last 30d > 3", "last 30d", "write `count(order last 30d)`", "count(order last 30d) > 3"),
    ("count(order) this month", "this month", "write `count(order this month)`", "count(order this month)"),
    ("count(order) today", "today", "write `count(order today)`", "count(order today)"),
    ("count(order) since first(order).at", "since first(order).at", "write `count(order since first(order).at)`",
     "count(order since first(order).at)"),
    ("count(order) before 2025-01-01 > 3", "before 2025-01-01", "write `count(order before 2025-01-01)`",
     "count(order before 2025-01-01) > 3"),
    ("count(order) between 2025-01-01 and 2025-02-01 > 3", "between 2025-01-01 and 2025-02-01",
     "write `count(order between 2025-01-01 and 2025-02-01)`", "count(order between 2025-01-01 and 2025-02-01) > 3"),
    ("count(order) from 60d to 30d ago > 3", "from 60d to 30d ago", "write `count(order from 60d to 30d ago)`",
     "count(order from 60d to 30d ago) > 3"),
    ("count(order) on today == 1", "on today", "write `count(order on today)`", "count(order today) == 1"),
    ("the spent > 3", "the", "leave out `the`", "spent > 3"),
    ("a and the count(order) > 3", "the", "leave out `the`", "a and count(order) > 3"),
    ("a = 3", "=", "write `==`", "a == 3"),
    ("a === 3", "===", "write `==`", "a == 3"),
    ("a => 3", "=>", "write `>=`", "a >= 3"),
    ("a =< 3", "=<", "write `<=`", "a <= 3"),
    ("a equals 3", "equals", "write `==`", "a == 3"),
    ("a <> 3", "<>", "write `!=`", "a != 3"),
    ("a && b", "&&", "write `and`", "a and b"),
    ("a || b", "||", "write `or`", "a or b"),
    ("!a", "!", "write `not`", "not a"),
    ("a AND b", "AND", "write `and`", "a and b"),
    ("a > 3 AND b", "AND", "write `and`", "a > 3 and b"),
    ("NOT a", "NOT", "write `not`", "not a"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "place", "advice", "meant"), FOREIGN, ids=[case[0] for case in FOREIGN])
def test_a_foreign_spelling_is_one_finding(written: str, place: str, advice: str, meant: str) -> None:
    text = f"segment s = {written}\nsegment t = u"
    parsed = parse(text)
    (found,) = parsed.diagnostics
    assert found.span is not None
    assert (text[found.span.start : found.span.end], found.help) == (place, advice)
    assert found.code in {"R008", "R018", "R019", "R020"}
    assert format_rules(parsed.rules) == f"segment s = {meant}\nsegment t = u\n"


def test_else_if() -> None:
    parsed = parse("campaign c {\n  enter on order\n  if a {\n    exit\n  } elif b {\n    exit\n  }\n}")
    assert [(one.code, one.help) for one in parsed.diagnostics] == [("R008", "write `else if`")]
    assert "} else if b {" in format_rules(parsed.rules)


@pytest.mark.parametrize(
    "own",
    [
        "count(order between 2025-01-01 and 2025-02-01)",
        "between is like",
        "the",
        "the.like",
        "f(a, b) in (a)",
        "last.AND in [a, b]",
    ],
)
def test_the_words_are_free_elsewhere(own: str) -> None:
    assert parse(f"segment s = {own}").diagnostics == ()


@pytest.mark.parametrize(
    "text",
    [
        "a between",
        "a between 3",
        "a between 3 or 5",
        "not between 3 and 5",
        "between 3 and 5",
        "a like",
        "a in (",
        "a in (b,",
        "(a, b)",
        "f() last",
        "count(a) from",
        "count(a) from 3d to",
        "count(a) since f(",
        "count(a) last 3d last 4d",
        ") last 3d",
        "the the the",
        "= = =",
    ],
)
def test_what_is_left_unfinished_ends_all_the_same(text: str) -> None:
    assert parse(f"segment s = {text}\nsegment t = u").diagnostics


def test_what_as_of_takes_in_is_said() -> None:
    (found,) = parse("segment s = a and count(order) as of 30d ago > 1").diagnostics
    assert (found.code, found.help) == ("R001", "write `(count(order) as of 30d ago) > …`")
