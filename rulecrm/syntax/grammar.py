"""Lark's parser of `rules.lark`, ready to use.

In: `rules.lark` and the tables that `syntax.generate` keeps beside it. Out: a `Lark` that turns tokens into nodes.
Invariant: the parser is that of the grammar that is there; where the kept tables are older, lark makes it anew.

Making a parser of the grammar takes lark most of a second, loading one that it has serialised some milliseconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import lark

from rulecrm.syntax.build import Builder
from rulecrm.syntax.lexer import RulesLexer

__all__ = ["FOLDER", "GRAMMAR", "TABLES", "Kept", "digest", "grammar", "keywords", "load", "make", "spellings"]

FOLDER = Path(__file__).parent
"""Where the grammar lies. `importlib.resources` would find it too; importing that alone takes some milliseconds."""

GRAMMAR = "rules.lark"
TABLES = "rules.tables.json"

T = TypeVar("T")


class Kept(TypedDict):
    """What `rules.tables.json` holds: what lark's `memo_serialize` gives, and the digest of what that was made of.

    As in all JSON, the numbers of states, tokens and memoised rules are texts where they are keys; and the class of
    the lexer is a name.
    """

    digest: str
    data: dict[str, Any]
    memo: dict[str, Any]


@cache
def grammar() -> lark.Lark:
    """The parser of this package: `grammar().parse(tokens, start)` for `declaration` or `expression`."""
    return load(FOLDER)


def load(folder: Path) -> lark.Lark:
    """The parser of the grammar in a folder, from the tables beside it where they are those of the grammar."""
    text = (folder / GRAMMAR).read_text("utf-8")
    file = folder / TABLES
    if file.is_file():
        kept: Kept = json.loads(file.read_text("utf-8"))
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


def digest(text: str) -> str:
    """What ties tables to the grammar they were made of, whatever its line ends are, and to what lark they suit."""
    release = ".".join(lark.__version__.split(".")[:2])
    return hashlib.sha256(f"lark {release}\n{text}".replace("\r\n", "\n").encode()).hexdigest()


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
    table["tokens"] = _numbered(table["tokens"])
    table["states"] = _numbered({state: _numbered(row) for state, row in table["states"].items()})
    # the door through which the parsers of lark's standalone tool come in; the public one reads only pickles
    restore: Callable[..., lark.Lark] = lark.Lark._load_from_dict  # noqa: SLF001
    return restore(data, _numbered(kept["memo"]), transformer=Builder())


def _numbered(entries: dict[str, T]) -> dict[int, T]:
    return {int(number): entry for number, entry in entries.items()}
