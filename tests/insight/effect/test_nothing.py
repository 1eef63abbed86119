"""A campaign that does nothing, looked at again and again: seldom is an effect found that is not there."""

from __future__ import annotations

import rulecrm
from rulecrm.insight import Shop
from rulecrm.insight.effect.comparing import Way, compared
from rulecrm.insight.effect.outcomes import Outcomes
from rulecrm.insight.effect.trial import trial_of
from rulecrm.model.durations import Duration
from tests.insight.effect.world import DAY, HEAD, MADE, START, frames

CAMPAIGNS = 20
LOOKS = tuple(range(25, 106, 20))
LEVEL = 0.8
"""One in five is fooled at most; with a higher level it would take more campaigns to see."""


def found(shop: Shop, campaign: str) -> dict[str, bool]:
    """Whether 0 is outside the interval for one look, and for any number of them."""
    trial = trial_of(shop, campaign)
    seen = Outcomes(shop, trial).seen("repurchase", Duration(days=10), trial.whole, wave=None)
    told = {}
    for name, planned in (("once", None), ("ever", 80)):
        one = compared(seen, "repurchase", "10d", None, Way(LEVEL, planned, "control")).compared
        assert one is not None
        told[name] = one.low is not None and one.high is not None and not one.low <= 0 <= one.high
    return told


def test_who_peeks_at_a_campaign_that_does_nothing_is_seldom_fooled() -> None:
    # Each campaign draws its own control group among the same customers, and sends nothing.
    names = [f"nothing_{number}" for number in range(CAMPAIGNS)]
    text = HEAD + "".join(
        f"campaign {name} {{ enter on purchase  control 50%  send sms hello }}\n" for name in names
    )  # fmt: skip
    rules, facts = rulecrm.loads(text), rulecrm.Facts.from_frames(**frames(120))
    engine = rulecrm.Engine(rules, facts, state="sqlite://", start=START)
    MADE.append(engine)
    engine.advance(START + max(LOOKS) * DAY)
    fooled: dict[str, set[str]] = {"once": set(), "ever": set()}
    for day in LOOKS:
        shop = Shop.of(rules, facts, as_of=START + day * DAY, engine=engine)
        for name in names:
            for way, wrong in found(shop, name).items():
                fooled[way] |= {name} if wrong else set()
    # More than 8 of 20, where one in five is fooled, come in 1 % of all seeds; this one is settled.
    assert len(fooled["ever"]) <= 8
    assert len(fooled["once"]) > len(fooled["ever"])
