"""The spelling of literals: what a piece of text stands for, and what is wrong with it.

In: one piece that is neither a plain word nor a mark. Out: (terminal, value) or None where nothing can stand for it,
and a diagnostic or None. Invariant: whatever the piece, a value that the builder can read.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import nearest

__all__ = ["read"]

Read = tuple[tuple[str, str] | None, Diagnostic | None]

LONGEST = 28
"""Digits of the longest number: what a Decimal holds exactly under Python's default context."""

LONGEST_COUNT = 9
"""Digits of the longest count in a duration: a billion seconds are 31 years."""

UNITS = {"y": "years", "mo": "months", "w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

# what people write, in lower case and without a final s
UNIT_WORDS = {
    "year": "y", "yr": "y", "month": "mo", "mon": "mo", "week": "w", "wk": "w", "day": "d", "hour": "h", "hr": "h",
    "minute": "m", "min": "m", "second": "s", "sec": "s",
}  # fmt: skip

MARKS = {"<>": "!=", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}

# Marks that input methods put in place of the ASCII ones.
LOOKALIKES = {
    "，": ",", "、": ",", "：": ":", "（": "(", "）": ")", "［": "[", "］": "]", "【": "[", "】": "]",
    "｛": "{", "｝": "}", "＝": "=", "＜": "<", "＞": ">", "≥": ">=", "≤": "<=", "≠": "!=", "＋": "+", "－": "-",
    "−": "-", "–": "-", "＊": "*", "×": "*", "／": "/", "÷": "/", "。": ".", "．": ".", "→": "->", "…": "..",
}  # fmt: skip

QUOTES = "“”„«»‘’＂「」『』"

ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\s\S])|$)")


def read(kind: str, value: str, span: Span) -> Read:
    """Read one piece of the text; see the module."""
    match kind:
        case "STRING":
            return _text("STRING", value[1:-1], span, 1)
        case "DOC":
            return _text("DOC", _margin(value[3:-3]), span, None)
        case "OPEN_STRING":
            text, _ = _text("STRING", value[1:], span, 1)
            return text, _wrong("R004", 'this text has no closing `"`', span, "a text ends in the line it begins in")
        case "OPEN_DOC":
            opening = Span(span.source, span.start, span.start + 3)
            return None, _wrong("R004", 'this docstring has no closing `"""`', opening, 'close it with `"""`')
        case "QUOTED":
            text, _ = _text("STRING", value[1:-1].replace('"', ""), span, 1)
            return text, _wrong("R013", "a text stands in double quotes", span, f'write `"{value[1:-1]}"`')
        case "DATE" | "TIME":
            return _moment(kind, value, span)
        case "DURATION":
            if any(len(count) > LONGEST_COUNT for count in re.findall("[0-9]+", value.replace("_", ""))):
                return ("DURATION", "1d"), _wrong("R011", "this duration is too long", span, None)
            return (kind, value.replace("_", "")), None
        case "INT" | "DECIMAL" | "PERCENT" | "MONEY":
            if sum(digit.isdigit() for digit in value) > LONGEST:
                mended = "1" + {"PERCENT": "%", "MONEY": value[-4:].replace("\t", " ")}.get(kind, "")
                return (kind, mended), _wrong("R011", f"a number has at most {LONGEST} digits", span, None)
            return (kind, value.replace("_", "")), None
        case "ODD_NUMBER":
            return _odd_number(value, span)
        case "ODD_MARK":
            return _odd_mark(value, span)
    return _unknown(value, span)


def _wrong(code: str, message: str, span: Span, advice: str | None) -> Diagnostic:
    return Diagnostic(code, message, span, advice)


def _text(kind: str, value: str, span: Span, offset: int | None) -> Read:
    """Undo escapes. `offset` is where the value begins in the span, None where the places inside are lost."""
    if "\\" not in value:
        return (kind, value), None
    wrong: Diagnostic | None = None

    def undo(escape: re.Match[str]) -> str:
        nonlocal wrong
        if escape[1]:
            return chr(int(escape[1], 16))
        if escape[2] and escape[2] in '"\\nt':
            return {"n": "\n", "t": "\t"}.get(escape[2], escape[2])
        if wrong is None:
            place = span
            if offset is not None:
                start = span.start + offset + escape.start()
                place = Span(span.source, start, start + len(escape[0]))
            advice = 'escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u` with four hexadecimal digits'
            wrong = _wrong("R005", f"unknown escape `{escape[0]}`", place, advice)
        return escape[2] or ""

    return (kind, ESCAPE.sub(undo, value)), wrong


def _margin(text: str) -> str:
    """A docstring without the margin that its lines share, and without blank lines around it."""
    lines = text.replace("\r\n", "\n").split("\n")
    margins = [len(line) - len(line.lstrip(" \t")) for line in lines[1:] if line.strip(" \t")]
    margin = min(margins, default=0)
    lines = [lines[0].lstrip(" \t"), *(line[margin:] for line in lines[1:])]
    lines = [line.rstrip(" \t") for line in lines]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return "\n".join(lines)


def _moment(kind: str, value: str, span: Span) -> Read:
    day, _, clock = value.upper().partition("T") if kind == "DATE" else ("", "", value)
    terminal = "TIME" if kind == "TIME" else "DATETIME" if "T" in value.upper() else "DATE"
    mended = {"TIME": "00:00", "DATETIME": "2000-01-01T00:00", "DATE": "2000-01-01"}[terminal]
    if day:
        year, month, number = (int(part) for part in day.split("-"))
        if not 1 <= month <= 12 or not year:
            return (terminal, mended), _wrong("R006", f"there is no month {day[:7]}", span, "a date is year-month-day")
        try:
            date = dt.date(year, month, number)
        except ValueError:
            last = dt.date(year + month // 12, month % 12 + 1, 1) if (year, month) < (9999, 12) else dt.date.max
            last = last - dt.timedelta(days=1) if last != dt.date.max else last
            message = f"there is no day {day}" if number else "days are counted from 01"
            return (terminal, mended), _wrong("R006", message, span, f"the last day of that month is {last}")
        if len(day) != len("2025-01-01"):
            text = date.isoformat() + value[len(day) :]
            message = "a date has two digits for month and day"
            return (terminal, mended), _wrong("R006", message, span, f"write `{text}`")
    if terminal != "DATE":
        if not re.fullmatch("[0-9]{2}:[0-9]{2}(:[0-9]{2})?", clock):
            message = "a time of day is written with two digits each"
            return (terminal, mended), _wrong("R006", message, span, "such as `09:00` or `21:30:15`")
        if any(int(part) > most for part, most in zip(clock.split(":"), (23, 59, 59), strict=False)):
            return (terminal, mended), _wrong("R006", f"there is no time {clock}", span, "a day is 00:00 to 23:59:59")
    return (terminal, value.upper()), None


def _odd_number(value: str, span: Span) -> Read:
    number = re.match("[0-9_.]*", value)
    digits = number[0] if number else ""
    unit = value[len(digits) :]
    if unit.isascii() and len(unit) == 3 and unit.isupper():
        return ("MONEY", f"{digits.replace('_', '')[:LONGEST]} {unit}"), _wrong(
            "R007", f"a blank stands between amount and currency: `{value}`", span, f"write `{digits} {unit}`"
        )
    word = unit.lower()
    meant = UNIT_WORDS.get(word.rstrip("s")) or (word if word in UNITS else None)
    if meant is None and (close := nearest(word, UNIT_WORDS)) is not None:
        meant = UNIT_WORDS[close]
    if "." in digits and meant is not None:
        advice = f"durations have whole counts, such as `1{meant}`"
    elif meant is not None:
        advice = f"write `{digits}{meant}`"
    else:
        advice = "units are " + ", ".join(f"`{short}` {long}" for short, long in UNITS.items())
    message = f"unknown duration unit `{unit}`" if "." not in digits or meant is None else f"`{value}` is no duration"
    return ("DURATION", "1d"), _wrong("R007", message, span, advice)


def _odd_mark(value: str, span: Span) -> Read:
    if value in MARKS:
        meant = MARKS[value]
        token = ("MARK", meant) if meant == "!=" else ("NAME", meant)
        return token, _wrong("R008", f"`{value}` is not part of the language", span, f"write `{meant}`")
    if value == "%":
        return None, _wrong("R014", "a percent sign stands right after a number", span, "such as `10%`")
    if value == ";":
        return None, _wrong("R008", "`;` is not part of the language", span, "a declaration ends where the next begins")
    return None, _wrong("R004", "this text has no closing quote", span, 'a text stands in double quotes, `"`')


def _unknown(value: str, span: Span) -> Read:
    if value in LOOKALIKES:
        meant = LOOKALIKES[value]
        return ("MARK", meant), _wrong("R009", f"`{value}` is not part of the language", span, f"write `{meant}`")
    if value in QUOTES:
        return None, _wrong("R009", f"`{value}` is not part of the language", span, 'texts stand in plain quotes, `"`')
    name = unicodedata.name(value, "")
    shown = f"`{value}`" if value.isprintable() else f"U+{ord(value):04X}"
    message = f"unknown character {shown}" + (f" ({name.lower()})" if name and not value.isascii() else "")
    return None, _wrong("R009", message, span, None)
