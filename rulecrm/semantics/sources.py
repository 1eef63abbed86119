"""Where the text of an imported file comes from.

In: the name of the importing source and the path in its `import`. Out: the name and the text of the imported source.
Invariant: one file has one name, however it is reached, so that it is loaded once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["STANDARD", "Read", "neighbours", "read_source", "standard_names"]

Read = Callable[[str, str], tuple[str, str]]
"""From (name of the importing source, path as written) to (name of the source, its text); raises OSError."""

STANDARD = "std/"
"""Paths that begin so are files of the standard library, shipped inside the package."""


def read_source(importer: str, path: str) -> tuple[str, str]:
    """Read `path` beside the file `importer`, or from the standard library.

    Raises:
        OSError: no such file, or it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    if path.startswith(STANDARD):
        return path, _standard_text(path)
    if importer.startswith(STANDARD):
        name = posixpath.normpath((PurePosixPath(importer).parent / path).as_posix())
        return name, _standard_text(name)
    if "\0" in path:
        raise FileNotFoundError(path)
    name = posixpath.normpath((Path(importer).parent / path).as_posix())
    return name, Path(name).read_text(encoding="utf-8")


def standard_names() -> tuple[str, ...]:
    """Names of the files of the standard library, `std/….rules`."""
    folder = _package() / "std"
    if not folder.is_dir():
        return ()
    return tuple(sorted(STANDARD + entry.name for entry in folder.iterdir() if entry.name.endswith(".rules")))


def neighbours(importer: str, path: str) -> tuple[str, ...]:
    """Paths that an import in `importer` might have meant instead of `path`."""
    if path.startswith(STANDARD) or importer.startswith(STANDARD):
        return standard_names()
    try:
        beside = (Path(importer).parent / path).parent
        found = sorted(entry.name for entry in beside.iterdir() if entry.name.endswith(".rules"))
    except (OSError, ValueError):
        found = []
    return (*((Path(path).parent / name).as_posix() for name in found), *standard_names())


def _standard_text(name: str) -> str:
    if name not in standard_names():
        raise FileNotFoundError(name)
    return (_package() / name).read_text(encoding="utf-8")


def _package() -> Traversable:
    from importlib import resources  # with all it brings along, half of what a file without imports waits for Python

    return resources.files("rulecrm")
