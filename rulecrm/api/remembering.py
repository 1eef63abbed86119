"""Rules that were loaded before, given again while their files say the same.

In: a file's name and text, params, and a way to compile. Out: what was compiled, once for the same texts.
Invariant: what is remembered is never stale. The text of the file and of every file it imports is read and compared
each time (reading is nothing beside compiling); times and sizes of files, which can deceive, are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import define, frozen

from rulecrm.semantics.sources import Read

if TYPE_CHECKING:
    from rulecrm.api.rules import Rules  # noqa: TC004 - a field type, which attrs leaves as the text it is
    from rulecrm.plugin import Registry

__all__ = ["MOST", "remembered"]

MOST = 16
"""How many loaded files are kept, those used last."""


@frozen
class _Read:
    """An import: who wrote it, the path as written, and the name and the text that were found."""

    importer: str
    path: str
    found: tuple[str, str]


@frozen
class _Made:
    """Compiled rules and all that was read for them."""

    text: str
    reads: tuple[_Read, ...]
    rules: Rules


@define
class _Slot:
    """What was compiled last of one file with some params; replaced as a whole, so that threads may meet here."""

    made: _Made | None = None


def remembered(
    source: str,
    text: str,
    params: Mapping[str, object],
    make: Callable[[Read], Rules],
    *,
    read: Read,
    plugins: Registry | None = None,
) -> Rules:
    """What `make` gives, called again only where a text, a param or the plugins have changed.

    `make` compiles the text and reads imports with the function that it is handed; `read` reads them here. What `make`
    raises is not kept.
    """
    key = tuple((name, type(params[name]), params[name]) for name in sorted(params))
    try:
        slot = _slot(source, key, plugins)
    except TypeError:  # a param that cannot be hashed, such as a list, may change behind our back
        return make(read)
    made = slot.made
    if made is not None and made.text == text and all(_is_same(one, read) for one in made.reads):
        return made.rules
    reads: list[_Read] = []

    def noted(importer: str, path: str) -> tuple[str, str]:
        found = read(importer, path)
        reads.append(_Read(importer, path, found))
        return found

    rules = make(noted)
    slot.made = _Made(text, tuple(reads), rules)
    return rules


@lru_cache(MOST)
def _slot(source: str, params: tuple[tuple[str, type, object], ...], plugins: Registry | None) -> _Slot:
    del source, params, plugins  # they are the key
    return _Slot()


def _is_same(one: _Read, read: Read) -> bool:
    try:
        return read(one.importer, one.path) == one.found
    except (OSError, ValueError):
        return False
