"""Durations of the calendar and of the clock.

In: counts of units. Out: `Duration`, in three parts that never turn into one another.
Invariant: a month is never a number of days, a day never a number of hours, until a zone says so.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["MICROSECONDS", "YEAR", "Duration"]

MICROSECONDS = {
    "us": 1, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000,
}  # fmt: skip
"""Microseconds of each unit of the clock; `d` and `w` only where a duration is compared with elapsed time.

Rules files have no `us`: it is there for params that a program sets to less than a second.
"""

_CLOCK = ("h", "m", "s", "us")


@frozen
class Duration:
    """`months` and `days` move the wall clock in a zone; `micros` is elapsed time, moved last."""

    months: int = 0
    days: int = 0
    micros: int = 0

    @classmethod
    def of(cls, *parts: tuple[int, str]) -> Duration:
        """From (count, unit) with units `y mo w d h m s us`."""
        months = sum(n * {"y": 12, "mo": 1}[unit] for n, unit in parts if unit in ("y", "mo"))
        days = sum(n * {"w": 7, "d": 1}[unit] for n, unit in parts if unit in ("w", "d"))
        micros = sum(n * MICROSECONDS[unit] for n, unit in parts if unit in _CLOCK)
        return cls(months, days, micros)

    @property
    def parts(self) -> tuple[tuple[int, str], ...]:
        """What `of` makes this duration from: (count, unit) without zeros, the greatest unit first.

        Months and days are counted on (`12mo`, `30d`), as most people write them; the clock's part is not (`1h30m`).
        """
        parts = [(self.months, "mo"), (self.days, "d")]
        sign, rest = (-1 if self.micros < 0 else 1), abs(self.micros)
        for unit in _CLOCK:
            count, rest = divmod(rest, MICROSECONDS[unit])
            parts.append((sign * count, unit))
        return tuple((count, unit) for count, unit in parts if count)

    def written(self, between: str = "") -> str:
        """As rules write it: `1mo`, `30d`, `1h30m`; nothing at all is `0s`."""
        return between.join(f"{count}{unit}" for count, unit in self.parts) or "0s"

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.days, -self.micros)

    @property
    def most(self) -> int:
        """More microseconds than it can take on any clock: a month has 31 days, and a day may come twice."""
        return (self.months * 31 + self.days + 2) * MICROSECONDS["d"] + self.micros

    @property
    def elapsed(self) -> int | None:
        """Microseconds, a day counted as 24 h; None where months make that meaningless."""
        return None if self.months else self.days * MICROSECONDS["d"] + self.micros


YEAR = Duration(months=12)
"""The longest of the calendar's units."""
