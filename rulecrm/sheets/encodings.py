"""What a file's bytes are: a workbook, a page, or text in an encoding.

In: the first bytes of a file, and those after them where the first are plain ASCII. Out: a kind, an encoding.
Invariant: bytes that are not surely text of one of the encodings that are known here are never read as if they were:
text in Western European letters is mostly valid GB18030, and would become Chinese.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import BinaryIO

__all__ = ["encoding_of", "kind_of"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DOUBLE = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_STEP = 1 << 20


def kind_of(head: bytes) -> str:
    """`xlsx`, `xls`, `page` (HTML or XML), `empty`, `other` (no sheet at all), or `delimited`."""
    if not head.strip(b"\0\t\r\n \xff\xfe\xef\xbb\xbf"):
        return "empty"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith((b"%PDF", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"PAR1", b"SQLite format")):
        return "other"
    start = head.lstrip(b"\xff\xfe\xef\xbb\xbf\0\t\r\n ")[:64].replace(b"\0", b"").lower()
    return (
        "page"
        if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"{", b"[{"))
        else "delimited"
    )


def encoding_of(file: BinaryIO) -> str | None:
    """The encoding of text, read from where the file stands; None where it is none of those known here.

    `utf-8`, `utf-8-sig` (with a byte order mark), `utf-16-le`, `utf-16-be`, `gb18030`. As long as there is nothing but
    ASCII it reads on, for a file may have its first name of a person after a million numbers.
    """
    head = file.read(_STEP)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    wide = _wide(head)
    if wide is not None:
        return wide
    rest = b""
    while head:
        whole = rest + head
        cut = whole.rfind(b"\n") + 1
        head = file.read(_STEP)
        lines, rest = (whole[:cut], whole[cut:]) if head and cut else (whole, b"")
        if not lines.isascii():
            return _of_lines(line for line in lines.split(b"\n") if not line.isascii())
    return "utf-8"


def _wide(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of its separators and digits is NUL."""
    sample = head[:4096]
    pairs = len(sample) // 2
    high, low = sample[1::2].count(0), sample[0::2].count(0)
    if pairs and high > pairs * 0.3 and low < pairs * 0.05:
        return "utf-16-le"
    return "utf-16-be" if pairs and low > pairs * 0.3 and high < pairs * 0.05 else None


def _of_lines(lines: Iterable[bytes]) -> str | None:
    """What most lines are; lines of another encoding are told of when they are read."""
    votes = {"utf-8": 0, "gb18030": 0, "": 0}
    for line in lines:
        votes["utf-8" if _decodes(line, "utf-8") else "gb18030" if _chinese(line) else ""] += 1
    best = max(votes, key=lambda name: votes[name])
    return best or None


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _chinese(line: bytes) -> bool:
    """Whether a line is GB18030 and mostly in GB 2312, whose characters have a second byte beyond ASCII.

    An accented letter of Latin-1 is followed by a plain one, which GB18030 takes for a rare character.
    """
    if not _decodes(line, "gb18030"):
        return False
    double: list[bytes] = _DOUBLE.findall(line)
    return sum(pair[1] >= 0xA1 for pair in double) >= 0.7 * len(double)
