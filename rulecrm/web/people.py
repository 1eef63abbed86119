"""What people do with links: opening, clicking, unsubscribing.

In: a request with a token. Out: a pixel, a redirect, a page; a receipt in the ledger.
Invariant: a token that is not ours gets 404 and nothing else; only a POST unsubscribes; a click leads where the token
says and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.message import Message as EmailMessage
from email.parser import BytesParser
from urllib.parse import parse_qs

import anyio.to_thread
from attrs import frozen
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rulecrm.links import Purpose, Signed, Signer, location_of
from rulecrm.model.sending import Receipt, Received
from rulecrm.web import pages
from rulecrm.web.keeping import WEB, Keeper
from rulecrm.web.limits import Limits, RefusedError, body_of

__all__ = ["People"]

_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A GIF of one transparent pixel."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@frozen(eq=False)
class People:
    """Answers links.

    Attributes:
        signer: reads tokens.
        keeper: writes what people do.
        limits: of requests.
        now: the clock.
        sender: who the messages are from, as pages say it.
    """

    signer: Signer
    keeper: Keeper
    limits: Limits
    now: Callable[[], dt.datetime]
    sender: str

    async def open(self, request: Request) -> Response:
        """The pixel."""
        signed = self._signed(Purpose.OPEN, request)
        return Response(_PIXEL, 200, _HEADERS, "image/gif", self._told(request, signed, Received.OPENED))

    async def click(self, request: Request) -> Response:
        """The way to where a link leads."""
        signed = self._signed(Purpose.CLICK, request)
        try:
            location = location_of(signed.text)
        except ValueError:
            raise RefusedError(404) from None
        task = self._told(request, signed, Received.CLICKED)
        return Response(b"", 302, {**_HEADERS, "Location": location}, background=task)

    async def unsubscribe(self, request: Request) -> Response:
        """GET: a page that asks, and changes nothing. POST: as mail programs do it with one click, or that page."""
        signed = self._signed(Purpose.UNSUBSCRIBE, request)
        if request.method != "POST":
            return self._page(request, asked=True)
        body = await body_of(request, self.limits.form, self.limits)
        if not _one_click(request.headers.get("content-type", ""), body):
            raise RefusedError(400)
        receipt = self._receipt(signed, Received.UNSUBSCRIBED)
        await anyio.to_thread.run_sync(lambda: self.keeper.write([receipt], route=WEB, channel=signed.text))
        return self._page(request, asked=False)

    def _signed(self, purpose: Purpose, request: Request) -> Signed:
        signed = self.signer.read(purpose, request.path_params["token"])
        if signed is None:
            raise RefusedError(404)
        return signed

    def _told(self, request: Request, signed: Signed, what: Received) -> BackgroundTask | None:
        """Write it down once the answer is on its way; a look at the headers, or ahead of time, is neither."""
        ahead = "prefetch" in f"{request.headers.get('sec-purpose')} {request.headers.get('purpose')}"
        if request.method == "HEAD" or ahead:
            return None
        return BackgroundTask(self.keeper.tell, self._receipt(signed, what))

    def _receipt(self, signed: Signed, what: Received) -> Receipt:
        """Whoever repeats it within the same minute does it once."""
        at = self.now()
        name = f"{what}|{signed.key}|{signed.text}|{at:%Y-%m-%dT%H:%M}"
        return Receipt(name, what, at, signed.key, text=signed.text if what is Received.CLICKED else None)

    def _page(self, request: Request, *, asked: bool) -> Response:
        text = pages.page(request.headers.get("accept-language", ""), self.sender, asked=asked)
        return HTMLResponse(text, 200, {**_HEADERS, "Content-Security-Policy": _POLICY})


_NAME, _VALUE = "List-Unsubscribe", "One-Click"


def _one_click(content_type: str, body: bytes) -> bool:
    """Whether a form says what RFC 8058 §3.2 wants it to, in either of its two encodings."""
    if content_type.lower().startswith("multipart/form-data"):
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
        parts = BytesParser().parsebytes(head + body).walk()
        return any(
            part.get_param("name", header="content-disposition") == _NAME and str(part.get_payload()).strip() == _VALUE
            for part in parts
        )
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20)
    except ValueError:
        return False
    return _VALUE in fields.get(_NAME, [])


def _says(part: EmailMessage) -> bool:
    name = part.get_param("name", header="content-disposition")
    return name == _NAME and str(part.get_payload()).strip() == _VALUE
