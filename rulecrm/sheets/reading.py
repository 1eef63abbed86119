"""The rows of a file below its header.

In: a sample. Out: chunks: frames of text with the place and the text of each row, and the rows that could not be read.
Invariant: every row below the header is in one chunk, as a row or as a `Refused`, save blank rows and those lines at
the end that a format knows for none of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

import polars as pl
from attrs import evolve, field, frozen

from rulecrm.plugin import Refused, Sample
from rulecrm.sheets.blocks import SIZE, Block, blocks
from rulecrm.sheets.books import sheet
from rulecrm.sheets.faults import fault
from rulecrm.sheets.headers import names_of
from rulecrm.sheets.records import LINE, ORIGINAL, Records, Shape, records

__all__ = ["LINE", "ORIGINAL", "Chunk", "frames"]

_ROWS = 50_000
"""Rows of a chunk of a workbook."""

_HEADER = 100
"""Lines that a header has at most."""

_BLANK = ' \t\r\n,;"\u3000'


@frozen(eq=False)
class Chunk:
    """Some rows.

    Attributes:
        frame: String columns by the names of the header, nothing interpreted; `LINE` (Int64, from 1) and `ORIGINAL`.
        refused: rows that could not be read at all.
    """

    frame: pl.DataFrame
    refused: Sequence[Refused] = field(default=(), repr=False)


def frames(
    sample: Sample,
    *,
    of: str,
    wanted: Sequence[str] | None = None,
    trailer: str | None = None,
    quote: str | None = '"',
    size: int = SIZE,
) -> Iterator[Chunk]:
    """The rows of a file.

    Args:
        sample: its beginning.
        of: the canonical frame that rows belong to which cannot be read.
        wanted: the columns that are asked for, those that are not there left out; all by default.
        trailer: a pattern of lines that are no rows, such as a count at the end.
        quote: what cells with a separator in them stand in; None where quotes are letters like others. Where the
            separator is a tab it is always None: programs that separate by tabs put no quotes.
        size: bytes of the file for one chunk.

    Raises:
        RulesError: R720, a workbook that is damaged; R725, a workbook without the extra `sheets`.
    """
    asked = [name for name in sample.header if wanted is None or name in wanted]
    read = _delimited(sample, asked, quote, size) if sample.kind == "delimited" else _workbook(sample, asked)
    for some in read:
        yield _chunk(some, of, trailer, sample)


def _chunk(some: Records, of: str, trailer: str | None, sample: Sample) -> Chunk:
    original = pl.col(ORIGINAL)
    none = original.str.strip_chars(_BLANK) == ""
    if trailer is not None:
        none |= original.str.contains(trailer)
    broken = [one for one in some.broken if trailer is None or not _matches(one.original, trailer)]
    word = "line" if sample.kind == "delimited" else "row"
    refused = [Refused(of, one.reason, one.original, f"{sample.path.name}, {word} {one.line}") for one in broken]
    return Chunk(some.frame.filter(~none), refused)


def _matches(text: str, pattern: str) -> bool:
    return bool(pl.Series([text]).str.contains(pattern).item())


# --- text ---------------------------------------------------------------------------------------------------------


def _delimited(sample: Sample, asked: Sequence[str], quote: str | None, size: int) -> Iterator[Records]:
    each = blocks(sample, size=size)
    if sample.separator == "\t":
        quote = None
    first = next(each, None)
    while first is not None and (header := _header(first, sample, quote)) is None:
        first = _longer(first, next(each, None))
    if first is None or header is None:
        return
    cells, below = header
    padded = [*sample.header, *(f"#{place}" for place in range(len(sample.header), len(cells)))]
    if names_of(cells) != list(sample.header):
        raise fault("R720", sample.path, "it is another file than the one that was looked at", fix="read it again")
    shape = Shape(padded, sample.separator, quote, asked, len(sample.header))
    yield from records(_and(below, each), shape)


def _longer(block: Block, more: Block | None) -> Block | None:
    """A block and the one behind it."""
    if more is None:
        return None
    return Block(block.text + more.text, block.first, more.last, {**block.broken, **more.broken})


def _header(block: Block, sample: Sample, quote: str | None) -> tuple[list[str], Block] | None:
    """The header's cells, and the block below; None where the block ends before the header does."""
    lines = block.text.decode().removesuffix("\n").split("\n")[sample.preamble :]
    if not lines:
        return None
    if quote is None:
        cells, taken = lines[0].split(sample.separator), 1
    else:
        reader = csv.reader(
            (line + "\n" for line in lines[:_HEADER]), delimiter=sample.separator, quotechar=quote, strict=True
        )
        try:
            cells, taken = next(reader), reader.line_num
        except (csv.Error, StopIteration):
            return None
    above = sample.preamble + taken
    place = 0
    for _ in range(above):
        place = block.text.index(b"\n", place) + 1
    broken = {number: why for number, why in block.broken.items() if number >= block.first + above}
    return cells, evolve(block, text=block.text[place:], first=block.first + above, broken=broken)


def _and(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest


# --- workbooks ----------------------------------------------------------------------------------------------------


def _workbook(sample: Sample, asked: Sequence[str]) -> Iterator[Records]:
    whole = sheet(sample.path)
    columns = whole.columns[: len(sample.header)]
    below = whole.slice(sample.preamble + 1)
    place = pl.int_range(pl.len(), dtype=pl.Int64) + sample.preamble + 2
    named = below.with_columns(place.alias(LINE))
    for start in range(0, max(below.height, 1), _ROWS):
        part = named.slice(start, _ROWS)
        text = pl.concat_str(pl.col(columns).fill_null(""), separator="\t").alias(ORIGINAL)
        renamed = part.with_columns(text).rename(dict(zip(columns, sample.header, strict=True)))
        yield Records(renamed.select(*(pl.col(name).fill_null("") for name in asked), LINE, ORIGINAL))
