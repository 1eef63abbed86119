"""An explanation as a tree for a terminal.

In: an explanation, a width. Out: lines.
Invariant: without colour the text depends on nothing but the explanation and the width.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator

from rulecrm.explain.explanation import Explanation, Node
from rulecrm.explain.wording import change_of, detail, heading, notes, subtitle, subtree, tick

__all__ = ["as_text"]

_GREEN, _RED, _DIM, _BOLD, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_NARROWEST = 40


def as_text(explanation: Explanation, *, color: bool, width: int) -> str:
    """The tree, headed by the definition, and below it the smallest change."""
    width = max(width, _NARROWEST)
    root = explanation.root
    paint = _Paint(on=color)
    said = "" if root.value is None else f" = {root.value.text}"
    mark = "" if root.verdict is None else paint.verdict(root) + " "
    head, whom = heading(root) + said, subtitle(explanation)
    fits = _columns(head) + _columns(whom) + 5 <= width
    lines = [mark + paint(_BOLD, head) + (f"   {whom}" if fits else ""), *([] if fits else [f"  {whom}"])]
    connective = detail(root)
    if connective == "any of":
        lines.append(connective)
    lines += [f"  {paint(_DIM, line)}" for note in notes(root) for line in _wrapped(note, width - 2)]
    lines += _branches(subtree(root), "", width, paint)
    if explanation.to_flip:
        changes = "; ".join(change_of(node) for node in explanation.to_flip)
        lines += _wrapped(f"smallest change: {changes}", width)
    return "\n".join(line.rstrip() for line in lines)


def _branches(nodes: list[Node], indent: str, width: int, paint: _Paint) -> Iterator[str]:
    widest = max((_columns(heading(node)) for node in nodes), default=0)
    room = min(widest, (width - len(indent)) // 2)
    for node in nodes:
        last = node is nodes[-1]
        below = subtree(node)
        into = indent + ("   " if last else "│  ")
        yield from _head(node, (indent + ("└─ " if last else "├─ "), into), room, width, paint)
        hanging = into + ("│ " if below else "  ")
        for note in notes(node):
            for line in _wrapped(note, width - len(hanging)):
                yield hanging + paint(_DIM, line)
        yield from _branches(below, into, width, paint)


def _head(node: Node, indents: tuple[str, str], room: int, width: int, paint: _Paint) -> Iterator[str]:
    branch, into = indents
    clause, said = heading(node), detail(node)
    free = width - len(branch) - 2
    one_line = clause + " " * max(room - _columns(clause), 0) + (f"  {said}" if said else "")
    if _columns(one_line) <= free:
        yield f"{branch}{paint.verdict(node)} {one_line}"
        return
    first, *rest = _wrapped(clause, free)
    yield f"{branch}{paint.verdict(node)} {first}"
    for line in rest:
        yield f"{into}  {line}"
    for line in _wrapped(said, width - len(into) - 4):
        yield f"{into}    {line}"


class _Paint:
    """Colours, or none."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._on else text

    def verdict(self, node: Node) -> str:
        if node.verdict is None or node.passed:
            return self(_DIM, tick(node))
        return self(_GREEN if node.verdict else _RED, tick(node))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, _NARROWEST // 2), break_on_hyphens=False)


def _columns(text: str) -> int:
    """Columns of a terminal: two for wide letters such as those of Chinese, none for marks that combine."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
