"""What a figure is given besides facts: amounts, shares, days, read once at the door.

In: values as people write them. Out: integers of 1/10,000 units, fractions, dates; or a `RulesError`.
Invariant: an amount is exact; what is no amount is said.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.model.types import MONEY_SCALE

__all__ = ["Amount", "amount_of", "day_of", "halves_up", "share_of", "unusable"]

Amount = int | float | str | Decimal
"""An amount in the reporting currency; a float is read as it is written (`9.9`)."""

_UNIT = 10**MONEY_SCALE
_MOST = 10**13
"""Amounts stay below this, so that sums of them fit."""


def unusable(message: str, help_: str | None = None) -> RulesError:
    """R827: what was given cannot be used."""
    return RulesError([Diagnostic("R827", message, help=help_)])


def _decimal(value: object, what: str) -> Decimal:
    if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise unusable(f"{what} is `{value}`, which is no number")


def amount_of(value: object, what: str) -> int:
    """An amount, not negative, in 1/10,000 units.

    Raises:
        RulesError: R827 it is none, or has more decimals than are kept.
    """
    number = _decimal(value, what)
    if not 0 <= number < _MOST:
        raise unusable(f"{what} is {value}, which is {'negative' if number < 0 else 'too much'}")
    scaled = number * _UNIT
    if scaled != scaled.to_integral_value():
        raise unusable(f"{what} is {value}; amounts have at most {MONEY_SCALE} decimals")
    return int(scaled)


def share_of(value: object, what: str) -> Fraction:
    """A share above 0, up to 1.

    Raises:
        RulesError: R827 it is none.
    """
    number = _decimal(value, what)
    if not 0 < number <= 1:
        raise unusable(f"{what} is {value}; it is a share above 0 and up to 1", "write 35 % as 0.35")
    return Fraction(number)


def day_of(value: object, what: str) -> dt.date:
    """A day: a date, or one as ISO 8601 text.

    Raises:
        RulesError: R827 it is none.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise unusable(f"{what} is `{value}`, which is no day", "write 2025-11-12")


def halves_up(number: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)
