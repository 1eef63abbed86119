"""Fields of a platform's JSON, one by one.

In: values as JSON gives them. Out: text, keys, exact numbers, objects, lists.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.

What only one platform does (its instants, its amounts, its ways of writing nothing) is with that platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

__all__ = ["Json", "finite", "inner", "key", "listed", "text", "without"]

Json = Mapping[str, object]


def inner(value: object, *names: str) -> Json:
    """A JSON object, or the one at the end of a path of names in it; an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Json]:
    """The objects of a list; none where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text that is not empty, or None."""
    return value.strip() or None if isinstance(value, str) else None


def key(value: object, name: str) -> str:
    """A key as text, whether JSON has it as a number or as text.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def finite(value: object) -> Decimal | None:
    """The number that a text, a whole number or a Decimal says; None where it says none, or one without an end."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        read = Decimal(value)
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def without(value: object, personal: Callable[[str], bool]) -> object:
    """The same, without the fields whose names are of personal things, however deep they stand."""
    if isinstance(value, Mapping):
        return {name: without(one, personal) for name, one in value.items() if not personal(str(name))}
    return [without(one, personal) for one in value] if isinstance(value, list) else value
