"""What the ledger was told of messages, as facts beside the shop's own.

In: the shop's facts, and what a ledger holds of messages. Out: facts that rules see; whose an address is.
Invariant: as long as neither has changed it is the same `Facts`, with all that was worked out from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Severity
from rulecrm.facts import Facts
from rulecrm.model.program import Program
from rulecrm.model.schema import Subject
from rulecrm.model.sending import FACTS
from rulecrm.state import SENT, Ledger

__all__ = ["KINDS", "Hearing", "addresses", "recognise"]

KINDS = frozenset({SENT, *FACTS.values()})
"""The kinds of facts that the ledger is told."""


@define(eq=False)
class Hearing:
    """Facts with what was told; it keeps the last ones."""

    _facts: Facts | None = None
    _told: pl.DataFrame = field(factory=pl.DataFrame)
    _both: Facts | None = None

    def joined(self, facts: Facts, told: pl.DataFrame) -> Facts:
        """Facts and what was told (the columns of `state.TOLD`); the facts themselves where nothing was."""
        if told.is_empty():
            return facts
        if self._both is None or facts is not self._facts or not told.equals(self._told):
            self._facts, self._told, self._both = facts, told, facts.with_events(told)
        return self._both


def addresses(facts: Facts, program: Program, attribute: str) -> Mapping[str, list[str]]:
    """Customers (keys as text) by an attribute of theirs; empty where the facts do not have it."""
    customer = program.schema.subjects["customer"]
    if not _has(facts, customer, attribute):
        return {}
    rows = facts.subjects(customer, [attribute], currency=program.currency, zone=program.zone)
    assert rows is not None
    pairs = rows.select(pl.col(attribute).cast(pl.String), pl.col(customer.name).cast(pl.String)).drop_nulls()
    grouped = pairs.group_by(attribute).agg(pl.col(customer.name).sort()).collect()
    return dict(grouped.iter_rows())


def recognise(ledger: Ledger, facts: Facts, program: Program, attributes: Mapping[str, str]) -> None:
    """Find the customers of whom only an address was told.

    Args:
        ledger: where receipts are.
        facts: the shop's.
        program: the rules.
        attributes: by channel the attribute of a customer that addresses are in.
    """
    for channel in sorted(ledger.receipts.strangers() & set(attributes)):
        ledger.receipts.recognise(channel, addresses(facts, program, attributes[channel]))


def _has(facts: Facts, customer: Subject, attribute: str) -> bool:
    return not any(one.severity is Severity.ERROR for one in facts.check([], [(customer, [attribute])]))
