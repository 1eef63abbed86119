"""Typed models that outlive the process.

In: a rules file's name and text, params, and a way to compile. Out: what was compiled, by this process or one before.
Invariant: what is kept is used only where everything it was made of is the same: the text, all imported texts, the
params, what plugins bring, and the compiler itself. Whatever is wrong with what is kept, the rules are compiled, and
nobody hears of it.

Only large files are kept: below `SMALLEST` letters compiling takes no longer than looking. `RULECRM_CACHE_DIR` names
another folder; where it is set and empty, nothing is kept. What is read back is data (`model.codec`), never code: of a
plugin's functions the names are kept, and the functions are those of the plugin that is there.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, cast

from attrs import evolve, frozen

from rulecrm import __version__
from rulecrm.diagnostics.model import Diagnostic
from rulecrm.model.program import Program
from rulecrm.semantics.brought import provided_by
from rulecrm.semantics.sources import Read

if TYPE_CHECKING:
    from rulecrm.plugin import Registry

__all__ = ["MOST", "SMALLEST", "Checked", "cache_folder", "kept"]

SMALLEST = 50_000
"""Letters of the smallest text that is kept: a tenth of a second's work."""

MOST = 64
"""How many models are kept, those written last."""

_LAYOUT = 2
"""Of the files; a change of it makes all older ones strangers."""


@frozen
class Checked:
    """A program, and what the checker found that is no error."""

    program: Program
    warnings: tuple[Diagnostic, ...]


class _Head(TypedDict):
    """The first line of a file: what the second line, the table, was made of, and its checksum."""

    layout: int
    reads: list[tuple[str, str, str, str]]
    checksum: int


def kept(
    source: str,
    text: str,
    params: Mapping[str, object],
    read: Read,
    make: Callable[[Read], Checked],
    *,
    plugins: Registry | None = None,
) -> Checked:
    """What `make` gives, from disk where it was kept.

    `make` compiles the text and reads imports with the function that it is handed; `read` reads them here. What `make`
    raises is not kept.
    """
    place = _place(source, text, params, plugins)
    if place is None:
        return make(read)
    found = _found(place, read, plugins)
    if found is not None:
        return found
    reads: list[tuple[str, str, str, str]] = []

    def noted(importer: str, path: str) -> tuple[str, str]:
        name, imported = read(importer, path)
        reads.append((importer, path, name, _digest(imported)))
        return name, imported

    made = make(noted)
    _keep(place, reads, made)
    return made


def cache_folder() -> Path | None:
    """The folder of kept models: as `RULECRM_CACHE_DIR` says, else where the platform keeps such things."""
    told = os.environ.get("RULECRM_CACHE_DIR")
    if told is not None:
        return Path(told) if told else None
    home = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(home):  # noqa: PTH117 - what is relative is to be ignored, says the XDG specification
        return Path(home) / "rulecrm"
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "rulecrm"
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData" / "Local") / "rulecrm" / "Cache"
        return Path.home() / ".cache" / "rulecrm"
    except RuntimeError:  # nobody's home
        return None


def _place(source: str, text: str, params: Mapping[str, object], plugins: Registry | None) -> Path | None:
    """The file of this text with these params; None where it is not kept."""
    folder = cache_folder() if len(text) >= SMALLEST else None
    if folder is None:
        return None
    given = [_param(name, params[name]) for name in sorted(params)]
    if None in given:
        return None
    try:
        maker = _maker()
    except OSError:  # the package is no folder, or is changing right now
        return None
    brought = () if plugins is None else plugins.makings()
    return folder / f"{_digest(repr((maker, source, text, given, brought)))}.json"


def _param(name: str, value: object) -> tuple[str, str, str] | None:
    """A param as it counts for the key; None for what may look the same and differ, or change behind our back."""
    plain = (bool, int, float, str, Decimal, dt.date, dt.time, dt.timedelta)
    if type(value) is dt.datetime:
        return (name, "datetime", repr(value)) if value.tzinfo in (None, dt.UTC) else None
    return (name, type(value).__name__, repr(value)) if type(value) in plain else None


def _maker() -> object:
    """What a model depends on besides the texts: the compiler, Python, and the rules of the zones."""
    package = Path(__file__).parents[1]
    modules = [
        (entry.path, entry.stat().st_mtime_ns, entry.stat().st_size)
        for folder in ("diagnostics", "model", "semantics", "syntax")
        for entry in os.scandir(package / folder)
        if entry.is_file()
    ]
    return _LAYOUT, __version__, sys.version, sorted(modules), _zones()


def _zones() -> list[tuple[str, int]]:
    import zoneinfo
    from importlib.util import find_spec

    package = find_spec("tzdata")
    folders = [*zoneinfo.TZPATH, *((package.submodule_search_locations or ()) if package else ())]
    return [(folder, os.stat(folder).st_mtime_ns) for folder in folders if os.path.isdir(folder)]  # noqa: PTH112, PTH116


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _found(place: Path, read: Read, plugins: Registry | None) -> Checked | None:
    """What is kept there, where it is whole and all imports still say what they said."""
    try:
        first, _, second = place.read_bytes().partition(b"\n")
        head = cast("_Head", json.loads(first))
        if head["layout"] != _LAYOUT or head["checksum"] != zlib.crc32(second):
            return None
        for importer, path, name, digest in head["reads"]:
            found, imported = read(importer, path)
            if found != name or _digest(imported) != digest:
                return None
        return _decoded(second, plugins)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError):
        return None


def _decoded(table: bytes, plugins: Registry | None) -> Checked | None:
    from rulecrm.model.codec import decode
    from rulecrm.semantics.collecting import paused_collection

    with paused_collection():
        match decode(json.loads(table)):
            case (Program() as program, tuple() as called, tuple() as warnings) if all(
                isinstance(one, Diagnostic) for one in warnings
            ):
                provided = provided_by(plugins)
                functions = MappingProxyType({name: provided[name] for name in called})
                return Checked(evolve(program, functions=functions) if called else program, warnings)
    return None


def _keep(place: Path, reads: Sequence[tuple[str, str, str, str]], made: Checked) -> None:
    """Write the file whole or not at all: two processes may do so at once, and a third may read."""
    from rulecrm.model.codec import encode
    from rulecrm.semantics.collecting import paused_collection

    written = place.with_name(f"{place.stem}.{os.getpid()}.{id(made):x}.part")
    try:
        with paused_collection():
            program, called = made.program, tuple(made.program.functions)
            bare = evolve(program, functions=MappingProxyType({})) if called else program
            table = json.dumps(encode((bare, called, made.warnings)), separators=(",", ":")).encode()
        head: _Head = {"layout": _LAYOUT, "reads": list(reads), "checksum": zlib.crc32(table)}
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            written.write_bytes(json.dumps(head, separators=(",", ":")).encode() + b"\n" + table)
            written.replace(place)
        finally:
            written.unlink(missing_ok=True)
        _forget(place.parent)
    except (OSError, TypeError, ValueError, RecursionError, MemoryError):
        return


def _forget(folder: Path) -> None:
    """Remove what was written longest ago, where there is too much."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    for file in files[: max(len(files) - MOST, 0)]:
        file.unlink(missing_ok=True)
