"""The types of the language.

In: nothing. Out: `Type` values that the schema, the checker, the plan and the engine share.
Invariant: a type is data; equal types are equal values.

How each type is held in a frame (`physical`), from the facts to the engine:

| type | Polars dtype inside | unit |
| --- | --- | --- |
| bool | Boolean | |
| int | Int64 | |
| number | Float64 | |
| text | String (Categorical and Enum are kept) | |
| money | Int64 | 1/10,000 of one unit of the reporting currency |
| duration | Int64 | microseconds of elapsed time |
| age | Int64 | the instant the age is counted from, microseconds since 1970-01-01 UTC |
| instant | Int64 | microseconds since 1970-01-01 UTC |
| date | Int32 | days since 1970-01-01 |
| time | Int64 | microseconds since midnight |
| list of T | List(T) | |
| record | Struct | |

At the door (what a user passes in and gets out) money is Decimal(38, 4), duration and age are Duration("us"), instant
is Datetime("us", "UTC"), date is Date and time is Time.
"""

from __future__ import annotations

from attrs import frozen

__all__ = [
    "AGE", "BOOL", "DATE", "DURATION", "INSTANT", "INT", "MONEY", "MONEY_SCALE", "NUMBER", "TEXT", "TIME", "UNKNOWN",
    "Type", "label_of", "list_of", "record_of", "row_of",
]  # fmt: skip

MONEY_SCALE = 4
"""Decimals kept of an amount of money: four serve every ISO 4217 currency, and unit prices."""


@frozen
class Type:
    """One type.

    Attributes:
        name: `bool int number text money duration age instant date time list record label row unknown`.
        item: what a list holds.
        names: labels of a classification, or the kind of a row (one name).
        fields: names and types of a record's fields.
    """

    name: str
    item: Type | None = None
    names: tuple[str, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.name == "list" and self.item is not None:
            return f"list of {self.item}"
        if self.name == "row":
            return f"row of {self.names[0]}"
        return self.name


BOOL = Type("bool")
INT = Type("int")
NUMBER = Type("number")
TEXT = Type("text")
MONEY = Type("money")
DURATION = Type("duration")
AGE = Type("age")
"""An elapsed time counted up to T, such as `age(last(purchase).at)`. It compares exactly with calendar durations."""
INSTANT = Type("instant")
DATE = Type("date")
TIME = Type("time")
UNKNOWN = Type("unknown")
"""The type of what has already been reported as wrong; it agrees with everything, so that one mistake is one error."""


def list_of(item: Type) -> Type:
    """The type of lists of `item`."""
    return Type("list", item=item)


def label_of(labels: tuple[str, ...]) -> Type:
    """The type of a classification with these labels."""
    return Type("label", names=labels)


def row_of(kind: str) -> Type:
    """The type of one row of a kind."""
    return Type("row", names=(kind,))


def record_of(fields: tuple[tuple[str, Type], ...]) -> Type:
    """The type of records with these fields."""
    return Type("record", fields=fields)
