"""The functions of the language, as data.

In: nothing. Out: `Function` values; the checker reads their overloads, the docs and the suggestions their names.
Invariant: a function is described here once. What an overload cannot say is lowered in `calls`, by the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from rulecrm.model.types import (
    AGE,
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    INT,
    MONEY,
    NUMBER,
    TEXT,
    TIME,
    Type,
    list_of,
)

__all__ = ["ANY", "FUNCTIONS", "SAME", "Function", "Overload"]

ANY = Type("any")
"""In an overload: whatever type."""

SAME = Type("same")
"""In an overload: one type for all that say so; as a result, that type."""


@frozen
class Overload:
    """One way to call a function.

    Attributes:
        takes: types of the arguments. An int serves as a number, a date as an instant (its first moment), an instant
            as a date (its local day), an age as a duration.
        gives: the type of the result.
        op: the operator of the typed model it lowers to.
        constants: how many of the last arguments must be constants.
        written: places of further arguments that must be.
    """

    takes: tuple[Type, ...]
    gives: Type
    op: str
    constants: int = 0
    written: frozenset[int] = frozenset()


@frozen
class Function:
    """A function of the language.

    Attributes:
        name: as rules write it.
        overloads: ways to call it; the first that fits is taken.
        doc: one line, with units.
        example: one call.
    """

    name: str
    overloads: tuple[Overload, ...]
    doc: str
    example: str = ""


def _one(name: str, takes: tuple[Type, ...], gives: Type, doc: str, example: str, *, constants: int = 0) -> Function:
    return Function(name, (Overload(takes, gives, name, constants),), doc, example)


def _same_over(name: str, types: tuple[Type, ...], doc: str, example: str) -> Function:
    return Function(name, tuple(Overload((of,), of, name) for of in types), doc, example)


_ALL = (
    _one("age", (INSTANT,), AGE, "time gone by since an instant or a date, up to T", "age(last(purchase).at)"),
    Function("now", (Overload((), INSTANT, "now"),), "T, the instant the rule is asked about", "now()"),
    _one("date_of", (INSTANT,), DATE, "local day of an instant", "date_of(at)"),
    _one("time_of", (INSTANT,), TIME, "local time of day of an instant", "time_of(at)"),
    _one("hour", (TIME,), INT, "local hour, 0 to 23", "hour(at)"),
    _one("minute", (TIME,), INT, "local minute, 0 to 59", "minute(at)"),
    _one("weekday", (DATE,), INT, "1 for Monday to 7 for Sunday", "weekday(at)"),
    _one("day", (DATE,), INT, "day of the month, 1 to 31", "day(birthday)"),
    _one("week", (DATE,), INT, "week of the year by ISO 8601, 1 to 53", "week(at)"),
    _one("month", (DATE,), INT, "month, 1 to 12", "month(birthday)"),
    _one("quarter", (DATE,), INT, "quarter, 1 to 4", "quarter(at)"),
    _one("year", (DATE,), INT, "year", "year(at)"),
    _one("years", (DATE,), INT, "whole years up to today; 29 February counts on 1 March", "years(birthday)"),
    _one("anniversary", (DATE,), DATE, "next return of a date, today included", "anniversary(birthday)"),
    _one("lower", (TEXT,), TEXT, "text in lower case", "lower(email)"),
    _one("upper", (TEXT,), TEXT, "text in upper case", "upper(country)"),
    _one("trim", (TEXT,), TEXT, "text without white space at its ends", "trim(nick)"),
    _one("domain", (TEXT,), TEXT, "what follows the last @ of an address, in lower case", "domain(email)"),
    Function(
        "length",
        (Overload((TEXT,), INT, "length"), Overload((list_of(ANY),), INT, "length")),
        "letters of a text, items of a list",
        "length(tags)",
    ),
    _one("join", (list_of(TEXT), TEXT), TEXT, "items of a list as one text", 'join(tags, ",")', constants=1),
    Function(
        "concat", (Overload((TEXT, TEXT), TEXT, "concat"),), "two texts as one, as `+` does", 'concat(city, "市")'
    ),
    Function(
        "round",
        (
            Overload((NUMBER, INT), NUMBER, "round", 1),
            Overload((NUMBER,), NUMBER, "round"),
            Overload((MONEY, INT), MONEY, "round", 1),
            Overload((MONEY,), MONEY, "round"),
        ),
        "rounded to so many decimals (0), halves to even",
        "round(basket, 2)",
    ),
    _one("floor", (NUMBER,), INT, "the whole number at or below", "floor(2.5)"),
    _one("ceil", (NUMBER,), INT, "the whole number at or above", "ceil(2.5)"),
    _same_over("abs", (INT, NUMBER, MONEY, DURATION), "without its sign", "abs(points)"),
    _one("sqrt", (NUMBER,), NUMBER, "square root; missing below 0", "sqrt(purchases)"),
    _one("ln", (NUMBER,), NUMBER, "natural logarithm; missing at or below 0", "ln(purchases)"),
    Function(
        "least", (Overload((SAME, SAME), SAME, "least"),), "the smaller; missing if either is", "least(basket, 99 CNY)"
    ),
    Function(
        "greatest",
        (Overload((SAME, SAME), SAME, "greatest"),),
        "the greater; missing if either is",
        "greatest(basket, 99 CNY)",
    ),
    Function("if", (Overload((BOOL, SAME, SAME), SAME, "if"),), "one of two values", "if(vip, 2, 1)"),
    _one(
        "distance_km",
        (NUMBER, NUMBER, NUMBER, NUMBER),
        NUMBER,
        "kilometres between two places, each a latitude and a longitude",
        "distance_km(latitude, longitude, 31.2, 121.5)",
    ),
    Function(
        "bucket",
        (Overload((TEXT,), INT, "bucket", 1),),
        "a number from 0 to 9999 that each subject keeps for a seed",
        'bucket("2025-autumn") < 1000',
    ),
    Function(
        "percentile",
        (Overload((ANY,), NUMBER, "percentile"),),
        "share of all subjects whose value is smaller, 0 to 1",
        "percentile(spent) >= 80%",
    ),
    Function(
        "ntile",
        (Overload((INT, ANY), INT, "ntile", 0),),
        "which of so many equal parts, 1 the lowest",
        "ntile(5, spent) == 5",
    ),
    Function(
        "money",
        (Overload((INT,), MONEY, "money", 1), Overload((NUMBER,), MONEY, "money", 1)),
        "an amount of the reporting currency, whichever that is",
        "money(300)",
    ),
    Function("rank", (Overload((ANY,), INT, "rank"),), "place among all, 1 the greatest", "rank(spent) <= 100"),
    Function(
        "since",
        (Overload((BOOL,), INSTANT, "since"), Overload((BOOL, DURATION), INSTANT, "since", 1)),
        "since when a condition holds, by local midnights; missing where it does not hold",
        "since(vip)",
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in _ALL})
"""The built-in functions by name. Aggregates are in `aggregates.AGGREGATES`."""
