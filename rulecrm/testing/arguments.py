"""Arguments of a gateway's methods: what they may be, and what becomes of what was given.

In: texts as forms have them. Out: values in their own types, or the error that the platform refuses the call with.
Invariant: what is missing is error 40, what is wrong or unknown 41, and each names the argument.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import cast

from attrs import field, frozen

__all__ = ["WRITTEN", "Argument", "Asked", "GatewayError", "values_of"]

WRITTEN = "%Y-%m-%d %H:%M:%S"
"""How instants are written; their zone is the gateway's."""


class GatewayError(Exception):
    """What the platform refuses a call with; methods raise it, too."""

    def __init__(self, code: int, message: str, sub_code: str = "", sub_message: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.sub_code, self.sub_message = code, message, sub_code, sub_message


@frozen
class Argument:
    """An argument of a method.

    Attributes:
        kind: `text`, `whole`, `amount`, `flag`, `instant`, `document` (JSON), or `texts` (JSON list, or with commas).
        least, most: of a whole number.
        words: those that are allowed; any where there are none.
        several: whether words may come several at a time, with commas between.
        parts: of a document.
    """

    name: str
    kind: str = "text"
    required: bool = False
    least: int | None = None
    most: int | None = None
    words: frozenset[str] = frozenset()
    several: bool = False
    parts: Sequence[Argument] = ()


@frozen
class Asked:
    """A call that was found good: each argument in its own type."""

    method: str
    values: Mapping[str, object] = field(repr=False)
    session: str | None = field(default=None, repr=False)

    def text(self, name: str) -> str | None:
        """A text, or None where it is not there."""
        found = self.values.get(name)
        return found if isinstance(found, str) else None

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        found = self.values.get(name)
        return found if isinstance(found, int) else default

    def flag(self, name: str) -> bool:
        """Whether it is there and true."""
        return self.values.get(name) is True

    def instant(self, name: str) -> dt.datetime | None:
        """An instant, aware."""
        found = self.values.get(name)
        return found if isinstance(found, dt.datetime) else None

    def texts(self, name: str) -> Sequence[str]:
        """Texts; none where it is not there."""
        found = self.values.get(name)
        return cast("Sequence[str]", found) if isinstance(found, tuple) else ()

    def document(self, name: str) -> Mapping[str, object]:
        """A document of JSON; an empty one where it is not there."""
        found = self.values.get(name)
        return found if isinstance(found, Mapping) else {}


def values_of(known: Sequence[Argument], given: Mapping[str, object], zone: dt.tzinfo) -> Mapping[str, object]:
    """The values of arguments; those that are empty count as not given.

    Raises:
        GatewayError: 40 or 41.
    """
    values: dict[str, object] = {}
    for one in known:
        if given.get(one.name) in (None, ""):
            if one.required:
                raise GatewayError(40, f"Missing required arguments:{one.name}", "isv.missing-parameter")
            continue
        values[one.name] = _value(one, given[one.name], zone)
    return values


def _value(one: Argument, given: object, zone: dt.tzinfo) -> object:
    try:
        found = _read(one, given, zone)
    except (ValueError, InvalidOperation, TypeError, KeyError):
        raise _wrong(one.name) from None
    low, high = one.least, one.most
    if isinstance(found, int) and ((low is not None and found < low) or (high is not None and found > high)):
        raise _wrong(one.name)
    said = set(str(found).split(",")) if one.several else {str(found)}
    if one.words and not said <= one.words:
        raise _wrong(one.name)
    return found


def _read(one: Argument, given: object, zone: dt.tzinfo) -> object:
    text = str(given)
    match one.kind:
        case "text":
            return text
        case "whole":
            return int(text)
        case "amount":
            return Decimal(text)
        case "flag":
            return {"true": True, "false": False}[text.lower()]
        case "instant":
            return dt.datetime.strptime(text, WRITTEN).replace(tzinfo=zone)
        case "texts":
            listed = json.loads(text) if text.startswith("[") else text.split(",")
            return tuple(str(part).strip() for part in listed)
        case "document":
            return _document(one, given, zone)
    raise AssertionError(one.kind)


def _document(one: Argument, given: object, zone: dt.tzinfo) -> object:
    document = json.loads(given, parse_float=Decimal) if isinstance(given, str) else given
    if not isinstance(document, dict):
        raise TypeError("no document")
    if not one.parts:
        return document
    for name in sorted(set(document) - {part.name for part in one.parts}):
        raise _wrong(f"{one.name}.{name}")
    return values_of(one.parts, cast("Mapping[str, object]", document), zone)


def _wrong(name: str) -> GatewayError:
    return GatewayError(41, f"Invalid arguments:{name}", "isv.invalid-parameter")
