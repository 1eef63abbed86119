"""The contract of a channel.

In: messages, webhooks. Out: answers, receipts.
Invariant: `send` answers every message of its batch, in order, and raises for none of them: what a provider said is
told by an `Answer`, and where it is not known whether the provider took a message, the answer is `unknown`.

Whatever else a channel raises is a bug of its own; the dispatcher then takes every message of that call for `unknown`.
`rulecrm.testing.channels` has the tests that every channel must pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from attrs import field, frozen

from rulecrm.model.sending import Answer, Content, Message, Receipt, Sent, Traits
from rulecrm.plugin.documents import parsed

__all__ = [
    "Asks", "Channel", "ChannelType", "Context", "Forged", "Hears", "Polls", "Posts", "Request", "Response", "Syncs",
]  # fmt: skip


@runtime_checkable
class Channel(Protocol):
    """A way to reach people, open and ready."""

    @property
    def traits(self) -> Traits:
        """How it wants to be used; the same as long as it is open."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Hand messages to the provider: at most `traits.batch`; one answer each, in their order."""

    async def close(self) -> None:
        """Let go of connections; it is not used any more."""


@runtime_checkable
class Asks(Protocol):
    """A channel that can find out what became of a message whose answer was lost (`traits.asks`)."""

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        """Ask the provider: one answer each, in order.

        `accepted` or `delivered` where the provider has it, `retry` where it is certain that it does not, `unknown`
        where it cannot tell.
        """


@runtime_checkable
class Polls(Protocol):
    """A channel whose receipts are fetched."""

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """Receipts since a cursor (None: from the beginning), and the cursor to go on from."""


@frozen
class Request:
    """A webhook as it came.

    Attributes:
        method: `GET` or `POST`.
        url: as the provider called it, query included; signatures cover it.
        headers: by name in lower case.
        query: by name; of a name that comes twice the last.
        body: as it came.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: it is none, or is nested deeper than can be read.
        """
        return parsed(self.body)

    def document(self) -> Mapping[str, object]:
        """The body as an object of JSON.

        Raises:
            ValueError: it is none.
        """
        found = self.json()
        if not isinstance(found, dict):
            raise ValueError("it is no object of JSON")  # noqa: TRY004 - it is the text that is wrong
        return found


@frozen
class Response:
    """What a webhook is answered with, beside the receipts it brought."""

    receipts: Sequence[Receipt] = ()
    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))


class Forged(Exception):  # noqa: N818 - it says what the request is
    """A webhook whose signature is missing, wrong, or too old; the message names no secret."""


@runtime_checkable
class Hears(Protocol):
    """A channel whose provider calls back."""

    def hear(self, request: Request) -> Response:
        """What a webhook tells; it may be called in several threads at a time, beside the loop that sends.

        Raises:
            Forged: it is not the provider's; signatures are compared in constant time.
            ValueError: it is the provider's and makes no sense; what went wrong, in words.
        """


@runtime_checkable
class Syncs(Protocol):
    """A channel that can keep an audience at the provider like a segment."""

    async def sync(self, audience: str, addresses: Sequence[str], *, remove: Sequence[str] = ()) -> Sequence[Answer]:
        """Add addresses to an audience of the provider and take others out: one answer each, the added ones first."""


@runtime_checkable
class Posts(Protocol):
    """A channel that can also write where everybody reads: a page, a wall, a feed."""

    async def post(self, content: Content, key: str) -> Answer:
        """Post once; `key` is as that of a message."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@frozen
class Context:
    """What a channel may want to know of where it runs.

    Attributes:
        now: the clock, aware, in UTC.
        name: the name of the route in the settings file.
        folder: where a channel that writes files may write, as a path; None where nothing was said.
    """

    now: Callable[[], dt.datetime] = _utc_now
    name: str = ""
    folder: str | None = None


@frozen
class ChannelType:
    """A channel that can be set up.

    Attributes:
        name: by which settings ask for it: `smtp`, `aliyun-sms`; letters, digits and hyphens.
        channel: the word of the rules that it serves, unless the settings say another.
        settings: a frozen attrs class; its fields are the settings, `Secret` those that are secret.
        open: makes the channel from its settings. It opens no connection and reads no secret: the first `send` does.
        doc: one line.
        guide: what to sign up for, in Markdown; the first paragraph names the provider's own page.
    """

    name: str
    channel: str
    settings: type[Any]
    open: Callable[[Any, Context], Channel]
    doc: str
    guide: str = ""
