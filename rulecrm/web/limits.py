"""How much of a request is read, and for how long.

In: a request. Out: its body, or a refusal.
Invariant: no more than the limit is ever in memory, whatever a request says about its own size.
"""

from __future__ import annotations

import anyio
from attrs import field, frozen, validators
from starlette.requests import ClientDisconnect, Request

__all__ = ["Limits", "RefusedError", "body_of", "check_head"]


@frozen
class Limits:
    """What a request may have.

    Attributes:
        body: bytes of a webhook.
        form: bytes of a form.
        head: bytes of all header names and values.
        url: bytes of path and query.
        seconds: for the whole body to arrive.
    """

    body: int = field(default=1_048_576, validator=validators.gt(0))
    form: int = field(default=16_384, validator=validators.gt(0))
    head: int = field(default=32_768, validator=validators.gt(0))
    url: int = field(default=8_192, validator=validators.gt(0))
    seconds: float = field(default=10.0, validator=validators.gt(0))


class RefusedError(Exception):
    """A request that is not dealt with, and the status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def check_head(request: Request, limits: Limits) -> None:
    """See that the URL and the headers are not too long.

    Raises:
        RefusedError: 414 or 431.
    """
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    if len(path) + len(request.scope["query_string"]) > limits.url:
        raise RefusedError(414)
    if sum(len(name) + len(value) for name, value in request.scope["headers"]) > limits.head:
        raise RefusedError(431)


async def body_of(request: Request, most: int, limits: Limits) -> bytes:
    """The body.

    Raises:
        RefusedError: 413, it is longer than `most` bytes; 408, it did not arrive in time; 400, its length is no
            number, or whoever sent it has gone.
    """
    said = request.headers.get("content-length")
    if said is not None and not (said.isascii() and said.isdecimal()):
        raise RefusedError(400)
    if said is not None and int(said[:20]) > most:
        raise RefusedError(413)
    found = bytearray()
    try:
        with anyio.fail_after(limits.seconds):
            async for part in request.stream():
                found += part
                if len(found) > most:
                    raise RefusedError(413)
    except TimeoutError:
        raise RefusedError(408) from None
    except ClientDisconnect:
        raise RefusedError(400) from None
    return bytes(found)
