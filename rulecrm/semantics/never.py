"""What a machine never does, and what it never ends with.

In: lifecycles and campaigns as machines. Out: findings; each is about the text, so the machine stays as it is.
Invariant: an error says what no facts whatever can bring about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.model import ir, machine
from rulecrm.model.durations import Duration
from rulecrm.model.schema import Kind
from rulecrm.semantics.build import conjuncts
from rulecrm.semantics.reach import earliest, next_nodes, reached
from rulecrm.semantics.report import Report

__all__ = ["check_campaign", "check_lifecycle"]

_STAGES = ("order", "purchase", "shipment", "delivery", "completion")
"""Kinds that are stages of one order, in their order."""

_OURS = (machine.Rows("message"), machine.Rows("message_delivered"))
"""Rows that a campaign brings about by sending."""


def check_lifecycle(report: Report, lifecycle: machine.Lifecycle, declared: Collection[str]) -> None:
    """Report states that are not reached or not left, and moves that are never made.

    `declared` are the states that have a line of their own; one of them may well be final.
    """
    nodes = lifecycle.automaton.nodes
    states = {at: node for at, node in enumerate(nodes) if isinstance(node, machine.Rest)}
    start = states[lifecycle.automaton.start]
    if not (start.events or start.timers):
        advice = "add a move that leaves it, such as `… -> … on KIND`"
        report.error("R312", f"nothing leaves the first state `{start.name}`", start.span, advice=advice)
        return
    covered = set(reached(lifecycle.automaton))
    entered = {target for node in states.values() for target in next_nodes(node)}
    for at in sorted(states, key=lambda at: (at in entered, at)):
        if at not in covered:
            covered |= reached(lifecycle.automaton, at)
            node = states[at]
            if not report.failed_within(node.span):
                message = f"no way leads from `{start.name}` to the state `{node.name}`"
                report.error("R311", message, node.span, advice=f"add a move that leads to `{node.name}`")
    for node in states.values():
        if not (node.events or node.timers) and node.name not in declared:
            advice = f"where that is meant: `state {node.name}`"
            report.hint("R607", f"nothing leaves the state `{node.name}`", node.span, advice=advice)
    for span, before in _moves_never_made(states.values()):
        if not report.failed_within(span) and not report.failed_within(before):
            notes = (Note("this one is made before it", before),)
            report.error("R313", "this move is never made: another comes before it", span, notes=notes)


def check_campaign(report: Report, campaign: machine.Campaign, kinds: Mapping[str, Kind], zone: ZoneInfo) -> None:
    """Report steps that are never reached, waits that are over or never end, and goals that say nothing."""
    nodes = campaign.automaton.nodes
    _steps_never_reached(report, campaign)
    for span, before in _moves_never_made(node for node in nodes if isinstance(node, machine.Rest)):
        if not report.failed_within(span) and not report.failed_within(before):
            notes = (Note("this one is made before it", before),)
            report.warning("R313", "this never ends the wait: another row comes before it", span, notes=notes)
    _waits_in_the_past(report, campaign, zone)
    if campaign.lifecycle is None:
        _waits_without_end(report, [nodes[at] for at in sorted(reached(campaign.automaton))])
    _feeds_itself(report, campaign)
    _goal_met(report, campaign, kinds)


# --- moves --------------------------------------------------------------------------------------------------------


def _moves_never_made(rests: Iterable[machine.Rest]) -> Iterator[tuple[Span, Span]]:
    """Each move that in all its places stands behind one that is made whenever it could be, and one of those."""
    events: dict[Span, Span | None] = {}
    timers: dict[Span, Span | None] = {}
    for rest in rests:
        for at, event in enumerate(rest.events):
            earlier = next((one for one in rest.events[:at] if _takes(one, event)), None)
            _keep(events, event.span, None if earlier is None else earlier.span)
        for at, timer in enumerate(rest.timers):
            sooner = next((one for index, one in enumerate(rest.timers) if _is_sooner(one, timer, index < at)), None)
            _keep(timers, timer.span, None if sooner is None else sooner.span)
    for span, before in (*events.items(), *timers.items()):
        if before is not None:
            yield span, before


def _keep(first: dict[Span, Span | None], span: Span, before: Span | None) -> None:
    """Remember what comes before a move; one that in any place has nothing before it can be made."""
    first[span] = before if first.get(span, before) is not None else None


def _takes(earlier: machine.Event, later: machine.Event) -> bool:
    """Whether the earlier move is made by every row that could make the later one."""
    return (
        earlier.rows.kind == later.rows.kind
        and set(earlier.rows.where) <= set(later.rows.where)
        and _asks_no_more(earlier.when, later.when)
    )


def _is_sooner(one: machine.Timer, other: machine.Timer, before: bool) -> bool:  # noqa: FBT001 - where it stands
    """Whether one move by time is always made before another."""
    if one is other or not isinstance(one.due, Duration) or not isinstance(other.due, Duration):
        return False
    if one.without not in (None, other.without):
        return False
    parts = [(one.due.months, other.due.months), (one.due.days, other.due.days), (one.due.micros, other.due.micros)]
    if one.due == other.due:
        return before and _asks_no_more(one.when, other.when)
    return one.when is None and all(left <= right for left, right in parts)


def _asks_no_more(left: ir.Expr | None, right: ir.Expr | None) -> bool:
    """Whether a condition holds wherever another does, as far as their parts tell."""
    return left is None or (right is not None and set(conjuncts(left)) <= set(conjuncts(right)))


# --- steps --------------------------------------------------------------------------------------------------------


def _steps_never_reached(report: Report, campaign: machine.Campaign) -> None:
    there = reached(campaign.automaton)
    named = [
        (at, node) for at, node in enumerate(campaign.automaton.nodes) if not isinstance(node, machine.Stop)
    ]  # fmt: skip
    alive = {node.name for at, node in named if at in there}
    dead = {node.name: node for _, node in named if node.name not in alive}
    blocks: set[str] = set()
    for name, node in sorted(dead.items(), key=lambda pair: pair[1].span.start):
        outer = name.split(".")[:-1]
        if any(".".join(outer[:depth]) in dead for depth in range(1, len(outer) + 1)) or ".".join(outer) in blocks:
            continue
        blocks.add(".".join(outer))
        advice = "every way to it ends with an `exit`"
        report.warning("R314", "this step is never reached", node.span, advice=advice)


def _waits_in_the_past(report: Report, campaign: machine.Campaign, zone: ZoneInfo) -> None:
    begins = [entry.instant for entry in campaign.entries if isinstance(entry, machine.EnterAt)]
    begin = min(begins) if begins and len(begins) == len(campaign.entries) else None
    instants = earliest(campaign.automaton, begin, zone)
    for at, node in enumerate(campaign.automaton.nodes):
        for timer in node.timers if isinstance(node, machine.Rest) else ():
            known = instants.get(at)
            if known is None or not isinstance(timer.due, machine.Until) or timer.due.instant is None:
                continue
            if timer.due.instant <= known and not report.failed_within(timer.span):
                advice = f"nobody gets here before {_written(known, zone)}"
                report.error("R315", "this wait is over before it begins", timer.span, advice=advice)


def _waits_without_end(report: Report, nodes: Iterable[machine.Node]) -> None:
    for node in nodes:
        if not isinstance(node, machine.Rest) or node.timers or len(node.events) > 1:
            continue
        if not report.failed_within(node.span):
            advice = "say for how long: `up to 30d`, or what ends the journey: `exit on KIND`"
            report.hint("R608", "who never does this waits for ever", node.span, advice=advice)


def _written(instant: dt.datetime, zone: ZoneInfo) -> str:
    wall = instant.astimezone(zone).replace(tzinfo=None)
    return wall.isoformat(timespec="minutes" if not (wall.second or wall.microsecond) else "auto")


# --- the whole ----------------------------------------------------------------------------------------------------


def _feeds_itself(report: Report, campaign: machine.Campaign) -> None:
    """Report a campaign that each of its own messages begins anew."""
    if campaign.reentry.how != "always" or campaign.reentry.by is not None:
        return
    acts = (node.action for node in campaign.automaton.nodes if isinstance(node, machine.Act))
    if not any(isinstance(action, machine.Send) for action in acts):
        return
    for entry in campaign.entries:
        if isinstance(entry, machine.EnterOn) and entry.rows in _OURS and entry.when is None:
            message = "the campaign begins anew with each of its own messages"
            advice = 'say whose messages: `where campaign != "…"`, or `reenter never`'
            report.error("R317", message, entry.span, advice=advice)


def _goal_met(report: Report, campaign: machine.Campaign, kinds: Mapping[str, Kind]) -> None:
    goal = campaign.goal
    on = [entry for entry in campaign.entries if isinstance(entry, machine.EnterOn)]
    if goal is None or not on:
        return
    kind = kinds.get(goal.rows.kind)
    same = kind is not None and bool(kind.key) and all(_is_same(goal.rows, column) for column in kind.key)
    if same and len(on) == len(campaign.entries) and all(_is_earlier(goal.rows.kind, one.rows.kind) for one in on):
        message = "the goal is the very row that is entered on, or comes before it"
        report.error("R316", message, goal.span, advice="only rows after the entry count")


def _is_same(rows: machine.Rows, column: str) -> bool:
    """Whether the rows are those whose `column` is that of the entering row."""
    for part in rows.where:
        if isinstance(part, ir.Apply) and part.op == "eq":
            sides = {(type(side), side.name) for side in part.args if isinstance(side, ir.Column | ir.Local)}
            if sides == {(ir.Column, column), (ir.Local, f"entry.{column}")}:
                return True
    return False


def _is_earlier(kind: str, entered: str) -> bool:
    """Whether rows of a kind are those entered on, or stages of an order before them."""
    if kind == entered:
        return True
    return {kind, entered} <= set(_STAGES) and _STAGES.index(kind) < _STAGES.index(entered)
