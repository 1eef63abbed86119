"""Lifecycles as automata: nodes and moves worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

from rulecrm.model.durations import Duration
from rulecrm.model.machine import EnterOnState, Event, Lifecycle, Reentry, Rest, Stop, Timer
from rulecrm.semantics.compile import Compiled
from tests.semantics.conftest import HEAD, spell

RECENCY = """
param active_within: duration = 30d
metric spent = sum(purchase.amount) ?? 0 CNY
lifecycle recency "How long ago" {
  start prospect "Never bought"
  prospect -> active on purchase
  active -> silent after active_within without purchase
  silent -> lost after 60d without purchase where amount > 5 CNY when spent < 10 CNY
  silent, lost -> active on purchase where amount > 1 CNY and category == "dress" when spent > 3 CNY
  lost -> lost after 1y
  any -> blocked on complaint
}
"""


def lifecycle(found: Compiled, symbol: str) -> Lifecycle:
    assert found.program is not None, [(one.code, one.message) for one in found.diagnostics]
    return found.program.lifecycle(symbol)


def rests(of: Lifecycle) -> dict[str, Rest]:
    return {node.name: node for node in of.automaton.nodes if isinstance(node, Rest)}


def event(move: Event) -> tuple[str, list[str], str | None, int]:
    return move.rows.kind, list(map(spell, move.rows.where)), move.when and spell(move.when), move.target


def timer(move: Timer) -> tuple[object, str | None, list[str], str | None, int]:
    rows = move.without
    where = [] if rows is None else list(map(spell, rows.where))
    return move.due, rows and rows.kind, where, move.when and spell(move.when), move.target


def test_states_are_nodes_in_the_order_in_which_they_are_first_written(compiled: Callable[..., Compiled]) -> None:
    found = lifecycle(compiled(HEAD + RECENCY), "recency")
    assert found.states == ("prospect", "active", "silent", "lost", "blocked")
    assert found.automaton.start == 0
    assert found.title == "How long ago"
    assert [node.title for node in rests(found).values()] == ["Never bought", None, None, None, None]


def test_the_first_state_need_not_be_written_first(compiled: Callable[..., Compiled]) -> None:
    found = lifecycle(compiled("lifecycle l { a -> b on visit  b -> a after 1d  start b }"), "l")
    assert found.states == ("a", "b")
    assert found.automaton.start == 1


def test_moves_stand_at_the_states_they_leave_in_the_order_of_the_text(compiled: Callable[..., Compiled]) -> None:
    found = rests(lifecycle(compiled(HEAD + RECENCY, params={"active_within": "50d"}), "recency"))
    complaint = ("complaint", [], None, 4)
    again = (
        "purchase",
        ["gt(purchase.amount, 1$)", 'eq(purchase.category, "dress")'],
        "gt(=spent, 3$)",
        1,
    )
    assert list(map(event, found["prospect"].events)) == [("purchase", [], None, 1), complaint]
    assert list(map(event, found["active"].events)) == [complaint]
    assert list(map(event, found["silent"].events)) == [again, complaint]
    assert list(map(event, found["lost"].events)) == [again, complaint]
    assert list(map(timer, found["active"].timers)) == [(Duration(days=50), "purchase", [], None, 2)]
    assert list(map(timer, found["silent"].timers)) == [
        (Duration(days=60), "purchase", ["gt(purchase.amount, 5$)"], "lt(=spent, 10$)", 3)
    ]
    assert list(map(timer, found["lost"].timers)) == [(Duration(months=12), None, [], None, 3)]


def test_any_is_every_state_but_the_one_that_is_led_to(compiled: Callable[..., Compiled]) -> None:
    found = rests(lifecycle(compiled(HEAD + RECENCY), "recency"))
    assert found["blocked"].events == ()
    assert [name for name, rest in found.items() if any(move.target == 4 for move in rest.events)] == [
        "prospect", "active", "silent", "lost",
    ]  # fmt: skip


def test_a_move_by_rows_of_a_collection_asks_for_its_conditions(compiled: Callable[..., Compiled]) -> None:
    text = """collection dress = purchase where category == "dress"
    lifecycle l { start a  a -> b on dress where amount > 1 CNY  b -> a after 3d without dress }
    """
    found = rests(lifecycle(compiled(HEAD + text), "l"))
    is_dress = 'eq(purchase.category, "dress")'
    assert list(map(event, found["a"].events)) == [("purchase", [is_dress, "gt(purchase.amount, 1$)"], None, 1)]
    assert list(map(timer, found["b"].timers)) == [(Duration(days=3), "purchase", [is_dress], None, 0)]


def test_what_a_state_begins_is_a_campaign_of_its_own(compiled: Callable[..., Compiled]) -> None:
    text = """template back for sms "Come back."
    lifecycle l { start a  a -> b on visit  b -> a after 9d  entering b { wait 3d  send sms back } }
    """
    result = compiled(text)
    (block,) = lifecycle(result, "l").entering
    assert (block.symbol, block.lifecycle) == ("l.b", ("l", "b"))
    assert block.entries == (EnterOnState("l", "b"),)
    assert (block.reentry, block.control, block.goal) == (Reentry("always"), 0, None)
    assert len(block.version) == 64
    assert block.automaton.nodes[0] == Stop("finished")
    assert [type(node).__name__ for node in block.automaton.nodes] == ["Stop", "Rest", "Act"]
    assert result.program is not None
    assert result.program.campaigns == ()
    assert result.program.journeys == (block,)


def test_a_lifecycle_stands_after_those_that_its_guards_ask_for(compiled: Callable[..., Compiled]) -> None:
    text = """
    lifecycle first_written { start a  state b  a -> b on visit when through }
    segment through = other is c and third.moves > 1
    lifecycle other { start c  state d  c -> d on visit when third is e }
    lifecycle third { start e  state f  e -> f on visit }
    """
    program = compiled(text).program
    assert program is not None
    assert [one.symbol for one in program.lifecycles] == ["third", "other", "first_written"]


def test_a_guard_that_asks_for_its_own_lifecycle_is_refused(compiled: Callable[..., Compiled]) -> None:
    text = """
    lifecycle l { start a  state b  a -> b on visit when {guard} }
    segment settled = l is b
    segment of_some = population share(settled) > 10%
    """
    places = {
        "l is a": "l",
        "l.since > 2025-01-01T00:00": "l.since",
        "settled and l.moves > 3": "settled and l.moves",
        "of_some": "of_some",
        "population count() among settled > 3": "settled",
    }
    for guard, place in places.items():
        whole = text.replace("{guard}", guard)
        found = compiled(whole).diagnostics
        words = " and ".join(whole[one.span.start : one.span.end] for one in found if one.span is not None)
        assert ({one.code for one in found}, words) == ({"R302"}, place)


def test_lifecycles_that_ask_for_one_another_are_refused(compiled: Callable[..., Compiled]) -> None:
    text = """
    lifecycle l { start a  state b  a -> b on visit when m is c }
    lifecycle m { start c  state d  c -> d on visit when seen }
    segment seen = l is b
    """
    (found,) = compiled(text).diagnostics
    assert (found.code, found.message) == ("R302", "the moves of `l` depend on themselves: l → m → l")


def test_what_a_state_begins_may_ask_for_its_own_lifecycle(compiled: Callable[..., Compiled]) -> None:
    text = """lifecycle l { start a  state b  a -> b on visit  entering b { if l.moves > 3 { tag "often" } } }"""
    assert compiled(text).diagnostics == ()
