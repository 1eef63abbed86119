"""Lines of a file, with its comments where they belong.

In: the items of a file in the order in which they are written, and the comments with their offsets. Out: lines.
Invariant: every comment is written once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Protocol

from rulecrm.diagnostics.span import Span
from rulecrm.syntax.declarations import Rules

__all__ = ["Item", "Pen"]


class Item(Protocol):
    """A node that begins a line of its own."""

    @property
    def span(self) -> Span:
        """Where it stands."""


class Pen:
    """Writes items, each after the comments that stood before or in it.

    Attributes:
        lines: what has been written.
        items: where the items stand in the source.
        doc: lines of a docstring, to be written right before the next item.
    """

    def __init__(self, rules: Rules, items: Iterable[Span]) -> None:
        self.lines: list[str] = []
        self.items: list[Span] = []
        self.doc: list[str] = []
        behind = _behind(rules, sorted(items, key=lambda span: span.start))
        self._waiting = [(offset, text) for offset, text in rules.comments if offset not in behind]
        self._waiting.reverse()
        self._apart = frozenset(rules.apart)
        self._starts = [offset for offset, _ in rules.comments]
        self._behind: dict[int, list[str]] = {}
        for offset, text in rules.comments:
            if offset in behind:
                self._behind.setdefault(behind[offset], []).append(text)

    def comments(self, offset: int, indent: int) -> None:
        """Write the comments that stood before an offset, and the blank line that stood after any of them."""
        while self._waiting and self._waiting[-1][0] < offset:
            start, text = self._waiting.pop()
            self.lines.append(" " * indent + text)
            if start in self._apart:
                self.lines.append("")

    def close(self) -> None:
        """Take away the blank line after a comment that is the last in its block or in the file."""
        if self.lines and not self.lines[-1]:
            self.lines.pop()

    def is_bare(self, item: Item) -> bool:
        """Whether no comment stands in an item."""
        return bisect_left(self._starts, item.span.start) == bisect_left(self._starts, item.span.end)

    def line(self, item: Item, indent: int, text: str) -> None:
        """Write an item that holds no other."""
        self.items.append(item.span)
        self.comments(item.span.end, indent)
        self._document()
        self._write(item, indent, text)

    def block(self, item: Item, indent: int, head: str, body: Callable[[int], None]) -> None:
        """Write an item that holds others; `body` writes those, with the indent that it is given."""
        self.items.append(item.span)
        self.comments(item.span.start, indent)
        self._document()
        self.lines.append(" " * indent + head + " {")
        written = len(self.lines)
        body(indent + 2)
        self.comments(item.span.end, indent + 2)
        self.close()
        if len(self.lines) == written:
            head = self.lines.pop().lstrip(" ")
            self._write(item, indent, head + "}")
        else:
            self._write(item, indent, "}")

    def _document(self) -> None:
        """Write the docstring of the declaration that begins here: no comment stands between the two."""
        self.lines += self.doc
        self.doc = []

    def _write(self, item: Item, indent: int, text: str) -> None:
        behind = self._behind.pop(item.span.end, [])
        lines = (" " * indent + "  ".join((text, *behind))).split("\n")
        self.lines.extend(lines)


def _behind(rules: Rules, items: list[Span]) -> dict[int, int]:
    """For each comment that ends the line of an item: its offset, and the end of that item."""
    ends = sorted({item.end for item in items})
    starts = [item.start for item in items]
    found: dict[int, int] = {}
    for offset in rules.trailing:
        position = bisect_left(ends, offset + 1) - 1
        if position >= 0 and bisect_left(starts, ends[position]) == bisect_left(starts, offset):
            found[offset] = ends[position]
    return found
