"""Docstrings as canonical text.

In: the text of a docstring. Out: the docstring with its quotes. Invariant: the parser reads the same text back, blanks
at its ends and margins included.
"""

from __future__ import annotations

import re

from rulecrm.syntax.format_literals import quoted

__all__ = ["docstring"]


def docstring(text: str) -> str:
    """The text in three quotes, as it stands but for what the parser would take away."""
    lines = [_kept(line) for line in text.split("\n")]
    if lines[0][:1] in (" ", "\t"):
        lines[0] = _coded(lines[0])
    # Blank lines at the beginning are escapes, so that what follows them stands on the first line, which has no margin.
    first = len(text) - len(text.lstrip("\n"))
    rest = [number for number, line in enumerate(lines) if number > first and line]
    if rest and all(lines[number][0] in " \t" for number in rest):
        lines[rest[0]] = _coded(lines[rest[0]])
    whole = "\n".join(lines)
    whole = re.sub(r"^\n+|\n+$", lambda blank: "\\n" * len(blank[0]), whole)
    return f'"""{whole}"""'


def _kept(line: str) -> str:
    """One line with escapes for quotes, control characters and blanks at its end."""
    line = "".join(character if character in '\t"' else quoted(character)[1:-1] for character in line)
    line = re.sub(r'""+|"$|^"', lambda quotes: '\\"' * len(quotes[0]), line)
    return re.sub(r"[ \t]$", lambda blank: f"\\u{ord(blank[0]):04X}", line)


def _coded(line: str) -> str:
    return f"\\u{ord(line[0]):04X}{line[1:]}"
