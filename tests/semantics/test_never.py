"""What a machine never does: which of it is an error, and what is left in peace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from rulecrm.model.durations import Duration
from rulecrm.model.machine import Act, Automaton, Branch, Part, Rest, Stop, Tag, Timer, Until
from rulecrm.semantics.compile import Compiled
from rulecrm.semantics.reach import earliest, next_nodes, reached
from tests.semantics.conftest import HEAD

SEGMENTS = "segment rich = count(purchase) > 3\nsegment poor = not rich\n"
TEMPLATES = 'template hello for sms "Hello."\n'


@pytest.fixture
def found(compiled: Callable[..., Compiled]) -> Callable[[str], list[str]]:
    """The findings of a text, each with its first letter for how bad it is: `e R313`."""

    def run(text: str) -> list[str]:
        return [
            f"{one.severity.value[0]} {one.code}" for one in compiled(HEAD + SEGMENTS + TEMPLATES + text).diagnostics
        ]

    return run


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        # rows
        ("a -> b on visit  a -> c on visit", ["e R313"]),
        ("a -> b on visit  a -> c on view", []),
        ("a -> b on visit when rich  a -> c on visit", []),
        ("a -> b on visit  a -> c on visit when rich", ["e R313"]),
        ("a -> b on visit when rich  a -> c on visit when rich", ["e R313"]),
        ("a -> b on visit when rich  a -> c on visit when poor and rich", ["e R313"]),
        ("a -> b on visit when rich and poor  a -> c on visit when rich", []),
        ('a -> b on visit where page == "x"  a -> c on visit', []),
        ('a -> b on visit where page == "x"  a -> c on visit where page == "y"', []),
        ('a -> b on visit where page == "x"  a -> c on visit where page == "x" and device == "y"', ["e R313"]),
        # what is overtaken in one state and not in another is meant
        ("a -> b on visit  any -> c on visit", []),
        ("a, b -> c on visit  any -> c on visit when rich", ["e R313"]),
        # time
        ("a -> b after 30d  a -> c after 30d", ["e R313"]),
        ("a -> b after 31d  a -> c after 30d", ["e R313"]),
        ("a -> b after 30d when rich  a -> c after 30d", []),
        ("a -> b after 29d when rich  a -> c after 30d when rich", []),
        ("a -> b after 1mo  a -> c after 30d", []),
        ("a -> b after 1mo  a -> c after 1mo1d", ["e R313"]),
        ("a -> b after 30d  a -> c after 30d without visit", ["e R313"]),
        ("a -> b after 30d without visit  a -> c after 30d", []),
        ("a -> b after 30d without visit  a -> c after 29d without view", []),
        ("a -> b after 30d without visit  a -> c after 31d without visit when rich", ["e R313"]),
    ],
)  # fmt: skip
def test_moves_that_are_never_made(found: Callable[[str], list[str]], moves: str, expected: list[str]) -> None:
    assert found(f"lifecycle l {{ start a  state b  state c  a -> b on reply  b -> c on reply  {moves} }}") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("start a  a -> b on visit  b -> a after 1d", []),
        ("start a  state b  a -> b on visit", []),
        ("start a  a -> b on visit", ["h R607"]),
        ("start a  a -> a on visit", []),
        ("start a", ["e R312"]),
        ("start a  state b  b -> a on visit", ["e R312"]),
        ("start a  state c  a -> b on visit  b -> a after 1d", ["e R311"]),
        # one finding for a part that hangs together
        ("start a  a -> b on visit  b -> a after 1d  d -> c on visit  c -> d on visit  c -> e on view", ["e R311", "h R607"]),
        ("start a  any -> b on visit  b -> c on view  c -> b on open", []),
    ],
)  # fmt: skip
def test_states_that_are_not_reached_or_not_left(
    found: Callable[[str], list[str]], body: str, expected: list[str]
) -> None:
    assert found(f"lifecycle l {{ {body} }}") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("enter on visit  exit on purchase  wait until purchase up to 3d", ["w R313"]),
        ("enter on visit  exit on purchase where paid  wait until purchase up to 3d", []),
        ("enter on visit  exit on purchase  repeat up to 2 times every 1d until purchase { wait 1h }", ["w R313"]),
        ("enter on visit  repeat up to 2 times every 1d until purchase { wait until purchase up to 1h }", ["w R313"]),
        # a wait that is overtaken inside of the repeat alone
        ("enter on visit  repeat up to 2 times every 1d until purchase { wait 1h }  wait until purchase up to 1h", []),
        ("enter on visit  wait until purchase", ["h R608"]),
        ("enter on visit  exit on refund  wait until purchase", []),
        ("enter on visit  repeat up to 2 times every 1d until refund { wait until purchase }", []),
        ('enter on visit  exit  tag "a"', ["w R314"]),
        ('enter on visit  if rich { exit } else { exit }  tag "a"  tag "b"', ["w R314"]),
        ('enter on visit  if rich { exit }  tag "a"', []),
        ('enter on visit  split { 50% a { exit } 50% b { exit } }  tag "a"', ["w R314"]),
        ('enter on visit  split { 50% a { exit } 49% b { exit } }  tag "a"', []),
        ('enter on visit  split { 100% a { } 0% b { tag "a" } }', ["w R314"]),
        ('enter on visit  repeat up to 2 times every 1d { exit  tag "a" }  tag "b"', ["w R314", "w R314"]),
        ("enter at 2025-01-02  wait until 2025-01-01", ["e R315"]),
        ("enter at 2025-01-02  wait until 2025-01-02T00:00", ["e R315"]),
        ("enter at 2025-01-02  wait until 2025-01-02T00:01", []),
        ("enter at 2025-01-02  enter on visit  wait until 2025-01-01", []),
        ("enter at 2025-01-02  enter at 2025-01-04  wait until 2025-01-03", []),
        ("enter on visit  wait until 2025-01-02  wait until 2025-01-02", ["e R315"]),
        ("enter on visit  wait until 2025-01-02  wait 1d  wait until 2025-01-03", ["e R315"]),
        ("enter on visit  wait until 2025-01-02  wait until purchase up to 1d  wait until 2025-01-03", []),
        ("enter on visit  wait until 2025-01-02  if rich { wait 1d }  wait until 2025-01-03", []),
        ("enter on visit  wait until 2025-01-02  if rich { wait 1d } else { wait 2d }  wait until 2025-01-03", ["e R315"]),
        ("enter on purchase  goal purchase within 3d  wait 1h", []),
        ("enter on purchase  goal purchase where paid within 3d  wait 1h", []),
        ("enter on visit  goal purchase within 3d  wait 1h", []),
        ("enter on purchase  goal purchase where order == entry.order within 3d  wait 1h", ["e R316"]),
        ("enter on purchase  goal order where entry.order == order within 3d  wait 1h", ["e R316"]),
        ("enter on order  goal purchase where order == entry.order within 3d  wait 1h", []),
        ("enter on purchase  enter on order  goal purchase where order == entry.order within 3d  wait 1h", []),
        ("enter on message  reenter always  send sms hello", ["e R317"]),
        ("enter on message  reenter always  wait 1h", []),
        ("enter on message  send sms hello", []),
        ('enter on message where campaign == "other"  reenter always  send sms hello', []),
        ("enter on visit  wait 0d", ["e R208"]),
        ("enter on visit  repeat up to 2 times every 0s { }", ["e R208"]),
    ],
)  # fmt: skip
def test_campaigns(found: Callable[[str], list[str]], body: str, expected: list[str]) -> None:
    assert found(f"campaign c {{ {body} }}") == expected


def test_a_state_that_begins_something_waits_no_longer_than_it_lasts(found: Callable[[str], list[str]]) -> None:
    assert found("lifecycle l { start a  a -> b on visit  b -> a on view  entering b { wait until purchase } }") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('template letter for emial ""', ["w R223"]),
        ('template letter for wechat ""  \npolicy { at most 1 wechat per day }', []),
        ("policy { at most 1 wechat per day }", ["w R223"]),
        ("policy { at most 1 emial per day }", ["e R223"]),
        ("policy { at most 1 mesages per day }", ["e R223"]),
        ("attribute accepts_wechat: bool\npolicy { at most 1 wechat per day }", []),
    ],
)  # fmt: skip
def test_channels(found: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    assert found(text) == expected


# --- where a machine can get to -----------------------------------------------------------------------------------

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def waits(*due: Duration | Until) -> Automaton:
    """One wait after another, then the end."""
    rests = [Rest(str(at), (), (Timer(one, at + 1),)) for at, one in enumerate(due)]
    return Automaton((*rests, Stop("finished")))


def test_a_branch_for_nobody_leads_nowhere() -> None:
    part = Part("1", (Branch("a", 2500, 1), Branch("b", 2500, 2), Branch("c", 10_000, 3)), rest=4)
    assert next_nodes(part) == (1, 3)
    assert next_nodes(Part("1", (Branch("a", 2500, 1),), rest=4)) == (1, 4)


def test_what_is_reached_from_a_node() -> None:
    nodes = (Stop("finished"), Act("1", Tag("a"), 0), Act("2", Tag("b"), 1), Act("3", Tag("c"), 3))
    assert reached(Automaton(nodes, 2)) == {0, 1, 2}
    assert reached(Automaton(nodes, 2), 3) == {3}


def test_the_earliest_instant_follows_the_wall_clock() -> None:
    begin = dt.datetime(2025, 1, 31, 9, tzinfo=dt.UTC)
    found = earliest(waits(Duration(months=1), Duration(days=30), Duration(micros=3_600_000_000)), begin, BERLIN)
    assert [found[at] for at in range(4)] == [
        begin,
        dt.datetime(2025, 2, 28, 9, tzinfo=dt.UTC),  # the month is cut short
        dt.datetime(2025, 3, 30, 8, tzinfo=dt.UTC),  # 10:00 in summer time
        dt.datetime(2025, 3, 30, 9, tzinfo=dt.UTC),
    ]


def test_an_instant_that_is_over_moves_nobody_back() -> None:
    early, late = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
    found = earliest(waits(Until(instant=late), Until(instant=early), Until(time=dt.time(9))), None, SHANGHAI)
    assert [found[at] for at in range(4)] == [None, late, late, late]


def test_beyond_the_calendar_nothing_is_known() -> None:
    found = earliest(waits(Duration(months=120_000)), dt.datetime(2025, 1, 1, tzinfo=dt.UTC), SHANGHAI)
    assert found[1] is None
