"""From candidates to messages with an outcome.

In: what journeys would send, and what was deferred before. Out: rows of the table of decisions.
Invariant: every candidate becomes one row with one outcome; the row says which of its messages it is about.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import polars as pl
from attrs import frozen

from rulecrm.engine.book import DECISION_SHAPE, Book
from rulecrm.facts import Facts
from rulecrm.machine.acts import EXTRA
from rulecrm.model.decisions import GRANTED
from rulecrm.model.durations import YEAR
from rulecrm.model.machine import Act, Budget, Campaign, Cap, Loop, Policy, Send
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING
from rulecrm.policy import Ranking, decide, open_reach
from rulecrm.runtime.physical import dtype_of

__all__ = ["ACT_SHAPE", "MESSAGES", "Gate", "messages_of", "settle"]

ACT_SHAPE: dict[str, pl.DataType] = {
    **DECISION_SHAPE,
    **{column.name: dtype_of(column.type) for column in EXTRA},
}
"""Columns of what journeys do."""

MESSAGES = ("send", "staff")
"""Actions that the policy is asked about; all others are done at once."""

_WAYS: dict[str, pl.DataType] = {
    "channels": pl.List(pl.String()),
    "templates": pl.List(pl.String()),
    "vias": pl.List(pl.String()),
}


@frozen(eq=False)
class Gate:
    """What decides: the rules, the facts, the policy, and the campaigns that may send, the current versions last."""

    program: Program
    facts: Facts
    policy: Policy
    campaigns: Sequence[Campaign]
    seed: str


def messages_of(acts: pl.DataFrame, quiet: pl.DataFrame, campaigns: Sequence[Campaign], *, since: int) -> pl.DataFrame:
    """Candidates, those that were deferred first and new ones after them, with all that the policy asks for.

    Args:
        acts: what journeys did, of all campaigns.
        quiet: deferred decisions that are due.
        campaigns: all versions, for the messages of their sends.
        since: the clock before; a message of a late move is due then, not before.
    """
    fresh = acts.filter(pl.col("action").is_in(MESSAGES)).with_columns(
        due=pl.max_horizontal("due", pl.lit(since, pl.Int64))
    )
    fresh = fresh.join(_ways(campaigns), on=["campaign", "version", "node"], how="left", maintain_order="left")
    fresh = fresh.with_columns(
        channels=pl.when(pl.col("action") == "staff").then(pl.lit(["staff"])).otherwise("channels"),
    )
    columns = [*ACT_SHAPE, *_WAYS]
    return pl.concat([_deferred(quiet).select(columns), fresh.select(columns)])


def settle(asked: pl.DataFrame, gate: Gate, book: Book, *, to: int) -> pl.DataFrame:
    """Candidates with their outcome, in the same order: the columns of `DECISIONS`."""
    policy, program = gate.policy, gate.program
    purposes = {symbol: template.purpose for symbol, template in program.templates.items()}
    ways = {
        (message.channel, purposes.get(message.template, MARKETING))
        for one in gate.campaigns
        for _, send in _sends(one)
        for message in send.messages
    }
    reach = open_reach(
        program,
        gate.facts,
        sorted(channel for channel, purpose in ways if purpose == MARKETING),
        consent=policy.consent,
        purposes={way for way in ways if way[1] != MARKETING},
    )
    current = {one.symbol: one for one in gate.campaigns}
    ranking = Ranking.of([one for one in gate.campaigns if current[one.symbol] is one], policy, gate.seed)
    candidates = asked.select(
        "decision", "customer", "campaign", "arm", "entered", "action", "due", pl.col("channels").alias("messages"),
        order=_places(asked, gate.campaigns).rank("dense").cast(pl.Int64),
    )  # fmt: skip
    if any(purpose != MARKETING for purpose in purposes.values()):
        each = pl.element().replace_strict(purposes, default=MARKETING, return_dtype=pl.String)
        candidates = candidates.with_columns(purposes=asked.get_column("templates").list.eval(each))
    done = decide(
        candidates, policy=policy, ranking=ranking, granted=_granted(asked, policy, ranking, book), reach=reach, to=to
    )
    named = asked.with_columns(done.select("outcome", "reason", "due", "choice", "channel"))
    sent = pl.col("action") == "send"
    return named.with_columns(
        choice=pl.when(sent).then("choice"),
        template=pl.when(sent).then(pl.col("templates").list.get(pl.col("choice"), null_on_oob=True)),
        via=pl.when(sent).then(pl.col("vias").list.get(pl.col("choice"), null_on_oob=True)),
        values=pl.when(sent).then(pl.col("options").list.get(pl.col("choice"), null_on_oob=True)),
    ).select(*DECISION_SHAPE)


def _places(asked: pl.DataFrame, campaigns: Sequence[Campaign]) -> pl.Series:
    """Where each step stands on the way through its campaign: a text that sorts as the steps are passed."""
    loops = {
        (one.symbol, one.version): {node.name for node in one.automaton.nodes if isinstance(node, Loop)}
        for one in campaigns
    }
    names = ["campaign", "version", "step", "round"]
    known = asked.select(names).unique()
    places = [
        _place(step, round_, loops.get((campaign, version), set()))
        for campaign, version, step, round_ in known.iter_rows()
    ]
    found = known.with_columns(pl.Series("place", places, dtype=pl.String))
    return asked.select(names).join(found, on=names, how="left", maintain_order="left").get_column("place")


def _place(step: str, rounds: str, loops: Collection[str]) -> str:
    """`5.10` in round 2 of the loop `5`: numbers as wide as each other, the round behind the loop it is of."""
    left = [one.zfill(9) for one in rounds.split(".") if one]
    parts = step.split(".")
    place: list[str] = []
    for depth, part in enumerate(parts, 1):
        place.append(part.zfill(9) if part.isdecimal() else part)
        if ".".join(parts[:depth]) in loops and left:
            place.append(left.pop(0))
    return "/".join([*place, *left])


def _granted(asked: pl.DataFrame, policy: Policy, ranking: Ranking, book: Book) -> pl.DataFrame:
    """Messages that still count for a cap or a budget."""
    limits: list[Cap | Budget] = [*policy.caps]
    limits += [one for budgets in ranking.budgets.values() for one in budgets]
    if not limits or not len(asked):
        return pl.DataFrame(schema={name: DECISION_SHAPE[name] for name in GRANTED})
    reach = max((limit.per or YEAR).most for limit in limits)
    earliest = asked.get_column("due").min()
    assert isinstance(earliest, int)
    # A budget is a whole campaign's, so that it does not do to look at these customers alone.
    customers = None if ranking.budgets else asked.get_column("customer")
    return book.granted(earliest - reach, customers)


def _sends(campaign: Campaign) -> list[tuple[int, Send]]:
    return [
        (number, node.action)
        for number, node in enumerate(campaign.automaton.nodes)
        if isinstance(node, Act) and isinstance(node.action, Send)
    ]


def _ways(campaigns: Sequence[Campaign]) -> pl.DataFrame:
    """The messages of every send: a row for each node."""
    rows = [
        (
            campaign.symbol,
            campaign.version,
            number,
            [message.channel for message in send.messages],
            [message.template for message in send.messages],
            [message.via for message in send.messages],
        )
        for campaign in campaigns
        for number, send in _sends(campaign)
    ]
    schema = {"campaign": pl.String(), "version": pl.String(), "node": ACT_SHAPE["node"], **_WAYS}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _deferred(quiet: pl.DataFrame) -> pl.DataFrame:
    """Decisions that were deferred, as candidates; whoever was in a control group or the holdout never was."""
    texts = quiet.get_column("messages").unique(maintain_order=True)
    ways = [json.loads(text) for text in texts]
    known = pl.DataFrame(
        {
            "messages": texts,
            "channels": [[one["channel"] for one in way] for way in ways],
            "templates": [[one["template"] for one in way] for way in ways],
            "vias": [[one["via"] for one in way] for way in ways],
            "options": [
                [json.dumps(one["values"], ensure_ascii=False, separators=(",", ":")) for one in way] for way in ways
            ],
        },
        schema={"messages": pl.String(), **_WAYS, "options": ACT_SHAPE["options"]},
    )
    return quiet.join(known, on="messages", how="left", maintain_order="left").with_columns(
        node=pl.lit(None, ACT_SHAPE["node"]),
        arm=pl.lit("treated"),
        line=pl.lit(None, pl.String),
        entered=pl.col("journey").str.extract(r"\|(-?\d+)\|\d+$").cast(pl.Int64),
        turn=pl.lit(None, ACT_SHAPE["turn"]),
    )
