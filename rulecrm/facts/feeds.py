"""How a kind is read from the frames: which rows, at which instant, with which keys and fields.

In: the sources and a `Kind`. Out: `Feed`, lazy expressions over one source (and what it borrows from another).
Invariant: a row of a stage exists only where its instant is there; nothing is collected here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl
from attrs import evolve, frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts.door import read_columns
from rulecrm.facts.findings import Problem, finding, missing
from rulecrm.facts.reading import Reading
from rulecrm.facts.shapes import EVENT_FRAME, ITEM_FRAME, ORDER_FRAME, PRODUCT_FRAME
from rulecrm.facts.source import Source
from rulecrm.model.schema import Column, Kind
from rulecrm.model.types import BOOL, INSTANT

__all__ = [
    "UNKNOWN_ORDER",
    "Feed",
    "borrow_products",
    "columns_for",
    "feed_of",
    "items_alone",
    "needs_orders",
    "not_given",
    "source_of",
    "unknown_orders",
]

FROM_ORDERS = ("customer", "person", "shop", "staff", "source", "currency")
FROM_PRODUCTS = {
    ITEM_FRAME: ("category", "brand", "tags", "cost", "title", "listed_at"),
    EVENT_FRAME: ("category", "brand"),
}
UNKNOWN_ORDER = "`order` is in no row of `orders`"
_BORROWED = "__"


@frozen(eq=False)
class Feed:
    """A kind over its source.

    Attributes:
        kind: the kind.
        source: what it is read from.
        rows: rows of the whole source (with what they borrow), before `where`.
        where: which of them are of the kind; None for all.
        at: Int64 microseconds UTC; a row where it is missing is no row of the kind.
        began: Int64 microseconds UTC, the earliest instant of the row of the frame, whatever the kind.
        keys: keys of subjects.
        fields: readable fields; money in the row's own currency.
        borrowed: fields that come from the products' frame and are there once `borrow_products` has joined it.
    """

    kind: Kind
    source: Source
    rows: pl.LazyFrame
    where: pl.Expr | None
    at: pl.Expr
    began: pl.Expr
    keys: Mapping[str, pl.Expr]
    fields: Mapping[str, Reading]
    currency: pl.Expr | None
    borrowed: tuple[str, ...] = ()


def source_of(kind: Kind, sources: Mapping[str, Source]) -> Source | None:
    """The source that gives a kind: its own frame, else the canonical one; for a declared kind also the events."""
    if kind.name in sources:
        return sources[kind.name]
    if kind.frame in sources:
        return sources[kind.frame]
    return sources.get(EVENT_FRAME) if kind.frame == kind.name else None


def columns_for(kind: Kind, columns: Collection[str]) -> list[str]:
    """The columns that fields are read from.

    A yes/no stage is read from its instant alone; a field known from a stage on, from its own column and that instant.
    """
    wanted: dict[str, None] = {}
    for name in columns:
        column = kind.columns.get(name)
        if column is None or column.stage is None:
            wanted[name] = None
            continue
        if column.type != BOOL:
            wanted[name] = None
        wanted[column.stage] = None
    wanted.pop("at", None)
    return list(wanted)


def feed_of(kind: Kind, source: Source, sources: Mapping[str, Source], zone: str | None) -> Feed | list[Diagnostic]:
    """The feed of a kind, or what keeps it from being read."""
    own = source.frame == kind.name
    wanted: dict[str, Column] = {name: kind.columns[name] for name in columns_for(kind, kind.columns)}
    for name in (kind.at, "at"):
        wanted.setdefault(name, Column(name, INSTANT))
    fields, found = read_columns(source.frame, wanted, source.schema, zone)
    if found:
        return found
    at = _at(kind, source, own=own)
    if at is None and not _joins_orders(source, sources):
        return [_no_instant(kind, source)]
    if at is not None:
        fields.setdefault(kind.at, fields[at])
    keys = {name: _key(name, source) for name in kind.subjects if name in source.schema}
    if "person" in kind.subjects and "customer" in keys:
        keys.setdefault("person", keys["customer"])  # whom nobody has linked is a person by himself
    currency = pl.col("currency").cast(pl.String) if "currency" in source.schema else None
    stages = [fields[name].value for name, column in wanted.items() if column.stage == name and name in fields]
    instant = fields[at].value if at is not None else pl.lit(None, dtype=pl.Int64)
    where = pl.col("kind") == kind.name if source.frame == EVENT_FRAME and not own else None
    if kind.name == "refund" and "refund_amount" in fields:
        fields["amount"] = _refunded(fields)
    feed = Feed(
        kind, source, source.rows, _member(source, where, kind.name), instant,
        pl.min_horizontal(instant, *stages), keys, fields, currency,
    )  # fmt: skip
    feed = borrow_orders(feed, sources, zone) if source.frame == ITEM_FRAME else feed
    products = sources.get(PRODUCT_FRAME)
    if products is None or "product" not in source.schema or "product" not in products.schema:
        return feed
    told = FROM_PRODUCTS.get(source.frame, ())
    lacking = [name for name in told if name not in source.schema and name in products.schema]
    if "quantity" not in feed.fields and "cost" in lacking:
        lacking.remove("cost")
    return evolve(feed, borrowed=tuple(lacking))


def _key(name: str, source: Source) -> pl.Expr:
    return pl.col(name).cast(pl.String) if isinstance(source.schema[name], pl.Null) else pl.col(name)


def _at(kind: Kind, source: Source, *, own: bool) -> str | None:
    order = ("at", kind.at) if own or source.frame == ITEM_FRAME else (kind.at if kind.frame != kind.name else "at",)
    return next((name for name in order if name in source.schema), None)


def _member(source: Source, where: pl.Expr | None, name: str) -> pl.Expr | None:
    dtype = source.schema.get("kind")
    if where is not None and isinstance(dtype, pl.Enum) and name not in dtype.categories.to_list():
        return pl.lit(False)  # a comparison with what is no member of an Enum raises
    return where


def _refunded(fields: Mapping[str, Reading]) -> Reading:
    paid_back = fields["refund_amount"]
    if "amount" not in fields:
        return paid_back
    amount = fields["amount"]
    return Reading(pl.coalesce(paid_back.value, amount.value), (*paid_back.problems, *amount.problems))


def _no_instant(kind: Kind, source: Source) -> Diagnostic:
    why = f"which `{kind.name}` is read from"
    fix = f"add `{kind.at}`, missing in every row if that never happened"
    return missing("R402", source.frame, kind.at, source.schema.names(), why, fix=fix)


# --- items and their orders -----------------------------------------------------------------------------------


def _joins_orders(source: Source, sources: Mapping[str, Source]) -> bool:
    orders = sources.get(ORDER_FRAME)
    return source.frame == ITEM_FRAME and "order" in source.schema and orders is not None and "order" in orders.schema


def needs_orders(items: Source, orders: Source | None) -> bool:
    """Whether items cannot do without their orders: for whose they are, when they were paid, or in which currency."""
    if "customer" not in items.schema or not {"at", "paid_at"} & set(items.schema):
        return True
    return orders is not None and "currency" in orders.schema and "currency" not in items.schema


def items_alone(sources: Mapping[str, Source]) -> list[Diagnostic]:
    """What items lack that no order could give them."""
    items = sources.get(ITEM_FRAME)
    if items is None or not needs_orders(items, None) or _joins_orders(items, sources):
        return []
    lacking = "customer" if "customer" not in items.schema else "paid_at"
    fix = "give `orders` too, with a column `order` in both"
    return [missing("R401", ITEM_FRAME, lacking, items.schema.names(), "and no orders to take it from", fix=fix)]


def borrow_orders(feed: Feed, sources: Mapping[str, Source], zone: str | None) -> Feed:
    """Items with the instant, the keys and the currency of their orders, where they have none of their own."""
    items = feed.source
    if not _joins_orders(items, sources) or not needs_orders(items, sources.get(ORDER_FRAME)):
        return feed
    orders = sources[ORDER_FRAME]
    lacking = [name for name in FROM_ORDERS if name not in items.schema and name in orders.schema]
    paid, _ = read_columns(ORDER_FRAME, {"paid_at": Column("paid_at", INSTANT)}, orders.schema, zone)
    taken = [pl.col(name).alias(_BORROWED + name) for name in lacking]
    at_is_own = bool({"at", "paid_at"} & set(items.schema))
    if "paid_at" in paid and not at_is_own:
        taken.append(paid["paid_at"].value.alias(_BORROWED + "at"))
    theirs = orders.rows.select(_joinable("order", orders).alias(_BORROWED + "order"), *taken)
    ours = feed.rows.with_columns(_joinable("order", items).alias(_BORROWED + "order"))
    rows = ours.join(theirs, on=_BORROWED + "order", how="left", maintain_order="left").drop(_BORROWED + "order")
    at = feed.at if at_is_own else pl.col(_BORROWED + "at")
    keys = {**feed.keys, **{name: pl.col(_BORROWED + name) for name in lacking if name != "currency"}}
    if "customer" in lacking:
        keys.setdefault("person", keys["customer"])
    currency = pl.col(_BORROWED + "currency").cast(pl.String) if "currency" in lacking else feed.currency
    fields = {**feed.fields, feed.kind.at: Reading(at)}
    return evolve(feed, rows=rows, at=at, began=at, keys=keys, currency=currency, fields=fields)


def unknown_orders(items: Source, orders: Source) -> Problem:
    """The rule that the order of every item is known; reads the numbers of the orders."""
    numbers = orders.rows.select(_joinable("order", orders)).collect().to_series().implode()
    known = _joinable("order", items).is_in(numbers).fill_null(value=False)
    return Problem("R416", "order", UNKNOWN_ORDER, ~known)


def _joinable(key: str, source: Source) -> pl.Expr:
    return pl.col(key).cast(pl.Int64 if source.schema[key].is_integer() else pl.String)


# --- what the products tell -----------------------------------------------------------------------------------


def borrow_products(feed: Feed, columns: Collection[str], sources: Mapping[str, Source], zone: str | None) -> Feed:
    """Items or events with those of `columns` that the products' frame tells about."""
    wanted = [name for name in feed.borrowed if name in columns]
    if not wanted:
        return feed
    products = sources[PRODUCT_FRAME]
    described = {name: column for name, column in feed.kind.columns.items() if name in wanted}
    readings, _ = read_columns(PRODUCT_FRAME, described, products.schema, zone)
    key = _BORROWED + "product"
    taken = [reading.value.alias(_BORROWED + name) for name, reading in readings.items()]
    theirs = products.rows.select(_joinable("product", products).alias(key), *taken)
    rows = feed.rows.with_columns(_joinable("product", feed.source).alias(key))
    rows = rows.join(theirs, on=key, how="left", maintain_order="left")
    fields = {**feed.fields, **{name: Reading(pl.col(_BORROWED + name)) for name in readings}}
    if "cost" in readings:
        units = feed.fields["quantity"].value.cast(pl.Int128)
        fields["cost"] = Reading((pl.col(_BORROWED + "cost").cast(pl.Int128) * units).cast(pl.Int64))
    return evolve(feed, rows=rows.drop(key), fields=fields)


def not_given(feed: Feed, columns: Collection[str]) -> list[Diagnostic]:
    """Diagnostics about the columns that are asked for and that no frame has."""
    natural = {name for name in feed.kind.key if name in feed.source.schema}
    given = {"at", *feed.keys, *feed.fields, *feed.borrowed, *natural}
    names = set(feed.source.schema) - set(feed.kind.columns)
    found = []
    for name in sorted(set(columns_for(feed.kind, columns)) - given):
        why = f"which the rules ask of `{feed.kind.name}`"
        known = name in feed.kind.columns or name in feed.kind.subjects
        if not known:
            found.append(finding("R402", feed.source.frame, f"`{feed.kind.name}` has no field `{name}`", column=name))
        else:
            fix = f"add it; a column `{name}` of nulls says that no row has it"
            found.append(missing("R402", feed.source.frame, name, names, why, fix=fix))
    return found
