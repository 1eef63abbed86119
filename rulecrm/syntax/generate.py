"""The serialised parser of `rules.lark`.

In: the text of the grammar. Out: what lark's own serialisation makes of the parser, which `syntax.grammar` loads.
Invariant: equal grammars give equal tables, to the byte.

`python -m rulecrm.syntax.generate` writes them beside the grammar.
"""

from __future__ import annotations

import json

from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import IntParseTable, Shift

from rulecrm.syntax.grammar import FOLDER, GRAMMAR, TABLES, digest, make

__all__ = ["generate", "main"]


def generate(grammar: str) -> str:
    """The tables, as JSON of the form `syntax.grammar.Kept`."""
    made = make(grammar)
    lalr = made.parser.parser
    lalr._parse_table = _ordered(lalr._parse_table)  # noqa: SLF001 - lark serialises what stands here
    data, memo = made.memo_serialize([TerminalDef, Rule])
    lexer = type(made.parser.lexer).__name__
    data["options"] = {**data["options"], "lexer": lexer, "transformer": None}
    data["parser"]["lexer_conf"]["lexer_type"] = lexer
    kept = {"digest": digest(grammar), "data": data, "memo": memo}
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n"


def main() -> None:
    """Write the tables beside the grammar."""
    (FOLDER / TABLES).write_text(generate((FOLDER / GRAMMAR).read_text("utf-8")), "utf-8")


def _ordered(table: IntParseTable) -> IntParseTable:
    """The same table with its states numbered as they are met: lark numbers them anew in every process."""
    number: dict[int, int] = {}
    for state in table.start_states.values():
        number.setdefault(state, len(number))
    for state in (met := list(number)):
        row = table.states[state]
        for symbol in sorted(row):
            action, arg = row[symbol]
            if action is Shift and arg not in number:
                number[arg] = len(number)
                met.append(arg)
    states = {
        number[state]: {
            symbol: (action, number[arg] if action is Shift else arg)
            for symbol, (action, arg) in sorted(table.states[state].items())
        }
        for state in met
    }
    starts = {start: number[state] for start, state in table.start_states.items()}
    ends = {start: number[state] for start, state in table.end_states.items()}
    return IntParseTable(states, starts, ends)  # type: ignore[no-untyped-call]  # lark leaves it untyped


if __name__ == "__main__":
    main()
