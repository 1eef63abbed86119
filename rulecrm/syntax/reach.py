"""How far operands, windows and brackets reach, in tokens that the parser has refused.

In: tokens and an index. Out: another index. Invariant: what is open is never left; the answer is a guess that is right
for what is written in one line without surprises, and is asked for advice alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rulecrm.syntax.scan import Token

__all__ = ["begin_of_comparison", "begin_of_operand", "closing_of", "end_of_operand", "end_of_window", "opening_before"]

OPENING, CLOSING = "([{", ")]}"

ENDS = frozenset({"and", "or", "then", "when", "where", "as", "is", "in", "on", "within", "every", "alert", "else"})
"""Words at which an operand is over."""


def end_of_operand(tokens: Sequence[Token], start: int) -> int:
    """Index just past the operand that begins at `start`: at a joining word, a comma or a closing bracket."""
    depth = 0
    for position in range(start, len(tokens)):
        token = tokens[position]
        mark = token.value if token.kind == "MARK" else ""
        if not depth and (mark in (",", "{", "}", ")", "]") or (token.kind == "NAME" and token.value in ENDS)):
            return position
        if not depth and token.first and position > start and tokens[position - 1].kind != "MARK":
            return position  # the next arm or step
        depth += bool(mark and mark in OPENING) - bool(mark and mark in CLOSING)
    return len(tokens)


def begin_of_operand(tokens: Sequence[Token], end: int) -> int:
    """Index of the first token of the operand that ends before `end`."""
    depth = 0
    for position in range(end - 1, -1, -1):
        token = tokens[position]
        mark = token.value if token.kind == "MARK" else ""
        if not depth and (mark in ("=", ",", "(", "[", "{", ":") or (token.kind == "NAME" and token.value in ENDS)):
            return position + 1
        depth += bool(mark and mark in CLOSING) - bool(mark and mark in OPENING)
    return 0


def begin_of_comparison(tokens: Sequence[Token], end: int) -> int | None:
    """Index of the `in`, `on` or `within` outside of all brackets that begins what ends before `end`."""
    depth = 0
    for position in range(end - 1, 0, -1):
        token = tokens[position]
        mark = token.value if token.kind == "MARK" else ""
        if not depth and token.kind == "NAME" and token.value in ("in", "on", "within"):
            return position
        if not depth and (mark in (*OPENING, "=", ",") or token.value in ("and", "or", "not", "where", "when")):
            return None
        depth += bool(mark and mark in CLOSING) - bool(mark and mark in OPENING)
    return None


def end_of_window(tokens: Sequence[Token], start: int) -> int:
    """Index just past the window that begins at `start`."""
    word = tokens[start].value
    if word in ("today", "yesterday"):
        return start + 1
    if word == "between":
        return min(start + 4, len(tokens))
    end = start + 1
    while end < len(tokens):
        token = tokens[end]
        if word == "from" and token.value == "ago":
            return end + 1
        if token.kind == "MARK" and token.value not in ("(", ")", "."):
            break
        if token.kind == "NAME" and token.value in ENDS:
            break
        if token.value == "(":
            end = closing_of(tokens, end) or end
        elif token.value == ")":
            break
        end += 1
        if word != "from" and (
            end == len(tokens) or (tokens[end].value not in (".", "(") and tokens[end - 1].value != ".")
        ):
            break
    return end


def opening_before(tokens: Sequence[Token], position: int) -> int | None:
    """Index of the `(` that is open before `position`; of a `)` there, the one that it closes."""
    depth = 0
    for index in range(position - 1, -1, -1):
        mark = tokens[index].value if tokens[index].kind == "MARK" else ""
        if mark and mark in CLOSING:
            depth += 1
        elif mark and mark in OPENING:
            if not depth:
                return index if mark == "(" else None
            depth -= 1
    return None


def closing_of(tokens: Sequence[Token], opening: int) -> int | None:
    """Index of the bracket that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(tokens)):
        mark = tokens[index].value if tokens[index].kind == "MARK" else ""
        depth += bool(mark and mark in OPENING) - bool(mark and mark in CLOSING)
        if not depth:
            return index
    return None
