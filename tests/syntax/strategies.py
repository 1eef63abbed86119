"""Hypothesis strategies for ASTs: every file they draw is one that some text could have been read as."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from rulecrm.syntax import ast
from rulecrm.syntax import declarations as d
from rulecrm.syntax import journeys as j
from rulecrm.syntax.attach import AGGREGATES

__all__ = ["conditions", "declarations", "expressions", "identifiers", "rules"]

# Words of the language that work as names, unlucky ones first, and names of all scripts.
SOFT = [
    "kind",
    "state",
    "priority",
    "tag",
    "message",
    "day",
    "every",
    "body",
    "channel",
    "first",
    "order",
    "last",
    "next",
    "today",
    "missing",
    "any",
    "all",
    "none",
    "period",
    "start",
    "exit",
    "send",
    "wait",
    "metric",
    "segment",
    "import",
    "test",
    "policy",
    "新客",
    "größe",
    "имя",
    "a",
    "b",
    "spent",
    "purchase",
]

# Operators, which are never names.
HARD = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "on",
        "as",
        "of",
        "matches",
        "contains",
        "starts",
        "ends",
        "within",
        "ignoring",
        "ago",
        "among",
        "true",
        "false",
        "population",
        "sequence",
        "no",
        "any",
        "by",
        "where",
        "when",
        "with",
        "for",
        "at",
        "via",
        "file",
    ]
)


def _names() -> st.SearchStrategy[str]:
    letters = st.text("abcxyzäß我数_", min_size=1, max_size=6)
    return st.one_of(st.sampled_from(SOFT), letters.filter(str.isidentifier)).filter(lambda name: name not in HARD)


def identifiers() -> st.SearchStrategy[ast.Identifier]:
    """Names where they are declared or referred to."""
    return st.builds(ast.Identifier, _names())


def _texts() -> st.SearchStrategy[str]:
    return st.text(max_size=12)


def _docs() -> st.SearchStrategy[str | None]:
    lines = st.text(st.sampled_from('ab "\\\n\t你'), min_size=1, max_size=15)
    return st.one_of(st.none(), st.none(), lines, st.text(min_size=1, max_size=10))


def _decimals(places: int = 4) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, 10**9, places=places)


def durations() -> st.SearchStrategy[ast.Duration]:
    """`30d`, `1h30m`."""
    part = st.tuples(st.integers(0, 999), st.sampled_from(["y", "mo", "w", "d", "h", "m", "s"]))
    return st.builds(ast.Duration, st.lists(part, min_size=1, max_size=3).map(tuple))


def _datetimes() -> st.SearchStrategy[ast.DateTime]:
    moments = st.builds(dt.datetime.combine, st.dates(dt.date(1000, 1, 1)), st.times())
    return st.builds(ast.DateTime, moments.map(lambda moment: moment.replace(microsecond=0, fold=0)))


def _times() -> st.SearchStrategy[ast.Time]:
    return st.builds(ast.Time, st.times().map(lambda time: time.replace(microsecond=0, fold=0)))


def _dates() -> st.SearchStrategy[ast.Date]:
    return st.builds(ast.Date, st.dates(dt.date(1000, 1, 1)))


def _percents() -> st.SearchStrategy[ast.Percent]:
    return st.builds(ast.Percent, _decimals())


def _names_of_values() -> st.SearchStrategy[ast.Name]:
    return st.builds(ast.Name, _names())


def _leaves() -> st.SearchStrategy[ast.Expression]:
    return st.one_of(
        _names_of_values(),
        st.builds(ast.Number, st.integers(0, 10**12)),
        st.builds(ast.Number, _decimals(2)),
        _percents(),
        st.builds(ast.Text, _texts()),
        st.builds(ast.Boolean, st.booleans()),
        st.builds(ast.Money, _decimals(2), st.sampled_from(("CNY", "USD"))),
        durations(),
        _dates(),
        _datetimes(),
        _times(),
    )


def _few(items: st.SearchStrategy[ast.Expression], least: int = 0) -> st.SearchStrategy[tuple[ast.Expression, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


def _flat(node: type[ast.AllOf | ast.AnyOf], inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy:
    return st.builds(node, _few(inner.filter(lambda operand: not isinstance(operand, node)), 2))


def _spans(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy:
    return st.one_of(
        st.builds(ast.Last, inner),
        st.builds(ast.Next, inner),
        st.builds(
            ast.Calendar,
            st.sampled_from(("this", "last", "next")),
            st.sampled_from(("day", "week", "month", "quarter", "year")),
        ),
    )


def _anchored(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy:
    return st.one_of(st.builds(ast.WithinAfter, inner, inner), st.builds(ast.WithinBefore, inner, inner))


def _windows(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy:
    return st.one_of(
        _spans(inner),
        _anchored(inner),
        st.builds(ast.From, inner.filter(lambda older: not isinstance(older, ast.Ago)), inner),
        st.builds(ast.Since, inner),
        st.builds(ast.Until, inner),
        st.builds(ast.Between, inner, inner),
        st.builds(ast.On, inner),
        st.just(ast.InPeriod()),
    )


def _comparisons(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Compare]:
    words = (
        "in",
        "is",
        "matches",
        "contains",
        "contains any",
        "contains all",
        "contains none",
        "starts with",
        "ends with",
    )
    case = st.booleans()
    return st.one_of(
        st.builds(ast.Compare, st.sampled_from(("==", "!=", "<", "<=", ">", ">=")), inner, inner, ignoring_case=case),
        st.builds(ast.Compare, st.sampled_from(words), inner, inner, st.booleans(), case),
        st.builds(ast.Compare, st.just("on"), inner, inner),
        st.builds(ast.Compare, st.just("is missing"), inner, st.none(), st.booleans()),
        st.builds(ast.Compare, st.just("in"), inner, _spans(inner) | st.just(ast.InPeriod()), st.booleans()),
        st.builds(ast.Compare, st.just("within"), inner, _spans(inner) | _anchored(inner), st.booleans()),
    )


def _arguments(inner: st.SearchStrategy[ast.Expression], windows: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(ast.Argument, inner, st.none() | inner, windows, st.none() | identifiers())


def _calls(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Call]:
    plain = st.lists(_arguments(inner, st.none()), max_size=2).map(tuple)
    windowed = st.lists(_arguments(inner, st.none() | _windows(inner)), max_size=2).map(tuple)
    aggregate = st.sampled_from(sorted(AGGREGATES)).map(ast.Identifier)
    among = st.none() | inner
    return st.one_of(st.builds(ast.Call, identifiers(), plain, among), st.builds(ast.Call, aggregate, windowed, among))


def _steps_of_sequences(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Step]:
    at_least = st.none() | st.integers(1, 99)
    return st.builds(ast.Step, identifiers(), st.booleans(), st.none() | inner, at_least, st.none() | inner)


def _sequences(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Sequence]:
    steps = st.lists(_steps_of_sequences(inner), min_size=1, max_size=3).map(tuple)
    return st.builds(ast.Sequence, steps, st.none() | identifiers(), st.none() | inner, st.none() | _windows(inner))


def _branches(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
    return st.one_of(
        _comparisons(inner),
        _flat(ast.AllOf, inner),
        _flat(ast.AnyOf, inner),
        st.builds(ast.Not, inner),
        st.builds(ast.Negate, inner),
        st.builds(ast.Operate, st.sampled_from(("+", "-", "*", "/", "??")), inner, inner),
        st.builds(ast.Range, inner, inner),
        st.builds(ast.List, _few(inner)),
        st.builds(ast.Field, inner, identifiers()),
        st.builds(ast.AsOf, inner, inner),
        st.builds(ast.Ago, inner),
        st.builds(ast.Population, identifiers(), _few(inner), st.none() | inner),
        _calls(inner),
        _sequences(inner),
    )


def expressions(size: int = 6) -> st.SearchStrategy[ast.Expression]:
    """Expressions of every form, in every place, whether they mean anything or not."""
    return st.recursive(_leaves(), _branches, max_leaves=size)


def conditions() -> st.SearchStrategy[ast.Expression]:
    """The same, smaller, for declarations with many of them."""
    return expressions(3)


# --- journeys -----------------------------------------------------------------------------------------------------


def _on_facts() -> st.SearchStrategy[j.OnFact]:
    return st.builds(j.OnFact, identifiers(), st.none() | conditions(), st.none() | conditions())


def _triggers() -> st.SearchStrategy:
    without = st.builds(j.AfterSilence, durations(), identifiers(), st.none() | conditions(), st.none() | conditions())
    return _on_facts() | without | st.builds(j.AfterSilence, durations(), when=st.none() | conditions())


def _plain_steps() -> st.SearchStrategy:
    values = st.lists(st.builds(j.With, identifiers(), conditions()), max_size=2).map(tuple)
    messages = st.builds(j.Message, identifiers(), identifiers(), values, st.none() | identifiers())
    return st.one_of(
        st.builds(j.Send, st.lists(messages, min_size=1, max_size=2).map(tuple)),
        st.builds(j.Wait, durations()),
        st.builds(j.WaitUntilFact, identifiers(), st.none() | conditions(), st.none() | durations()),
        st.builds(j.WaitUntilTime, _datetimes() | _times()),
        st.builds(j.Measure, durations()),
        st.builds(j.Tag, st.builds(ast.Text, _texts())),
        st.builds(j.NotifyStaff, st.builds(ast.Text, _texts())),
        st.just(j.Exit()),
    )


def _nested_steps(inner: st.SearchStrategy) -> st.SearchStrategy:
    steps = st.lists(inner, max_size=2).map(tuple)
    branches = st.lists(st.builds(j.Branch, _decimals(), identifiers(), steps), max_size=2).map(tuple)
    return st.one_of(
        st.builds(j.If, conditions(), steps, steps),
        st.builds(j.Split, branches),
        st.builds(j.Repeat, st.integers(0, 99), durations(), steps, identifiers(), st.none() | conditions()),
        st.builds(j.Repeat, st.integers(0, 99), durations(), steps),
    )


def _steps() -> st.SearchStrategy:
    return st.lists(st.recursive(_plain_steps(), _nested_steps, max_leaves=4), max_size=3).map(tuple)


def _clauses() -> st.SearchStrategy:
    when = st.none() | conditions()
    return st.one_of(
        st.builds(j.Enter, _on_facts()),
        st.builds(j.EnterDaily, identifiers(), _times(), when),
        st.builds(j.EnterAt, _datetimes(), when),
        st.builds(j.EnterOnState, identifiers(), identifiers(), when),
        st.builds(j.Reenter, st.sampled_from(("never", "always")), by=st.none() | identifiers()),
        st.builds(j.Reenter, st.just("after"), durations(), st.none() | identifiers()),
        st.builds(j.ExitOn, _on_facts()),
        st.builds(j.Goal, identifiers(), durations(), st.none() | conditions()),
        st.builds(j.Control, _percents()),
        st.builds(j.Priority, st.builds(ast.Number, st.integers(0, 99))),
        st.builds(j.Budget, st.integers(0, 999), identifiers(), durations()),
    )


def _policy_rules() -> st.SearchStrategy:
    units = st.sampled_from(("day", "week", "month", "quarter", "year")).map(ast.Name)
    return st.one_of(
        st.builds(j.Quiet, _times(), _times()),
        st.builds(j.Cap, st.integers(0, 99), identifiers(), durations() | units),
        st.builds(j.Holdout, _percents()),
        st.builds(j.Require, identifiers()),
        st.builds(j.PriorityOrder, st.lists(identifiers(), min_size=1, max_size=3).map(tuple)),
    )


# --- declarations -------------------------------------------------------------------------------------------------


def _types() -> st.SearchStrategy[d.FieldType]:
    words = st.sampled_from(["text", "int", "number", "money", "bool", "date", "instant", "duration", "time"]).map(
        d.FieldType
    )

    def larger(inner: st.SearchStrategy[d.FieldType]) -> st.SearchStrategy[d.FieldType]:
        fields = st.lists(st.builds(d.KindField, identifiers(), inner), max_size=3).map(tuple)
        lists = st.builds(d.FieldType, st.just("list"), inner)
        return lists | st.builds(d.FieldType, st.just("record"), st.none(), fields)

    return st.recursive(words, larger, max_leaves=3)


def _overrides() -> st.SearchStrategy:
    return st.lists(st.builds(d.Override, identifiers(), conditions()), max_size=2).map(tuple)


def declarations() -> st.SearchStrategy[d.Declaration]:
    """Every form of declaration."""
    name, title, doc, where = identifiers(), st.none() | _texts(), _docs(), st.none() | conditions()
    subject, words = st.none() | identifiers(), st.builds(ast.Text, _texts())
    fields = st.lists(st.builds(d.KindField, name, _types()), max_size=3).map(tuple)
    arms = st.lists(st.builds(d.Arm, name, where, title), max_size=3).map(tuple)
    rows = st.lists(st.builds(d.FactRow, name, _dates() | _datetimes(), _overrides()), max_size=2).map(tuple)
    subjects = st.lists(st.builds(d.CustomerFacts, name, words, _overrides(), rows), max_size=2).map(tuple)
    expected = st.builds(d.Expectation, _dates() | _datetimes(), conditions(), st.none() | words)
    moves = st.builds(j.Move, st.lists(name, max_size=2).map(tuple), name, _triggers())
    body = st.one_of(moves, st.builds(j.State, name, st.booleans(), title), st.builds(j.Entering, name, _steps()))
    locales = st.none() | st.sampled_from(("zh", "en"))
    parts = st.lists(st.builds(j.TemplateBody, name, words, st.booleans(), locales), max_size=3).map(tuple)
    return st.one_of(
        st.builds(d.Import, words, subject, _overrides(), doc),
        st.builds(d.TimezoneIs, words, doc),
        st.builds(d.CurrencyIs, name, doc),
        st.builds(d.Kind, name, fields, title, doc),
        st.builds(d.Attribute, name, _types(), subject, title, doc),
        st.builds(d.Param, name, _types(), where, title, doc),
        st.builds(d.Collection, name, name, where, title, doc),
        st.builds(d.Metric, name, expressions(), subject, title, doc),
        st.builds(d.Segment, name, expressions(), subject, title, doc),
        st.builds(d.Classify, name, arms, subject, title, doc),
        st.builds(d.Kpi, name, expressions(), subject, where, title, doc),
        st.builds(d.Test, words, subjects, st.lists(expected, max_size=2).map(tuple), doc),
        st.builds(j.Lifecycle, name, st.lists(body, max_size=3).map(tuple), title, doc),
        st.builds(j.Template, name, name, parts, st.none() | name, title, doc),
        st.builds(j.Campaign, name, st.lists(_clauses(), max_size=3).map(tuple), _steps(), title, doc),
        st.builds(j.Policy, st.lists(_policy_rules(), max_size=3).map(tuple), doc),
    )


def rules() -> st.SearchStrategy[d.Rules]:
    """Whole files."""
    return st.builds(d.Rules, st.lists(declarations(), max_size=4).map(tuple), _docs())
