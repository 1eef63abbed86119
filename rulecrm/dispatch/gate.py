"""The gate: asked for every message at the moment of sending, whatever was decided before.

In: messages that a worker has claimed for one route, and the instant. Out: for each an address, or what becomes of it.
Invariant: what passes may be sent to that customer, by that channel, for that purpose, at that instant, by all that the
facts and the ledger know by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.dispatch.retries import ended, later
from rulecrm.dispatch.routes import STAFF, Route
from rulecrm.facts import Facts
from rulecrm.model.durations import YEAR
from rulecrm.model.instants import from_microseconds
from rulecrm.model.machine import Policy, Quiet
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING, Received
from rulecrm.plugin import PlatformType
from rulecrm.policy import Reach, free_at, open_reach, over_limits
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.state import Claimed, Heard, Outcome, Reached

__all__ = ["Gate", "Passed"]

_PLATFORM = "platform"


@frozen
class Passed:
    """A message that may go, and where to.

    Attributes:
        asked: when the gate was asked, microseconds.
        heard: what the customer had told of the channel by then.
    """

    claimed: Claimed
    address: str = field(repr=False)
    purpose: str = MARKETING
    asked: int = 0
    heard: Heard = frozenset()


@define(eq=False)
class Gate:
    """What the gate looks at.

    Attributes:
        program: the rules.
        facts: the shop's facts.
        reached: the ledger.
        platforms: what platforms say of their buyers, by name.
        purpose: what a claimed message is for.
        expires: how long after its due instant a message is of use, microseconds.
        warnings: what was odd, by what it is about.
    """

    program: Program
    facts: Facts
    reached: Reached
    platforms: Mapping[str, PlatformType]
    purpose: Callable[[Claimed], str]
    expires: int
    warnings: dict[str, Diagnostic] = field(factory=dict, init=False)
    _reach: dict[tuple[str, str], Reach] = field(factory=dict, init=False)

    @property
    def policy(self) -> Policy:
        """What no message may break."""
        return self.program.policy or Policy()

    def alone(self, route: Route) -> bool:
        """Whether a customer may have one message under way at a time, for one more would be one too many."""
        return bool(self.policy.caps) or any(rate.recipient for rate in route.traits.rates)

    def problem(self, route: Route) -> Diagnostic | None:
        """Why nothing can go through a route, by the settings and the facts; None where it can."""
        if route.channel == STAFF or self._at(route).has(route.address):
            return None
        message = f"the route `{route.name}` finds its addresses in `{route.address}`, which no customer has"
        help_ = f"give the frame `customers` a column `{route.address}`"
        if route.address not in self.program.schema.subjects["customer"].columns:
            help_ += f", and declare it: `attribute {route.address}: text`; or set `address` of the route"
        return Diagnostic("R484", message, help=help_)

    def addresses(self, route: Route, customers: Sequence[str], now: int) -> list[str]:
        """Where messages of a route go; empty where there is no address."""
        reach = self._at(route)
        if route.channel == STAFF or not reach.has(route.address):
            return [route.address if route.channel == STAFF else ""] * len(customers)
        keys = pl.Series(customers, dtype=pl.String)
        found = reach.all(route.channel, keys, np.full(len(keys), now, np.int64))[route.address]
        return found.cast(pl.String).fill_null("").str.strip_chars().to_list()

    def ask(
        self, route: Route, messages: Sequence[Claimed], now: int, *, sending: bool = True
    ) -> list[Passed | Outcome]:
        """What may go, and what becomes of the others; one answer each, in order.

        Args:
            route: through which they would go.
            messages: claimed, of the route's channel.
            now: the instant, microseconds.
            sending: whether they would go now, so that quiet hours and caps count.
        """
        asked = _Asked(messages, now, sending)
        for number, one in enumerate(messages):
            if one.due + self.expires <= now:
                asked.answers[number] = _expired(one, self.expires)
        staff = asked.still(lambda one: one.action != "send")
        asked.settle(staff, lambda number: Passed(messages[number], route.address, _NOTICE, now))
        purposes = [self.purpose(one) for one in messages]
        for purpose in sorted({purposes[number] for number in asked.open}):
            here = [number for number in asked.open if purposes[number] == purpose]
            self._one_purpose(asked, route, purpose, here)
        return [answer for answer in asked.answers if answer is not None]

    def _one_purpose(self, asked: _Asked, route: Route, purpose: str, here: list[int]) -> None:
        at = self._at(route, purpose)
        keys = pl.Series([asked.messages[number].customer for number in here], dtype=pl.String)
        place = {number: row for row, number in enumerate(here)}
        instants = np.full(len(here), asked.now, np.int64)
        channel = route.channel
        answers = at.all(channel, keys, instants, purpose=purpose)

        def refuse(told: str, why: str, rows: Bools) -> None:
            hit = [number for number in here if asked.answers[number] is None and rows[place[number]]]
            asked.settle(hit, lambda number: ended(asked.messages[number], told, why, asked.now))

        forbidden = self._forbidden(answers.get(_PLATFORM), channel, purpose)
        for reason in sorted(set(forbidden) - {""}):
            refuse("not allowed", reason, np.array([one == reason for one in forbidden], bool))
        addresses = answers[route.address].cast(pl.String).str.strip_chars().fill_null("")
        told = self.reached.unwelcome(channel, set(zip(keys.to_list(), addresses.to_list(), strict=True)))
        refuse("no consent", f"no consent for {channel}", answers["refused"].to_numpy())
        if purpose == MARKETING:
            left = _told(told, Received.UNSUBSCRIBED, keys, answers.get(f"{channel}_consent_at"))
            refuse("no consent", f"unsubscribed from {channel}", left)
        refuse("suppressed", f"suppressed for {channel}", answers["suppressed"].to_numpy())
        refuse("suppressed", f"a complaint about {channel}", _told(told, Received.COMPLAINED, keys, None))
        refuse("suppressed", f"{channel} came back for good", _told(told, Received.BOUNCED, keys, None))
        refuse("no address", f"no {route.address}", (addresses == "").to_numpy())
        if asked.sending:
            self._wait(asked, route, purpose, here, answers["zone"])
            self._limit(asked, route, here)
        open_ = [number for number in here if asked.answers[number] is None]
        asked.settle(open_, lambda number: _passed(asked, number, addresses[place[number]], purpose, told))

    def _wait(self, asked: _Asked, route: Route, purpose: str, here: list[int], zones: pl.Series) -> None:
        """Quiet hours of the rules, and hours of the law or the provider."""
        hours = route.traits.hours if purpose == MARKETING else None
        quiet = self.policy.quiet
        if not quiet and hours is None:
            return
        at: Ints = np.full(len(here), asked.now, np.int64)
        theirs = zones
        if hours is not None and hours.zone is not None:
            theirs = pl.Series(zones.name, [hours.zone] * len(here), pl.String)
        for _ in range(8):  # one ends inside the other: a few days at most until neither holds
            before = at
            at = free_at(at, zones, quiet)
            if hours is not None and hours.start != hours.end:
                at = free_at(at, theirs, (Quiet(hours.end, hours.start),))
            if (at == before).all():
                break
        for row, number in enumerate(here):
            if asked.answers[number] is None and at[row] > asked.now:
                zone, until = zones[row], int(at[row])
                reason = f"quiet until {_local(until, zone)} {zone}"
                asked.answers[number] = later(asked.messages[number], until, reason)

    def _limit(self, asked: _Asked, route: Route, here: list[int]) -> None:
        """Caps, by what was really sent; and what a provider lets one recipient have."""
        caps, rates = self.policy.caps, [rate for rate in route.traits.rates if rate.recipient]
        open_ = [number for number in here if asked.answers[number] is None]
        if not open_ or not (caps or rates):
            return
        now = asked.now
        back = max([(cap.per or YEAR).most for cap in caps] + [int(rate.seconds * 1e6) for rate in rates])
        customers = [asked.messages[number].customer for number in open_]
        sent = self.reached.sent(customers, now - back, now)
        if caps:
            names = ("customer", "campaign", "channel", "due")
            rows = [
                (one.customer, one.campaign, route.channel, now) for one in (asked.messages[number] for number in open_)
            ]
            shape = {name: sent.schema[name] for name in names}
            over = over_limits(pl.DataFrame(rows, shape, orient="row"), sent.select(names), caps, {}, self.program.zone)
            for number, limit in zip(open_, over, strict=True):
                if limit is not None:
                    one = asked.messages[number]
                    asked.answers[number] = Outcome(one, "done", one.way, "capped", limit, refused=one.refused)
        for rate in rates:
            gap = int(rate.seconds * 1e6)
            recent = sent.filter(pl.col("route") == route.name, pl.col("due") > now - gap).sort("due")
            times: dict[str, list[int]] = {}
            for customer, due in recent.select("customer", "due").iter_rows():
                times.setdefault(customer, []).append(due)
            for number in open_:
                theirs = times.get(asked.messages[number].customer, [])
                if asked.answers[number] is None and len(theirs) >= rate.count:
                    until = theirs[-rate.count] + gap
                    reason = f"`{route.name}` takes {rate.count} in {rate.seconds:g} s for one recipient"
                    asked.answers[number] = later(asked.messages[number], until, reason)

    def _forbidden(self, platforms: pl.Series | None, channel: str, purpose: str) -> list[str]:
        """For each customer why the platform forbids it; empty where it does not."""
        if platforms is None:
            return []
        why: dict[str | None, str] = {None: "", "": ""}
        for name in platforms.unique().drop_nulls().to_list():
            platform = self.platforms.get(name)
            if platform is None:
                message = f"no plugin knows the platform `{name}`: nothing says whether its buyers may be written to"
                self.warnings.setdefault(
                    name, Diagnostic("R485", message, severity=Severity.WARNING, help=f"pip install rulecrm-{name}")
                )
                why[name] = ""
                continue
            permission = platform.may_contact(channel, purpose)
            why[name] = "" if permission.allowed else f"{name}: {permission.reason or f'no {channel} to its buyers'}"
        return [why[name] for name in platforms.to_list()]

    def _at(self, route: Route, purpose: str = MARKETING) -> Reach:
        """What the facts say of a channel and a purpose."""
        place = (route.name, purpose)
        if place not in self._reach:
            marketing = purpose == MARKETING
            self._reach[place] = open_reach(
                self.program,
                self.facts,
                [route.channel] if marketing else [],
                consent=self.policy.consent,
                purposes=[] if marketing else [(route.channel, purpose)],
                attributes=[_PLATFORM, f"{route.channel}_consent_at", route.address],
            )
        return self._reach[place]


_NOTICE = "notice"
"""The purpose of what the staff are told."""


@define(eq=False)
class _Asked:
    """Messages, and what is known of each so far."""

    messages: Sequence[Claimed]
    now: int
    sending: bool
    answers: list[Passed | Outcome | None] = field(init=False)

    @answers.default
    def _none(self) -> list[Passed | Outcome | None]:
        return [None] * len(self.messages)

    @property
    def open(self) -> list[int]:
        return [number for number, answer in enumerate(self.answers) if answer is None]

    def still(self, test: Callable[[Claimed], bool]) -> list[int]:
        return [number for number in self.open if test(self.messages[number])]

    def settle(self, numbers: Sequence[int], answer: Callable[[int], Passed | Outcome]) -> None:
        for number in numbers:
            self.answers[number] = answer(number)


def _expired(one: Claimed, expires: int) -> Outcome:
    reason = f"it was due more than {expires / 3.6e9:g} hours ago"
    return Outcome(one, "done", one.way, "expired", reason, refused=one.refused)


def _passed(asked: _Asked, number: int, address: str, purpose: str, told: Mapping[str, Heard]) -> Passed:
    one = asked.messages[number]
    return Passed(one, address, purpose, asked.now, told.get(one.customer, frozenset()))


def _told(told: Mapping[str, Heard], what: Received, keys: pl.Series, consent: pl.Series | None) -> Bools:
    """Who has told so, and has not agreed anew since."""
    last = {customer: at for customer, heard in told.items() for kind, at in heard if kind == what.value}
    if not last:
        return np.zeros(len(keys), bool)
    since = [None] * len(keys) if consent is None else consent.cast(pl.Datetime("us", "UTC")).to_physical().to_list()
    return np.array(
        [key in last and (agreed is None or agreed < last[key]) for key, agreed in zip(keys, since, strict=True)], bool
    )


def _local(instant: int, zone: str) -> str:
    return f"{from_microseconds(instant).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
