"""Numbers and dates as each language writes them.

In: cells of figures. Out: text.
Invariant: what is missing is a dash; a day is never written so that two countries read it as two days.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from rulecrm.insight.figure import Language

__all__ = ["MISSING", "count", "day", "instant", "money", "month", "number", "percent", "points"]

MISSING = "–"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "−"


def count(value: int) -> str:
    """`12,345`: both languages put a comma after three digits."""
    return f"{value:,}".replace("-", _MINUS)


def number(value: float, digits: int | None = None) -> str:
    """`1,234.5`: with so many decimals, or with three digits that say something."""
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 1000 or value == int(value) else 1 if size >= 100 else 2 if size >= 1 else 4
    text = f"{value:,.{digits}f}"
    return (text if float(text.replace(",", "")) else text.lstrip("-")).replace("-", _MINUS)


def percent(value: float) -> str:
    """`12.3%`."""
    return f"{number(value * 100, 1)}%"


def points(value: float, language: Language) -> str:
    """A difference of two shares: `+1.2 pp`."""
    sign = "+" if value > 0 else ""
    return f"{sign}{number(value * 100, 2)} {'个百分点' if language == 'zh' else 'pp'}"


def money(value: Decimal) -> str:
    """`1,234.50`: hundredths, half to even; the currency stands in the heading."""
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_EVEN):,}".replace("-", _MINUS)


def day(value: dt.date, language: Language) -> str:
    """`12 Nov 2025`, `2025年11月12日`."""
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def month(value: dt.date, language: Language) -> str:
    """`Nov 2025`, `2025年11月`."""
    return f"{value.year}年{value.month}月" if language == "zh" else f"{_MONTHS[value.month - 1]} {value.year}"


def instant(value: dt.datetime, zone: str, language: Language) -> str:
    """`12 Nov 2025 08:00`, on the wall clock of the zone."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), language)} {local:%H:%M}"
