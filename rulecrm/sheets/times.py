"""Instants, as people's files write them.

In: a column of text, ways of writing a time, a zone. Out: a `Cell` of instants in UTC.
Invariant: a wall clock is never read without its zone; a time that a change of the clock skips is read with the offset
before it, one that it repeats is the earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from rulecrm.sheets.cells import Cell, Made, absent, bare, nothing, pick

__all__ = ["INSTANT", "instant"]

INSTANT = pl.Datetime("us", "UTC")
"""What instants are."""

_CLOCK = ("%H", "%I", "%T", "%R")


def instant(column: str, forms: Sequence[str], zone: str | None = None, *, needed: bool = False) -> Cell:
    """An instant: Datetime of microseconds in UTC.

    Args:
        column: of the file.
        forms: ways of writing it, as `strptime` and Polars know them, the usual one first; one with `%z` has the
            offset in the cell; one without a time of day is that day's midnight.
        zone: IANA name of the zone of wall clocks; None where every form has an offset.
        needed: whether a row without it is refused.
    """
    if zone is None and not all("%z" in form for form in forms):
        raise ValueError(f"times such as {_example(forms[0])} have no offset, so a zone is needed")

    def make(frame: pl.DataFrame) -> Made:
        words = bare(frame, column)
        if words.str.starts_with("0000-00-00").any():
            words = pick(words.str.starts_with("0000-00-00"), nothing(words), words)
        value = pl.repeat(None, len(words), dtype=INSTANT, eager=True)
        for form in forms:
            rest = words.is_not_null() & value.is_null()
            if rest.any():
                value = pick(value.is_not_null(), value, _read(words, form, zone))
        value = pick(value.dt.year().is_between(1990, 2200), value, nothing(value))
        wrong = words.is_not_null() & value.is_null()
        reason = f"`{column}` is no time such as {_example(forms[0])}"
        return Made(value, [*(absent(words, column) if needed else ()), (wrong, reason)])

    return Cell(make)


def _read(words: pl.Series, form: str, zone: str | None) -> pl.Series:
    if "%z" in form:
        words = words.str.replace(r"[Zz]$", "+00:00")
        return words.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    assert zone is not None
    if not any(part in form for part in _CLOCK):
        return _utc(words.str.to_date(form, strict=False).cast(pl.Datetime("us")), zone)
    return _utc(words.str.to_datetime(form, strict=False, time_unit="us"), zone)


def _utc(naive: pl.Series, zone: str) -> pl.Series:
    """Instants of wall-clock times; a gap is bridged from three hours, or a skipped day, before it."""
    value = _aware(naive, zone)
    for hours in (3, 25):
        if (naive.is_not_null() & value.is_null()).any():
            back = pl.select(pl.duration(hours=hours, time_unit="us")).item()
            value = pick(value.is_not_null(), value, _aware(naive - back, zone) + back)
    return value


def _aware(naive: pl.Series, zone: str) -> pl.Series:
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


_SHOWN: Mapping[str, str] = {
    "%Y": "2026", "%y": "26", "%m": "05", "%d": "31", "%H": "20", "%I": "08", "%p": "PM", "%M": "41", "%S": "00",
    "%b": "May", "%z": "+0100", "%.f": "", "%T": "20:41:00", "%R": "20:41",
}  # fmt: skip


def _example(form: str) -> str:
    for part, shown in _SHOWN.items():
        form = form.replace(part, shown)
    return form
