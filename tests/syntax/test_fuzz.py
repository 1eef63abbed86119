"""Any text at all gives a result: never an exception, and never a diagnostic outside of the text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulecrm.diagnostics.codes import catalogue
from rulecrm.diagnostics.render import render, to_json
from rulecrm.syntax import parse, parse_expression

sys.path.insert(0, str(Path(__file__).parent))
from realistic import realistic

WHOLE = Path(__file__).with_name("whole_file.rules").read_text("utf-8")
VALID = (WHOLE, realistic(60, seed=1))

PIECES = st.sampled_from(
    [
        "metric",
        "segment",
        "classify",
        "campaign",
        "x",
        "新",
        "=",
        "==",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "..",
        ":",
        "->",
        '"a"',
        '"',
        '"""',
        "#",
        "\n",
        "\n\n",
        "30d",
        "3",
        "2.5",
        "10%",
        "299",
        "CNY",
        "2025-11-11",
        "2025-02-30",
        "21:00",
        "and",
        "or",
        "not",
        "in",
        "on",
        "is",
        "as",
        "of",
        "last",
        "within",
        "first",
        "count",
        "purchase",
        "where",
        "when",
        "send",
        "wait",
        "until",
        "if",
        "else",
        "sequence",
        "then",
        "no",
        "'",
        "!",
        "&&",
        "<>",
        "@",
        "\\",
        "�",
        "\x00",
        "\ufeff",
        "\r\n",
        "，",
        "—",
        "30x",
        "by",
        "among",
        "population",
        "ago",
    ]
)

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def check(text: str) -> None:
    parsed = parse(text)
    for diagnostic in parsed.diagnostics:
        assert diagnostic.code in catalogue()
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert diagnostic.message[0].islower() or not diagnostic.message[0].isalpha()
    sources = {"<text>": text}
    render(parsed.diagnostics, sources).encode()
    assert len(json.loads(to_json(parsed.diagnostics, sources))) == len(parsed.diagnostics)


@quick
@given(st.text())
def test_any_text(text: str) -> None:
    check(text)
    parse_expression(text)


@quick
@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_pieces_of_the_language_in_any_order(text: str) -> None:
    check(text)
    parse_expression(text)


@quick
@given(st.sampled_from(VALID), st.data())
def test_a_valid_file_with_a_wound(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 8)))
    check(text[:start] + data.draw(st.text(max_size=3) | PIECES) + text[end:])


@pytest.mark.parametrize(
    "text",
    [
        "metric a = " + "(" * 100_000,
        "metric a = " + "(" * 100_000 + "1" + ")" * 100_000,
        "metric a = " + "not " * 20_000 + "b",
        "metric a = " + "-" * 20_000 + "b",
        "metric a = " + "1+" * 20_000 + "1",
        "metric a = b" + " as of c" * 20_000,
        "metric a = b" + ".c" * 20_000,
        "metric a = b" + " ?? c" * 20_000,
        "{" * 100_000,
        "}" * 100_000,
        '"' * 99_999,
        "'" * 99_999,
        "campaign c " + "{ if a " * 5_000,
        "metric a = " + "9" * 100_000,
        "metric a = " + "9" * 100_000 + "d",
        "metric a = " + "\\" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_depth_and_length_are_reported(text: str) -> None:
    assert parse(text).diagnostics


def test_a_long_flat_condition_is_not_deep() -> None:
    text = "segment a = " + " and ".join(f"x{number}" for number in range(5_000))
    assert parse(text).diagnostics == ()


def test_a_long_list_is_not_deep() -> None:
    text = "segment a = x in [" + ", ".join(str(number) for number in range(50_000)) + "]"
    assert parse(text).diagnostics == ()
