"""What templates are filled with, as the facts have it.

In: a program, facts, the templates in use. Out: `Filling`: plain values by name for customers at instants.
Invariant: no template is filled with anything that happened after the instant it is asked at; only what it uses is
worked out.

What a message gives (`with { … }`), coupons and the clock are nobody's metric: the sender has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import define, evolve, field

from rulecrm.facts import Facts
from rulecrm.machine import lives
from rulecrm.model import ir
from rulecrm.model.machine import Use
from rulecrm.model.program import Program
from rulecrm.model.types import Type
from rulecrm.planning import definition_of, make_plan
from rulecrm.policy.reach import Have, known_zones
from rulecrm.runtime.evaluate import evaluate_points, start_run
from rulecrm.runtime.physical import from_physical_value
from rulecrm.runtime.run import Run

__all__ = ["Filled", "Filling", "kinds_read", "open_filling"]

Filled = dict[str, object]
"""Values by name, as `words.Wording.render` takes them."""


@define(eq=False)
class Filling:
    """Values for templates. What the facts are read for is read once for each template.

    Attributes:
        program: the rules, and a definition for each attribute that a template uses.
        facts: the facts.
    """

    program: Program
    facts: Facts
    _runs: dict[tuple[str, ...], Run] = field(factory=dict, init=False)

    def values(self, template: str, customers: Sequence[object], instants: Sequence[int]) -> list[Filled]:
        """What a template uses, for each customer at an instant (microseconds since 1970, UTC).

        Money is Decimal, instants are aware, durations timedeltas; somebody nobody knows of has what one has of whom
        there are no facts.

        Raises:
            KeyError: there is no such template.
            RulesError: columns that the facts do not have.
        """
        uses = self.program.templates[template].uses
        found = self.ask(_symbols(uses), customers, instants)
        found["customer"] = [str(key) for key in customers]
        filled: list[Filled] = [{} for _ in customers]
        for use in uses:
            column = found.get("customer" if use.what == "customer" else _symbol(use) or "")
            if column is not None:
                for one, value in zip(filled, column, strict=True):
                    one[use.name] = value
        return filled

    def languages(self, customers: Sequence[object], instants: Sequence[int]) -> list[str | None]:
        """The `language` of each customer; None of those of whom the facts tell none."""
        return self._texts(_LANGUAGE, customers, instants)

    def zones(self, customers: Sequence[object], instants: Sequence[int]) -> list[str | None]:
        """The IANA zone of each customer's own clock; None of those of whom the facts tell none."""
        found = pl.Series(self._texts(_ZONE, customers, instants), dtype=pl.String)
        return known_zones(found).to_list()

    def _texts(self, attribute: str, customers: Sequence[object], instants: Sequence[int]) -> list[str | None]:
        if _own(attribute) not in {one.symbol for one in self.program.definitions} or not customers:
            return [None for _ in customers]
        (column,) = self.ask((_own(attribute),), customers, instants).values()
        return [value if isinstance(value, str) else None for value in column]

    def run(self, template: str) -> Run:
        """The run that a template's values come from."""
        return self._run(_symbols(self.program.templates[template].uses))

    def _run(self, symbols: tuple[str, ...]) -> Run:
        if symbols not in self._runs:
            plan = make_plan(self.program, symbols)
            self._runs[symbols] = start_run(self.program, self.facts, plan, lender=lives)
        return self._runs[symbols]

    def ask(
        self, symbols: tuple[str, ...], customers: Sequence[object], instants: Sequence[int]
    ) -> dict[str, list[object]]:
        """What definitions of the program come to: a list for each symbol, in the order of the customers."""
        if not symbols or not customers:
            return {}
        run = self._run(symbols)
        run.store.prepare_subject("customer")
        kind = run.store.register("customer").keys.dtype
        keys = pl.Series("customer", [str(key) for key in customers], pl.String).cast(kind, strict=False)
        columns = evaluate_points(run, "customer", keys, np.asarray(instants, np.int64))
        types = {symbol: definition_of(self.program, symbol).type for symbol in symbols}
        return {one.name: [_plain(value, types[one.name]) for value in one.to_list()] for one in columns}


def open_filling(program: Program, facts: Facts) -> Filling:
    """What the templates of a program are filled with from facts."""
    columns = program.schema.subjects["customer"].columns
    used = {use.symbol for template in program.templates.values() for use in template.uses if use.what == "attribute"}
    have = Have(facts, program.schema)
    used |= {name for name in (_LANGUAGE, _ZONE) if have.attribute(name)}
    more = tuple(_attribute(name, columns[name].type) for name in sorted(used))
    return Filling(evolve(program, definitions=(*program.definitions, *more)), facts)


def kinds_read(program: Program) -> frozenset[str]:
    """The kinds of facts that the templates of a program are filled from."""
    uses = [use for template in program.templates.values() for use in template.uses if use.what != "attribute"]
    return frozenset(make_plan(program, _symbols(uses)).needs.kinds)


_LANGUAGE = "language"
"""The attribute that says in which language somebody is spoken to."""

_ZONE = "zone"
"""The attribute that says on whose clock somebody reads what time it is."""


def _symbols(uses: Sequence[Use]) -> tuple[str, ...]:
    return tuple(sorted({symbol for use in uses if (symbol := _symbol(use)) is not None}))


def _symbol(use: Use) -> str | None:
    """What is worked out for a use; None where nothing is."""
    match use.what:
        case "definition":
            return use.symbol
        case "lifecycle":
            return f"{use.symbol}.{use.part}" if use.part else use.symbol
        case "attribute":
            return _own(use.symbol)
    return None


def _own(attribute: str) -> str:
    return f"<{attribute}>"  # no name in rules has these marks


def _attribute(name: str, kind: Type) -> ir.Definition:
    return ir.Definition(_own(name), "metric", "customer", ir.Attribute("customer", name, kind), kind)


def _plain(value: object, kind: Type) -> object:
    """A value at the door; what is inside lists and records is physical still (`model.types`)."""
    if kind.name == "list" and kind.item is not None and isinstance(value, list):
        return [_inner(each, kind.item) for each in value]
    if kind.name == "record" and isinstance(value, Mapping):
        return {name: _inner(value[name], of) for name, of in kind.fields}
    return value


def _inner(value: object, kind: Type) -> object:
    if value is None or not isinstance(value, int):
        return _plain(value, kind)
    return from_physical_value(value, kind)
