"""A shop in a few lines, and a run over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import evolve

import rulecrm
from rulecrm.machine import lives
from rulecrm.machine.triggers import Triggers
from rulecrm.model import ir
from rulecrm.model.machine import Lifecycle, Rows
from rulecrm.planning import make_plan
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.evaluate import start_run

__all__ = ["Shop", "day", "micros"]


def day(text: str) -> dt.datetime:
    """`2025-01-31` or `2025-01-31T10:00`, UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def micros(text: str) -> int:
    """The same in microseconds since 1970-01-01 UTC."""
    return (day(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


class Shop:
    """Definitions over rows of kinds: `{"purchase": [("ann", "2025-01-01", {"amount": 5})]}`."""

    def __init__(
        self,
        rules: str,
        kinds: Mapping[str, Sequence[tuple[str, str, Mapping[str, object]]]],
        *,
        joined: Mapping[str, str | None] | None = None,
        zone: str = "UTC",
        lifecycles: Sequence[Lifecycle] = (),
    ) -> None:
        frames = {
            kind: pl.DataFrame([{"customer": who, "at": day(at), **fields} for who, at, fields in rows])
            for kind, rows in kinds.items()
            if rows
        }
        if joined is not None:
            moments = [None if at is None else day(at) for at in joined.values()]
            schema = {"customer": pl.String, "joined_at": pl.Datetime("us", "UTC")}
            frames["customers"] = pl.DataFrame({"customer": list(joined), "joined_at": moments}, schema=schema)
        self.facts = rulecrm.Facts.from_frames(**frames)
        program = rulecrm.loads(f'timezone "{zone}"\ncurrency CNY\n{rules}').program
        self.program = evolve(program, lifecycles=(*program.lifecycles, *lifecycles))
        wanted = [one.symbol for one in (*self.program.definitions, *self.program.lifecycles)]
        self.run = start_run(self.program, self.facts, make_plan(self.program, wanted), lender=lives)
        self.run.store.prepare_subject("customer")

    def value(self, symbol: str) -> ir.Expr:
        """The expression of a definition."""
        return self.program.definition(symbol).value

    def rows(self, symbol: str) -> Rows:
        """The rows that a definition of the form `count(KIND where …)` counts."""
        value = self.value(symbol)
        assert isinstance(value, ir.Aggregate)
        return Rows(value.scan.kind, value.scan.where)

    def codes(self, *names: str) -> Ints:
        """Codes of customers."""
        return self.run.store.register("customer").encode(pl.Series(names)).astype(np.int64)

    def moves(self, until: str, symbol: str = "life") -> dict[str, list[tuple[str, str, str]]]:
        """For each customer who moved (instant, from, to), in order."""
        keys = self.run.store.register("customer").keys
        found: dict[str, list[tuple[str, str, str]]] = {}
        for key, at, left, to in lives(self.run, symbol, micros(until)).moves(keys, micros(until)).rows():
            found.setdefault(key, []).append((at.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00"), left, to))
        return found

    def triggers(self, horizon: str = "2030-01-01") -> Triggers:
        """Triggers up to an instant."""
        return Triggers(self.run, micros(horizon))
