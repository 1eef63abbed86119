"""An audience of a provider, kept like a segment.

In: who is in a segment, what was put into the audience before, a route. Out: `Synced`.
Invariant: nobody is added who may not have a message for marketing by that channel at that instant; who was added and
may not be there any more is taken out as long as somebody knows the address.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.dispatch.gate import Gate, Passed
from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.shared import problem_of
from rulecrm.model.instants import from_microseconds
from rulecrm.model.sending import Answer, Answered
from rulecrm.plugin import Syncs
from rulecrm.state import Claimed, Ledger, Way

__all__ = ["Synced", "sync"]

_TAKEN = frozenset({Answered.ACCEPTED, Answered.DELIVERED})
_NOBODY = frozenset({Answered.DEAD_ADDRESS, Answered.OPTED_OUT, Answered.POLICY})
"""Said of one address, not of the account."""


@frozen
class Synced:
    """What became of an audience.

    Attributes:
        route: by which it is kept.
        audience: the provider's name of it; empty for that of the route's settings.
        segment: whom it is kept like.
        as_of: the instant that was asked about, UTC.
        members: how many may be in it.
        added: how many of those who were not in it had which answer.
        removed: how many of those who may not be in it any more had which answer.
        left_out: how many of the segment may not be in it, by the outcome that a message would have had.
        unreachable: how many should be taken out, and nobody knows their address any more.
        stopped: why it was broken off: the rest waits for the next time.
    """

    route: str
    audience: str
    segment: str
    as_of: dt.datetime
    members: int
    added: Mapping[str, int]
    removed: Mapping[str, int]
    left_out: Mapping[str, int]
    unreachable: int = 0
    stopped: str | None = None


async def sync(
    ledger: Ledger,
    gate: Gate,
    route: Route,
    *,
    audience: str,
    segment: str,
    inside: Sequence[str],
    everybody: Sequence[str],
    now: int,
    patience: float,
    dry: bool = False,
) -> Synced:
    """Make an audience what a segment is.

    Args:
        ledger: which knows who was put there.
        gate: says who may be written to.
        route: its channel keeps audiences.
        audience: the provider's name of it.
        segment: its name.
        inside: keys of the customers in the segment.
        everybody: keys of all customers there are.
        now: the instant, microseconds.
        patience: seconds that one call may take.
        dry: only say what would be done.

    Raises:
        RulesError: R484, no customer has the attribute in which addresses are; R494, the channel keeps no audiences.
    """
    sender = route.sender
    if not isinstance(sender, Syncs):
        message = f"the route `{route.name}` (`{route.traits.provider}`) keeps no audiences"
        raise RulesError([Diagnostic("R494", message, help="`rulecrm plugins` tells what a plugin offers")])
    problem = gate.problem(route)
    if problem is not None:
        raise RulesError([problem])
    tombstones, known = ledger.audiences.tombstones(), ledger.audiences.members(route.name, audience)
    wanted, left_out = _wanted(gate, route, [one for one in inside if tombstones.of(one) not in tombstones.hashes], now)
    places = {tombstones.of(customer): address for customer, address in wanted.items()}
    add = {who: address for who, address in places.items() if not known.get(who)}
    leave = known.keys() - places.keys()
    theirs = {who: one for one in everybody if (who := tombstones.of(one)) in leave} if leave else {}
    found = dict(zip(theirs, gate.addresses(route, list(theirs.values()), now), strict=True))
    remove = {who: address for who, address in found.items() if address}
    call = _Calls(ledger, route, sender, audience, known, patience, dry=dry)
    added = await call.all(add, removing=False)
    removed = await call.all(remove, removing=True, still=frozenset(places.values()))
    return Synced(
        route.name, audience, segment, from_microseconds(now), len(places), added, removed, left_out,
        len(leave) - len(remove), call.stopped[0] if call.stopped else None,
    )  # fmt: skip


def _wanted(gate: Gate, route: Route, inside: Sequence[str], now: int) -> tuple[dict[str, str], dict[str, int]]:
    """The addresses of those who may be in it, by key; and how many may not, by the reason."""
    asked = [_asked(one, route.channel, now) for one in inside]
    answers = gate.ask(route, asked, now, sending=False) if asked else []
    wanted = {one.claimed.customer: one.address for one in answers if isinstance(one, Passed)}
    why = Counter(one.outcome or "" for one in answers if not isinstance(one, Passed))
    return wanted, dict(sorted(why.items()))


def _asked(customer: str, channel: str, now: int) -> Claimed:
    """What the gate is asked about: a message that nobody will send."""
    return Claimed(
        "", customer, now, Way(0, channel), attempts=0, tries=0, refused=None, reason=None, campaign="", journey="",
        step="", wave=None, action="send", at=now, messages=None, text=None, version="", rules="",
    )  # fmt: skip


@frozen(eq=False)
class _Calls:
    """Calls of one sync; `stopped` is why no more are made."""

    ledger: Ledger
    route: Route
    sender: Syncs
    audience: str
    known: Mapping[str, bool]
    patience: float
    dry: bool = field(kw_only=True)
    stopped: list[str] = field(factory=list)

    async def all(
        self, changes: Mapping[str, str], *, removing: bool, still: frozenset[str] = frozenset()
    ) -> dict[str, int]:
        """Add or remove addresses, by who is there; how many had which answer."""
        told: Counter[str] = Counter()
        people: dict[str, list[str]] = {}  # two customers may have one address
        for who, address in changes.items():
            people.setdefault(address, []).append(who)
        stays = [who for address in people.keys() & still for who in people.pop(address)]
        if self.dry:
            return {"not done": len(changes)} if changes else {}
        if stays:  # the address belongs to somebody who stays
            self._settle(there=(), gone=stays)
            told[Answered.ACCEPTED.value] += len(stays)
        addresses, most = list(people), max(1, self.route.traits.batch)
        for start in range(0, len(addresses), most):
            if self.stopped:
                break
            batch = addresses[start : start + most]
            self.ledger.audiences.doubt(self.route.name, self.audience, [who for one in batch for who in people[one]])
            answers = await self._call(batch, removing=removing)
            self._record(batch, answers, people, removing=removing)
            for address, answer in zip(batch, answers, strict=True):
                told[answer.outcome.value] += len(people[address])
        return dict(sorted(told.items()))

    def _record(
        self, batch: Sequence[str], answers: Sequence[Answer], people: Mapping[str, Sequence[str]], *, removing: bool
    ) -> None:
        there: list[str] = []
        gone: list[str] = []
        for address, answer in zip(batch, answers, strict=True):
            if removing and answer.outcome in _TAKEN | {Answered.DEAD_ADDRESS}:
                gone += people[address]
            elif not removing and answer.outcome in _TAKEN:
                there += people[address]
            elif not removing and answer.outcome is not Answered.UNKNOWN:
                gone += (who for who in people[address] if who not in self.known)
        self._settle(there=there, gone=gone)
        if not any(one.outcome in _TAKEN | _NOBODY for one in answers):
            first = answers[0]
            self.stopped.append(": ".join(part for part in (first.outcome.value, first.code, first.detail) if part))

    async def _call(self, batch: Sequence[str], *, removing: bool) -> Sequence[Answer]:
        try:
            async with asyncio.timeout(self.patience):
                if removing:
                    answers = list(await self.sender.sync(self.audience, (), remove=batch))
                else:
                    answers = list(await self.sender.sync(self.audience, batch))
            problem = problem_of(answers, len(batch))
        except TimeoutError:
            problem = f"gave no answer within {self.patience:g} s"
        except Exception as error:  # noqa: BLE001 - a stranger's code
            problem = f"raised {type(error).__name__}"
        return [Answer(Answered.UNKNOWN, detail=f"the channel {problem}")] * len(batch) if problem else answers

    def _settle(self, *, there: Sequence[str], gone: Sequence[str]) -> None:
        self.ledger.audiences.settle(self.route.name, self.audience, there=there, gone=gone)
