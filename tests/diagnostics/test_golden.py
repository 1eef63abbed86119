"""What mistakes look like: each section of `mistakes.txt` is a text and its drawing.

`RULECRM_UPDATE_GOLDENS=1` writes the drawings anew; they are then to be read.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from rulecrm.diagnostics import Diagnostic, Note, Severity, Span
from rulecrm.diagnostics.render import render, to_json
from rulecrm.syntax import parse

HERE = Path(__file__).parent
GOLDEN = HERE / "mistakes.txt"
GOLDEN_JSON = HERE / "mistakes.json"

MISTAKES = (
    "segmant vip = spent > 3\nmetrc n = count(purchase)",
    "segment vip = spent = 3 && not idle",
    "segment vip = spent > 3 and\nmetric n = count(purchase)",
    "classify value {\n  high when spent > 3\nsegment vip = spent > 3",
    "metric n = count(purchase where (a == 1]\nmetric m = 1",
    'segment s = name == "Ann',
    "segment s = name == 'Ann'",
    'segment s = name == "a\\qb"',
    "segment s = joined_at on 2025-02-30",
    "segment s = joined_at on 2025-2-3",
    "metric n = count(purchase last 30days)",
    "metric n = count(purchase last 30 days)",
    "metric n = count(purchase last 30x)",
    "metric n = 3 % 2",
    "metric n = a <> b",
    "metric 连衣裙 = count（purchase）",
    "metric n = 1 + @",
    "segment s = 1 < n < 3",
    "segment s = a }",
    "metric n = count(purchase from 60d to 30d)",
    "metric n = count(purchase within 30d)",
    "metric n count(purchase)",
    "metric n = ",
    "campaign c {\n  enter on purchase\n  sned sms hello\n}",
    "campaign c {\n  goal purchase\n}",
    "classify c {\n  a whne b\n}",
    "policy {\n  holdout 2\n}",
    'timezone Asia/Shanghai\ncurrency "CNY"',
    "metric a == 3",
    "hello world",
    'metric a = 1\n"""About nothing."""\n',
    'metric a = 1\n"""never closed',
    "metric a = 1234567890123456789012345678901",
    'test "t" {\n  at yesterday expect vip\n}',
    "segment s = spent between 3 and 5 and spent is not between 7 and 9",
    'segment s = city like "S%" or city not like "%o%" or nick ilike "_a.%"',
    'segment s = category in ("dress", "shoes")',
    "metric n = count(purchase) last 30d\nsegment s = sum(purchase.amount) in last 30d > 3 CNY",
    "segment s = exists(visit where not paid) from 60d to 30d ago",
    "segment s = the spent > 3",
    "segment s = spent => 3 AND NOT idle OR spent === 5",
    "segment s = !idle || spent != 3",
    "campaign c {\n  enter on purchase\n  if a { exit } elif b { exit } else if c { exit }\n}",
    "metric not = 1\nclassify c {\n  sequence when a > 3\n}\nkind k { in: int }",
)


def test_mistakes_are_drawn_as_agreed() -> None:
    sections = []
    for text in MISTAKES:
        drawing = render(parse(text, "shop.rules").diagnostics, {"shop.rules": text})
        sections.append(f"{text}\n----\n{drawing}")
    drawn = "\n====\n".join(sections)
    if os.environ.get("RULECRM_UPDATE_GOLDENS"):
        GOLDEN.write_text(drawn, "utf-8")
    assert drawn == GOLDEN.read_text("utf-8")


def test_mistakes_as_json_are_as_agreed() -> None:
    text = 'metric a = 1\nclassify value {\n  高 when spent = 3\nsegment vip = name == "x"'
    made = to_json(parse(text, "shop.rules").diagnostics, {"shop.rules": text}, indent=2) + "\n"
    if os.environ.get("RULECRM_UPDATE_GOLDENS"):
        GOLDEN_JSON.write_text(made, "utf-8")
    assert json.loads(made) == json.loads(GOLDEN_JSON.read_text("utf-8"))


def test_carets_stand_under_wide_characters_and_behind_tabs() -> None:
    text = "\tmetric 连衣裙 = x"
    drawing = render([Diagnostic("R999", "here", Span("f", 8, 11))], {"f": text})
    assert drawing.splitlines()[3:5] == ["1 |     metric 连衣裙 = x", "  |            ^^^^^^"]


def test_long_lines_are_cut_around_the_place() -> None:
    text = "a" * 500 + "HERE" + "b" * 500
    drawing = render([Diagnostic("R999", "here", Span("f", 500, 504))], {"f": text}, width=60)
    line, carets = drawing.splitlines()[3], drawing.splitlines()[4]
    assert len(line) <= 60
    assert line[carets.index("^") :].startswith("HERE")
    assert carets.count("^") == 4


def test_colour_is_used_only_when_asked_for() -> None:
    found = [Diagnostic("R999", "here", Span("f", 0, 1), "do this", (Note("there", Span("f", 2, 3)),))]
    assert "\x1b" not in render(found, {"f": "a b"})
    assert "\x1b[1;31merror[R999]\x1b[0m" in render(found, {"f": "a b"}, color=True)


def test_diagnostics_are_counted() -> None:
    found = [
        Diagnostic("R999", "one"),
        Diagnostic("R999", "two"),
        Diagnostic("R999", "three", severity=Severity.WARNING),
    ]
    assert render(found, {}).endswith("\n2 errors, 1 warning\n")
    assert render([], {}) == ""
