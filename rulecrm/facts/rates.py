"""Rates of exchange.

In: a frame of `currency`, `date`, `rate` and perhaps `to`. Out: `Rates`, which converts amounts as expressions.
Invariant: an amount is converted at the latest rate on or before its local day, exactly, or not at all.
"""

from __future__ import annotations

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts import instants, money
from rulecrm.facts.findings import Problem, finding, missing
from rulecrm.facts.reading import is_text
from rulecrm.facts.source import Source, first_line
from rulecrm.model.currencies import CURRENCIES

__all__ = ["RATE", "Conversion", "Rates", "admit_rates"]

_FRAME = "rates"
_WANTED = ("currency", "date", "rate")
RATE = "__rate"
"""The column that `Conversion.beside` adds."""

_LONG_AGO = -(2**40)
"""A day before all days: from there on the reporting currency is worth one of itself."""


@frozen(eq=False)
class Rates:
    """Rates by currency and day; `table` has `currency` String, `to` String or missing, `day` Int32, `held` Int64."""

    table: pl.DataFrame

    @classmethod
    def none(cls) -> Rates:
        """No rate at all."""
        schema = {"currency": pl.String, "to": pl.String, "day": pl.Int32, "held": pl.Int64}
        return cls(pl.DataFrame(schema=schema))

    def into(self, currency: str) -> pl.DataFrame:
        """Rates to `currency`: `currency` String, `day` Int32 (since 1970-01-01), `rate` Decimal, in that order."""
        to = pl.col("to")
        rate = (pl.col("held").cast(pl.Decimal(38, money.RATE_SCALE)) / 10**money.RATE_SCALE).alias("rate")
        return (
            self.table.filter(to.is_null() | (to == currency))
            .sort("to", nulls_last=False)
            .unique(["currency", "day"], keep="last", maintain_order=True)
            .select("currency", "day", rate.cast(pl.Decimal(38, money.RATE_SCALE)))
            .sort("currency", "day")
        )

    def conversion(self, currency: str, zone: str) -> Conversion:
        """What turns amounts into `currency`."""
        to = pl.col("to")
        rows = self.table.filter((to.is_null() | (to == currency)) & (pl.col("currency") != currency))
        rows = rows.sort("to", nulls_last=False, maintain_order=True)  # of two rates the one that names `to` serves
        codes, first, place, held = [currency], [_LONG_AGO], [0], [10**money.RATE_SCALE]
        for code in sorted(set(rows["currency"])):
            given = dict(rows.filter(pl.col("currency") == code).select("day", "held").iter_rows())
            codes.append(code)
            first.append(min(given))
            place.append(len(held))
            for day in range(min(given), max(given) + 1):
                held.append(given[day] if day in given else held[-1])
        return Conversion(tuple(codes), tuple(first), tuple(place), pl.Series("held", held, pl.Int64), currency, zone)


@frozen(eq=False)
class Conversion:
    """Conversion into one currency, days being those of one zone. Amounts already in it are left as they are.

    Attributes:
        codes: currencies that have rates, `to` among them.
        first: the first day that has a rate, of each.
        place: where that rate is in `held`, of each; one rate a day follows, up to the last day given.
        held: rates, Int64 of 10^-12.
        to: the currency converted into.
        zone: the zone of days.
    """

    codes: tuple[str, ...]
    first: tuple[int, ...]
    place: tuple[int, ...]
    held: pl.Series
    to: str
    zone: str

    @property
    def greatest(self) -> int:
        """The greatest rate, in 10^-12."""
        return max(int(rate) for rate in self.held)

    def _days_in(self, currency: pl.Expr, at: pl.Expr, name: str) -> tuple[pl.Expr, pl.Expr]:
        """The number of each row's currency; and, where it is column `name`, the days since that currency's first."""
        numbers = {code: number for number, code in enumerate(self.codes)}
        number = currency.cast(pl.String).replace_strict(numbers, default=None, return_dtype=pl.UInt32)
        day = instants.local_day(at, self.zone).cast(pl.Int64)
        return number, day - pl.lit(pl.Series(self.first, dtype=pl.Int64)).gather(pl.col(name))

    def known(self, currency: pl.Expr, at: pl.Expr) -> pl.Expr:
        """Whether there is a rate for `currency` on the local day of `at` (Int64 microseconds UTC) or before."""
        since = {code: self._midnight(day) for code, day in zip(self.codes, self.first, strict=True)}
        start = currency.cast(pl.String).replace_strict(since, default=None, return_dtype=pl.Int64)
        return (at >= start).fill_null(value=False)

    def _midnight(self, day: int) -> int:
        """Microseconds UTC of the start of a local day."""
        if day == _LONG_AGO:
            return -(2**63)
        wall = pl.Series("day", [day], pl.Int32).cast(pl.Date).cast(pl.Datetime("us")).to_frame()
        return int(wall.select(instants.microseconds(instants.utc(pl.col("day"), self.zone))).item())

    def beside(self, rows: pl.LazyFrame, currency: pl.Expr, at: pl.Expr) -> pl.LazyFrame:
        """The rows with their `RATE` (Int64 of 10^-12; missing where there is none), worked out step by step.

        A column a step, for each is read more than once and no engine promises to find that out.
        """
        number, days, place = "__number", "__days", "__place"
        ends = [*self.place[1:], len(self.held)]
        table = [pl.Series(self.place), pl.Series(ends) - 1]
        start, end = (pl.lit(column.cast(pl.Int64)).gather(pl.col(number)) for column in table)
        first, since = self._days_in(currency, at, number)
        found = pl.when(pl.col(days) >= 0).then(pl.min_horizontal(start + pl.col(days), end))
        return (
            rows.with_columns(first.alias(number))
            .with_columns(since.alias(days))
            .with_columns(found.alias(place))
            .with_columns(pl.lit(self.held).gather(pl.col(place)).alias(RATE))
            .drop(number, days, place)
        )


def admit_rates(
    frame: pl.DataFrame | pl.LazyFrame, *, quarantine: bool, textual: bool
) -> tuple[Source, Rates, list[Diagnostic]]:
    """The rates, their source, and what is wrong; a scan is read here, for rates are few."""
    try:
        rows = frame.lazy().collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        unread = Source(_FRAME, pl.LazyFrame(), pl.Schema(), {}, (), None, eager=True, quarantine=quarantine)
        return unread, Rates.none(), [finding("R430", _FRAME, f"cannot be read: {first_line(error)}")]
    if textual and rows.schema.get("date") == pl.String:
        rows = rows.with_columns(instants.parsed_date(pl.col("date")))
    source = Source(_FRAME, rows.lazy(), rows.schema, {}, (), None, eager=True, quarantine=quarantine)
    found = _schema_findings(rows.schema)
    if found:
        return source, Rates.none(), found
    held, rules = _rules(rows.schema)
    found = source.settle(rules)
    if found:
        return source, Rates.none(), found
    to = pl.col("to").cast(pl.String) if "to" in rows.schema else pl.lit(None, dtype=pl.String)
    currency, day = pl.col("currency").cast(pl.String), pl.col("date").to_physical()
    kept = source.rows.select(currency, to.alias("to"), day.alias("day"), held.alias("held"))
    return source, Rates(kept.collect()), []


def _schema_findings(schema: pl.Schema) -> list[Diagnostic]:
    """What is wrong with the columns of a frame of rates."""
    found = [
        missing("R401", _FRAME, name, schema.names(), "which a frame of rates needs")
        for name in _WANTED
        if name not in schema
    ]
    for name in ("currency", "to"):
        if name in schema and not is_text(schema[name]) and not isinstance(schema[name], pl.Null):
            fix = f'`pl.col("{name}").cast(pl.String)`'
            found.append(
                finding("R403", _FRAME, f"column `{name}` is {schema[name]}; text is wanted", column=name, fix=fix)
            )
    if "date" in schema and not isinstance(schema["date"], pl.Date):
        fix = '`pl.col("date").cast(pl.Date)`'
        found.append(
            finding("R403", _FRAME, f"column `date` is {schema['date']}; dates are wanted", column="date", fix=fix)
        )
    if "rate" in schema and not _is_exact(schema["rate"]):
        code = "R405" if schema["rate"].is_float() else "R403"
        fix = "give decimals or text, such as `7.1234`"
        message = f"column `rate` is {schema['rate']}; exact decimals are wanted"
        found.append(finding(code, _FRAME, message, column="rate", fix=fix))
    return found


def _is_exact(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Decimal | pl.Null) or is_text(dtype) or dtype.is_integer()


def _rules(schema: pl.Schema) -> tuple[pl.Expr, list[Problem]]:
    """The rates as Int64 of 10^-12, and the rules that rows of rates must keep."""
    rate = pl.col("rate")
    problems = [Problem("R410", name, f"`{name}` is missing", pl.col(name).is_null()) for name in _WANTED]
    for name in ("currency", "to"):
        if name in schema:
            known = pl.col(name).cast(pl.String).is_in(sorted(CURRENCIES))
            reason = f"`{name}` is no ISO 4217 code"
            problems.append(Problem("R414", name, reason, ~known))
    text = rate.cast(pl.String).str.strip_chars()
    plain = text.str.contains(r"^\+?([0-9]{1,6}\.?[0-9]*|\.[0-9]+)$")
    problems.append(Problem("R413", "rate", "`rate` is no decimal number below a million", ~plain))
    fine = text.str.contains(rf"\.[0-9]{{{money.RATE_SCALE}}}[0-9]*[1-9]")
    problems.append(Problem("R413", "rate", f"`rate` has more than {money.RATE_SCALE} decimals", fine))
    held = text.str.to_decimal(scale=money.RATE_SCALE).to_physical().cast(pl.Int64, strict=False)
    place = pl.struct(name for name in ("currency", "to", "date") if name in schema)
    problems.append(Problem("R411", "date", "`date` is that of another rate", place.is_duplicated()))
    problems.append(Problem("R412", "rate", "`rate` is not above zero", plain & ~(held > 0)))
    return held, problems
