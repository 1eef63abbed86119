"""The policy: one outcome for each message, one message at a time.

In: what journeys did, the facts, an instant to decide up to. Out: a verdict for each message.
Invariant: a message is asked at its due instant, after all that are due before it; what was decided stays.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Mapping, Sequence

from attrs import frozen

from rulecrm.model.decisions import bucket_seed
from rulecrm.syntax import ast
from rulecrm.syntax import journeys as node
from tests.oracle.interpreter import Oracle
from tests.oracle.machine.journeys import Act, Programme, bucket, share_of_buckets
from tests.oracle.point import Point
from tests.oracle.zone import Shift, Zone, next_unit, start_of

__all__ = ["Gate", "Verdict", "end_of_quiet"]

CALENDAR_UNITS = ("day", "week", "month", "quarter", "year")


@frozen
class Verdict:
    """What becomes of a message: the outcome, for which of its offers, due when."""

    outcome: str
    choice: int
    due: dt.datetime


class Gate:
    """The policy of one file, and what it has decided."""

    def __init__(self, policy: node.Policy, seed: str, purposes: Mapping[str, str]) -> None:
        self._policy = policy
        self._seed = seed
        self._purposes = purposes
        self._verdicts: dict[str, Verdict] = {}
        self._acts: dict[str, Act] = {}
        self._order = [
            campaign.text
            for rule in policy.rules
            if isinstance(rule, node.PriorityOrder)
            for campaign in rule.campaigns
        ]

    def verdict(self, act: Act) -> Verdict | None:
        """What was decided about a message; None of an act that is none."""
        return self._verdicts.get(act.decision)

    def held_out(self, customer: str) -> bool:
        """Whether the customer is in the holdout."""
        below = sum(share_of_buckets(rule.share.value) for rule in self._policy.rules if isinstance(rule, node.Holdout))
        return bucket(customer, bucket_seed(self._seed, "", "holdout")) < below

    def decide(self, oracle: Oracle, acts: Sequence[Act], to: dt.datetime) -> None:
        """Ask about every message that is due by an instant, in their order."""
        waiting: list[tuple[tuple[object, ...], str]] = []
        for act in acts:
            if act.action in ("send", "staff"):
                self._acts[act.decision] = act
                heapq.heappush(waiting, (self._rank(act, act.due), act.decision))
        for decision, verdict in self._verdicts.items():
            if verdict.outcome == "quiet" and verdict.due <= to:
                heapq.heappush(waiting, (self._rank(self._acts[decision], verdict.due), decision))
        while waiting:
            rank, decision = heapq.heappop(waiting)
            due = rank[0]
            assert isinstance(due, dt.datetime)
            verdict = self._ask(oracle, self._acts[decision], due)
            self._verdicts[decision] = verdict
            if verdict.outcome == "quiet" and verdict.due <= to:
                heapq.heappush(waiting, (self._rank(self._acts[decision], verdict.due), decision))

    def _rank(self, act: Act, due: dt.datetime) -> tuple[object, ...]:
        """Its place in the order: by instant, then by campaign, then by the customer's draw for the budget."""
        journey = act.journey
        symbol = journey.programme.symbol
        named = self._order.index(symbol) if symbol in self._order else len(self._order)
        draw = bucket(journey.customer, bucket_seed(self._seed, symbol, "budget"))
        number = _priority(journey.programme)
        return (
            due, named, number, journey.programme.place, draw, journey.customer, journey.entry.at, act.place,
            journey.line or "", journey.turn, act.round,
        )  # fmt: skip

    # --- one message ----------------------------------------------------------------------------------------------

    def _ask(self, oracle: Oracle, act: Act, due: dt.datetime) -> Verdict:
        journey = act.journey
        control = bucket(journey.customer, bucket_seed(self._seed, journey.programme.symbol, "control"))
        if control < _control(journey.programme):
            return Verdict("control", 0, due)
        if self.held_out(journey.customer):
            return Verdict("holdout", 0, due)
        if act.action == "staff":
            return Verdict("queued", 0, due)
        verdicts = [self._offer(oracle, act, choice, due) for choice in range(len(act.offers))]
        return next((one for one in verdicts if one.outcome not in ("no consent", "suppressed")), verdicts[0])

    def _offer(self, oracle: Oracle, act: Act, choice: int, due: dt.datetime) -> Verdict:
        customer, channel = act.journey.customer, act.offers[choice].channel
        purpose = self._purposes.get(act.offers[choice].template, "marketing")
        if purpose != "marketing":
            if oracle.world.attribute("customer", customer, f"accepts_{channel}_{purpose}") is False:
                return Verdict("no consent", choice, due)
        elif not self._consents(oracle, customer, channel, due):
            return Verdict("no consent", choice, due)
        if self._suppressed(oracle, customer, channel, due):
            return Verdict("suppressed", choice, due)
        quiet_until = self._quiet_until(oracle, customer, due)
        if quiet_until is not None:
            return Verdict("quiet", choice, quiet_until)
        if self._capped(oracle, customer, channel, due):
            return Verdict("capped", choice, due)
        if self._over_budget(oracle, act.journey.programme, channel, due):
            return Verdict("over budget", choice, due)
        return Verdict("queued", choice, due)

    def _consents(self, oracle: Oracle, customer: str, channel: str, now: dt.datetime) -> bool:
        given = oracle.world.attribute("customer", customer, f"{channel}_consent_at")
        for row in oracle.occurrences("unsubscribe", customer, now):
            withdrawn = row.read("channel") in (None, channel)
            if withdrawn and (given is None or row.at > given):  # type: ignore[operator]
                return False
        accepts = oracle.world.attribute("customer", customer, f"accepts_{channel}")
        wanted = any(isinstance(rule, node.Require) and rule.what.text == "consent" for rule in self._policy.rules)
        return accepts is True or (accepts is None and not wanted)

    def _suppressed(self, oracle: Oracle, customer: str, channel: str, now: dt.datetime) -> bool:
        if oracle.world.attribute("customer", customer, "blocked") is True:
            return True
        bounces = [row for row in oracle.occurrences("bounce", customer, now) if row.read("reason") == "hard"]
        complaints = oracle.occurrences("complaint", customer, now)
        return any(row.read("channel") == channel for row in (*bounces, *complaints))

    def _quiet_until(self, oracle: Oracle, customer: str, now: dt.datetime) -> dt.datetime | None:
        name = oracle.world.attribute("customer", customer, "zone")
        zone = Zone(name) if isinstance(name, str) else oracle.zone
        ends = [
            end_of_quiet(zone, rule.start.value, rule.end.value, now)
            for rule in self._policy.rules
            if isinstance(rule, node.Quiet)
        ]
        return max((end for end in ends if end is not None), default=None)

    def _capped(self, oracle: Oracle, customer: str, channel: str, now: dt.datetime) -> bool:
        return any(
            self._sent(oracle, now, rule.per, _named(rule.what), channel, customer=customer) >= rule.count
            for rule in self._policy.rules
            if isinstance(rule, node.Cap) and _named(rule.what) in (None, channel)
        )

    def _over_budget(self, oracle: Oracle, programme: Programme, channel: str, now: dt.datetime) -> bool:
        return any(
            self._sent(oracle, now, rule.per, _named(rule.what), channel, campaign=programme.symbol) >= rule.count
            for rule in programme.campaign.clauses
            if isinstance(rule, node.Budget) and _named(rule.what) in (None, channel)
        )

    def _sent(
        self,
        oracle: Oracle,
        now: dt.datetime,
        per: ast.Expression,
        counted: str | None,
        channel: str,
        *,
        customer: str | None = None,
        campaign: str | None = None,
    ) -> int:
        """Messages queued in the time `per` up to now, to the customer or by the campaign."""
        total = 0
        for decision, verdict in self._verdicts.items():
            act = self._acts[decision]
            if verdict.outcome != "queued" or act.action != "send":
                continue
            if counted is not None and act.offers[verdict.choice].channel != channel:
                continue
            if customer is not None and act.journey.customer != customer:
                continue
            if campaign is not None and act.journey.programme.symbol != campaign:
                continue
            total += _in_time(oracle, per, verdict.due, now)
        return total


def _in_time(oracle: Oracle, per: ast.Expression, at: dt.datetime, now: dt.datetime) -> bool:
    """Whether an instant lies in the calendar unit of now, or in (now - D, now]."""
    if at > now:
        return False
    if isinstance(per, ast.Name) and per.text in CALENDAR_UNITS:
        first = start_of(per.text, oracle.zone.day(now))
        start, end = (oracle.zone.start_of_day(day) for day in (first, next_unit(per.text, first)))
        return start <= at < end
    length = oracle.evaluate(per, Point("customer", "", now))
    assert isinstance(length, Shift), length
    return at > oracle.zone.shift(now, -length)


def end_of_quiet(zone: Zone, start: dt.time, end: dt.time, now: dt.datetime) -> dt.datetime | None:
    """When the quiet hours that hold `now` end on the customer's clock; None where none holds it."""
    time = zone.wall(now).time()
    is_quiet = start <= time < end if start < end else time >= start or time < end
    if not is_quiet:
        return None
    today = zone.day(now)
    places = [
        place
        for days in (-1, 0, 1, 2)
        for place in zone.both(dt.datetime.combine(today + dt.timedelta(days=days), end))
    ]
    return min(place for place in places if place > now)


def _named(what: ast.Identifier) -> str | None:
    return None if what.text in ("message", "messages") else what.text


def _priority(programme: Programme) -> tuple[int, int]:
    clause = next((one for one in programme.campaign.clauses if isinstance(one, node.Priority)), None)
    return (1, 0) if clause is None else (0, int(clause.value.value))


def _control(programme: Programme) -> int:
    clauses = programme.campaign.clauses
    return sum(share_of_buckets(one.share.value) for one in clauses if isinstance(one, node.Control))
