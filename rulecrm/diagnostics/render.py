"""Diagnostics as text for people and as JSON for programs.

In: diagnostics, and the text of each source by name. Out: text, or JSON-ready values.
Invariant: drawing never fails, whatever the sources hold, and changes nothing.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.diagnostics.span import Span

__all__ = ["render", "to_json"]

TAB = 4
"""Columns a tab takes in a drawing: the line is drawn with blanks in its place, so that carets stand right anywhere."""

WIDEST = 200
"""Characters drawn of one line at most, unless a width is given."""

COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.HINT: "36"}


@frozen
class Place:
    """A span in lines and columns, all counted from 1; `end_column` is just past the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


def render(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, str],
    *,
    color: bool = False,
    width: int | None = None,
) -> str:
    """Draw diagnostics with the lines they speak of, and a closing line that counts them.

    Args:
        diagnostics: what to draw, in this order.
        sources: text by source name; of a source that is not there the place alone is named.
        color: use ANSI colours.
        width: columns a line may take; longer source lines are cut around the place in question.
    """
    pen = Pen(sources, color=color, width=width or WIDEST)
    found = tuple(diagnostics)
    blocks = [pen.block(diagnostic) for diagnostic in found]
    if found:
        blocks.append(_count(found))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def to_json(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], *, indent: int | None = None) -> str:
    """A JSON array with one object for each diagnostic; lines and columns count from 1, offsets from 0."""
    pages = {name: Page(text) for name, text in sources.items()}
    return json.dumps([_object(diagnostic, pages) for diagnostic in diagnostics], indent=indent, default=str)


class Page:
    """A source text cut into lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def place(self, span: Span) -> Place:
        """Lines and columns of a span; what lies outside of the text is moved to its end."""
        start = min(max(span.start, 0), len(self.text))
        end = min(max(span.end, start), len(self.text))
        line, column = self._at(start)
        end_line, end_column = self._at(end)
        if end_line > line and end_column == 1:  # the line break itself belongs to its line
            end_line, end_column = end_line - 1, len(self.line(end_line - 1)) + 1
        return Place(line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].removesuffix("\r")

    def _at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


class Pen:
    """Draws one diagnostic after the other."""

    def __init__(self, sources: Mapping[str, str], *, color: bool, width: int) -> None:
        self.pages = {name: Page(text) for name, text in sources.items()}
        self.color = color
        self.width = max(width, 20)

    def block(self, diagnostic: Diagnostic) -> str:
        """A diagnostic with its place, help and notes."""
        severity = diagnostic.severity
        head = self._paint(f"{severity.value}[{diagnostic.code}]", "1;" + COLOURS[severity])
        lines = [f"{head}: {_shown(diagnostic.message)}"]
        if diagnostic.span is not None:
            lines += self._drawing(diagnostic.span, COLOURS[severity])
        if diagnostic.help is not None:
            lines.append(f"  {self._paint('help', '1;32')}: {_shown(diagnostic.help)}")
        for note in diagnostic.notes:
            lines.append(f"  {self._paint('note', '1;34')}: {_shown(note.message)}")
            lines += self._drawing(note.span, "34")
        return "\n".join(lines)

    def _drawing(self, span: Span, colour: str) -> list[str]:
        page = self.pages.get(span.source)
        if page is None:
            return [f"  --> {_shown(span.source)}"]
        place = page.place(span)
        line = page.line(place.line)
        from_ = place.column - 1
        to = place.end_column - 1 if place.end_line == place.line else len(line)
        drawn, offset, length = _cut(line, from_, max(to, from_), self.width - len(str(place.line)) - 3)
        number = str(place.line)
        gutter = " " * len(number)
        more = " …" if place.end_line > place.line else ""
        caret = self._paint("^" * max(length, 1), "1;" + colour)
        return [
            f"{gutter}--> {_shown(span.source)}:{place.line}:{place.column}",
            f"{gutter} |",
            f"{number} | {drawn}".rstrip(),
            f"{gutter} | {' ' * offset}{caret}{more}",
        ]

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.color else text


def _cut(line: str, start: int, end: int, width: int) -> tuple[str, int, int]:
    """The line as drawn, and offset and length of [start, end) in it, in columns.

    A line that is too long is cut on both sides with an ellipsis.
    """
    cells = [_cell(character) for character in line]
    first, last = 0, len(cells)
    if sum(columns for _, columns in cells) > width:
        first, room = start, width - 2
        room -= min(room, sum(columns for _, columns in cells[start:end]) or 1)
        lead = min(room // 2, 30)
        while first > 0 and lead >= cells[first - 1][1]:
            first -= 1
            lead -= cells[first][1]
        last, room = first, width - 2
        while last < len(cells) and room >= cells[last][1]:
            room -= cells[last][1]
            last += 1
    before, after = ("…" if first else ""), ("…" if last < len(cells) else "")
    drawn = before + "".join(shown for shown, _ in cells[first:last]) + after
    offset = len(before) + sum(columns for _, columns in cells[first:start])
    return drawn, offset, sum(columns for _, columns in cells[start : min(end, last)])


def _cell(character: str) -> tuple[str, int]:
    """What is drawn of a character, and how many columns of a terminal it takes."""
    if character == "\t":
        return " " * TAB, TAB
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return character, 0
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "\ufffd", 1
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shown(text: str) -> str:
    """A message without what would disturb a terminal or cannot be encoded."""
    return "".join(character if character == "\n" else _cell(character)[0] for character in text)


def _count(diagnostics: Sequence[Diagnostic]) -> str:
    parts = []
    for severity in Severity:
        number = sum(diagnostic.severity is severity for diagnostic in diagnostics)
        if number:
            parts.append(f"{number} {severity.value}{'' if number == 1 else 's'}")
    return ", ".join(parts)


def _object(diagnostic: Diagnostic, pages: Mapping[str, Page]) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        **_where(diagnostic.span, pages),
        "notes": [{"message": note.message, **_where(note.span, pages)} for note in diagnostic.notes],
        "data": dict(diagnostic.data),
    }


def _where(span: Span | None, pages: Mapping[str, Page]) -> dict[str, object]:
    if span is None:
        return {"source": None, "start": None, "end": None}
    start: dict[str, object] = {"offset": span.start}
    end: dict[str, object] = {"offset": span.end}
    page = pages.get(span.source)
    if page is not None:
        place = page.place(span)
        start |= {"line": place.line, "column": place.column}
        end |= {"line": place.end_line, "column": place.end_column}
    return {"source": span.source, "start": start, "end": end}
