r"""A delimited file, in blocks of whole lines.

In: a path and an encoding. Out: `Block`s: UTF-8 text of whole lines, and which of them are broken.
Invariant: every line of the file is a line of one block, at its number; a line that is not text in the encoding, or has
a NUL, stands as an empty line, and is told of. Line ends are `\n`, whatever they are in the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from attrs import field, frozen

from rulecrm.plugin import Sample

__all__ = ["Block", "blocks"]

SIZE = 1 << 25
"""Bytes of a block in the file: some ten thousands of rows, little beside the rows that are made of them."""

_NUL = "has a NUL byte"


@frozen
class Block:
    """Some whole lines.

    Attributes:
        text: the lines, each with its end.
        first: the number of the first, from 1.
        last: whether the file ends here.
        broken: of lines that are empty here because they are no text: what stands there, and what is wrong with it.
    """

    text: bytes = field(repr=False)
    first: int
    last: bool
    broken: Mapping[int, tuple[str, str]] = field(factory=dict, repr=False)


def blocks(sample: Sample, *, size: int = SIZE) -> Iterator[Block]:
    """The blocks of a delimited file, beginning with its first line."""
    encoding = "utf-8" if sample.encoding == "utf-8-sig" else sample.encoding
    wide = encoding.startswith("utf-16")
    first = 1
    with sample.path.open("rb") as file:
        _skip_mark(file)
        for raw, last in _cut(file, size, b"\n\0" if encoding == "utf-16-le" else b"\0\n" if wide else b"\n"):
            text, broken = _text(raw, encoding, first)
            yield Block(text, first, last, broken)
            first += text.count(b"\n")


def _skip_mark(file: BinaryIO) -> None:
    head = file.read(3)
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    file.seek(next((len(mark) for mark in marks if head.startswith(mark)), 0))


def _cut(file: BinaryIO, size: int, end: bytes) -> Iterator[tuple[bytes, bool]]:
    """Bytes up to a line's end, and whether they are the last."""
    rest, read = b"", file.read(size)
    while read:
        whole, read = rest + read, file.read(size)
        cut = _after_last(whole, end) if read else len(whole)
        rest = whole[cut:]
        if cut:
            yield whole[:cut], not read


def _after_last(whole: bytes, end: bytes) -> int:
    """Behind the last line's end; 0 where there is none. One of two bytes begins at an even place."""
    place = whole.rfind(end)
    while place > 0 and place % len(end):
        place = whole.rfind(end, 0, place + len(end) - 1)
    return place + len(end) if place >= 0 else 0


def _text(raw: bytes, encoding: str, first: int) -> tuple[bytes, dict[int, tuple[str, str]]]:
    """Bytes as UTF-8 with one kind of line ends, and the lines that are no text."""
    try:
        if encoding == "utf-8":
            raw.decode()
            text = raw
        else:
            text = raw.decode(encoding).encode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        return _line_by_line(raw, encoding, first)
    text = _one_end(text)
    if b"\0" in text:
        return _without_nul(text, first)
    return text, {}


def _one_end(text: bytes) -> bytes:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text if text.endswith(b"\n") else text + b"\n"


def _line_by_line(raw: bytes, encoding: str, first: int) -> tuple[bytes, dict[int, tuple[str, str]]]:
    """Lines, those that cannot be decoded left empty."""
    if encoding.startswith("utf-16"):
        shown = raw.decode(encoding, errors="replace")
        lines = [(line, "\ufffd" in line) for line in _universal(shown)]
    else:
        text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n")
        lines = [_decoded(line, encoding) for line in text.split(b"\n")]
    broken: dict[int, tuple[str, str]] = {}
    kept: list[str] = []
    for number, (line, bad) in enumerate(lines, first):
        if bad or "\0" in line:
            broken[number] = (line.replace("\0", "\ufffd"), f"is no {_name(encoding)} text" if bad else _NUL)
        kept.append("" if number in broken else line)
    return ("\n".join(kept) + "\n").encode("utf-8", errors="replace"), broken


def _universal(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _decoded(line: bytes, encoding: str) -> tuple[str, bool]:
    """A line, and whether it is broken; then it is shown with what does decode."""
    try:
        return line.decode(encoding), False
    except UnicodeDecodeError:
        return line.decode(encoding, errors="replace"), True


def _without_nul(text: bytes, first: int) -> tuple[bytes, dict[int, tuple[str, str]]]:
    lines = text.removesuffix(b"\n").split(b"\n")
    broken = {
        number: (line.decode().replace("\0", "\ufffd"), _NUL)
        for number, line in enumerate(lines, first)
        if b"\0" in line
    }
    kept = [b"" if b"\0" in line else line for line in lines]
    return b"\n".join(kept) + b"\n", broken


def _name(encoding: str) -> str:
    return encoding.upper().replace("UTF-16-LE", "UTF-16").replace("UTF-16-BE", "UTF-16")
