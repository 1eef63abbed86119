"""Lifecycles, campaigns and policies as text.

In: `Moments`, whose durations every wait and window uses. Out: texts of `.rules` files.
Invariant: every state can be reached, nothing stands behind an `exit`, and a guard asks for no lifecycle below its own:
what is written passes the checker, once what never happens is taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field
from hypothesis import reject
from hypothesis import strategies as st

import rulecrm
from tests.oracle.zone import Zone
from tests.strategies.moments import Moments
from tests.strategies.shops import CHANNELS, EVENTS

__all__ = ["campaigns_texts", "lifecycles_texts", "shop_texts"]

KINDS = ("purchase", "order", *EVENTS, "delivery", "refund", "dear")
OF_ORDERS = (
    "entry.amount > big", "entry.amount is missing", "entry.paid", "entry.refunded_at is missing",
    "entry.refunded_at <= entry", "entry.quantity == 1", "not entry.delivered",
)  # fmt: skip
ORDERS = ("purchase", "order", "delivery", "refund", "dear")
VALUES = (
    "count(purchase)", "3", '"v"', "points", "sum(purchase.amount)", "last(view).at", "date_of(last(order).at)",
    "mean(view.rating)", "age(last(purchase).at)", "not (points == 1)", "joined_at",
)  # fmt: skip
TIMES = ("09:00", "00:00", "21:00", "02:30", "01:30", "23:30")
UNITS = ("day", "day", "week", "month", "quarter", "year")

NEVER_HAPPENS = ("R105", "R311", "R312", "R313", "R314", "R315", "R316")
"""Codes of findings that a random machine may deserve: a move that is never made, a state that is never reached."""

PREAMBLE = """\
timezone "{zone}"
currency CNY
param big: money = 50 CNY
param soon: duration = {length}
collection dear = purchase where amount >= big
template w for sms "w"
template m for email "m"
template s for sms as service "s"
attribute accepts_sms_service: bool
"""


@define
class Writer:
    """Writes one file; every choice is one draw."""

    draw: Callable[[st.SearchStrategy[object]], object]
    moments: Moments
    population: bool = False
    lines: list[str] = field(factory=list)
    segments: list[str] = field(factory=list)
    lifecycles: dict[str, tuple[str, ...]] = field(factory=dict)
    campaigns: list[str] = field(factory=list)
    about_entry: tuple[str, ...] = ()
    """Predicates on the row of the entry that the campaign may ask."""

    # --- choices --------------------------------------------------------------------------------------------------

    def pick(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def below(self, bound: int) -> int:
        drawn = self.draw(st.integers(0, bound - 1))
        assert isinstance(drawn, int)
        return drawn

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent  # so that it shrinks to what is plainer

    def length(self) -> str:
        return self.pick((*self.moments.lengths, *self.moments.lengths, "soon"))

    def kind(self) -> str:
        """A kind, mostly one that the example is about."""
        return self.pick(KINDS if self.chance(12) else self.moments.kinds)

    def perhaps(self, percent: int, text: Callable[[], str]) -> str:
        return text() if self.chance(percent) else ""

    # --- guards ---------------------------------------------------------------------------------------------------

    def where(self, kind: str, *, entry: str = "") -> str:
        """`where P`: a row against a literal, or against the row of the entry."""
        if entry and self.chance(50):
            if kind in ORDERS and any("entry.amount" in one for one in self.about_entry) and self.chance(40):
                return f" where amount {self.pick(('>=', '<', '=='))} entry.amount"
            return f" where {entry} == entry.{entry}"
        if kind in ORDERS:
            options = [
                "amount >= 100 CNY", "amount > big", 'category == "dress"', "quantity == 2", "paid", "not refunded",
                "product is missing", "placed_at is not missing", f"age(placed_at) <= {self.length()}",
            ]  # fmt: skip
        else:
            options = ["rating >= 3", "rating < 3", 'category == "dress"', 'product == "p0"', "rating is missing"]
        return f" where {self.pick(options)}"

    def when(self, *, entry: bool = False, depth: int = 1) -> str:
        """A predicate on the customer at the instant of the move."""
        if depth and self.chance(20):
            word = self.pick((" and ", " or "))
            return f"({self.when(entry=entry, depth=0)}{word}{self.when(entry=entry, depth=0)})"
        if depth and self.chance(12):
            return f"not {self.when(entry=entry, depth=0)}"
        kind, length = self.kind(), self.length()
        ways: list[Callable[[], str]] = [
            lambda: f"count({kind} last {length}) >= {self.pick(('1', '2'))}",
            lambda: f"count({kind}) == {self.pick(('1', '2', '3'))}",
            lambda: f"{self.pick(('exists', 'none'))}({kind} last {length})",
            lambda: f"{self.pick(('exists', 'none'))}({kind}{self.where(kind)})",
            lambda: f"sum(purchase.amount last {length}) > 50 CNY",
            lambda: f"age(last({kind}).at) {self.pick(('<=', '<', '>=', '>'))} {length}",
            lambda: f"mean(purchase.amount) >= {self.pick(('50', '100'))} CNY",
            lambda: f"({self.pick(('exists', 'none'))}({kind}) as of {length} ago)",
            lambda: f"hour(now) {self.pick(('>=', '<'))} 12",
            lambda: "points >= 1",
            lambda: f"sequence(view then {kind} within {length})",
        ]
        if self.segments:
            ways.append(lambda: self.pick(self.segments))
        if self.lifecycles:
            ways += [self.in_state, self.in_state, self.about_state]
        if self.population:
            ways += [self.among_all] * 4
        if entry:
            since = [
                lambda: f"count({kind} since entry) >= {self.pick(('1', '2'))}",
                lambda: f"none({kind} since entry)",
                lambda: f"exists({kind} within {length} before entry)",
                lambda: f"age(entry) >= {length}",
            ]
            ways += [*since, *since]
            if self.about_entry:
                ways += [lambda: self.pick(self.about_entry)] * 4
        return ways[self.below(len(ways))]()

    def in_state(self) -> str:
        name = self.pick(list(self.lifecycles))
        states = self.lifecycles[name]
        if self.chance(30):
            return f"{name} {self.pick(('in', 'not in'))} [{states[0]}, {self.pick(states[1:])}]"
        return f"{name} {self.pick(('is', 'is', 'is not'))} {self.pick(states)}"

    def about_state(self) -> str:
        name = self.pick(list(self.lifecycles))
        state, length = self.pick(self.lifecycles[name]), self.length()
        return self.pick(
            (
                f"{name}.since in last {length}",
                f"age({name}.since) > {length}",
                f"{name}.previous is {state}",
                f"{name}.previous is missing",
                f"{name}.moves >= 2",
                f"({name} is {state} as of {length} ago)",
                f"count({self.kind()} since {name}.since) >= 1",
            )
        )

    def among_all(self) -> str:
        kind, length = self.kind(), self.length()
        return self.pick(
            (
                f"count({kind}) >= population mean(count({kind}))",
                f"percentile(count({kind} last {length})) >= 50%",
                f"rank(sum(purchase.amount)) == {self.pick(('1', '2'))}",
                f"population share(exists({kind} last {length})) >= 50%",
                f"ntile(2, count({kind})) == 2",
            )
        )

    def guard(self, *, entry: bool = False) -> str:
        return self.perhaps(30, lambda: f" when {self.when(entry=entry)}")

    # --- lifecycles -----------------------------------------------------------------------------------------------

    def segment(self) -> None:
        name = f"s{len(self.segments)}"
        self.lines.append(f"segment {name} = {self.when()}")
        self.segments.append(name)

    def lifecycle(self, *, entering: bool = False) -> None:
        name = f"l{len(self.lifecycles)}"
        states = tuple("abcde"[: 2 + self.below(4)])
        body = [f"  start {states[0]}"]
        for number, state in enumerate(states[1:], start=1):  # a way into each state from one before it
            source = "any" if self.chance(15) else self.pick(states[:number])
            body.append(f"  {source} -> {state} {self.trigger()}")
        for _ in range(self.below(5)):
            source = self.pick(("any", f"{states[0]}, {states[-1]}", *states))
            body.append(f"  {source} -> {self.pick(states)} {self.trigger()}")
        if entering:
            self.about_entry = ()
            wanted = self.pick(states)
            body.append(f"  entering {wanted} {{\n{self.steps(1, '    ', carried='')}\n  }}")
            self.campaigns.append(f"{name}.{wanted}")
        self.lines.append("\n".join((f"lifecycle {name} {{", *body, "}")))
        self.lifecycles[name] = states

    def trigger(self) -> str:
        if self.chance(45):
            kind = self.kind()
            without = self.perhaps(65, lambda: f" without {kind}{self.perhaps(30, lambda: self.where(kind))}")
            return f"after {self.length()}{without}{self.guard()}"
        kind = self.kind()
        return f"on {kind}{self.perhaps(35, lambda: self.where(kind))}{self.guard()}"

    # --- campaigns ------------------------------------------------------------------------------------------------

    def campaign(self) -> None:
        name = f"p{len(self.campaigns)}"
        self.about_entry = ()
        body = [self.enter() for _ in range(1 + (self.below(4) == 3))]
        kinds = [one.split()[2] for one in body if one.startswith("enter on") and "->" not in one]
        carried = self.pick(("product", "category")) if kinds else ""
        if kinds:
            self.about_entry = ("entry.category is missing", 'entry.product == "p0"')
            self.about_entry += OF_ORDERS if all(kind in ORDERS for kind in kinds) else ("entry.rating >= 3",)
        body.append(f"reenter {self.reenter(carried)}")
        if self.chance(25):
            kind = self.kind()
            body.append(
                f"exit on {kind}{self.perhaps(30, lambda: self.where(kind, entry=carried))}{self.guard(entry=True)}"
            )
        body += [
            *self.clause(20, lambda: f"control {self.pick(('10', '30', '50'))}%"),
            *self.clause(15, lambda: f"priority {self.pick(('1', '2'))}"),
            *self.clause(20, lambda: f"budget {self.pick(('1', '2', '3'))} {self.pick(('messages', 'sms'))} per {self.length()}"),
            *self.clause(15, lambda: f"goal {self.kind()} within {self.length()}"),
        ]  # fmt: skip
        steps = self.steps(2, "  ", carried=carried)
        self.lines.append("\n".join((f"campaign {name} {{", *(f"  {line}" for line in body), steps, "}")))
        self.campaigns.append(name)

    def clause(self, percent: int, text: Callable[[], str]) -> list[str]:
        return [text()] if self.chance(percent) else []

    def enter(self) -> str:
        way = self.below(10)
        if way < 7:
            kind = self.kind()
            return f"enter on {kind}{self.perhaps(30, lambda: self.where(kind))}{self.guard()}"
        if way == 7 and self.lifecycles:
            name = self.pick(list(self.lifecycles))
            return f"enter on {name} -> {self.pick(self.lifecycles[name])}{self.guard()}"
        if way < 9:
            return f"enter every {self.pick(UNITS)} at {self.pick(TIMES)} when {self.when()}"
        return f"enter at {self.wall()}{self.guard()}"

    def wall(self) -> str:
        instants = self.moments.instants()
        wall = Zone(self.moments.zone).wall(instants[self.below(len(instants))])
        return wall.replace(second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M")

    def reenter(self, carried: str) -> str:
        how = self.pick(("never", "always", "always", f"after {self.length()}"))
        return how + (f" by {carried}" if carried and self.chance(30) else "")

    def steps(self, depth: int, indent: str, *, carried: str, inside: bool = False) -> str:
        lines = [self.step(depth, indent, carried) for _ in range(1 + self.below(4))]
        if inside and self.chance(20):
            lines.append(f"{indent}exit")
        return "\n".join(lines)

    def step(self, depth: int, indent: str, carried: str) -> str:
        kinds = 8 if depth <= 0 else 13
        match self.below(kinds):
            case 0 | 1:
                return indent + self.send()
            case 2:
                return f'{indent}tag "{self.pick(("x", "y"))}"'
            case 3 | 4:
                return f"{indent}wait {self.length()}"
            case 5 | 6:
                kind = self.kind()
                where = self.perhaps(30, lambda: self.where(kind, entry=carried))
                return f"{indent}wait until {kind}{where}{self.perhaps(75, lambda: f' up to {self.length()}')}"
            case 7:
                return indent + self.pick(
                    (
                        f"wait until {self.pick(TIMES)}",
                        f"wait until {self.wall()}",
                        f"measure after {self.length()}",
                        'notify staff "call"',
                    )
                )
            case 8 | 9:
                block = self.block(depth, indent, carried)
                other = self.perhaps(50, lambda: f" else {self.block(depth, indent, carried)}")
                return f"{indent}if {self.when(entry=True)} {block}{other}"
            case 10:
                shares = self.pick(("50 50", "30 30", "33.33 33.33", "10 20")).split()
                branches = [
                    f"{indent}  {share}% {name} {self.block(depth, indent + '  ', carried)}"
                    for share, name in zip(shares, ("left", "right"), strict=True)
                ]
                return "\n".join((f"{indent}split {{", *branches, indent + "}"))
        kind = self.kind()
        until = self.perhaps(50, lambda: f" until {kind}{self.perhaps(30, lambda: self.where(kind, entry=carried))}")
        head = f"repeat up to {self.pick(('2', '3'))} times every {self.length()}{until}"
        return f"{indent}{head} {self.block(depth, indent, carried)}"

    def block(self, depth: int, indent: str, carried: str) -> str:
        return f"{{\n{self.steps(depth - 1, indent + '  ', carried=carried, inside=True)}\n{indent}}}"

    def send(self) -> str:
        value = self.pick(VALUES)
        values = self.perhaps(20, lambda: f" with {{ n: {value} }}")
        ways = ("sms w", "email m", "sms w", "email m", "sms s")
        return f"send {self.pick(ways)}{values}{self.perhaps(30, lambda: f' else {self.pick(ways)}')}"

    # --- policy ---------------------------------------------------------------------------------------------------

    def policy(self) -> None:
        rules = [
            *self.clause(50, lambda: f"quiet {self.pick(('21:00..09:00', '00:00..08:30', '12:00..13:00', '22:00..02:00'))}"),
            *self.clause(85, self.cap),
            *self.clause(40, self.cap),
            *self.clause(20, lambda: f"holdout {self.pick(('10', '30'))}%"),
            *self.clause(15, lambda: "require consent"),
            *self.clause(30, self.order),
        ]  # fmt: skip
        self.lines.append("\n".join(("policy {", *(f"  {rule}" for rule in rules), "}")))

    def cap(self) -> str:
        what = self.pick(("message", *CHANNELS))
        per = self.pick((self.length(), self.length(), "day", "week", "month"))
        return f"at most {self.pick(('1', '2'))} {what} per {per}"

    def order(self) -> str:
        named = [name for name in self.campaigns if "." not in name]
        return f"priority {', '.join(reversed(named))}" if named else "require consent"

    def text(self) -> str:
        """The whole file."""
        preamble = PREAMBLE.format(zone=self.moments.zone, length=self.moments.lengths[0])
        return preamble + "\n".join(self.lines) + "\n"


@st.composite
def lifecycles_texts(draw: st.DrawFn, moments: Moments, *, most: int = 2, population: bool = False) -> str:
    """Segments and lifecycles, and values of the lifecycles as metrics and segments."""
    writer = Writer(draw, moments, population)  # type: ignore[arg-type]
    for _ in range(draw(st.integers(0, 2))):
        writer.segment()
    for _ in range(draw(st.integers(1, most))):
        writer.lifecycle()
    for name, states in writer.lifecycles.items():
        writer.lines += [
            f"metric since_{name} = {name}.since",
            f"metric moves_{name} = {name}.moves",
            *(f"segment was_{state}_{name} = {name}.previous is {state}" for state in states[:3]),
            f"segment fresh_{name} = {name}.previous is missing",
            f"segment before_{name} = {name} is {states[1]} as of {writer.length()} ago",
        ]
    return accepted(writer.text())


@st.composite
def campaigns_texts(draw: st.DrawFn, moments: Moments, *, most: int = 2, population: bool = False) -> str:
    """Perhaps a lifecycle, some campaigns, perhaps a policy."""
    writer = Writer(draw, moments, population)  # type: ignore[arg-type]
    if draw(st.booleans()):
        writer.segment()
    if draw(st.booleans()):
        writer.lifecycle(entering=draw(st.booleans()))
    for _ in range(draw(st.integers(1, most))):
        writer.campaign()
    if draw(st.integers(0, 3)):
        writer.policy()
    return accepted(writer.text())


def accepted(text: str) -> str:
    """The text without what the checker finds never to happen; an example that this leaves nothing of is given up."""
    while True:
        try:
            rulecrm.loads(text)
        except rulecrm.RulesError as error:
            errors = [one for one in error.diagnostics if one.severity is rulecrm.Severity.ERROR]
            places = [one.span.start for one in errors if one.code in NEVER_HAPPENS and one.span is not None]
            if not places:
                raise
            number = text.count("\n", 0, places[0])
            lines = text.split("\n")
            if "{" in lines[number] or "}" in lines[number]:
                reject()
            text = "\n".join(lines[:number] + lines[number + 1 :])
        else:
            return text


def shop_texts(moments: Moments) -> st.SearchStrategy[str]:
    """Files of either sort."""
    return st.one_of(lifecycles_texts(moments), campaigns_texts(moments))
