"""What advancing leaves behind: journeys and decisions, as tables.

In: nothing. Out: the columns of both tables, shared by `machine`, `policy`, `state` and whoever reads them.
Invariant: a row of `DECISIONS` is written once; only its outcome (and `due`, `reason`, `choice` with it) is settled
later, and only from `quiet`, or by what the channel answers.

Instants are microseconds since 1970-01-01 UTC inside (Int64) and Datetime("us", "UTC") at the door; keys are text.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from rulecrm.model.types import INSTANT, INT, TEXT, Type

__all__ = [
    "ACTIONS", "DECISIONS", "ENTRIES", "GRANTED", "JOURNEYS", "OUTCOMES", "Field", "bucket_seed", "decision_id",
    "ids_of", "journey_id",
]  # fmt: skip

ACTIONS = ("send", "staff", "tag", "measure", "branch")
"""What a decision does; only `send` and `staff` are messages, the others have the outcome `done`."""

OUTCOMES = ("control", "holdout", "no consent", "suppressed", "quiet", "capped", "over budget", "queued", "done")
"""Outcomes that advancing gives; docs/machine.md says when. Channels turn `queued` into theirs."""


@frozen
class Field:
    """A column of a table."""

    name: str
    type: Type
    doc: str
    nullable: bool = False


JOURNEYS = (
    Field("journey", TEXT, "id: campaign, customer, line, entry and turn"),
    Field("campaign", TEXT, "symbol of the campaign"),
    Field("customer", TEXT, "key of the customer"),
    Field("line", TEXT, "value of the field in `reenter … by FIELD`, as text", nullable=True),
    Field("entered", INSTANT, "instant of entry"),
    Field("turn", INT, "0 for the first journey of this campaign, customer and line at that instant, 1 for the next"),
    Field("why", TEXT, "what was entered on: `on KIND`, `every UNIT`, `at`, `on LIFECYCLE -> STATE`"),
    Field("arm", TEXT, "`treated`, `control` or `holdout`"),
    Field("version", TEXT, "version of the campaign it was entered with"),
    Field("decided", INSTANT, "the clock to which the advance went that entered it"),
    Field("node", INT, "number of the node it is at"),
    Field("step", TEXT, "name of that node: the step's number; of a journey that has ended, the last it rested at"),
    Field("at", INSTANT, "t: instant of its last move"),
    Field("past", TEXT, "JSON: kinds whose rows at t are past, with how many of them; `*` -1 where all are"),
    Field("rounds", TEXT, "JSON: by loop number, [round, start]"),
    Field("carried", TEXT, "JSON: fields of the entering row"),
    Field("ended", INSTANT, "when it ended", nullable=True),
    Field("reason", TEXT, "why it ended: `finished`, `exit`, `exit on KIND`, `left`", nullable=True),
)

DECISIONS = (
    Field("decision", TEXT, "id: the journey, the step, the rounds"),
    Field("journey", TEXT, "id of the journey"),
    Field("campaign", TEXT, "symbol of the campaign"),
    Field("customer", TEXT, "key of the customer"),
    Field("step", TEXT, "number of the step in its campaign: `3`, `5.2`"),
    Field("wave", INT, "of a send: which of the campaign's sends it is, from 1, in text order", nullable=True),
    Field("round", TEXT, "rounds of the loops around it, the outermost first: `2`, `1.3`; empty outside loops"),
    Field("action", TEXT, "one of ACTIONS"),
    Field("at", INSTANT, "t: the instant of the step"),
    Field("due", INSTANT, "when it is to be done: t, the end of quiet hours, or when a wave is measured"),
    Field("choice", INT, "of a send: which of its messages, from 0", nullable=True),
    Field("channel", TEXT, "of a send (`staff` for the staff)", nullable=True),
    Field("template", TEXT, "of a send", nullable=True),
    Field("via", TEXT, "provider asked for", nullable=True),
    Field("values", TEXT, "JSON: values handed to the template", nullable=True),
    Field("messages", TEXT, "JSON: all messages of a send, in order: channel, template, via, values", nullable=True),
    Field("text", TEXT, "of a tag, a notice to the staff; the name of a branch", nullable=True),
    Field("outcome", TEXT, "one of OUTCOMES, or a channel's"),
    Field("reason", TEXT, "why, in words: which cap, which quiet hours", nullable=True),
    Field("version", TEXT, "version of the campaign"),
    Field("rules", TEXT, "SHA-256 (hex) of the rules file and all it imports, params included, at the advance"),
    Field("decided", INSTANT, "the clock to which the advance went that decided it"),
)

ENTRIES = ("campaign", "customer", "line", "entered", "turn", "ended")
"""Columns of a journey that say who has entered what."""

GRANTED = ("campaign", "customer", "channel", "due")
"""Columns of a decision that caps and budgets count by."""


def journey_id(campaign: str, customer: str, line: str | None, entered: int, turn: int) -> str:
    """The id of a journey; `entered` in microseconds. The same as joining the five with `|`, an absent line empty."""
    return f"{campaign}|{customer}|{line or ''}|{entered}|{turn}"


def decision_id(journey: str, step: str, round_: str) -> str:
    """The id of a decision: the campaign, step and round, and then its journey by when it was entered.

    Journeys come to a step about as they were entered, so that new ids follow the old ones of their step: an index of
    all ids is written at a few places, however many it holds.
    """
    campaign, _, rest = journey.partition("|")
    who, entered, turn = rest.rsplit("|", 2)
    return f"{campaign}|{step}@{round_}|{entered}|{who}|{turn}"


def ids_of(campaign: str) -> tuple[str, str]:
    """From which text on, and before which, the ids of a campaign's journeys and decisions lie, by their bytes."""
    return f"{campaign}|", f"{campaign}}}"  # what follows `|` is `}`


def bucket_seed(seed: str, campaign: str, *what: str) -> str:
    """The seed of a draw, as docs/machine.md gives it: `bucket_seed("s", "gift", "split", "4")`."""
    parts: Sequence[str] = (seed, campaign, *what)
    return "\x1f".join(parts)
