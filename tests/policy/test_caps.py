"""Caps and budgets, many messages at once: the same as asking one after the other."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.durations import Duration
from rulecrm.model.machine import Budget, Cap
from rulecrm.policy import caps
from rulecrm.policy.caps import over_limits

HOUR = 3_600_000_000
AT = 1_748_822_400_000_000  # 2025-06-02T00:00Z, a Monday
SCHEMA = {"customer": pl.String, "campaign": pl.String, "channel": pl.String, "due": pl.Int64}

Message = tuple[str, str, str, int]

words = st.sampled_from
messages = st.tuples(words("abc"), words(["one", "two"]), words(["sms", "email"]), st.integers(0, 80))
lengths = words([Duration(micros=5 * HOUR), Duration(days=1), Duration(days=2)])
channels = words([None, "sms", "email"])
limited = st.builds(Cap, st.integers(1, 3), channels, lengths) | st.builds(
    Cap, st.integers(1, 3), channels, st.none(), st.just("day")
)
spent = st.builds(Budget, st.integers(1, 5), channels, lengths)


def in_turn(
    asked: list[Message], granted: list[Message], caps: list[Cap], budgets: dict[str, list[Budget]]
) -> list[str]:
    """docs/machine.md, read literally: what each message breaks by what was granted before it."""
    had = list(granted)
    broken = []
    for customer, campaign, channel, due in asked:
        word = ""
        for budget in reversed(budgets.get(campaign, [])):
            mine = [one for one in had if one[1] == campaign and budget.channel in (None, one[2])]
            length = budget.per.days * 24 * HOUR + budget.per.micros
            if budget.channel in (None, channel) and sum(due - length < one[3] <= due for one in mine) >= budget.count:
                word = "budget"
        for cap in reversed(caps):
            mine = [one for one in had if one[0] == customer and cap.channel in (None, one[2])]
            since = due // (24 * HOUR) * 24 * HOUR - 1
            if cap.per is not None:
                since = due - cap.per.days * 24 * HOUR - cap.per.micros
            if cap.channel in (None, channel) and sum(since < one[3] <= due for one in mine) >= cap.count:
                word = "cap"
        if not word:
            had.append((customer, campaign, channel, due))
        broken.append(word)
    return broken


@pytest.mark.parametrize("pays", [1, 10**9], ids=["one by one", "in rounds"])
@given(
    st.lists(messages, max_size=40),
    st.lists(messages, max_size=8),
    st.lists(limited, max_size=2),
    st.dictionaries(words(["one", "two"]), st.lists(spent, min_size=1, max_size=2)),
)
def test_all_at_once_is_one_after_the_other(
    pays: int, asked: list[Message], granted: list[Message], limits: list[Cap], budgets: dict[str, list[Budget]]
) -> None:
    asked = sorted(((*one[:3], AT + one[3] * HOUR) for one in asked), key=lambda one: one[3])
    granted = [(*one[:3], AT - one[3] * HOUR) for one in granted]
    frames = [pl.DataFrame(rows, schema=SCHEMA, orient="row") for rows in (asked, granted)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caps, "_PAYS", pays)
        found = over_limits(*frames, limits, budgets, "UTC")
    assert [(word or "").partition(":")[0] for word in found] == in_turn(asked, granted, limits, budgets)
