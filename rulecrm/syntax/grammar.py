"""Lark's parser of `rules.lark`, ready to use.

In: `rules.lark` and the tables that `syntax.generate` keeps beside it. Out: a `Lark` that turns tokens into nodes.
Invariant: the parser is that of the grammar that is there; where the kept tables are older, lark makes it anew.

Making a parser of the grammar takes lark most of a second, loading one that it has serialised some milliseconds.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, TypedDict

import lark

from rulecrm.syntax.build import Builder
from rulecrm.syntax.lexer import RulesLexer

__all__ = [
    "END", "FOLDER", "GRAMMAR", "TABLES", "Kept", "digest", "grammar", "keywords", "load", "make", "read", "spellings",
]  # fmt: skip

FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is imported by no other module of a small check
"""Where the grammar lies. `importlib.resources` would find it too; importing that alone takes some milliseconds."""

GRAMMAR = "rules.lark"
TABLES = "rules.tables.json"

END = "$END"
"""Lark's terminal for the end of the tokens."""


class Kept(TypedDict):
    """What `rules.tables.json` holds: what lark's `memo_serialize` gives, and the digest of what that was made of.

    The table of states, by far the largest part, is told apart from the rest and in fewer words: `symbols` by number,
    `sets` of numbers of terminals, and for each state its shifts (number of a symbol, number of the next state, and so
    on) and its reductions (number of a set, number of a memoised rule, and so on). As in all JSON, the numbers of
    memoised rules are texts where they are keys; the class of the lexer is left out.
    """

    digest: int
    data: dict[str, Any]
    memo: dict[str, Any]
    symbols: list[str]
    sets: list[list[int]]
    states: list[tuple[list[int], list[int]]]


@cache
def grammar() -> lark.Lark:
    """The parser of this package: `grammar().parse(tokens, start)` for `declaration` or `expression`."""
    return load(FOLDER)


def load(folder: str) -> lark.Lark:
    """The parser of the grammar in a folder, from the tables beside it where they are those of the grammar."""
    text = read(folder, GRAMMAR)
    with suppress(FileNotFoundError):
        kept: Kept = json.loads(read(folder, TABLES))
        if kept["digest"] == digest(text):
            return _restored(kept)
    return make(text)


def make(text: str, *, debug: bool = False) -> lark.Lark:
    """The parser of a grammar, made from its text; `debug` logs the conflicts that were resolved."""
    return lark.Lark(
        text,
        parser="lalr",
        lexer=RulesLexer,
        start=["declaration", "expression"],
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=True,
        debug=debug,
    )


def read(folder: str, name: str) -> str:
    """The text of a file of a folder."""
    with open(os.path.join(folder, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()


def digest(text: str) -> int:
    """What ties tables to the grammar they were made of, whatever its line ends are, and to what lark they suit."""
    release = ".".join(lark.__version__.split(".")[:2])
    return zlib.crc32(f"lark {release}\n{text}".replace("\r\n", "\n").encode())


@cache
def keywords() -> Mapping[str, str]:
    """Terminal by spelling, for all words and marks of the language."""
    return {str(terminal.pattern.value): terminal.name for terminal in grammar().terminals}


@cache
def spellings() -> Mapping[str, str]:
    """Spelling by terminal."""
    return {terminal: spelling for spelling, terminal in keywords().items()}


def _restored(kept: Kept) -> lark.Lark:
    data = kept["data"]
    data["options"]["lexer"] = data["parser"]["lexer_conf"]["lexer_type"] = RulesLexer
    table = data["parser"]["parser"]
    table["tokens"] = kept["symbols"]
    table["states"] = _unfolded(kept)
    memo = {int(number): entry for number, entry in kept["memo"].items()}
    # the door through which the parsers of lark's standalone tool come in; the public one reads only pickles
    restore: Callable[..., lark.Lark] = lark.Lark._load_from_dict  # noqa: SLF001
    return restore(data, memo, transformer=Builder())


def _unfolded(kept: Kept) -> dict[int, dict[int, tuple[int, object]]]:
    """The states as lark serialises them: what to do by number of a symbol, 0 to shift and 1 to reduce."""
    sets = kept["sets"]
    states: dict[int, dict[int, tuple[int, object]]] = {}
    for number, (shifts, reductions) in enumerate(kept["states"]):
        row: dict[int, tuple[int, object]] = {
            symbol: (0, state) for symbol, state in zip(shifts[::2], shifts[1::2], strict=True)
        }
        for terminals, rule in zip(reductions[::2], reductions[1::2], strict=True):
            row.update(dict.fromkeys(sets[terminals], (1, {"@": rule})))
        states[number] = row
    return states
