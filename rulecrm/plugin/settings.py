"""Settings of a plugin, from a table of a settings file.

In: a mapping as TOML gives it, and the attrs class of the settings. Out: an instance of it.
Invariant: what is wrong is a diagnostic that names the table and the nearest right thing; a secret is never repeated.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import nearest
from rulecrm.plugin.secrets import Secret

__all__ = ["read_settings"]

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
    assert attrs.has(cls)
    attrs.resolve_types(cls)
    fields = {one.name: one for one in attrs.fields(cls)}
    values: dict[str, Any] = {}
    found = [
        Diagnostic("R481", f"{where} knows no setting `{name}`", help=_near(name, fields))
        for name in given
        if name not in fields
    ]
    for name, one in fields.items():
        if name not in given:
            if one.default is attrs.NOTHING:
                found.append(Diagnostic("R481", f"{where} lacks the setting `{name}`", help=_kind(one.type)))
            continue
        try:
            values[name] = _value(given[name], one.type)
        except (ValueError, TypeError) as error:
            found.append(Diagnostic("R481", f"{where}: `{name}` is wrong: {error}", help=_kind(one.type)))
    if not found:
        try:
            return make(**values)
        except (ValueError, TypeError) as error:
            found.append(Diagnostic("R481", f"{where}: {error}"))
    raise RulesError(found)


_WORDS: Mapping[object, str] = MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "true or false", Decimal: "a number in quotes",
     Secret: "a reference: env:NAME or keyring:SERVICE/USER", tuple: "a list of texts", Mapping: "a table of texts"}
)  # fmt: skip


def _near(name: str, fields: Mapping[str, object]) -> str:
    near = nearest(name, fields)
    return f"did you mean `{near}`?" if near else f"there are: {', '.join(sorted(fields))}"


def _kind(annotation: object) -> str | None:
    base = _base(annotation)
    return f"it is {_WORDS[base]}" if base in _WORDS else None


def _base(annotation: object) -> object:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return next(_base(one) for one in get_args(annotation) if one is not type(None))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return Mapping
    return origin or annotation


def _value(given: object, annotation: object) -> object:
    base = _base(annotation)
    if base is Secret:
        if not isinstance(given, str):
            raise TypeError("a secret is given as env:NAME or keyring:SERVICE/USER, never as itself")
        return Secret(given)
    if base is tuple and isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
        return tuple(given)
    if base is Mapping and isinstance(given, Mapping) and all(isinstance(one, str) for one in given.values()):
        return MappingProxyType(dict(given))
    if base is Decimal and isinstance(given, str | int) and not isinstance(given, bool):
        try:
            return Decimal(given)
        except InvalidOperation:
            raise ValueError("that is no number") from None
    if base is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if isinstance(base, type) and base in (str, int, float, bool) and type(given) is base:
        return given
    raise TypeError(f"that is of the type {type(given).__name__}")
