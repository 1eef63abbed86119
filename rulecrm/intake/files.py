"""From files that sellers download into the store.

In: files, a store. Out: `Imported`: what each was taken for, and what became of its rows.
Invariant: a file's rows go under the keys that the account's API would give them, so that what came by hand and what
comes by sync are one; a file that no format knows is not read, and the others are.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import nearest
from rulecrm.intake.accounts import NAMING, is_name
from rulecrm.intake.syncing import Writing
from rulecrm.lake import FactStore, Tally
from rulecrm.model.currencies import CURRENCIES, instead_of
from rulecrm.model.schema import Schema
from rulecrm.plugin import Batch, FileFormat, PlatformType, Recognised, Registry, Sample, installed
from rulecrm.runtime import refresh_index
from rulecrm.sheets import Summary, recognise, summary

__all__ = ["Imported", "Opened", "import_files", "open_file"]

_ROWS = 1_200_000
"""Rows are kept by so many at a time, so that a file of any size needs no more memory than these."""

Progress = Callable[[str, int], None]
"""Told of a file's name, and rows read so far."""


@frozen(eq=False)
class Opened:
    """A file that was recognised.

    Attributes:
        path: of it.
        platform: whose sellers download such files.
        form: the format.
        sample: its beginning.
        recognised: why.
        shop: the account that it is of; keys begin with it.
        said: what the user said beside: `zone`, `currency`, `shop`.
    """

    path: Path
    platform: PlatformType
    form: FileFormat
    sample: Sample
    recognised: Recognised
    shop: str
    said: Mapping[str, str]

    @property
    def zone(self) -> str:
        """The zone whose days a summary tells."""
        return self.said.get("zone", self.form.zone)

    def batches(self) -> Iterator[Batch]:
        """Its rows.

        Raises:
            RulesError: it cannot be read.
        """
        return iter(self.form.read(self.sample, self.said))


@frozen
class Imported:
    """What became of a file.

    Attributes:
        path: of it.
        form: the name of the format it was taken for.
        why: the reason.
        shop: the account it is of.
        tallies: rows by frame.
        summary: what it says in all, to be held against the seller's own screen.
    """

    path: Path
    form: str
    why: str
    shop: str
    tallies: Mapping[str, Tally]
    summary: Summary


def open_file(
    path: str | PathLike[str],
    *,
    form: str | None = None,
    shop: str | None = None,
    zone: str | None = None,
    currency: str | None = None,
    encoding: str | None = None,
    registry: Registry | None = None,
) -> Opened:
    """Find out what a file is.

    Args:
        path: of it.
        form: the name of its format, where that is known.
        shop: the account it is of; the name of its platform where nothing is said.
        zone: IANA name of the zone of its times, where the file does not tell.
        currency: ISO 4217 code of its amounts, where the file does not tell.
        encoding: of its text, where that is known.
        registry: what is installed.

    Raises:
        RulesError: R72x: it cannot be read, is of no format that is known, or of two; R727, it does not tell something
            that has to be said; R728, what was said is no zone, no currency, or no name of an account.
    """
    _check(shop, zone, currency)
    platforms = (registry or installed()).platforms.values()
    owners = {one.name: platform for platform in platforms for one in platform.files}
    formats = [one for platform in platforms for one in platform.files]
    found, sample, recognised = recognise(Path(path), formats, encoding=encoding, name=form)
    platform = owners[found.name]
    told = {"zone": zone, "currency": currency, "shop": shop}
    said = {name: value for name, value in told.items() if value}
    lacking = [name for name in recognised.asks if name not in said]
    if lacking:
        message = f"{Path(path).name} is a file of `{found.name}`, which does not tell its {' and '.join(lacking)}"
        help_ = " ".join(f"--{name} …" for name in lacking)
        raise RulesError([Diagnostic("R727", message, help=f"say it: {help_}")])
    return Opened(Path(path), platform, found, sample, recognised, shop or platform.name, said)


def _check(shop: str | None, zone: str | None, currency: str | None) -> None:
    """That what was said is a name of an account, a zone and a currency."""
    found = []
    if shop and not is_name(shop):
        found.append(Diagnostic("R728", f"no account is called `{shop}`", help=NAMING))
    zones = zoneinfo.available_timezones() if zone else set()
    if zone and zone not in zones:
        near = nearest(zone, sorted(zones))
        help_ = f"did you mean `{near}`?" if near else "an IANA name, such as Asia/Bangkok"
        found.append(Diagnostic("R728", f"there is no time zone `{zone}`", help=help_))
    if currency and currency not in CURRENCIES:
        found.append(Diagnostic("R728", f"there is no currency `{currency}`", help=instead_of(currency)))
    if found:
        raise RulesError(found)


def import_files(
    paths: Iterable[str | PathLike[str]] | Iterable[Opened],
    into: FactStore | str | PathLike[str],
    *,
    now: dt.datetime | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
    told: Callable[[Imported], None] | None = None,
) -> Sequence[Imported]:
    """Bring files into a store, which is made where there is none; an index that is kept there is brought up to date.

    Args:
        paths: of files, or files that were opened with options of their own.
        into: the store.
        now: when it is learnt (aware); the present where nothing is said.
        registry: what is installed.
        progress: told after each batch.
        told: what became of a file, as soon as it is kept.

    Raises:
        RulesError: as `open_file`; or a file cannot be read to its end: what was kept of it before stays, and importing
            it again does no harm.
    """
    opened = [one if isinstance(one, Opened) else open_file(one, registry=registry) for one in paths]
    store = into if isinstance(into, FactStore) else FactStore.open(Path(into), create=True)
    world = (registry or installed()).schema()
    done: list[Imported] = []
    try:
        for one in opened:
            done.append(_import(one, store, world, now, progress))
            if told is not None:
                told(done[-1])
    finally:
        refresh_index(store.path)
    return done


def _import(
    opened: Opened, store: FactStore, world: Schema, now: dt.datetime | None, progress: Progress | None
) -> Imported:
    writing = Writing(store, opened.shop, world, lambda: now or dt.datetime.now(dt.UTC))

    def kept() -> Iterator[Batch]:
        for batch in opened.batches():
            writing.add(batch)
            if writing.waiting >= _ROWS:
                writing.commit()
            if progress is not None:
                progress(opened.path.name, writing.received)
            yield batch

    told = summary(kept(), opened.zone)
    writing.commit()
    return Imported(opened.path, opened.form.name, opened.recognised.why, opened.shop, writing.tallies, told)
