"""Who was in each wave, by which channel, and what became of the messages.

In: a shop with an engine. Out: `Figure`s.
Invariant: the messages of a wave by outcome add up to those that were decided; every share has its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import polars as pl
from attrs import frozen

from rulecrm.insight.effect.charges import about_prices, checked_prices, sent_with_costs
from rulecrm.insight.effect.defining import instant_words
from rulecrm.insight.effect.telling import about_waves, remark, repeated
from rulecrm.insight.effect.trial import Trial, trial_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics import proportion
from rulecrm.insight.statistics.asked import checked_level
from rulecrm.model.types import MONEY_SCALE

__all__ = ["campaign_channels", "campaign_waves"]

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

_HEARD = ("delivered", "opened", "clicked", "replied", "unsubscribed", "complained")

_COUNTS: Schema = {
    "count": pl.Int64, "base": pl.Int64, "share": pl.Float64, "low": pl.Float64, "high": pl.Float64
}  # fmt: skip
_WAVES: Schema = {
    "campaign": pl.String,
    "wave": pl.Int64,
    "round": pl.String,
    "stage": pl.String,
    "measure": pl.String,
    **_COUNTS,
}
_CHANNELS: Schema = {
    "campaign": pl.String, "channel": pl.String, "measure": pl.String, **_COUNTS, "cost": pl.Decimal(38, MONEY_SCALE)
}  # fmt: skip

_COLUMNS = {
    "campaign": Words("Campaign", "活动"),
    "wave": Words("Wave", "波次"),
    "round": Words("Round", "轮次"),
    "channel": Words("Channel", "渠道"),
    "stage": Words("Stage", "阶段"),
    "measure": Words("Measure", "指标"),
    "count": Words("Messages", "消息数"),
    "base": Words("of", "基数"),
    "share": Words("Share", "占比"),
    "low": Words("from", "下限"),
    "high": Words("to", "上限"),
    "cost": Words("Cost", "成本"),
}


def campaign_waves(shop: Shop, campaign: str, *, level: float = 0.95) -> Figure:
    """Who was in each wave of a campaign, by outcome, and what became of what was sent.

    Args:
        shop: as of T, with the engine whose ledger the campaign is in.
        campaign: its name.
        level: of intervals.

    Returns:
        `campaign_waves`: by wave and round of a `repeat` (empty outside), the rows `decided` (stage `all`), one for
        each outcome (stage `outcome`, shares of what was decided), `sent` (of what was decided for the treated), and
        `delivered`, `opened`, `clicked`, `replied`, `unsubscribed`, `complained` (stage `answer`, shares of what was
        sent).

    Raises:
        RulesError: R120 an unknown campaign; R801 no engine; R819 a level that is none.
    """
    checked_level(level)
    trial = trial_of(shop, campaign)
    rows: list[tuple[object, ...]] = []
    for wave, round_, part in _rounds(trial):
        rows += [(campaign, wave, round_, *row) for row in _wave(part, level)]
    remarks = [*_nobody(trial), *repeated(trial), *_clustered(trial), *about_waves(trial, trial.waves)]
    now = instant_words(shop)
    en = (
        f"Messages of the campaign `{campaign}` that were decided up to {now}, by wave (which of its sends, in text "
        "order) and round. Outcomes are those that the ledger has now; what was sent and heard is counted up to that "
        "instant. Shares of outcomes are of what was decided; sent, of what was decided for the treated; delivered, "
        "opened, clicked, replied, unsubscribed and complained, as receipts say, of what was sent, each message "
        f"once. Intervals are Wilson's, {level * 100:g} %."
    )
    zh = (
        f"截至 {now}，活动“{campaign}”已裁定的消息，按波次（活动中的第几次发送）和轮次统计。结果以账本当前记录为准，发"
        "送与回执计到该时点。各结果占比以已裁定数为基数；发送占比以干预组已裁定数为基数；送达、打开、点击、回复、退订"
        f"、投诉以发送数为基数，每条消息计一次。区间为 Wilson，{level * 100:g} %。"
    )
    told = _Told(Words("Waves of", "波次"), Words(en, zh), remarks)
    return _figure("campaign_waves", told, rows, _WAVES, (trial, shop))


def campaign_channels(
    shop: Shop, campaign: str, *, prices: Mapping[str, Decimal] | None = None, level: float = 0.95
) -> Figure:
    """The channels of a campaign side by side: what was sent, what became of it, what it cost.

    Args:
        shop: as of T, with the engine whose ledger the campaign is in.
        campaign: its name.
        prices: as in `campaign_cost`.
        level: of intervals.

    Returns:
        `campaign_channels`: by channel the rows `customers` (how many were written to), `sent` (with `cost`,
        Decimal(38, 4)), `delivered`, `opened`, `clicked`, `replied`, `unsubscribed` and `complained` (shares of what
        was sent).

    Raises:
        RulesError: R120 an unknown campaign; R801 no engine; R818 a price that is none; R819 a level that is none.
    """
    said = checked_prices(prices)
    checked_level(level)
    trial = trial_of(shop, campaign)
    sent = sent_with_costs(trial, shop, said)
    rows: list[tuple[object, ...]] = []
    parts = sent.sort("channel").partition_by("channel", as_dict=True, maintain_order=True)
    for (channel,), part in parts.items():
        cost = None if part.get_column("cost").null_count() else part.get_column("cost").sum()
        rounded = None if cost is None else Decimal(cost).quantize(Decimal(1).scaleb(-MONEY_SCALE))
        people = part.get_column("customer").n_unique()
        rows.append((campaign, channel, "customers", people, None, None, None, None, None))
        rows.append((campaign, channel, "sent", part.height, None, None, None, None, rounded))
        rows += [(campaign, channel, *row[1:], None) for row in _heard(part, level)]
    remarks = [*_nobody(trial), *_clustered(trial), *about_prices(sent, shop.currency)]
    if len(parts) > 1:
        en = (
            "which customer was written to by which channel was not drawn by lot: channels may differ because their "
            "customers do"
        )
        remarks.append(remark("R816", en, "顾客由哪个渠道触达并非抽签决定：渠道间的差异可能来自顾客本身"))
    now = instant_words(shop)
    en = (
        f"Messages of the campaign `{campaign}` that a provider took up to {now}, by the channel that they went by. "
        "delivered, opened, clicked, replied, unsubscribed and complained, as receipts say, are shares of what was "
        f"sent, each message once; intervals are Wilson's, {level * 100:g} %. cost: the caller's prices, or what "
        "providers charged."
    )
    zh = (
        f"截至 {now}，活动“{campaign}”由服务商接收的消息，按实际渠道统计。送达、打开、点击、回复、退订、投诉以发送数为"
        f"基数，每条消息计一次；区间为 Wilson，{level * 100:g} %。cost：给定价格或服务商收费。"
    )
    told = _Told(Words("Channels of", "渠道"), Words(en, zh), remarks)
    return _figure("campaign_channels", told, rows, _CHANNELS, (trial, shop))


def _rounds(trial: Trial) -> list[tuple[int, str, pl.DataFrame]]:
    """Messages by wave and round, in order; rounds are numbers joined by dots."""
    parts = trial.messages.partition_by("wave", "round", as_dict=True)
    ordered = sorted(parts.items(), key=lambda one: (one[0][0], [int(part) for part in one[0][1].split(".") if part]))
    return [(wave, round_, part) for (wave, round_), part in ordered]


def _wave(part: pl.DataFrame, level: float) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("all", "decided", part.height, None, None, None, None)]
    outcomes = part.group_by("outcome").len().sort(pl.col("len"), "outcome", descending=[True, False])
    rows += [("outcome", *_share(outcome, count, part.height, level)) for outcome, count in outcomes.iter_rows()]
    sent = part.filter(pl.col("sent_at").is_not_null())
    rows.append(("answer", *_share("sent", sent.height, part.filter(pl.col("arm") == "treated").height, level)))
    return rows + _heard(sent, level)


def _heard(sent: pl.DataFrame, level: float) -> list[tuple[object, ...]]:
    counts = {name: sent.height - sent.get_column(name).null_count() for name in _HEARD}
    return [("answer", *_share(name, count, sent.height, level)) for name, count in counts.items()]


def _share(
    measure: str, count: int, base: int, level: float
) -> tuple[str, int, int, float | None, float | None, float | None]:
    if not base:
        return measure, count, base, None, None, None
    found = proportion(count, base, level=level)
    return measure, count, base, count / base, found.low, found.high


def _nobody(trial: Trial) -> list[Remark]:
    name = trial.campaign.symbol
    if not len(trial.whole):
        return [remark("R804", f"nobody has entered `{name}` by then", f"到该时点为止没有人进入活动“{name}”")]
    if not trial.messages.height:
        en = f"{len(trial.whole)} customers have entered `{name}`, and no message was decided by then"
        return [remark("R804", en, f"已有 {len(trial.whole)} 位顾客进入活动“{name}”，但到该时点还没有裁定任何消息")]
    if not trial.messages.get_column("sent_at").count():
        en = f"no message of `{name}` was sent by then: there is no share of answers"
        return [remark("R804", en, f"到该时点活动“{name}”没有发出任何消息：没有回应占比")]
    return []


def _clustered(trial: Trial) -> list[Remark]:
    """Whether intervals take for independent what is not."""
    counted = trial.messages.group_by("customer", "wave", "round").len()
    if not counted.height or not counted.get_column("len").gt(1).any():
        return []
    en = (
        "some customers got several of these messages, which are not independent: intervals are narrower than they "
        "ought to be"
    )
    return [remark("R810", en, "部分顾客收到多条同类消息，彼此不独立：区间偏窄")]


@frozen
class _Told:
    """What is said of a figure."""

    title: Words
    definition: Words
    remarks: Sequence[Remark]


def _figure(
    name: str, told: _Told, rows: Sequence[tuple[object, ...]], schema: Schema, of: tuple[Trial, Shop]
) -> Figure:
    trial, shop = of
    origin = shop.origin(trial.campaign.symbol)
    called = trial.campaign.title or trial.campaign.symbol
    return Figure(
        name,
        Words(f"{told.title.en} {called}", f"{told.title.zh}：{called}"),
        told.definition,
        pl.DataFrame(rows, schema=schema, orient="row"),
        {column: words for column, words in _COLUMNS.items() if column in schema},
        tuple(told.remarks),
        () if origin is None else (origin,),
        shop.currency if "cost" in schema else None,
    )
