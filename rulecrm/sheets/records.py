"""Records of lines of text.

In: blocks of lines, a separator, a number of cells. Out: frames of text, the place and the text of each record, and the
lines that make no record.
Invariant: the fast way and the careful way read the same cells wherever the fast way reads at all; it is believed only
where every line has ended in the very cell where it should.

A block is first read by Polars, after a cell of a mark that no file has was put at the end of every line. Where the
mark is not in the last column of every row (a line too short or too long, a cell of several lines, an odd quote) the
block is read again by Python's own reader, a record at a time; there a quoted cell must be well formed, and a record
that is not costs no more than its first line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice

import polars as pl
from attrs import define, field, frozen

from rulecrm.sheets.blocks import Block

__all__ = ["LINE", "ORIGINAL", "Broken", "Records", "Shape", "records"]

LINE = "#line"
"""The column that says on which line of the file, or row of the sheet, a row begins."""

ORIGINAL = "#original"
"""The column that has the row as it came."""

_MARK = "\x1e"
_LONGEST = 500
"""Lines of one record: a quote that nobody closes does not swallow the rest of a file."""


@frozen
class Shape:
    """How records are written.

    Attributes:
        names: of the columns, in the file's order.
        separator: between cells.
        quote: around cells that have a separator in them; None where quotes are letters like others.
        wanted: names of those columns that are asked for.
        least: how many cells a record has at least.
    """

    names: Sequence[str]
    separator: str
    quote: str | None
    wanted: Sequence[str]
    least: int


@frozen
class Broken:
    """A line that makes no record."""

    line: int
    original: str = field(repr=False)
    reason: str


@frozen(eq=False)
class Records:
    """Some records: String columns as wanted, `LINE` and `ORIGINAL`; and what made none."""

    frame: pl.DataFrame
    broken: Sequence[Broken] = ()


def records(blocks: Iterator[Block], shape: Shape) -> Iterator[Records]:
    """The records of blocks, in the file's order."""
    carried: list[str] = []
    for block in blocks:
        if not carried:
            read = _fast(block, shape)
            if read is not None:
                yield read
                continue
        careful = _Careful(block, shape, carried)
        yield careful.read()
        carried = careful.carried


def _fast(block: Block, shape: Shape) -> Records | None:
    """The records of a block in which every line is one; None where some are not."""
    separator, text = shape.separator.encode(), block.text
    if block.broken or _MARK.encode() in text or (shape.quote and text.count(shape.quote.encode()) % 2):
        return None
    names = [*(f"c{place}" for place in range(len(shape.names))), _MARK]
    marked = text.replace(b"\n", separator + _MARK.encode() + b"\n")
    head = shape.separator.join(names).encode() + b"\n"
    places = [shape.names.index(name) for name in shape.wanted]
    try:
        frame = pl.read_csv(
            BytesIO(head + marked),
            columns=[*(names[place] for place in places), _MARK],
            schema=dict.fromkeys(names, pl.String),
            separator=shape.separator,
            quote_char=shape.quote,
            empty_string_is_null=False,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError:
        return None
    lines = pl.read_lines(BytesIO(text), name=ORIGINAL).get_column(ORIGINAL)
    if frame.height != len(lines) or not (frame.get_column(_MARK) == _MARK).all():
        return None
    number = pl.int_range(block.first, block.first + frame.height, dtype=pl.Int64, eager=True).alias(LINE)
    named = frame.select(pl.col(names[place]).alias(shape.names[place]) for place in places)
    return Records(named.with_columns(number, lines))


@define(eq=False)
class _Careful:
    """A block, a record at a time."""

    block: Block
    shape: Shape
    carried: list[str]
    """Lines of the blocks before that may begin a record; afterwards, lines of this one."""
    asked: list[int] = field(init=False)
    """Places of the cells that are asked for."""
    rows: list[list[str]] = field(factory=list)
    places: list[int] = field(factory=list)
    originals: list[str] = field(factory=list)
    broken: list[Broken] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.asked = [self.shape.names.index(name) for name in self.shape.wanted]

    def read(self) -> Records:
        """The records; `carried` are then the lines that may go on in the next block."""
        lines = self.carried + self.block.text.decode().removesuffix("\n").split("\n")
        first = self.block.first - len(self.carried)
        self.carried = []
        at = 0
        while at < len(lines):
            taken = self._record(lines, at, first + at, self.block.broken)
            if taken is None:
                self.carried = lines[at:]
                break
            at += taken
        return Records(self._frame(), self.broken)

    def _record(self, lines: Sequence[str], at: int, number: int, broken: Mapping[int, tuple[str, str]]) -> int | None:
        """Take the record that begins at a line; how many lines it had, None where its end is not here."""
        if number in broken:
            self.broken.append(Broken(number, *broken[number]))
            return 1
        if not lines[at].strip():
            return 1
        upto = next((one - number for one in broken if number < one < number + _LONGEST), _LONGEST)
        cells, taken, wrong = self._cells(lines, at, min(upto, len(lines) - at))
        open_ended = wrong == _OPEN and at + _LONGEST > len(lines) and upto == _LONGEST
        if open_ended and not self.block.last:
            return None
        wrong = wrong or self._ragged(cells)
        if wrong:
            self.broken.append(Broken(number, lines[at], wrong))
            return 1
        self.rows.append([cells[place] for place in self.asked])
        self.places.append(number)
        self.originals.append("\n".join(lines[at : at + taken]))
        return taken

    def _cells(self, lines: Sequence[str], at: int, most: int) -> tuple[list[str], int, str]:
        """The cells of the record at a line, its lines, and what is wrong with it."""
        if self.shape.quote is None:
            return lines[at].split(self.shape.separator), 1, ""
        reader = csv.reader(
            (line + "\n" for line in islice(lines, at, at + most)),
            delimiter=self.shape.separator,
            quotechar=self.shape.quote,
            strict=True,
        )
        try:
            cells = next(reader)
        except csv.Error as error:
            return [], 1, _OPEN if "end of data" in str(error) else "has a quoted cell that is not well formed"
        return cells, reader.line_num, ""

    def _ragged(self, cells: Sequence[str]) -> str:
        """What is wrong with the number of cells; empty cells at the end are nothing."""
        wide = len(self.shape.names)
        if len(cells) < self.shape.least:
            return "has fewer cells than the header"
        return "has more cells than the header" if any(cells[wide:]) else ""

    def _frame(self) -> pl.DataFrame:
        data = {
            name: pl.Series([row[place] for row in self.rows], dtype=pl.String)
            for place, name in enumerate(self.shape.wanted)
        }
        data[LINE] = pl.Series(self.places, dtype=pl.Int64)
        data[ORIGINAL] = pl.Series(self.originals, dtype=pl.String)
        return pl.DataFrame(data)


_OPEN = "has a quoted cell that nothing ends"
