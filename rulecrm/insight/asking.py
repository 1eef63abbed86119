"""What is asked of an insight, read once at the door.

In: durations and names as people write them. Out: `Duration`s, or a `RulesError`.
Invariant: a month is never thirty days.
"""

from __future__ import annotations

import datetime as dt
import numbers
import re
from collections.abc import Iterable
from decimal import Decimal

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.durations import MICROSECONDS, Duration

__all__ = ["Length", "duration_of", "known", "numeric", "whole"]

Length = str | dt.timedelta | Duration
"""`"45d"`, `"1mo"`, `"1d12h"` as rules write it, or a timedelta, whose days are calendar days."""

_MOST = 40_000 * MICROSECONDS["d"]
_PART = re.compile(r"(\d+)(mo|y|w|d|h|m|s)")


def duration_of(length: Length) -> Duration:
    """The duration, longer than nothing and at most a hundred years: no figure looks further, and no calendar ends.

    Raises:
        RulesError: R800 it is no duration, or not longer than nothing; R842 it is longer than a hundred years.
    """
    found = _read(length)
    if found is None or min(found.months, found.days, found.micros) < 0 or found == Duration():
        number = re.fullmatch(r"[1-9]\d*", str(length), re.ASCII)
        advice = f"write it as `{length}d` if days are meant" if number else "write it as `45d` or `3mo`"
        raise RulesError([Diagnostic("R800", f"`{length}` is no length of time", help=advice)])
    if found.most > _MOST:
        message = f"`{length}` is too long to be looked at"
        raise RulesError([Diagnostic("R842", message, help="a hundred years at most")])
    return found


def _read(length: object) -> Duration | None:
    match length:
        case Duration():
            return length
        case dt.timedelta():
            return Duration(days=length.days, micros=length.seconds * 1_000_000 + length.microseconds)
        case str():
            return _written(length.replace(" ", ""))
    return None


def _written(text: str) -> Duration | None:
    parts = _PART.findall(text)
    if not parts or "".join(count + unit for count, unit in parts) != text:
        return None
    return Duration.of(*((int(count), unit) for count, unit in parts))


def known(name: str, names: Iterable[str], what: str) -> str:
    """The name, which is one of the names.

    Raises:
        RulesError: R120 it is none of them; the nearest is offered.
    """
    there = tuple(names)
    if not isinstance(name, str):
        raise RulesError([Diagnostic("R120", f"`{name}` is no name of a {what}", help="give its name, as text")])
    if name not in there:
        raise RulesError([Diagnostic("R120", f"no {what} is called `{name}`", help=did_you_mean(name, there))])
    return name


def numeric(number: object) -> bool:
    """Whether it is a number at all; `True` is none."""
    return not isinstance(number, bool) and isinstance(number, numbers.Real | Decimal)


def whole(number: object, least: int) -> bool:
    """Whether it is a whole number, and so much at the least; `True` is none."""
    return not isinstance(number, bool) and isinstance(number, numbers.Integral) and int(number) >= least
