"""What has been, from the report of all orders by their last update.

In: a window of time. Out: batches, as the format of that file gives them.
Invariant: a report is asked for once, its id kept before it is waited for; a document that came by halves is fetched
again. The address of a document is good for five minutes and opens it to whoever has it, so it goes into no log.

`GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL`: createReport, getReport until it is DONE, getReportDocument,
then the file, which may be gzip (RFC 1952). Rates of the model of 2026-08-05. It tells of no buyers: these orders have
no customer. A report that is CANCELLED has nothing in it, or was cancelled
(developer-docs.amazon.com/sp-api/docs/reports-api-v2021-06-30-retrieve-a-report).
"""

from __future__ import annotations

import datetime as dt
import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from rulecrm import RulesError
from rulecrm.plugin import Batch, LaterError, PlatformContext, StoppedError
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.wire import Wire
from rulecrm_amazon.api import Api, Operation, RefusedError
from rulecrm_amazon.orders import iso
from rulecrm_amazon.settings import Settings
from rulecrm_amazon.source import LostReportError

__all__ = ["Reports", "read_report"]

TYPE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"

_CREATE = Operation("createReport", "POST", "/reports/2021-06-30/reports", 0.0167, 15)
_STATE = Operation("getReport", "GET", "/reports/2021-06-30/reports/{}", 2.0, 15)
_DOCUMENT = Operation("getReportDocument", "GET", "/reports/2021-06-30/documents/{}", 0.0167, 15)
_PAUSE, _LOOKS = 30.0, 240
_GZIP = b"\x1f\x8b"


class Reports:
    """The Reports API of an account.

    Args:
        read: gives the batches of a file.
    """

    def __init__(
        self, settings: Settings, context: PlatformContext, api: Api, read: Callable[[Path], Iterator[Batch]]
    ) -> None:
        self._settings = settings
        self._context = context
        self._api = api
        self._read = read

    async def ask(self, since: dt.datetime, before: dt.datetime) -> str:
        """Ask for the report of orders that changed in a window; its id."""
        wanted = {"reportType": TYPE, "marketplaceIds": list(self._settings.ids), "dataStartTime": iso(since),
                  "dataEndTime": iso(before)}  # fmt: skip
        try:
            found = (await self._api.call(_CREATE, document=wanted)).get("reportId")
        except RefusedError as error:
            raise StoppedError(f"Amazon refuses {error}") from None
        if not isinstance(found, str) or not found:
            raise LaterError("createReport gave no id")
        return found

    async def batches(self, report: str) -> list[Batch]:
        """What a report holds, once it is there; nothing where Amazon says that there is nothing.

        Raises:
            LostReportError: it will never be there.
            LaterError: it is not there after two hours.
            StoppedError: the file is none that can be read.
        """
        document = await self._document(report)
        if document is None:
            return []
        body = await Patience().call(self._context, lambda: self._fetch(document))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "orders.txt"
            path.write_bytes(body)
            try:
                return list(self._read(path))
            except RulesError as error:
                raise StoppedError(f"the report of all orders: {error.diagnostics[0].message}") from None

    async def _document(self, report: str) -> str | None:
        for _ in range(_LOOKS):
            try:
                found = await self._api.call(_STATE, report)
            except RefusedError as error:
                raise LostReportError(f"getReport: HTTP {error.status}") from None
            state, document = found.get("processingStatus"), found.get("reportDocumentId")
            if state == "DONE" and isinstance(document, str):
                return document
            if state == "CANCELLED":
                return None
            if state not in {"IN_QUEUE", "IN_PROGRESS"}:
                raise LostReportError(f"the report is {state}")
            await self._context.sleep(_PAUSE)
        raise LaterError("Amazon is still making the report of all orders")

    async def _fetch(self, document: str) -> bytes:
        try:
            found = await self._api.call(_DOCUMENT, document)
        except RefusedError as error:
            raise LostReportError(f"getReportDocument: HTTP {error.status}") from None
        url = found.get("url")
        if not isinstance(url, str):
            raise TroubledError("getReportDocument gave no address")
        return _unpacked(found, await _download(url, self._settings.timeout))


def read_report(path: Path) -> Iterator[Batch]:
    """The batches of a report, which is the file that sellers download by hand.

    Raises:
        RulesError: it is none that is known.
    """
    from rulecrm.sheets import recognise
    from rulecrm_amazon.files import FORMATS

    form, sample, _ = recognise(path, FORMATS)
    yield from form.read(sample, {})


async def _download(url: str, seconds: float) -> bytes:
    at = urlsplit(url)
    wire = Wire("Amazon", f"{at.scheme}://{at.netloc}", seconds)
    query = at.query.encode()
    try:
        reply = await wire.call("GET", at.path, seal=lambda bare: httpx.URL(bare).copy_with(query=query))
    finally:
        await wire.close()
    if reply.status != 200:
        raise TroubledError(f"the report's document: HTTP {reply.status}")
    return reply.body


def _unpacked(found: Mapping[str, object], body: bytes) -> bytes:
    if found.get("compressionAlgorithm") != "GZIP" or not body.startswith(_GZIP):
        if found.get("compressionAlgorithm") == "GZIP" and body.lstrip().startswith(b"<"):
            raise TroubledError("the report's document is a page")
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise TroubledError("the report's document is cut off") from None
