"""The facts: the one door through which data comes in.

In: frames of orders, customers, items, events, products, rates and of kinds of the user's own. Out: `Facts`, which
serves each kind's rows and each subject's attributes as lazy frames in the physical form of `model.types`.
Invariant: every row that came in is served, or put away with a reason, or is part of an error; none is lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from types import MappingProxyType
from typing import Literal

import polars as pl
from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.facts import files
from rulecrm.facts.door import Frame
from rulecrm.facts.entry import enter
from rulecrm.facts.exchange import Exchange
from rulecrm.facts.further import admitted
from rulecrm.facts.home import Home, Part
from rulecrm.facts.service import Service, raise_errors
from rulecrm.model.instants import Instant, instant_of
from rulecrm.model.schema import Kind, Schema, Subject, canonical
from rulecrm.plugin.discovery import any_installed

__all__ = ["Counts", "Facts"]

OnError = Literal["raise", "quarantine"]
Path = str | PathLike[str]


@frozen
class Counts:
    """Rows of one frame: `received` = `kept` + `quarantined`."""

    received: int
    kept: int
    quarantined: int


@frozen(eq=False, repr=False)
class Facts:
    """Everything that is known about a shop, as frames.

    Made by `from_frames`, `from_parquet`, `from_csv` or `open`; nothing about it can be set from outside. Frames that
    are in memory are checked at once. Scans stay scans: their columns are checked at once, their rows the first time
    they are asked for, in one streaming pass over the columns that have rules.
    """

    _service: Service
    _memo: dict[object, object] = field(factory=dict)
    _home: Home | None = None

    # --- how facts come in --------------------------------------------------------------------------------------

    @classmethod
    def from_frames(
        cls,
        *,
        orders: Frame | None = None,
        customers: Frame | None = None,
        items: Frame | None = None,
        events: Frame | None = None,
        products: Frame | None = None,
        rates: Frame | None = None,
        currency: str | None = None,
        zone: str | None = None,
        on_error: OnError = "raise",
        schema: Schema | None = None,
        **kinds: Frame | None,
    ) -> Facts:
        """Facts from frames, in memory or scanned.

        Args:
            orders: one row an order, in its latest state.
            customers: one row a customer.
            items: one row a line of an order.
            events: one row an event, its `kind` in a column.
            products: one row a product.
            rates: `currency`, `date`, `rate` (how many units of the reporting currency one unit is worth, exact) and
                perhaps `to` (the currency that the rate leads to).
            currency: ISO 4217 code of amounts whose row names none; otherwise they are in the reporting currency.
            zone: IANA name of the zone of instants without one; otherwise such instants are refused.
            on_error: what becomes of rows that break a rule: `raise` one error that tells of all, or `quarantine`.
            schema: the world to read for; the canonical one and the kinds of installed plugins where it is left out.
            kinds: a frame for one kind alone, by the kind's name; it takes the place of what `orders` or `events`
                hold of that kind.

        Raises:
            RulesError: columns are missing or cannot be read; rows break a rule and `on_error` is `raise`.
            TypeError: something given is no frame.
            ValueError: `currency`, `zone` or `on_error` is none.
        """
        named = {"orders": orders, "customers": customers, "items": items, "events": events, "products": products}
        return cls._of({**named, "rates": rates, **kinds}, currency, zone, on_error, schema, textual=False)

    @classmethod
    def from_parquet(
        cls,
        *,
        currency: str | None = None,
        zone: str | None = None,
        on_error: OnError = "raise",
        schema: Schema | None = None,
        **paths: Path | None,
    ) -> Facts:
        """Facts scanned from Parquet files.

        `orders=`, `customers=`, … each take a path, a pattern such as `orders/*.parquet`, or a directory. The other
        options are those of `from_frames`.

        Raises:
            RulesError: as `from_frames`; or a file cannot be read.
        """
        frames = {name: files.scan_parquet(path) for name, path in paths.items() if path is not None}
        return cls._of(frames, currency, zone, on_error, schema, textual=False)

    @classmethod
    def from_csv(
        cls,
        *,
        separator: str = ",",
        encoding: str = "utf8",
        currency: str | None = None,
        zone: str | None = None,
        on_error: OnError = "raise",
        schema: Schema | None = None,
        **paths: Path | None,
    ) -> Facts:
        """Facts read from CSV files with a line of column names: `orders=`, `customers=`, … each a path.

        Every cell is read as text and understood by its column's type: amounts as exact decimals, instants as ISO 8601
        (without an offset: of `zone`), yes and no as true/false, yes/no, 1/0, the items of a list between `|`. An empty
        cell is missing. The other options are those of `from_frames`.

        Raises:
            RulesError: as `from_frames`; or a file cannot be read.
        """
        frames = {
            name: files.read_csv(name, path, separator=separator, encoding=encoding)
            for name, path in paths.items()
            if path is not None
        }
        return cls._of(frames, currency, zone, on_error, schema, textual=True)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        separator: str = ",",
        encoding: str = "utf8",
        currency: str | None = None,
        zone: str | None = None,
        on_error: OnError = "raise",
        schema: Schema | None = None,
        known_on: Instant | None = None,
        keep_index: bool = False,
    ) -> Facts:
        """Facts from a directory: a store (docs/store.md), or a file for each frame: `orders.parquet`, `customers.csv`.

        The options are those of `from_csv`; Parquet files and stores are scanned. Rows of a store were checked when
        they were stored; files that lie beside its tables, such as `rates.csv`, are read too. An index that is kept
        in the store is used where it is of these facts: now, and with no files beside the tables.

        Args:
            directory: the store, or the folder of the files.
            separator: of CSV files.
            encoding: of CSV files.
            currency: as in `from_frames`.
            zone: as in `from_frames`.
            on_error: as in `from_frames`.
            schema: as in `from_frames`.
            known_on: facts of a store as they were known at this instant; wall clock in `zone` where it names none.
            keep_index: an index that has to be built, or brought up to date, is kept in the store for the next time.

        Raises:
            RulesError: as `from_frames`; or the directory holds no frame, or one of them twice; R707 `known_on` is
                asked of files; R700 to R706 the store cannot be read.
            ValueError: `known_on` has no zone, and there is no `zone`.
        """
        stored: dict[str, pl.LazyFrame] = {}
        store = None
        if files.is_store(directory):
            store, stored = files.scan_store(directory, _aware(known_on, zone))
            scans, tables = files.beside(directory, stored)
        elif known_on is None:
            scans, tables = files.find(directory)
        else:
            message = f"{directory} is no fact store; what was known on a day is not in files"
            raise RulesError([Diagnostic("R707", message, help="leave `known_on` out")])
        frames: dict[str, Frame | None] = {**stored, **{name: files.scan_parquet(path) for name, path in scans.items()}}
        for name, path in tables.items():
            frames[name] = files.read_csv(name, path, separator=separator, encoding=encoding)
        world = schema if schema is not None else _world()
        made = cls._of(
            frames, currency, zone, on_error, world, textual=frozenset(tables), trusted=frozenset(stored)
        )  # fmt: skip
        if store is None or known_on is not None or stored.keys() != frames.keys():
            return made
        return evolve(made, home=Home(store, stored, world, currency, zone, on_error, keep_index))

    @classmethod
    def _of(
        cls,
        frames: Mapping[str, Frame | None],
        currency: str | None,
        zone: str | None,
        on_error: str,
        schema: Schema | None,
        *,
        textual: bool | frozenset[str],
        trusted: frozenset[str] = frozenset(),
    ) -> Facts:
        given = {name: frame for name, frame in frames.items() if frame is not None}
        texts = textual if isinstance(textual, frozenset) else frozenset(given if textual else ())
        world = schema if schema is not None else _world()
        entry = enter(given, world, currency=currency, zone=zone, on_error=on_error, textual=texts, trusted=trusted)
        raise_errors(entry.found)
        sources = MappingProxyType(entry.sources)
        service = Service(sources, world, Exchange(entry.rates, currency), zone, entry.found)
        service.settle()
        return cls(service)

    def with_events(self, events: pl.DataFrame) -> Facts:
        """These facts and further events, such as `Engine.receipts` gives.

        An event whose id is in these facts already is left as it is there. Customers' keys become integers where they
        are integers here; what is no such integer is nobody's.

        Args:
            events: `kind`, `event` (its id), `at` (Datetime with a zone), `customer` (text), and of the fields
                `channel`, `campaign`, `wave`, `variant`, `reason` and `text` all, as text.
        """
        further = admitted(events, self._service.further)
        return Facts(evolve(self._service, further=MappingProxyType(further)))

    # --- what the engine asks -----------------------------------------------------------------------------------

    def kinds(self) -> frozenset[str]:
        """Names of the kinds that have rows to read.

        A stage is among them only where its instant is a column, an event only where one happened (a scan of events is
        read for this, once), a kind of the user's own where its frame was given.
        """
        return self._service.kinds()

    def rows(self, kind: Kind, columns: Collection[str], *, currency: str, zone: str) -> pl.LazyFrame:
        """The rows of a kind: one row each, in no order.

        Returns:
            A lazy frame of `at` (Int64, microseconds UTC), the keys of subjects and the columns of the natural key that
            the frame has (dtypes as given, an integer `order` or `event` as text where it is asked for), and the
            `columns` in the physical form of `model.types`; a yes/no stage is served as its instant (`paid` as
            `paid_at`), a field that is known from a stage on with that instant. Money is in `currency`, converted at
            the rate of the day, in `zone`, of `at`. Nothing is collected but what the checks of a scan need.

        Raises:
            RulesError: a column is missing; or rows break a rule (see `from_frames`).
        """
        return self._service.rows(kind, columns, currency=currency, zone=zone)

    def subjects(
        self,
        subject: Subject,
        columns: Collection[str],
        *,
        currency: str,
        zone: str,
    ) -> pl.LazyFrame | None:
        """The subjects of the subject's own frame: one row each, in no order; None where there is no such frame.

        Returns:
            A lazy frame of the key (named as the subject, dtype as given), the `columns` in the physical form of
            `model.types`, and the column from which on the subject exists, asked for or not, where the frame has it.

        Raises:
            RulesError: a column is missing, an amount is in another currency, or rows break a rule.
        """
        return self._service.subjects(subject, columns, currency=currency, zone=zone)

    def check(
        self,
        kinds: Iterable[tuple[Kind, Collection[str]]],
        subjects: Iterable[tuple[Subject, Collection[str]]] = (),
    ) -> tuple[Diagnostic, ...]:
        """What keeps these columns of these kinds and subjects from being served, no row being read.

        A column that a frame lacks is an error, and so is a stage that the orders' frame knows nothing of; a kind whose
        frame was not given at all is a warning.
        """
        return self._service.check(kinds, subjects)

    def rates_into(self, currency: str) -> pl.DataFrame:
        """Rates to `currency`, in the order of currency and day.

        Returns:
            `currency` String, `day` Int32 (days since 1970-01-01), `rate` Decimal(38, 12): what one unit is worth.
        """
        return self._service.exchange.rates.into(currency)

    @property
    def home(self) -> Home | None:
        """The store that these are all the facts of, as of one commit; None of other facts."""
        return self._home

    def of_part(self, part: Part) -> Facts:
        """Facts of some rows of the store that these come from.

        Raises:
            RulesError: rows break a rule.
        """
        home = self._home
        assert home is not None, "a part is one of a store"
        frames = dict(part.frames)
        return Facts._of(
            frames, home.currency, home.zone, "raise", home.schema, textual=False, trusted=frozenset(frames)
        )  # fmt: skip

    # --- what a user asks ---------------------------------------------------------------------------------------

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is odd and stops nothing: columns that look misspelled, unknown kinds, stages out of order."""
        return tuple(self._service.warnings)

    @property
    def quarantined(self) -> Mapping[str, pl.DataFrame]:
        """Rows put away, by frame, each with its `reason`; a `reason` of the frame's own becomes `given_reason`.

        Rows of a scan are there once it has been read. Rows without a rate are those of the reporting currency and the
        zone that were asked for last.
        """
        frames = {
            name: source.quarantined(self._service.exchange.away(name))
            for name, source in self._service.sources.items()
        }
        return MappingProxyType({name: frame for name, frame in frames.items() if frame is not None})

    @property
    def counts(self) -> Mapping[str, Counts]:
        """Rows received, kept and put away, by frame; a scan is there once it has been read."""
        away = {name: frame.height for name, frame in self.quarantined.items()}
        received = {name: source.received for name, source in self._service.sources.items()}
        return MappingProxyType(
            {
                name: Counts(rows, rows - away.get(name, 0), away.get(name, 0))
                for name, rows in received.items()
                if rows is not None
            }
        )

    def __repr__(self) -> str:
        counts = self.counts
        told = [
            f"{name}: {counts[name].kept:,} rows" if name in counts else f"{name}: scan"
            for name in self._service.sources
        ]
        return f"<Facts {', '.join(told)}>" if told else "<Facts, empty>"


def _aware(instant: Instant | None, zone: str | None) -> dt.datetime | None:
    """The instant in UTC."""
    if instant is None:
        return None
    aware = instant_of(instant, zone or "UTC")
    if zone is None and instant_of(instant, "Asia/Shanghai") != aware:
        raise ValueError("known_on has no time zone, and there is no zone=")
    return aware


def _world() -> Schema:
    """The canonical schema and the kinds of installed plugins."""
    if not any_installed():
        return canonical()
    from rulecrm.plugin.registry import installed

    return installed().schema()
