"""The typed model as plain data, and back.

In: what `api.keeping` wants to keep between processes: a program, diagnostics. Out: lists, texts and numbers for JSON.
Invariant: reading makes frozen values of the classes listed here and of nothing else, whatever the data says: data from
a file that somebody else may have written runs no code.

The data is a table. What is made of nothing but its own text comes first, then what is made of that, and so on, always
all of one class at a time: a group has a column for each field, and a column holds numbers of values further up. So a
group is read by a handful of calls that loop in C, and equal parts (spans included) are there once. That reads four
times as fast as the same tree pickled.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import repeat
from operator import attrgetter
from types import MappingProxyType
from typing import cast

from attrs import define, field, fields, has

from rulecrm.diagnostics.model import Diagnostic, Note, Severity
from rulecrm.diagnostics.span import Span
from rulecrm.model import durations, ir, kpi, machine, program, schema, types

__all__ = ["Group", "decode", "encode"]

Group = tuple[str, list[list[object]]]
"""The name of a class, and its columns."""

_MODULES = (durations, ir, kpi, machine, program, schema, types)
"""Whose public classes the typed model is made of."""

_SCALARS = frozenset({bool, int, float, str, type(None)})


def encode(value: object) -> list[Group]:
    """The table of a value; the value itself is the last in it.

    Raises:
        TypeError: it holds something that is not part of a typed model.
        RecursionError: it is nested too deep.
    """
    writer = _Writer()
    writer.add(value)
    groups: dict[tuple[int, str], list[int]] = {}
    for number, (form, _) in enumerate(writer.rows):
        groups.setdefault((writer.levels[number], form), []).append(number)
    ordered = sorted(groups.items())
    new = [0] * len(writer.rows)
    for position, number in enumerate(number for _, members in ordered for number in members):
        new[number] = position
    renumbered = cast("Callable[[object], object]", new.__getitem__)
    table: list[Group] = []
    for (_, form), members in ordered:
        rows = [writer.rows[number][1] for number in members]
        if form in _ATOMS:
            table.append((form, [[row[0] for row in rows]]))
        elif form in _RAGGED:
            table.append((form, [list(map(renumbered, row)) for row in rows]))
        elif form == "Span":
            sources, starts, ends = map(list, zip(*rows, strict=True))
            table.append((form, [list(map(renumbered, sources)), starts, ends]))
        else:
            columns = [list(map(renumbered, column)) for column in zip(*rows, strict=True)]
            table.append((form, columns or [[0 for _ in rows]]))  # without fields, it still says how many
    return table


def decode(table: Iterable[Group]) -> object:
    """The value of a table.

    Raises:
        LookupError, TypeError, ValueError: the data is no such table.
    """
    found: list[object] = []
    at = found.__getitem__
    for form, columns in table:
        atom, ragged = _ATOMS.get(form), _RAGGED.get(form)
        if atom is not None:
            found.extend(map(atom, columns[0]))
        elif ragged is not None:
            found.extend([ragged([at(part) for part in row]) for row in cast("list[list[int]]", columns)])
        elif form == "Span":
            found.extend(_filled(Span, [map(at, cast("list[int]", columns[0])), *columns[1:]], len(columns[0])))
        else:
            kind = _classes()[form]
            values = [map(at, column) for column in cast("list[list[int]]", columns)]
            if _is_plain(kind):
                found.extend(_filled(kind, values[: len(_names(kind))], len(columns[0])))
            else:
                found.extend(map(kind, *values))
    return found[-1]


@define
class _Writer:
    """What has been written so far: rows of (form, numbers of the parts) by number, and how deep each is."""

    rows: list[tuple[str, Sequence[object]]] = field(factory=list)
    levels: list[int] = field(factory=list)
    atoms: dict[object, int] = field(factory=dict)
    seen: dict[int, int] = field(factory=dict)
    """Numbers by identity; all that is written lives at least as long as the value that is handed in."""

    def add(self, value: object) -> int:
        """The number of a value that was not seen yet."""
        kind: type = type(value)
        if kind is Span:
            span = cast("Span", value)
            number = self._row("Span", (self._number(span.source), span.start, span.end), 1)
        elif kind in _SCALARS:
            number = self._atom((kind, repr(value) if kind is float else value), "", value)
        elif kind in _TEXTS:
            text = _TEXTS[kind](value)
            number = self._atom((kind, text), kind.__name__, text)
        else:
            form = _form(kind)
            numbers: list[object] = []
            level = 0
            for part in _parts(value, kind):
                found = self.seen.get(id(part))
                if found is None:
                    found = self.add(part)
                numbers.append(found)
                if self.levels[found] > level:  # noqa: PLR1730 - a call for each part of each node would be felt
                    level = self.levels[found]
            number = self._row(form, numbers, level + 1)
        self.seen[id(value)] = number
        return number

    def _number(self, value: object) -> int:
        found = self.seen.get(id(value))
        return self.add(value) if found is None else found

    def _atom(self, key: object, form: str, value: object) -> int:
        number = self.atoms.get(key)
        if number is None:
            number = self.atoms[key] = self._row(form, (value,), 0)
        return number

    def _row(self, form: str, parts: Sequence[object], level: int) -> int:
        self.rows.append((form, parts))
        self.levels.append(level)
        return len(self.rows) - 1


def _parts(value: object, kind: type) -> Iterable[object]:
    if kind is tuple or kind is frozenset:
        many = cast("Iterable[str]", value)
        return many if kind is tuple else sorted(many)
    if kind is dict or kind is MappingProxyType:
        return [part for pair in cast("Mapping[object, object]", value).items() for part in pair]
    return _reader(kind)(value)


@cache
def _form(kind: type) -> str:
    form = _FORMS.get(kind) or _named(kind)
    if form not in _RAGGED and _classes().get(form) is not kind:
        raise TypeError(f"{kind} is not part of a typed model")
    return form


def _named(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


def _instant(value: object) -> str:
    instant = cast("dt.datetime", value)
    if instant.tzinfo is not dt.UTC:
        raise TypeError("an instant of the typed model is in UTC")
    return instant.replace(tzinfo=None).isoformat()


def _mapping(parts: list[object]) -> dict[object, object]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


_TEXTS: Mapping[type, Callable[[object], str]] = {
    Decimal: str,
    Severity: lambda value: str(cast("Severity", value).value),
    dt.date: lambda value: cast("dt.date", value).isoformat(),
    dt.datetime: _instant,
    dt.time: lambda value: cast("dt.time", value).isoformat(),
}
"""How what is no part of JSON is written."""

_ATOMS: Mapping[str, Callable[[object], object]] = {
    "": lambda value: value,
    "Decimal": lambda text: Decimal(cast("str", text)),
    "Severity": Severity,
    "date": lambda text: dt.date.fromisoformat(cast("str", text)),
    "datetime": lambda text: dt.datetime.fromisoformat(cast("str", text)).replace(tzinfo=dt.UTC),
    "time": lambda text: dt.time.fromisoformat(cast("str", text)),
}
"""How it is read; values of JSON are what they are."""

_RAGGED: Mapping[str, Callable[[list[object]], object]] = {
    "tuple": tuple,
    "frozenset": frozenset,
    "dict": _mapping,
    "mapping": lambda parts: MappingProxyType(_mapping(parts)),
}
"""What has as many parts as it likes."""

_FORMS: Mapping[type, str] = {
    MappingProxyType: "mapping", dict: "dict", frozenset: "frozenset", tuple: "tuple",
}  # fmt: skip


@cache
def _classes() -> Mapping[str, type]:
    """The classes with fields that the typed model is made of, such as `ir.Column` and `schema.Column`."""
    public = (getattr(module, name) for module in _MODULES for name in module.__all__)
    kinds = [kind for kind in public if isinstance(kind, type) and has(kind)]
    return {_named(kind): kind for kind in (*kinds, Diagnostic, Note, Span)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.init)


@cache
def _reader(kind: type) -> Callable[[object], Iterable[object]]:
    names = _names(kind)
    if len(names) < 2:
        return lambda value: [getattr(value, name) for name in names]
    read: Callable[[object], Iterable[object]] = attrgetter(*names)
    return read


@cache
def _is_plain(kind: type) -> bool:
    """Whether a value is its fields as they are given, so that nothing is lost where its initialiser is not called."""
    return all(one.init and one.validator is None and one.converter is None for one in fields(kind))


def _filled(kind: type, columns: Iterable[Iterable[object]], count: int) -> list[object]:
    """So many values of a frozen class, filled column by column, as pickle would fill them."""
    made: list[object] = list(map(object.__new__, repeat(kind, count)))
    for name, column in zip(_names(kind), columns, strict=True):
        deque(map(vars(kind)[name].__set__, made, column), maxlen=0)
    return made
