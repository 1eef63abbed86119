"""The channel.

In: notices. Out: answers.
Invariant: a notice is one call for each URL, made once: what a URL says of retries is not done. Apprise knows a URL as
long as a call lasts, and it is kept nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Message, Rate, Traits
from rulecrm_apprise.answers import answer_of, together
from rulecrm_apprise.hearing import Hearing, heard
from rulecrm_apprise.settings import Settings

if TYPE_CHECKING:
    from apprise import AppriseAsset

__all__ = ["Notices"]


class Notices:
    """Everywhere that the staff reads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hearing: Hearing | None = None
        self.traits = Traits(
            channel="staff", provider="apprise", address="staff", rates=(Rate(settings.per_minute, 60.0),),
            concurrency=4,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Notices({', '.join(self._settings.urls)})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send notices, one after the other, each to all URLs at once."""
        if self._hearing is None and batch:
            self._hearing = Hearing().__enter__()
        return [await self._send(message) for message in batch]

    async def close(self) -> None:
        """Leave the log as it was."""
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            hearing.__exit__()

    async def _send(self, message: Message) -> Answer:
        text, title = message.content.text, message.content.subject or self._settings.title
        if not text.strip():
            return Answer(Answered.POLICY, detail="it has no words")
        try:
            urls = [one.reveal() for one in self._settings.secrets]
        except RulesError as error:
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        wrong = await asyncio.to_thread(_not_known, urls)  # all of them are looked at before any is written to
        if wrong:
            names = ", ".join(self._settings.urls[number] for number in wrong)
            return Answer(Answered.CONFIG, detail=f"no URL of a service that apprise knows: {names}")
        timeout = self._settings.timeout
        answers = await asyncio.gather(*(asyncio.to_thread(_notify, url, text, title, timeout) for url in urls))
        return together(answers)


def _not_known(urls: Sequence[str]) -> list[int]:
    """Which of the URLs are none of apprise's, from 0."""
    from apprise import Apprise

    with heard():
        return [number for number, url in enumerate(urls) if Apprise.instantiate(url.strip(), _asset()) is None]


def _notify(url: str, text: str, title: str, timeout: float) -> Answer:
    from apprise import Apprise, NotifyFormat, OverflowMode

    with heard() as warnings:
        asset = _asset()
        service = Apprise.instantiate(url.strip(), asset)
        if service is None:
            return Answer(Answered.CONFIG, detail="no URL of a service that apprise knows")
        service.retry = 0  # ours are counted, and at their time
        service.request_rate_per_sec = 0  # the dispatcher minds the rate; this is a pause in a thread
        alone = len(service) == 1 and service.overflow_mode is not OverflowMode.SPLIT
        calls = Apprise(asset=asset)
        calls.add(service)
        result = calls.notify(body=text, title=title, body_format=NotifyFormat.TEXT, timeout=timeout)
        # a URL may say `optional=yes`, and then its service's result is always good: the attempt tells
        attempts = [attempt for one in result for attempt in one]
        if not attempts:
            return Answer(Answered.POLICY, detail="apprise makes no message of it")
        return answer_of(attempts[-1].status.name, warnings, alone=alone)


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(storage_mode=PersistentStoreMode.MEMORY, default_service_retry=0, secure_logging=True)
