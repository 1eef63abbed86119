"""What texts say: a table of sources and what must come of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from rulecrm.syntax import format_text, parse, parse_expression
from rulecrm.syntax.ast import (
    Ago,
    Argument,
    AsOf,
    Calendar,
    Call,
    Compare,
    Date,
    Duration,
    Expression,
    Field,
    From,
    Identifier,
    InPeriod,
    Last,
    List,
    Money,
    Name,
    Next,
    Not,
    Number,
    On,
    Range,
    Sequence,
    Step,
    Text,
    Until,
    WithinAfter,
)  # fmt: skip
from rulecrm.syntax.declarations import Metric, Segment
from rulecrm.syntax.grammar import keywords
from rulecrm.syntax.journeys import Campaign, Cap, Policy, Reenter
from rulecrm.syntax.lexer import RESERVED

P = Name("purchase")
D30 = Duration(((30, "d"),))
DAY = Date(dt.date(2025, 11, 11))


def call(function: str, *arguments: Argument) -> Call:
    return Call(Identifier(function), arguments)


FIRST_AT = Field(call("first", Argument(P)), Identifier("at"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(purchase on 2025-11-11)", call("count", Argument(P, window=On(DAY)))),
        ("at on 2025-11-11", Compare("on", Name("at"), DAY)),
        ("count(purchase in last month)", call("count", Argument(P, window=Calendar("last", "month")))),
        ("count(purchase last month)", call("count", Argument(P, window=Calendar("last", "month")))),
        ("count(purchase today)", call("count", Argument(P, window=Calendar("this", "day")))),
        ("count(purchase in period)", call("count", Argument(P, window=InPeriod()))),
        ("count(purchase before 30d ago)", call("count", Argument(P, window=Until(Ago(D30))))),
        (
            "count(purchase from 60d to 30d ago)",
            call("count", Argument(P, window=From(Duration(((60, "d"),)), D30))),
        ),
        (
            "count(purchase within 30d after first(purchase).at)",
            call("count", Argument(P, window=WithinAfter(D30, FIRST_AT))),
        ),
        (
            'count(purchase where a == "x" on 2025-11-11)',
            call("count", Argument(P, Compare("==", Name("a"), Text("x")), On(DAY))),
        ),
        (
            "count(purchase where at in last 30d)",
            call("count", Argument(P, Compare("in", Name("at"), Last(D30)))),
        ),
        ("count(purchase on 2025-11-11 where paid)", call("count", Argument(P, Name("paid"), On(DAY)))),
        ("when(birthday in next 30d)", call("when", Argument(Compare("in", Name("birthday"), Next(D30))))),
        (
            "percentile(spent) among vip >= 3",
            Compare(">=", Call(Identifier("percentile"), (Argument(Name("spent")),), Name("vip")), Number(3)),
        ),
        ("not a is b as of 30d ago", Not(AsOf(Compare("is", Name("a"), Name("b")), Ago(D30)))),
        ("x in 1..5", Compare("in", Name("x"), Range(Number(1), Number(5)))),
        ("x not in [1, 2,]", Compare("in", Name("x"), List((Number(1), Number(2))), True)),
        ("x is not missing", Compare("is missing", Name("x"), None, True)),
        ('x contains "a" ignoring case', Compare("contains", Name("x"), Text("a"), False, True)),
        ("1_000.50 CNY", Money(Decimal("1000.50"), "CNY")),
        ("1h30m", Duration(((1, "h"), (30, "m")))),
        ('"a\\"\\u4f60\\n"', Text('a"你\n')),
        ("first.last", Field(Name("first"), Identifier("last"))),
        (
            "x in last(order).tags",
            Compare("in", Name("x"), Field(call("last", Argument(Name("order"))), Identifier("tags"))),
        ),
        (
            "sequence by p (a where b >= 2 times within 30d then no c) within 30d last 30d",
            Sequence(
                (Step(Identifier("a"), False, Name("b"), 2, D30), Step(Identifier("c"), True)),
                Identifier("p"), D30, Last(D30),
            ),
        ),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: Expression) -> None:
    parsed = parse_expression(text)
    assert parsed.diagnostics == ()
    assert parsed.expression == expected


def test_a_span_covers_exactly_its_text() -> None:
    text = "metric m = (a + b) * count(purchase last 30d)"
    metric = parse(text).rules.declarations[0]
    assert isinstance(metric, Metric)
    assert text[metric.span.start : metric.span.end] == text
    assert text[metric.name.span.start : metric.name.span.end] == "m"
    assert text[metric.value.span.start : metric.value.span.end] == "(a + b) * count(purchase last 30d)"


def test_the_file_of_the_language_page_reads_without_a_mistake() -> None:
    parsed = parse(Path(__file__).with_name("whole_file.rules").read_text("utf-8"))
    assert parsed.diagnostics == ()
    assert len(parsed.rules.declarations) == 33
    assert parsed.rules.doc == "Double-11 newcomers: a month of care, then a gift, five rounds at most."


def test_a_docstring_belongs_to_what_follows() -> None:
    parsed = parse('"""The file."""\n\n"""The metric,\n   in two lines."""\nmetric a = 1')
    assert parsed.rules.doc == "The file."
    assert parsed.rules.declarations[0].doc == "The metric,\nin two lines."


def test_a_docstring_right_above_the_first_declaration_is_its_own() -> None:
    parsed = parse('"""The metric."""\nmetric a = 1')
    assert parsed.rules.doc is None
    assert parsed.rules.declarations[0].doc == "The metric."


def test_a_label_may_be_called_like_a_window() -> None:
    parsed = parse("classify c {\n  first when a > 3\n  last when b\n  today otherwise\n}")
    assert parsed.diagnostics == ()


def test_what_can_be_read_is_kept_and_what_cannot_is_named() -> None:
    parsed = parse("metric a = 1\nmetric b = +\nsegment c = a > 3")
    names = [part.name.text for part in parsed.rules.declarations if isinstance(part, Metric | Segment)]
    assert names == ["a", "c"]
    assert parsed.broken == ("b",)
    assert [diagnostic.code for diagnostic in parsed.diagnostics] == ["R001"]


def test_names_are_composed() -> None:
    decomposed, composed = "caf\u0065\u0301", "caf\u00e9"
    assert parse_expression(decomposed).expression == Name(composed)


def test_only_reserved_words_are_no_names() -> None:
    words = sorted(word for word in keywords() if word.isalpha())
    read = {word for word in words if parse_expression(word).expression == Name(word)}
    declared = {word for word in words if parse(f"metric {word} = 1").diagnostics == ()}
    assert set(words) - read == {"false", "not", "population", "sequence", "true"}
    assert set(words) - declared == RESERVED


def test_a_reserved_word_that_is_declared_is_broken_and_nothing_more() -> None:
    parsed = parse("segment population = a > 3\nmetric b = 1")
    assert [(found.code, found.span and found.span.start) for found in parsed.diagnostics] == [("R017", 8)]
    assert parsed.broken == ("population",)


def test_who_may_enter_again_is_told_apart_by_a_field() -> None:
    text = "campaign c {\n  reenter after 1d by product\n  reenter never by order\n  reenter always\n}\n"
    parsed = parse(text)
    (campaign,) = parsed.rules.declarations
    assert isinstance(campaign, Campaign)
    day = Duration(((1, "d"),))
    assert campaign.clauses == (
        Reenter("after", day, Identifier("product")),
        Reenter("never", None, Identifier("order")),
        Reenter("always"),
    )
    assert format_text(text) == text


def test_a_cap_counts_by_the_calendar() -> None:
    text = "policy {\n  at most 1 message per day\n  at most 2 sms per 7d\n}\n"
    (policy,) = parse(text).rules.declarations
    assert isinstance(policy, Policy)
    assert policy.rules == (
        Cap(1, Identifier("message"), Name("day")),
        Cap(2, Identifier("sms"), Duration(((7, "d"),))),
    )
    assert format_text(text) == text
