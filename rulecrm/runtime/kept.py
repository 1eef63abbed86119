"""The store of facts, opened: what was kept of it beside the fact store is read, and brought up to date.

In: facts, a schema, a currency, a zone. Out: `Store`.
Invariant: what was kept is used only where it is, value for value and row for row, what would be built: of this fact
store, in this layout, with these options, by this version; and what changed since is read anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import polars as pl

from rulecrm import __version__
from rulecrm.diagnostics.model import RulesError
from rulecrm.facts import Facts
from rulecrm.facts.home import Home
from rulecrm.lake import FactStore
from rulecrm.lake.keeping import PERSONAL
from rulecrm.lake.locking import locked
from rulecrm.model.codec import decode, encode
from rulecrm.model.schema import Schema
from rulecrm.planning import Needs
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.register import Register
from rulecrm.runtime.shelf import DamagedError, Filed, Listing, Place, Shelf
from rulecrm.runtime.splice import UnlikeError, seam_of
from rulecrm.runtime.store import Store

__all__ = ["FOLDER", "keep_store", "keeps", "open_store", "refresh_index"]

FOLDER = "index"
"""Beside the tables of a fact store."""

_FORMAT = 1
"""Of what is kept; counts up whenever rows of the same facts are laid out in another way."""

_REFUSED = (RulesError, OSError, pl.exceptions.PolarsError)
"""What facts and disks say: whoever reads all rows is told it properly, and nobody else need be."""


def open_store(facts: Facts, schema: Schema, currency: str, zone: str) -> Store:
    """The store of these facts, the same one each time."""
    memo = facts._memo  # noqa: SLF001 - the facts keep the store for us, and for nobody else
    place = ("store", currency, zone, tuple(sorted(schema.declared)))
    store = memo.get(place)
    if not isinstance(store, Store) or store.schema != schema:
        store = memo[place] = Store(facts, schema, currency, zone)
        if facts.home is not None and facts.rates_into(currency).is_empty():
            _fill(facts, facts.home, store)
    return store


def keeps(facts: Facts) -> bool:
    """Whether what is built of the facts is to be kept."""
    return facts.home is not None and facts.home.keep


def keep_store(facts: Facts, store: Store) -> bool:
    """Write what is built beside the fact store, where it is not there yet; whether it is there now.

    Indexes that leave rows out are not kept, nor are attributes that tell who somebody is. Where rows were put away, or
    the disk refuses, or somebody else is writing, nothing is kept.
    """
    home, shelf = facts.home, store.shelf
    mark = None if home is None else home.store.mark(home.commit)
    if home is None or shelf is None or mark is None or facts.quarantined:
        return False
    registers, indexes = store.built()
    registers = {name: _impersonal(*one) for name, one in registers.items()}
    whole = {place: one for place, one in indexes.items() if one[0].since is None}
    with suppress(*_REFUSED):
        shelf.path.mkdir(parents=True, exist_ok=True)
        with locked(shelf.path, 0.0):
            there = shelf.look()
            if there is not None and (there.mark, there.layout) != (mark, home.layout()):
                if _later(there, mark, home.commit):
                    return False
                there = None
            if there is None or _more(there, registers, whole):
                people, rows = ({}, {}) if there is None else (there.registers, there.indexes)
                shelf.put(home.commit, mark, home.layout(), {**people, **registers}, {**rows, **whole})
            return True
    return False


def refresh_index(folder: Path) -> int:
    """Bring what is kept beside a fact store up to date; for how many worlds (schema, currency, zone) that was done.

    Where nothing is kept, nothing is done. What cannot be brought up to date stays as it is, and is not used.
    """
    places = sorted((folder / FOLDER).glob("*"))
    done = 0
    with suppress(*_REFUSED):
        store = FactStore.open(folder) if places else None
        for place in places:
            listing = Shelf(place).look()
            if store is None or listing is None or place.name != _name(listing.about):
                continue
            if listing.commit == store.version and listing.mark == store.mark(store.version):
                done += 1
                continue
            with suppress(*_REFUSED):
                done += _refreshed(folder, listing)
    return done


# --- keeping ------------------------------------------------------------------------------------------------------


def _about(home: Home, store: Store) -> list[object]:
    """All that rows hang on beside the facts themselves: as JSON has it."""
    made = [encode(home.schema), home.currency, home.zone, home.on_error]
    about: list[object] = json.loads(json.dumps([encode(store.schema), store.currency, store.zone, *made]))
    return about


def _name(about: object) -> str:
    """Of a folder."""
    return hashlib.sha256(json.dumps([_FORMAT, __version__, about]).encode()).hexdigest()[:16]


def _impersonal(register: Register, attributes: frozenset[str]) -> tuple[Register, frozenset[str]]:
    personal = attributes & set(PERSONAL)
    if not personal:
        return register, attributes
    return Register(register.keys, register.since, register.attributes.drop(personal)), attributes - personal


def _later(there: Listing, mark: str, commit: int) -> bool:
    """Whether what is there is of the same fact store as of a later commit than ours."""
    return there.mark.split(maxsplit=1)[0] == mark.split(maxsplit=1)[0] and there.commit > commit


def _more(
    there: Listing,
    registers: Mapping[str, tuple[Register, frozenset[str]]],
    indexes: Mapping[Place, tuple[KindIndex, frozenset[str]]],
) -> bool:
    """Whether anything is not there."""

    def lacks(filed: Filed | None, columns: frozenset[str]) -> bool:
        return filed is None or not columns <= filed.columns

    return any(lacks(there.registers.get(name), columns) for name, (_, columns) in registers.items()) or any(
        lacks(there.indexes.get(place), columns) for place, (_, columns) in indexes.items()
    )


def _refreshed(folder: Path, listing: Listing) -> bool:
    assert isinstance(listing.about, list)
    ours, currency, zone, world, *options = listing.about
    schema, given = decode(ours), decode(world)
    assert isinstance(schema, Schema)
    assert isinstance(given, Schema)
    facts = Facts.open(
        folder, currency=options[0], zone=options[1], on_error=options[2], schema=given, keep_index=True
    )  # fmt: skip
    store = open_store(facts, schema, currency, zone)
    store.prepare(_needs(listing))
    return keep_store(facts, store)


# --- reading ------------------------------------------------------------------------------------------------------


def _fill(facts: Facts, home: Home, store: Store) -> None:
    """Have the store take over what is kept, as far as it is of these facts."""
    about = _about(home, store)
    shelf = store.shelf = Shelf(home.folder / FOLDER / _name(about), about)
    listing = shelf.look()
    if listing is None or listing.layout != home.layout():
        return
    if listing.commit > home.commit or home.store.mark(listing.commit) != listing.mark:
        return
    if listing.commit < home.commit:
        with suppress(DamagedError, UnlikeError, *_REFUSED):
            _bring(facts, home, store, shelf, listing)
        known, rows = store.built()
        shelf.release([*(one.attributes for one, _ in known.values()), *(one.frame for one, _ in rows.values())])
        return
    with suppress(DamagedError):
        registers = {name: shelf.register(filed) for name, filed in listing.registers.items()}
        for name, register in registers.items():
            store.take_register(name, register, listing.registers[name].columns)
        for place, filed in listing.indexes.items():
            store.waiting[place] = partial(_read, shelf, filed, len(registers[place[1]]))


def _read(shelf: Shelf, filed: Filed, subjects: int) -> tuple[KindIndex, frozenset[str]] | None:
    try:
        return shelf.index(filed, subjects), filed.columns
    except DamagedError:
        return None


def _bring(facts: Facts, home: Home, store: Store, shelf: Shelf, listing: Listing) -> None:
    """Have the store take over what is kept of an earlier commit, with the rows of those replaced who changed since.

    Raises:
        DamagedError: a file is not whole.
        RulesError: rows that changed break a rule.
        UnlikeError: what changed does not fit to what is kept.
    """
    registers = {name: shelf.register(filed) for name, filed in listing.registers.items()}
    indexes = {
        place: shelf.index(filed, len(registers[place[1]])) for place, filed in listing.indexes.items()
    }  # fmt: skip
    needs = _needs(listing)
    fields = {name for columns in needs.kinds.values() for name in columns}
    part = home.part(listing.commit, tuple(registers), fields)
    if part is None:
        return
    beside = Store(facts.of_part(part), store.schema, store.currency, store.zone)
    beside.prepare(needs)
    ours, theirs = beside.built()
    seams = {name: seam_of(register, ours[name][0], part.affected[name]) for name, register in registers.items()}
    brought = {place: seams[place[1]].index(index, theirs[place][0]) for place, index in indexes.items()}
    for name, seam in seams.items():
        store.take_register(name, seam.register, listing.registers[name].columns)
    for place, index in brought.items():
        store.take_index(place, index, listing.indexes[place].columns)


def _needs(listing: Listing) -> Needs:
    """What has to be asked for to build what is kept."""
    kinds: dict[str, frozenset[str]] = {}
    for (kind, _), filed in listing.indexes.items():
        kinds[kind] = kinds.get(kind, frozenset()) | filed.columns
    subjects = {name: filed.columns for name, filed in listing.registers.items()}
    return Needs(kinds, subjects, frozenset(listing.indexes))
