"""Sending, as the engine does it: routes that stay open, and one run after another.

In: a ledger, rules, facts, routes. Out: `Dispatched`.
Invariant: channels are used in one loop of asyncio, which lasts as long as the engine.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

import polars as pl
from attrs import define, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.dispatch import (
    Clock,
    Dispatched,
    Gate,
    Posted,
    Rehearsed,
    Route,
    Routes,
    Synced,
    Templates,
    dispatch,
    patiently,
    post,
    rehearse,
    sync,
    words_of,
)
from rulecrm.engine.advancing import Progress
from rulecrm.facts import Facts
from rulecrm.links import Links
from rulecrm.machine import lives
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING
from rulecrm.planning import make_plan
from rulecrm.plugin import Registry
from rulecrm.runtime.evaluate import evaluate_all, start_run
from rulecrm.state import Coupons, Ledger
from rulecrm.words import Plain

__all__ = ["Desk", "Sender"]

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
        """Close the channels that were made from settings, and the loop; inside a running loop `aclose` does that."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if any(route.kind is not None for route in self.routes.routes):
                self.run(self.routes.close)
            if self._runner is not None:
                self._runner.close()
                self._runner = None


@frozen(eq=False)
class Sender:
    """What one run works with.

    Attributes:
        ledger: of the engine.
        program: the rules as they are now.
        facts: the shop's facts, which the gate looks at beside what the ledger was told.
        told: the facts that the templates of a program are filled from.
        routes: by which messages go.
        older: loads the rules of an older version of a campaign.
        registry: for platforms.
    """

    ledger: Ledger
    program: Program
    facts: Facts
    told: Callable[[Program], Facts]
    routes: Routes
    older: Callable[[str, str], Program | None]
    registry: Registry

    async def send(
        self, *, clock: Clock, limit: int | None, worker: str | None, progress: Progress | None
    ) -> Dispatched:
        """One run of the dispatcher; see `Engine.dispatch`."""
        ledger = self.ledger
        # What came before its message was known: that it has arrived, or is unwelcome.
        await patiently(None, ledger.receipts.reconcile)
        gate, writer = await patiently(None, partial(self._parts, ledger.coupons))
        done = await dispatch(
            ledger, self.program, self.routes, gate, writer,
            clock=clock, random=SystemRandom(), worker=worker or _name(), limit=limit, progress=progress,
        )  # fmt: skip
        await patiently(None, ledger.receipts.reconcile)
        return done

    async def sync(self, segment: str, *, route: str, audience: str, facts: Facts, now: int, dry: bool) -> Synced:
        """Keep an audience like a segment; see `Engine.sync_audience`."""
        program, ledger, routes = self.program, self.ledger, self.routes
        definition = next((one for one in program.definitions if one.symbol == segment), None)
        if definition is None or definition.form != "segment" or definition.subject != "customer":
            names = [one.symbol for one in program.definitions if (one.form, one.subject) == ("segment", "customer")]
            raise _unknown("R120", f"no segment of customers is called `{segment}`", segment, names)
        named = self._route(route)
        ledger.receipts.reconcile()
        gate = Gate(program, self.facts, ledger.reached, self.registry.platforms, lambda _: MARKETING, _FOREVER)
        run = start_run(program, facts, make_plan(program, (segment,)), lender=lives, instant=now)
        everybody = evaluate_all(run, "customer", now)
        inside = everybody.filter(pl.col(segment))
        keys = [one.get_column("customer").cast(pl.String).to_list() for one in (inside, everybody)]
        return await sync(
            ledger, gate, named, audience=audience, segment=segment, inside=keys[0], everybody=keys[1], now=now,
            patience=routes.sending.timeout_seconds, dry=dry,
        )  # fmt: skip

    async def post(
        self, template: str, *, route: str, key: str | None, values: Mapping[str, Plain], language: str | None,
        now: int, again: bool, dry: bool,
    ) -> Posted:  # fmt: skip
        """Post a template; see `Engine.post`."""
        named = self._route(route)
        html = named.traits.html
        content = words_of(self.program, template, values, html=html, language=language, now=now)
        if dry:
            return Posted(route, key or template, template, "not done", content=content)
        return await post(
            self.ledger, named, template=template, content=content, key=key or template, now=now, again=again,
            patience=self.routes.sending.timeout_seconds,
        )  # fmt: skip

    def _route(self, name: str) -> Route:
        found = next((one for one in self.routes.routes if one.name == name), None)
        if found is None:
            raise _unknown("R494", f"no route is called `{name}`", name, [one.name for one in self.routes.routes])
        return found

    def rehearse(self, folder: Path, *, now: int, limit: int | None) -> Rehearsed:
        """A dry run; see `Engine.rehearse`."""
        gate, writer = self._parts(None)
        return rehearse(self.ledger, self.routes, gate, writer, folder, now=now, limit=limit)

    def _parts(self, coupons: Coupons | None) -> tuple[Gate, Templates]:
        routes = self.routes
        links = None if routes.web is None else Links.open(routes.web.url, routes.web.secret)
        mine = self.told(self.program)
        writer = Templates(
            self.program, lambda program: mine if program is self.program else self.told(program), coupons, links,
            self.older,
        )  # fmt: skip
        expires = int(routes.sending.expires_hours * 3600e6)
        platforms = self.registry.platforms
        return Gate(self.program, self.facts, self.ledger.reached, platforms, writer.purpose, expires), writer


_FOREVER = 1 << 62
"""Nothing that the gate is asked about an audience is past its time."""


def _unknown(code: str, message: str, name: str, names: Sequence[str]) -> RulesError:
    return RulesError([Diagnostic(code, message, help=did_you_mean(name, names))])


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
