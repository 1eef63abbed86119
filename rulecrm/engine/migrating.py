"""Migration: journeys of older versions of a campaign taken over to the current one, by a rule written down.

In: journeys under way, the current version, which step of theirs is which of its. Out: the same, moved over.
Invariant: only where a journey rests changes, and under which version; what it has done, and when, stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model.machine import Campaign, Loop, Rest

__all__ = ["migrated"]


def migrated(live: pl.DataFrame, campaign: Campaign, steps: Mapping[str, str]) -> pl.DataFrame:
    """Journeys of older versions that rest at one of the steps, as journeys of the current version.

    Args:
        live: journeys under way of the campaign, the columns of `JOURNEYS`.
        campaign: its current version.
        steps: from the step at which they rest to that of the current version; others finish on their own version.

    Raises:
        RulesError: R473, a step that the campaign has not, or that a journey cannot take over to.
    """
    rests = {node.name: number for number, node in enumerate(campaign.automaton.nodes) if isinstance(node, Rest)}
    for wanted in steps.values():
        if wanted not in rests:
            message = f"nobody rests at a step `{wanted}` of `{campaign.symbol}`"
            raise _refused(message, near_or_all(wanted, rests))
    older = live.filter(pl.col("version") != campaign.version, pl.col("step").is_in(list(steps)))
    _check(older, campaign, steps)
    step = pl.col("step").replace_strict(dict(steps), default=None, return_dtype=pl.String)
    node = step.replace_strict(rests, default=None, return_dtype=live.schema["node"])
    return older.with_columns(step.alias("step"), node.alias("node"), pl.lit(campaign.version).alias("version"))


def _check(older: pl.DataFrame, campaign: Campaign, steps: Mapping[str, str]) -> None:
    """A journey brings along the fields that the current version reads, and is in the loops that the step is in."""
    wanted = {name for name, _ in campaign.carried}
    for carried in older.get_column("carried").unique().to_list():
        lacking = sorted(wanted - set(json.loads(carried)))
        if lacking:
            message = f"`{campaign.symbol}` now reads `entry.{lacking[0]}`, which journeys under way did not keep"
            raise _refused(message, "let them finish on the version they were entered with")
    for step, rounds in older.select("step", "rounds").unique().iter_rows():
        for loop in _around(campaign, steps[step]):
            if str(loop.loop) not in json.loads(rounds):
                message = (
                    f"the step `{steps[step]}` is inside the `repeat` of step {loop.name}, and `{step}` was in none"
                )
                raise _refused(message, "take them over to a step outside, or let them finish")


def _around(campaign: Campaign, step: str) -> Sequence[Loop]:
    heads = (node for node in campaign.automaton.nodes if isinstance(node, Loop) and node.first)
    return [head for head in heads if step == head.name or step.startswith(f"{head.name}.")]


def _refused(message: str, help_: str) -> RulesError:
    return RulesError([Diagnostic("R473", message, help=help_)])
