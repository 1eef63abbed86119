"""What a template can do to a value: `{{ nick | default: "friend" }}`.

In: values as `words.values` shows them. Out: the functions behind the filters, by name.
Invariant: amounts are added, multiplied and rounded exactly and stay amounts; no filter knows what time it is,
reaches a file or the network, or makes a text much longer than what it was given.

Filters on texts and lists are those of Liquid, as python-liquid has them; numbers, moments and money have their own.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from liquid import Markup
from liquid.exceptions import FilterArgumentError
from liquid.filter import sequence_filter
from liquid.undefined import is_undefined

from rulecrm.words.values import Money

__all__ = ["FILTERS"]

Number = int | float | Decimal

_LARGEST = 10**30
"""Beyond this nothing is counted or paid: a number that grows without end ends here."""


_AMOUNT = re.compile(r"(-?\d{1,30}(?:\.\d{1,10})?) ([A-Z]{3})")


def _number(value: object) -> Number:
    """What Liquid counts with: a text that is a number, or an amount as rules write it, is one; anything else is 0."""
    if isinstance(value, bool) or value is None or is_undefined(value):
        return 0
    if isinstance(value, int | float | Decimal):
        return value
    if amount := _AMOUNT.fullmatch(str(value)):
        return Money.of(Decimal(amount[1]), amount[2])
    try:
        found = Decimal(str(value).strip()[:40])
    except InvalidOperation:
        return 0
    if not found.is_finite():
        return 0
    return int(found) if found == found.to_integral_value() and "." not in str(value) else float(found)


def _decimal(value: Number) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _like(result: Decimal, *of: Number) -> Number:
    """An exact result as what it was made of: an amount, a whole number, or a number."""
    if not result.is_finite() or abs(result) > _LARGEST:
        raise FilterArgumentError("the number is too large", token=None)
    for each in of:
        if isinstance(each, Money):
            return Money.of(result, each.currency)
    if all(isinstance(each, int) for each in of):
        return int(result)
    return float(result)


def _plus(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    return _like(_decimal(a) + _decimal(b), a, b)


def _minus(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    return _like(_decimal(a) - _decimal(b), a, b)


def _times(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    return _like(_decimal(a) * _decimal(b), a, b)


def _divided_by(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    if b == 0:
        raise FilterArgumentError("divided_by: by zero", token=None)
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(a, Money) and isinstance(b, Money):
        return float(Decimal(a) / Decimal(b))
    ratio = _decimal(a) / _decimal(b)
    return _like(ratio.quantize(Decimal("0.0001"), ROUND_HALF_EVEN) if isinstance(a, Money) else ratio, a, b)


def _modulo(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    if b == 0:
        raise FilterArgumentError("modulo: by zero", token=None)
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    return _like(_decimal(a) - _decimal(b) * math.floor(_decimal(a) / _decimal(b)), a, b)


def _abs(left: object) -> Number:
    a = _number(left)
    return _like(abs(_decimal(a)), a)


def _at_least(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    return _like(max(_decimal(a), _decimal(b)), a, b)


def _at_most(left: object, right: object) -> Number:
    a, b = _number(left), _number(right)
    return _like(min(_decimal(a), _decimal(b)), a, b)


def _round(left: object, digits: object = 0) -> Number:
    a = _number(left)
    places = min(max(int(_number(digits)), 0), 10)
    exact = _decimal(a)
    small = exact.is_finite() and abs(exact) <= _LARGEST
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if small else exact
    return _like(rounded, a) if places or isinstance(a, Money) else int(_like(rounded, a))


def _ceil(left: object) -> Number:
    a = _number(left)
    return _like(Decimal(math.ceil(a)), a) if isinstance(a, Money) else math.ceil(a)


def _floor(left: object) -> Number:
    a = _number(left)
    return _like(Decimal(math.floor(a)), a) if isinstance(a, Money) else math.floor(a)


@sequence_filter  # type: ignore[untyped-decorator, unused-ignore]
def _sum(left: Any, key: object = None) -> Number:
    total: Number = 0
    for each in left:
        total = _plus(total, each.get(key, 0) if key is not None and isinstance(each, Mapping) else each)
    return total


# --- money, time, durations ---------------------------------------------------------------------------------------


def _money(left: object, sign: object = None, decimals: object = None) -> str:
    """An amount with its currency: `100.00 CNY`; `money: "¥"` puts a sign in front; `money: "¥", 0` rounds."""
    if left is None or left == "":
        return ""
    a = _number(left)
    if decimals is not None:
        a = _like(_decimal(a).quantize(Decimal(1).scaleb(-min(max(int(_number(decimals)), 0), 4)), ROUND_HALF_EVEN), a)
    figure = str(a)
    if decimals is not None and isinstance(a, Money):
        figure = f"{Decimal(a):f}"
    if sign is not None:
        return f"-{sign}{figure[1:]}" if figure.startswith("-") else f"{sign}{figure}"
    return f"{figure} {a.currency}" if isinstance(a, Money) else figure


_DIRECTIVE = re.compile(r"%(-?)([A-Za-z%])")
_KNOWN = frozenset("aAbBdeHIjmMpSuUVwWyYZz%FTDRCGhs")


def _date(left: object, form: object = "%Y-%m-%d") -> str:
    """A moment, a date or a text like `2025-11-11` by a pattern of strftime; `%-d` leaves the zero out."""
    if left is None or left == "":
        return ""
    when = left if isinstance(left, dt.date) else _parsed(str(left))
    if when is None:
        raise FilterArgumentError("date: what it is given is no date", token=None)
    pattern = str(form)
    if len(pattern) > 200:
        raise FilterArgumentError("date: the pattern is too long", token=None)

    def shown(found: re.Match[str]) -> str:
        dash, letter = found.groups()
        if letter not in _KNOWN:
            raise FilterArgumentError(f"date: unknown directive `%{dash}{letter}`", token=None)
        if letter == "e":
            return f"{when.day}" if dash else f"{when.day:2}"
        text = "%" if letter == "%" else when.strftime(f"%{letter}")
        return text.lstrip("0") or "0" if dash else text

    written = _DIRECTIVE.sub(shown, pattern)
    return Markup(written) if isinstance(form, Markup) else written


def _parsed(text: str) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _days(left: object) -> Number | None:
    """Whole days of a duration, which is seconds."""
    return None if left is None else math.floor(_number(left) / 86_400)


def _hours(left: object) -> Number | None:
    """Whole hours of a duration."""
    return None if left is None else math.floor(_number(left) / 3_600)


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "abs": _abs,
        "at_least": _at_least,
        "at_most": _at_most,
        "ceil": _ceil,
        "date": _date,
        "days": _days,
        "divided_by": _divided_by,
        "floor": _floor,
        "hours": _hours,
        "minus": _minus,
        "modulo": _modulo,
        "money": _money,
        "plus": _plus,
        "round": _round,
        "sum": _sum,
        "times": _times,
    }
)
"""The filters that are our own."""
