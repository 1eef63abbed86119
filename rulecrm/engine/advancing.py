"""One advance over (since, to]: lifecycles, journeys, the policy; from a book into a book.

In: a program, facts, a book, from when to when. Out: what was written, counted.
Invariant: it depends on nothing but its arguments; a replay and a live engine do the same, row for row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl
from attrs import evolve, field, frozen

from rulecrm.engine.book import DECISION_SHAPE, Book
from rulecrm.engine.messages import ACT_SHAPE, MESSAGES, Gate, messages_of, settle
from rulecrm.engine.rows import in_order
from rulecrm.facts import Facts
from rulecrm.machine.journeys import Clock, Draws, Moved, Timelines, advance_campaign
from rulecrm.machine.lives import lives, recent
from rulecrm.machine.stored import read
from rulecrm.machine.timelines import Timeline
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.model import ir
from rulecrm.model.asked import asked
from rulecrm.model.machine import Campaign, Policy
from rulecrm.model.program import Program
from rulecrm.planning import make_plan, walk
from rulecrm.runtime.evaluate import start_run
from rulecrm.runtime.register import ALWAYS, NEVER
from rulecrm.runtime.run import Run

__all__ = ["Counts", "Progress", "Span", "VersionedRules", "advance", "earliest", "start_machine"]

_OPEN = Policy()


@frozen
class Span:
    """From when to when, as `machine.journeys.Clock`, and what draws are made with.

    Attributes:
        clock: from when to when.
        seed: of draws.
        ahead: an instant that later advances over the same facts go to: lifecycles are worked out as far at once.
    """

    clock: Clock
    seed: str = "rulecrm"
    ahead: int = ALWAYS


@frozen(eq=False)
class VersionedRules:
    """Rules as an advance uses them.

    Attributes:
        program: the rules as they are now.
        hash: of them.
        older: loads an older version of a campaign, by symbol and version; None where it is lost.
    """

    program: Program
    hash: str
    older: Callable[[str, str], Program | None] = field(default=lambda _symbol, _version: None)


@frozen
class Counts:
    """What an advance did."""

    entered: int = 0
    ended: int = 0
    decided: int = 0
    settled: int = 0
    outcomes: Mapping[str, int] = field(factory=dict)


Progress = Callable[[int, int, str], None]


def start_machine(
    program: Program, facts: Facts, campaigns: Sequence[Campaign] | None = None, *, ahead: int = ALWAYS
) -> Run:
    """A run in which everything that lifecycles and campaigns look at is indexed; `ahead` as in `Span`."""
    parts = program.journeys if campaigns is None else tuple(campaigns)
    plan = make_plan(program, [one.symbol for one in program.lifecycles], parts=parts)
    run = start_run(program, facts, plan, lender=partial(_lives, ahead=ahead))
    run.store.prepare_subject(SUBJECT)  # customers are entered by the clock, too, and then nothing may be read of them
    return run


def earliest(program: Program, facts: Facts) -> int:
    """An instant just before the first fact that anybody could enter on; the largest of all where there is none."""
    run = start_machine(program, facts)
    first = run.store.beginnings(SUBJECT)
    return int(first.min()) - 1 if len(first) else NEVER


def advance(rules: VersionedRules, facts: Facts, book: Book, span: Span, *, progress: Progress | None = None) -> Counts:
    """Everything that happens in (since, to], written into the book."""
    live = book.journeys()
    work = _versions(rules, live)
    total = len(work) + 1

    def told(done: int, what: str) -> None:
        if progress is not None:
            progress(done, total, what)

    moved = _moved(rules, facts, book, span, live=live, work=work, told=told)
    entered, ended = sum(one.entered for one in moved), sum(one.ended for one in moved)
    if moved:
        book.write(journeys=pl.concat([one.rows for one in moved]))
    told(total - 1, "policy")
    acts = [pl.DataFrame(schema=ACT_SHAPE), *(one.acts for one in moved)]
    # After months of a great shop these are large, and as much again is about to be made of the acts.
    del live, moved
    program = rules.program
    gate = Gate(program, facts, program.policy or _OPEN, [campaign for _, campaign, _ in work], span.seed)
    counts = _decide(acts, gate, book, span.clock)
    told(total, "")
    return evolve(counts, entered=entered, ended=ended)


_Work = list[tuple[Program, Campaign, bool]]
"""Campaigns to be advanced: the rules they are of, one version, whether it is the current one."""


def _moved(
    rules: VersionedRules,
    facts: Facts,
    book: Book,
    span: Span,
    *,
    live: pl.DataFrame,
    work: _Work,
    told: Callable[[int, str], None],
) -> list[Moved]:
    """What becomes of the journeys of each."""
    policy = rules.program.policy or _OPEN
    moved: list[Moved] = []
    machines: dict[int, Triggers] = {}
    timelines: dict[int, Timelines] = {}
    for number, (owner, campaign, current) in enumerate(work):
        told(number, campaign.symbol)
        triggers = machines.get(id(owner))
        if triggers is None:
            own = [one for other, one, _ in work if other is owner]
            run = start_machine(owner, facts, own, ahead=span.ahead)
            triggers = machines[id(owner)] = Triggers(run, span.clock.to)
            timelines[id(owner)] = _timelines(run, own, span)
        mine = live.filter(pl.col("campaign") == campaign.symbol, pl.col("version") == campaign.version)
        earlier = [
            one.rows for (_, other, _), one in zip(work, moved, strict=False) if other.symbol == campaign.symbol
        ]  # fmt: skip
        before = partial(_before, book, campaign.symbol, mine, earlier)
        moved.append(
            advance_campaign(
                campaign,
                read(mine, campaign, triggers.run.store.register(SUBJECT)),
                triggers,
                span.clock,
                Draws(span.seed, policy.holdout),
                timelines=timelines[id(owner)],
                before=before,
                rules=rules.hash,
                enter=current,
            )
        )
    return moved


def _decide(parts: list[pl.DataFrame], gate: Gate, book: Book, clock: Clock) -> Counts:
    """What becomes of acts, which are used up, and of messages that were deferred before."""
    acts, quiet = pl.concat(parts), book.quiet()
    parts.clear()
    asked = messages_of(acts, quiet, gate.campaigns, since=clock.since)
    plain = acts.filter(~pl.col("action").is_in(MESSAGES)).with_columns(outcome=pl.lit("done")).select(*DECISION_SHAPE)
    del acts
    done = settle(asked, gate, book, to=clock.to)
    outcomes = done.group_by("outcome").len().sort("outcome")
    # Those that were deferred come first.
    again = done.filter(pl.int_range(pl.len()) < len(quiet))
    new = [plain, done.tail(len(done) - len(quiet))]
    counts = Counts(decided=sum(map(len, new)), settled=len(again), outcomes=dict(outcomes.iter_rows()))
    del asked, plain, done
    book.write(decisions=in_order(new, "at", pl.col("decision")), settled=again)
    return counts


def _versions(rules: VersionedRules, live: pl.DataFrame) -> _Work:
    """Campaigns as they are now, and older versions that somebody is still on: (program, campaign, whether current)."""
    current = {(one.symbol, one.version): one for one in rules.program.journeys}
    work: _Work = []
    for symbol, version in live.select("campaign", "version").unique().sort("campaign", "version").iter_rows():
        if (symbol, version) in current:
            continue
        program = rules.older(symbol, version)
        old = None if program is None else next((one for one in program.journeys if one.symbol == symbol), None)
        if program is not None and old is not None and old.version == version:
            work.append((program, old, False))
    # Whoever ends on an older version may enter the current one at that very instant.
    return [*work, *((rules.program, one, True) for one in rules.program.journeys)]


_LINE = ("customer", "line", "entered", "turn")


def _before(
    book: Book, campaign: str, mine: pl.DataFrame, earlier: list[pl.DataFrame], customers: pl.Series
) -> pl.DataFrame:
    """What the book knows of these customers' journeys, and what older versions have done to it in this advance."""
    known = book.entries(customers, campaign).join(mine.select(_LINE), on=_LINE, how="anti", nulls_equal=True)
    for rows in earlier:
        own = rows.filter(pl.col("customer").is_in(customers.cast(pl.String).implode())).select(known.columns)
        known = pl.concat([known.join(own, on=_LINE, how="anti", nulls_equal=True), own])
    return known


def _timelines(run: Run, campaigns: Sequence[Campaign], span: Span) -> Timelines:
    """Lifecycles as far as these campaigns look at them: the late moves alone where no more is wanted by anybody."""
    clock = span.clock
    whole = {one.lifecycle[0] for one in campaigns if one.lifecycle is not None}
    if span.ahead > clock.to:
        whole |= set(run.plan.lifecycles)
    # Whoever asks for a state asks for all there has been, and that is worked out once.
    told = (one.value for level in run.plan.levels for one in level if one.form != "lifecycle")
    own = (expr for one in run.plan.lifecycles.values() for expr in asked(one.automaton))
    for expr in (*told, *own, *(expr for one in campaigns for expr in asked(one))):
        whole |= {node.lifecycle for node in walk(expr) if isinstance(node, ir.State)}
    known: dict[str, Timeline] = {}

    def find(symbol: str) -> Timeline:
        if symbol not in known:
            known[symbol] = (
                _lives(run, symbol, clock.to, ahead=span.ahead)
                if symbol in whole
                else recent(run, symbol, clock.late, clock.to)
            )
        return known[symbol]

    return find


def _lives(run: Run, symbol: str, horizon: int, *, ahead: int) -> Timeline:
    return lives(run, symbol, max(horizon, ahead))
