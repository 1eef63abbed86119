"""The channel.

In: messages, posts of the page. Out: answers, receipts.
Invariant: `accepted` means that the staff can see the task; that the buyer got the words is told by a tick. A task has
the key of its message, so what is put on the list twice is on it once, and what became of one can always be asked.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from rulecrm import RulesError
from rulecrm.plugin import (
    Answer,
    Answered,
    Context,
    Forged,
    Message,
    Rate,
    Receipt,
    Request,
    Response,
    Sent,
    Traits,
)
from rulecrm_wangwang.desk import Desk, UnseenError
from rulecrm_wangwang.journal import MEANINGS, BusyError, Journal, Task, Tick, TornError
from rulecrm_wangwang.marks import receipts_of, token_of
from rulecrm_wangwang.page import Hook
from rulecrm_wangwang.settings import Settings

__all__ = ["Wangwang"]

_LOG = logging.getLogger(__name__)

_YEARS = dt.timedelta(days=3_650)
"""The journal forgets nothing; a person who empties the folder does."""


class Wangwang:
    """A list of what the staff are to write."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._route = context.name
        self._now = context.now
        self._zone = ZoneInfo(settings.zone)
        folder = Path(context.folder or ".") / settings.path
        journal = Journal(folder, settings.timeout)
        self._desk = Desk(
            journal, folder, zone=self._zone, language=settings.language, now=context.now, hook=self._hook
        )
        self.traits = Traits(
            channel="im",
            provider="wangwang",
            address="wangwang",
            batch=100,
            rates=() if settings.per_day is None else (Rate(settings.per_day, 86_400.0),),
            concurrency=1,
            idempotent=True,
            remembers=_YEARS,
            asks=True,
            day_zone=settings.zone,
        )

    def __repr__(self) -> str:
        return f"Wangwang({self._settings.path!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Put messages on the list."""
        dead = Answer(Answered.DEAD_ADDRESS, detail="there is nobody to write to")
        tasks = [self._task(message) for message in batch if message.address.strip()]
        if tasks:
            problem = await asyncio.to_thread(self._tried, lambda: self._desk.put(tasks))
        else:
            problem = None
        return [
            (problem or Answer(Answered.ACCEPTED, provider_id=message.key)) if message.address.strip() else dead
            for message in batch
        ]

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        """Which messages are on the list."""
        found: set[str] = set()
        problem = await asyncio.to_thread(
            self._tried, lambda: found.update(self._desk.has([sent.key for sent in lost]))
        )
        if problem is not None:
            return [Answer(Answered.UNKNOWN, detail=problem.detail)] * len(lost)
        return [
            Answer(Answered.ACCEPTED, provider_id=sent.key) if sent.key in found else Answer(Answered.RETRY)
            for sent in lost
        ]

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """What was ticked off since the cursor, on the page or in the sheets.

        Raises:
            OSError: the folder cannot be read or written.
        """
        try:
            ticks, end = await asyncio.to_thread(self._desk.harvest, int(cursor or 0))
        except (BusyError, TornError) as error:
            raise BlockingIOError("the list of tasks is in use") from error
        return [receipt for tick in ticks for receipt in receipts_of(tick)], str(end)

    def hear(self, request: Request) -> Response:
        """A tick that the page posts.

        Raises:
            Forged: its token is missing or wrong.
            ValueError: the token is right, and the mark is none.
        """
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        key = form.get("key", "")
        if not self._settings.secret:
            raise Forged("no secret is set, so no tick can be the page's")
        expected = token_of(self._settings.secret.reveal(), self._route, key)
        if request.method != "POST" or not hmac.compare_digest(form.get("token", "").encode(), expected.encode()):
            raise Forged("the token is missing or wrong")
        if form.get("mark") not in MEANINGS:
            raise ValueError("a tick says what became of its task")
        tick = Tick(key, self._now().isoformat(), form["mark"], form.get("note", "").strip()[:1_000])
        problem = self._tried(lambda: self._desk.tick(tick))
        if problem is not None:
            # The receipt counts; the list will show the task as open until somebody ticks it off again.
            _LOG.warning("a tick was not noted on the list: %s", problem.detail)
        noted = "已记录，请返回列表。" if self._settings.language == "zh" else "Noted. Go back to the list."
        return Response(receipts_of(tick), body=noted.encode())

    async def close(self) -> None:
        """Nothing is open."""

    def _task(self, message: Message) -> Task:
        until = None if message.expires is None else message.expires.astimezone(self._zone).isoformat()
        words = message.content.text
        return Task(message.key, self._now().isoformat(), message.address, words, message.campaign, until)

    def _hook(self, tasks: Sequence[Task]) -> Hook | None:
        if not self._settings.hook:
            return None
        secret = self._settings.secret.reveal()
        return Hook(self._settings.hook, {task.key: token_of(secret, self._route, task.key) for task in tasks})

    def _tried(self, act: Callable[[], None]) -> Answer | None:
        """What went wrong, or None."""
        try:
            self._hook(())  # a secret that is not there is told before anything is written
            act()
        except RulesError as error:
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        except BusyError:
            return Answer(Answered.RETRY, detail="another process holds the list of tasks", route=True)
        except UnseenError:
            return Answer(Answered.UNKNOWN, detail="the task is noted, and neither sheet nor page could be written")
        except TornError:
            return Answer(Answered.UNKNOWN, detail="the task was written in part")
        except (PermissionError, IsADirectoryError) as error:
            return Answer(Answered.CONFIG, code=type(error).__name__, detail="the list may not be written there")
        except OSError as error:
            # A share that is not mounted, a disk that is full: nothing was noted.
            return Answer(Answered.RETRY, code=type(error).__name__, detail="the list could not be written", route=True)
        return None
