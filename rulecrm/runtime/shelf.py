"""Registers and indexes in files, beside the store whose facts they are of.

In: a folder. Out: what was put there last, or nothing.
Invariant: a process that is killed leaves what was there before, or what it was putting there, whole; what is damaged
is not read at all.

Files are written under names that were never used, and only then the list that names them takes the place of the list
before. The list carries a checksum of itself and the sizes of the files.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.index import KindIndex, index_of
from rulecrm.runtime.register import Register

__all__ = ["LIST", "DamagedError", "Filed", "Listing", "Place", "Shelf"]

LIST = "list.json"
"""The file that names the others."""
Place = tuple[str, str]
"""A kind and a subject."""


class DamagedError(Exception):
    """A file is not what it was when it was put there."""


def _silent(step: str) -> None:
    """Nobody wants to know."""


@frozen
class Filed:
    """A register or an index: its files, and the columns that it was asked for."""

    frame: str
    numbers: str
    columns: frozenset[str]


@frozen
class Listing:
    """What is on a shelf.

    Attributes:
        about: what was said of it when it was put there.
        commit: the number of the commit of the store that it is of.
        mark: what tells that commit from others, see `FactStore.mark`.
        layout: see `Home.layout`.
        registers, indexes: what there is.
    """

    about: object
    commit: int
    mark: str
    layout: str
    registers: Mapping[str, Filed]
    indexes: Mapping[Place, Filed]


@define(eq=False)
class Shelf:
    """A folder of files.

    Attributes:
        path: the folder.
        about: what is said of what is put there, as JSON has it.
        told: is told of each step before it is made; tests end the process there.
    """

    path: Path
    about: object = None
    told: Callable[[str], None] = _silent
    _frames: dict[str, pl.DataFrame] = field(factory=dict, init=False)
    _numbers: dict[str, Ints] = field(factory=dict, init=False)

    def look(self) -> Listing | None:
        """What is there; None where nothing is, or nothing that can be relied on."""
        try:
            told = json.loads((self.path / LIST).read_bytes())
            body = told["body"]
            if told["checksum"] != _digest(body):
                return None
            sizes = {name: (self.path / name).stat().st_size for name in body["sizes"]}
            if sizes != body["sizes"]:
                return None
            registers = {name: _filed(one) for name, *one in body["registers"]}
            indexes = {(kind, name): _filed(one) for kind, name, *one in body["indexes"]}
            return Listing(body["about"], body["commit"], body["mark"], body["layout"], registers, indexes)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def register(self, filed: Filed) -> Register:
        """A register that is there.

        Raises:
            DamagedError: it is not any more, or not whole.
        """
        attributes, since = self._read(filed)
        if not attributes.width or len(since) != attributes.height:
            raise DamagedError(filed.frame)
        return Register(attributes.to_series(0), since, attributes)

    def index(self, filed: Filed, subjects: int) -> KindIndex:
        """An index that is there, of so many subjects.

        Raises:
            DamagedError: it is not any more, or not whole.
        """
        frame, offsets = self._read(filed)
        if len(offsets) != subjects + 1 or offsets[-1] != frame.height or "at" not in frame.columns:
            raise DamagedError(filed.frame)
        return index_of(offsets, frame)

    def put(
        self,
        commit: int,
        mark: str,
        layout: str,
        registers: Mapping[str, tuple[Register, frozenset[str]] | Filed],
        indexes: Mapping[Place, tuple[KindIndex, frozenset[str]] | Filed],
    ) -> None:
        """Put registers and indexes, those that are there already among them, in the place of all that is there.

        Nobody else may do so at the same time.

        Raises:
            OSError: the disk refuses; what was there before still is.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        kept_registers = {
            name: one if isinstance(one, Filed) else self._file(one[0].attributes, one[0].since, one[1])
            for name, one in registers.items()
        }
        kept_indexes = {
            place: one if isinstance(one, Filed) else self._file(one[0].frame, one[0].offsets, one[1])
            for place, one in indexes.items()
        }
        every = (*kept_registers.values(), *kept_indexes.values())
        names = {name for one in every for name in (one.frame, one.numbers)}
        body = {
            "about": self.about,
            "commit": commit,
            "mark": mark,
            "layout": layout,
            "registers": [(name, *_plain(one)) for name, one in kept_registers.items()],
            "indexes": [(*place, *_plain(one)) for place, one in kept_indexes.items()],
            "sizes": {name: (self.path / name).stat().st_size for name in sorted(names)},
        }
        part = self.path / f"{LIST}.part"
        self.told("before the list is written")
        part.write_bytes(json.dumps({"checksum": _digest(body), "body": body}).encode())
        _flush(part)
        self.told("before the list is put in place")
        part.replace(self.path / LIST)
        self.told("before what is not needed is removed")
        self._remove(names)

    def release(self, used: Iterable[pl.DataFrame]) -> None:
        """Let go of frames that were read from here and are not used any more."""
        ours = set(map(id, used))
        for name, frame in list(self._frames.items()):
            if id(frame) not in ours:
                del self._frames[name]

    # --- files --------------------------------------------------------------------------------------------------

    def _read(self, filed: Filed) -> tuple[pl.DataFrame, Ints]:
        try:
            frame = self._frames.get(filed.frame)
            if frame is None:
                frame = self._frames[filed.frame] = pl.read_ipc(self.path / filed.frame).rechunk()
            numbers = self._numbers.get(filed.numbers)
            if numbers is None:
                numbers = self._numbers[filed.numbers] = np.load(self.path / filed.numbers, allow_pickle=False)
        except (OSError, ValueError, EOFError, pl.exceptions.PolarsError) as error:
            raise DamagedError(filed.frame) from error
        return frame, numbers

    def _file(self, frame: pl.DataFrame, numbers: Ints, columns: frozenset[str]) -> Filed:
        """Write what was not read from here, and is therefore not here yet."""
        place = next((name for name, one in self._frames.items() if one is frame), None)
        if place is None:
            place = self._fresh("arrow")
            self.told(f"before {place} is written")
            frame.write_ipc(self.path / place, compression="uncompressed", compat_level=pl.CompatLevel.newest())
            _flush(self.path / place)
            self._frames[place] = frame
        where = next((name for name, one in self._numbers.items() if one is numbers), None)
        if where is None:
            where = self._fresh("npy")
            self.told(f"before {where} is written")
            np.save(self.path / where, numbers, allow_pickle=False)
            _flush(self.path / where)
            self._numbers[where] = numbers
        return Filed(place, where, columns)

    def _fresh(self, ending: str) -> str:
        """A name after all that are there."""
        taken = [int(one.stem) for one in self.path.iterdir() if one.stem.isdigit()]
        return f"{max(taken, default=0) + 1:06}.{ending}"

    def _remove(self, needed: Iterable[str]) -> None:
        """Remove other files but locks; one that is open, where the system minds that, goes the next time."""
        wanted = {LIST, *needed}
        for one in self.path.iterdir():
            if one.name not in wanted and not one.name.startswith("."):
                try:
                    one.unlink()
                except OSError:
                    continue
        for kept in (self._frames, self._numbers):
            for name in kept.keys() - wanted:
                del kept[name]


def _flush(path: Path) -> None:
    """See that a file is on the disk before anything names it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _plain(filed: Filed) -> tuple[str, str, list[str]]:
    return filed.frame, filed.numbers, sorted(filed.columns)


def _filed(told: list[object]) -> Filed:
    frame, numbers, columns = told
    if not isinstance(frame, str) or not isinstance(numbers, str) or not isinstance(columns, list):
        raise TypeError("a list of other make")
    if {Path(frame).name, Path(numbers).name} != {frame, numbers}:
        raise TypeError("a list of other make")
    return Filed(frame, numbers, frozenset(map(str, columns)))
