"""The serialised parser of `rules.lark`.

In: the text of the grammar. Out: what lark's own serialisation makes of the parser, as `grammar.Kept`.
Invariant: equal grammars give equal tables, to the byte.

`python -m rulecrm.syntax.generate` writes them beside the grammar.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import IntParseTable, Shift

from rulecrm.syntax.grammar import FOLDER, GRAMMAR, TABLES, Kept, digest, make, read

__all__ = ["generate", "main"]


def generate(grammar: str) -> str:
    """The tables, as JSON of the form `syntax.grammar.Kept`."""
    made = make(grammar)
    lalr = made.parser.parser
    lalr._parse_table = _ordered(lalr._parse_table)  # noqa: SLF001 - lark serialises what stands here
    data, memo = made.memo_serialize([TerminalDef, Rule])
    data["options"] = {**data["options"], "lexer": None, "transformer": None}
    data["parser"]["lexer_conf"]["lexer_type"] = None
    table = data["parser"]["parser"]
    symbols, states = table.pop("tokens"), table.pop("states")
    sets: dict[tuple[int, ...], int] = {}
    kept: Kept = {
        "digest": digest(grammar),
        "data": data,
        "memo": memo,
        "symbols": [symbols[number] for number in range(len(symbols))],
        "states": [_folded(states[number], sets) for number in range(len(states))],
        "sets": [list(terminals) for terminals in sets],
    }
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n"


def main() -> None:
    """Write the tables beside the grammar."""
    Path(FOLDER, TABLES).write_text(generate(read(FOLDER, GRAMMAR)), "utf-8")


def _folded(row: dict[int, tuple[int, Any]], sets: dict[tuple[int, ...], int]) -> tuple[list[int], list[int]]:
    """A state's shifts and reductions, see `grammar.Kept`; what is new goes into `sets`."""
    shifts: list[int] = []
    ended: dict[int, list[int]] = {}
    for symbol, (action, what) in sorted(row.items()):
        if action == 0:
            shifts += symbol, what
        else:
            ended.setdefault(what["@"], []).append(symbol)
    reductions = [(sets.setdefault(tuple(terminals), len(sets)), rule) for rule, terminals in sorted(ended.items())]
    return shifts, [number for pair in reductions for number in pair]


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
