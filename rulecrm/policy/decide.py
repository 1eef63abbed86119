"""What becomes of every message: one outcome each, by docs/machine.md, "The policy".

In: candidates of all campaigns, what was granted before, and who may be reached. Out: the same rows with their outcome.
Invariant: every candidate leaves with exactly one outcome; what is deferred leaves with an instant after `to`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import field, frozen

from rulecrm.model.decisions import bucket_seed
from rulecrm.model.machine import Budget, Campaign, Policy, Quiet
from rulecrm.policy.caps import over_limits
from rulecrm.policy.quiet import free_at
from rulecrm.policy.reach import Reach
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.hashing import buckets_of

__all__ = ["Grants", "Ranking", "decide"]

Grants = pl.DataFrame
"""Messages granted before: `customer`, `campaign`, `channel`, `due` (Int64), outcome `queued` or a channel's."""


@frozen
class Ranking:
    """Who comes first among campaigns, and what each may spend.

    Attributes:
        place: rank by symbol; 0 comes first.
        budgets: by symbol.
        seed: the engine's, for ties among customers.
    """

    place: Mapping[str, int]
    budgets: Mapping[str, tuple[Budget, ...]] = field(factory=dict)
    seed: str = "rulecrm"

    @classmethod
    def of(cls, campaigns: Sequence[Campaign], policy: Policy, seed: str) -> Ranking:
        """By the policy's order, then by priority, then as they are written."""
        named = {symbol: number for number, symbol in enumerate(policy.order)}
        last = (1, 0)

        def rank(campaign: Campaign) -> tuple[int, tuple[int, int]]:
            urgent = last if campaign.priority is None else (0, campaign.priority)
            return named.get(campaign.symbol, len(named)), urgent

        ordered = sorted(campaigns, key=rank)  # a stable sort: ties stay in text order
        place = {campaign.symbol: number for number, campaign in enumerate(ordered)}
        return cls(place, {one.symbol: one.budgets for one in campaigns if one.budgets}, seed)


def decide(
    candidates: pl.DataFrame,
    *,
    policy: Policy,
    ranking: Ranking,
    granted: Grants,
    reach: Reach,
    to: int,
) -> pl.DataFrame:
    """The outcome of every candidate.

    Args:
        candidates: columns `decision`, `customer`, `campaign`, `arm`, `entered`, `action` (`send` or `staff`), `order`
            (Int64: which step comes first), `due` (Int64, not after `to`) and `messages` (List(String): the channels of
            its messages, the first choice first; for the staff one, `staff`).
        policy: what no campaign may break.
        ranking: who comes first.
        granted: messages granted before.
        reach: who may be reached.
        to: the end of the advance.

    Returns:
        `decision`, `outcome`, `reason`, `due`, `choice`, `channel`, in the order of the candidates.
    """
    if not len(candidates):
        return candidates.select("decision", *(pl.lit(None, dtype).alias(name) for name, dtype in _SETTLED.items()))
    work = candidates.with_row_index("row").with_columns(
        *(pl.lit(None, dtype).alias(name) for name, dtype in _SETTLED.items() if name != "due"),
        free=pl.col("due"),
    )
    work = _by_arm(work)
    asked = _gate(work, policy, reach, to)
    return _limit(asked, policy, ranking, granted, reach.zone).sort("row").select("decision", *_SETTLED)


_SETTLED = {
    "outcome": pl.String(),
    "reason": pl.String(),
    "due": pl.Int64(),
    "choice": pl.Int64(),
    "channel": pl.String(),
}


def _by_arm(work: pl.DataFrame) -> pl.DataFrame:
    """Control and holdout: nothing is sent to them, and the ledger says what would have been."""
    held = pl.col("arm").is_in(["control", "holdout"])
    return work.with_columns(
        outcome=pl.when(held).then(pl.col("arm")),
        choice=pl.when(held | (pl.col("action") == "staff")).then(pl.lit(0, pl.Int64)),
        channel=pl.when(held | (pl.col("action") == "staff")).then(pl.col("messages").list.first()),
    )


def _gate(work: pl.DataFrame, policy: Policy, reach: Reach, to: int) -> pl.DataFrame:
    """Consent, suppression and quiet hours, asked again at the end of every stretch of quiet hours."""
    open_ = pl.col("outcome").is_null() & (pl.col("action") == "send")
    done = [work.filter(~open_)]
    rest = work.filter(open_)
    while len(rest):
        rest = _reached(rest, reach)
        done.append(rest.filter(pl.col("outcome").is_not_null()))
        rest = rest.filter(pl.col("outcome").is_null())
        due = rest.get_column("due").to_numpy()
        free = due
        if policy.quiet and len(rest):
            free = free_at(due, reach.zones(rest.get_column("customer"), due), policy.quiet)
        rest = rest.with_columns(free=pl.Series(free, dtype=pl.Int64))
        late = (pl.col("free") > pl.col("due")) & (pl.col("free") > to)
        done.append(
            rest.filter(late).with_columns(
                outcome=pl.lit("quiet"), reason=pl.lit(_hours(policy.quiet)), due=pl.col("free")
            )
        )
        done.append(rest.filter(pl.col("free") == pl.col("due")))
        rest = rest.filter((pl.col("free") > pl.col("due")) & (pl.col("free") <= to)).with_columns(due=pl.col("free"))
    return pl.concat(done)


def _reached(rest: pl.DataFrame, reach: Reach) -> pl.DataFrame:
    """The first of its messages that may be sent to each; where there is none, why the first may not."""
    channels = rest.get_column("messages")
    most = channels.list.len().max()
    assert isinstance(most, int)
    customers, due = rest.get_column("customer"), rest.get_column("due").to_numpy()
    choice = np.full(len(rest), -1, np.int64)
    why = np.full(len(rest), "", object)
    for number in range(most):
        names = channels.list.get(number, null_on_oob=True)
        for name in names.drop_nulls().unique(maintain_order=True).to_list():
            here = np.flatnonzero((names == name).fill_null(False).to_numpy() & (choice < 0))
            if not len(here):
                continue
            keys, instants = customers.gather(pl.Series(here)), due[here]
            refused = reach.refused(name, keys, instants).to_numpy()
            dead = reach.suppressed(name, keys, instants).to_numpy()
            if number == 0:
                why[here] = np.where(refused, "no consent", np.where(dead, "suppressed", ""))
            choice[here[~(refused | dead)]] = number
    outcome = pl.Series([word or None for word in np.where(choice < 0, why, "")], dtype=pl.String)
    chosen = pl.Series(np.maximum(choice, 0))
    return rest.with_columns(
        outcome=outcome,
        choice=chosen,
        channel=channels.list.get(chosen),
        reason=pl.when(outcome.is_not_null()).then(pl.concat_str(outcome, pl.lit(" for "), channels.list.first())),
    )


def _limit(asked: pl.DataFrame, policy: Policy, ranking: Ranking, granted: Grants, zone: str) -> pl.DataFrame:
    """Caps and budgets, in the order of due instants and ranks."""
    sends = asked.filter(pl.col("outcome").is_null() & (pl.col("action") == "send"))
    others = asked.filter(pl.col("outcome").is_not_null() | (pl.col("action") != "send"))
    others = others.with_columns(outcome=pl.coalesce("outcome", pl.lit("queued")))
    rank = pl.col("campaign").replace_strict(dict(ranking.place), default=len(ranking.place), return_dtype=pl.Int64)
    sends = sends.with_columns(rank=rank, draw=_draws(sends, ranking)).sort(
        "due", "rank", "draw", "customer", "entered", "order", "decision"
    )
    over = over_limits(sends, granted, policy.caps, ranking.budgets, zone)
    outcome = (
        pl.when(over.is_null()).then(pl.lit("queued"))
        .when(over.str.starts_with("budget")).then(pl.lit("over budget"))
        .otherwise(pl.lit("capped"))
    )  # fmt: skip
    return pl.concat([others, sends.with_columns(outcome=outcome, reason=over).drop("rank", "draw")])


def _draws(sends: pl.DataFrame, ranking: Ranking) -> pl.Series:
    """Customers who compete for a budget are drawn; where there is none, nothing has to be."""
    draws: Ints = np.zeros(len(sends), np.int64)
    for campaign in ranking.budgets:
        here = np.flatnonzero((sends.get_column("campaign") == campaign).to_numpy())
        seed = bucket_seed(ranking.seed, campaign, "budget")
        draws[here] = buckets_of(sends.get_column("customer").gather(pl.Series(here)), seed).to_numpy()
    return pl.Series(draws)


def _hours(quiet: Sequence[Quiet]) -> str:
    return "quiet hours: " + ", ".join(f"{one.start:%H:%M}..{one.end:%H:%M}" for one in quiet)
