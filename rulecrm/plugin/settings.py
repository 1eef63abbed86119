"""Settings of a plugin, from a table of a settings file.

In: a mapping as TOML gives it, and the attrs class of the settings. Out: an instance of it.
Invariant: what is wrong is a diagnostic that names the table and the nearest right thing; a secret is never repeated.
"""

from __future__ import annotations

import datetime as dt
import math
import types
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.plugin.secrets import Secret

__all__ = ["Setting", "a_day", "read_settings", "settings_of"]

T = TypeVar("T")


def read_settings(given: Mapping[str, object], cls: type[T], *, where: str) -> T:
    """The settings that a table holds.

    Fields may be `str`, `int`, `float`, `bool`, `Decimal`, `Secret`, `tuple[str, ...]`, `Mapping[str, str]`, or one of
    these `| None`.

    Args:
        given: the table.
        cls: a frozen attrs class.
        where: what the table is called in messages, such as `[sms]`.

    Raises:
        RulesError: R481, every setting that is unknown, missing, of another type, or refused by the class.
    """
    make: Callable[..., T] = cls
    fields = {one.name: one for one in settings_of(cls)}
    values: dict[str, Any] = {}
    found = [
        Diagnostic("R481", f"{where} knows no setting `{name}`", help=near_or_all(name, sorted(fields)))
        for name in given
        if name not in fields
    ]
    for name, one in fields.items():
        if name not in given:
            if one.required:
                found.append(Diagnostic("R481", f"{where} lacks the setting `{name}`", help=f"it is {one.kind}"))
            continue
        try:
            values[name] = _value(given[name], one.base)
        except (ValueError, TypeError) as error:
            found.append(Diagnostic("R481", f"{where}: `{name}` is wrong: {error}", help=f"it is {one.kind}"))
    if not found:
        try:
            return make(**values)
        except (ValueError, TypeError) as error:
            # attrs' own validators hand over more than the words: the attribute, the type, the value
            said = error.args[0] if error.args else type(error).__name__
            found.append(Diagnostic("R481", f"{where}: {said}"))
    raise RulesError(found)


@frozen
class Setting:
    """One setting of a plugin.

    Attributes:
        name: as the settings file writes it.
        kind: what it is, in words: "a text", "a whole number".
        required: whether it must be given.
        default: what it is where it is not given; None where it must be, or where that is worked out.
        secret: whether it is a reference to a secret.
        base: its Python type, `| None` left out.
    """

    name: str
    kind: str
    required: bool
    default: object
    secret: bool
    base: object


def settings_of(cls: object) -> tuple[Setting, ...]:
    """The settings that an attrs class stands for, in its order.

    Raises:
        TypeError: it is no attrs class, or a field has a type that no settings file can give.
    """
    if not isinstance(cls, type) or not attrs.has(cls):
        raise TypeError("they are no attrs class")
    try:
        attrs.resolve_types(cls)
    except NameError as error:
        raise TypeError(f"a type of {cls.__name__} is not known when it runs: {error}") from None
    return tuple(_setting(one) for one in attrs.fields(cls) if one.init)


def _setting(one: attrs.Attribute[Any]) -> Setting:
    base = _base(one.type)
    if base not in _WORDS or (get_args(one.type) and not _is_of_texts(one.type)):
        raise TypeError(f"`{one.alias}` is of a type that no settings file gives")
    default = None if isinstance(one.default, attrs.Factory) or one.default is attrs.NOTHING else one.default  # type: ignore[arg-type]
    return Setting(
        one.alias or one.name, _WORDS[base], one.default is attrs.NOTHING, default, base is Secret, base
    )  # fmt: skip


def _is_of_texts(annotation: object) -> bool:
    """Whether what a type holds, if it holds anything, is text; `X | None` is as X."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        others = [one for one in inside if one is not type(None)]
        return len(others) == 1 and _is_of_texts(others[0])
    if origin is tuple:
        return inside == (str, ...)
    return all(one is str for one in inside)


_WORDS: Mapping[object, str] = MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "true or false", Decimal: "a number in quotes",
     Secret: "a reference: env:NAME or keyring:SERVICE/USER", tuple: "a list of texts", Mapping: "a table of texts"}
)  # fmt: skip


def _base(annotation: object) -> object:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return next(_base(one) for one in get_args(annotation) if one is not type(None))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return Mapping
    return origin or annotation


def _value(given: object, base: object) -> object:
    if base is Secret:
        if not isinstance(given, str):
            raise TypeError("a secret is given as env:NAME or keyring:SERVICE/USER, never as itself")
        return Secret(given)
    if base is tuple and isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
        return tuple(given)
    if base is Mapping and isinstance(given, Mapping) and all(isinstance(one, str) for one in given.values()):
        return MappingProxyType(dict(given))
    if base is Decimal and isinstance(given, str | int | Decimal) and not isinstance(given, bool):
        return _exact(given)
    if base is float and isinstance(given, int | float) and not isinstance(given, bool):
        if not math.isfinite(given):
            raise ValueError("that is no number")
        return float(given)
    if isinstance(base, type) and base in (str, int, bool) and type(given) is base:
        return given
    raise TypeError(f"that is of the type {type(given).__name__}")


def _exact(given: str | int | Decimal) -> Decimal:
    try:
        exact = Decimal(given)
    except InvalidOperation:
        raise ValueError("that is no number") from None
    if not exact.is_finite():
        raise ValueError("that is no number")
    return exact


def a_day(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    """A validator of attrs: a date of ISO 8601, or nothing.

    Raises:
        ValueError: it is none.
    """
    try:
        dt.date.fromisoformat(value or "2025-11-11")
    except ValueError:
        raise ValueError(f"`{attribute.name}` is a day, such as 2025-11-11") from None
