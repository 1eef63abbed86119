"""Where the text of an imported file comes from.

In: the name of the importing source and the path in its `import`. Out: the name and the text of the imported source.
Invariant: one file has one name, however it is reached, so that it is loaded once.

Paths of files are pathlib's; a program that imports none, or the standard library alone, does not wait for it.
"""
# ruff: noqa: PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping

__all__ = [
    "PLUGIN", "STANDARD", "Read", "neighbours", "plugin_names", "read_source", "reader", "source_name",
    "standard_names",
]  # fmt: skip

Read = Callable[[str, str], tuple[str, str]]
"""From (name of the importing source, path as written) to (name of the source, its text); raises OSError."""

STANDARD = "std/"
"""Paths that begin so are files of the standard library, shipped inside the package."""


PLUGIN = "plugin:"
"""What stands before the name of rules that a plugin brings, so that no file has the same name."""


def reader(rules: Mapping[str, str]) -> Read:
    """How imports are read where plugins bring these rules: theirs first, then `read_source`.

    What a plugin's rules import is theirs, another plugin's, or the standard library's; never a file.
    """
    if not rules:
        return read_source

    def read(importer: str, path: str) -> tuple[str, str]:
        for name in plugin_names(importer, path):
            text = rules.get(name.removeprefix(PLUGIN))
            if text is not None:
                return name, text
        if importer.startswith(PLUGIN) and not path.startswith(STANDARD):
            raise FileNotFoundError(path)
        return read_source(importer, path)

    return read


def plugin_names(importer: str, path: str) -> tuple[str, ...]:
    """Names that rules of a plugin would have if `importer` meant them by `path`, in the order of precedence."""
    if not importer.startswith(PLUGIN):
        return (PLUGIN + path,)
    folder = posixpath.dirname(importer.removeprefix(PLUGIN))
    return (PLUGIN + path, PLUGIN + posixpath.normpath(posixpath.join(folder, path)))


def read_source(importer: str, path: str) -> tuple[str, str]:
    """Read `path` beside the file `importer`, or from the standard library.

    Raises:
        OSError: no such file, or it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    name = source_name(importer, path)
    if path.startswith(STANDARD) or importer.startswith(STANDARD):
        return name, _standard_text(name)
    if "\0" in path:
        raise FileNotFoundError(path)
    from pathlib import Path

    return name, Path(name).read_text(encoding="utf-8")


def source_name(importer: str, path: str) -> str:
    """The name of what `importer` means by `path`; nothing is read."""
    if path.startswith(STANDARD):
        return path
    from pathlib import Path, PurePosixPath

    folder = PurePosixPath(importer) if importer.startswith(STANDARD) else Path(importer)
    return posixpath.normpath((folder.parent / path).as_posix())


def standard_names() -> tuple[str, ...]:
    """Names of the files of the standard library, `std/….rules`."""
    return tuple(sorted(STANDARD + name for name in os.listdir(_LIBRARY) if name.endswith(".rules")))


def neighbours(importer: str, path: str, *, suffix: str = ".rules", library: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Paths that `importer` might have meant instead of `path`.

    Where rules are wanted, those of the standard library and of plugins (`library`) are among them.
    """
    library = (*standard_names(), *library) if suffix == ".rules" else ()
    if path.startswith(STANDARD) or importer.startswith((STANDARD, PLUGIN)):
        return library
    from pathlib import Path

    try:
        beside = (Path(importer).parent / path).parent
        found = sorted(entry.name for entry in beside.iterdir() if entry.name.endswith(suffix))
    except (OSError, ValueError):
        found = []
    return (*((Path(path).parent / name).as_posix() for name in found), *library)


def _standard_text(name: str) -> str:
    if name not in standard_names():
        raise FileNotFoundError(name)
    with open(os.path.join(_LIBRARY, name.removeprefix(STANDARD)), encoding="utf-8") as file:
        return file.read()


_LIBRARY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "std")
"""Where the standard library lies. `importlib.resources` would find it too; importing that takes some time."""
