"""Timed automata: what lifecycles, campaigns and policies mean, ready to be advanced.

In: built by `semantics`. Out: read by `machine` (which moves them) and `policy` (which gates what they would send).
Invariant: every name is settled; nodes are numbered from 0, and every target is one of them.

A lifecycle and a campaign are the same thing, an `Automaton`: nodes, of which an *instance* (a customer, or one journey
of a customer) is at one. An instance has an instant t, that of its last move. At a node that acts (`Act`, `Choose`,
`Part`, `Loop`) it does not stay: the next node is reached at the same t. At a `Rest` it stays until one of its moves.
The meaning of every move is in docs/machine.md, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model import node
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Expr
from rulecrm.model.sending import MARKETING
from rulecrm.model.types import Type

__all__ = [
    "Act", "Action", "Automaton", "Branch", "Budget", "Campaign", "Cap", "Choose", "EnterAt", "EnterEvery", "EnterOn",
    "EnterOnState", "Entry", "Event", "Goal", "Lifecycle", "Loop", "Measure", "Message", "Node", "Part", "Policy",
    "Quiet", "Reentry", "Rest", "Rows", "Send", "Staff", "Stop", "Tag", "Template", "TemplatePart", "Timer", "Until",
    "Use", "buckets",
]  # fmt: skip


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


# --- what moves an instance ---------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Rows(node.Node):
    """Rows of a kind that fit every `where`, each seen from (its own customer, its own instant).

    `where` holds row-level conjuncts, flattened, collections included, as in `ir.Scan`.
    """

    kind: str
    where: tuple[Expr, ...] = ()


@frozen(eq=False, repr=False)
class Event(node.Node):
    """A move made by a row: at its instant, if `when` holds of the customer then."""

    rows: Rows
    target: int
    when: Expr | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Until(node.Node):
    """A deadline that is a place in time: an instant, or the next time of day (in the rules' zone)."""

    instant: dt.datetime | None = None
    time: dt.time | None = None


@frozen(eq=False, repr=False)
class Timer(node.Node):
    """A move made by time: at a deadline, if `when` holds of the customer then.

    Attributes:
        due: how long after the stay began; or a place in time; or None for the next round of the loop `loop`.
        target: the node moved to.
        without: rows that start the timer anew; None where nothing does.
        when: asked once, at the deadline.
        loop: number of the loop whose next round is waited for.
    """

    due: Duration | Until | None
    target: int
    without: Rows | None = None
    when: Expr | None = None
    loop: int | None = None
    span: Span = _span()


# --- nodes --------------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Rest(node.Node):
    """A place to stay: a state of a lifecycle, or a wait of a campaign. Moves are in the order of their writing.

    `name` is the state's name, or the path of the step in its campaign. Steps are counted from 1 in each block; a step
    inside another has the other's path before its own number: `5.2` in an `if` or a `repeat`, `5.else.2` behind its
    `else`, `6.a.2` in the branch `a` of a split.
    """

    name: str
    events: tuple[Event, ...] = ()
    timers: tuple[Timer, ...] = ()
    title: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Message(node.Node):
    """One way to say it: channel, template, values handed to the template, provider."""

    channel: str
    template: str
    values: tuple[tuple[str, Expr], ...] = ()
    via: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Send(node.Node):
    """Send the first of these messages that can be sent. `wave` counts the campaign's sends from 1, in text order."""

    messages: tuple[Message, ...]
    wave: int


@frozen(eq=False, repr=False)
class Measure(node.Node):
    """Measure what has happened since, `after` from now; nothing waits for it."""

    after: Duration


@frozen(eq=False, repr=False)
class Tag(node.Node):
    """Write a tag into the ledger."""

    text: str


@frozen(eq=False, repr=False)
class Staff(node.Node):
    """Tell the staff."""

    text: str


Action = Send | Measure | Tag | Staff


@frozen(eq=False, repr=False)
class Act(node.Node):
    """Do something, and go on."""

    name: str
    action: Action
    target: int
    span: Span = _span()


@frozen(eq=False, repr=False)
class Choose(node.Node):
    """Go to `yes` if `condition` holds of the customer at t, else to `no`."""

    name: str
    condition: Expr
    yes: int
    no: int
    span: Span = _span()


@frozen(eq=False, repr=False)
class Branch(node.Node):
    """A branch of a split: customers whose bucket is below `below` (and not below that of the branch before)."""

    name: str
    below: int
    target: int


@frozen(eq=False, repr=False)
class Part(node.Node):
    """Go to the branch of the customer's bucket (0..9999), else to `rest`.

    The bucket is `bucket(key, seed)` of `ir.Apply` with the seed `SEED␟CAMPAIGN␟split␟NAME` (␟ is U+001F, SEED is the
    engine's, NAME is `name`).
    """

    name: str
    branches: tuple[Branch, ...]
    rest: int
    span: Span = _span()


@frozen(eq=False, repr=False)
class Loop(node.Node):
    """The head of a `repeat`: begins a round or goes on.

    A `first` head sets the round to 1, remembers t as the loop's start t0, and goes to `body`. The other head of the
    loop is where a round has ended: after round `times` it goes to `done`; if t0 + round · `every` is not after t, it
    counts the round up by one and goes to `body`; otherwise it goes to `between`, whose one timer (`due` None) is due
    at t0 + round · `every` and leads back to this same head, which then begins the round.

    `loop` numbers the loops of a campaign from 0, in text order.
    """

    name: str
    loop: int
    times: int
    every: Duration
    body: int
    done: int
    between: int
    """The `Rest` at which the start of the next round is waited for."""
    first: bool = False
    span: Span = _span()


@frozen(eq=False, repr=False)
class Stop(node.Node):
    """The end of a journey. `reason` is `finished`, `exit`, or `exit on KIND`."""

    reason: str


Node = Rest | Act | Choose | Part | Loop | Stop


@frozen(eq=False, repr=False)
class Automaton(node.Node):
    """Nodes by number; every instance begins at node `start`."""

    nodes: tuple[Node, ...]
    start: int = 0


# --- lifecycle ----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Lifecycle(node.Node):
    """A state for each customer. All nodes are `Rest`; they are in the order in which the states are first written.

    Attributes:
        symbol: unique name, as `ir.Definition.symbol`.
        automaton: the states and their moves.
        entering: journeys begun by entering a state, as campaigns `SYMBOL.STATE`.
    """

    symbol: str
    automaton: Automaton
    title: str | None = None
    doc: str | None = None
    entering: tuple[Campaign, ...] = ()
    span: Span = _span()

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return tuple(each.name for each in self.automaton.nodes if isinstance(each, Rest))


# --- campaign -----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class EnterOn(node.Node):
    """Enter at the instant of a row. `word` is what rules call these rows: a kind or a collection (None: the kind)."""

    rows: Rows
    when: Expr | None = None
    word: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterEvery(node.Node):
    """Enter at this time of the first day of every `unit` (day, week, month, quarter, year), in the rules' zone."""

    unit: str
    time: dt.time
    when: Expr | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterAt(node.Node):
    """Enter once, at an instant."""

    instant: dt.datetime
    when: Expr | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterOnState(node.Node):
    """Enter when a lifecycle moves to a state."""

    lifecycle: str
    state: str
    when: Expr | None = None
    span: Span = _span()


Entry = EnterOn | EnterEvery | EnterAt | EnterOnState


@frozen(eq=False, repr=False)
class Reentry(node.Node):
    """Who may enter again, the journey before having ended.

    Attributes:
        how: `never`; `always`; or `after`, once `after` has passed since the entry before.
        by: a field of the entering row: journeys that differ in it know nothing of one another.
    """

    how: str = "never"
    after: Duration | None = None
    by: str | None = None


@frozen(eq=False, repr=False)
class Goal(node.Node):
    """What counts as success: the first of these rows after the entry, and not later than `within` after it."""

    rows: Rows
    within: Duration
    span: Span = _span()


@frozen(eq=False, repr=False)
class Budget(node.Node):
    """At most `count` messages of the campaign (`channel` None: of any channel) in any time `per`."""

    count: int
    channel: str | None
    per: Duration
    span: Span = _span()


@frozen(eq=False, repr=False)
class Campaign(node.Node):
    """A journey.

    Attributes:
        symbol: unique name.
        entries: in text order.
        control: buckets below this are the control group (0..10000).
        priority: 1 is the most urgent; None comes after all numbers.
        carried: fields of the entering row that its steps read as `entry.FIELD`, with their types.
        lifecycle: (lifecycle, state) that the journey belongs to, where it is an `entering` block: it ends, for the
            reason `left`, when the customer leaves that state.
        version: SHA-256 (hex) of the meaning of the campaign: of its automaton, its clauses and all they refer to.
    """

    symbol: str
    entries: tuple[Entry, ...]
    automaton: Automaton
    reentry: Reentry = Reentry()
    control: int = 0
    goal: Goal | None = None
    priority: int | None = None
    budgets: tuple[Budget, ...] = ()
    carried: tuple[tuple[str, Type], ...] = ()
    lifecycle: tuple[str, str] | None = None
    version: str = ""
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


# --- words and policy ---------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class TemplatePart(node.Node):
    """Liquid source of one part (`body`, `subject`, …), for a locale or for all; `file` is where it was read from."""

    part: str
    text: str
    locale: str | None = None
    file: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Use(node.Node):
    """A name that a template is filled with.

    Attributes:
        name: as the template writes it, its parts joined by dots: `nick`, `customer.nick`, `walk.since`,
            `coupon.SPRING`. What follows it there (a field of a record, `size`) is Liquid's.
        what: `definition`, `lifecycle`, `attribute` or `customer` (its key): of the customer, as of the instant of the
            decision; `given`: by the message; `coupon`: a code of a pool, drawn for the decision; `clock`: that instant
            (`now`) or its day (`today`).
        symbol: of the definition or the lifecycle; the name of the attribute; the pool.
        part: of a lifecycle `since`, `previous` or `moves`; empty for its state.
    """

    name: str
    what: str
    symbol: str
    part: str = ""


@frozen(eq=False, repr=False)
class Template(node.Node):
    """The words of a message for a channel.

    Attributes:
        uses: what it is filled with, by name; each name once.
        purpose: what the message is for: `marketing`, or a word of the shop's own that customers consent to by itself.
    """

    symbol: str
    channel: str
    parts: tuple[TemplatePart, ...]
    title: str | None = None
    doc: str | None = None
    uses: tuple[Use, ...] = ()
    purpose: str = MARKETING
    span: Span = _span()


@frozen(eq=False, repr=False)
class Quiet(node.Node):
    """No message from `start` to `end`, on the customer's own wall clock; over midnight where `end` is not later."""

    start: dt.time
    end: dt.time
    span: Span = _span()


@frozen(eq=False, repr=False)
class Cap(node.Node):
    """At most `count` messages to one customer, of one channel or (None) of any.

    In any time `per`, or within one calendar `unit` of the rules' zone.
    """

    count: int
    channel: str | None
    per: Duration | None = None
    unit: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Policy(node.Node):
    """What no campaign may break.

    Attributes:
        holdout: buckets below this are in the holdout (0..10000); seed `SEED␟␟holdout`.
        consent: whether consent has to have been given (otherwise it is enough that it was not withdrawn).
        order: symbols of campaigns, the most urgent first; before all `priority` numbers.
    """

    quiet: tuple[Quiet, ...] = ()
    caps: tuple[Cap, ...] = ()
    holdout: int = 0
    consent: bool = False
    order: tuple[str, ...] = ()
    span: Span = _span()


def buckets(share: Decimal) -> int:
    """A share (0.1 is 10 %) in buckets of 0..10000, halves to even."""
    return int((share * 10_000).to_integral_value())
