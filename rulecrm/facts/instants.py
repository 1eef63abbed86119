"""Instants: from what a frame holds to microseconds since 1970-01-01 UTC.

In: an expression of local wall-clock times, dates or ISO 8601 text, and a zone. Out: expressions of UTC instants.
Invariant: a time in a gap of the clock is read with the offset before the gap, an ambiguous one is the earlier.
"""

from __future__ import annotations

import polars as pl

__all__ = ["local_day", "microseconds", "parsed", "parsed_date", "utc"]

_OFFSET = r"(Z|z|[+-][0-9][0-9]:?[0-9][0-9])$"
_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")


def utc(naive: pl.Expr, zone: str) -> pl.Expr:
    """Instants (Datetime us UTC) of wall-clock times in `zone`.

    A gap is bridged from a moment safely before it: three hours serve every change of summer time, and 25 the days
    that some islands have skipped.
    """
    naive = naive.dt.cast_time_unit("us")

    def aware(shifted: pl.Expr) -> pl.Expr:
        return shifted.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

    around = [pl.duration(hours=hours, time_unit="us") for hours in (3, 25)]
    return pl.coalesce(aware(naive), *(aware(naive - back) + back for back in around))


def microseconds(instant: pl.Expr) -> pl.Expr:
    """Int64 microseconds of aware instants of any unit and zone; what is finer is cut off towards the past."""
    return instant.dt.cast_time_unit("us").to_physical()


def parsed(text: pl.Expr, zone: str | None) -> pl.Expr:
    """Instants (Datetime us UTC) of ISO 8601 text; without an offset they are wall-clock times in `zone`.

    What is no instant, or has no offset where `zone` is None, is missing.
    """
    text = text.str.strip_chars()
    offset = text.str.slice(10).str.extract(_OFFSET)
    wall = text.str.head(10) + text.str.slice(10).str.replace(_OFFSET, "").str.replace(r"^[ t]", "T")
    naive = pl.coalesce(
        *(wall.str.to_datetime(form, strict=False, time_unit="us") for form in _FORMATS),
        wall.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
    )
    digits = offset.str.replace(":", "")
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    east = pl.when(digits.str.to_uppercase() == "Z").then(0).when(digits.str.head(1) == "-").then(-minutes)
    shift = pl.duration(minutes=east.otherwise(minutes), time_unit="us")
    absolute = (naive - shift).dt.replace_time_zone("UTC")
    return absolute if zone is None else pl.when(offset.is_null()).then(utc(naive, zone)).otherwise(absolute)


def parsed_date(text: pl.Expr) -> pl.Expr:
    """Dates of ISO 8601 text; what is no date is missing."""
    return text.str.strip_chars().str.to_date("%Y-%m-%d", strict=False)


def local_day(micros: pl.Expr, zone: str) -> pl.Expr:
    """Int32 days since 1970-01-01 of the local day, in `zone`, of Int64 microseconds UTC."""
    instant = micros.cast(pl.Datetime("us", "UTC"))
    return instant.dt.convert_time_zone(zone).dt.date().to_physical()
