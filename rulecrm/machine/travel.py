"""Travel: journeys taken as far as an instant, all of them at once, one node after another.

In: journeys at nodes of one automaton. Out: the same journeys where they then are, and what they did on the way.
Invariant: where a journey goes depends on itself and on the facts; never on which others travel with it, or on how far
those before it have come.

Journeys wait in front of nodes; the node that lies nearest to the start is taken first, with all that wait there. So
those that parted meet again, and each node is worked on about as often as a loop brings journeys back to it.
"""

from __future__ import annotations

import numpy as np
from attrs import define, field

from rulecrm.machine.acts import Acts
from rulecrm.machine.deadlines import next_round
from rulecrm.machine.draws import buckets
from rulecrm.machine.live import LEFT, Journeys
from rulecrm.machine.rests import STAYS, Rests
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.model.decisions import bucket_seed
from rulecrm.model.machine import Act, Automaton, Campaign, Choose, Loop, Node, Part, Rest, Stop
from rulecrm.runtime.arrays import Ints

__all__ = ["Road"]


@define(eq=False)
class Road:
    """One campaign, to be travelled as far as the horizon of its triggers.

    Attributes:
        campaign: whose steps.
        triggers: where rows are found and conditions asked.
        seed: of the draws.
    """

    campaign: Campaign
    triggers: Triggers
    seed: str
    _rests: Rests = field(init=False)
    _rank: Ints = field(init=False)

    @_rests.default
    def _make_rests(self) -> Rests:
        return Rests(self.triggers, self.campaign.automaton)

    @_rank.default
    def _make_rank(self) -> Ints:
        return _ranks(self.campaign.automaton)

    def travel(self, journeys: Journeys) -> Acts:
        """Take all that are under way as far as they go; they are changed in place. What they did."""
        acts = Acts(self.campaign, self.triggers)
        waiting: dict[int, list[Ints]] = {}

        def send(which: Ints, nodes: Ints) -> None:
            """Put journeys in front of the nodes that they have come to."""
            journeys.node[which] = nodes
            for node in np.flatnonzero(np.bincount(nodes)).tolist():
                waiting.setdefault(node, []).append(which[nodes == node])

        under_way = np.flatnonzero(journeys.under_way & (journeys.fixed.code >= 0))
        gone = journeys.left[under_way] <= journeys.at[under_way]
        self._leave(journeys, under_way[gone], journeys.at[under_way[gone]])
        under_way = under_way[~gone]
        send(under_way, journeys.node[under_way])
        while waiting:
            number = min(waiting, key=lambda one: self._rank[one])
            which = np.concatenate(waiting.pop(number))
            node = self.campaign.automaton.nodes[number]
            if isinstance(node, Rest):
                moved, nodes = self._rest(number, journeys, which)
                send(moved, nodes)
            elif isinstance(node, Stop):
                journeys.ended[which] = journeys.at[which]
                journeys.reason[which] = number
            else:
                send(which, self._pass(number, node, journeys, which, acts))
        return acts

    # --- one node -------------------------------------------------------------------------------------------------

    def _pass(self, number: int, node: Node, journeys: Journeys, which: Ints, acts: Acts) -> Ints:
        """Do what is to be done at a node where nobody stays; the nodes that follow."""
        at, codes = journeys.at[which], journeys.fixed.code[which]
        match node:
            case Act(target=target):
                acts.pass_(number, node, journeys, which)
                return np.full(len(which), target)
            case Choose(condition=condition, yes=yes, no=no):
                holds = self.triggers.holds(condition, codes, at, journeys.locals(which))
                return np.where(holds, yes, no)
            case Part(name=name, branches=branches, rest=rest):
                drawn = buckets(
                    self.triggers.run.store, SUBJECT, bucket_seed(self.seed, self.campaign.symbol, "split", name), codes
                )
                place = np.searchsorted([branch.below for branch in branches], drawn, side="right")
                acts.branch(number, node, journeys, which, place)
                return np.array([*(branch.target for branch in branches), rest])[place]
            case Loop():
                return self._loop(node, journeys, which)
        raise AssertionError(node)

    def _loop(self, node: Loop, journeys: Journeys, which: Ints) -> Ints:
        at = journeys.at[which]
        if node.first:
            journeys.rounds[node.loop, which] = 1
            journeys.starts[node.loop, which] = at
            return np.full(len(which), node.body)
        rounds = journeys.rounds[node.loop, which]
        due = next_round(node.every, journeys.starts[node.loop, which], rounds, self.triggers.run.zone)
        again = (rounds < node.times) & (due <= at)
        journeys.rounds[node.loop, which[again]] += 1
        return np.select([rounds >= node.times, again], [node.done, node.body], node.between)

    def _rest(self, number: int, journeys: Journeys, which: Ints) -> tuple[Ints, Ints]:
        """Which of the journeys at a rest move on, and to which nodes; the others stay."""
        moves = self._rests.moves(number, journeys, which)
        journeys.step[which[~moves.passing]] = number
        going = moves.target != STAYS
        left = moves.target == LEFT
        self._leave(journeys, which[left], moves.at[left])
        timed = going & ~left & ~moves.passing & (moves.row < 0)
        journeys.at[which[timed]] = moves.at[timed]
        journeys.all_past[which[timed]] = True
        for place, kind in enumerate(moves.kinds):
            here = (moves.row >= 0) & (moves.kind == place)
            if here.any():
                self._take(kind, journeys, which[here], moves.row[here], moves.at[here])
        journeys.moved[which[going]] = True
        on = going & ~left
        return which[on], moves.target[on]

    def _take(self, kind: str, journeys: Journeys, which: Ints, rows: Ints, at: Ints) -> None:
        """Journeys moved by rows: those rows are past, and the rows of their kind before them."""
        later = at > journeys.at[which]
        for counts in journeys.past.values():
            counts[which[later]] = 0
        journeys.at[which] = at
        journeys.all_past[which] = False
        track = self.triggers.track(kind)
        codes = journeys.fixed.code[which]
        journeys.past[kind][which] = rows + 1 - track.seek(codes, track.begins[codes], at)

    def _leave(self, journeys: Journeys, which: Ints, at: Ints) -> None:
        journeys.at[which] = at
        journeys.all_past[which] = True
        journeys.ended[which] = at
        journeys.reason[which] = LEFT
        journeys.moved[which] = True


def _ranks(automaton: Automaton) -> Ints:
    """For every node its place in an order in which, loops aside, a node comes after those that lead to it."""
    ranks = np.zeros(len(automaton.nodes), np.int64)
    seen = {automaton.start}
    stack = [(automaton.start, iter(_targets(automaton.nodes[automaton.start])))]
    last = len(automaton.nodes)
    while stack:
        number, targets = stack[-1]
        following = next((target for target in targets if target not in seen), None)
        if following is None:
            stack.pop()
            last -= 1
            ranks[number] = last
        else:
            seen.add(following)
            stack.append((following, iter(_targets(automaton.nodes[following]))))
    return ranks


def _targets(node: Node) -> tuple[int, ...]:
    match node:
        case Rest(events=events, timers=timers):
            return (*(event.target for event in events), *(timer.target for timer in timers))
        case Act(target=target):
            return (target,)
        case Choose(yes=yes, no=no):
            return (yes, no)
        case Part(branches=branches, rest=rest):
            return (*(branch.target for branch in branches), rest)
        case Loop(body=body, done=done, between=between):
            return (body, between, done)
    return ()
