"""Who was in which arm of a campaign, from when on: the whole campaign, and each of its waves.

In: a shop with an engine, the name of a campaign. Out: `Trial`.
Invariant: a customer counts once, in the arm that was drawn, from the first time on, whatever was sent or done then;
nothing that happened after T is in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import known
from rulecrm.insight.effect.courses import Course
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import to_microseconds
from rulecrm.model.machine import Act, Campaign, Choose, Loop, Part, Rest, Send
from rulecrm.runtime.arrays import Ints
from rulecrm.state import Measured

__all__ = ["ARMS", "Trial", "Units", "campaign_of", "trial_of"]

ARMS = ("treated", "control", "holdout")
"""Arms, by the number that stands for each."""


@frozen(eq=False)
class Units:
    """Customers, each once.

    Attributes:
        code: numbers of the customers in `Trial.customers`.
        arm: numbers of their arms in `ARMS`.
        start: from when on their windows run: the entry, or the instant at which a wave was decided.
        entered: their first entry; what they did up to it nothing of the campaign can have changed.
    """

    code: Ints
    arm: Ints
    start: Ints
    entered: Ints

    def __len__(self) -> int:
        return len(self.code)

    def of_arm(self, arm: str) -> int:
        """How many are in an arm."""
        return int(np.count_nonzero(self.arm == ARMS.index(arm)))


@frozen(eq=False)
class Trial:
    """A campaign as an experiment.

    Attributes:
        campaign: as the rules have it now.
        holdout: buckets of the policy's holdout.
        customers: `customer` String and `code` UInt32, all who have entered.
        whole: the customers from their first entry on.
        waves: by number of the wave, the customers from the first time on that it was decided for them.
        channels: by number of the wave, the channel of its first message.
        messages: decisions about messages up to T, the columns of `rulecrm.state.measured.MESSAGED` with what was sent
            or heard after T missing, `code` and `arm`.
        charged: attempts with a price up to T, the columns of `CHARGED`.
        carried: JSON, the carried fields of the first entry of each customer of `whole`.
        again: customers who have entered more than once.
        older: customers whose first entry was with another version of the campaign.
        arms: how many customers there are in each arm, entered with the present version.
        erased: journeys of customers who were erased.
        chosen: waves that are reached, after a message has been sent, by what customers do.
        now: T, microseconds.
    """

    campaign: Campaign
    holdout: int
    customers: pl.DataFrame
    whole: Units
    waves: Mapping[int, Units]
    channels: Mapping[int, str]
    messages: pl.DataFrame
    charged: pl.DataFrame
    carried: pl.Series
    again: int
    older: int
    arms: Mapping[str, int]
    erased: int
    chosen: frozenset[int]
    now: int

    def course(self, rows: pl.LazyFrame | pl.DataFrame) -> Course:
        """Rows of those who have entered: `customer`, `at`, `value`."""
        return Course.of(rows, self.customers)

    @property
    def other(self) -> str | None:
        """The arm that the treated are compared with: `control`, else `holdout`; None where neither is there."""
        declared = {"control": self.campaign.control, "holdout": self.holdout}
        return next((arm for arm in ARMS[1:] if declared[arm] or self.whole.of_arm(arm)), None)


def campaign_of(shop: Shop, name: str) -> Campaign:
    """The campaign of this name.

    Raises:
        RulesError: R120, there is none.
    """
    campaigns = {one.symbol: one for one in shop.rules.program.journeys}
    return campaigns[known(name, campaigns, "campaign")]


def trial_of(shop: Shop, name: str) -> Trial:
    """Everybody who has entered a campaign up to T.

    Raises:
        RulesError: R120, no such campaign; R801, no engine.
    """
    campaign = campaign_of(shop, name)
    if shop.engine is None:
        what = f"what was sent for `{name}` is in the ledger of an engine, and none was given"
        raise RulesError([Diagnostic("R801", what, help="write `Shop.of(rules, facts, as_of=…, engine=engine)`")])
    engine = shop.engine
    return shop.kept(f"trial {name}", Trial, lambda: _made(shop, campaign, engine.measured(name)))


def _made(shop: Shop, campaign: Campaign, held: Measured) -> Trial:
    entries = held.assigned.filter(pl.col("entered") <= shop.as_of).sort("entered", "turn")
    first = entries.unique("customer", keep="first", maintain_order=True).sort("customer").with_row_index("code")
    customers = first.select("customer", "code")
    messages = _messages(held.messaged, shop, first)
    current = first.filter(pl.col("version") == campaign.version)
    policy = shop.rules.program.policy
    waves = {
        wave: _units(part) for (wave,), part in _first_of_waves(messages).partition_by("wave", as_dict=True).items()
    }
    return Trial(
        campaign,
        0 if policy is None else policy.holdout,
        customers,
        _units(first.with_columns(pl.col("entered").alias("at"))),
        dict(sorted(waves.items())),
        {one.wave: one.messages[0].channel for one in _sends(campaign)},
        messages,
        held.charged.filter(pl.col("begun") <= shop.as_of),
        first.get_column("carried"),
        int(entries.group_by("customer").len().filter(pl.col("len") > 1).height),
        first.height - current.height,
        {arm: current.filter(pl.col("arm") == arm).height for arm in ARMS},
        held.erased,
        _chosen(campaign),
        to_microseconds(shop.as_of),
    )


_ANSWERS = ("opened", "clicked", "replied", "unsubscribed", "complained")
_HEARD = ("sent_at", "delivered", *_ANSWERS)


def _messages(messaged: pl.DataFrame, shop: Shop, first: pl.DataFrame) -> pl.DataFrame:
    """Decisions up to T. What was answered had arrived; what a channel delivered at once arrived when it was sent."""
    told = pl.when(pl.col("outcome") == "delivered").then("sent_at")
    arrived = pl.coalesce(pl.min_horizontal("delivered", *_ANSWERS), told)
    seen = messaged.filter(pl.col("at") <= shop.as_of).with_columns(arrived.alias("delivered"))
    known_by_now = [pl.when(pl.col(name) <= shop.as_of).then(name).alias(name) for name in _HEARD]
    arms = first.select("customer", "code", "arm", "entered")
    return seen.with_columns(known_by_now).join(arms, on="customer", maintain_order="left")


def _first_of_waves(messages: pl.DataFrame) -> pl.DataFrame:
    return messages.sort("at").unique(["customer", "wave"], keep="first", maintain_order=True)


def _units(rows: pl.DataFrame) -> Units:
    """Customers with `code`, `arm`, `at` and `entered`, in the order of their codes."""
    rows = rows.sort("code")
    arms = rows.get_column("arm").replace_strict(list(ARMS), list(range(len(ARMS))), return_dtype=pl.Int64)
    at, entered = (rows.get_column(name).cast(pl.Int64).to_numpy() for name in ("at", "entered"))
    return Units(rows.get_column("code").cast(pl.Int64).to_numpy(), arms.to_numpy(), at, entered)


def _sends(campaign: Campaign) -> list[Send]:
    acts = [one.action for one in campaign.automaton.nodes if isinstance(one, Act)]
    return [one for one in acts if isinstance(one, Send)]


def _chosen(campaign: Campaign) -> frozenset[int]:
    """Waves to which a way leads that turns, after a message, on what the customer does.

    Before the first message both arms are alike, and go the same ways. So they do at a split, which goes by the
    customer's bucket, and at a wait that nothing but time ends.
    """
    nodes, found = campaign.automaton.nodes, set[int]()
    seen, going = set[tuple[int, bool, bool]](), [(campaign.automaton.start, False, False)]
    while going:
        place = going.pop()
        if place in seen:
            continue
        seen.add(place)
        number, sent, chosen = place
        node = nodes[number]
        turns = chosen
        match node:
            case Act(action=Send(wave=wave), target=target):
                found |= {wave} if chosen else set()
                sent, targets = True, [target]
            case Act(target=target):
                targets = [target]
            case Choose(yes=yes, no=no):
                turns, targets = chosen or sent, [yes, no]
            case Rest(events=events, timers=timers):
                guarded = bool(events) or campaign.lifecycle is not None or any(one.when for one in timers)
                turns = chosen or (sent and guarded)
                targets = [*(one.target for one in events), *(one.target for one in timers)]
            case Part(branches=branches, rest=rest):
                targets = [*(one.target for one in branches), rest]
            case Loop(body=body, done=done, between=between):
                targets = [body, done, between]
            case _:
                targets = []
        going += [(target, sent, turns) for target in targets]
    return frozenset(found)
