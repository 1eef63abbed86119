"""The contract of a platform: where orders come from, and what it says of reaching its buyers.

In: an account of a platform, or a file that its sellers download. Out: batches of canonical rows.
Invariant: every row that a platform gave is in one batch, as a row or as a `Refused`; a batch's cursor is where reading
goes on once that batch is kept, and reading from it again gives whatever has changed since, at the price of giving some
rows twice. Rows that come twice do no harm, rows that never come do.

Keys in batches are the platform's own; whoever keeps them puts the account's name before. Rows are mappings from the
columns of the canonical frames (docs/facts.md) to plain values: text, `int`, `Decimal` in units of `currency`, aware
`datetime`, `date`, lists of text; None where the platform says that there is nothing, and no key at all where it says
nothing of it. Besides, a row may have

- `changed_at`: when the platform last changed it (aware); of two versions of one row the later is believed,
- `status`: the platform's own word for its state, whether or not anybody knows it,
- `original`: the row as it came, as text; it is what quarantine shows.

Rows of `orders` have `order`, rows of `items` `order` and `item` (unique in the order); the items given for an order
are all that it has. Rows of `customers` have `customer`, of `products` `product`, of `events` `event`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attrs import field, frozen

if TYPE_CHECKING:
    import polars as pl  # noqa: TC004 - the annotation is never evaluated

__all__ = [
    "ALLOWED", "Batch", "Cursor", "FileFormat", "LaterError", "Permission", "PlatformContext", "PlatformType",
    "Recognised", "Refused", "Row", "Sample", "Source", "StoppedError", "by_rules",
]  # fmt: skip

Row = Mapping[str, object]
"""A row of a canonical frame, as the module says."""

Cursor = Mapping[str, object]
"""Where reading goes on: what the platform's own code made of it, in the types of JSON. It has no secret in it."""


@frozen
class Permission:
    """Whether buyers of a platform may be written to in a way, and why not."""

    allowed: bool
    reason: str = ""


ALLOWED = Permission(True)


@frozen
class Refused:
    """A row that could not be understood.

    Attributes:
        frame: the canonical frame it belongs to: `orders`, …
        reason: what is wrong with it, in words; no row's own values, so that reasons can be counted.
        original: the row as it came.
        place: where it came from: a line of a file, a call.
    """

    frame: str
    reason: str
    original: str = field(repr=False)
    place: str = ""


def _nothing() -> Mapping[str, int]:
    return MappingProxyType({})


@frozen(eq=False)
class Batch:
    """What one step of reading gave; it is kept as a whole, and then the cursor with it.

    Attributes:
        rows: by canonical frame; a file's may be a Polars frame of the same columns.
        cursor: where reading goes on once this is kept; None for files, which are read whole.
        refused: rows that could not be understood.
        remarks: what was odd and stops nothing, and how often: `unknown status 'X'`.
        until: everything that had changed up to this instant is in this batch and those before it; None where that
            cannot be said yet.
    """

    rows: Mapping[str, Sequence[Row] | pl.DataFrame]
    cursor: Cursor | None = None
    refused: Sequence[Refused] = ()
    remarks: Mapping[str, int] = field(factory=_nothing)
    until: dt.datetime | None = None


class StoppedError(Exception):
    """Reading cannot go on before somebody does something: credentials, permissions, a program that is too old.

    The message says what the platform said, and what to do; it names no secret.
    """


class LaterError(Exception):
    """Reading cannot go on now: the day's quota is used up, the platform is away. What was given before is good.

    Attributes:
        after: when to try again; None where the platform does not say.
    """

    def __init__(self, message: str, after: dt.datetime | None = None) -> None:
        super().__init__(message)
        self.after = after


@runtime_checkable
class Source(Protocol):
    """An account of a platform, open and ready."""

    def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed.

        Args:
            cursor: that of the last batch that was kept; None: from as far back as the platform and the settings go.
            until: an instant not after now; what changes later may be left for the next time.

        Raises:
            StoppedError, LaterError: what was given before is kept, and the next run goes on from its cursor.
        """

    async def close(self) -> None:
        """Let go of connections; it is not used any more."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@frozen
class PlatformContext:
    """What a platform's code may want to know of where it runs; time and chance come from here alone.

    Attributes:
        now: the clock, aware, in UTC.
        sleep: waits for so many seconds.
        random: a number in [0, 1), for jitter.
        name: the name of the account in the settings.
        tokens: a file in which tokens may be kept that the platform renews (refresh tokens); its owner alone can read
            it. None: nowhere, and every run begins with those of the settings.
    """

    now: Callable[[], dt.datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    name: str = ""
    tokens: Path | None = None


@frozen(eq=False)
class Sample:
    """The beginning of a file, by which its format is recognised.

    Attributes:
        path: of the file.
        kind: `delimited`, `xlsx`, or `xls`: as its first bytes say, whatever its name.
        header: cells of the line that looks like a header, stripped; empty where there is none.
        rows: the first rows below it, each by its header's cells.
        encoding: of a delimited file.
        separator: of a delimited file.
        preamble: lines or rows above the header.
    """

    path: Path
    kind: str
    header: Sequence[str]
    rows: Sequence[Mapping[str, str]] = ()
    encoding: str = ""
    separator: str = ""
    preamble: int = 0


@frozen
class Recognised:
    """What a file was taken for.

    Attributes:
        sure: from 0 to 1: the share of the format's columns that are there; the surest format is believed.
        why: in words: which columns spoke for it, and which generation of the format it is.
        asks: settings that the file itself does not tell and that have no default, such as `currency`.
    """

    sure: float
    why: str
    asks: Sequence[str] = ()


@frozen(eq=False)
class FileFormat:
    """A file that sellers download by hand.

    Attributes:
        name: `taobao-orders`; letters, digits and hyphens.
        doc: one line: where in the seller's pages it is found.
        recognise: what a file is taken for; None where it is none of these.
        read: its batches; `rulecrm.sheets` reads text, xlsx and xls into frames of text. The mapping holds what the
            user said beside: `zone`, `currency`, `shop`.
        headers: the columns that a file of this format must have, for each language or generation of it; by them a file
            that nobody knows is told what it is nearest to.
        zone: IANA name of the zone of the seller's own screen, in whose days a file is summed up where the user says
            no other.
    """

    name: str
    doc: str
    recognise: Callable[[Sample], Recognised | None]
    read: Callable[[Sample, Mapping[str, str]], Iterator[Batch]]
    headers: Sequence[Sequence[str]] = ()
    zone: str = "UTC"


@frozen
class PlatformType:
    """A platform.

    Attributes:
        name: as the attribute `platform` of its customers says: `taobao`, `amazon`, …
        may_contact: by channel and purpose, whether its buyers may be written to.
        doc: one line.
        settings: a frozen attrs class; its fields are the settings of an account. None where there is no API to ask.
        open: makes the source from its settings. It opens no connection and reads no secret: the first `pull` does.
        files: formats of its sellers' files.
        keeps_personal: for how long after delivery personal data of its buyers may be kept; None: no limit is known.
        fake: starts a local fake of the platform, for development without an account (see `rulecrm.testing`).
        guide: what to sign up for, in Markdown; the first paragraph names the platform's own page.
    """

    name: str
    may_contact: Callable[[str, str], Permission]
    doc: str = ""
    settings: type[Any] | None = None
    open: Callable[[Any, PlatformContext], Source] | None = None
    files: Sequence[FileFormat] = ()
    keeps_personal: dt.timedelta | None = None
    fake: Callable[[], object] | None = None
    guide: str = ""


def by_rules(
    within: Mapping[tuple[str, str], str], *, why: Mapping[str, str], otherwise: str
) -> Callable[[str, str], Permission]:
    """A `may_contact` that forbids what is not named.

    Args:
        within: how something is done that may be done, by channel and purpose.
        why: reasons against what may not, by purpose or by channel.
        otherwise: the reason against all else.
    """

    def may_contact(channel: str, purpose: str) -> Permission:
        how = within.get((channel, purpose))
        if how is not None:
            return Permission(True, how)
        return Permission(False, why.get(purpose, why.get(channel, otherwise)))

    return may_contact
