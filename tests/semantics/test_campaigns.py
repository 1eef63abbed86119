"""Campaigns as graphs: nodes, names and clauses worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from rulecrm.model.durations import Duration
from rulecrm.model.ir import Local
from rulecrm.model.machine import (
    Act,
    Budget,
    Campaign,
    Cap,
    Choose,
    EnterAt,
    EnterEvery,
    EnterOn,
    EnterOnState,
    Loop,
    Measure,
    Message,
    Node,
    Part,
    Policy,
    Quiet,
    Reentry,
    Rest,
    Rows,
    Send,
    Staff,
    Stop,
    Tag,
    Timer,
    Until,
)
from rulecrm.model.types import INSTANT, MONEY, TEXT
from rulecrm.semantics.compile import Compiled
from tests.semantics.conftest import HEAD, spell

TEMPLATES = """
template hello for sms "Hello."
template letter for email { subject "A letter" body "{{ coupon }}" }
"""


@pytest.fixture
def campaign(compiled: Callable[..., Compiled]) -> Callable[..., Campaign]:
    """The campaign of some clauses and steps; without a clause everybody enters at one instant."""

    def run(body: str, more: str = "") -> Campaign:
        entry = "" if "enter " in body else "enter at 2025-01-01"
        result = compiled(f"{HEAD}{TEMPLATES}{more}\ncampaign c {{ {entry} {body} }}")
        assert result.program is not None, [(one.code, one.message) for one in result.diagnostics]
        return result.program.campaigns[0]

    return run


def by_name(found: Campaign) -> dict[str, Node]:
    """The nodes by the names of their steps; of the heads of a loop the first."""
    named: dict[str, Node] = {}
    for node in found.automaton.nodes:
        if not isinstance(node, Stop):
            named.setdefault(node.name, node)
    return named


def targets(found: Campaign) -> dict[str, list[str]]:
    """Where each step leads, by name; the ends of the journey by their reason."""
    nodes = found.automaton.nodes

    def name(at: int) -> str:
        node = nodes[at]
        return node.reason if isinstance(node, Stop) else node.name

    def leads(node: Node) -> list[int]:
        match node:
            case Rest(events=events, timers=timers):
                return [move.target for move in (*events, *timers)]
            case Choose(yes=yes, no=no):
                return [yes, no]
            case Part(branches=branches, rest=rest):
                return [*(branch.target for branch in branches), rest]
            case Act(target=target):
                return [target]
            case Loop(body=body, done=done):
                return [body, done]
        return []

    return {node.name: [name(at) for at in leads(node)] for node in nodes if not isinstance(node, Stop | Loop)} | {
        node.name: [name(at) for at in leads(node)] for node in nodes if isinstance(node, Loop) and node.first
    }


# --- steps --------------------------------------------------------------------------------------------------------


def test_steps_follow_one_another(campaign: Callable[..., Campaign]) -> None:
    found = campaign('send sms hello  wait 7d  measure after 10d  tag "done"  notify staff "look"')
    assert by_name(found) == {
        "1": Act("1", Send((Message("sms", "hello"),), 1), 2),
        "2": Rest("2", (), (Timer(Duration(days=7), 3),)),
        "3": Act("3", Measure(Duration(days=10)), 4),
        "4": Act("4", Tag("done"), 5),
        "5": Act("5", Staff("look"), 0),
    }
    assert found.automaton.nodes[0] == Stop("finished")
    assert found.automaton.start == 1


def test_a_campaign_without_steps_ends_where_it_begins(campaign: Callable[..., Campaign]) -> None:
    assert campaign("").automaton.nodes == (Stop("finished"),)
    assert campaign("").automaton.start == 0


def test_steps_inside_others_have_their_path_for_a_name(campaign: Callable[..., Campaign]) -> None:
    found = campaign("""
      send sms hello
      if nick == "a" { tag "a"  send sms hello } else if nick == "b" { wait 1d } else { wait 2d }
      split { 50% one { send sms hello } 25% two { } }
      repeat up to 3 times every 1d { if nick == "c" { exit }  wait 1h }
      send sms hello
    """)
    assert targets(found) == {
        "1": ["2"],
        "2": ["2.1", "2.else.1"],
        "2.1": ["2.2"],
        "2.2": ["3"],
        "2.else.1": ["2.else.1.1", "2.else.1.else.1"],
        "2.else.1.1": ["3"],
        "2.else.1.else.1": ["3"],
        "3": ["3.one.1", "4", "4"],
        "3.one.1": ["4"],
        "4": ["4.1", "5"],
        "4.1": ["exit", "4.2"],
        "4.2": ["4"],
        "5": ["finished"],
    }
    waves = [
        node.action.wave for node in found.automaton.nodes if isinstance(node, Act) and isinstance(node.action, Send)
    ]
    named = {node.name: node.action for node in found.automaton.nodes if isinstance(node, Act)}
    assert sorted(waves) == [1, 2, 3, 4]
    assert [named[name].wave for name in ("1", "2.2", "3.one.1", "5")] == [1, 2, 3, 4]  # type: ignore[union-attr]


def test_a_split_is_cut_at_the_sums_of_its_shares(campaign: Callable[..., Campaign]) -> None:
    node = by_name(campaign('split { 12.5% a { tag "a" } 33.33% b { tag "b" } 50% c { tag "c" } }'))["1"]
    assert isinstance(node, Part)
    assert [(branch.name, branch.below) for branch in node.branches] == [("a", 1250), ("b", 4583), ("c", 9583)]
    assert node.rest == 0


def test_waits_end_by_time_or_by_a_row(campaign: Callable[..., Campaign]) -> None:
    found = campaign("""
      wait until 2025-11-10T10:00
      wait until 09:00
      wait until purchase where amount > 5 CNY up to 16d
      wait until visit
    """)
    nodes = by_name(found)
    day, hour, row, endless = (nodes[name] for name in "1234")
    assert day == Rest("1", (), (Timer(Until(instant=dt.datetime(2025, 11, 10, 2, tzinfo=dt.UTC)), 2),))
    assert hour == Rest("2", (), (Timer(Until(time=dt.time(9)), 3),))
    assert isinstance(row, Rest)
    assert isinstance(endless, Rest)
    assert [(move.rows.kind, list(map(spell, move.rows.where)), move.target) for move in row.events] == [
        ("purchase", ["gt(purchase.amount, 5$)"], 4)
    ]
    assert row.timers == (Timer(Duration(days=16), 4),)
    assert [(move.rows, move.target) for move in endless.events] == [(Rows("visit"), 0)]
    assert endless.timers == ()


def test_what_ends_more_stands_first_in_every_rest(campaign: Callable[..., Campaign]) -> None:
    found = campaign("""
      exit on refund
      exit on complaint where channel == "sms" when blocked
      repeat up to 2 times every 30d until purchase {
        wait 1d
        repeat up to 3 times every 2d until visit { wait until open up to 1d }
      }
      wait 3d
    """)
    nodes = found.automaton.nodes
    stops = {node.reason: at for at, node in enumerate(nodes) if isinstance(node, Stop)}
    assert set(stops) == {"finished", "exit on refund", "exit on complaint"}
    heads = {node.name: at for at, node in enumerate(nodes) if isinstance(node, Loop) and node.first}
    last = next(at for at, node in enumerate(nodes) if isinstance(node, Rest) and node.name == "2")
    out = [("refund", stops["exit on refund"]), ("complaint", stops["exit on complaint"])]
    outer, inner = ("purchase", last), ("visit", next(at for at, node in enumerate(nodes) if _ends(node, "1")))
    rests = [node for node in nodes if isinstance(node, Rest)]
    moves = {
        (node.name, bool(node.timers[0].due)): [(move.rows.kind, move.target) for move in node.events] for node in rests
    }
    after_open = next(at for at, node in enumerate(nodes) if _ends(node, "1.2"))
    assert moves == {
        ("1", False): [*out, outer],
        ("1.1", True): [*out, outer],
        ("1.2", False): [*out, outer, inner],
        ("1.2.1", True): [*out, outer, inner, ("open", after_open)],
        ("2", True): out,
    }
    assert set(heads) == {"1", "1.2"}
    complaint = rests[0].events[1]
    assert list(map(spell, complaint.rows.where)) == ['eq(complaint.channel, "sms")']
    assert complaint.when is not None
    assert spell(complaint.when) == "true(@blocked)"


def _ends(node: Node, name: str) -> bool:
    return isinstance(node, Loop) and node.name == name and not node.first


def test_the_heads_of_a_loop(campaign: Callable[..., Campaign]) -> None:
    found = campaign('repeat up to 5 times every 30d { tag "round" } repeat up to 2 times every 1h { }')
    nodes = found.automaton.nodes
    heads = [(at, node) for at, node in enumerate(nodes) if isinstance(node, Loop)]
    (first_at, first), (again_at, again) = [pair for pair in heads if pair[1].name == "1"]
    assert (first.first, again.first) == (True, False)
    assert found.automaton.start == first_at
    assert (first.loop, first.times, first.every) == (0, 5, Duration(days=30))
    body = nodes[first.body]
    assert body == Act("1.1", Tag("round"), again_at)
    between = nodes[first.between]
    assert isinstance(between, Rest)
    assert between.timers == (Timer(None, again_at, loop=0),)
    assert again == Loop("1", 0, 5, Duration(days=30), first.body, first.done, first.between)
    (second_at, second), (empty_at, empty) = [pair for pair in heads if pair[1].name == "2"]
    assert first.done == second_at
    assert (second.loop, second.body, empty.body) == (1, empty_at, empty_at)
    assert second.done == 0


def test_messages_name_the_template_and_what_it_is_handed(campaign: Callable[..., Campaign]) -> None:
    found = campaign(
        "send email letter with { coupon: gift, spent: sum(purchase.amount) } via ses else sms hello",
        more='param gift: text = "M10"',
    )
    node = by_name(found)["1"]
    assert isinstance(node, Act)
    assert isinstance(node.action, Send)
    letter, hello = node.action.messages
    assert (letter.channel, letter.template, letter.via) == ("email", "letter", "ses")
    assert [(name, spell(value)) for name, value in letter.values] == [
        ("coupon", '"M10"'),
        ("spent", "sum[purchase of purchase.amount]"),
    ]
    assert hello == Message("sms", "hello")


# --- clauses ------------------------------------------------------------------------------------------------------


def test_entries(campaign: Callable[..., Campaign]) -> None:
    found = campaign(
        """enter on purchase where amount > 5 CNY when blocked is not missing
        enter every week at 10:30
        enter at 2025-11-06T10:00
        enter on walk -> b""",
        more="lifecycle walk { start a  state b  a -> b on visit }",
    )
    on, every, at, state = found.entries
    assert isinstance(on, EnterOn)
    assert (on.rows.kind, list(map(spell, on.rows.where))) == ("purchase", ["gt(purchase.amount, 5$)"])
    assert on.when is not None
    assert spell(on.when) == "not(missing(@blocked))"
    assert every == EnterEvery("week", dt.time(10, 30))
    assert at == EnterAt(dt.datetime(2025, 11, 6, 2, tzinfo=dt.UTC))
    assert state == EnterOnState("walk", "b")


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("", Reentry()),
        ("reenter never", Reentry("never")),
        ("reenter always", Reentry("always")),
        ("reenter after 1mo", Reentry("after", Duration(months=1))),
        ("reenter after 1d by product", Reentry("after", Duration(days=1), "product")),
        ("reenter never by order", Reentry("never", None, "order")),
    ],
)
def test_reentry(campaign: Callable[..., Campaign], clause: str, expected: Reentry) -> None:
    assert campaign(f'enter on order {clause} tag "a"').reentry == expected


def test_other_clauses(campaign: Callable[..., Campaign]) -> None:
    found = campaign(
        """
      control 12.5%  priority 3
      goal dress where amount > 5 CNY within 1mo
      budget 1000 messages per 1d  budget 5 sms per 7d
    """,
        more='collection dress = purchase where category == "dress"',
    )
    assert (found.control, found.priority) == (1250, 3)
    assert found.budgets == (Budget(1000, None, Duration(days=1)), Budget(5, "sms", Duration(days=7)))
    assert found.goal is not None
    assert (found.goal.rows.kind, found.goal.within) == ("purchase", Duration(months=1))
    assert list(map(spell, found.goal.rows.where)) == ['eq(purchase.category, "dress")', "gt(purchase.amount, 5$)"]


def test_the_row_that_is_entered_on_is_carried(campaign: Callable[..., Campaign]) -> None:
    found = campaign("""
      enter on order
      enter on cart
      exit on purchase where order == entry.order
      goal purchase where product == entry.product within 3d
      wait 1h
      if entry.amount > 5 CNY and entry.at > 2025-01-01T00:00 { tag "large" }
      if count(visit since entry) > 3 { tag "often" }
    """)
    assert dict(found.carried) == {"order": TEXT, "product": TEXT, "amount": MONEY, "at": INSTANT}
    assert len(found.carried) == 4
    choice = by_name(found)["2"]
    assert isinstance(choice, Choose)
    assert Local("entry.amount", MONEY) in choice.condition.args[0].args  # type: ignore[union-attr]
    assert campaign('enter on order if count(visit since entry) > 3 { tag "a" }').carried == ()


def test_a_field_that_no_entering_row_has_is_a_mistake(compiled: Callable[..., Compiled]) -> None:
    def advice(clause: str, field: str) -> list[tuple[str, str | None]]:
        text = f'campaign c {{ {clause} if entry.{field} == "a" {{ tag "a" }} }}'
        return [(one.code, one.help) for one in compiled(text).diagnostics]

    assert advice("enter on order", "produkt") == [("R102", "did you mean `product`?")]
    assert advice("enter at 2025-01-01", "product") == [("R102", "only `enter on KIND` brings a row")]
    # a field of the one kind and none of the other
    assert advice("enter on order enter on cart", "reason") == []


def test_campaigns_of_imports_come_after_those_of_the_file(compiled: Callable[..., Compiled]) -> None:
    files = {
        "more.rules": 'campaign a { enter on visit tag "a" }\ncampaign b { enter on visit tag "b" }',
        "other.rules": 'campaign d { enter on visit tag "d" }',
    }
    text = """
import "more.rules"
import "other.rules" as p
campaign a { enter on visit tag "mine" }
campaign c { enter on visit tag "c" }
policy { priority c, a }
"""
    program = compiled(text, files=files).program
    assert program is not None
    # the `a` of the import gives way to the file's own
    assert [one.symbol for one in program.campaigns] == ["a", "c", "b", "p.d"]
    assert by_name(program.campaigns[0])["1"] == Act("1", Tag("mine"), 0)
    assert program.policy is not None
    assert program.policy.order == ("c", "a")


# --- policy -------------------------------------------------------------------------------------------------------


def test_the_policy(compiled: Callable[..., Compiled]) -> None:
    text = """
    campaign a { enter on visit tag "a" }
    campaign b { enter on visit tag "b" }
    policy {
      quiet 21:00..09:00
      quiet 12:00..13:30
      at most 2 sms per 7d
      at most 1 message per day
      at most 20 messages per quarter
      holdout 2.5%
      require consent
      priority b, a
    }
    """
    program = compiled(text).program
    assert program is not None
    assert program.policy == Policy(
        (Quiet(dt.time(21), dt.time(9)), Quiet(dt.time(12), dt.time(13, 30))),
        (
            Cap(2, "sms", Duration(days=7)),
            Cap(1, None, unit="day"),
            Cap(20, None, unit="quarter"),
        ),
        250,
        consent=True,
        order=("b", "a"),
    )


def test_the_policy_of_an_import_gives_way(compiled: Callable[..., Compiled]) -> None:
    files = {"more.rules": "policy { holdout 5% }"}
    alone = compiled('import "more.rules"', files=files)
    assert [(one.code, one.severity.value) for one in alone.diagnostics] == [("R508", "warning")]
    assert alone.program is not None
    assert alone.program.policy is None
    both = compiled('import "more.rules"\npolicy { holdout 2% }', files=files)
    assert both.program is not None
    assert both.program.policy == Policy(holdout=200)
