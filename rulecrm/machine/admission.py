"""Admission: which candidates are let in.

In: candidates, journeys that the ledger knows, and a way to take journeys to their ends. Out: which candidates entered.
Invariant: of one line (a customer, or a customer and the value of a field) candidates are tried one after the other,
each knowing how the journeys before it ended; lines know nothing of one another.

Lines are worked on side by side, in rounds: in each, every line takes the first candidate that may enter after all that
it has taken so far. Since a journey's way does not depend on other journeys, candidates that are few are sent on their
way all at once, before it is known which of them enter; the others are then forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.machine.entries import Candidates
from rulecrm.machine.lines import Rule
from rulecrm.runtime.arrays import Bools, Ints, expand
from rulecrm.runtime.course import search

__all__ = ["FIRST", "Admitted", "Known", "Trial", "admit"]

FIRST = np.iinfo(np.int64).min + 1
"""Before every instant."""

_FEW = 20_000
"""As many candidates as may be sent in vain."""


@frozen(eq=False)
class Known:
    """Journeys of a campaign, whoever entered them, in any order.

    Attributes:
        code: customers.
        line: their lines.
        entered: instants.
        ended: instants, NEVER where one is under way.
    """

    code: Ints
    line: pl.Series
    entered: Ints
    ended: Ints


@frozen(eq=False)
class Trial:
    """What is to be tried at once.

    Attributes:
        candidates: in any order.
        lines: the number of each one's line.
        free: for each when its line is free, as far as those that entered in earlier trials go.
        known: journeys that were there before.
        known_lines: the numbers of their lines.
    """

    candidates: Candidates
    lines: Ints
    free: Ints
    known: Known
    known_lines: Ints


@frozen(eq=False)
class Admitted:
    """Candidates in the order of their lines, and which of them entered.

    Attributes:
        order: the candidates, as they were given, in the order of lines, instants, clauses and rows.
        entered: which entered, in this order.
        turn: their turns.
        free: for each candidate in this order, when its line is free again after all that entered.
    """

    order: Ints
    entered: Bools
    turn: Ints
    free: Ints


def admit(rule: Rule, trial: Trial, send: Callable[[Ints], Ints]) -> Admitted:
    """Try candidates.

    Args:
        rule: who may enter again.
        trial: who wants to enter.
        send: sends candidates (by their places) on their way; the instants at which they end, NEVER for none.
    """
    order = _in_order(trial)
    rows = _rows(trial.candidates.at[order], trial.lines[order])
    may, made = _after_known(rule, trial, rows)
    free = np.maximum(trial.free[order][rows.offsets[:-1]], FIRST)
    entered, turn = np.zeros(len(order), bool), np.zeros(len(order), np.int64)
    kept = np.flatnonzero(may)
    if len(kept):
        rounds = _Rounds(rule, _some(rows, kept), made[kept], free)
        rounds.run(lambda which: send(order[kept[which]]))
        entered[kept], turn[kept] = rounds.entered, rounds.turn
    return Admitted(order, entered, turn, free[rows.line])


@frozen(eq=False)
class _Rows:
    """Candidates line by line, each line's in the order in which they are tried.

    Attributes:
        at: instants.
        line: lines, numbered from 0.
        offsets: where each line begins; one more at the end.
        name: the line's own number.
    """

    at: Ints
    line: Ints
    offsets: Ints
    name: Ints


def _rows(at: Ints, names: Ints) -> _Rows:
    new = np.append(True, names[1:] != names[:-1])[: len(names)]
    begins = np.flatnonzero(new)
    return _Rows(at, np.cumsum(new) - 1, np.append(begins, len(names)), names[begins])


def _some(rows: _Rows, kept: Ints) -> _Rows:
    """The same lines with some of their candidates."""
    line = rows.line[kept]
    return _Rows(rows.at[kept], line, np.searchsorted(line, np.arange(len(rows.name) + 1)), rows.name)


def _in_order(trial: Trial) -> Ints:
    """Candidates by line, instant, clause and row; they often come like that."""
    tried = trial.candidates
    keys = (trial.lines, tried.at, tried.clause, tried.row)
    rising = np.ones(max(len(tried) - 1, 0), bool)
    for key in reversed(keys):
        rising = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & rising)
    return np.arange(len(tried)) if rising.all() else np.lexsort(keys[::-1])


@define(eq=False)
class _Rounds:
    """Lines, taking one candidate a round.

    Attributes:
        rule: who may enter again.
        rows: candidates that no journey of before keeps out.
        made: for each how many journeys were entered before at its instant.
        free: for each line from when on it is free; kept up to date.
        entered, turn: what came of each candidate.
    """

    rule: Rule
    rows: _Rows
    made: Ints
    free: Ints
    entered: Bools = field(init=False)
    turn: Ints = field(init=False)
    _ends: Ints = field(init=False)

    def __attrs_post_init__(self) -> None:
        n = len(self.rows.at)
        self.entered, self.turn = np.zeros(n, bool), np.zeros(n, np.int64)
        self._ends = np.full(n, FIRST)  # FIRST: not sent yet

    def run(self, send: Callable[[Ints], Ints]) -> None:
        """Go round until no line can take another."""
        rows = self.rows
        going = np.arange(len(rows.name))
        untried = rows.offsets[:-1].copy()
        last = np.full(len(rows.name), -1)
        for number in count():
            first = np.maximum(search(rows.offsets, rows.at, going, self.free[going] - 1), untried[going])
            passed_over = int((first - untried[going]).sum())
            there = first < rows.offsets[going + 1]
            going, first = going[there], first[there]
            if not len(going):
                return
            self._send(first, rows.offsets[going + 1], number > 0 and passed_over <= len(going), send)
            before = last[going]
            again = (before >= 0) & (rows.at[before] == rows.at[first])
            self.turn[first] = np.where(again, self.turn[before] + 1, self.made[first])
            self.entered[first] = True
            free = self.rule.free_again(rows.at[first], self._ends[first])
            self.free[going] = np.maximum(self.free[going], free)
            untried[going], last[going] = first + 1, first

    def _send(self, first: Ints, ends: Ints, likely: bool, send: Callable[[Ints], Ints]) -> None:  # noqa: FBT001
        """Find out when journeys of these candidates end; `likely` where most of the others are going to enter too.

        Those that come after them are sent along if they are few, or likely to enter.
        """
        left = int((ends - first).sum())
        along = not self.rule.once and (likely or left <= 2 * len(first) + _FEW)
        which = expand(first, ends)[1] if along else first
        which = which[self._ends[which] == FIRST]
        if len(which):
            self._ends[which] = send(which)


def _after_known(rule: Rule, trial: Trial, rows: _Rows) -> tuple[Bools, Ints]:
    """Which candidates the journeys there before let in; and how many of those were entered at the same instant."""
    numbers, journeys = trial.known_lines, trial.known
    at, own, n = rows.at, rows.line, len(rows.at)
    made = np.zeros(n, np.int64)
    place = np.minimum(np.searchsorted(rows.name, numbers), len(rows.name) - 1)
    mine = np.flatnonzero(rows.name[place] == numbers)
    if not len(mine):
        return np.ones(n, bool), made
    mine = mine[np.lexsort((journeys.entered[mine], place[mine]))]
    whose, entered = place[mine], journeys.entered[mine]
    before = np.searchsorted(whose, np.arange(len(rows.name) + 1))
    if rule.once:
        return (np.diff(before) == 0)[own], made
    # A line is free once all journeys entered so far leave it free: the greatest so far, begun anew with each line.
    free = rule.free_again(entered, journeys.ended[mine])
    ranked = np.sort(free)
    leading = np.maximum.accumulate(whose * (len(free) + 1) + np.searchsorted(ranked, free))
    bound = ranked[leading - whose * (len(free) + 1)]
    upto = search(before, entered, own, at)
    may = (upto == before[own]) | (bound[np.maximum(upto - 1, 0)] <= at)
    made = upto - search(before, entered, own, at - 1)
    # Of the candidates at one instant the first ones are those that the journeys were made for.
    new = np.append(True, (at[1:] != at[:-1]) | (own[1:] != own[:-1]))
    rank = np.arange(n) - np.maximum.accumulate(np.where(new, np.arange(n), 0))
    return may & (rank >= made), made
