"""Random lifecycles over random rows, against one customer moved by hand, one candidate after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.machine import lives
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Lifecycle, Rows
from rulecrm.planning import make_plan
from rulecrm.runtime.evaluate import start_run
from tests.machine.automata import After, On, lifecycle
from tests.machine.shop import micros

PROGRAM = rulecrm.loads("""
timezone "UTC"
currency CNY
segment busy = count(purchase in last 6h) >= 2
segment rich = sum(purchase.amount) >= 5 CNY
metric dear = count(purchase where amount >= 2 CNY)
metric grown = count(purchase where spent >= 4 CNY)
metric spent = sum(purchase.amount)
""").program

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
LAST = 60
"""Hours that the rows are spread over, and the horizon."""

Row = tuple[int, int]
"""Hour and amount, in the order of both."""


@frozen
class Customer:
    """Purchases and views; views have no amount."""

    purchases: tuple[Row, ...]
    views: tuple[Row, ...]

    def rows(self, kind: str) -> tuple[Row, ...]:
        return self.purchases if kind == "purchase" else self.views

    def spent(self, hour: int) -> int:
        return sum(amount for at, amount in self.purchases if at <= hour)


CONDITIONS: dict[str, Callable[[Customer, int], bool]] = {
    "busy": lambda who, hour: sum(hour - 6 < at <= hour for at, _ in who.purchases) >= 2,
    "rich": lambda who, hour: who.spent(hour) >= 5,
}
FILTERS: dict[str, Callable[[Customer, Row], bool]] = {
    "": lambda who, row: True,
    "dear": lambda who, row: row[1] >= 2,
    "grown": lambda who, row: who.spent(row[0]) >= 4,
}


@frozen
class Move:
    """A move as drawn: `hours` is None for one by a row."""

    kind: str | None
    rows: str
    hours: int | None
    when: str | None
    to: int


@st.composite
def moves(draw: st.DrawFn, states: int) -> Move:
    kind = draw(st.sampled_from(["purchase", "purchase", "view"]))
    rows = draw(st.sampled_from(["", "", "dear", "grown"])) if kind == "purchase" else ""
    hours = draw(st.none() | st.integers(1, 12))
    if hours is not None and draw(st.booleans()):
        kind, rows = None, ""
    return Move(
        kind, rows, hours, draw(st.none() | st.sampled_from(["busy", "rich"])), draw(st.integers(0, states - 1))
    )


@st.composite
def automata(draw: st.DrawFn) -> list[list[Move]]:
    states = draw(st.integers(1, 4))
    return [draw(st.lists(moves(states), max_size=4)) for _ in range(states)]


buys = st.lists(st.tuples(st.integers(0, LAST), st.integers(0, 4)), max_size=8).map(lambda one: tuple(sorted(one)))
looks = st.lists(st.integers(0, LAST).map(lambda hour: (hour, 0)), max_size=4).map(lambda one: tuple(sorted(one)))
customers = st.lists(st.builds(Customer, buys, looks), min_size=1, max_size=5)


# --- by hand ------------------------------------------------------------------------------------------------------


def by_hand(states: Sequence[Sequence[Move]], who: Customer, horizon: int) -> list[tuple[int, int, int]]:
    """(hour, from, to) of every move."""
    instants = [at for kind in ("purchase", "view") for at, _ in who.rows(kind)]
    if not instants:
        return []
    state, t = 0, min(instants)
    past = {"purchase": 0, "view": 0}
    made: list[tuple[int, int, int]] = []
    while True:
        found = []
        written = sorted(states[state], key=lambda move: move.hours is not None)  # events come before timers
        for number, move in enumerate(written):
            found.append((*(_event(move, who, past) if move.hours is None else _timer(move, who, past, t)), number))
        at, by_time, place, number = min(found, default=(horizon + 1, 0, 0, 0), key=lambda one: (one[0], one[3]))
        if at > horizon:
            return made
        move = written[number]
        made.append((at, state, move.to))
        state, t = move.to, at
        for kind, place_before in list(past.items()):
            past[kind] = max(place_before, sum(hour < t + by_time for hour, _ in who.rows(kind)))
        if not by_time and move.kind is not None:
            past[move.kind] = max(past[move.kind], place + 1)


def _fitting(move: Move, who: Customer, past: dict[str, int]) -> list[tuple[int, int]]:
    assert move.kind is not None
    return [
        (place, row[0])
        for place, row in enumerate(who.rows(move.kind))
        if place >= past[move.kind] and FILTERS[move.rows](who, row)
    ]


def _event(move: Move, who: Customer, past: dict[str, int]) -> tuple[int, int, int]:
    for place, at in _fitting(move, who, past):
        if move.when is None or CONDITIONS[move.when](who, at):
            return at, 0, place
    return 10**6, 0, 0


def _timer(move: Move, who: Customer, past: dict[str, int], t: int) -> tuple[int, int, int]:
    assert move.hours is not None
    starts = [t, *(at for _, at in _fitting(move, who, past))] if move.kind is not None else [t]
    for start, following in zip(starts, [*starts[1:], 10**6], strict=True):
        due = start + move.hours
        if following > due and (move.when is None or CONDITIONS[move.when](who, due)):
            return due, 1, 0
    return 10**6, 1, 0


# --- ours ---------------------------------------------------------------------------------------------------------


def automaton(states: Sequence[Sequence[Move]]) -> Lifecycle:
    def rows_of(move: Move) -> Rows | None:
        if move.kind is None:
            return None
        value = PROGRAM.definition(move.rows).value if move.rows else None
        return Rows(move.kind, value.scan.where if value is not None else ())  # type: ignore[union-attr]

    def made(move: Move) -> tuple[object, ...]:
        when = PROGRAM.definition(move.when).value if move.when is not None else None
        if move.hours is None:
            return On(rows_of(move), f"s{move.to}", when)
        due = Duration(micros=move.hours * 3_600_000_000)
        return After(due, f"s{move.to}", without=rows_of(move), when=when)

    return lifecycle({f"s{number}": [made(move) for move in moves] for number, moves in enumerate(states)})


def facts_of(crowd: Sequence[Customer]) -> rulecrm.Facts:
    def instants(hours: Sequence[int]) -> list[dt.datetime]:
        return [START + dt.timedelta(hours=hour) for hour in hours]

    bought = [(who, hour, amount) for who, one in enumerate(crowd) for hour, amount in one.purchases]
    seen = [(who, hour) for who, one in enumerate(crowd) for hour, _ in one.views]
    moment = pl.Datetime("us", "UTC")
    return rulecrm.Facts.from_frames(
        purchase=pl.DataFrame(
            {
                "customer": [who for who, _, _ in bought],
                "at": instants([hour for _, hour, _ in bought]),
                "amount": [amount for _, _, amount in bought],
            },
            schema={"customer": pl.Int64, "at": moment, "amount": pl.Int64},
        ),
        view=pl.DataFrame(
            {"customer": [who for who, _ in seen], "at": instants([hour for _, hour in seen])},
            schema={"customer": pl.Int64, "at": moment},
        ),
    )


@settings(max_examples=150)
@given(automata(), customers, st.integers(0, LAST))
def test_every_move_is_made_and_no_other(states: list[list[Move]], crowd: list[Customer], until: int) -> None:
    program = evolve(PROGRAM, lifecycles=(automaton(states),))
    run = start_run(program, facts_of(crowd), make_plan(program, ["life"]), lender=lives)
    first = micros("2025-01-01")
    keys = run.store.register("customer").keys
    # Asked for early first, so that what was kept has to be taken further.
    for horizon in (until, LAST):
        moment = first + horizon * 3_600_000_000
        found: dict[int, list[tuple[int, int, int]]] = {who: [] for who in range(len(crowd))}
        for key, at, left, to in lives(run, "life", moment).moves(keys, moment).rows():
            found[key].append(((at - START) // dt.timedelta(hours=1), int(left[1:]), int(to[1:])))
        assert found == {who: by_hand(states, one, horizon) for who, one in enumerate(crowd)}
