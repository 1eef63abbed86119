"""The lines of purchases that figures of products are made of.

In: a shop, columns. Out: a frame of lines up to T, or the remark that says what the facts lack.
Invariant: a line without a product is no line of a product; nothing is read that no figure asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.shop import Shop

__all__ = ["lacks", "lines_of", "of_which", "share"]

_KEYS = ("customer", "product")


def lines_of(shop: Shop, *columns: str) -> pl.DataFrame | Remark:
    """The lines of paid orders up to T that name a product.

    Where the facts have no items, an order that names a product counts as one line.

    Args:
        shop: the shop.
        columns: of `customer`, `order`, `product`, `category`, `quantity`, `amount`, `cost`; a frame without
            quantities has one unit a line.

    Returns:
        `at` Datetime in UTC and the columns, money in Int64 of 1/10,000 units; or remark R845 that names what the
        facts do not have.
    """
    wanted = tuple(dict.fromkeys(("product", *columns)))
    needed = [name for name in wanted if name != "quantity"]
    for kind in ("item", "purchase"):
        if lacks(shop, kind, needed):
            continue
        counted = "quantity" in wanted and not lacks(shop, kind, ["quantity"])
        read = [name for name in wanted if name != "quantity" or counted]
        rows = shop.rows(kind, read).filter(pl.col("product").is_not_null())
        if "customer" in read:
            rows = rows.filter(pl.col("customer").is_not_null())
        if "quantity" in wanted:
            units = pl.col("quantity").fill_null(1).cast(pl.Int64) if counted else pl.lit(1, pl.Int64)
            rows = rows.with_columns(units.alias("quantity"))
        return rows.select("at", *wanted).collect(engine="in-memory")
    return _lacking(shop, needed)


def _lacking(shop: Shop, needed: Sequence[str]) -> Remark:
    """What the items lack, or, where there are none, the orders."""
    kind, rows = ("item", Words("items", "商品明细")) if shop.has("item") else ("purchase", Words("orders", "订单"))
    named = ", ".join(f"`{name}`" for name in lacks(shop, kind, needed))
    return Remark(
        "R845",
        Words(
            f"Nothing can be said: the {rows.en} of these facts have no {named}.",
            f"无法得出结论：{rows.zh}没有 {named}。",
        ),
    )


def lacks(shop: Shop, kind: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns of a kind, keys included, that the facts do not have."""
    world = shop.rules.program.schema.kinds[kind]
    if not shop.has(kind):
        return tuple(columns)
    fields = [name for name in columns if name not in _KEYS]
    keys = [name for name in columns if name in _KEYS]
    found = [name for name in fields if not shop.has(kind, name)]
    if keys:
        rows = shop.facts.rows(world, frozenset(), currency=shop.currency, zone=shop.zone)
        there = rows.collect_schema().names()
        found += [name for name in keys if name not in there]
    return tuple(found)


def of_which(shop: Shop, lines: pl.DataFrame, product: str | int | None, category: str | None) -> pl.Series | Remark:
    """Which lines are of a product, or of a category; remark R845 where nobody has bought it yet.

    Raises:
        RulesError: R850 both or neither were asked for; R120 neither the lines nor the products have it.
    """
    if (product is None) == (category is None):
        raise RulesError([Diagnostic("R850", "what is asked about is one product or one category", help="give one")])
    if lines.is_empty():
        return Remark("R845", Words("Nothing can be said: nothing has been sold yet.", "无法得出结论：尚无销售。"))
    column, wanted = ("product", product) if category is None else ("category", category)
    own = lines.get_column(column)
    if own.dtype == pl.String or isinstance(wanted, int):
        found = (own == wanted).fill_null(value=False)
        if found.any():
            return found
    known(str(wanted), {*_names(own), *_listed(shop, column)}, column)
    words = Words(f"Nothing can be said: nobody has bought `{wanted}` yet.", f"无法得出结论：尚无人购买“{wanted}”。")
    return Remark("R845", words)


def _names(values: pl.Series) -> list[str]:
    return values.drop_nulls().unique().cast(pl.String).to_list()


def _listed(shop: Shop, column: str) -> list[str]:
    """What the frame of products lists under a column."""
    subject = shop.rules.program.schema.subjects["product"]
    asked = frozenset({column} - {"product"})
    if any(one.severity is Severity.ERROR for one in shop.facts.check([], [(subject, asked)])):
        return []
    rows = shop.facts.subjects(subject, asked, currency=shop.currency, zone=shop.zone)
    return [] if rows is None else _names(rows.select(column).collect(engine="in-memory").to_series())


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A part of a whole, as Float64; missing where the whole is nothing."""
    return pl.when(whole != 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))
