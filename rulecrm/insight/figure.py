"""What an insight answers: a figure with its definition.

In: a frame, words. Out: `Figure`.
Invariant: a figure says how it is defined, and where it cannot be concluded from, in words; no cell of it is a NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

import polars as pl
from attrs import field, frozen

from rulecrm.diagnostics.span import Span

__all__ = ["Figure", "Language", "Origin", "Remark", "Words"]

Language = Literal["en", "zh"]


@frozen
class Words:
    """One sentence, or a title, in the languages of the reports."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """The words in one language."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en


@frozen
class Remark:
    """What a reader must know before believing a figure: what could not be concluded, and why.

    Attributes:
        code: permanent code such as `R801`; `rulecrm.diagnostics.codes` describes each.
        words: the sentence.
        about: the row that it is about, by column (`{"wave": 2}`); empty where it is about the whole figure.
    """

    code: str
    words: Words
    about: Mapping[str, object] = field(factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.words.en} ({self.code})"


@frozen
class Origin:
    """The rule that made a figure.

    Attributes:
        name: its symbol.
        span: where it is written; `span.source` is the name of the file.
    """

    name: str
    span: Span


@frozen(eq=False, repr=False)
class Figure:
    """One answer.

    Attributes:
        name: stable, in lower case with underscores: `second_purchase`, `cohorts`.
        title: what stands above it.
        definition: how it is defined, in full sentences; whoever reads it can compute the figure by hand.
        frame: the numbers. Shares are Float64 from 0 to 1, money Decimal(38, 4) in `currency`, instants Datetime in
            UTC, days Date in the zone of the rules; what cannot be said is missing, and a remark says why.
        columns: a title for each column of the frame that a reader sees.
        remarks: what could not be concluded.
        origins: the rules that it stands on.
        currency: of its money; None where it has none.
    """

    name: str
    title: Words
    definition: Words
    frame: pl.DataFrame = field()
    columns: Mapping[str, Words] = field(factory=dict)
    remarks: tuple[Remark, ...] = ()
    origins: tuple[Origin, ...] = ()
    currency: str | None = None

    @frame.validator
    def _without_nan(self, _attribute: object, frame: pl.DataFrame) -> None:
        floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
        wrong = [name for name in floats if not bool(frame.get_column(name).is_finite().all())]
        if wrong:
            raise AssertionError(f"the figure {self.name} has numbers that are none in {', '.join(wrong)}")

    def __repr__(self) -> str:
        return f"<Figure {self.name}: {self.frame.height} rows, {len(self.remarks)} remarks>"

    def __str__(self) -> str:
        lines = [self.title.en, self.definition.en, str(self.frame), *map(str, self.remarks)]
        return "\n".join(lines)

    def shown(self, language: Language = "en") -> Mapping[str, str]:
        """The heading of each column."""
        return {
            name: self.columns[name].of(language) if name in self.columns else name.replace("_", " ")
            for name in self.frame.columns
        }

    def only(self, columns: Sequence[str]) -> pl.DataFrame:
        """Some columns of the frame."""
        return self.frame.select(columns)

    def _repr_html_(self) -> str:
        told = "".join(f"<p><em>{escape(str(one))}</em></p>" for one in self.remarks)
        table = self.frame._repr_html_()
        return f"<h3>{escape(self.title.en)}</h3><p>{escape(self.definition.en)}</p>{table}{told}"
