"""Values as people read them.

In: values in the physical form of `model.types`, or constants of the rules. Out: `Shown`: the value at the door and its
text. Invariant: nothing is rounded in `Shown.value`; the text says no more than the value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds
from rulecrm.model.types import Type
from rulecrm.runtime.physical import from_physical_value

__all__ = ["Door", "Shown", "duration_text", "number_text", "plural"]

_DAY = 86_400_000_000
_UNITS = (("d", _DAY), ("h", 3_600_000_000), ("m", 60_000_000))
_WHOLE_UNITS = frozenset(
    ("CLP", "JPY", "KRW", "PYG", "UGX", "VND", "VUV", "XAF", "XOF", "XPF", "RWF", "BIF", "DJF", "GNF", "KMF", "ISK")
)
"""Currencies whose amounts are written without decimals (ISO 4217, minor unit 0)."""

_MANY = 8
"""Items of a list that are written out."""


@frozen
class Shown:
    """A value and its text.

    Attributes:
        type: name of its type.
        value: Decimal for money (units of the reporting currency), aware datetime in the rules' zone, timedelta, date,
            time, str, int, float, bool, tuple, dict; None where it is missing.
        text: as it is shown, such as `CNY 12.50`, `412 d 3 h`, `2025-11-12 08:00`, `missing`.
    """

    type: str
    value: object
    text: str


@frozen
class Door:
    """Turns values into `Shown`: knows the zone of dates and the currency of amounts."""

    zone: str
    currency: str

    def of(self, value: object, kind: Type, now: int) -> Shown:
        """A physical value; `now` is T in microseconds, from which ages are counted."""
        outside = self._outside(value, kind, now)
        return Shown(kind.name, outside, self._text(outside, kind))

    def constant(self, const: ir.Const) -> Shown:
        """A constant as the rules hold it."""
        value = const.value
        if isinstance(value, Duration):
            return self.duration(value)
        if isinstance(value, dt.datetime):
            value = value.astimezone(ZoneInfo(self.zone))
        return Shown(const.type.name, value, self._text(value, const.type))

    def duration(self, value: Duration) -> Shown:
        """A duration of the calendar; at the door it is text, for a month has no length of its own."""
        return Shown("duration", _calendar_text(value), _calendar_text(value))

    def instant(self, micros: int) -> Shown:
        """An instant, on the wall clock of the zone."""
        value = self.wall_clock(micros)
        return Shown("instant", value, _clock_text(value))

    def wall_clock(self, micros: int) -> dt.datetime:
        """Microseconds since 1970-01-01 UTC as an aware datetime in the zone."""
        return from_microseconds(micros).astimezone(ZoneInfo(self.zone))

    def percent(self, shown: Shown) -> Shown:
        """A number as a percentage."""
        if not isinstance(shown.value, float | int):
            return shown
        return Shown(shown.type, shown.value, number_text(shown.value * 100) + "%")

    def _outside(self, value: object, kind: Type, now: int) -> object:
        if value is None:
            return None
        match kind.name:
            case "instant":
                return self.wall_clock(_int(value))
            case "age":
                return dt.timedelta(microseconds=now - _int(value))
            case "money" | "duration" | "date" | "time" | "label":
                return from_physical_value(_int(value), kind)
            case "list" if kind.item is not None:
                assert isinstance(value, list | tuple)
                item = kind.item
                return tuple(self._outside(one, item, now) for one in value)
            case "record":
                assert isinstance(value, Mapping)
                return {name: self._outside(value[name], of, now) for name, of in kind.fields}
            case "text":
                return str(value)
        return value

    def _text(self, value: object, kind: Type) -> str:
        match value:
            case None:
                return "missing"
            case bool():
                return "yes" if value else "no"
            case Decimal() if kind.name == "money":
                return f"{self.currency} {self._amount(value)}"
            case int() | float() | Decimal():
                return number_text(value)
            case Duration():
                return _calendar_text(value)
            case dt.timedelta():
                return duration_text(value // dt.timedelta(microseconds=1))
            case dt.datetime():
                return _clock_text(value.astimezone(ZoneInfo(self.zone)))
            case dt.date():
                return value.isoformat()
            case dt.time():
                return value.isoformat() if value.second or value.microsecond else value.isoformat("minutes")
            case tuple():
                item = kind.item if kind.item is not None else kind
                shown = [self._text(one, item) for one in value[:_MANY]]
                return "[" + ", ".join([*shown, *(["…"] if len(value) > _MANY else [])]) + "]"
            case dict():
                return "{" + ", ".join(f"{name}: {self._text(value[name], of)}" for name, of in kind.fields) + "}"
            case str() if kind.name == "text":
                return f'"{value}"'
        return str(value)

    def _amount(self, value: Decimal) -> str:
        kept = value.normalize()
        exponent = kept.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
        least = 0 if self.currency in _WHOLE_UNITS else 2
        return f"{value:,.{max(places, least)}f}"


def _int(value: object) -> int:
    assert isinstance(value, int), value
    return value


def number_text(value: float | Decimal) -> str:
    """A number with up to six digits that count, whole numbers in full with separators."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{float(value):.6g}"


def duration_text(micros: int, *, exact: bool = False) -> str:
    """Elapsed time in words: its two greatest units (`412 d 3 h`), or with `exact` all of them."""
    if micros < 0:
        return "-" + duration_text(-micros, exact=exact)
    parts = []
    rest = micros
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:,} {unit}")
    if rest or not parts:
        parts.append(f"{rest / 1_000_000:g} s" if rest % 1_000_000 else f"{rest // 1_000_000} s")
    return " ".join(parts if exact else parts[:2])


def plural(word: str, count: int) -> str:
    """`5 purchases`, `1 purchase`, `no purchase`; words that are no plain English nouns stay as they are."""
    if count == 0:
        return f"no {word}"
    if not (word.isascii() and word.isalpha()) or word == "staff":
        return f"{count:,} × {word}"
    if count == 1:
        return f"1 {word}"
    if word[-1] == "y" and word[-2:-1] not in "aeiou":
        return f"{count:,} {word[:-1]}ies"
    return f"{count:,} {word}s"


def _clock_text(value: dt.datetime) -> str:
    day = value.date().isoformat()
    if value.microsecond:
        return f"{day} {value:%H:%M:%S.%f}"
    return f"{day} {value:%H:%M:%S}" if value.second else f"{day} {value:%H:%M}"


def _calendar_text(value: Duration) -> str:
    years, months = divmod(abs(value.months), 12)
    sign = "-" if (value.months, value.days, value.micros) < (0, 0, 0) else ""
    parts = [f"{years} y"] if years else []
    parts += [f"{months} mo"] if months else []
    parts += [f"{abs(value.days):,} d"] if value.days else []
    if value.micros or not parts:
        parts.append(duration_text(abs(value.micros), exact=True))
    return sign + " ".join(parts)
