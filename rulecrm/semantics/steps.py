"""The steps of a campaign as a graph.

In: the syntax of steps, and the moves that end the whole campaign. Out: `machine.Automaton`.
Invariant: each step takes its place in the graph before any step inside it, so that the nodes of a block stand together
and every target is known when it is written. The name of a step is its path, see `machine.Rest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import define, field

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.model import machine
from rulecrm.semantics.checker import Context
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.messages import lower_message
from rulecrm.syntax import ast
from rulecrm.syntax import journeys as j

__all__ = ["lower_steps"]

Events = tuple[machine.Event, ...]


def lower_steps(
    guards: Guards, steps: Sequence[j.Step], exits: Sequence[j.ExitOn], context: Context
) -> machine.Automaton:
    """The graph of a campaign; `exits` are its `exit on` clauses."""
    graph = _Graph(guards, context)
    end = graph.reserve()
    graph.nodes[end] = machine.Stop("finished")
    return graph.whole(steps, exits, end)


@define
class _Graph:
    guards: Guards
    context: Context
    nodes: list[machine.Node] = field(factory=list)
    waves: int = 0
    loops: int = 0

    def reserve(self) -> int:
        """The number of a node that is written later."""
        self.nodes.append(_LATER)
        return len(self.nodes) - 1

    def whole(self, steps: Sequence[j.Step], exits: Sequence[j.ExitOn], end: int) -> machine.Automaton:
        """All steps, and what ends them from wherever they rest."""
        out = tuple(self._exit_on(clause) for clause in exits)
        start = self._block(steps, "", end, out)
        return machine.Automaton(tuple(self.nodes), start)

    def _exit_on(self, clause: j.ExitOn) -> machine.Event:
        trigger = clause.trigger
        rows = self.guards.rows(trigger.kind, trigger.where, self.context)
        when = self.guards.when(trigger.when, self.context)
        return machine.Event(rows, self._stop(f"exit on {trigger.kind.text}"), when, span=clause.span)

    def _stop(self, reason: str) -> int:
        stop = machine.Stop(reason)
        if stop in self.nodes:
            return self.nodes.index(stop)
        self.nodes.append(stop)
        return len(self.nodes) - 1

    def _block(self, steps: Sequence[j.Step], path: str, after: int, out: Events) -> int:
        """Write the steps of a block, which goes on at `after`; the node that it begins with."""
        heads = [self.reserve() for _ in steps]
        for at, (step, head) in enumerate(zip(steps, heads, strict=True), 1):
            self._step(step, head, f"{path}{at}", (*heads, after)[at], out)
        return (*heads, after)[0]

    def _step(self, step: j.Step, head: int, name: str, after: int, out: Events) -> None:
        guards, context = self.guards, self.context
        match step:
            case j.Send():
                self.waves += 1
                wave = self.waves
                messages = tuple(lower_message(guards, message, context) for message in step.messages)
                node: machine.Node = machine.Act(name, machine.Send(messages, wave), after, span=step.span)
            case j.Measure():
                length = guards.duration(step.after, context, of="`measure after`")
                node = machine.Act(name, machine.Measure(length), after, span=step.span)
            case j.Tag():
                node = machine.Act(name, machine.Tag(step.text.value), after, span=step.span)
            case j.NotifyStaff():
                node = machine.Act(name, machine.Staff(step.text.value), after, span=step.span)
            case j.Wait():
                timer = machine.Timer(guards.duration(step.duration, context, of="`wait`"), after, span=step.span)
                node = machine.Rest(name, out, (timer,), span=step.span)
            case j.WaitUntilTime():
                timer = machine.Timer(self._until(step.time), after, span=step.span)
                node = machine.Rest(name, out, (timer,), span=step.span)
            case j.WaitUntilFact():
                event = machine.Event(guards.rows(step.kind, step.where, context), after, span=step.span)
                timers: tuple[machine.Timer, ...] = ()
                if step.up_to is not None:
                    timers = (machine.Timer(guards.duration(step.up_to, context, of="`up to`"), after, span=step.span),)
                node = machine.Rest(name, (*out, event), timers, span=step.span)
            case j.If():
                condition = guards.condition(step.condition, context, of="`if`")
                yes = self._block(step.then, f"{name}.", after, out)
                no = self._block(step.otherwise, f"{name}.else.", after, out)
                node = machine.Choose(name, condition, yes, no, span=step.span)
            case j.Split():
                node = self._split(step, name, after, out)
            case j.Repeat():
                node = self._repeat(step, name, after, out)
            case j.Exit():
                # an act that does nothing would be one more kind of node: what leads here leads to the end
                node = machine.Stop("exit")
        self.nodes[head] = node

    def _until(self, time: ast.DateTime | ast.Time) -> machine.Until:
        if isinstance(time, ast.Time):
            return machine.Until(time=time.value)
        return machine.Until(instant=self.guards.instant(time))

    def _split(self, step: j.Split, name: str, after: int, out: Events) -> machine.Part:
        report = self.guards.checker.report
        seen: dict[str, Span] = {}
        branches: list[machine.Branch] = []
        total, below = sum((branch.share for branch in step.branches), Decimal()), Decimal()
        if total > 1:
            message = f"the branches of a split take {(total * 100).normalize():f}%"
            report.error("R208", message, step.span, advice="together at most 100%; the rest goes on")
        for branch in step.branches:
            word = branch.name.text
            if word in seen:
                notes = (Note("first here", seen[word]),)
                report.error("R307", f"the branch `{word}` is there twice", branch.name.span, notes=notes)
            seen.setdefault(word, branch.name.span)
            below += branch.share
            target = self._block(branch.steps, f"{name}.{word}.", after, out)
            # shares that are too large leave a rest all the same, so that no other finding follows from them
            branches.append(machine.Branch(word, machine.buckets(below / max(total, Decimal(1))) - (total > 1), target))
        return machine.Part(name, tuple(branches), after, span=step.span)

    def _repeat(self, step: j.Repeat, name: str, after: int, out: Events) -> machine.Loop:
        guards, context, span = self.guards, self.context, step.span
        if step.times < 1:
            guards.checker.report.error("R208", "`repeat` wants one time or more", span)
        loop, self.loops = self.loops, self.loops + 1
        every = guards.duration(step.every, context, of="`every`")
        again, between = self.reserve(), self.reserve()
        if step.until is not None:
            rows = guards.rows(step.until, step.where, context)
            out = (*out, machine.Event(rows, after, span=step.until.span))
        body = self._block(step.steps, f"{name}.", again, out)
        timer = machine.Timer(None, again, loop=loop, span=span)
        self.nodes[between] = machine.Rest(name, out, (timer,), span=span)
        self.nodes[again] = machine.Loop(name, loop, step.times, every, body, after, between, span=span)
        return machine.Loop(name, loop, step.times, every, body, after, between, first=True, span=span)


_LATER = machine.Stop("")
"""Stands where a node will be."""
