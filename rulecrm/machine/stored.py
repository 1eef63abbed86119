"""Journeys as rows of the table `JOURNEYS`, and back.

In: journeys, or rows of the table. Out: the other.
Invariant: a journey that is written and read again goes on as if it had never been away, whatever facts have come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rulecrm.machine.live import LEFT, NOWHERE, Fixed, Journeys
from rulecrm.machine.words import from_json, to_json
from rulecrm.model.decisions import JOURNEYS
from rulecrm.model.machine import Act, Campaign, Choose, EnterOn, Loop, Node, Part, Rest, Stop
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.register import NEVER, Register

__all__ = ["SHAPE", "kinds_of", "loops_of", "read", "write"]

SHAPE: dict[str, pl.DataType] = {column.name: dtype_of(column.type) for column in JOURNEYS}
"""Columns of the table inside: instants are Int64."""

_TEXT = ("customer", "line", "why", "arm", "version", "decided")
_ALL = "*"


def kinds_of(campaign: Campaign) -> tuple[str, ...]:
    """Kinds whose rows move the journeys of a campaign, or are entered on."""
    kinds = [entry.rows.kind for entry in campaign.entries if isinstance(entry, EnterOn)]
    for node in campaign.automaton.nodes:
        if isinstance(node, Rest):
            kinds.extend(event.rows.kind for event in node.events)
    return tuple(sorted(set(kinds)))


def loops_of(campaign: Campaign) -> int:
    """How many loops a campaign has."""
    return 1 + max((node.loop for node in campaign.automaton.nodes if isinstance(node, Loop)), default=-1)


def read(rows: pl.DataFrame, campaign: Campaign, register: Register) -> Journeys:
    """Journeys that are under way.

    Args:
        rows: of the table, those of one version of the campaign.
        campaign: that version.
        register: of the customers.
    """
    n = len(rows)
    keys = rows.get_column("customer").cast(register.keys.dtype, strict=False)
    nodes = rows.get_column("node").to_numpy().astype(np.int32)
    resting = {node.name: number for number, node in enumerate(campaign.automaton.nodes) if isinstance(node, Rest)}
    standing = np.array([isinstance(node, Rest) for node in campaign.automaton.nodes])[nodes]
    last = rows.get_column("step").replace_strict(resting, default=NOWHERE, return_dtype=pl.Int32).to_numpy()
    kinds, loops = kinds_of(campaign), loops_of(campaign)
    past = rows.get_column("past").str.json_decode(pl.Struct(dict.fromkeys((*kinds, _ALL), pl.Int64()))).struct.unnest()
    rounds, starts = _read_loops(rows.get_column("rounds"), loops)
    fixed = Fixed(
        register.encode(keys),
        rows.get_column("entered").to_numpy(),
        rows.get_column("turn").to_numpy(),
        rows.select(_TEXT),
        from_json(rows.get_column("carried"), dict(campaign.carried)),
    )
    return Journeys(
        fixed,
        np.full(n, NEVER),
        nodes,
        np.where(standing, nodes, last),
        rows.get_column("at").to_numpy().copy(),
        past.get_column(_ALL).is_not_null().to_numpy().copy(),
        {kind: past.get_column(kind).fill_null(0).to_numpy().copy() for kind in kinds},
        rounds,
        starts,
        np.full(n, NEVER),
        np.full(n, NOWHERE, np.int32),
        np.zeros(n, bool),
    )


def write(journeys: Journeys, ids: pl.Series, campaign: Campaign, currency: str) -> pl.DataFrame:
    """The rows of journeys with these ids."""
    nodes = campaign.automaton.nodes
    names = pl.Series([*(_name(node) for node in nodes), ""], dtype=pl.String)
    reasons = pl.Series([*(node.reason if isinstance(node, Stop) else None for node in nodes), "left"], dtype=pl.String)
    fixed, n = journeys.fixed, len(journeys)
    ended = ~journeys.under_way
    why = np.where(journeys.reason == LEFT, len(nodes), np.maximum(journeys.reason, 0))
    table = fixed.text.with_columns(
        ids.alias("journey"),
        pl.lit(campaign.symbol).alias("campaign"),
        pl.Series("entered", fixed.entered),
        pl.Series("turn", fixed.turn),
        pl.Series("node", journeys.node),
        names.gather(pl.Series(np.where(journeys.step == NOWHERE, len(nodes), journeys.step))).alias("step"),
        pl.Series("at", journeys.at),
        _write_past(journeys).alias("past"),
        _write_loops(journeys).alias("rounds"),
        to_json([(name, fixed.carried.get_column(name), kind) for name, kind in campaign.carried], n, currency).alias(
            "carried"
        ),
        pl.Series("ended", journeys.ended),
        reasons.gather(pl.Series(why)).alias("reason"),
        pl.Series("over", ended),
    ).with_columns(pl.when("over").then("ended").alias("ended"), pl.when("over").then("reason").alias("reason"))
    return table.select(pl.col(name).cast(shape) for name, shape in SHAPE.items())


def _name(node: Node) -> str:
    match node:
        case Rest(name=name) | Act(name=name) | Choose(name=name) | Part(name=name) | Loop(name=name):
            return name
        case Stop():
            return ""
    raise AssertionError(node)


def _write_past(journeys: Journeys) -> pl.Series:
    kinds = sorted(journeys.past)
    members = [pl.when(pl.col(kind) > 0).then(pl.format(f'"{kind}":{{}}', pl.col(kind))) for kind in kinds]
    frame = pl.DataFrame({**journeys.past, "all past": journeys.all_past})
    if not members:
        return frame.select(_past_by_time(pl.lit("{}"))).to_series()
    return frame.select(_past_by_time(_object(members))).to_series()


def _past_by_time(otherwise: pl.Expr) -> pl.Expr:
    return pl.when("all past").then(pl.lit(f'{{"{_ALL}":-1}}')).otherwise(otherwise)


def _write_loops(journeys: Journeys) -> pl.Series:
    columns: dict[str, Ints] = {}
    for loop, (rounds, starts) in enumerate(zip(journeys.rounds, journeys.starts, strict=True)):
        columns[str(loop)], columns[f"start {loop}"] = rounds, starts
    names = [str(loop) for loop in range(len(journeys.rounds))]
    if not names:
        return pl.Series(["{}"], dtype=pl.String).new_from_index(0, len(journeys))
    members = [
        pl.when(pl.col(name) > 0).then(pl.format(f'"{name}":[{{}},{{}}]', pl.col(name), pl.col(f"start {name}")))
        for name in names
    ]
    return pl.DataFrame(columns).select(_object(members)).to_series()


def _object(members: Sequence[pl.Expr]) -> pl.Expr:
    """Members put together; one that is missing is left out."""
    return pl.lit("{") + pl.concat_str(members, separator=",", ignore_nulls=True) + pl.lit("}")


def _read_loops(text: pl.Series, loops: int) -> tuple[Ints, Ints]:
    rounds, starts = np.zeros((loops, len(text)), np.int32), np.zeros((loops, len(text)), np.int64)
    if loops:
        known = text.str.json_decode(
            pl.Struct({str(loop): pl.List(pl.Int64) for loop in range(loops)})
        ).struct.unnest()  # fmt: skip
        for loop, column in enumerate(known):
            rounds[loop] = column.list.get(0, null_on_oob=True).fill_null(0).to_numpy()
            starts[loop] = column.list.get(1, null_on_oob=True).fill_null(0).to_numpy()
    return rounds, starts
