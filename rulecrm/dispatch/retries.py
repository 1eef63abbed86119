"""What an answer of a channel means for a message: done, again later, another way, or nobody knows.

In: a claimed message and an answer. Out: an `Outcome`.
Invariant: a message is handed over again only where the provider is known not to have taken it.
"""

from __future__ import annotations

import datetime as dt
import json
from random import Random
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.dispatch.routes import Route, Sending
from rulecrm.model.instants import to_microseconds
from rulecrm.model.sending import Answer, Answered
from rulecrm.state.waiting import Claimed, Outcome, Way

__all__ = ["Judge", "ended", "later", "ways_of"]

_LONGEST = 6 * 3600.0
"""Seconds: no wait between two attempts is longer."""

_FINAL = {
    Answered.DEAD_ADDRESS: "dead address",
    Answered.OPTED_OUT: "opted out",
    Answered.POLICY: "refused",
}


@frozen(eq=False)
class Judge:
    """Judges answers.

    Attributes:
        sending: how patiently.
        random: for jitter.
    """

    sending: Sending
    random: Random

    def outcome(self, claimed: Claimed, route: Route, answer: Answer, now: dt.datetime) -> Outcome:
        """What becomes of a message that was answered."""
        at, way = to_microseconds(now), claimed.way
        match answer.outcome:
            case Answered.ACCEPTED | Answered.DELIVERED:
                told = "sent" if answer.outcome is Answered.ACCEPTED else "delivered"
                return Outcome(claimed, "done", way, told, None, sent_at=at, answer=answer, answered=at, tries=claimed.tries, refused=claimed.refused)  # fmt: skip  # noqa: E501
            case Answered.UNKNOWN:
                reason = _words("the answer of the channel was lost", answer)
                return Outcome(claimed, "unknown", way, "unknown", reason, answer=answer, answered=at, tries=claimed.tries, refused=claimed.refused)  # fmt: skip  # noqa: E501
            case Answered.CONFIG:
                reason = _words(f"the route `{route.name}` is set up wrongly", answer)
                return self._again(claimed, answer, at, at, reason, counts=False)
            case Answered.WAIT_QUOTA:
                until = self.resumes(route, answer, now)
                reason = _words(f"the quota of `{route.name}` is used up, until {until:%Y-%m-%d %H:%M} UTC", answer)
                return self._again(claimed, answer, at, to_microseconds(until), reason, counts=False)
            case Answered.RETRY:
                until = self.resumes(route, answer, now, claimed.tries)
                if not answer.route and claimed.tries + 1 >= self.sending.attempts:
                    reason = _words(f"given up after {claimed.tries + 1} attempts", answer)
                    return Outcome(claimed, "done", way, "failed", reason, answer=answer, answered=at, tries=claimed.tries + 1, refused=claimed.refused)  # fmt: skip  # noqa: E501
                reason = _words(f"not taken by `{route.name}` yet", answer)
                return self._again(claimed, answer, at, to_microseconds(until), reason, counts=not answer.route)
        told = _FINAL[answer.outcome]
        return ended(claimed, told, _words(f"{told} by {way.channel}", answer), at, answer=answer)

    def resumes(self, route: Route, answer: Answer, now: dt.datetime, tries: int = 0) -> dt.datetime:
        """When it may be tried again: never before the instant that the provider named."""
        if answer.outcome is Answered.WAIT_QUOTA:
            return answer.not_before or _midnight(now, route.traits.day_zone)
        wait = min(_LONGEST, self.sending.retry_seconds * 2**tries)
        until = now + dt.timedelta(seconds=self.random.uniform(0, wait))
        return until if answer.not_before is None else max(until, answer.not_before)

    def _again(
        self, claimed: Claimed, answer: Answer, at: int, not_before: int, reason: str, *, counts: bool
    ) -> Outcome:
        return Outcome(
            claimed, "waiting", claimed.way, None, reason, not_before=not_before, tries=claimed.tries + counts,
            refused=claimed.refused, answer=answer, answered=at,
        )  # fmt: skip


def ended(claimed: Claimed, told: str, reason: str, now: int, *, answer: Answer | None = None) -> Outcome:
    """A way that cannot be gone: the next one is, or else the message ends with what became of its first.

    Args:
        claimed: the message.
        told: what became of this way.
        reason: why.
        now: the instant, microseconds.
        answer: of the channel, where it was asked.
    """
    answered = None if answer is None else now
    ways = ways_of(claimed)
    after = [one for one in ways if one.choice > claimed.way.choice]
    first = claimed.refused or told
    if after:
        reason = f"{reason}; then {after[0].channel}"
        return Outcome(
            claimed, "waiting", after[0], None, reason, not_before=now, refused=first, answer=answer, answered=answered
        )
    if claimed.refused is None:
        return Outcome(claimed, "done", claimed.way, told, reason, answer=answer, answered=answered)
    if claimed.reason and claimed.reason != reason:
        reason = f"{claimed.reason.partition('; then ')[0]}; {reason}"
    return Outcome(claimed, "done", ways[0], first, reason, refused=first, answer=answer, answered=answered)


def later(claimed: Claimed, until: int, reason: str) -> Outcome:
    """A message that nobody was asked about yet, and that waits."""
    return Outcome(
        claimed, "waiting", claimed.way, None, reason, not_before=until, tries=claimed.tries, refused=claimed.refused
    )


def ways_of(claimed: Claimed) -> list[Way]:
    """The messages of a decision, in order."""
    if claimed.messages is None:
        return [claimed.way]
    return [
        Way(number, one["channel"], one["template"], one.get("via"), _dumped(one.get("values")))
        for number, one in enumerate(json.loads(claimed.messages))
    ]


def _dumped(values: object) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _words(what: str, answer: Answer) -> str:
    told = ": ".join(part for part in (answer.code, answer.detail) if part)
    return f"{what} ({told})" if told else what


def _midnight(now: dt.datetime, zone: str) -> dt.datetime:
    """The next midnight of a zone's wall clock."""
    local = now.astimezone(ZoneInfo(zone))
    tomorrow = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), ZoneInfo(zone))
    return tomorrow.astimezone(dt.UTC)
