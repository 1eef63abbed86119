"""The engine of parsing, the kept tables, and the conflicts of the grammar that shifting resolves as it is meant."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import attrs
import lark
import pytest
from lark.parsers.lalr_analysis import Reduce
from lark.parsers.lalr_parser import LALR_Parser

from rulecrm.syntax import parse, parse_expression
from rulecrm.syntax.ast import Identifier
from rulecrm.syntax.build import Builder
from rulecrm.syntax.build_journeys import JourneyRules
from rulecrm.syntax.declarations import CurrencyIs
from rulecrm.syntax.generate import generate
from rulecrm.syntax.grammar import FOLDER, GRAMMAR, TABLES, digest, grammar, keywords, load, make, read, spellings
from rulecrm.syntax.lexer import RulesLexer
from rulecrm.syntax.scan import scan

# Terminal → the rules that would have been reduced instead. In all of them the longer reading is the one that is meant:
#   a sequence takes the window after it (`exists(x where sequence (…) last 3d)` would be no use otherwise);
#   `within 3d before x` is one window, never `within 3d` and a window `before x`;
#   `x in …`, `x on …`, `x within …` and `x >= …` are comparisons first, and `syntax.attach` has the last word.
SPANS = ["BETWEEN", "FROM", "LAST", "NEXT", "SINCE", "THIS", "TODAY", "TOMORROW", "YESTERDAY"]

INTENDED = {
    **{terminal: {"comparison : sequence"} for terminal in SPANS},
    "BEFORE": {"comparison : sequence", "within_window : WITHIN sum"},
    **{terminal: {"comparison : sequence", "comparison : operand"} for terminal in ("IN", "ON", "WITHIN")},
    ">=": {"comparison : operand"},
}


def _grammar() -> str:
    return read(FOLDER, GRAMMAR)


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    assert read(FOLDER, TABLES) == generate(_grammar())


def test_lark_parses_with_the_tables_it_has_serialised() -> None:
    engine = grammar()
    assert type(engine) is lark.Lark
    assert engine.source_path == "<deserialized>"
    assert (engine.options.parser, type(engine.parser.lexer)) == ("lalr", RulesLexer)
    assert type(engine.parser.parser) is LALR_Parser
    text = 'metric spent "Spent" = sum(purchase.amount last 365d) ?? 0 CNY'
    assert engine.parse(scan(text, "shop.rules").tokens, start="declaration") == parse(text).rules.declarations[0]


def test_the_kept_states_are_those_that_lark_makes() -> None:
    def rows(engine: lark.Lark) -> Counter[str]:
        """Every state but for the numbers of the next ones: they are lark's own, and new in every process."""
        states = engine.parser.parser._parse_table.states.values()
        return Counter(
            repr(sorted((symbol, str(what) if action is Reduce else "") for symbol, (action, what) in state.items()))
            for state in states
        )

    kept = rows(grammar())
    assert kept == rows(make(_grammar()))
    assert kept.total() > 500


def test_lark_says_what_could_have_come() -> None:
    with pytest.raises(lark.UnexpectedToken) as caught:
        grammar().parse(scan("currency = CNY", "shop.rules").tokens, start="declaration")
    assert caught.value.token.start_pos == 9
    assert caught.value.accepts == {"NAME"}


def test_what_could_have_come_is_told_of_the_place_before_the_wrong_token() -> None:
    # lark has ended the comparison by the time that it finds no place for `b`, and would name `)`, `and` and `or` alone
    (found,) = parse_expression("(a b)").diagnostics
    assert found.help == "expected `)`, a comparison, an operator or `and`, `or`"


def test_every_rule_has_its_method() -> None:
    builder = Builder()
    named = {str(rule.alias or rule.origin.name) for rule in grammar().rules}
    made = {name for name in named if not name.startswith("_")}
    passed_on = {str(rule.origin.name) for rule in grammar().rules if rule.options.expand1 and not rule.alias}
    assert len(made - passed_on) > 100
    for name in made - passed_on:
        assert hasattr(Builder, name) or hasattr(JourneyRules, name), name
        assert callable(getattr(builder, name))
    for rule in grammar().rules:
        if rule.options.expand1 and not rule.alias and len(rule.expansion) != 1:
            name = str(rule.origin.name)
            assert hasattr(Builder, name) or hasattr(JourneyRules, name), name
    assert not any(hasattr(builder, name) for name in ("_names", "RPAR", "$END", "__default__"))


def test_keywords_and_spellings_are_each_other_turned_round() -> None:
    assert keywords()["segment"] == "SEGMENT"
    assert spellings()["SEGMENT"] == "segment"
    assert len(keywords()) == len(spellings()) > 100


def test_tables_of_another_grammar_are_made_anew(tmp_path: Path) -> None:
    changed = _grammar().replace('currency: "currency" NAME', 'currency: "currency" NAME "of"')
    (tmp_path / GRAMMAR).write_text(changed, "utf-8")
    (tmp_path / TABLES).write_text(generate(_grammar()), "utf-8")
    for _ in range(2):
        engine = load(str(tmp_path))
        assert engine.source_grammar == changed
        tokens = scan("currency CNY of", "shop.rules").tokens
        assert engine.parse(tokens, start="declaration") == CurrencyIs(Identifier("CNY"))
        (tmp_path / TABLES).unlink(missing_ok=True)


def test_the_digest_heeds_the_grammar_and_not_its_line_ends() -> None:
    text = _grammar()
    assert digest(text.replace("\n", "\r\n")) == digest(text)
    assert digest(text + " ") != digest(text)


def test_every_conflict_is_intended(caplog: pytest.LogCaptureFixture) -> None:
    level = lark.logger.level
    lark.logger.addHandler(caplog.handler)
    lark.logger.setLevel(logging.DEBUG)
    try:
        made = make(_grammar(), debug=True)
    finally:
        lark.logger.setLevel(level)
        lark.logger.removeHandler(caplog.handler)
    spellings = {terminal.name: terminal.pattern.value for terminal in made.terminals}
    found: dict[str, set[str]] = {}
    terminal = ""
    for line in caplog.messages:
        if line.startswith("Shift/Reduce"):
            name = line.split("terminal ")[1].split(":")[0]
            terminal = name if spellings[name].isalpha() else spellings[name]
        elif line.startswith(" * <"):
            found.setdefault(terminal, set()).add(line[4:-1])
    assert found == INTENDED


def test_nothing_of_lark_leaves() -> None:
    level: list[object] = [parse(Path(__file__).with_name("whole_file.rules").read_text("utf-8")).rules]
    seen: set[type] = set()
    while level:
        part = level.pop()
        seen.add(type(part))
        if isinstance(part, tuple):
            level.extend(part)
        elif attrs.has(type(part)):
            level.extend(getattr(part, field.name) for field in attrs.fields(type(part)))
    assert str in seen
    assert not [kind for kind in seen if issubclass(kind, lark.Token | lark.Tree)]
