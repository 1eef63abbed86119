"""How the effect of a campaign is defined, in whole sentences with what was asked filled in.

In: a trial, what was asked. Out: `Words`.
Invariant: whoever reads them can compute the figure by hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.insight.effect.comparing import Way
from rulecrm.insight.effect.trial import Trial
from rulecrm.insight.figure import Words
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = ["Asked", "arms_words", "defined", "instant_words", "margin_words"]

_MEASURES = {
    "response": Words(
        "response: the share of the treated who opened, clicked or answered a message of the campaign, as receipts "
        "say.",
        "response（响应率）：干预组中打开、点击或回复过该活动消息的顾客占比，以回执为准。",
    ),
    "repurchase": Words(
        "repurchase: the share of customers who paid for at least one order; that of the control is the natural "
        "repurchase rate.",
        "repurchase（复购率）：至少支付一笔订单的顾客占比；对照组的数值即自然复购率。",
    ),
    "revenue": Words(
        "revenue: the amounts of their purchases a customer; who bought nothing counts as 0, and refunds are not "
        "taken off.",
        "revenue（人均销售额）：购买金额除以顾客数；未购买者计 0，退款不扣除。",
    ),
    "margin": Words(
        "margin: the amounts of the items they bought less the items' costs, a customer.",
        "margin（人均毛利）：所购商品金额减去商品成本，除以顾客数。",
    ),
}
_ARMS = {
    "control": Words("the control group of the campaign", "该活动的对照组"),
    "holdout": Words("the holdout of the policy", "策略的全局保留组"),
}


@frozen
class Asked:
    """What is shown.

    Attributes:
        measures: some of `MEASURES`.
        windows: how long customers are followed.
        before: of CUPED, how long before the entry; None where nothing is adjusted.
        correction: of p.
        waves: numbers of the waves that have rows of their own.
    """

    measures: tuple[str, ...]
    windows: tuple[Duration, ...]
    before: Duration | None
    correction: str
    waves: tuple[int, ...]


def instant_words(shop: Shop) -> str:
    """T on the clock of the rules' zone."""
    return _local(shop.as_of, shop)


def _local(instant: dt.datetime, shop: Shop) -> str:
    return f"{instant.astimezone(ZoneInfo(shop.zone)):%Y-%m-%d %H:%M} {shop.zone}"


def _behind(shop: Shop) -> Words:
    """How far the ledger has come, where that is not as far as T."""
    clock = None if shop.engine is None else shop.engine.clock
    if clock is None or clock >= shop.as_of:
        return Words("", "")
    until = _local(clock, shop)
    return Words(
        f" The ledger has been advanced to {until}; who would have entered since is not in it.",
        f"账本只推进到 {until}，此后本应进入的顾客不在其中。",
    )


def arms_words(trial: Trial, other: str | None, shop: Shop) -> Words:
    """Who is counted, and in which arm."""
    name, now, behind = trial.campaign.symbol, instant_words(shop), _behind(shop)
    beside = Words("There is nobody to compare them with.", "没有可比较的对照。")
    if other is not None:
        beside = Words(f"The treated are compared with {_ARMS[other].en}.", f"干预组与{_ARMS[other].zh}比较。")
    en = (
        f"Customers who entered the campaign `{name}` up to {now}, each once, from the first entry on, in the arm "
        "that the draw put them in, whatever was sent to them, delivered, or read (intention to treat). "
        f"{beside.en}{behind.en}"
    )
    zh = (
        f"截至 {now} 进入活动“{name}”的顾客，每人自首次进入起计一次，按抽签所定的组别计入，无论实际发送、送达或阅读与"
        f"否（意向性分析）。{beside.zh}{behind.zh}"
    )
    return Words(en, zh)


def defined(trial: Trial, shop: Shop, way: Way, asked: Asked) -> Words:
    """The definition of the effect of a campaign."""
    parts = [arms_words(trial, way.other, shop), _windows(shop, asked.windows)]
    parts += [_goal(trial) if measure == "goal" else _MEASURES[measure] for measure in asked.measures]
    parts.append(_tests(way, asked.correction))
    if asked.before is not None:
        parts.append(_cuped(asked.before))
    if asked.waves:
        parts.append(_WAVES)
    return Words(" ".join(part.en for part in parts), "".join(part.zh for part in parts))


_WAVES = Words(
    "A row of a wave counts those for whom that send was decided, the control likewise, each from the first such "
    "instant on; what earlier messages still do is in it, too.",
    "波次行只计该波发送被裁定的顾客（对照组同样计入），自首次裁定的时刻起算；先前各波的后续影响也包含在内。",
)


def _windows(shop: Shop, windows: Sequence[Duration]) -> Words:
    names = ", ".join(one.written() for one in windows)
    return Words(
        f"A window D ({names}) holds what happened after that instant and not later than D after it, on the calendar "
        f"of {shop.zone}; a customer counts in a window once it has wholly passed.",
        f"窗口 D（{names}）包含该时刻之后、不晚于其后 D 的行为，按 {shop.zone} 日历计；窗口完全结束的顾客才计入。",
    )


def _goal(trial: Trial) -> Words:
    goal = trial.campaign.goal
    assert goal is not None
    within, kind = goal.within.written(), goal.rows.kind
    narrowed = Words(" that fits its condition", "符合条件的") if goal.rows.where else Words("", "")
    return Words(
        f"goal: the share of customers with a `{kind}`{narrowed.en} after the entry and within {within} of it, as the "
        "campaign declares.",
        f"goal（目标达成率）：进入后 {within} 内有{narrowed.zh}“{kind}”的顾客占比，以活动声明为准。",
    )


def _tests(way: Way, correction: str) -> Words:
    level = f"{way.level * 100:g} %"
    corrected = correction.replace("_", " and ").title()
    if way.planned is not None:
        en = (
            f"difference: treated less control, with its {level} confidence sequence, which holds however often one "
            f"looks (planned for {way.planned} customers);"
        )
        zh = f"difference：干预组减对照组，附 {level} 序贯置信区间，可随时查看（按 {way.planned} 位顾客规划）；"
    else:
        en = (
            f"difference: treated less control, with its {level} confidence interval: of shares Newcombe's, with p of "
            "the score test or, where counts are small, of Fisher's; of amounts Welch's, which holds for one look;"
        )
        zh = (
            f"difference：干预组减对照组，附 {level} 置信区间：占比用 Newcombe 区间及得分检验（小样本用 Fisher），金额"
            "用 Welch，只适用于一次查看；"
        )
    return Words(
        f"{en} p_adjusted is p after {corrected} over all rows shown.",
        f"{zh}p_adjusted 为对所示全部行按 {corrected} 校正后的 p。",
    )


def _cuped(before: Duration) -> Words:
    length = before.written()
    return Words(
        f"Differences of amounts are adjusted (CUPED) for what the same customers came to in the {length} before "
        "their entry; so they are not just the treated value less the control's.",
        f"金额差异按顾客进入前 {length} 的同一指标做了 CUPED 调整，因此不等于两组数值直接相减。",
    )


def margin_words(base: str) -> Words:
    """What a return is reckoned from."""
    if base == "margin":
        return Words("margin (amounts of items less their costs)", "毛利（商品金额减成本）")
    return Words(
        "revenue (the facts have no costs of items, so that profit is overstated)", "销售额（缺少商品成本，利润被高估）"
    )
