"""Who came back: the second purchase after the first, and the next one of those who bought before.

In: a shop, a length. Out: `Figure`s with a row for each way of counting.
Invariant: nobody is in a base who has not had the whole time that is asked about, unless the definition says so.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.spoken import COLUMNS, counted, instant_said, length_said
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop

__all__ = ["repurchase_rate", "second_purchase"]

_SCHEMA = {
    "measure": pl.String,
    "base": pl.Int64,
    "repeated": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
_HEADINGS = {name: COLUMNS[name] for name in _SCHEMA}


def second_purchase(shop: Shop, *, within: Length = "45d") -> Figure:
    """How many first-time buyers came back in time, by both definitions that are in use.

    Args:
        shop: a shop as of T.
        within: how long a customer has for the second purchase; days and months are those of the zone's calendar.

    Returns:
        `measure` String, `base` Int64, `repeated` Int64, `share` Float64, `low` and `high` Float64 (Wilson, 95 %).
        `time_over`: of those who have had the whole time. `in_window`: those whose first purchase lies in the time
        just before T, and who bought at least twice in it; most of them still have time left.

    Raises:
        RulesError: R800 no length of time.
    """
    length = duration_of(within)
    ordered = shop.purchases().select("code", "number", "at").with_columns(
        pl.when(pl.col("code") == pl.col("code").shift(-1)).then(pl.col("at").shift(-1)).alias("second")
    )  # fmt: skip
    firsts = ordered.filter(pl.col("number") == 1).with_columns(shop.shifted(pl.col("at"), length).alias("until"))
    sums = firsts.select(
        over=(pl.col("until") <= shop.as_of).sum(),
        over_repeated=((pl.col("until") <= shop.as_of) & (pl.col("second") <= pl.col("until"))).sum(),
        recent=(pl.col("at") > shop.before(length)).sum(),
        recent_repeated=((pl.col("at") > shop.before(length)) & pl.col("second").is_not_null()).sum(),
    ).row(0)
    over, over_repeated, recent, recent_repeated = map(int, sums)
    said, instant = length_said(length), instant_said(shop.as_of, shop.zone)
    remarks = _unconcluded([("time_over", over), ("in_window", recent)])
    if waiting := firsts.height - over:
        who = counted(waiting, "customer has", "customers have")
        words = Words(
            f"{who} not had {said.en} since the first purchase yet; `time_over` leaves them out.",
            f"{waiting:,} 位客户首购后尚未满{said.zh}，`time_over` 不计入。",
        )
        remarks = (*remarks, Remark("R821", words, {"measure": "time_over"}))
    definition = Words(
        f"As of {instant.en}. `time_over`: of the customers whose first purchase was at least {said.en} ago, the share "
        f"whose second purchase came no later than {said.en} after the first. `in_window`: of the customers whose "
        "first "
        f"purchase lies in the last {said.en}, the share who bought at least twice in that time; it rises by itself "
        "while their time goes on. Of two purchases at one instant the one with the greater order number is the "
        "second. "
        "The interval is Wilson's, 95%.",
        f"截至{instant.zh}。`time_over`：首购距今已满{said.zh}的客户中，首购后{said.zh}内完成第二次购买的占比。"
        f"`in_window`：首购发生在最近{said.zh}内的客户中，同期购买至少两次的占比；随着时间推移它还会上升。"
        "同一时刻的两笔购买，订单号大者为第二笔。区间为 95% 威尔逊区间。",
    )
    return Figure(
        "second_purchase",
        Words(f"Second purchase within {said.en} of the first", f"首购后{said.zh}内的二次购买率"),
        definition,
        _frame([("time_over", over, over_repeated), ("in_window", recent, recent_repeated)]),
        _HEADINGS,
        remarks,
    )


def repurchase_rate(shop: Shop, *, within: Length = "45d") -> Figure:
    """How many of those who had bought before bought again lately.

    Args:
        shop: a shop as of T.
        within: how far back the repurchase may lie; days and months are those of the zone's calendar.

    Returns:
        As `second_purchase`; `bought_before`: customers who had bought by the beginning of that time;
        `bought_twice_before`: those of them who had already come back once.

    Raises:
        RulesError: R800 no length of time.
    """
    length = duration_of(within)
    start = shop.before(length)
    earlier = pl.col("at") <= start
    people = (
        shop.purchases().lazy().group_by("code").agg(before=earlier.sum(), since=(~earlier).sum())
    ).filter(pl.col("before") > 0).collect(engine="in-memory")  # fmt: skip
    rows = []
    for measure, least in (("bought_before", 1), ("bought_twice_before", 2)):
        base = people.filter(pl.col("before") >= least)
        rows.append((measure, base.height, base.filter(pl.col("since") > 0).height))
    said, instant = length_said(length), instant_said(shop.as_of, shop.zone)
    since = instant_said(start, shop.zone)
    definition = Words(
        f"As of {instant.en}. `bought_before`: of the customers who had bought at least once by {since.en}, the share "
        f"who bought again after it, in the {said.en} up to {instant.en}. `bought_twice_before`: the same of the "
        "customers who had bought at least twice by then. The interval is Wilson's, 95%.",
        f"截至{instant.zh}。`bought_before`：{since.zh}之前（含）至少买过一次的客户中，此后{said.zh}内再次购买的占比。"
        "`bought_twice_before`：此前至少买过两次的客户中的同一占比。区间为 95% 威尔逊区间。",
    )
    return Figure(
        "repurchase_rate",
        Words(f"Customers from before who bought again within {said.en}", f"老客{said.zh}复购率"),
        definition,
        _frame(rows),
        _HEADINGS,
        _unconcluded([(measure, base) for measure, base, _ in rows]),
    )


def _frame(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    counts = pl.DataFrame(rows, schema={name: _SCHEMA[name] for name in ("measure", "base", "repeated")}, orient="row")
    return with_share(counts, "repeated", "base").select(*_SCHEMA)


def _unconcluded(bases: list[tuple[str, int]]) -> tuple[Remark, ...]:
    return tuple(_empty(measure) for measure, base in bases if not base)


def _empty(measure: str) -> Remark:
    words = Words(
        f"`{measure}` counts no customer, so there is no share.", f"`{measure}` 没有可统计的客户，因此没有占比。"
    )
    return Remark("R822", words, {"measure": measure})
