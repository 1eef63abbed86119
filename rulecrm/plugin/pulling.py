"""What sources have in common: windows of time, patience, pace, and tokens that are renewed.

In: the clock, the pause and the chance of a `PlatformContext`. Out: windows, answers, tokens.
Invariant: a platform that asks to be left alone is left alone for as long as it asks; nothing here waits longer than it
was told to, and no token is shown, or kept where others can read it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from attrs import frozen

from rulecrm.plugin.platforms import LaterError, PlatformContext
from rulecrm.plugin.wire import LostError, UnreachedError

__all__ = ["KeptTokens", "Pace", "Patience", "TroubledError", "instant_in", "instant_out", "windows"]

T = TypeVar("T")


class TroubledError(Exception):
    """A call came to nothing and may be made again: throttled, broken over there, or with an answer that is none.

    Attributes:
        wait: seconds that the platform asks to be left alone for; None where it does not say.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@frozen
class Patience:
    """How often a call is made, and how long is waited between.

    Attributes:
        attempts: calls in all, the first one included.
        first: seconds before the second call; twice as many before each other one, with jitter.
        longest: most seconds to wait at a time; a platform that asks for more ends the run until then.
    """

    attempts: int = 6
    first: float = 2.0
    longest: float = 300.0

    async def call(self, context: PlatformContext, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it succeeds. Calls must be harmless to repeat; those that only read are.

        Args:
            context: its clock, pause and chance.
            call: raises `TroubledError`, or what `Wire.call` raises where no answer came.

        Raises:
            LaterError: it did not succeed, or the platform asks to wait for longer than `longest`.
        """
        pause = self.first
        for attempt in range(1, self.attempts + 1):
            try:
                return await call()
            except (TroubledError, UnreachedError, LostError) as error:
                asked = error.wait if isinstance(error, TroubledError) else None
                said = str(error) or type(error).__name__
            if asked is not None and asked > self.longest:
                raise LaterError(said, context.now() + dt.timedelta(seconds=asked))
            if attempt < self.attempts:
                # Full jitter, so that many who were turned away together do not come back together; never earlier
                # than was asked for.
                await context.sleep(pause * context.random() if asked is None else asked + context.random())
                pause = min(pause * 2, self.longest)
        raise LaterError(f"{said} ({self.attempts} times)", None)


class Pace:
    """A token bucket: one operation of one account at the platform's rate.

    Args:
        rate: calls a second.
        burst: calls that may follow one another at once.
    """

    def __init__(self, rate: float, burst: int, context: PlatformContext) -> None:
        self._rate, self._burst, self._context = rate, burst, context
        self._left, self._at = float(burst), context.now()

    async def turn(self) -> None:
        """Wait until a call may be made, and count it."""
        self._fill()
        if self._left < 1:
            await self._context.sleep((1 - self._left) / self._rate)
            self._fill()
        self._left -= 1

    def told(self, rate: float) -> None:
        """Take over the rate that the platform's answer names."""
        if rate > 0:
            self._fill()
            self._rate = rate

    def _fill(self) -> None:
        now = self._context.now()
        passed = max((now - self._at).total_seconds(), 0.0)
        self._left, self._at = min(self._left + passed * self._rate, float(self._burst)), now


def windows(since: dt.datetime, until: dt.datetime, step: dt.timedelta) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Windows one after another from `since` to `until`, none longer than `step`; each begins where the last ended."""
    begin = since
    while begin < until:
        end = min(begin + step, until)
        yield begin, end
        begin = end


def instant_out(instant: dt.datetime) -> str:
    """An aware instant as cursors have it."""
    return instant.astimezone(dt.UTC).isoformat()


def instant_in(told: object) -> dt.datetime | None:
    """The instant that a cursor has, or None where it has none."""
    if not isinstance(told, str):
        return None
    try:
        found = dt.datetime.fromisoformat(told)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


class KeptTokens:
    """Tokens that a platform renews, in a file that its owner alone can read; without a file they last for one run.

    A refresh token that was used up is lost with the process that used it, unless the new one is kept: `keep` is called
    before the new one is used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._tokens: dict[str, str] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                found = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(found, dict):
                    self._tokens = {name: one for name, one in found.items() if isinstance(one, str)}

    def get(self, name: str) -> str | None:
        """The token kept under a name."""
        return self._tokens.get(name)

    def keep(self, tokens: Mapping[str, str]) -> None:
        """Keep tokens; the file is replaced as a whole, so that a process killed meanwhile leaves the old one.

        Raises:
            OSError: the file cannot be written.
        """
        self._tokens.update(tokens)
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._tokens, file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def __repr__(self) -> str:
        return f"<KeptTokens {', '.join(sorted(self._tokens)) or 'none'}>"
