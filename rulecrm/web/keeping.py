"""The ledger behind the application.

In: receipts. Out: rows.
Invariant: no request waits in the event loop for a database; what is told of opening and clicking is written soon, many
at a time, and whoever opened or clicked does not wait for it.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Collection, Sequence
from functools import partial

import anyio
import anyio.to_thread
from attrs import define, field

from rulecrm.diagnostics.model import RulesError
from rulecrm.model.sending import Receipt
from rulecrm.state import Ledger

__all__ = ["WEB", "Customers", "Keeper", "where"]

WEB = "web"
"""The route of what people tell the application themselves."""

Customers = Callable[[str, str], Collection[str]]
"""Keys of the customers who have an address: called with the channel and the address."""

_WAITING = 100_000
"""Most receipts of opening and clicking that wait to be written; what comes beyond is not counted."""

_log = logging.getLogger(__name__)


@define(eq=False)
class Keeper:
    """Writes receipts into a ledger, which is opened when the first one comes.

    Attributes:
        ledger: a ledger, or the URL of one.
        customers: whose an address is.
    """

    ledger: Ledger | str
    customers: Customers | None = None
    _opened: Ledger | None = None
    _opening: threading.Lock = field(factory=threading.Lock)
    _waiting: list[Receipt] = field(factory=list)
    _writing: bool = False

    async def look(self) -> None:
        """See that the ledger can be read.

        Raises:
            RulesError: it cannot.
        """
        await anyio.to_thread.run_sync(lambda: self._ledger().clock())

    def write(self, receipts: Sequence[Receipt], *, route: str, channel: str) -> None:
        """Write receipts, in this thread.

        Raises:
            RulesError: the ledger cannot be written; nothing was.
        """
        if receipts:
            whose = None if self.customers is None else partial(self.customers, channel)
            self._ledger().receipts.write(receipts, route=route, channel=channel, customers=whose)

    async def tell(self, receipt: Receipt) -> None:
        """Write a receipt of the application's own soon, with all others that come meanwhile."""
        if len(self._waiting) < _WAITING:
            self._waiting.append(receipt)
        if self._writing:  # whoever is writing takes this one along
            return
        self._writing = True
        try:
            await self._flush()
        finally:
            self._writing = False

    async def close(self) -> None:
        """Write what waits, and let go of a ledger that was opened here."""
        await self._flush()
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    async def _flush(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                await anyio.to_thread.run_sync(partial(self.write, taken, route=WEB, channel=""))
            except Exception as error:  # noqa: BLE001 - the answer is out already, and nobody is there to be told
                why = error.diagnostics[0].code if isinstance(error, RulesError) else where(error)
                _log.error("%d receipts were not written: %s", len(taken), why)

    def _ledger(self) -> Ledger:
        if isinstance(self.ledger, Ledger):
            return self.ledger
        with self._opening:
            if self._opened is None:
                self._opened = Ledger.open(self.ledger)
            return self._opened


def where(error: BaseException) -> str:
    """What an error is and where it was raised, without what it says, which may be what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
