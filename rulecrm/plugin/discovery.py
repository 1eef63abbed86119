"""Whether any plugin is installed.

In: the folders that Python imports from. Out: yes or no, within a millisecond or two.
Invariant: "no" is certain; whoever hears "yes" asks `importlib.metadata`, which takes longer to import than a small
file takes to check.

An installed distribution lies in a folder of `sys.path` as `NAME.dist-info` or `NAME.egg-info`, with a text of its
entry points. Where something on the path is no folder, or where something else than Python's own finder answers for
distributions, the answer is yes.
"""

from __future__ import annotations

import os
import sys
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
    return any(map(_names_plugins, named))


def _names_plugins(place: str) -> bool:
    """Whether a distribution's entry points have a section of ours."""
    egg = place.endswith(".egg")
    try:
        file = os.open(f"{place}/EGG-INFO/entry_points.txt" if egg else f"{place}/entry_points.txt", os.O_RDONLY)
    except NotADirectoryError:
        return egg  # a file: as an egg it is a zip file, and who knows what is in it
    except OSError:
        return False
    try:
        text = b""
        while part := os.read(file, 1 << 16):
            text += part
    finally:
        os.close(file)
    return _SECTION in text.replace(b" ", b"")
