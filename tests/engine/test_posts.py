"""A template where everybody reads: once for each key, whatever happens."""

from __future__ import annotations

import pytest

import rulecrm
from rulecrm.model.sending import Traits
from rulecrm.testing.faults import Fault
from rulecrm.testing.memory import MemoryChannel, MemoryWall

RULES = rulecrm.loads(
    """
timezone "UTC"
param store: text = "Tea & Co"
template news for social {
  body "{{ store }}: {{ what }} on {{ today }}"
  locale "zh" { body "{{ store }}：{{ what }}" }
}
template hello for social "Hello {{ customer.nick }}"
template plain for social "We are open."
"""
)
TRAITS = Traits(channel="social", provider="memory", address="social", longest=60)


def engine(wall: MemoryChannel) -> rulecrm.Engine:
    return rulecrm.Engine(RULES, rulecrm.Facts.from_frames(), state="sqlite://", channels={"wall": wall})


def test_a_post_has_params_values_and_the_clock() -> None:
    wall = MemoryWall(TRAITS)
    with engine(wall) as made:
        done = made.post("news", route="wall", values={"what": "New tea"}, now="2025-11-12T10:00")
        assert (done.outcome, done.before, done.key, done.provider_id) == ("accepted", False, "news", "post-1")
        made.post("news", route="wall", key="second", values={"what": "新茶"}, language="zh-CN")
    assert [one.text for one in wall.posts] == ["Tea & Co: New tea on 2025-11-12", "Tea & Co：新茶"]


def test_a_key_is_posted_once() -> None:
    wall = MemoryWall(TRAITS)
    with engine(wall) as made:
        made.post("plain", route="wall")
        second = made.post("plain", route="wall")
        assert (second.outcome, second.before, second.provider_id) == ("accepted", True, "post-1")
        made.post("plain", route="wall", key="tuesday")
        assert made.post("plain", route="wall", again=True).before is False
    assert len(wall.posts) == 3
    assert wall.keys[0] != wall.keys[1]
    assert wall.keys[0] == wall.keys[2]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.SLOW])
def test_a_lost_answer_is_never_posted_again_blindly(fault: Fault) -> None:
    wall = MemoryWall(TRAITS)
    wall.fail(fault)
    with engine(wall) as made:
        assert made.post("plain", route="wall").outcome == "unknown"
        second = made.post("plain", route="wall")
        assert (second.outcome, second.before) == ("unknown", True)
        assert len(wall.posts) == 1
        assert made.post("plain", route="wall", again=True).outcome == "accepted"
    assert len(wall.posts) == 2


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CREDENTIALS, Fault.UNREACHABLE])
def test_what_was_refused_may_be_posted_later(fault: Fault) -> None:
    wall = MemoryWall(TRAITS)
    wall.fail(fault)
    with engine(wall) as made:
        assert made.post("plain", route="wall").outcome in {"retry", "config"}
        done = made.post("plain", route="wall")
        assert (done.outcome, done.before) == ("accepted", False)
    assert len(wall.posts) == 1


def test_a_channel_that_raises_or_is_killed_leaves_an_unknown_post() -> None:
    class Broken(MemoryWall):
        async def post(self, content: object, key: str) -> object:  # type: ignore[override]
            raise KeyboardInterrupt

    with engine(Broken(TRAITS)) as made:
        with pytest.raises(KeyboardInterrupt):
            made.post("plain", route="wall")
        again = made.post("plain", route="wall")
    assert (again.outcome, again.before) == ("unknown", True)


def test_a_dry_run_posts_nothing() -> None:
    wall = MemoryWall(TRAITS)
    with engine(wall) as made:
        done = made.post("plain", route="wall", dry_run=True)
        assert (done.outcome, done.content.text) == ("not done", "We are open.")
        assert made.post("plain", route="wall").before is False
    assert len(wall.posts) == 1


def test_too_long_a_text_is_not_posted() -> None:
    wall = MemoryWall(TRAITS)
    with engine(wall) as made:
        done = made.post("news", route="wall", values={"what": "x" * 60})
        assert (done.outcome, done.provider_id) == ("policy", None)
    assert not wall.posts


@pytest.mark.parametrize(
    ("template", "route", "code", "word"),
    [
        ("new", "wall", "R120", "did you mean `news`?"),
        ("plain", "wal", "R494", "did you mean `wall`?"),
        ("plain", "sms", "R494", "does not post"),
        ("news", "wall", "R495", "`what`, which nobody gives"),
        ("hello", "wall", "R495", "`customer.nick`, an attribute of customers"),
    ],
)
def test_what_is_not_there_is_said(template: str, route: str, code: str, word: str) -> None:
    channels = {"wall": MemoryWall(TRAITS), "sms": MemoryChannel()}
    with (
        rulecrm.Engine(RULES, rulecrm.Facts.from_frames(), state="sqlite://", channels=channels) as made,
        pytest.raises(rulecrm.RulesError) as raised,
    ):
        made.post(template, route=route)
    (found,) = raised.value.diagnostics
    assert found.code == code
    assert word in f"{found.message} {found.help}"
