"""Lifecycles as timed automata.

In: the syntax of lifecycles. Out: `machine.Lifecycle` for each, after those that its guards ask for.
Invariant: states are nodes in the order in which they are first written; no guard depends on its own lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all
from rulecrm.model import ir, machine
from rulecrm.model.asked import asked
from rulecrm.model.types import INSTANT
from rulecrm.semantics.checker import Context
from rulecrm.semantics.declared import states_of
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.never import check_campaign, check_lifecycle
from rulecrm.semantics.order import sort
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.steps import lower_steps
from rulecrm.semantics.walk import nodes, references
from rulecrm.syntax import journeys as j

__all__ = ["in_order", "lower_lifecycle"]


def lower_lifecycle(guards: Guards, entry: Entry) -> machine.Lifecycle:
    """One lifecycle, with the journeys that begin in its states."""
    node, module = entry.node, entry.module
    assert isinstance(node, j.Lifecycle)
    assert module is not None
    context = Context(module)
    states = {name: at for at, name in enumerate(states_of(node))}
    _check_start(guards, node)
    written = {part.name.text: part for part in node.body if isinstance(part, j.State)}
    events: dict[str, list[machine.Event]] = {name: [] for name in states}
    timers: dict[str, list[machine.Timer]] = {name: [] for name in states}
    for part in node.body:
        if not isinstance(part, j.Move):
            continue
        target = part.target.text
        sources = dict.fromkeys(source.text for source in part.sources) or [name for name in states if name != target]
        move = _move(guards, part, states[target], context)
        for source in sources:
            if isinstance(move, machine.Event):
                events[source].append(move)
            else:
                timers[source].append(move)
    rests = tuple(
        machine.Rest(
            name,
            tuple(events[name]),
            tuple(timers[name]),
            written[name].title if name in written else None,
            span=_place(node, name),
        )
        for name in states
    )
    start = next((states[part.name.text] for part in node.body if isinstance(part, j.State) and part.start), 0)
    lifecycle = machine.Lifecycle(
        entry.symbol,
        machine.Automaton(rests, start),
        node.title,
        node.doc,
        _entering(guards, node, entry, context),
        span=node.span,
    )
    if sum(isinstance(part, j.State) and part.start for part in node.body) == 1:
        check_lifecycle(guards.checker.report, lifecycle, written)
    for block in lifecycle.entering:
        check_campaign(guards.checker.report, block, guards.checker.schema.kinds, guards.checker.zone)
    return lifecycle


def in_order(
    guards: Guards, lifecycles: Iterable[machine.Lifecycle], places: Mapping[str, Span]
) -> tuple[machine.Lifecycle, ...]:
    """Each lifecycle after those that its guards ask for; one that asks for itself is reported.

    `places` tells where the name of each stands.
    """
    by_symbol = {one.symbol: one for one in lifecycles}
    asking = _Asking({**guards.definitions, **guards.copies})
    needs: dict[str, dict[str, None]] = {symbol: {} for symbol in by_symbol}
    for symbol, one in by_symbol.items():
        for expr in asked(one.automaton):
            for part in nodes(expr):
                others = asking.of(part)
                needs[symbol].update(dict.fromkeys(other for other in others if other != symbol and other in by_symbol))
                if symbol in others:
                    message = f"a move of `{symbol}` depends on the state that it leads to"
                    advice = "the state that is left stands before the arrow"
                    guards.checker.report.error("R302", message, part.span, advice=advice)

    def circle(symbols: list[str]) -> None:
        chain = " → ".join([*symbols, symbols[0]])
        notes = [Note("which asks for this", places[symbol]) for symbol in symbols[1:8]]
        message = f"the moves of `{symbols[0]}` depend on themselves: {chain}"
        guards.checker.report.error("R302", message, places[symbols[0]], notes=notes)

    return tuple(by_symbol[symbol] for symbol in sort(by_symbol, lambda symbol: needs[symbol], circle))


@define
class _Asking:
    """Which lifecycles a node asks for, by itself or through a definition."""

    definitions: Mapping[str, ir.Definition]
    _known: dict[str, frozenset[str]] = field(factory=dict, init=False)

    def of(self, node: ir.Expr) -> frozenset[str]:
        if isinstance(node, ir.State):
            return frozenset((node.lifecycle,))
        if not isinstance(node, ir.Ref):
            return frozenset()
        if node.symbol not in self._known:
            for symbol in sort([node.symbol], self._unknown):
                value = self.definitions[symbol].value
                found = {part.lifecycle for part in nodes(value) if isinstance(part, ir.State)}
                self._known[symbol] = frozenset(found).union(
                    *(self._known.get(other, frozenset()) for other in references(value))
                )
        return self._known[node.symbol]

    def _unknown(self, symbol: str) -> list[str]:
        return [other for other in references(self.definitions[symbol].value) if other not in self._known]


def _move(guards: Guards, part: j.Move, target: int, context: Context) -> machine.Event | machine.Timer:
    trigger = part.trigger
    if isinstance(trigger, j.OnFact):
        rows = guards.rows(trigger.kind, trigger.where, context)
        return machine.Event(rows, target, guards.when(trigger.when, context), span=part.span)
    due = guards.duration(trigger.duration, context, of="`after`")
    without = None if trigger.without is None else guards.rows(trigger.without, trigger.where, context)
    return machine.Timer(due, target, without, guards.when(trigger.when, context), span=part.span)


def _entering(guards: Guards, node: j.Lifecycle, entry: Entry, context: Context) -> tuple[machine.Campaign, ...]:
    report = guards.checker.report
    found: dict[str, machine.Campaign] = {}
    for part in node.body:
        if not isinstance(part, j.Entering):
            continue
        state = part.state.text
        if state not in entry.type.names:
            advice = near_or_all(state, entry.type.names)
            report.error("R105", f"there is no state `{state}`", part.state.span, advice=advice)
        elif state in found:
            notes = (Note("first here", found[state].span),)
            report.error("R307", f"what `{state}` begins is said twice", part.span, notes=notes)
        campaign = machine.Campaign(
            f"{entry.symbol}.{state}",
            (machine.EnterOnState(entry.symbol, state, span=part.span),),
            lower_steps(guards, part.steps, (), Context(context.module, local={"entry": INSTANT})),
            machine.Reentry("always"),
            lifecycle=(entry.symbol, state),
            span=part.span,
        )
        found.setdefault(state, campaign)
    return tuple(found.values())


def _place(node: j.Lifecycle, state: str) -> Span:
    for part in node.body:
        if isinstance(part, j.State) and part.name.text == state:
            return part.name.span
        for word in (*part.sources, part.target) if isinstance(part, j.Move) else ():
            if word.text == state:
                return word.span
    return node.span


def _check_start(guards: Guards, node: j.Lifecycle) -> None:
    report = guards.checker.report
    starts = [part for part in node.body if isinstance(part, j.State) and part.start]
    if not starts:
        report.error("R309", f"`{node.name.text}` has no first state", node.name.span, advice="add `start STATE`")
    for extra in starts[1:]:
        notes = (Note("first here", starts[0].span),)
        report.error("R309", "a lifecycle has one first state", extra.span, notes=notes)
    if starts:
        _reachable_states(guards, node)


def _reachable_states(guards: Guards, node: j.Lifecycle) -> None:
    """A state that moves leave and nothing enters is a slip of the pen."""
    entered = {part.name.text for part in node.body if isinstance(part, j.State)}
    entered.update(part.target.text for part in node.body if isinstance(part, j.Move))
    for part in node.body:
        for source in part.sources if isinstance(part, j.Move) else ():
            if source.text not in entered:
                advice = did_you_mean(source.text, entered) or "add a move that leads to it"
                message = f"no move leads to the state `{source.text}`"
                guards.checker.report.error("R105", message, source.span, advice=advice)
