"""The page's own words.

In: nothing. Out: `Words` by key.
Invariant: every word of the page that is no figure's and no rule's is here, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.insight.figure import Words

__all__ = ["PAGE"]

PAGE: Mapping[str, Words] = {
    "title": Words("The shop as of", "店铺报告，截至"),
    "contents": Words("Contents", "目录"),
    "language": Words("Language", "语言"),
    "appearance": Words("Appearance", "外观"),
    "system": Words("Like the system", "跟随系统"),
    "light": Words("Light", "浅色"),
    "dark": Words("Dark", "深色"),
    "definition": Words("How it is defined", "口径说明"),
    "numbers": Words("The numbers", "数据表"),
    "origin": Words("Made by the rule", "来源规则"),
    "line": Words("line", "第"),
    "rules": Words("The rules", "规则原文"),
    "rules_lead": Words(
        "The text of the rules that made these figures, as it was when the report was written.",
        "生成报告时所用规则的原文。",
    ),
    "cut": Words("The table shows the first {shown} of {all} rows.", "表格只显示前 {shown} 行，共 {all} 行。"),
    "part": Words("The picture shows {note} of what the table has.", "图中只画出表中的 {note}。"),
    "further": Words("{count} further remarks", "另有 {count} 条说明"),
    "impossible": Words("This cannot be said of these facts.", "现有数据无法得出此项。"),
    "yes": Words("yes", "是"),
    "no": Words("no", "否"),
    "sort": Words("A heading sorts the table by its column.", "点击列标题可排序。"),
    "so_far": Words("so far {value}", "本期至今 {value}"),
    "from": Words("from {day}", "{day}起"),
    "alert": Words("alert", "警报"),
    "picture": Words("Picture", "图"),
    "table": Words("Table", "表"),
    "happened": Words("What happened", "经营概况"),
    "who": Words("Who is who", "客户是谁"),
    "back": Words("Do they come back", "他们会回来吗"),
    "campaigns": Words("Did the campaigns work", "活动是否有效"),
    "sold": Words("What is sold", "卖的是什么"),
    "ahead": Words("Value ahead", "未来价值"),
}
