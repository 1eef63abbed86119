"""A message as one customer would get it.

In: rules, facts, a template, a customer, an instant. Out: `Preview`.
Invariant: the words are those that would be sent; nothing is sent, no coupon is drawn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import nearest
from rulecrm.explain.asking import ask_about
from rulecrm.model import ir
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.machine import Act, Message, Send, Template
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING, Content
from rulecrm.policy.filling import open_filling
from rulecrm.words import Plain, Segments, finish, prepare, segments

if TYPE_CHECKING:
    from rulecrm.facts import Facts

__all__ = ["Preview", "preview"]


@frozen(repr=False)
class Preview:
    """The words of a template for one customer.

    Attributes:
        template: symbol of the template.
        channel: the word of the rules.
        purpose: what the message is for.
        customer: key of the customer.
        as_of: the instant, aware, in UTC.
        language: locale of the words; None where they are for all languages.
        content: the words; a text of an SMS with signature and notice.
        values: what they were filled with, by name; a coupon that would be drawn is `‹coupon of POOL›`.
        segments: of an SMS, in how many parts it goes, a code of a pool being eight letters; None of other channels.
    """

    template: str
    channel: str
    purpose: str
    customer: str
    as_of: dt.datetime
    language: str | None
    content: Content
    values: Mapping[str, Plain] = field(factory=dict)
    segments: Segments | None = None

    def __repr__(self) -> str:
        return f"<Preview of {self.template} for {self.customer}, as of {self.as_of.isoformat()}>"


def preview(
    program: Program,
    facts: Facts,
    *,
    template: str,
    customer: object,
    as_of: Instant,
    values: Mapping[str, Plain] | None = None,
    language: str | None = None,
    signature: str | None = None,
    notice: str | None = None,
) -> Preview:
    """See `Rules.preview`."""
    found = program.templates.get(template)
    if found is None:
        raise RulesError([_unknown("template", template, list(program.templates))], program.sources)
    at = instant_of(as_of, program.zone)
    given = values or {}
    wrong = [name for name in given if name not in {use.name for use in found.uses}]
    if wrong:
        raise RulesError([_unknown("value of this template", name, [use.name for use in found.uses]) for name in wrong])
    filling, instant = open_filling(program, facts), to_microseconds(at)
    ask_about(filling.run(template), "customer", customer)
    (known,) = filling.values(template, [customer], [instant])
    (own,) = filling.languages([customer], [instant])
    shown: dict[str, Plain] = {**_placeholders(program, found), **cast("dict[str, Plain]", known), **given}
    wording = prepare({template: found}, zone=program.zone, currency=program.currency)
    tag = language or own

    def worded(filled: Mapping[str, Plain]) -> Content:
        made = wording.render(template, filled, language=tag, html_channel=found.channel != "sms", at=at)
        if found.channel != "sms":
            return made
        last = notice if found.purpose == MARKETING else None
        return evolve(made, text=finish(made.text, signature=signature, notice=last))

    content, counted = worded(shown), None
    if found.channel == "sms":
        drawn = {use.name: _CODE for use in found.uses if use.what == "coupon"}
        counted = segments(worded({**shown, **drawn, **given}).text if drawn else content.text)
    return Preview(
        template, found.channel, found.purpose, str(customer), at, wording.language(template, tag), content,
        dict(sorted(shown.items())), counted,
    )  # fmt: skip


_CODE = "X" * 8
"""As long as codes of coupons are."""


def _placeholders(program: Program, template: Template) -> dict[str, Plain]:
    """What stands for coupons, and for what messages give: a constant itself, anything else by its name."""
    found: dict[str, Plain] = {}
    said = {name: value for message in _messages(program, template.symbol) for name, value in message.values}
    for use in template.uses:
        if use.what == "coupon":
            found[use.name] = f"‹coupon of {use.symbol}›"
        elif use.what == "given":
            value = said.get(use.symbol)
            constant = value.value if isinstance(value, ir.Const) else None
            known = isinstance(constant, str | int | float | Decimal | dt.date)
            found[use.name] = cast("Plain", constant) if known else f"‹{use.symbol}›"
    return found


def _messages(program: Program, template: str) -> Iterator[Message]:
    for journey in program.journeys:
        for node in journey.automaton.nodes:
            if isinstance(node, Act) and isinstance(node.action, Send):
                yield from (message for message in node.action.messages if message.template == template)


def _unknown(what: str, name: str, names: list[str]) -> Diagnostic:
    near = nearest(name, sorted(names))
    return Diagnostic("R120", f"no {what} is called `{name}`", help=f"did you mean `{near}`?" if near else None)
