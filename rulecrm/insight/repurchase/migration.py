"""Where customers went: from the labels of a classification, or the states of a lifecycle, to those of a later instant.

In: a shop, names, instants, an order of the labels. Out: `Figure`s with a row a move, and with a row a direction.
Invariant: every subject of either side is in exactly one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Origin, Remark, Words
from rulecrm.insight.repurchase.spoken import COLUMNS, counted, instant_said, without_amounts
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import Instant

__all__ = ["migration", "migration_balance"]

_DIRECTIONS = ("up", "down", "stay", "none")


def migration(
    shop: Shop,
    name: str,
    *,
    before: Instant | None = None,
    to: str | None = None,
    best_first: Sequence[str] | None = None,
) -> Figure:
    """How many customers moved from each label to each, and what they paid meanwhile.

    Args:
        shop: a shop as of T, the end of every move.
        name: a classification or a lifecycle of the rules.
        before: the instant at which moves begin, before T. It may be left out where `to` names another classification:
            then both are looked at as of T.
        to: the classification or lifecycle that moves end in; `name` itself where it is left out.
        best_first: labels from the best to the worst, which makes moves `up` or `down`. Labels left out have no rank.
            By default the order in which the rules write them.

    Returns:
        `from`, `to` String (missing: did not exist then), `customers` Int64, `share` Float64 of all with that `from`,
        `low`, `high` Float64 (Wilson, 95 %), `direction` String (`up`, `down`, `stay`; `none` without a rank),
        `revenue` Decimal paid by those customers after `before`, up to T (in all, where there is no `before`; missing
        where subjects are no customers). A row for each pair of labels.

    Raises:
        RulesError: R120 a name or a label that is not there; R826 no instant to start from, one that is not before T,
            two classifications of different subjects, a label twice; R440 an instant that is none.
    """
    moved = _moved(shop, name, before, to, best_first)
    frame = _matrix(moved)
    return Figure(
        "migration",
        Words(f"Migration: {moved.said.en}", f"客户迁移：{moved.said.zh}"),
        _definition(moved),
        frame,
        {
            "from": Words("From", "从"),
            "to": Words("To", "到"),
            "share": Words("Share of those it began with", "占起点人数"),
            "direction": Words("Direction", "方向"),
        }
        | {one: COLUMNS[one] for one in ("customers", "low", "high", "revenue")},
        _remarks(moved),
        moved.origins,
        shop.currency if moved.subject == "customer" else None,
    )


def migration_balance(
    shop: Shop,
    name: str,
    *,
    before: Instant | None = None,
    to: str | None = None,
    best_first: Sequence[str] | None = None,
) -> Figure:
    """How many moved up, how many down: `migration`, added up by direction.

    Args:
        shop: as in `migration`, likewise the others.
        name: as in `migration`.
        before: as in `migration`.
        to: as in `migration`.
        best_first: as in `migration`.

    Returns:
        `direction` String (`up`, `down`, `stay`, `none`: four rows), `customers` Int64, `share`, `low`, `high` Float64
        (Wilson, 95 %) of all in the four, `revenue` Decimal.

    Raises:
        RulesError: as `migration`.
    """
    moved = _moved(shop, name, before, to, best_first)
    sums = _matrix(moved).group_by("direction").agg(pl.col("customers").sum(), pl.col("revenue").sum())
    full = pl.DataFrame({"direction": _DIRECTIONS}).join(sums, on="direction", how="left", maintain_order="left")
    counted = full.with_columns(pl.col("customers").fill_null(0), pl.col("customers").sum().alias("all"))
    priced = moved.priced
    revenue = pl.col("revenue").fill_null(0) if priced else pl.lit(None, pl.Decimal(38, 4)).alias("revenue")
    frame = with_share(counted, "customers", "all").with_columns(revenue)
    plain = _definition(moved)
    return Figure(
        "migration_balance",
        Words(f"Up and down: {moved.said.en}", f"升降：{moved.said.zh}"),
        Words(
            f"{plain.en} Rows add up the moves of one direction; `share` is of all of them.",
            f"{plain.zh}各行为同一方向的合计，`share` 为其占全部的比例。",
        ),
        frame.select("direction", "customers", "share", "low", "high", "revenue"),
        {"direction": Words("Direction", "方向")}
        | {one: COLUMNS[one] for one in ("customers", "share", "low", "high", "revenue")},
        _remarks(moved),
        moved.origins,
        shop.currency if moved.subject == "customer" else None,
    )


@frozen(eq=False)
class _Moved:
    """Moves counted: `from`, `to` (missing: not there), `customers`, `revenue` Int64, and what they are of."""

    counts: pl.DataFrame
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    ranks: Mapping[str, int]
    subject: str
    said: Words
    when: Words
    order: Words
    origins: tuple[Origin, ...]
    bought: tuple[int, int]

    @property
    def priced(self) -> bool:
        """Whether there is any revenue to speak of."""
        orders, missing = self.bought
        return orders == 0 or missing < orders if self.subject == "customer" else False


def _moved(shop: Shop, name: str, before: Instant | None, to: str | None, best_first: Sequence[str] | None) -> _Moved:
    target = name if to is None else to
    starts, ends = _labels(shop, name), _labels(shop, target)
    subject, other = _subject(shop, name), _subject(shop, target)
    if subject != other:
        raise _wrong(f"`{name}` is about a {subject}, `{target}` about a {other}; nobody can move between them")
    if before is None and name == target:
        raise _wrong(f"a migration of `{name}` needs an instant to start from", help_='give `before="2025-10-01"`')
    earlier = shop if before is None else shop.at(before)
    if before is not None and earlier.as_of >= shop.as_of:
        raise _wrong(
            f"a migration starts before it ends: {earlier.as_of.isoformat()} is not before {shop.as_of.isoformat()}"
        )
    ranks = _ranks(starts, ends, best_first)
    left, right = _labelled(earlier, name, "from"), _labelled(shop, target, "to")
    pairs = left.join(right, on=subject, how="full", coalesce=True)
    bought = _revenue(shop, None if before is None else earlier) if subject == "customer" else None
    if bought is not None:
        pairs = pairs.join(bought, on="customer", how="left")
    else:
        pairs = pairs.with_columns(revenue=pl.lit(None, pl.Int64), orders=pl.lit(0), unpriced=pl.lit(0))
    counts = (
        pairs.lazy()
        .group_by("from", "to")
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col("revenue", "orders", "unpriced").sum())
        .collect(engine="in-memory")
    )
    now = instant_said(shop.as_of, shop.zone)
    then = None if before is None else instant_said(earlier.as_of, shop.zone)
    return _Moved(
        counts, starts, ends, ranks, subject,
        _said(name, target), _when(then, now), _order(ranks, given=best_first is not None),
        tuple(one for one in map(shop.origin, dict.fromkeys((name, target))) if one is not None),
        (int(counts["orders"].sum()), int(counts["unpriced"].sum())),
    )  # fmt: skip


def _labels(shop: Shop, name: str) -> tuple[str, ...]:
    program = shop.rules.program
    states = {one.symbol: one.states for one in program.lifecycles}
    arms = {one.symbol: tuple(label for label, _ in one.arms) for one in program.definitions if one.form == "classify"}
    there = arms | states
    return there[known(name, there, "classification or lifecycle")]


def _subject(shop: Shop, name: str) -> str:
    if any(one.symbol == name for one in shop.rules.program.lifecycles):
        return "customer"
    return shop.rules.program.definition(name).subject


def _labelled(shop: Shop, name: str, column: str) -> pl.DataFrame:
    """The key column and the label, as text."""
    result = shop.result([name])
    found = (
        result.lifecycle(name).rename({"state": "label"}) if name in result.lifecycles else result.classification(name)
    )
    return found.select(pl.nth(0), pl.col("label").cast(pl.String).alias(column))


def _ranks(starts: Sequence[str], ends: Sequence[str], best_first: Sequence[str] | None) -> Mapping[str, int]:
    """Label → rank, the best 0. Two sets of labels have no common order of their own."""
    if best_first is None:
        return {label: rank for rank, label in enumerate(starts)} if starts == ends else {}
    for label in best_first:
        known(label, dict.fromkeys((*starts, *ends)), "label")
    if len(set(best_first)) < len(best_first):
        twice = next(label for label in best_first if list(best_first).count(label) > 1)
        raise _wrong(f"`{twice}` stands twice among the labels from best to worst")
    return {label: rank for rank, label in enumerate(best_first)}


def _revenue(shop: Shop, since: Shop | None) -> pl.DataFrame:
    """By customer: `revenue` Int64, `orders` Int64, `unpriced` Int64 of the purchases after an instant."""
    rows = shop.purchases().lazy()
    if since is not None:
        rows = rows.filter(pl.col("at") > since.as_of)
    return (
        rows.group_by("code")
        .agg(
            pl.col("customer").first(),
            revenue=pl.col("amount").sum(),
            orders=pl.len().cast(pl.Int64),
            unpriced=pl.col("amount").null_count().cast(pl.Int64),
        )
        .drop("code")
        .collect(engine="in-memory")
    )


def _matrix(moved: _Moved) -> pl.DataFrame:
    """Every pair of labels, in their order; after them those who were not there at one of the ends."""
    starts = pl.DataFrame({"from": [*moved.starts, None]}, schema={"from": pl.String}).with_row_index("row")
    ends = pl.DataFrame({"to": [*moved.ends, None]}, schema={"to": pl.String}).with_row_index("column")
    full = (
        starts.join(ends, how="cross")
        .join(moved.counts, on=["from", "to"], how="left", nulls_equal=True)
        .with_columns(pl.col("customers", "revenue").fill_null(0))
        # Nobody came or went: then there is no row for it.
        .filter((pl.col("from").is_not_null() & pl.col("to").is_not_null()) | (pl.col("customers") > 0))
        .sort("row", "column")
        .with_columns(pl.col("customers").sum().over("row").alias("all"))
    )
    ranks = dict(moved.ranks)
    left, right = (
        pl.col(one).replace_strict(list(ranks), list(ranks.values()), default=None, return_dtype=pl.Int64)
        for one in ("from", "to")
    )
    direction = (
        pl.when(left < right).then(pl.lit("down"))
        .when(left > right).then(pl.lit("up"))
        .when(pl.col("from") == pl.col("to")).then(pl.lit("stay"))
        .otherwise(pl.lit("none"))
    )  # fmt: skip
    return (
        with_share(full, "customers", "all")
        .with_columns(direction.alias("direction"), Shop.paid(pl.when(moved.priced).then("revenue")).alias("revenue"))
        .select("from", "to", "customers", "share", "low", "high", "direction", "revenue")
    )


def _said(name: str, target: str) -> Words:
    return Words(name, name) if name == target else Words(f"{name} → {target}", f"{name} → {target}")


def _when(then: Words | None, now: Words) -> Words:
    if then is None:
        return Words(
            f"Both as of {now.en}; `revenue` is all that was paid up to then",
            f"均截至{now.zh}；`revenue` 为截至该时刻的全部支付金额",
        )
    return Words(
        f"From {then.en} to {now.en}; `revenue` is what was paid after the former, up to the latter",
        f"从{then.zh}到{now.zh}；`revenue` 为其间（不含起点，含终点）的支付金额",
    )


def _order(ranks: Mapping[str, int], *, given: bool) -> Words:
    if not ranks:
        return Words(
            "The two have no common order of labels, so no move is `up` or `down`.",
            "两者的标签没有共同次序，因此不分升降。",
        )
    listed = ", ".join(ranks)
    whose = Words("given", "指定次序") if given else Words("as the rules write them", "按规则中的书写次序")
    return Words(
        f"From best to worst ({whose.en}): {listed}. A move towards the better is `up`, one towards the worse "
        "`down`; one "
        "from or to a label that is not in this list is `none`.",
        f"由好到差（{whose.zh}）：{'、'.join(ranks)}。变好为 `up`，变差为 `down`；涉及未列出标签的迁移为 `none`。",
    )


def _definition(moved: _Moved) -> Words:
    who = "customers" if moved.subject == "customer" else f"{moved.subject}s"
    return Words(
        f"How many {who} went from each label to each. {moved.when.en}, refunds not taken off. `share` is of all {who} "
        f"that began with the label, with Wilson's interval, 95%; blank where none did. {moved.order.en}",
        f"从每个标签到每个标签的数量。{moved.when.zh}（未扣退款）。`share` 为占起点标签人数的比例，附 95% 威尔逊区间；"
        f"起点无人时留空。{moved.order.zh}",
    )


def _remarks(moved: _Moved) -> tuple[Remark, ...]:
    told: list[Remark] = []
    if not moved.counts.height:
        told.append(Remark("R820", Words(f"There is no {moved.subject} to move.", "没有可统计的对象。")))
    for column, where in (("from", Words("at the beginning", "起点")), ("to", Words("at the end", "终点"))):
        missing = moved.counts.filter(pl.col(column).is_null())
        if count := int(missing["customers"].sum()):
            who = counted(count, f"{moved.subject} was", f"{moved.subject}s were")
            words = Words(
                f"{who} not there {where.en}, and have no label in `{column}`.",
                f"{count:,} 个在{where.zh}时尚不存在，其 `{column}` 为空。",
            )
            told.append(Remark("R828", words, {column: None}))
    return (*told, *without_amounts(*moved.bought))


def _wrong(message: str, help_: str | None = None) -> RulesError:
    return RulesError([Diagnostic("R826", message, help=help_)])
