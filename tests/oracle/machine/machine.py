"""Advancing: who enters which campaign, how far each journey gets, what becomes of each message.

In: rules, facts, an instant to advance to. Out: journeys and decisions as plain records.
Invariant: journeys know nothing of one another; only the policy looks at more than one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve, frozen

from rulecrm.model.decisions import bucket_seed
from rulecrm.syntax import ast, declarations
from rulecrm.syntax import journeys as node
from tests.oracle.interpreter import Oracle, Parameters
from tests.oracle.machine.journeys import Act, Journey, Programme, bucket, share_of_buckets
from tests.oracle.machine.moves import Event, Instance, Past
from tests.oracle.machine.policy import Gate, Verdict
from tests.oracle.point import Entry, Point
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.oracle.zone import Shift, next_unit, start_of

__all__ = ["Machine", "programmes"]

A_WEEK = Shift(days=7)
MICRO = dt.timedelta(microseconds=1)
Record = dict[str, Value]


@frozen
class Arrival:
    """Somebody may enter now: by which clause, on what."""

    clause: int
    place: int
    """Which of the rows, or of the moves, at this instant it is, in their order."""
    why: str
    entry: Entry
    past: Past
    source: object = None
    """What it is, the same whenever it is looked at."""
    stay: int | None = None
    """Number of the stay that begins, where it is entered on a move of a lifecycle."""


def programmes(rules: declarations.Rules) -> list[Programme]:
    """Campaigns and `entering` blocks, in text order."""
    found: list[Programme] = []
    for declaration in rules.declarations:
        match declaration:
            case node.Campaign(name=name):
                found.append(Programme(name.text, declaration, len(found)))
            case node.Lifecycle(name=name, body=body):
                for part in body:
                    if isinstance(part, node.Entering):
                        symbol = ast.Identifier(f"{name.text}.{part.state.text}")
                        enter = node.EnterOnState(name, part.state)
                        campaign = node.Campaign(symbol, (enter, node.Reenter("always")), part.steps)
                        state = name.text, part.state.text
                        found.append(Programme(symbol.text, campaign, len(found), state))
    return found


def purposes(rules: declarations.Rules) -> dict[str, str]:
    """What the templates that say so are for; the others are marketing."""
    templates = (one for one in rules.declarations if isinstance(one, node.Template))
    return {one.name.text: one.purpose.text for one in templates if one.purpose is not None}


class Machine:
    """What an engine does with one file of rules, one customer at a time."""

    def __init__(
        self,
        rules: declarations.Rules,
        *,
        seed: str = "rulecrm",
        start: dt.datetime | None = None,
        lateness: Shift = A_WEEK,
        params: Parameters | None = None,
    ) -> None:
        self._rules = rules
        self._seed = seed
        self._params = params
        self._start = self._clock = start
        self._lateness = lateness
        self._programmes = programmes(rules)
        self._journeys: dict[tuple[int, str], list[Journey]] = {}
        policy = next((one for one in rules.declarations if isinstance(one, node.Policy)), node.Policy(()))
        self._gate = Gate(policy, seed, purposes(rules))
        self._taken: set[str] = set()

    def advance(self, world: World, to: dt.datetime) -> None:
        """Do everything that happens after the clock and up to an instant, by the facts known now."""
        oracle = Oracle(self._rules, world, self._params)
        oracle.horizon = max(oracle.horizon, to)
        if self._clock is None:
            first = world.earliest()
            self._start = self._clock = to if first is None else first - MICRO
        for programme in self._programmes:
            for key in world.keys("customer", to):
                self._lead(oracle, programme, key, to)
        acts = [act for journey in self._all() for act in journey.acts if act.decision not in self._taken]
        assert len({act.decision for act in acts}) == len(acts), "decisions have names of their own"
        # A message of a late move is due when it comes to be known, and not before.
        acts = [evolve(act, due=max(act.due, self._clock)) for act in acts]
        self._taken.update(act.decision for act in acts)
        self._gate.decide(oracle, acts, to)
        self._clock = max(self._clock, to)

    # --- what is left behind --------------------------------------------------------------------------------------

    def journeys(self) -> dict[str, Record]:
        """By id, the columns of JOURNEYS that docs/machine.md settles."""
        return {
            journey.id: {
                "campaign": journey.programme.symbol,
                "customer": journey.customer,
                "line": journey.line,
                "entered": journey.entry.at,
                "turn": journey.turn,
                "why": journey.why,
                "arm": self._arm(journey),
                "at": journey.t,
                "step": journey.resting.step if journey.ended is None and journey.resting else None,
                "ended": journey.ended,
                "reason": journey.reason,
            }
            for journey in self._all()
        }

    def decisions(self) -> dict[str, Record]:
        """By id, the columns of DECISIONS that docs/machine.md settles."""
        return {
            act.decision: {
                "journey": act.journey.id,
                "campaign": act.journey.programme.symbol,
                "customer": act.journey.customer,
                "step": act.step,
                "wave": act.wave,
                "round": ".".join(map(str, act.round)),
                "action": act.action,
                "at": act.at,
                "text": act.text,
                **_outcome(act, self._gate.verdict(act)),
            }
            for journey in self._all()
            for act in journey.acts
        }

    def _all(self) -> Iterator[Journey]:
        for journeys in self._journeys.values():
            yield from journeys

    def _arm(self, journey: Journey) -> str:
        campaign = journey.programme.symbol
        if bucket(journey.customer, bucket_seed(self._seed, campaign, "control")) < _control(
            journey.programme.campaign
        ):
            return "control"
        return "holdout" if self._gate.held_out(journey.customer) else "treated"

    # --- one customer in one campaign -----------------------------------------------------------------------------

    def _lead(self, oracle: Oracle, programme: Programme, key: str, to: dt.datetime) -> None:
        known = self._journeys.setdefault((programme.place, key), [])
        arrivals = sorted(
            self._arrivals(oracle, programme, key, to), key=lambda one: (one.entry.at, one.clause, one.place)
        )
        reenter = next((one for one in programme.campaign.clauses if isinstance(one, node.Reenter)), None)
        for arrival in arrivals:
            at = arrival.entry.at
            for journey in known:  # those under way move before anybody enters
                journey.advance(oracle, at)
            line = _line(reenter, arrival.entry)
            if any(journey.source == arrival.source and journey.line == line for journey in known):
                continue
            before = [journey for journey in known if journey.line == line]
            if not _may_return(oracle, reenter, before, at):
                continue
            turn = sum(journey.entry.at == at for journey in before)
            journey = Journey(
                programme, key, line, arrival.entry, turn, arrival.why, self._seed, arrival.stay, arrival.past, oracle,
                arrival.source,
            )  # fmt: skip
            known.append(journey)
            journey.advance(oracle, at)
        for journey in known:
            journey.advance(oracle, to)

    def _arrivals(self, oracle: Oracle, programme: Programme, key: str, to: dt.datetime) -> Iterator[Arrival]:
        for number, clause in enumerate(programme.campaign.clauses):
            match clause:
                case node.Enter(trigger):
                    yield from self._on_rows(oracle, trigger, number, key, to)
                case node.EnterAt() | node.EnterDaily():
                    why = "at" if isinstance(clause, node.EnterAt) else f"every {clause.every.text}"
                    for at in self._times(oracle, clause, to):
                        point = Point("customer", key, at, guard=True)
                        if key in oracle.world.keys("customer", at) and _holds(oracle, clause.when, point):
                            yield Arrival(number, 0, why, Entry(at), Past(at, all_at_t=True), (number, at))
                case node.EnterOnState(lifecycle=lifecycle, state=state):
                    known = oracle.stay(lifecycle.text, key, to)
                    for place, stay in enumerate(known):
                        if place == 0 or stay.state != state.text or not self._may_enter(oracle, stay.since):
                            continue
                        assert stay.since is not None
                        if _holds(oracle, clause.when, Point("customer", key, stay.since, guard=True)):
                            why = f"on {lifecycle.text} -> {state.text}"
                            past = Past(stay.since, all_at_t=True)
                            source = number, stay.since, sum(one.since == stay.since for one in known[:place])
                            yield Arrival(number, place, why, Entry(stay.since), past, source, place)

    def _on_rows(
        self, oracle: Oracle, trigger: node.OnFact, number: int, key: str, to: dt.datetime
    ) -> Iterator[Arrival]:
        event = Event(trigger.kind.text, trigger.where, trigger.when)
        for place, row in enumerate(oracle.occurrences(event.word, key, to)):
            point = Instance(key, Past(None)).point(row.at)
            if self._may_enter(oracle, row.at) and oracle.fits(row, event.word, event.where, point):  # noqa: SIM102
                if _holds(oracle, event.when, point):
                    past = Past(row.at, taken={row.kind: row})
                    source = number, row.kind, row.record.get("order") or row.record.get("event") or row.order
                    yield Arrival(number, place, f"on {event.word}", Entry(row.at, row), past, source)

    def _times(self, oracle: Oracle, clause: node.EnterAt | node.EnterDaily, to: dt.datetime) -> Iterator[dt.datetime]:
        assert self._clock is not None
        if isinstance(clause, node.EnterAt):
            at = oracle.zone.instant(clause.at.value)
            if self._clock < at <= to:
                yield at
            return
        unit = clause.every.text
        first = start_of(unit, oracle.zone.day(self._clock) - dt.timedelta(days=1))
        latest = self._clock
        while (at := oracle.zone.instant(dt.datetime.combine(first, clause.at.value))) <= to + dt.timedelta(days=1):
            if latest < at <= to:  # a day that the zone leaves out is not one more at the instant of the next
                yield at
                latest = at
            first = next_unit(unit, first)

    def _may_enter(self, oracle: Oracle, at: dt.datetime | None) -> bool:
        """Whether what happened at an instant may still be entered on."""
        assert self._clock is not None
        assert self._start is not None
        return at is not None and at > self._start and at >= oracle.zone.shift(self._clock, -self._lateness)


def _holds(oracle: Oracle, when: ast.Expression | None, point: Point) -> bool:
    return when is None or oracle.holds(when, point)


def _line(reenter: node.Reenter | None, entry: Entry) -> str | None:
    by: ast.Identifier | None = getattr(reenter, "by", None)
    value = None if by is None or entry.row is None else entry.row.read(by.text)
    return None if value is None else str(value)


def _may_return(oracle: Oracle, reenter: node.Reenter | None, before: list[Journey], at: dt.datetime) -> bool:
    """Whether the journeys of a line let the customer in again. Those entered later only matter to `never`."""
    if reenter is None or reenter.how == "never":
        return not before
    earlier = [journey for journey in before if journey.entry.at <= at]
    if any(journey.ended is None or journey.ended > at for journey in earlier):
        return False
    if reenter.after is None:
        return True
    length = oracle.evaluate(reenter.after, Point("customer", "", at))
    assert isinstance(length, Shift), length
    return all(oracle.zone.shift(journey.entry.at, length) <= at for journey in earlier)


def _control(campaign: node.Campaign) -> int:
    return next((share_of_buckets(one.share.value) for one in campaign.clauses if isinstance(one, node.Control)), 0)


def _outcome(act: Act, verdict: Verdict | None) -> Record:
    if verdict is None:  # no message: it is done
        return {"due": act.due, "outcome": "done", "choice": None, "channel": None, "template": None, "via": None,
                "values": None}  # fmt: skip
    if act.action == "staff":
        return {"due": verdict.due, "outcome": verdict.outcome, "choice": None, "channel": "staff", "template": None,
                "via": None, "values": None}  # fmt: skip
    offer = act.offers[verdict.choice]
    return {
        "due": verdict.due,
        "outcome": verdict.outcome,
        "choice": verdict.choice,
        "channel": offer.channel,
        "template": offer.template,
        "via": offer.via,
        "values": offer.values,
    }
