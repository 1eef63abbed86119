"""The channel: one call of `SendEmail` for each message.

In: messages. Out: answers; notifications of SNS as receipts.
Invariant: nothing is tried twice here, boto3's own retries included: a lost answer is `unknown`.

`SendBulkEmail` would take fifty, but only of a template kept at SES, and the words are made here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from rulecrm.plugin import MARKETING, Answer, Answered, Context, Message, Rate, Request, Response, Traits
from rulecrm_ses.answers import of_error
from rulecrm_ses.notices import Certificates, fetched, heard
from rulecrm_ses.settings import Settings

__all__ = ["SesChannel"]


class SesChannel:
    """E-mail through Amazon SES.

    `fetch` gets the certificate that notifications are signed with, from an address that was checked to be AWS's.
    """

    def __init__(self, settings: Settings, context: Context, fetch: Callable[[str], bytes] = fetched) -> None:
        self._settings = settings
        self._context = context
        self._certificates = Certificates(fetch)
        self._lock = threading.Lock()
        self._made: Any = None

    def __repr__(self) -> str:
        return f"<SesChannel {self._settings.region}>"

    @cached_property
    def traits(self) -> Traits:
        """How it wants to be used."""
        settings = self._settings
        rates = [Rate(settings.per_second, 1.0)]
        if settings.per_day:
            rates.append(Rate(settings.per_day, 86_400.0))
        return Traits(
            channel="email", provider="ses", address="email", rates=tuple(rates), concurrency=settings.connections,
            html=True,
        )  # fmt: skip

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send each message by a call of its own."""
        return [await asyncio.to_thread(self._one, message) for message in batch]

    def hear(self, request: Request) -> Response:
        """A notification of SNS: bounce, complaint, delivery, open, click, or the wish to subscribe."""
        return heard(request, self._settings.topics, self._certificates, self._context.now())

    async def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            await asyncio.to_thread(made.close)

    def _one(self, message: Message) -> Answer:
        try:
            reply = self._client().send_email(**_call(message, self._settings))
        except Exception as error:  # noqa: BLE001 - the table of errors knows what is a refusal; the rest is unknown
            return of_error(error, self._context.now())
        found = reply.get("MessageId") if isinstance(reply, Mapping) else None
        if not found:
            return Answer(Answered.UNKNOWN, detail="the answer names no message")
        return Answer(Answered.ACCEPTED, provider_id=str(found))

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = _connect(self._settings)
            return self._made


def _connect(settings: Settings) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=min(settings.timeout, 5.0), read_timeout=settings.timeout,
        retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=settings.connections,
    )  # fmt: skip
    given: dict[str, str] = {}
    if settings.access_key is not None:
        given = {"aws_access_key_id": settings.access_key, "aws_secret_access_key": settings.secret_key.reveal()}
        if settings.session_token:
            given["aws_session_token"] = settings.session_token.reveal()
    return boto3.session.Session().client(
        "sesv2", region_name=settings.region, endpoint_url=settings.endpoint, config=config, **given
    )


def _call(message: Message, settings: Settings) -> dict[str, Any]:
    """The arguments of `SendEmail`."""
    content = message.content
    body = {"Text": {"Data": content.text, "Charset": "UTF-8"}}
    if content.html is not None:
        body["Html"] = {"Data": content.html, "Charset": "UTF-8"}
    subject = "".join(letter if ord(letter) >= 32 else " " for letter in content.subject or "")
    simple: dict[str, Any] = {
        "Subject": {"Data": " ".join(subject.split()) or " ", "Charset": "UTF-8"},
        "Body": body,
    }
    if message.purpose == MARKETING and message.unsubscribe and message.unsubscribe.startswith("https://"):
        simple["Headers"] = [
            {"Name": "List-Unsubscribe", "Value": f"<{message.unsubscribe}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ]
    call: dict[str, Any] = {
        "FromEmailAddress": settings.sender,
        "Destination": {"ToAddresses": [message.address]},
        "Content": {"Simple": simple},
        "EmailTags": [{"Name": "rulecrm-key", "Value": message.key}],
    }
    if settings.reply_to is not None:
        call["ReplyToAddresses"] = [settings.reply_to]
    if settings.configuration_set is not None:
        call["ConfigurationSetName"] = settings.configuration_set
    return call
