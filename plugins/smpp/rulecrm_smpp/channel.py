"""The channel: submit_sm over a session, which is opened when it is needed and again when it ends.

In: messages. Out: answers; what the centre delivers becomes receipts, which a poll takes.
Invariant: each part of a message is submitted once. A message of several parts, of which the centre took some and not
others, is `unknown`: sent again, its first parts would arrive twice.

Why not smpplib: it is synchronous, waits for each answer before the next message, and has stood still since early 2025.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import evolve

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Context, Message, Price, Rate, Receipt, Traits
from rulecrm_smpp.alphabet import spell
from rulecrm_smpp.answers import answer_of
from rulecrm_smpp.pdus import Command, Pdu, first_text, unpack_deliver
from rulecrm_smpp.receipts import receipts_of
from rulecrm_smpp.session import Lost, Session, Unsent
from rulecrm_smpp.settings import Settings
from rulecrm_smpp.submits import bodies_of

__all__ = ["Smpp"]

T = TypeVar("T")

_NUMBER = re.compile(r"\+?([0-9]{3,20})\Z", re.ASCII)
_MOST_PARTS = 255
_LATE = 1_000
"""Answers to be waited for that came too late, and ids whose key is known by such an answer."""

_PAUSE = 1.0
"""Seconds for which a session that did not come about is not tried again: a full window would try it once a message."""

_QUIET = 1.0
"""Seconds of silence after which the centre is asked whether it is there before a message is risked: while no loop
runs, nobody notices that a session ends."""

_LATER, _NEVER = 0x64, 0x65
"""ESME_RX_T_APPN: the centre delivers again; ESME_RX_P_APPN: it does not."""


class Smpp:
    """A route over SMPP."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self.traits = Traits(
            channel="sms",
            provider="smpp",
            address="phone",
            rates=(Rate(settings.per_second, 1.0),) if settings.per_second else (),
            concurrency=settings.window,
            longest=_MOST_PARTS * 153,
            segments=True,
            day_zone=settings.zone,
            price=Price(settings.price, settings.currency) if settings.price is not None else None,
        )
        self._settings = settings
        self._context = context
        self._sessions: dict[str, Session] = {}
        self._failed: dict[str, tuple[float, Unsent]] = {}
        self._opening = asyncio.Lock()
        self._window = asyncio.Semaphore(settings.window)
        self._news = asyncio.Event()
        self._receipts: deque[Receipt] = deque()
        self._run = secrets.token_hex(8)
        self._kept = 0
        self._given_up: dict[int, str] = {}
        self._keys: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Smpp({self._settings.host!r}, {self._settings.system!r}, {self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Submit each message; one answer each, in order."""
        return await asyncio.gather(*(self._one(message) for message in batch))

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """What the centre has delivered since the cursor; it delivers as long as the session is open.

        Whoever comes with a cursor has kept what was told before it; until then it is told again.

        Raises:
            OSError: there is no session.
        """
        run, _, count = (cursor or "").partition(":")
        if run == self._run and count.isdigit():
            while self._receipts and self._kept < int(count):
                self._receipts.popleft()
                self._kept += 1
        self._news.clear()
        if self._settings.bind != "transmitter":
            try:
                await self._bound("receiver")
            except Unsent as error:
                raise OSError(str(error)) from None
            if not self._receipts:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.listen):
                        await self._news.wait()
        told = list(self._receipts)
        return told, f"{self._run}:{self._kept + len(told)}" if told else cursor

    async def close(self) -> None:
        """Unbind."""
        async with self._opening:
            while self._sessions:
                await self._sessions.popitem()[1].close()

    # --- sending --------------------------------------------------------------------------------------------------

    async def _one(self, message: Message) -> Answer:
        match = _NUMBER.match(message.address)
        if match is None:
            return Answer(Answered.DEAD_ADDRESS, detail="that is no number")
        spelt = spell(message.content.text, self._settings.alphabet)
        if self._settings.long == "udh" and len(spelt.parts) > _MOST_PARTS:
            return Answer(Answered.POLICY, detail="the text is too long")
        bodies = bodies_of(message, match[1], spelt, self._settings, self._context.now())
        answer = Answer(Answered.UNKNOWN)
        for place, body in enumerate(bodies):
            answer = await self._submit(message.key, body)
            if answer.outcome is not Answered.ACCEPTED:
                if place and answer.outcome is not Answered.UNKNOWN:
                    detail = f"{place} of {len(bodies)} parts were taken, then: {answer.detail}"
                    return Answer(Answered.UNKNOWN, code=answer.code, detail=detail)
                return answer
        return evolve(answer, units=len(spelt.parts))

    async def _submit(self, key: str, body: bytes) -> Answer:
        async with self._window:
            try:
                session = await self._bound("transmitter")
                told = await session.ask(Command.SUBMIT_SM, body)
            except Unsent as error:
                if error.status is not None:
                    return answer_of(error.status, self._settings.meanings())
                return Answer(Answered.RETRY, detail=f"there is no session: {error}", route=True)
            except RulesError as error:  # a secret that is not there
                return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
            except Lost as error:
                _remember(self._given_up, error.sequence, key)
                return Answer(Answered.UNKNOWN, detail=f"the answer was lost: {error}")
        if told.status:
            return answer_of(told.status, self._settings.meanings())
        known = first_text(told.body)
        if told.command != Command.SUBMIT_SM | Command.ANSWER or not known:
            return Answer(Answered.UNKNOWN, detail="the answer makes no sense")
        return Answer(Answered.ACCEPTED, provider_id=known)

    async def _bound(self, purpose: str) -> Session:
        bind = purpose if self._settings.bind == "pair" else self._settings.bind
        async with self._opening:
            session = self._sessions.get(bind)
            if session is not None and not session.over and (session.quiet < _QUIET or await session.there()):
                return session
            clock = asyncio.get_running_loop().time
            failed = self._failed.get(bind)
            if failed is not None and clock() - failed[0] < _PAUSE:
                raise Unsent(str(failed[1]), failed[1].status)
            if session is not None:
                await self._sessions.pop(bind).close()
            if purpose == "transmitter":
                self._given_up.clear()  # a new session counts anew
            try:
                session = await Session.open(self._settings, bind, self._heard, self._came_late)
            except Unsent as error:
                self._failed[bind] = clock(), error
                raise
            self._sessions[bind] = session
            return session

    # --- what the centre tells ------------------------------------------------------------------------------------

    def _heard(self, pdu: Pdu) -> int:
        if len(self._receipts) >= self._settings.keep:
            return _LATER
        try:
            told = receipts_of(unpack_deliver(pdu.body), self._settings, self._context)
        except ValueError:
            return _NEVER
        for receipt in told:
            key = self._keys.get(receipt.provider_id or "")
            self._receipts.append(evolve(receipt, key=key) if key else receipt)
            self._news.set()
        return 0

    def _came_late(self, sequence: int, pdu: Pdu) -> None:
        """An answer that nobody waits for any more still tells which message a receipt will speak of."""
        key = self._given_up.pop(sequence, None)
        if key is not None and not pdu.status and pdu.command == Command.SUBMIT_SM | Command.ANSWER:
            _remember(self._keys, first_text(pdu.body), key)


def _remember(where: dict[T, str], name: T, key: str) -> None:
    """Keep the latest."""
    where[name] = key
    if len(where) > _LATE:
        del where[next(iter(where))]
