"""How many customers a campaign needs: from those who would have entered, and what they did anyway."""

from __future__ import annotations

import math

import pytest

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Shop, campaign_size
from rulecrm.insight.statistics import required_size
from tests.insight.effect import oracle
from tests.insight.effect.world import CARE, DAY, HEAD, START, frames


def of(text: str = CARE, as_of: float = 80) -> Shop:
    return Shop.of(rulecrm.loads(text), rulecrm.Facts.from_frames(**frames()), as_of=START + as_of * DAY)


def test_the_natural_rate_is_that_of_those_who_would_have_entered() -> None:
    row = campaign_size(of(), "care", uplift=0.05, window="20d", lookback="40d").frame.row(0, named=True)
    bought = oracle.purchases(frames())
    first, end = START + 20 * DAY, START + 60 * DAY
    # Everybody enters on a purchase: the first one in the 40 days that end 20 days ago.
    entered = {
        who: min(at for at, *_ in rows if first < at) for who, rows in bought.items() if any(first < r[0] for r in rows)
    }
    entered = {who: at for who, at in entered.items() if at <= end}
    again = sum(any(at < later <= at + 20 * DAY for later, *_ in bought[who]) for who, at in entered.items())
    assert (row["observed"], row["base"]) == (len(entered), again / len(entered))
    sizes = required_size(row["base"], 0.05, ratio=3)
    assert (row["treated"], row["control"], row["customers"]) == (sizes.treated, sizes.control, sizes.total)
    assert row["control_share"] == 0.25
    assert row["days"] == math.ceil(sizes.total / (len(entered) / 40))


def test_less_to_be_seen_needs_more_and_revenue_is_sized_too() -> None:
    shop = of()
    sizes = [campaign_size(shop, "care", uplift=one).frame["customers"][0] for one in (0.1, 0.05, 0.01)]
    assert sizes == sorted(sizes)
    row = campaign_size(shop, "care", uplift=20, measure="revenue").frame.row(0, named=True)
    assert row["deviation"] > 0
    assert row["customers"] == row["treated"] + row["control"]


def test_a_campaign_at_a_date_to_come_takes_everybody_and_says_so() -> None:
    text = HEAD + "campaign eleven { enter at 2025-11-11T10:00  control 50%  send sms hello }\n"
    figure = campaign_size(of(text), "eleven", uplift=0.05)
    assert [one.code for one in figure.remarks] == ["R817"]
    assert figure.frame["days"].to_list() == [None]
    assert figure.frame["customers"][0] > 0
    given = campaign_size(of(text), "eleven", uplift=0.05, base=0.1)
    assert given.remarks == ()
    assert given.frame["customers"][0] == required_size(0.1, 0.05).total


def test_what_no_number_follows_from_is_said() -> None:
    text = HEAD + "campaign care { enter on purchase  send sms hello }\n"
    assert [one.code for one in campaign_size(of(text), "care", uplift=0.05).remarks] == ["R802"]
    before = campaign_size(of(as_of=-40), "care", uplift=0.05)
    assert [one.code for one in before.remarks] == ["R804"]
    assert before.frame["customers"].to_list() == [None]
    quick = campaign_size(of(), "care", uplift=0.05, window="1m")  # nobody comes back within a minute
    assert [one.code for one in quick.remarks] == ["R807"]
    empty = Shop.of(rulecrm.loads(CARE), rulecrm.Facts.from_frames(), as_of=START)
    assert [one.code for one in campaign_size(empty, "care", uplift=0.05).remarks] == ["R808"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"uplift": 0}, "R819"), ({"uplift": 0.9, "base": 0.5}, "R819"), ({"uplift": 0.1, "level": 95}, "R819"),
        ({"uplift": 0.1, "control": 10}, "R819"), ({"uplift": 0.1, "measure": "margin"}, "R120"),
        ({"uplift": 1, "measure": "revenue", "base": 0.1}, "R818"), ({"uplift": 0.1, "window": "soon"}, "R800"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_a_diagnostic(asked: dict[str, object], code: str) -> None:
    with pytest.raises(RulesError) as error:
        campaign_size(of(), "care", **asked)  # type: ignore[arg-type]
    assert [one.code for one in error.value.diagnostics] == [code]
