"""What becomes of every message: one outcome each, by docs/machine.md, "The policy".

In: candidates of all campaigns, what was granted before, and who may be reached. Out: the same rows with their outcome.
Invariant: every candidate leaves with exactly one outcome; what is deferred leaves with an instant after `to`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.model.decisions import bucket_seed
from rulecrm.model.machine import Budget, Campaign, Policy, Quiet
from rulecrm.model.sending import MARKETING
from rulecrm.policy.caps import over_limits
from rulecrm.policy.quiet import free_at
from rulecrm.policy.reach import Reach
from rulecrm.runtime.arrays import Bools, Ints, masked
from rulecrm.runtime.hashing import buckets_of
from rulecrm.runtime.ordering import by_time

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
            its messages, the first choice first; for the staff one, `staff`); and `purposes` (List(String): what each
            of these is for), without which all are marketing.
        policy: what no campaign may break.
        ranking: who comes first.
        granted: messages granted before.
        reach: who may be reached.
        to: the end of the advance.

    Returns:
        `decision`, `outcome`, `reason`, `due`, `choice`, `channel`, in the order of the candidates.
    """
    work = _Work.of(candidates)
    _by_arm(work)
    _gate(work, policy, reach, to)
    _limit(work, policy, ranking, granted, reach.zone)
    return work.settled()


@define(eq=False)
class _Work:
    """Candidates, and what is known of each so far; a word is held as its number in `words`.

    Attributes:
        candidates: as given.
        ways: the distinct `messages` among them, each once: channel and purpose of each message.
        way: which of these each candidate has.
        sends: which are messages to customers.
        due: instants.
        choice, channel: the message chosen, and the number of its channel; −1 while there is none.
        outcome, reason: numbers of words; −1 while there is none.
    """

    candidates: pl.DataFrame
    ways: list[list[tuple[str, str]]]
    way: Ints
    sends: Bools
    due: Ints
    choice: Ints
    channel: Ints
    outcome: Ints
    reason: Ints
    _words: dict[str, int] = field(factory=dict)

    @classmethod
    def of(cls, candidates: pl.DataFrame) -> _Work:
        """All of them, with no outcome yet."""
        n = len(candidates)
        purposes = pl.col("purposes") if "purposes" in candidates.columns else pl.lit(None, pl.List(pl.String))
        known = candidates.select("messages", purposes.alias("purposes")).with_columns(
            text=pl.concat_str(
                pl.col("messages", "purposes").list.join(_SEPARATOR).fill_null(""), separator=_SEPARATOR * 2
            )
        )
        ways = known.unique("text", maintain_order=True).with_row_index("way")
        number = known.select("text").join(ways.select("text", "way"), on="text", how="left", maintain_order="left")
        return cls(
            candidates,
            [
                [(channel, purpose or MARKETING) for channel, purpose in zip_longest(channels, purposes or ())]
                for channels, purposes in ways.select("messages", "purposes").iter_rows()
            ],
            number.get_column("way").to_numpy().astype(np.int64),
            (candidates.get_column("action") == "send").to_numpy(),
            candidates.get_column("due").to_numpy().copy(),
            choice=np.full(n, -1),
            channel=np.full(n, -1),
            outcome=np.full(n, -1),
            reason=np.full(n, -1),
        )

    def word(self, word: str) -> int:
        """The number of a word."""
        return self._words.setdefault(word, len(self._words))

    def messages(self, which: Ints, number: int) -> tuple[Ints, list[tuple[str, str]]]:
        """Which of some messages the one with this number of each is, −1 where there are fewer; and these messages."""
        known = sorted({way[number] for way in self.ways if number < len(way)})
        table = [known.index(way[number]) if number < len(way) else -1 for way in self.ways]
        found: Ints = np.array(table, np.int64)[self.way[which]]
        return found, known

    def take_first(self, which: Ints) -> None:
        """Choose the first message of each."""
        found, known = self.messages(which, 0)
        self.choice[which] = 0
        self.channel[which] = np.array([self.word(channel) for channel, _ in known], np.int64)[found]

    def column(self, name: str, which: Ints) -> pl.Series:
        """A column of some of the candidates."""
        return self.candidates.get_column(name).gather(pl.Series(which))

    def spelled(self, name: str, numbers: Ints) -> pl.Series:
        """Words by number."""
        words = pl.Series(name, [*self._words, None], dtype=pl.String)
        return words.gather(pl.Series(np.where(numbers < 0, len(words) - 1, numbers)))

    def settled(self) -> pl.DataFrame:
        """What `decide` returns."""
        return pl.DataFrame(
            [
                self.candidates.get_column("decision"),
                self.spelled("outcome", self.outcome),
                self.spelled("reason", self.reason),
                pl.Series("due", self.due),
                masked(self.choice, self.choice >= 0).alias("choice"),
                self.spelled("channel", self.channel),
            ]
        )


_SEPARATOR = "\x1f"


def _by_arm(work: _Work) -> None:
    """Control and holdout: nothing is sent to them, and the ledger says what would have been."""
    arm = work.candidates.get_column("arm")
    held = np.zeros(len(arm), bool)
    for name in ("control", "holdout"):
        here = (arm == name).to_numpy()
        work.outcome[here] = work.word(name)
        held |= here
    work.take_first(np.flatnonzero(held | ~work.sends))


def _gate(work: _Work, policy: Policy, reach: Reach, to: int) -> None:
    """Consent, suppression and quiet hours, asked again at the end of every stretch of quiet hours."""
    rest = np.flatnonzero((work.outcome < 0) & work.sends)
    while len(rest):
        _reach(work, rest, reach)
        rest = rest[work.outcome[rest] < 0]
        if not policy.quiet or not len(rest):
            return
        due = work.due[rest]
        free = free_at(due, reach.zones(work.column("customer", rest), due), policy.quiet)
        later = free > due
        rest, free = rest[later], free[later]
        work.due[rest] = free
        waits = rest[free > to]
        work.outcome[waits], work.reason[waits] = work.word("quiet"), work.word(_hours(policy.quiet))
        rest = rest[free <= to]


def _reach(work: _Work, rest: Ints, reach: Reach) -> None:
    """The first of its messages that may be sent to each; where there is none, why the first may not."""
    work.take_first(rest)
    open_ = np.ones(len(rest), bool)
    for number in range(max(len(work.ways[way]) for way in np.unique(work.way[rest]).tolist())):
        which, messages = work.messages(rest, number)
        for place, (name, purpose) in enumerate(messages):
            here = np.flatnonzero(open_ & (which == place))
            if not len(here):
                continue
            keys, instants = work.column("customer", rest[here]), work.due[rest[here]]
            refused = reach.refused(name, keys, instants, purpose=purpose).to_numpy()
            dead = reach.suppressed(name, keys, instants).to_numpy()
            if number == 0:
                for why, whom in (("suppressed", dead & ~refused), ("no consent", refused)):
                    work.outcome[rest[here[whom]]] = work.word(why)
                    work.reason[rest[here[whom]]] = work.word(f"{why} for {name}")
            fits = here[~(refused | dead)]
            open_[fits] = False
            taken = rest[fits]
            work.choice[taken], work.channel[taken], work.outcome[taken], work.reason[taken] = (
                number, work.word(name), -1, -1,
            )  # fmt: skip


def _limit(work: _Work, policy: Policy, ranking: Ranking, granted: Grants, zone: str) -> None:
    """Caps and budgets, in the order of due instants and ranks."""
    asked = np.flatnonzero((work.outcome < 0) & work.sends)
    work.outcome[work.outcome < 0] = work.word("queued")
    asked = _in_turn(work, asked, ranking)
    messages = work.candidates.select(pl.col("customer", "campaign").gather(pl.Series(asked))).with_columns(
        work.spelled("channel", work.channel[asked]), pl.Series("due", work.due[asked])
    )
    over = over_limits(messages, granted, policy.caps, ranking.budgets, zone)
    for why in over.drop_nulls().unique(maintain_order=True).to_list():
        here = asked[(over == why).fill_null(False).to_numpy()]
        work.outcome[here] = work.word("over budget" if why.startswith("budget") else "capped")
        work.reason[here] = work.word(why)


def _in_turn(work: _Work, asked: Ints, ranking: Ranking) -> Ints:
    """Those who ask, in the order in which they are asked."""
    rank = pl.col("campaign").replace_strict(dict(ranking.place), default=len(ranking.place), return_dtype=pl.Int64)
    names = ("customer", "entered", "order", "decision", "campaign")

    def ties(places: Ints) -> Ints:
        rows = asked[places]
        sends = work.candidates.select(pl.col(names).gather(pl.Series(rows))).with_columns(
            pl.Series("place", places), pl.Series("due", work.due[rows]), rank=rank
        )
        sends = sends.with_columns(draw=_draws(sends, ranking))
        ordered = sends.sort("due", "rank", "draw", "customer", "entered", "order", "decision")
        found: Ints = ordered.get_column("place").to_numpy()
        return found

    in_turn: Ints = asked[by_time(work.due[asked], ties)]
    return in_turn


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
