"""A session with a message centre: one connection, bound, on which questions and answers go both ways.

In: units to send. Out: the answers to them; what the centre delivers goes to whoever hears.
Invariant: every unit that was sent gets its answer, or `Lost`; nothing is sent twice. `Unsent` is raised only where no
message can have left.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import MappingProxyType
from typing import Self

from rulecrm_smpp.pdus import HEADER, LONGEST, Command, Pdu, c_octets
from rulecrm_smpp.settings import Settings

__all__ = ["Lost", "Session", "Unsent"]

_VERSION = b"\x34"
_BINDS = MappingProxyType(
    {
        "transceiver": Command.BIND_TRANSCEIVER,
        "transmitter": Command.BIND_TRANSMITTER,
        "receiver": Command.BIND_RECEIVER,
    }
)
_PATIENCE = 1.0
"""Seconds that a farewell may take."""

Hear = Callable[[Pdu], int]
"""Takes a deliver_sm and gives the status to answer it with."""

Late = Callable[[int, Pdu], None]
"""Takes the number of a unit that was given up, and the answer that came after all."""


class Unsent(Exception):  # noqa: N818 - it says what became of the message
    """Nothing has left; `status` where the centre refused the session."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class Lost(Exception):  # noqa: N818 - it says what became of the answer
    """It may have arrived; `sequence` is the number of the unit."""

    def __init__(self, why: str, sequence: int) -> None:
        super().__init__(why)
        self.sequence = sequence


class Session:
    """A bound session; `open` makes one."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float, hear: Hear, late: Late
    ):
        self._reader = reader
        self._writer = writer
        self._timeout = timeout
        self._hear = hear
        self._late = late
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = asyncio.get_running_loop().time()
        self.over = False

    @property
    def quiet(self) -> float:
        """Seconds since the centre was last heard of."""
        return asyncio.get_running_loop().time() - self._heard_at

    @classmethod
    async def open(cls, settings: Settings, bind: str, hear: Hear, late: Late) -> Self:
        """Connect and bind, as a transceiver, a transmitter or a receiver.

        Raises:
            Unsent: nobody listens, or the centre refuses.
        """
        password = settings.password.reveal()
        tls = ssl.create_default_context() if settings.tls else None
        try:
            async with asyncio.timeout(settings.timeout):
                reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=tls)
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise Unsent(type(error).__name__) from None
        session = cls(reader, writer, settings.timeout, hear, late)
        session._tasks.append(asyncio.create_task(session._read()))
        login = c_octets(settings.system) + password.encode("latin-1", "replace") + b"\0"
        body = login + c_octets(settings.kind) + _VERSION + b"\0\0\0"
        try:
            answer = await session.ask(_BINDS[bind], body)
        except (Lost, Unsent) as error:
            await session.close()
            raise Unsent(f"no answer to the bind: {error}") from None
        if answer.status:
            await session.close()
            raise Unsent("the centre refuses the session", answer.status)
        session._tasks.append(asyncio.create_task(session._stay(settings.enquire)))
        return session

    async def ask(self, command: int, body: bytes = b"") -> Pdu:
        """Send a unit and wait for the answer to it.

        Raises:
            Unsent: the session is over.
            Lost: no answer came in time, or the connection was cut.
        """
        if self.over:
            raise Unsent("the session is over")
        number = next(self._numbers)
        waiting: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            self._writer.write(Pdu(command, number, body=body).pack())
            async with asyncio.timeout(self._timeout):
                await self._writer.drain()
                return await waiting
        except TimeoutError:
            raise Lost("no answer in time", number) from None
        except OSError as error:
            raise Lost(type(error).__name__, number) from None
        finally:
            self._waiting.pop(number, None)
            if not waiting.cancel() and not waiting.cancelled():
                waiting.exception()  # it was looked at

    async def there(self) -> bool:
        """Whether the centre is still there."""
        try:
            await self.ask(Command.ENQUIRE_LINK)
        except (Lost, Unsent):
            self._end("the centre is silent")
        return not self.over

    async def close(self) -> None:
        """Say farewell and let go of the connection."""
        if not self.over:
            with suppress(Lost, Unsent, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self.ask(Command.UNBIND)
        self._end("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._writer.wait_closed()

    # --- what goes on meanwhile -----------------------------------------------------------------------------------

    async def _read(self) -> None:
        why = "closed by the centre"
        try:
            while True:
                length, command, status, number = HEADER.unpack(await self._reader.readexactly(HEADER.size))
                if not HEADER.size <= length <= LONGEST:
                    why = "the centre's answer makes no sense"
                    return
                body = await self._reader.readexactly(length - HEADER.size)
                await self._got(Pdu(command, number, status, body))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._end(why)

    async def _got(self, pdu: Pdu) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if pdu.command & Command.ANSWER:
            waiting = self._waiting.get(pdu.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
            else:
                self._late(pdu.sequence, pdu)
            return
        if pdu.command == Command.DELIVER_SM:
            answer = pdu.answer(self._hear(pdu), b"\0")
        elif pdu.command in {Command.ENQUIRE_LINK, Command.UNBIND}:
            answer = pdu.answer()
        else:
            answer = Pdu(Command.NACK, pdu.sequence, 0x03)  # a command that is not known here
        self._writer.write(answer.pack())
        await self._writer.drain()
        if pdu.command == Command.UNBIND:
            self._end("the centre said farewell")

    async def _stay(self, seconds: float) -> None:
        while not self.over:
            await asyncio.sleep(seconds)
            await self.there()

    def _end(self, why: str) -> None:
        """Nothing goes out any more, and whoever waits for an answer learns that it is lost."""
        if self.over:
            return
        self.over = True
        self._writer.close()
        for number, waiting in self._waiting.items():
            if not waiting.done():
                waiting.set_exception(Lost(why, number))
