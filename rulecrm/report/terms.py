"""What figures write in their cells, as a reader says it.

In: `repurchase`, `up`. Out: the words in both languages.
Invariant: what is no term of ours (a name of the shop's own) is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.insight.figure import Language, Words

__all__ = ["TERMS", "term"]

TERMS: Mapping[str, Words] = {
    "time_over": Words("bought first long enough ago", "首购已满期"),
    "in_window": Words("bought first in the window", "首购在窗口内"),
    "bought_before": Words("bought before the window", "窗口前已购买"),
    "bought_twice_before": Words("bought twice before the window", "窗口前已购买两次"),
    "goal": Words("Goal", "目标达成率"),
    "refunds": Words("Refunds", "退款"),
    "cancellations": Words("Cancellations", "取消"),
    "visit": Words("Visit", "访问"),
    "view": Words("View", "浏览"),
    "cart": Words("Cart", "加购"),
    "favourite": Words("Favourite", "收藏"),
    "inquiry": Words("Inquiry", "咨询"),
    "too_few_weeks": Words("too few weeks", "周数太少"),
    "never_changed": Words("its price never changed", "价格从未变动"),
    "changed_once": Words("its price changed once", "价格只变动一次"),
    "sale_days": Words("its price changed on sale days only", "仅在大促日变价"),
    "response": Words("Response", "响应率"),
    "repurchase": Words("Repurchase", "复购率"),
    "revenue": Words("Revenue per customer", "人均销售额"),
    "margin": Words("Margin per customer", "人均毛利"),
    "orders": Words("Orders per customer", "人均订单数"),
    "up": Words("up", "向上"),
    "down": Words("down", "向下"),
    "stay": Words("stays", "不变"),
    "none": Words("neither", "无方向"),
    "traffic": Words("Traffic", "引流款"),
    "profit": Words("Profit", "利润款"),
    "marginal": Words("Marginal", "边缘款"),
    "potential": Words("Potential", "潜力款"),
    "monday": Words("Monday", "周一"),
    "tuesday": Words("Tuesday", "周二"),
    "wednesday": Words("Wednesday", "周三"),
    "thursday": Words("Thursday", "周四"),
    "friday": Words("Friday", "周五"),
    "saturday": Words("Saturday", "周六"),
    "sunday": Words("Sunday", "周日"),
}


def term(value: object, language: Language) -> str:
    """A word of a cell."""
    text = "" if value is None else str(value)
    if text in TERMS:
        return TERMS[text].of(language)
    return text
