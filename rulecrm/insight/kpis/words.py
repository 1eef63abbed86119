"""What the figures of kpis say in words: definitions, and what could not be concluded.

In: kpis, periods, counts. Out: `Words` and `Remark`s, in English and Chinese.
Invariant: every sentence names the kpi it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulecrm.api.kpis import Reported
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.kpis.asked import UNIT_ZH, days_of, titled
from rulecrm.insight.kpis.tree import Node
from rulecrm.insight.shop import Shop
from rulecrm.model.kpi import Kpi
from rulecrm.runtime.periods import CalendarPeriod

__all__ = [
    "alike", "compared_so_far", "empty", "no_kpi_made", "not_made", "otherwise", "parts_definition", "seasonless",
    "so_far", "stuck", "too_few", "unused_figure", "values_definition", "without_figure",
]  # fmt: skip

Pair = tuple[CalendarPeriod, CalendarPeriod | None]
"""A period, and the one that it is compared with; None where figures were given."""


def parts_definition(pairs: Sequence[Pair], figures: Mapping[str, object] | None) -> Words:
    """How contributions are defined; `figures` are those that the kpis were compared with, if they were."""
    english = "; ".join(dict.fromkeys(_compared(*pair).en for pair in pairs)) or "no period"
    chinese = "；".join(dict.fromkeys(_compared(*pair).zh for pair in pairs)) or "没有任何一期"
    if figures is None:
        than = Words(f"with another period ({english})", f"与另一期比较（{chinese}）")
    else:
        given = ", ".join(f"{name} = {figure}" for name, figure in figures.items())
        than = Words(
            f"with given figures ({given}; {english}); a kpi without one is what its factors make it where figures "
            "of all of them are known, else as in the shop",
            f"与给定的数字比较（{given}；{chinese}）；没有给定的指标，若其全部因素都有数字则由因素算出，否则取本店的值",
        )
    return Words(
        f"A kpi that is made of others is compared {than.en}. The change from before to now is thought of as one "
        "factor changing after another; what a factor contributes is by how much the kpi moves when it changes, "
        "averaged over all orders in which the factors may change (the Shapley value; of more than ten factors over "
        "the written order and its reverse). Orders on whose way the kpi has no value are left out. The arithmetic "
        "is that of fractions: contributions to a kpi add up to its change exactly, whatever the formula. `share` is "
        "a contribution as part of that change; `total` is what a factor contributes to the kpi at the top, averaged "
        "in the same way.",
        f"由其他指标构成的指标{than.zh}。把变化看作各因素依次改变：某一因素的贡献，是它改变时指标的变动，"
        "对因素改变的所有先后次序取平均（沙普利值；因素多于十个时取书写次序与其逆序的平均）。途中指标没有值的次序不计。"
        "运算用分数，不舍入：无论公式如何，各因素的贡献之和恰好等于指标的变化。"
        "`share` 是贡献占变化的比例；`total` 是对最上层指标变化的贡献，按同样方法平均。",
    )


def _compared(period: CalendarPeriod, other: CalendarPeriod | None) -> Words:
    unit, first = period.unit, period.first
    if other is None:
        return Words(f"{unit} of {first}", f"{first} 起的{UNIT_ZH[unit]}")
    return Words(
        f"{unit} of {first} against that of {other.first}", f"{first} 起的{UNIT_ZH[unit]}比 {other.first} 起的"
    )


def not_made(kpi: Kpi) -> Remark:
    """That there is nothing to take apart."""
    return Remark(
        "R866",
        Words(
            f"{titled(kpi)} is not made of other kpis: there is nothing to take apart.",
            f"{titled(kpi)} 不由其他指标构成，无从分解。",
        ),
        {"kpi": kpi.symbol},
    )


def stuck(node: Node, about: Mapping[str, object]) -> Remark:
    """That a node cannot be taken apart."""
    return Remark(
        "R858",
        Words(
            f"`{node.name}` cannot be taken apart: in whatever order its factors change, it has no value on the way "
            "(a division by zero, or a factor that is missing).",
            f"`{node.name}` 无法分解：无论各因素以何种次序改变，途中它都没有值（除数为零，或某一因素缺失）。",
        ),
        about,
    )


def without_figure(kpi: Kpi, factor: Kpi) -> Remark:
    """That a factor is taken to be as in the shop."""
    return Remark(
        "R859",
        Words(
            f"no figure is given for {titled(factor)}: it is taken to be the shop's own, and contributes nothing.",
            f"没有给出 {titled(factor)} 的数字：取本店的值，贡献为零。",
        ),
        {"kpi": kpi.symbol, "factor": factor.symbol},
    )


def unused_figure(kpi: Kpi, one: Kpi) -> Remark:
    """That a figure plays no part."""
    return Remark(
        "R859",
        Words(
            f"the figure given for {titled(one)} is not used: what is made of it has other factors without a figure, "
            f"or {titled(kpi)} is not made of it.",
            f"没有用到给出的 {titled(one)} 的数字：由它构成的指标还有没有数字的因素，或 {titled(kpi)} 与它无关。",
        ),
        {"kpi": kpi.symbol, "factor": one.symbol},
    )


def otherwise(kpi: Kpi, one: Kpi) -> Remark:
    """That a figure contradicts those of its factors."""
    return Remark(
        "R860",
        Words(
            f"the figure given for {titled(one)} is not what the figures of its factors make it; the latter is used.",
            f"给出的 {titled(one)} 与由其因素算出的不一致；采用后者。",
        ),
        {"kpi": kpi.symbol, "factor": one.symbol},
    )


def compared_so_far(kpi: Kpi, period: CalendarPeriod) -> Remark:
    """That a period is compared that is not over."""
    return Remark(
        "R864",
        Words(
            f"the {period.unit} of {period.first} is not over: {titled(kpi)} is compared as far as it has come.",
            f"{period.first} 开始的这一期尚未结束：{titled(kpi)} 只按已有的部分比较。",
        ),
        {"kpi": kpi.symbol, "start": period.first},
    )


def no_kpi_made(shop: Shop) -> Remark:
    """That the file has nothing to take apart."""
    if shop.rules.names("kpi"):
        words = Words("no kpi of the file is made of others.", "文件中没有由其他指标构成的指标。")
    else:
        words = Words("the file has no kpi.", "文件中没有指标。")
    return Remark("R865", words)


def empty(kpi: Kpi, periods: Sequence[CalendarPeriod]) -> Remark:
    """That periods hold no row."""
    days = days_of(periods)
    return Remark(
        "R863",
        Words(
            f"there is not one row of what {titled(kpi)} reads in the {periods[0].unit} of {days}.",
            f"{titled(kpi)} 所读取的数据在以下各{UNIT_ZH[periods[0].unit]}一行也没有：{days}。",
        ),
        {"kpi": kpi.symbol},
    )


def so_far(one: Reported) -> Remark:
    """That a period is not over."""
    return Remark(
        "R864",
        Words(
            f"the {one.period.unit} of {one.period.first} is not over: {titled(one.kpi)} is told as far as it has "
            "come, the range is a forecast for the whole of it, and there is no alarm.",
            f"{one.period.first} 起的{UNIT_ZH[one.period.unit]}尚未结束：{titled(one.kpi)} 为至今的值，"
            "区间是对整期的预测，不发警报。",
        ),
        {"kpi": one.kpi.symbol, "start": one.period.first},
    )


def too_few(kpi: Kpi, unit: str, without: int, all_: int) -> Remark:
    """That some periods have no range."""
    return Remark(
        "R861",
        Words(
            f"for {without} of {all_} periods of {titled(kpi)} no range can be told: too few {unit}s lie before "
            "them, or too few have a value.",
            f"{titled(kpi)} 的 {all_} 期中有 {without} 期给不出预期区间：之前的{UNIT_ZH[unit]}太少，或有值的太少。",
        ),
        {"kpi": kpi.symbol},
    )


def seasonless(kpi: Kpi, unit: str) -> Remark:
    """That ranges leave the season out."""
    return Remark(
        "R862",
        Words(
            f"the season of the year is not in the range of {titled(kpi)}: it takes more than a year of {unit}s "
            "before it, in which the same period a year earlier would have come nearer.",
            f"{titled(kpi)} 的预期区间不含年度季节：需要一年以上的{UNIT_ZH[unit]}数据，且其中用去年同期会更接近。",
        ),
        {"kpi": kpi.symbol},
    )


def alike(kpi: Kpi) -> Remark:
    """That a range is a single number."""
    return Remark(
        "R867",
        Words(
            f"most earlier periods of {titled(kpi)} were just as expected: its range is a single number, and "
            "anything else lies outside.",
            f"{titled(kpi)} 之前的多数期与预期完全相同：区间只是一个数，其他任何值都在区间之外。",
        ),
        {"kpi": kpi.symbol},
    )


def values_definition(shop: Shop, level: float) -> Words:
    """How `kpi_values` is defined."""
    return Words(
        f"Each kpi in each of its calendar periods in {shop.zone}, seen as of the last instant of the period. "
        "`change` is (value − value of the period before) / its size. What is expected stands on the periods before "
        "alone: the median of the last 28 days, 8 weeks, 6 months, 4 quarters or 4 years, of days moved by how much "
        "the same weekday has lain off the median of its week (median of eight), and moved by how much the same "
        "period a year before lay off what was expected of it (median of up to three years), where over eight "
        f"periods or more that would have come nearer. The range ({level:.1%}) is that ± t × 1.4826 × the median of "
        "how far earlier periods lay off (the last 56 days, 52 weeks, 36 months, 16 quarters or years; t is "
        "Student's quantile with 0.37 n degrees of freedom). Where all values before are above 0 all this is done "
        "with their logarithms. `alert` is set where the rule's own alert says so, or the value lies outside the "
        "range.",
        f"各指标在 {shop.zone} 时区的每个日历期内的值，以该期最后一刻为准。"
        "`change` 为（本期值 − 上期值）÷ 上期值的大小。"
        "预期只依据之前各期：取最近 28 日、8 周、6 个月、4 个季度或 4 年的中位数；"
        "按日时，加上同一星期几偏离当周中位数的幅度"
        "（取最近八次的中位数）；若在至少八期中证明更接近，再加上去年同期偏离其预期的幅度（至多三年的中位数）。"
        f"区间（{level:.1%}）为预期 ± t × 1.4826 × 之前各期偏离的中位数（最近 56 日、52 周、36 个月、16 个季度或年；"
        "t 为自由度 0.37 n 的学生分布分位数）。若之前所有值都大于零，则以上均对对数进行。"
        "规则自己的警报成立，或值在区间之外时，`alert` 为真。",
    )
