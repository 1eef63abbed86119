"""A message as one customer would get it.

In: rules, facts, a template, a customer, an instant. Out: `Preview`.
Invariant: the words are those that would be sent; nothing is sent, no coupon is drawn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.explain.asking import ask_about
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.machine import Act, Message, Send, Template
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING, Content
from rulecrm.model.types import AGE, DURATION, TEXT, Type
from rulecrm.model.walk import walk
from rulecrm.policy.filling import open_filling
from rulecrm.semantics import compile_rules
from rulecrm.words import Plain, Segments, finish, prepare, segments, types_given

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
        values: what they were filled with, by name; a coupon that would be drawn is `‹coupon of POOL›`; what only the
            journey of somebody under way knows (`entry.…`) is `‹name›`, or missing.
        zone: IANA name of the zone on whose wall clock instants are shown: the customer's, or else the rules'.
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
    zone: str = "UTC"
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
    wrong = [name for name in values or {} if name not in {use.name for use in found.uses}]
    if wrong:
        raise RulesError([_unknown("value of this template", name, [use.name for use in found.uses]) for name in wrong])
    types = types_given(program.journeys, template)
    given = {name: _typed(program, name, value, types.get(name)) for name, value in (values or {}).items()}
    with_ = _definitions(program, template)
    filling = open_filling(evolve(program, definitions=(*program.definitions, *with_)), facts)
    instant = to_microseconds(at)
    ask_about(filling.run(template), "customer", customer)
    (known,) = filling.values(template, [customer], [instant])
    (own,) = filling.languages([customer], [instant])
    (zone,) = filling.zones([customer], [instant])
    said = filling.ask(tuple(one.symbol for one in with_), [customer], [instant])
    worked = {symbol.removeprefix(_WITH): value for symbol, (value,) in said.items()}
    shown = {**_placeholders(found, types), **cast("dict[str, Plain]", {**worked, **known}), **given}
    wording = prepare({template: found}, zone=program.zone, currency=program.currency)
    tag = language or own

    def worded(filled: Mapping[str, Plain]) -> Content:
        made = wording.render(template, filled, language=tag, html_channel=found.channel != "sms", at=at, zone=zone)
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
        dict(sorted(shown.items())), zone or program.zone, counted,
    )  # fmt: skip


_CODE = "X" * 8
"""As long as codes of coupons are."""


_WITH = "<with> "
"""What definitions of what messages give are called by, besides their names; no name in rules begins like that."""


def _definitions(program: Program, template: str) -> list[ir.Definition]:
    """What messages give the template, as metrics; not what only somebody's journey knows."""
    said = {name: value for message in _messages(program, template) for name, value in message.values}
    found = []
    for name, value in said.items():
        if not any(isinstance(part, ir.Local) for part in walk(value)):
            shown = ir.Apply("elapsed", (value,), DURATION) if value.type == AGE else value
            found.append(ir.Definition(f"{_WITH}{name}", "metric", "customer", shown, shown.type))
    return found


def _placeholders(template: Template, types: Mapping[str, Type]) -> dict[str, Plain]:
    """What stands for coupons, and for what only somebody's journey knows: a text by its name, all else as missing."""
    found: dict[str, Plain] = {}
    for use in template.uses:
        if use.what == "coupon":
            found[use.name] = f"‹coupon of {use.symbol}›"
        elif use.what == "given":
            kind = types.get(use.symbol, TEXT)
            found[use.name] = f"‹{use.symbol}›" if kind == TEXT else None
    return found


def _typed(program: Program, name: str, value: Plain, kind: Type | None) -> Plain:
    """A value that was written as text, in the type that messages give it in; it is written as that of a param is.

    Raises:
        RulesError: R504, it is none of that type.
    """
    if not isinstance(value, str) or kind is None or kind.name not in _WRITTEN:
        return value
    plain = DURATION if kind == AGE else kind
    text = f'timezone "{program.zone}"\ncurrency {program.currency}\nparam {_PARAM}: {plain}\nmetric m = {_PARAM}\n'
    read = compile_rules(text, source="<preview>", params={_PARAM: value})
    const = None if read.program is None else read.program.definition("m").value
    if not isinstance(const, ir.Const):
        help_ = next((one.help for one in read.diagnostics if one.help), None)
        raise RulesError([Diagnostic("R504", f"`{name}` is of the type {plain}, and `{value}` is none", help=help_)])
    held = const.value
    if isinstance(held, Duration):
        return dt.timedelta(days=held.months * 30 + held.days, microseconds=held.micros)
    assert not isinstance(held, tuple)
    return held


_PARAM = "v"
_WRITTEN = frozenset({"money", "int", "number", "bool", "date", "instant", "duration", "time", "age"})


def _messages(program: Program, template: str) -> Iterator[Message]:
    for journey in program.journeys:
        for node in journey.automaton.nodes:
            if isinstance(node, Act) and isinstance(node.action, Send):
                yield from (message for message in node.action.messages if message.template == template)


def _unknown(what: str, name: str, names: list[str]) -> Diagnostic:
    return Diagnostic("R120", f"no {what} is called `{name}`", help=did_you_mean(name, names))
