"""Tokens into declarations.

In: the tokens of a file. Out: one `Chunk` of tokens for each declaration, with its docstring, and the file's docstring.
Invariant: every token belongs to one chunk or one diagnostic; a mistake inside one chunk never moves the next one.
"""

from __future__ import annotations

import re

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, Note
from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import nearest
from rulecrm.syntax.grammar import keywords
from rulecrm.syntax.scan import Token

__all__ = ["DECLARATIONS", "DEEPEST", "Chunk", "Parts", "split"]

DECLARATIONS = {
    "attribute": ("NAME", (":", "STRING")),
    "campaign": ("NAME", ("{", "STRING")),
    "classify": ("NAME", ("{", "STRING", "of")),
    "collection": ("NAME", ("=", "STRING")),
    "currency": ("NAME", ()),
    "import": ("STRING", ()),
    "kind": ("NAME", ("{", "STRING")),
    "kpi": ("NAME", ("=", "STRING")),
    "lifecycle": ("NAME", ("{", "STRING")),
    "metric": ("NAME", ("=", "STRING", "of")),
    "param": ("NAME", (":", "STRING")),
    "policy": ("{", ()),
    "segment": ("NAME", ("=", "STRING", "of")),
    "template": ("NAME", ("for", "STRING")),
    "test": ("STRING", ("{",)),
    "timezone": ("STRING", ()),
}
"""The words that begin a declaration, what follows each, and what may follow that (where it tells anything)."""

DEEPEST = 100
"""Brackets that may be open at once."""

CLOSING = {"(": ")", "[": "]", "{": "}"}


@frozen
class Chunk:
    """The tokens of one declaration.

    Attributes:
        tokens: at least one; none of them is a docstring before the declaration.
        doc: that docstring.
        name: what it declares, where that can be told.
        sound: whether its brackets are in order; if not, that has been said already.
    """

    tokens: list[Token]
    doc: str | None = None
    name: str | None = None
    sound: bool = True


@frozen
class Parts:
    """A file, taken apart."""

    chunks: tuple[Chunk, ...]
    doc: str | None
    diagnostics: tuple[Diagnostic, ...]


def split(tokens: list[Token], text: str) -> Parts:
    """Cut at each declaration that begins a line outside of all brackets.

    Inside of brackets too, where one stands at the very beginning of a line and can be nothing else: then the bracket
    before it was never closed.
    """
    pieces, diagnostics = _pieces(tokens)
    doc: str | None = None
    chunks: list[Chunk] = []
    waiting: Token | None = None
    for piece, sound in pieces:
        words = piece
        if piece[0].kind == "DOC":
            if piece[0] is tokens[0] and _speaks_of_file(tokens, text):
                doc = piece[0].value or None
            else:
                if waiting is not None:
                    diagnostics.append(_orphan(waiting))
                waiting = piece[0]
            words = piece[1:]
        if words:
            words, misspelled = _corrected(words)
            diagnostics += misspelled
            name = words[1].value if len(words) > 1 and words[1].kind == "NAME" else None
            chunks.append(Chunk(words, (waiting.value or None) if waiting else None, name, sound))
            waiting = None
    if waiting is not None:
        diagnostics.append(_orphan(waiting))
    return Parts(tuple(chunks), doc, tuple(diagnostics))


def _pieces(tokens: list[Token]) -> tuple[list[tuple[list[Token], bool]], list[Diagnostic]]:
    pieces: list[tuple[list[Token], bool]] = []
    diagnostics: list[Diagnostic] = []
    open_: list[Token] = []
    begin, sound = 0, True
    for position, token in enumerate(tokens):
        mark = token.value if token.kind == "MARK" else ""
        if token.first and position > begin and _begins(tokens, position, inside=bool(open_)):
            if open_ and sound:
                diagnostics.append(_unclosed(open_[-1], tokens[position - 1]))
            pieces.append((tokens[begin:position], sound and not open_))
            begin, sound = position, True
            open_.clear()
        if mark in CLOSING:
            open_.append(token)
            if len(open_) == DEEPEST + 1 and sound:
                advice = "give the inner part a name of its own"
                message = f"brackets are nested deeper than {DEEPEST} levels"
                diagnostics.append(Diagnostic("R010", message, token.span, advice))
                sound = False
        elif mark and mark in ")]}" and open_:
            if CLOSING[open_[-1].value] != mark and sound:
                diagnostics.append(_mismatched(open_[-1], token))
                sound = False
            open_.pop()
    if open_ and sound:
        diagnostics.append(_unclosed(open_[-1], tokens[-1]))
    if tokens:
        pieces.append((tokens[begin:], sound and not open_))
    return pieces, diagnostics


def _begins(tokens: list[Token], position: int, *, inside: bool) -> bool:
    """Whether a declaration, or the docstring of one, begins with this token."""
    token = tokens[position]
    if token.kind == "DOC":
        before = position - 2 if position > 3 and tokens[position - 2].value == "as" else position
        text_of_template = before > 1 and tokens[before - 2].value == "for"
        return not inside and not text_of_template
    if token.kind != "NAME":
        return False
    word = token.value
    keyword = word if word in DECLARATIONS else None
    if keyword is None and not inside and word not in keywords():
        keyword = nearest(word, DECLARATIONS)
        if keyword is None:
            return _is(tokens, position + 1, ("NAME",)) and _is(tokens, position + 2, ("=", "{", ":"))
    if keyword is None:
        return False
    second, third = DECLARATIONS[keyword]
    if not inside and keyword == word and token.leftmost:
        return _is(tokens, position + 1, ("NAME", "STRING", "{"))
    if not _is(tokens, position + 1, (second,)):
        return False
    if inside and not token.leftmost:
        return False
    if not third:
        return keyword == "policy" or position + 2 == len(tokens) or tokens[position + 2].first
    return _is(tokens, position + 2, third)


def _is(tokens: list[Token], position: int, wanted: tuple[str, ...]) -> bool:
    if position >= len(tokens):
        return False
    token = tokens[position]
    return token.kind in wanted or (token.kind != "STRING" and token.value in wanted)


def _speaks_of_file(tokens: list[Token], text: str) -> bool:
    """Whether the first docstring is that of the file: nothing, a blank line, a docstring or an import follows it."""
    if len(tokens) == 1:
        return True
    after = tokens[1]
    gap = re.sub(r"[^\S\n]+", "", text[tokens[0].end : after.start])
    return after.kind == "DOC" or after.value == "import" or "\n\n" in gap


def _corrected(words: list[Token]) -> tuple[list[Token], list[Diagnostic]]:
    """The tokens with a misspelled first word put right, and what to say of it."""
    first = words[0]
    if first.kind != "NAME" or first.value in DECLARATIONS or len(words) == 1:
        return words, []
    meant = nearest(first.value, DECLARATIONS)
    if meant is None or not _is(words, 1, (DECLARATIONS[meant][0],)):
        return words, []
    message = f"unknown declaration `{first.value}`"
    right = first.meaning(meant)
    return [right, *words[1:]], [Diagnostic("R002", message, first.span, f"did you mean `{meant}`?")]


def _unclosed(opening: Token, last: Token) -> Diagnostic:
    closing = CLOSING[opening.value]
    place = Span(last.source, last.end, last.end)
    note = Note(f"this `{opening.value}` is still open", opening.span)
    return Diagnostic("R003", f"missing `{closing}`", place, f"close it with `{closing}`", (note,))


def _mismatched(opening: Token, closing: Token) -> Diagnostic:
    wanted = CLOSING[opening.value]
    note = Note(f"this `{opening.value}` is still open", opening.span)
    return Diagnostic("R003", f"`{closing.value}` where `{wanted}` is missing", closing.span, None, (note,))


def _orphan(doc: Token) -> Diagnostic:
    place = Span(doc.source, doc.start, doc.start + 3)
    return Diagnostic("R015", "this docstring stands before no declaration", place, "a remark begins with `#`")
