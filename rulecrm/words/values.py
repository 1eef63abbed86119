"""Values as templates see them.

In: plain data by dotted name. Out: the names a template is filled with, each text, a number, a moment or a list.
Invariant: nothing that is handed to a template has a method that Liquid could reach; an amount of money is exact, and a
moment is on the wall clock of the rules' zone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from rulecrm.model.machine import Act, Campaign, Send
from rulecrm.model.types import Type

__all__ = ["Moment", "Money", "Plain", "Word", "given", "names", "types_given"]

Plain = (
    str | int | float | Decimal | bool | dt.datetime | dt.date | dt.time | dt.timedelta
    | list[Any] | tuple[Any, ...] | Mapping[str, Any] | None
)  # fmt: skip
"""What may be handed in: a `Decimal` is money in the rules' currency, a `timedelta` a duration, None is missing."""

_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF"
        ), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
"""Decimals of the currencies that do not have two (ISO 4217)."""


class Money(Decimal):
    """An amount in the rules' currency: shown with as many decimals as the currency has, more where it is finer."""

    __slots__ = ("currency",)
    currency: str

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Money:
        """An amount in a currency."""
        money = cls(amount)
        money.currency = currency
        return money

    def __str__(self) -> str:
        exact = self.normalize()
        digits = max(_DIGITS.get(self.currency, 2), -int(exact.as_tuple().exponent))
        return f"{exact:.{digits}f}"

    # Liquid's `99.9` is a float: an amount is compared with what was written, not with the float's last bits.
    def __eq__(self, other: object) -> bool:
        return Decimal.__eq__(self, _exact(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return Decimal.__lt__(self, _exact(other))

    def __le__(self, other: Any) -> bool:
        return Decimal.__le__(self, _exact(other))

    def __gt__(self, other: Any) -> bool:
        return Decimal.__gt__(self, _exact(other))

    def __ge__(self, other: Any) -> bool:
        return Decimal.__ge__(self, _exact(other))

    def __hash__(self) -> int:
        return Decimal.__hash__(self)


def _exact(other: Any) -> Any:
    return Decimal(repr(other)) if isinstance(other, float) else other


class Moment(dt.datetime):
    """An instant on the wall clock of the rules' zone; shown as `2025-11-11 09:00`."""

    @classmethod
    def of(cls, instant: dt.datetime, zone: ZoneInfo) -> Moment:
        """An aware instant, seen in a zone."""
        local = instant.astimezone(zone)
        return cls.combine(local.date(), local.timetz())

    def __str__(self) -> str:
        return self.strftime("%Y-%m-%d %H:%M")


class Word(str):
    """A text that has parts: the state of a lifecycle (`{{ walk }}`, `{{ walk.since }}`), the key of a customer."""

    __slots__ = ("parts",)
    parts: Mapping[str, object]
    none: ClassVar[Mapping[str, object]] = MappingProxyType({})

    @classmethod
    def of(cls, text: object, parts: Mapping[str, object]) -> Word:
        """A text with parts; what is missing is an empty text."""
        word = cls("" if text is None else str(text))
        word.parts = parts
        return word


def names(values: Mapping[str, Plain], *, zone: ZoneInfo, currency: str) -> dict[str, object]:
    """What a template is filled with.

    Args:
        values: by dotted name: `nick`, `customer.nick`, `walk.since`, `coupon.SPRING`.
        zone: the zone on whose wall clock instants are shown.
        currency: ISO 4217 code of what a `Decimal` is in.

    Raises:
        TypeError: something that is no plain data, or an instant without a zone.
    """
    if not any("." in name for name in values):
        return {name: _seen(value, zone, currency) for name, value in values.items()}
    tree: dict[str, object] = {}
    for name in sorted(values, key=_dots, reverse=True):  # what has parts comes after them
        *path, last = name.split(".")
        level = tree
        for segment in path:
            inner = level.setdefault(segment, {})
            assert isinstance(inner, dict)
            level = inner
        value = _seen(values[name], zone, currency)
        parts = level.get(last)
        level[last] = Word.of(value, parts) if isinstance(parts, dict) else value
    return tree


def _dots(name: str) -> int:
    return name.count(".")


def _seen(value: object, zone: ZoneInfo, currency: str) -> object:
    if value is None or type(value) in _AS_THEY_ARE or (type(value) is str and value.isascii()):
        return value
    if type(value) is Decimal:
        return Money.of(value, currency)
    match value:
        case str():
            plain = str(value)  # no subclass, whose methods could be another's
            return plain if plain.isascii() else plain.encode("utf-8", "ignore").decode()  # no half of a surrogate pair
        case int():
            return int(value)
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e15 else value
        case Decimal():
            return Money.of(value, currency)
        case dt.datetime():
            if value.tzinfo is None:
                raise TypeError("an instant for a template has a zone")
            return Moment.of(value, zone)
        case dt.timedelta():
            micros = value // dt.timedelta(microseconds=1)
            return micros // 1_000_000 if micros % 1_000_000 == 0 else float(Decimal(micros).scaleb(-6))
        case dt.time():
            return value.strftime("%H:%M")
        case dt.date():
            return value
        case list() | tuple():
            return [_seen(each, zone, currency) for each in value]
        case Mapping():
            return {str(key): _seen(each, zone, currency) for key, each in value.items()}
    raise TypeError(f"a template takes plain data, not {type(value).__name__}")


_AS_THEY_ARE = frozenset({bool, int})


def given(text: str, types: Mapping[str, Type]) -> dict[str, Plain]:
    """What a decision's `values` hand to a template.

    Args:
        text: JSON, as `machine.words.to_json` writes it.
        types: type of each name, from the message in the rules (`types_given`); a name without one is taken as JSON
            has it.
    """
    return {name: _read(value, types.get(name)) for name, value in json.loads(text).items()}


def types_given(journeys: Iterable[Campaign], template: str) -> dict[str, Type]:
    """The types of what messages that are sent from a template give it, by name."""
    found: dict[str, Type] = {}
    for journey in journeys:
        for node in journey.automaton.nodes:
            if isinstance(node, Act) and isinstance(node.action, Send):
                for message in node.action.messages:
                    if message.template == template:
                        found.update((name, value.type) for name, value in message.values)
    return found


def _read(value: object, kind: Type | None) -> Plain:
    if value is None or kind is None:
        return _plain(value)
    match kind.name:
        case "money":
            return Decimal(str(value).split(" ", 1)[0])
        case "date":
            return dt.date.fromisoformat(str(value))
        case "time":
            return dt.time.fromisoformat(str(value))
        case "duration" | "age" if isinstance(value, int | float):
            return dt.timedelta(microseconds=round(value * 1_000_000))
        case "instant" | "age":
            return dt.datetime.fromisoformat(str(value))
        case "list" if isinstance(value, list):
            return [_read(each, kind.item) for each in value]
        case "record" if isinstance(value, dict):
            of = dict(kind.fields)
            return {name: _read(each, of.get(name)) for name, each in value.items()}
    return _plain(value)


def _plain(value: object) -> Plain:
    assert value is None or isinstance(value, str | int | float | list | dict)
    return value
