"""Who may be reached by which channel, and on whose clock: consent, suppression, zone.

In: a program, facts, the channels in use. Out: `Reach`, which answers for customers at instants.
Invariant: the questions are rules like all others, so that they see no fact after the instant they are asked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import polars as pl
from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.facts import Facts
from rulecrm.model.program import Program
from rulecrm.model.schema import Schema
from rulecrm.model.sending import MARKETING
from rulecrm.planning import make_plan
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.evaluate import evaluate_points, start_run
from rulecrm.runtime.run import Run
from rulecrm.semantics import compile_rules

__all__ = ["Have", "Reach", "open_reach"]


@frozen(eq=False)
class Reach:
    """Consent, suppression and zone of customers, from facts.

    Attributes:
        program: `refused_WORD` (a segment) for each channel and purpose, `suppressed_WORD` for each channel, `own_zone`
            (a metric).
        facts: the facts.
        channels: the channels that can be asked about, each with its WORD.
        purposes: the same for channels and purposes other than marketing.
        zone: the zone of customers who have none of their own.
        attributes: those of the customer that the facts have, with the metric that tells each.
    """

    program: Program
    facts: Facts
    channels: Mapping[str, str]
    purposes: Mapping[tuple[str, str], str]
    zone: str
    attributes: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    _known: frozenset[str] = field(init=False)
    _runs: dict[tuple[str, ...], Run] = field(factory=dict, init=False)

    @_known.default
    def _names(self) -> frozenset[str]:
        return frozenset(definition.symbol for definition in self.program.definitions)

    def refused(self, channel: str, keys: pl.Series, instants: Ints, *, purpose: str = MARKETING) -> pl.Series:
        """Whether consent for the channel and purpose is lacking: Boolean, one for each (customer, instant)."""
        word = self.channels[channel] if purpose == MARKETING else self.purposes[channel, purpose]
        return self._ask(f"refused_{word}", keys, instants)

    def suppressed(self, channel: str, keys: pl.Series, instants: Ints) -> pl.Series:
        """Whether the customer is blocked, or the channel is known to be dead or unwelcome: Boolean."""
        return self._ask(f"suppressed_{self.channels[channel]}", keys, instants)

    def zones(self, keys: pl.Series, instants: Ints) -> pl.Series:
        """The IANA zone of each customer's own clock: String, never missing."""
        if "own_zone" not in self._known:
            return pl.Series([self.zone], dtype=pl.String).new_from_index(0, len(keys))
        return self._ask("own_zone", keys, instants).cast(pl.String).fill_null(self.zone)

    def has(self, attribute: str) -> bool:
        """Whether the facts have this attribute, of those that were named when it was opened."""
        return attribute in self.attributes

    def all(self, channel: str, keys: pl.Series, instants: Ints, *, purpose: str = MARKETING) -> dict[str, pl.Series]:
        """All that is known, at once: `refused`, `suppressed` (Boolean), `zone` (String), and each attribute."""
        word = self.channels[channel]
        refused = word if purpose == MARKETING else self.purposes[channel, purpose]
        names = {"refused": f"refused_{refused}", "suppressed": f"suppressed_{word}", **self.attributes}
        if "own_zone" in self._known:
            names["zone"] = "own_zone"
        found = dict(zip(names, self._columns(tuple(names.values()), keys, instants), strict=True))
        zone = found.get("zone", pl.Series([None], dtype=pl.String).new_from_index(0, len(keys)))
        return {**found, "zone": zone.cast(pl.String).fill_null(self.zone)}

    def _ask(self, symbol: str, keys: pl.Series, instants: Ints) -> pl.Series:
        return self._columns((symbol,), keys, instants)[0]

    def _columns(self, symbols: tuple[str, ...], keys: pl.Series, instants: Ints) -> list[pl.Series]:
        if symbols not in self._runs:
            self._runs[symbols] = start_run(self.program, self.facts, make_plan(self.program, symbols))
        return evaluate_points(self._runs[symbols], "customer", keys, instants)


def open_reach(
    program: Program,
    facts: Facts,
    channels: Sequence[str],
    *,
    consent: bool,
    purposes: Collection[tuple[str, str]] = (),
    attributes: Sequence[str] = (),
) -> Reach:
    """What the facts say about reaching customers.

    Args:
        program: the rules, for their schema, zone and currency.
        facts: the shop's facts; columns that they lack say nothing.
        channels: the channels in use for marketing (`staff` needs no asking).
        consent: whether consent to marketing has to have been given.
        purposes: the channels in use for other purposes, each with its purpose; none of them is `marketing`.
        attributes: what else is asked of a customer; those that the facts lack are left out.

    Raises:
        RulesError: R471, consent is required and nothing says who gave it.
    """
    have = Have(facts, program.schema)
    # A channel is a word of the rules, not always one that a rule can be named by.
    pairs = sorted(set(purposes))
    used = dict.fromkeys((*channels, *(channel for channel, _ in pairs)))
    words = {channel: f"c{number}" for number, channel in enumerate(used)}
    others = {pair: f"{words[pair[0]]}p{number}" for number, pair in enumerate(pairs)}
    lines = [f'timezone "{program.zone}"', f"currency {program.currency}"]
    lines += [
        f"segment refused_{words[one]} = {_refused(one, have, consent=consent)}" for one in dict.fromkeys(channels)
    ]
    lines += [f"segment refused_{word} = {_refused_purpose(*pair, have)}" for pair, word in others.items()]
    for channel, word in words.items():
        lines.append(f"segment suppressed_{word} = {_suppressed(channel, have)}")
    if have.attribute("zone"):
        lines.append("metric own_zone = zone")
    asked = {name: f"own_{number}" for number, name in enumerate(dict.fromkeys(attributes)) if have.attribute(name)}
    lines += [f"metric {word} = {name}" for name, word in asked.items()]
    compiled = compile_rules("\n".join(lines) + "\n", source="<policy>", schema=program.schema)
    assert compiled.program is not None, compiled.diagnostics
    known, purposed, named = MappingProxyType(words), MappingProxyType(others), MappingProxyType(asked)
    return Reach(compiled.program, facts, known, purposed, program.zone, named)


@frozen(eq=False)
class Have:
    """Which columns the facts have."""

    facts: Facts
    schema: Schema

    def attribute(self, name: str) -> bool:
        """Whether they have this attribute of customers."""
        customer = self.schema.subjects["customer"]
        if name not in customer.columns:
            return False
        # It is only asked whether the frame is there: XXX is what ISO 4217 calls no currency.
        lazy = self.facts.subjects(customer, (), currency="XXX", zone="UTC")
        return lazy is not None and not _failed(self.facts.check([], [(customer, [name])]))

    def kind(self, name: str, *fields: str) -> bool:
        """Whether they have rows of this kind, with these fields."""
        if name not in self.facts.kinds():
            return False
        return not _failed(self.facts.check([(self.schema.kinds[name], list(fields))], []))


def _failed(found: Sequence[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in found)


def _refused(channel: str, have: Have, *, consent: bool) -> str:
    parts = []
    accepts = f"accepts_{channel}"
    if have.attribute(accepts):
        parts.append(f"not {accepts}" if consent else f"{accepts} == false")
    elif consent:
        message = f"the policy requires consent, and nothing says who agreed to {channel}"
        help_ = f"give the frame `customers` a column `{accepts}`"
        if accepts not in have.schema.subjects["customer"].columns:
            help_ += f", and declare it: `attribute {accepts}: bool`"
        raise RulesError([Diagnostic("R471", message, help=help_, data={"channel": channel})])
    if have.kind("unsubscribe"):
        where = []
        if have.kind("unsubscribe", "channel"):
            where.append(f'(channel == "{channel}" or channel is missing)')
        if have.attribute(f"{channel}_consent_at"):
            where.append(f"not (at <= {channel}_consent_at)")
        parts.append(f"exists(unsubscribe where {' and '.join(where)})" if where else "exists(unsubscribe)")
    return " or ".join(parts) or "false"


def _refused_purpose(channel: str, purpose: str, have: Have) -> str:
    """A parcel's whereabouts are no marketing: only who said no to them gets none."""
    accepts = f"accepts_{channel}_{purpose}"
    return f"{accepts} == false" if have.attribute(accepts) else "false"


def _suppressed(channel: str, have: Have) -> str:
    parts = ["blocked == true"] if have.attribute("blocked") else []
    for kind, test in (("bounce", 'reason == "hard"'), ("complaint", "")):
        fields = ("reason", "channel") if kind == "bounce" else ("channel",)
        if have.kind(kind, *fields):
            where = " and ".join(part for part in (test, f'channel == "{channel}"') if part)
            parts.append(f"exists({kind} where {where})")
    return " or ".join(parts) or "false"
