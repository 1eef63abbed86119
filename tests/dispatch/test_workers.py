"""Several workers at one time, in SQLite and in PostgreSQL: caps hold, rates are shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

import rulecrm
from rulecrm.dispatch import Routes, Sending
from rulecrm.model.sending import Rate
from tests.dispatch.world import BOUGHT, DAY, SMS, START, Channel, Clock, customers, facts
from tests.state.postgres import Server, running

RULES = (
    SMS.replace("send sms hello", "send sms hello  wait 7d  send sms hello") + "policy { at most 1 sms per 7d }\n"
)  # fmt: skip
COUNT = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/crm.db"
    else:
        with request.getfixturevalue("server").schema() as schema:
            yield schema


def test_a_cap_holds_whoever_sends(url: str) -> None:
    """Both messages of each customer are due, and one may go."""
    channels = [Channel("sms"), Channel("sms"), Channel("sms")]
    engines = [worker(url, channel) for channel in channels]
    engines[0].advance(BOUGHT + 7 * DAY)
    assert engines[0].decisions()["outcome"].to_list() == ["queued"] * 2 * COUNT
    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(lambda one: one.dispatch(clock=Clock(BOUGHT + 7 * DAY)), engines))
    counts = Counter(engines[0].decisions()["outcome"].to_list())
    for one in engines:
        one.close()
    assert counts == {"sent": COUNT, "capped": COUNT}
    whom = Counter(name for channel in channels for name in channel.whom)
    assert set(whom.values()) == {1}


def test_a_rate_is_shared(url: str) -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), facts(customers(1)), state=url, start=START) as engine:
        buckets = engine._ledger.buckets
        first = buckets.reserve("sms", [(10, 1.0)], 5, 0, 60_000_000)
        second = buckets.reserve("sms", [(10, 1.0)], 5, 0, 60_000_000)
        assert (first.count, first.start, first.gap) == (5, 0, 100_000)
        assert (second.count, second.start) == (5, 500_000)
        # Half of what was reserved lies in the past by now, and nothing was saved up before.
        third = buckets.reserve("sms", [(10, 1.0)], 1, 600_000, 60_000_000)
        assert third.start == 1_000_000
        late = buckets.reserve("sms", [(10, 1.0)], 3, 90_000_000, 60_000_000)
        assert (late.count, late.start) == (3, 90_000_000)
        # The slowest of several rates counts, and what lies too far ahead is not reserved.
        few = buckets.reserve("mail", [(10, 1.0), (2, 3600.0)], 5, 0, 60_000_000)
        assert (few.count, few.start) == (1, 0)
        none = buckets.reserve("mail", [(10, 1.0), (2, 3600.0)], 5, 0, 60_000_000)
        assert (none.count, none.start) == (0, 1_800_000_000)
        buckets.pause("sms", 200_000_000)
        buckets.pause("sms", 150_000_000)
        assert buckets.paused("sms") == 200_000_000
        paused = buckets.reserve("sms", [(10, 1.0)], 1, 190_000_000, 60_000_000)
        assert paused.start == 200_000_000


def worker(url: str, channel: Channel) -> rulecrm.Engine:
    routes = Routes.of({"sms": channel}, sending=Sending(expires_hours=24 * 30))
    return rulecrm.Engine(rulecrm.loads(RULES), facts(customers(COUNT)), state=url, start=START, routes=routes)


def test_the_rate_of_one_is_that_of_all(url: str) -> None:
    clock = Clock(BOUGHT)
    channels = [Channel("sms", clock=clock, rates=(Rate(4, 1.0),)) for _ in range(2)]
    engines = [worker(url, channel) for channel in channels]
    engines[0].advance(BOUGHT)
    began = clock.instant
    for engine in engines:
        engine.dispatch(clock=clock, limit=8)
    for engine in engines:
        engine.close()
    seconds = sorted((at - began).total_seconds() for channel in channels for at in channel.times)
    assert len(seconds) == 16
    assert all(later - sooner >= 0.2499 for sooner, later in pairwise(seconds))
