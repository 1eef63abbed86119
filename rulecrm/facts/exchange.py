"""Amounts in the reporting currency.

In: a feed whose money is in each row's own currency. Out: the same feed, its money in the reporting currency.
Invariant: a row with an amount that cannot be converted is an error or is put away; it is never counted as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl
from attrs import define, evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts import money
from rulecrm.facts.feeds import Feed
from rulecrm.facts.findings import Problem, finding
from rulecrm.facts.rates import RATE, Conversion, Rates
from rulecrm.facts.reading import Reading
from rulecrm.facts.source import Source
from rulecrm.model.types import MONEY

__all__ = ["Exchange"]


@frozen(eq=False)
class _View:
    """Which rows of a source can be converted."""

    source_rows: pl.LazyFrame
    bad: pl.Expr | None
    away: pl.DataFrame | None


@define(eq=False)
class Exchange:
    """Rates, the currency of frames that name none, and what was found out about the frames so far."""

    rates: Rates
    default: str | None
    _views: dict[tuple[str, str, str, frozenset[str]], _View] = field(factory=dict)
    _codes: dict[str, tuple[pl.LazyFrame, frozenset[str]]] = field(factory=dict)

    def apply(self, feed: Feed, columns: Collection[str], currency: str, zone: str) -> tuple[Feed, list[Diagnostic]]:
        """The feed with its money in `currency`, days being those of `zone`; or what keeps it from that."""
        amounts = {
            name: reading
            for name, reading in feed.fields.items()
            if name in feed.kind.columns and feed.kind.columns[name].type == MONEY
        }
        wanted = amounts if feed.source.quarantine else {name: amounts[name] for name in amounts if name in columns}
        if not wanted:
            return feed, []
        default = self.default if self.default is not None else currency
        if self._all_codes(feed, default) <= {currency}:
            return feed, []
        code = pl.lit(default) if feed.currency is None else feed.currency.fill_null(default)
        conversion = self.rates.conversion(currency, zone)
        view, found = self._view(feed, wanted, code, conversion)
        if found:
            return feed, found
        rows = feed.rows.filter(feed.at.is_not_null(), *([] if feed.where is None else [feed.where]))
        rows = conversion.beside(rows if view.bad is None else rows.filter(~view.bad), code, feed.at)
        converted = {
            name: Reading(money.rounded_product(reading.value, pl.col(RATE)), reading.problems)
            for name, reading in amounts.items()
        }
        return evolve(feed, rows=rows, where=None, fields={**feed.fields, **converted}), []

    def catalogue(self, source: Source, columns: Collection[str], currency: str) -> list[Diagnostic]:
        """Attributes of money must be in the reporting currency already: they have no day to be converted at."""
        if not columns:
            return []
        default = self.default if self.default is not None else currency
        held = pl.col("currency") if "currency" in source.schema else None
        codes = self._codes_in(source.frame, source.rows, held, default)
        name = next(iter(columns))
        return [
            finding(
                "R418",
                source.frame,
                f"`{name}` is in {code}, but the rules reckon in {currency}",
                column=name,
                fix=f"give `{name}` in {currency}: an attribute has no day whose rate could serve",
            )
            for code in sorted(codes - {currency})
        ]

    def away(self, frame: str) -> list[pl.DataFrame]:
        """Rows of a frame put away when it was last asked for."""
        last = [view.away for (name, *_), view in self._views.items() if name == frame]
        return [last[-1]] if last and last[-1] is not None else []

    def _all_codes(self, feed: Feed, default: str) -> frozenset[str]:
        return self._codes_in(feed.source.frame, feed.rows, feed.currency, default)

    def _codes_in(self, frame: str, rows: pl.LazyFrame, currency: pl.Expr | None, default: str) -> frozenset[str]:
        """Currencies that occur; `currency` is None where no row names one."""
        if currency is None:
            return frozenset({default})
        known = self._codes.get(frame)
        if known is None or known[0] is not rows:
            codes = rows.select(currency.cast(pl.String).fill_null(default).unique()).collect().to_series()
            known = self._codes[frame] = (rows, frozenset(codes.to_list()))
        return known[1]

    def _view(
        self, feed: Feed, amounts: Mapping[str, Reading], code: pl.Expr, conversion: Conversion
    ) -> tuple[_View, list[Diagnostic]]:
        source = feed.source
        place = (source.frame, conversion.to, conversion.zone, frozenset(amounts))
        view = self._views.pop(place, None)
        if view is None or view.source_rows is not source.rows:
            rules = _rules(feed, amounts, code, conversion)
            scratch = evolve(
                source, rows=feed.rows, rules=(), unique=None, away=[], settled=set(), received=None, trusted=False
            )
            found = scratch.settle(rules)
            if found:
                return _View(source.rows, None, None), found
            away = scratch.quarantined()
            if away is not None:
                away = away.select(name for name in away.columns if not name.startswith("__"))
            bad = pl.any_horizontal(rule.bad.fill_null(value=False) for rule in rules) if away is not None else None
            view = _View(source.rows, bad, away)
        self._views[place] = view
        return view, []


def _rules(feed: Feed, amounts: Mapping[str, Reading], code: pl.Expr, conversion: Conversion) -> list[Problem]:
    has_amount = pl.any_horizontal(reading.value.is_not_null() for reading in amounts.values())
    known = conversion.known(code, feed.began)
    day = feed.began.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(conversion.zone).dt.date().cast(pl.String)
    unknown = Problem(
        "R415",
        "currency",
        f"no rate to {conversion.to} on or before the day is known",
        has_amount & feed.began.is_not_null() & ~known,
        example=pl.concat_str(day, pl.lit(" in "), code),
        fix="add the rate to `rates` (`currency`, `date`, `rate`)",
    )
    greatest = money.LIMIT * 10**money.RATE_SCALE // max(conversion.greatest, 10**money.RATE_SCALE)
    large = [
        Problem("R413", name, f"`{name}` is too large an amount to be converted", reading.value.abs() > greatest)
        for name, reading in amounts.items()
    ]
    return [unknown, *large]
