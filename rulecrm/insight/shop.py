"""What every insight reads: rules, facts, an instant, and perhaps what was sent.

In: rules, facts, T, an engine. Out: `Shop`, which serves rows of kinds as frames and results of the rules.
Invariant: nothing that it serves happened after T.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import TypeVar
from zoneinfo import ZoneInfo

import polars as pl
from attrs import define, evolve, field

from rulecrm.api.result import Result
from rulecrm.api.rules import Rules
from rulecrm.diagnostics.model import Severity
from rulecrm.engine import Engine
from rulecrm.facts import Facts
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Origin
from rulecrm.model.durations import Duration
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime import calendar

__all__ = ["Shop"]

_INSTANT = pl.Datetime("us", "UTC")

Kept = TypeVar("Kept")


@define(eq=False, repr=False)
class Shop:
    """A shop as of an instant.

    ```python
    shop = Shop.of(rules, facts, as_of="2025-11-12")
    ```

    Attributes:
        rules: loaded rules; their zone and currency are those of every figure.
        facts: the shop's facts.
        as_of: T, aware, in UTC; what happened after it is not seen.
        engine: whose ledger says what was sent; None where no campaign is looked at.
    """

    rules: Rules
    facts: Facts
    as_of: dt.datetime
    engine: Engine | None = None
    _purchases: pl.DataFrame | None = field(default=None, init=False)
    _customers: pl.DataFrame | None = field(default=None, init=False)
    _kept: dict[str, object] = field(factory=dict, init=False)

    @classmethod
    def of(cls, rules: Rules, facts: Facts, *, as_of: Instant, engine: Engine | None = None) -> Shop:
        """A shop as of an instant.

        Args:
            rules: loaded rules.
            facts: the shop's facts.
            as_of: T; a bare date is its first instant in the rules' zone.
            engine: whose ledger says what was sent.

        Raises:
            RulesError: R440 an instant that is none.
        """
        return cls(rules, facts, instant_of(as_of, rules.program.zone), engine)

    def at(self, as_of: Instant) -> Shop:
        """The same shop as of another instant."""
        return evolve(self, as_of=instant_of(as_of, self.zone))

    @property
    def zone(self) -> str:
        """IANA name of the zone of calendar words."""
        return self.rules.program.zone

    @property
    def currency(self) -> str:
        """ISO 4217 code of the reporting currency."""
        return self.rules.program.currency

    @property
    def today(self) -> dt.date:
        """The day of T in the rules' zone."""
        return self.as_of.astimezone(ZoneInfo(self.zone)).date()

    def __repr__(self) -> str:
        return f"<Shop as of {self.as_of.isoformat()}>"

    def kept(self, name: str, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
        """What several figures need, made when it is first asked for, so that they speak of one moment.

        What the ledger holds is read once, too: `shop.at(shop.as_of)` looks anew.

        Args:
            name: of it, unlike all others.
            kind: its type.
            make: makes it.
        """
        if name not in self._kept:
            self._kept[name] = make()
        found = self._kept[name]
        assert isinstance(found, kind)
        return found

    # --- rows -----------------------------------------------------------------------------------------------------

    def has(self, kind: str, *columns: str) -> bool:
        """Whether the facts have rows of a kind, which the rules need not know, and these columns of them."""
        world = self.rules.program.schema.kinds.get(kind)
        if world is None or kind not in self.facts.kinds():
            return False
        return not any(one.severity is Severity.ERROR for one in self.facts.check([(world, frozenset(columns))]))

    def rows(self, kind: str, columns: Collection[str]) -> pl.LazyFrame:
        """The rows of a kind up to T, in no order.

        Args:
            kind: its name.
            columns: fields of it, and keys of subjects (`customer`, `product`, …), which the frame must have.

        Returns:
            `at` Datetime("us", "UTC") and the columns: instants Datetime likewise, money Int64 in 1/10,000 units of
            the reporting currency (`paid` turns it into Decimal), what is known only later than T missing.

        Raises:
            RulesError: columns that the facts do not have, amounts without a rate, rows that are wrong.
        """
        world = self.rules.program.schema.kinds[known(kind, self.rules.program.schema.kinds, "kind")]
        fields = [name for name in columns if name in world.columns]
        found = self.facts.rows(world, frozenset(fields), currency=self.currency, zone=self.zone)
        now = to_microseconds(self.as_of)
        seen = found.filter(pl.col("at") <= now)
        own = [self._seen(name, kind, now).alias(name) if name in fields else pl.col(name) for name in columns]
        return seen.select(pl.col("at").cast(_INSTANT), *own)

    def _seen(self, name: str, kind: str, now: int) -> pl.Expr:
        """A field as of T; of a stage the facts serve the instant, under the stage's own column."""
        column = self.rules.program.schema.kinds[kind].columns[name]
        if column.type.name == "bool" and column.stage is not None:
            return (pl.col(column.stage) <= now).fill_null(value=False)
        value = pl.col(name)
        if column.stage is not None:
            value = pl.when(pl.col(column.stage) <= now).then(value)
        return value.cast(_INSTANT) if column.type.name == "instant" else value

    def purchases(self) -> pl.DataFrame:
        """Every purchase up to T by a known customer, by customer and in the order of time.

        Returns:
            `customer` (as given), `code` UInt32 (0, 1, … of the customer), `number` UInt32 (1 for the customer's
            first), `order` String, `at` Datetime in UTC, `day` Date in the rules' zone, `amount` Int64 in 1/10,000
            units of the reporting currency (missing where the facts have no amounts). Purchases of one instant are in
            the order of their order numbers.
        """
        if self._purchases is None:
            self._purchases = self._bought()
        return self._purchases

    def _bought(self) -> pl.DataFrame:
        columns = ["customer", "order"]
        priced = self.has("purchase", "amount")
        rows = self.rows("purchase", [*columns, *(["amount"] if priced else [])]).filter(
            pl.col("customer").is_not_null()
        )
        if not priced:
            rows = rows.with_columns(pl.lit(None, pl.Int64).alias("amount"))
        ordered = rows.collect(engine="in-memory").sort("customer", "at", "order")
        starts = pl.col("customer").ne_missing(pl.col("customer").shift())
        return ordered.with_columns((starts.cast(pl.UInt32).cum_sum() - 1).cast(pl.UInt32).alias("code")).select(
            "customer",
            "code",
            pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("code").alias("number"),
            "order",
            "at",
            pl.col("at").dt.convert_time_zone(self.zone).dt.date().alias("day"),
            "amount",
        )

    # --- rules ----------------------------------------------------------------------------------------------------

    def result(self, only: Collection[str] | None = None, *, at: Instant | None = None) -> Result:
        """What the rules say as of T, or of an earlier instant."""
        instant = self.as_of if at is None else instant_of(at, self.zone)
        return self.rules.evaluate(self.facts, instant, only=None if only is None else tuple(only))

    def origin(self, name: str) -> Origin | None:
        """Where a definition, a lifecycle or a campaign of the rules is written; None where there is none."""
        program = self.rules.program
        spans = {one.symbol: one.span for one in program.definitions}
        spans |= {one.symbol: one.span for one in program.lifecycles} | {
            one.symbol: one.span for one in program.campaigns
        }
        return Origin(name, spans[name]) if name in spans else None

    # --- time and money -------------------------------------------------------------------------------------------

    def shifted(self, instants: pl.Expr, by: Duration) -> pl.Expr:
        """Instants (Datetime in UTC) moved by a duration, on the calendar of the zone."""
        return calendar.shift(instants.cast(pl.Int64), by, self.zone).cast(_INSTANT)

    def before(self, by: Duration) -> dt.datetime:
        """T less a duration, on the calendar of the zone."""
        micros = calendar.shift_scalar(to_microseconds(self.as_of), -by, self.zone)
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)

    @staticmethod
    def paid(amount: pl.Expr) -> pl.Expr:
        """Money from 1/10,000 units (Int64) to Decimal(38, 4), exactly."""
        # Dividing a Decimal by a Decimal is exact here: the divisor only moves the point.
        unit = pl.lit(10**MONEY_SCALE).cast(pl.Decimal(38, 0))
        return (amount.cast(pl.Decimal(38, MONEY_SCALE)) / unit).cast(pl.Decimal(38, MONEY_SCALE))
