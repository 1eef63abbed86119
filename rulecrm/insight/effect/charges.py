"""What each message cost: as the provider charged it, or as the caller says.

In: a trial, prices. Out: the messages that were sent, each with its cost.
Invariant: amounts are exact; a cost that nobody knows is missing, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.effect.telling import remark
from rulecrm.insight.effect.trial import Trial
from rulecrm.insight.figure import Remark
from rulecrm.insight.shop import Shop

__all__ = ["about_prices", "checked_prices", "sent_with_costs"]

_PLACES = 8
"""Places that are kept until whole sums are made: a message may cost less than a ten-thousandth."""

_EXACT = pl.Decimal(38, _PLACES)
_SMALLEST = Decimal(1).scaleb(-_PLACES)


def checked_prices(prices: Mapping[str, Decimal] | None, fixed: Decimal = Decimal(0)) -> dict[str, Decimal]:
    """Prices as exact amounts.

    Raises:
        RulesError: R818 one is no amount, or below 0.
    """
    found = {channel: _amount(price, f"the price of `{channel}`") for channel, price in (prices or {}).items()}
    _amount(fixed, "the fixed cost")
    return found


def _amount(amount: object, what: str) -> Decimal:
    exact = Decimal(amount) if isinstance(amount, int) and not isinstance(amount, bool) else amount
    if not isinstance(exact, Decimal) or not exact.is_finite() or exact < 0:
        help_ = 'write it as `Decimal("0.045")`'
        raise RulesError([Diagnostic("R818", f"{what} is {amount}, which is no exact amount", help=help_)])
    return exact


def sent_with_costs(trial: Trial, shop: Shop, prices: Mapping[str, Decimal]) -> pl.DataFrame:
    """Messages that a provider took, with `cost`: Decimal(38, 8), missing where nobody says what it was.

    A price of the caller stands for every message of its channel; of other channels it is what all attempts at the
    message were charged, in the reporting currency at the rate of their day.
    """
    sent = trial.messages.filter(pl.col("sent_at").is_not_null())
    charged = _converted(trial.charged, shop).group_by("decision").agg(
        pl.when(pl.col("amount").is_not_null().all()).then(pl.col("amount").sum()).alias("charged")
    )  # fmt: skip
    said = pl.DataFrame(
        {"channel": list(prices), "said": [price.quantize(_SMALLEST) for price in prices.values()]},
        schema={"channel": pl.String, "said": _EXACT},
    )
    joined = sent.join(charged, on="decision", how="left", maintain_order="left")
    joined = joined.join(said, on="channel", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("said", "charged").alias("cost")).drop("said", "charged")


def _converted(charged: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    """Attempts with `amount`, Decimal(38, 8) in the reporting currency; missing where no rate is known."""
    day = pl.col("begun").dt.convert_time_zone(shop.zone).dt.date().cast(pl.Int32).alias("day")
    dated = charged.with_columns(day)
    # Prices are few, however many attempts there are.
    each = dated.select("price", "currency", "day").unique().sort("day")
    rates = shop.facts.rates_into(shop.currency).sort("day")
    found = each.join_asof(rates, on="day", by="currency", check_sortedness=False)
    own = [currency == shop.currency for currency in found.get_column("currency").to_list()]
    prices, days = found.get_column("price").to_list(), found.get_column("rate").to_list()
    amounts = [_times(*one) for one in zip(prices, days, own, strict=True)]
    worth = each.with_columns(pl.Series("amount", amounts, dtype=_EXACT))
    return dated.join(worth, on=["price", "currency", "day"], how="left", maintain_order="left")


def _times(price: str, rate: Decimal | None, own: bool) -> Decimal | None:  # noqa: FBT001 - a column's value
    if own:
        return Decimal(price).quantize(_SMALLEST)
    return None if rate is None else (Decimal(price) * rate).quantize(_SMALLEST)


def about_prices(sent: pl.DataFrame, currency: str) -> list[Remark]:
    """Messages of which nobody says what they cost."""
    unknown = sent.filter(pl.col("cost").is_null()).group_by("channel").len().sort("channel")
    found = []
    for channel, count in unknown.iter_rows():
        en = (
            f"of {count} messages by `{channel}` no price in {currency} is known: what they cost is missing; "
            f'give it as `prices={{"{channel}": Decimal("…")}}`'
        )
        zh = (
            f"有 {count} 条“{channel}”消息没有 {currency} 价格，成本空缺；"
            f'可用 `prices={{"{channel}": Decimal("…")}}` 给出'
        )
        found.append(remark("R815", en, zh, channel=channel))
    return found
