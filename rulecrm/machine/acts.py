"""Acts: what journeys do on their way, as rows for the table of decisions.

In: nodes that act, the journeys that pass them, instants. Out: one frame, with the columns of `DECISIONS` and `EXTRA`.
Invariant: a row depends on its journey, its node and its instant; the rows of a journey are in the order of its steps.

Tags, measures and branches are `done`. Messages are candidates: they name the first of their ways, and have no outcome
until the policy gives them one; it finds the values for the other ways in `options`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.machine.live import Fixed, Journeys
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.machine.words import to_json
from rulecrm.model import ir
from rulecrm.model.decisions import DECISIONS
from rulecrm.model.decisions import Field as Column
from rulecrm.model.machine import Act, Campaign, Loop, Measure, Message, Part, Send, Staff, Tag
from rulecrm.model.types import AGE, DURATION, INSTANT, INT, TEXT, Type, list_of
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.points import Points

__all__ = ["EXTRA", "Acts"]

EXTRA = (
    Column("node", INT, "number of the node in the campaign's automaton"),
    Column("options", list_of(TEXT), "of a send: JSON values for each of its messages"),
    Column("arm", TEXT, "the journey's arm"),
    Column("line", TEXT, "the journey's line", nullable=True),
    Column("entered", INSTANT, "when the journey was entered"),
    Column("turn", INT, "the journey's turn"),
)
"""Columns of acts that the policy asks for and the table of decisions has not."""

_SHAPE: dict[str, pl.DataType] = {column.name: dtype_of(column.type) for column in (*DECISIONS, *EXTRA)}


@define(eq=False)
class Acts:
    """What the journeys of one campaign did while they travelled together.

    Attributes:
        campaign: whose steps.
        triggers: where values are asked.
    """

    campaign: Campaign
    triggers: Triggers
    _parts: list[pl.DataFrame] = field(factory=list, alias="parts")

    def pass_(self, number: int, node: Act, journeys: Journeys, which: Ints) -> None:
        """These journeys, each at its own instant, pass a node that acts."""
        at = journeys.at[which]
        due, options, words = at, None, None
        match node.action:
            case Measure(after=after):
                due = calendar.later(at, after, self.triggers.run.zone)
            case Send(messages=messages):
                options, words = self._options(messages, journeys, which)
        self._add(number, node.name, journeys, which, due=due, options=options, messages=words)

    def branch(self, number: int, node: Part, journeys: Journeys, which: Ints, place: Ints) -> None:
        """These journeys go to branches of a split, by place; those that go on after it leave no trace."""
        inside = place < len(node.branches)
        which = which[inside]
        names = pl.Series([branch.name for branch in node.branches], dtype=pl.String)
        text = names.gather(pl.Series(place[inside]))
        self._add(number, node.name, journeys, which, due=journeys.at[which], text=text)

    def _add(
        self,
        number: int,
        step: str,
        journeys: Journeys,
        which: Ints,
        *,
        due: Ints,
        options: pl.Series | None = None,
        messages: pl.Series | None = None,
        text: pl.Series | None = None,
    ) -> None:
        if not len(which):
            return
        n = len(which)
        frame = pl.DataFrame(
            {
                "journey": pl.Series(which.astype(np.int64)),
                "at": journeys.at[which],
                "due": due,
                "round": self._rounds(step, journeys, which),
                "text": _nothing(pl.String(), n) if text is None else text,
                "messages": _nothing(pl.String(), n) if messages is None else messages,
                "options": _nothing(pl.List(pl.String()), n) if options is None else options,
            }
        )
        self._parts.append(frame.with_columns(pl.lit(number, dtype=pl.Int64).alias("node")))

    def _options(self, messages: Sequence[Message], journeys: Journeys, which: Ints) -> tuple[pl.Series, pl.Series]:
        """For each journey the values of every message, as JSON; and all its messages with them."""
        if not any(message.values for message in messages):  # the same for everybody: kept once
            ways = [pl.Series(["{}"])] * len(messages)
            options, words = _together(messages, ways)
            return options.new_from_index(0, len(which)), words.new_from_index(0, len(which))
        run = self.triggers.run
        points = Points(run, SUBJECT, journeys.fixed.code[which], journeys.at[which], locals=journeys.locals(which))
        ways = []
        for message in messages:
            shown = [(name, *_shown(value)) for name, value in message.values]
            columns = [(name, points.series(value), type_) for name, value, type_ in shown]
            ways.append(to_json(columns, len(which), run.program.currency))
        return _together(messages, ways)

    def _rounds(self, step: str, journeys: Journeys, which: Ints) -> pl.Series:
        """The rounds of the loops around a step, the outermost first."""
        loops = [
            (node.name, node.loop)
            for node in self.campaign.automaton.nodes
            if isinstance(node, Loop) and node.first and step.startswith(f"{node.name}.")
        ]
        if not loops:
            return pl.Series([""], dtype=pl.String).new_from_index(0, len(which))
        loops.sort(key=lambda one: len(one[0]))
        rounds = [pl.Series(name, journeys.rounds[loop, which]).cast(pl.String) for name, loop in loops]
        return pl.DataFrame(rounds).select(pl.concat_str(pl.all(), separator=".")).to_series()

    def take(self, kept: Ints) -> Acts:
        """The acts of some of the journeys, which are now numbered as they are given here."""
        if not self._parts:
            return self
        done = pl.concat(self._parts)
        whose = done.get_column("journey").to_numpy()
        numbers = np.full(int(whose.max()) + 1, -1)
        here = kept < len(numbers)
        numbers[kept[here]] = np.flatnonzero(here)
        renumbered = done.with_columns(pl.Series("journey", numbers[whose]))
        return Acts(self.campaign, self.triggers, [renumbered.filter(pl.col("journey") >= 0)])

    def extend(self, other: Acts, first: int) -> None:
        """Take in the acts of further journeys, the first of which has the number `first` here."""
        self._parts.extend(part.with_columns(pl.col("journey") + first) for part in other._parts)

    def frame(self, journeys: Journeys, ids: pl.Series, *, rules: str, decided: int) -> pl.DataFrame:
        """All that was done, journey by journey (a customer's by their entries), each in the order of its steps."""
        if not self._parts:
            return pl.DataFrame(schema=_SHAPE)
        fixed = journeys.fixed
        done = pl.concat(self._parts)
        order = np.argsort(_ranks(fixed)[done.get_column("journey").to_numpy()], kind="stable")
        done = done.select(pl.all().gather(pl.Series(order)))
        whose = done.get_column("journey")
        places = whose.to_numpy()
        own = fixed.text.select(pl.col("customer", "line", "arm", "version").gather(whose)).with_columns(
            ids.gather(whose).alias("journey"),
            pl.Series("entered", fixed.entered[places]),
            pl.Series("turn", fixed.turn[places]),
        )
        acts = done.drop("journey").hstack(own)
        table = acts.join(self._nodes(), on="node", how="left", maintain_order="left").with_columns(
            pl.coalesce("text", "words").alias("text"),
            pl.col("options").list.first().alias("values"),
            pl.format(
                "{}|{}@{}|{}|{}|{}|{}",
                pl.lit(self.campaign.symbol),
                "step",
                "round",
                "entered",
                "customer",
                pl.col("line").fill_null(""),
                "turn",
            ).alias("decision"),  # as `decisions.decision_id`
            pl.lit(self.campaign.symbol).alias("campaign"),
            pl.lit(rules).alias("rules"),
            pl.lit(decided, dtype=pl.Int64).alias("decided"),
            pl.lit(None, dtype=pl.String).alias("reason"),
        )
        return table.select(pl.col(name).cast(shape) for name, shape in _SHAPE.items())

    def _nodes(self) -> pl.DataFrame:
        """What acts and splits say of themselves."""
        nodes = self.campaign.automaton.nodes
        said = [_said(number, node) for number, node in enumerate(nodes) if isinstance(node, Act | Part)]
        return pl.DataFrame(said, schema=_SAID, orient="row")


_SAID: dict[str, pl.DataType] = {
    "node": pl.Int64(),
    "step": pl.String(),
    "action": pl.String(),
    "outcome": pl.String(),
    "wave": pl.Int64(),
    "choice": pl.Int64(),
    "channel": pl.String(),
    "template": pl.String(),
    "via": pl.String(),
    "words": pl.String(),
}


def _said(number: int, node: Act | Part) -> tuple[object, ...]:
    match node:
        case Part():
            return (number, node.name, "branch", "done", None, None, None, None, None, None)
        case Act(action=Send(messages=(first, *_), wave=wave)):
            return (number, node.name, "send", None, wave, 0, first.channel, first.template, first.via, None)
        case Act(action=Measure()):
            return (number, node.name, "measure", "done", None, None, None, None, None, None)
        case Act(action=Tag(text=text)):
            return (number, node.name, "tag", "done", None, None, None, None, None, text)
        case Act(action=Staff(text=text)):
            return (number, node.name, "staff", None, None, None, "staff", None, None, text)
    raise AssertionError(node)


def _ranks(fixed: Fixed) -> Ints:
    """The place of each journey by customer, entry, line and turn."""
    line = fixed.text.get_column("line").rank("dense").fill_null(0).to_numpy()
    order = np.lexsort((fixed.turn, line, fixed.entered, fixed.code))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _together(messages: Sequence[Message], ways: Sequence[pl.Series]) -> tuple[pl.Series, pl.Series]:
    """The values of all messages as a list, and the messages with them as one JSON text."""
    frame = pl.DataFrame([way.alias(str(place)) for place, way in enumerate(ways)])
    whole = pl.concat_str([_message(one, pl.col(str(place))) for place, one in enumerate(messages)], separator=",")
    both = frame.select(pl.concat_list(pl.all()).alias("options"), (pl.lit("[") + whole + pl.lit("]")).alias("all"))
    return both.get_column("options"), both.get_column("all")


def _message(message: Message, values: pl.Expr) -> pl.Expr:
    """A message as JSON."""
    head = json.dumps(
        {"channel": message.channel, "template": message.template}, ensure_ascii=False, separators=(",", ":")
    )
    via = json.dumps(message.via, ensure_ascii=False)
    return pl.lit(f'{head[:-1]},"values":') + values + pl.lit(f',"via":{via}}}')


def _nothing(dtype: pl.DataType, n: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, n)


def _shown(value: ir.Expr) -> tuple[ir.Expr, Type]:
    """A value as it is handed to a template: an age is the time that has passed."""
    if value.type == AGE:
        return ir.Apply("elapsed", (value,), DURATION), DURATION
    return value, value.type
