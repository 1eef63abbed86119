"""The abstract syntax of what moves: lifecycles, templates, campaigns and policies.

In: what `syntax.build` makes of a parsed text. Out: frozen nodes.
Invariant: as in `syntax.ast`.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model.node import Node
from rulecrm.syntax.ast import DateTime, Expression, Identifier, Number, Percent, Text, Time

__all__ = [
    "AfterSilence",
    "Branch",
    "Budget",
    "Campaign",
    "Cap",
    "Control",
    "Enter",
    "EnterAt",
    "EnterDaily",
    "EnterOnState",
    "Entering",
    "Exit",
    "ExitOn",
    "Goal",
    "Holdout",
    "If",
    "Lifecycle",
    "Measure",
    "Message",
    "Move",
    "NotifyStaff",
    "OnFact",
    "Policy",
    "PolicyRule",
    "Priority",
    "PriorityOrder",
    "Quiet",
    "Reenter",
    "Repeat",
    "Require",
    "Send",
    "Split",
    "State",
    "Step",
    "Tag",
    "Template",
    "TemplateBody",
    "Wait",
    "WaitUntilFact",
    "WaitUntilTime",
    "With",
]  # fmt: skip


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


# --- triggers -----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class OnFact(Node):
    """`on KIND [where P] [when Q]`: P speaks of the row, Q of the subject at that instant."""

    kind: Identifier
    where: Expression | None = None
    when: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class AfterSilence(Node):
    """`after D [without KIND [where P]] [when Q]`: in the state for D, and no such row meanwhile."""

    duration: Expression
    without: Identifier | None = None
    where: Expression | None = None
    when: Expression | None = None
    span: Span = _span()


# --- lifecycle ----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class State(Node):
    """`start NAME [title]` or `state NAME [title]`."""

    name: Identifier
    start: bool = False
    title: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Move(Node):
    """`a, b -> c on …`; `sources` is empty for `any`."""

    sources: tuple[Identifier, ...]
    target: Identifier
    trigger: OnFact | AfterSilence
    span: Span = _span()


@frozen(eq=False, repr=False)
class Entering(Node):
    """`entering STATE { step … }`."""

    state: Identifier
    steps: tuple[Step, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Lifecycle(Node):
    """`lifecycle name [title] { start s  a -> b on …  entering s { … } }`."""

    name: Identifier
    body: tuple[State | Move | Entering, ...]
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


# --- template -----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class TemplateBody(Node):
    """One variant of the words. `part` is `body`, `subject`, `text`, or another word the channel knows.

    `value` is Liquid text, or a file name where `file` is True; `locale` is a language tag or None.
    """

    part: Identifier
    value: Text
    file: bool = False
    locale: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Template(Node):
    """`template name for CHANNEL as PURPOSE "text"`, or with `{ subject "…"  body file "…"  locale "zh" { … } }`."""

    name: Identifier
    channel: Identifier
    parts: tuple[TemplateBody, ...]
    purpose: Identifier | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


# --- campaign steps -----------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class With(Node):
    """`name: value` handed to a template."""

    name: Identifier
    value: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Message(Node):
    """`CHANNEL TEMPLATE [with { … }] [via PROVIDER]`."""

    channel: Identifier
    template: Identifier
    values: tuple[With, ...] = ()
    via: Identifier | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Send(Node):
    """`send MESSAGE [else MESSAGE] …`."""

    messages: tuple[Message, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Wait(Node):
    """`wait D`."""

    duration: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class WaitUntilFact(Node):
    """`wait until KIND [where P] [up to D]`."""

    kind: Identifier
    where: Expression | None = None
    up_to: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class WaitUntilTime(Node):
    """`wait until DATETIME` or `wait until 09:00`."""

    time: DateTime | Time
    span: Span = _span()


@frozen(eq=False, repr=False)
class If(Node):
    """`if P { … } [else { … }]`."""

    condition: Expression
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...] = ()
    span: Span = _span()


@frozen(eq=False, repr=False)
class Branch(Node):
    """`50% name { … }` of a split."""

    share: Decimal
    name: Identifier
    steps: tuple[Step, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Split(Node):
    """`split { 50% a { … } 50% b { … } }`."""

    branches: tuple[Branch, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Repeat(Node):
    """`repeat up to N times every D [until KIND [where P]] { … }`."""

    times: int
    every: Expression
    steps: tuple[Step, ...]
    until: Identifier | None = None
    where: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Measure(Node):
    """`measure after D`."""

    after: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Tag(Node):
    """`tag "…"`."""

    text: Text
    span: Span = _span()


@frozen(eq=False, repr=False)
class NotifyStaff(Node):
    """`notify staff "…"`."""

    text: Text
    span: Span = _span()


@frozen(eq=False, repr=False)
class Exit(Node):
    """`exit`."""

    span: Span = _span()


Step = Send | Wait | WaitUntilFact | WaitUntilTime | If | Split | Repeat | Measure | Tag | NotifyStaff | Exit


# --- campaign clauses ---------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Enter(Node):
    """`enter on KIND [where P] [when Q]`."""

    trigger: OnFact
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterDaily(Node):
    """`enter every day at 10:00 [when Q]`; `every` is day, week or month."""

    every: Identifier
    at: Time
    when: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterAt(Node):
    """`enter at 2025-11-06T10:00 [when Q]`."""

    at: DateTime
    when: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class EnterOnState(Node):
    """`enter on LIFECYCLE -> STATE [when Q]`."""

    lifecycle: Identifier
    state: Identifier
    when: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Reenter(Node):
    """`reenter never | always | after D [by FIELD]`; `after` is None for the first two."""

    how: str
    after: Expression | None = None
    by: Identifier | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class ExitOn(Node):
    """`exit on KIND [where P]` as a clause of the campaign."""

    trigger: OnFact
    span: Span = _span()


@frozen(eq=False, repr=False)
class Goal(Node):
    """`goal KIND [where P] within D`."""

    kind: Identifier
    within: Expression
    where: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Control(Node):
    """`control 10%`."""

    share: Percent
    span: Span = _span()


@frozen(eq=False, repr=False)
class Priority(Node):
    """`priority N`."""

    value: Number
    span: Span = _span()


@frozen(eq=False, repr=False)
class Budget(Node):
    """`budget N messages per D`; `what` is `messages` or a channel's name."""

    count: int
    what: Identifier
    per: Expression
    span: Span = _span()


Clause = Enter | EnterDaily | EnterAt | EnterOnState | Reenter | ExitOn | Goal | Control | Priority | Budget


@frozen(eq=False, repr=False)
class Campaign(Node):
    """`campaign name [title] { clause … step … }`."""

    name: Identifier
    clauses: tuple[Clause, ...]
    steps: tuple[Step, ...]
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


# --- policy -------------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Quiet(Node):
    """`quiet 21:00..09:00`."""

    start: Time
    end: Time
    span: Span = _span()


@frozen(eq=False, repr=False)
class Cap(Node):
    """`at most N CHANNEL per D`; `what` is a channel's name, `message` or `messages`.

    `per` is a duration, or the name of a calendar unit: `per day`.
    """

    count: int
    what: Identifier
    per: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Holdout(Node):
    """`holdout 2%`."""

    share: Percent
    span: Span = _span()


@frozen(eq=False, repr=False)
class Require(Node):
    """`require consent`."""

    what: Identifier
    span: Span = _span()


@frozen(eq=False, repr=False)
class PriorityOrder(Node):
    """`priority a, b, c`: campaigns, the most urgent first."""

    campaigns: tuple[Identifier, ...]
    span: Span = _span()


PolicyRule = Quiet | Cap | Holdout | Require | PriorityOrder


@frozen(eq=False, repr=False)
class Policy(Node):
    """`policy { rule … }`."""

    rules: tuple[PolicyRule, ...]
    doc: str | None = None
    span: Span = _span()
