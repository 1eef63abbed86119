"""Sending, as the engine does it: routes that stay open, and one run after another.

In: a ledger, rules, facts, routes. Out: `Dispatched`.
Invariant: channels are used in one loop of asyncio, which lasts as long as the engine.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine
from random import SystemRandom
from typing import Any, TypeVar

from attrs import define, field

from rulecrm.dispatch import Clock, Dispatched, Gate, Routes, dispatch
from rulecrm.dispatch.writing import Templates
from rulecrm.engine.advancing import Progress
from rulecrm.facts import Facts
from rulecrm.links import Links
from rulecrm.model.program import Program
from rulecrm.plugin import Registry
from rulecrm.state import Ledger

__all__ = ["Desk", "send"]

T = TypeVar("T")


@define(eq=False)
class Desk:
    """Routes, and the loop they are used in by `dispatch`."""

    routes: Routes
    _runner: asyncio.Runner | None = field(default=None, init=False, repr=False)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it, and wait for it.

        Raises:
            RuntimeError: a loop is running already.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._runner is None:
                self._runner = asyncio.Runner()
            return self._runner.run(work())
        raise RuntimeError("a loop of asyncio is running here: `await engine.adispatch(…)` instead")

    def close(self) -> None:
        """Close the channels that were made from settings, and the loop."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.run(self.routes.close)
            assert self._runner is not None
            self._runner.close()
            self._runner = None


async def send(
    ledger: Ledger,
    program: Program,
    facts: Facts,
    told: Callable[[], Facts],
    routes: Routes,
    older: Callable[[str, str], Program | None],
    registry: Registry,
    *,
    clock: Clock,
    limit: int | None,
    worker: str | None,
    progress: Progress | None,
) -> Dispatched:
    """One run of the dispatcher.

    Args:
        ledger: of the engine.
        program: the rules as they are now.
        facts: the shop's facts, which the gate looks at beside what the ledger was told.
        told: the facts that templates are filled from.
        routes: by which messages go.
        older: loads the rules of an older version of a campaign.
        registry: for platforms.
        clock: what time it is.
        limit: how many messages may be handed over.
        worker: what this worker is called; a name of its own where nothing is said.
        progress: told how far the work has come.
    """
    ledger.receipts.reconcile()  # what was told before a message was known: a delivery, or that somebody wants no more
    links = None if routes.web is None else Links.open(routes.web.url, routes.web.secret)
    writer = Templates(program, told(), ledger.coupons, links, older)
    expires = int(routes.sending.expires_hours * 3600e6)
    gate = Gate(program, facts, ledger.reached, registry.platforms, writer.purpose, expires)
    name = worker or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    done = await dispatch(
        ledger, program, routes, gate, writer, clock=clock, random=SystemRandom(), worker=name, limit=limit, progress=progress
    )  # fmt: skip
    ledger.receipts.reconcile()  # what was told of a message before its answer was written
    return done
