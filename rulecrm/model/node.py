"""What all nodes of a tree share: equality, hash and text by their fields.

In: a frozen attrs class that leaves these three to its base, `@frozen(eq=False, repr=False)`. Out: what attrs would
have written for it, to the letter. Invariant: a field with `eq=False` (a span) has no part in equality and hash.

Attrs writes and compiles these methods anew for every class. With well over a hundred classes of nodes that is half of
what importing them costs, and `rulecrm check` imports them each time it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter

from attrs import Attribute, fields

__all__ = ["HashedNode", "Node"]


class Node:
    """Equal to a node of its very class with equal fields."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        kind: type = self.__class__
        if other.__class__ is not kind:
            return NotImplemented
        compared = _compared(kind)  # type: ignore[arg-type]  # mypy takes a node's `__hash__` for its class's
        return compared(self) == compared(other)

    def __hash__(self) -> int:
        kind: type = self.__class__
        return hash((kind, _hashed(kind)(self)))

    def __repr__(self) -> str:
        kind: type = self.__class__
        return f"{kind.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in _shown(kind))})"


class HashedNode(Node):
    """A node that remembers its hash. A pickle or a copy does not take it along: hashes differ between processes."""

    __slots__ = ("_hash",)

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            kind: type = self.__class__
            found = hash((kind, _hashed(kind)(self)))
            object.__setattr__(self, "_hash", found)
            return found


@cache
def _compared(kind: type) -> Callable[[object], object]:
    return _reader([one.name for one in _fields(kind) if one.eq])


@cache
def _hashed(kind: type) -> Callable[[object], object]:
    return _reader([one.name for one in _fields(kind) if (one.eq if one.hash is None else one.hash)])


@cache
def _shown(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in _fields(kind) if one.repr)


def _fields(kind: type) -> tuple[Attribute[object], ...]:
    found: tuple[Attribute[object], ...] = fields(kind)
    return found


def _reader(names: list[str]) -> Callable[[object], object]:
    """What reads these fields of a node, in C: one value, or a tuple of them."""
    return attrgetter(*names) if names else _nothing


def _nothing(_: object) -> None:
    """All nodes of a class without fields are equal."""
