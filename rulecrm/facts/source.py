"""One frame and the rows of it that may be used.

In: a frame and the rules its rows must keep. Out: the rows that keep them; the others are an error, or put away.
Invariant: rows received = rows kept + rows put away, and each row put away has its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts.findings import Problem, finding
from rulecrm.facts.reading import Reading

__all__ = ["Source", "first_line"]

_SHOWN = 5
_REASON, _OWN_REASON = "reason", "given_reason"
_WHY, _INDEX = "__why", "__index"


@define(eq=False)
class Source:
    """A frame at the door. It is the one thing in this package that changes: rows are put away as rules are applied.

    Attributes:
        frame: its name.
        rows: rows kept so far; a scan stays a scan.
        schema: names and dtypes.
        readings: how known columns are read.
        rules: rules its rows must keep, applied at the first `settle`.
        unique: the column in which no value may return, or None.
        eager: whether the rows are in memory.
        received: how many rows came in, None until they were counted.
        away: rows put away.
        settled: reasons of the rules applied so far.
        fresh: whether its own rules are still to be applied.
        textual: whether it came as text, column by column, and is parsed once types are known.
        trusted: whether its rows were checked before they came, as those of a store are: no rule is applied to them.
    """

    frame: str
    rows: pl.LazyFrame
    schema: pl.Schema
    readings: dict[str, Reading]
    rules: tuple[Problem, ...]
    unique: str | None
    eager: bool
    quarantine: bool
    received: int | None = None
    away: list[pl.DataFrame] = field(factory=list)
    settled: set[str] = field(factory=set)
    fresh: bool = True
    textual: bool = False
    trusted: bool = False

    @property
    def kept(self) -> int | None:
        """How many rows are kept; None until they were counted."""
        return None if self.received is None else self.received - sum(frame.height for frame in self.away)

    def settle(self, more: Iterable[Problem] = ()) -> list[Diagnostic]:
        """Apply the rules that were not applied yet; what is wrong, unless it could be put away.

        Reads the rows once where a rule is new, and not at all otherwise.
        """
        if self.trusted:
            return []
        new = list({r.reason: r for r in (*self.rules, *more) if r.reason not in self.settled}.values())
        if not new and not self.fresh:
            return []
        try:
            return self._apply(new)
        except pl.exceptions.PolarsError as error:
            return [finding("R430", self.frame, f"cannot be read: {first_line(error)}")]

    def _apply(self, new: Sequence[Problem]) -> list[Diagnostic]:
        named = {f"bad{i}": rule.bad.fill_null(value=False) for i, rule in enumerate(new)}
        measures = [pl.len().alias("rows"), *(bad.sum().alias(name) for name, bad in named.items())]
        keyed = self.fresh and self.unique is not None and self.unique in self.schema
        if keyed and not self.eager:
            hashes = pl.col(str(self.unique)).drop_nulls().hash()
            measures.append((hashes.n_unique() < hashes.count()).alias("again"))
        totals = self.rows.select(measures).collect(engine="in-memory" if self.eager else "auto")
        if self.received is None:
            self.received = int(totals["rows"][0])
        broken = [(rule, bad, int(totals[name][0])) for rule, (name, bad) in zip(new, named.items(), strict=True)]
        broken = [(rule, bad, count) for rule, bad, count in broken if count]
        found: list[Diagnostic] = []
        if broken and self.quarantine:
            self._put_away([(rule.reason, bad) for rule, bad, _ in broken])
        else:
            found += [self._describe(rule, bad, count) for rule, bad, count in broken]
        if keyed and (self._hashes_return() if self.eager else totals["again"][0]):
            found += self._settle_keys()
        if not found:
            self.settled.update(rule.reason for rule in new)
            self.fresh = False
        return found

    def convert(self, typed: Mapping[str, pl.Expr], rules: Sequence[Problem]) -> list[Diagnostic]:
        """Put typed columns in the place of text; what is wrong with the text, unless it could be put away."""
        rules = [rule for rule in rules if rule.reason not in self.settled]
        fresh, own = self.fresh, self.rules
        self.fresh, self.rules = False, ()
        found = self.settle(rules)
        self.fresh, self.rules = fresh, own
        if not found:
            self.rows = self.rows.with_columns(value.alias(name) for name, value in typed.items()).collect().lazy()
            self.schema = self.rows.collect_schema()
        return found

    def quarantined(self, more: Sequence[pl.DataFrame] = ()) -> pl.DataFrame | None:
        """The rows put away (and `more`), with their `reason`; None where there are none."""
        away = [*self.away, *more]
        if len({tuple(frame.schema.items()) for frame in away}) > 1:
            away = [frame.select(_plain(name, dtype) for name, dtype in frame.schema.items()) for frame in away]
        return pl.concat(away) if away else None

    def _put_away(self, reasons: Sequence[tuple[str, pl.Expr]]) -> None:
        told = [pl.when(bad).then(pl.lit(reason)) for reason, bad in reasons]
        bad = pl.any_horizontal(*(bad for _, bad in reasons))
        why = pl.concat_str(told, separator="; ", ignore_nulls=True)
        self._put(self.rows.filter(bad).with_columns(why.alias(_WHY)).collect(), pl.col(_WHY))
        self._keep(self.rows.filter(~bad))

    def _keep(self, rows: pl.LazyFrame) -> None:
        self.rows = rows.collect().lazy() if self.eager else rows

    def _describe(self, rule: Problem, bad: pl.Expr, count: int) -> Diagnostic:
        rows = self.rows.filter(bad)
        shown = _as_text(rows.head(_SHOWN).collect())
        message = f"{count:,} {'row' if count == 1 else 'rows'} where {rule.reason}"
        data: dict[str, object] = {"count": count, "rows": shown}
        if rule.example is not None:
            first = str(rows.select(rule.example.min()).collect().item())
            message += f", the first of them {first}"
            data["first"] = first
        return finding(rule.code, self.frame, message, column=rule.column, fix=rule.fix, data=data)

    # --- keys that return -------------------------------------------------------------------------------------

    def _hashes_return(self) -> bool:
        """Whether two keys share a hash; sorted by NumPy, which takes half the time of counting different ones."""
        hashes = self.rows.select(pl.col(str(self.unique)).drop_nulls().hash()).collect(engine="in-memory")
        ordered = np.sort(hashes.to_series().to_numpy())
        return bool((ordered[1:] == ordered[:-1]).any())

    def _settle_keys(self) -> list[Diagnostic]:
        """No value of the natural key may return; asked only where there are fewer hashes than keys."""
        assert self.unique is not None
        key = pl.col(self.unique)
        repeated = self.rows.group_by(key).len().filter(key.is_not_null() & (pl.col("len") > 1)).collect()
        if repeated.is_empty():
            return []
        again = key.is_in(repeated[self.unique].implode())
        affected = self.rows.filter(again).collect()
        if not self.quarantine:
            extra = affected.height - repeated.height
            reason = f"`{self.unique}` is that of another row"
            message = f"{extra:,} {'row' if extra == 1 else 'rows'} where {reason}"
            rows_shown = _as_text(affected.sort(self.unique).head(_SHOWN))
            fix = "give each row once, in its latest state"
            data = {"count": extra, "rows": rows_shown}
            return [finding("R411", self.frame, message, column=self.unique, fix=fix, data=data)]
        self._put_repeats_away(affected, self.unique)
        alone = affected.unique(maintain_order=True).filter(key.is_unique())
        self._keep(pl.concat([self.rows.filter(~again | key.is_null()), alone.lazy()]))
        return []

    def _put_repeats_away(self, affected: pl.DataFrame, unique: str) -> None:
        """Of equal rows one is kept; of rows that differ under one key none is, for none is known to be right."""
        indexed = affected.with_row_index(_INDEX)
        once = indexed.unique(subset=affected.columns, keep="first", maintain_order=True)
        copies = indexed.filter(~pl.col(_INDEX).is_in(once[_INDEX].implode())).drop(_INDEX)
        conflicting = once.filter(~pl.col(unique).is_unique()).drop(_INDEX)
        self._put(copies, pl.lit("the same row was given before"))
        self._put(conflicting, pl.lit(f"another row has the same `{unique}` and differs"))

    def _put(self, rows: pl.DataFrame, why: pl.Expr) -> None:
        if rows.height:
            own = {_REASON: _OWN_REASON} if _REASON in rows.columns else {}
            self.away.append(rows.with_columns(why.alias(_WHY)).rename(own).rename({_WHY: _REASON}))


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).split("\n", 1)[0]


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    return value.cast(pl.List(pl.String)).list.join("|") if isinstance(dtype, pl.List) else value.cast(pl.String)


def _as_text(rows: pl.DataFrame) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in rows.iter_rows(named=True)]
