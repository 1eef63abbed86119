"""Whether any plugin is installed.

In: the folders that Python imports from. Out: yes or no, within a millisecond or two.
Invariant: "no" is certain; whoever hears "yes" asks `importlib.metadata`, which takes longer to import than a small
file takes to check.

An installed distribution lies in a folder of `sys.path` as `NAME.dist-info` or `NAME.egg-info`, with a text of its
entry points. Where something on the path is no folder, or where something else than Python's own finder answers for
distributions, the answer is yes.
"""
# ruff: noqa: PTH118, PTH123 - pathlib takes longer to import than all of this takes

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache

__all__ = ["any_installed"]

_SECTION = b"[rulecrm]"


@cache
def any_installed() -> bool:
    """Whether some distribution may have entry points of the group `rulecrm`; looked up once a process."""
    if any(_answers_for_distributions(finder) for finder in sys.meta_path):
        return True
    return any(map(_may_hold_plugins, dict.fromkeys(path or "." for path in sys.path)))


def _answers_for_distributions(finder: object) -> bool:
    return hasattr(finder, "find_distributions") and getattr(finder, "__name__", "") != "PathFinder"


def _may_hold_plugins(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            named = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info", ".egg"))]
    except NotADirectoryError:
        return True  # a zip file, perhaps
    except OSError:
        return False
    return any(_SECTION in text.replace(b" ", b"") for place in named for text in _entry_points(place))


def _entry_points(place: str) -> Iterator[bytes]:
    for parts in (("entry_points.txt",), ("EGG-INFO", "entry_points.txt")):
        try:
            with open(os.path.join(place, *parts), "rb") as file:
                yield file.read()
                return
        except NotADirectoryError:
            if not place.endswith(".egg"):
                return
            yield _SECTION  # an egg that is a zip file: who knows
            return
        except OSError:
            continue
