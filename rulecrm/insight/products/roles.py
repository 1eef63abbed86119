"""What each product does for the shop: its role, what it earns, whom it draws.

In: a shop, the classification of its rules or that of `std/products.rules`. Out: `Figure`s by product and by role.
Invariant: every product has one role or, where its role cannot be said, none and a remark; sums by role add up to the
shop's.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from attrs import evolve, frozen

from rulecrm.api.rules import Rules, loads
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.products.lines import lacks, share
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration
from rulecrm.semantics.settings import NO_CURRENCY

__all__ = ["product_role_sums", "product_roles"]

_ROLE = "product_role"
_WINDOW = "products_window"
_NEEDS = ("customer", "product", "order", "quantity", "amount")
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "units": pl.Int64,
    "revenue": pl.Decimal(38, 4),
    "margin": pl.Decimal(38, 4),
    "margin_rate": pl.Float64,
    "growth": pl.Float64,
    "product_orders": pl.Int64,
    "buyers": pl.Int64,
    "new_customers": pl.Int64,
    "rebought": pl.Float64,
    "refunded": pl.Float64,
    "views": pl.Int64,
    "orders_per_view": pl.Float64,
}
_OF_RULES = tuple(name for name in _TYPES if name not in ("new_customers", "refunded"))
_OF_COST = frozenset({"margin", "margin_rate"})
_OF_VIEWS = frozenset({"views", "orders_per_view"})
_COLUMNS = {
    "product": Words("Product", "商品"),
    "role": Words("Role", "角色"),
    "units": Words("Units", "件数"),
    "revenue": Words("Revenue", "销售额"),
    "margin": Words("Margin", "毛利"),
    "margin_rate": Words("Margin, of revenue", "毛利率"),
    "growth": Words("Growth", "增长率"),
    "product_orders": Words("Orders", "订单数"),
    "buyers": Words("Buyers", "购买者"),
    "new_customers": Words("New customers brought", "带来的新客"),
    "rebought": Words("Bought again", "复购订单占比"),
    "refunded": Words("Refunded", "退款占比"),
    "views": Words("Views", "浏览数"),
    "orders_per_view": Words("Orders for each view", "浏览转化"),
    "products": Words("Products", "商品数"),
    "product_share": Words("Of the products", "商品占比"),
    "revenue_share": Words("Of the revenue", "销售额占比"),
    "margin_share": Words("Of the margin", "毛利占比"),
}


def product_roles(shop: Shop, *, role: str = _ROLE) -> Figure:
    """Every product with its role and the figures that it follows from.

    The role is the classification of products of that name in the shop's rules; where they define none, that of
    `std/products.rules`. So are the metrics, with the prefix that the name has.

    Args:
        shop: the shop; its facts need items, and costs for roles.
        role: name of a classification of products; with the prefix it was imported with.

    Returns:
        `product` (key as given), `role` String, `units` Int64, `revenue` Decimal, `margin` Decimal, `margin_rate`,
        `growth` Float64, `product_orders`, `buyers` Int64, `new_customers` Int64 (whose first purchase of all, in the
        window, holds the product), `rebought`, `refunded` Float64 (share of the orders with it that were refunded),
        `views` Int64, `orders_per_view` Float64; by revenue. What the facts lack columns for is missing.

    Raises:
        RulesError: R120 the rules define no such classification.
    """
    roles = _roles(shop, role)
    lacking = lacks(shop, "item", _NEEDS)
    if lacking:
        frame = pl.DataFrame(schema={"product": pl.String, "role": pl.String, **_TYPES})
        remarks: tuple[Remark, ...] = (_nothing(lacking),)
    else:
        costed, viewed = not lacks(shop, "item", ["cost"]), not lacks(shop, "view", ["product"])
        # A role of the shop's own may do without costs; that of the library cannot.
        of_cost = _OF_COST | {_ROLE} if roles.role.endswith(_ROLE) else _OF_COST
        left_out = (of_cost if not costed else frozenset()) | (_OF_VIEWS if not viewed else frozenset())
        frame = _by_product(shop, roles, [name for name in (*_TYPES, _ROLE) if name not in left_out])
        remarks = _remarks(frame, costed=costed, viewed=viewed)
    origin = evolve(shop, rules=roles.rules).origin(role)
    return Figure(
        "product_roles",
        Words("Roles of products", "商品角色"),
        _definition(roles.window),
        frame,
        {column: _COLUMNS[column] for column in frame.columns},
        remarks,
        () if origin is None else (origin,),
        shop.currency,
    )


def product_role_sums(shop: Shop, *, role: str = _ROLE) -> Figure:
    """What the products of each role come to together.

    Args:
        shop: the shop.
        role: as of `product_roles`.

    Returns:
        `role` String, `products` Int64, `product_share` Float64, `units` Int64, `revenue` Decimal, `revenue_share`
        Float64, `margin` Decimal, `margin_share` and `margin_rate` Float64, `new_customers` Int64 (one whose first
        purchase holds products of several roles counts for each product); by revenue. Shares of a margin that is not
        above nothing are missing.

    Raises:
        RulesError: as `product_roles`.
    """
    by_product = product_roles(shop, role=role)
    known_role = by_product.frame.filter(pl.col("role").is_not_null())
    costed = pl.when(pl.col("margin").is_not_null()).then(pl.col("revenue"))
    sums = known_role.group_by("role").agg(
        pl.len().cast(pl.Int64).alias("products"),
        pl.col("units").sum(),
        pl.col("revenue").sum(),
        pl.when(pl.col("margin").count() > 0).then(pl.col("margin").sum()).alias("margin"),
        costed.sum().alias("costed"),
        pl.col("new_customers").sum(),
    )
    earned = pl.when(pl.col("margin").sum() > 0).then(pl.col("margin").sum())
    frame = sums.select(
        "role",
        "products",
        share(pl.col("products"), pl.col("products").sum()).alias("product_share"),
        "units",
        "revenue",
        share(pl.col("revenue"), pl.col("revenue").sum()).alias("revenue_share"),
        "margin",
        (pl.col("margin").cast(pl.Float64) / earned.cast(pl.Float64)).alias("margin_share"),
        share(pl.col("margin"), pl.col("costed")).alias("margin_rate"),
        "new_customers",
    ).sort("revenue", "role", descending=[True, False])
    return Figure(
        "product_role_sums",
        Words("What the roles come to", "各角色合计"),
        by_product.definition,
        frame,
        {name: _COLUMNS[name] for name in frame.columns},
        by_product.remarks,
        by_product.origins,
        shop.currency,
    )


# --- rules ----------------------------------------------------------------------------------------------------


@frozen
class _Roles:
    """Where a role and the metrics beside it are defined; metrics are behind `prefix`."""

    rules: Rules
    role: str
    metrics: Rules
    prefix: str
    window: Duration


def _roles(shop: Shop, role: str) -> _Roles:
    """The rules that define a role; metrics are those imported with it, or else the library's."""
    program = shop.rules.program
    there = {one.symbol: one.form for one in program.definitions if one.subject == "product"}
    prefix = role.removesuffix(role.rpartition(".")[2])
    own = all(prefix + name in there for name in _OF_RULES)
    library = None if own and role in there else _library(shop)
    metrics = shop.rules if own or library is None else library
    prefix = prefix if own else ""
    window = _window(metrics, prefix)
    if role not in there and role == _ROLE and library is not None:
        return _Roles(library, role, library, "", _window(library, ""))
    known(role, [name for name, form in there.items() if form == "classify"], "classification of products")
    return _Roles(shop.rules, role, metrics, prefix, window)


def _library(shop: Shop) -> Rules:
    """The library's rules about products, in the zone and the currency of the shop."""
    program = shop.rules.program
    currency = "" if program.currency == NO_CURRENCY else f"currency {program.currency}\n"
    return loads(f'timezone "{program.zone}"\n{currency}import "std/products.rules"\n')


def _window(rules: Rules, prefix: str) -> Duration:
    """How far back the figures count."""
    found = rules.program.params.get(prefix + _WINDOW)
    value = None if found is None else found.value
    return value if isinstance(value, Duration) else Duration(days=90)


def _by_product(shop: Shop, roles: _Roles, asked: Sequence[str]) -> pl.DataFrame:
    """What the rules say of each product, and what they cannot."""
    symbols = {name: roles.prefix + name for name in asked if name in _OF_RULES}
    if _ROLE in asked and roles.rules is roles.metrics:
        symbols[_ROLE] = roles.role
    result = roles.metrics.evaluate(shop.facts, shop.as_of, only=tuple(symbols.values()))
    table = result.table("product").select("product", *(pl.col(symbol).alias(name) for name, symbol in symbols.items()))
    further = _counted(shop, roles.window)
    if _ROLE in asked and _ROLE not in symbols:
        labels = roles.rules.evaluate(shop.facts, shop.as_of, only=(roles.role,)).table("product")
        further.append(labels.select("product", pl.col(roles.role).alias(_ROLE)))
    for more in further:
        table = table.join(more, on="product", how="left")
    frame = table.select(
        "product",
        _column(table, _ROLE, pl.String).alias("role"),
        *(_column(table, name, dtype) for name, dtype in _TYPES.items()),
    )
    frame = frame.with_columns(pl.col("new_customers").fill_null(0))
    return frame.sort("revenue", "product", descending=[True, False], nulls_last=True)


# --- what a rule about products cannot count ------------------------------------------------------------------


def _counted(shop: Shop, window: Duration) -> list[pl.DataFrame]:
    """`product` and `new_customers`; `product` and `refunded`, where orders say when they were refunded."""
    lines = shop.rows("item", ["product", "order"]).filter(pl.col("at") > shop.before(window))
    lines = lines.select("product", "order").drop_nulls().unique()
    brought = lines.join(_first_orders(shop), on="order").group_by("product").agg(
        pl.col("customer").n_unique().cast(pl.Int64).alias("new_customers")
    )  # fmt: skip
    found = [brought.collect(engine="in-memory")]
    if not lacks(shop, "purchase", ["order", "refunded_at"]):
        orders = shop.rows("purchase", ["order", "refunded"]).select("order", "refunded").drop_nulls("order")
        refunds = lines.join(orders, on="order").group_by("product").agg(pl.col("refunded").mean())
        found.append(refunds.collect(engine="in-memory"))
    return found


def _first_orders(shop: Shop) -> pl.LazyFrame:
    """`customer` and `order` of everybody's first purchase; of the items where the facts have no orders."""
    if shop.has("purchase", "order"):
        first = shop.purchases().lazy().filter(pl.col("number") == 1)
    else:
        rows = shop.rows("item", ["customer", "order"]).filter(pl.col("customer").is_not_null())
        first = rows.sort("at", "order").unique("customer", keep="first", maintain_order=True)
    return first.select("customer", "order").drop_nulls()


def _column(table: pl.DataFrame, name: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    there = pl.col(name) if name in table.columns else pl.lit(None)
    return there.cast(dtype).alias(name)


# --- words ----------------------------------------------------------------------------------------------------


def _nothing(lacking: tuple[str, ...]) -> Remark:
    named = ", ".join(f"`{name}`" for name in lacking)
    return Remark(
        "R845",
        Words(
            f"Nothing can be said: the items of these facts have no {named}.",
            f"无法得出结论：商品明细没有 {named}。",
        ),
    )


def _remarks(frame: pl.DataFrame, *, costed: bool, viewed: bool) -> tuple[Remark, ...]:
    if not int(frame.get_column("units").sum()):
        return (Remark("R845", Words("Nothing was sold in this time.", "这段时间没有销售。")),)
    found = []
    if not costed:
        words = Words(
            "Margins and roles cannot be said: neither items nor products have a `cost`.",
            "无法得出毛利和角色：商品明细和商品都没有 `cost`。",
        )
        found.append(Remark("R847", words))
    unknown = frame.filter(pl.col("margin").is_null() & (pl.col("units") > 0)).height if costed else 0
    if unknown:
        words = Words(
            f"Of {unknown} products that sold no cost is known, so that they have neither margin nor role.",
            f"有 {unknown} 个已售商品没有成本，因而没有毛利和角色。",
        )
        found.append(Remark("R847", words))
    if not viewed:
        words = Words("Nobody's views of products are known.", "没有商品浏览记录。")
        found.append(Remark("R847", words, {"column": "views"}))
    return tuple(found)


def _definition(window: Duration) -> Words:
    length = _written(window)
    return Words(
        f"All figures are of the last {length}. The role is the classification of products that the rules make, by "
        "default: profit has a margin rate at or above that of all products together and at least the average revenue "
        "of products that sold; traffic has a lower rate and at least the average number of buyers; potential grows, "
        "or has a high margin rate and few sales; marginal is the rest. Growth is against the time of the same length "
        "before. New customers are those whose first purchase of all holds the product; bought again is the share of "
        "its orders by somebody who had bought it before in that time; refunded the share of its orders that were "
        "refunded, wholly or in part.",
        f"所有数字取最近 {length}。角色由规则中的商品分类决定，默认：利润款的毛利率不低于全部商品合计且销售额不低于"
        "在售商品平均；引流款的毛利率较低而购买者不少于平均；潜力款在增长，或毛利率高而销量少；其余为边缘款。"
        "增长率与前一个同样长的时段相比。新客指首次购买即含该商品的顾客；复购占比指该时段内此前已买过它的顾客所下订单的比例；"
        "退款占比指含它的订单中全部或部分退款的比例。",
    )


def _written(length: Duration) -> str:
    """A duration as rules write it."""
    parts = ((length.months, "mo"), (length.days, "d"), (length.micros // 1_000_000, "s"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count)
