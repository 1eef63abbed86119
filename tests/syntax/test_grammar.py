"""The engine of parsing, the kept tables, and the conflicts of the grammar that shifting resolves as it is meant."""

from __future__ import annotations

import logging
from pathlib import Path

import attrs
import lark
import pytest
from lark.parsers.lalr_parser import LALR_Parser

from rulecrm.syntax import parse
from rulecrm.syntax.ast import Identifier
from rulecrm.syntax.declarations import CurrencyIs
from rulecrm.syntax.generate import generate
from rulecrm.syntax.grammar import FOLDER, GRAMMAR, TABLES, digest, grammar, load, make
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
    return (FOLDER / GRAMMAR).read_text("utf-8")


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    assert (FOLDER / TABLES).read_text("utf-8") == generate(_grammar())


def test_lark_parses_with_the_tables_it_has_serialised() -> None:
    engine = grammar()
    assert type(engine) is lark.Lark
    assert engine.source_path == "<deserialized>"
    assert (engine.options.parser, type(engine.parser.lexer)) == ("lalr", RulesLexer)
    assert type(engine.parser.parser) is LALR_Parser
    text = 'metric spent "Spent" = sum(purchase.amount last 365d) ?? 0 CNY'
    assert engine.parse(scan(text, "shop.rules").tokens, start="declaration") == parse(text).rules.declarations[0]


def test_lark_says_what_could_have_come() -> None:
    with pytest.raises(lark.UnexpectedToken) as caught:
        grammar().parse(scan("currency = CNY", "shop.rules").tokens, start="declaration")
    assert caught.value.token.start_pos == 9
    assert caught.value.accepts == {"NAME"}


def test_tables_of_another_grammar_are_made_anew(tmp_path: Path) -> None:
    changed = _grammar().replace('currency: "currency" NAME', 'currency: "currency" NAME "of"')
    (tmp_path / GRAMMAR).write_text(changed, "utf-8")
    (tmp_path / TABLES).write_text(generate(_grammar()), "utf-8")
    engine = load(tmp_path)
    assert engine.source_grammar == changed
    tokens = scan("currency CNY of", "shop.rules").tokens
    assert engine.parse(tokens, start="declaration") == CurrencyIs(Identifier("CNY"))


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
