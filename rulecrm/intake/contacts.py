"""What tells who somebody is: kept, hashed or dropped on the way in, and let go in time.

In: rows of customers on their way into a store; a store and how long a platform lets contacts be kept. Out: rows; whose
contacts were erased.
Invariant: with `hash` or `drop` nothing that tells who somebody is reaches the disk; what is erased is erased in every
version.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rulecrm.intake.identity import hashed, normal_email, normal_phone
from rulecrm.lake import FactStore
from rulecrm.lake.keeping import PERSONAL

__all__ = ["forget", "less_personal"]

_INSTANTS = ("placed_at", "paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at", "refunded_at")


def less_personal(rows: pl.DataFrame, contacts: str, store: FactStore) -> pl.DataFrame:
    """Rows of customers without what is not to be kept.

    Args:
        rows: of customers.
        contacts: `keep`, `hash` or `drop`; see `Account`.
        store: whose key hashes are made with.

    Raises:
        RulesError: R732, a phone number is to be hashed and `phonenumbers` is not installed.
    """
    personal = [name for name in PERSONAL if name in rows.columns and not name.endswith("_hash")]
    if contacts == "keep" or not personal:
        return rows
    found = rows.drop(personal)
    if contacts == "drop":
        return found
    countries = rows["country"].to_list() if "country" in rows.columns else [None] * rows.height
    hashes = []
    if "phone" in personal:
        plain = [
            normal_phone(phone, country if country and len(country) == 2 else None)
            for phone, country in zip(rows["phone"], countries, strict=True)
        ]
        hashes.append(pl.Series("phone_hash", [hashed(store, one) for one in plain], pl.String))
    if "email" in personal:
        addresses = [hashed(store, normal_email(one)) for one in rows["email"]]
        hashes.append(pl.Series("email_hash", addresses, pl.String))
    return found.with_columns(hashes)


def forget(store: FactStore, origin: str, keeps: dt.timedelta, now: dt.datetime) -> int:
    """Erase the contacts of customers about whom nothing has happened for longer than a platform lets them be kept.

    Args:
        store: the store.
        origin: the account whose customers are looked at.
        keeps: for how long after an order was delivered; where that is not told, after the last that is told of it.
        now: the instant (aware).

    Returns:
        Of how many customers.
    """
    customers, orders = store.scan("customers", origin=origin), store.scan("orders", origin=origin)
    if customers is None or orders is None:
        return 0
    there = customers.collect_schema().names()
    personal = [name for name in PERSONAL if name in there]
    told = [name for name in _INSTANTS if name in orders.collect_schema().names()]
    if not personal or not told:
        return 0
    last = orders.group_by("customer").agg(pl.max_horizontal(pl.col(told).max()).alias("last"))
    known = customers.filter(pl.any_horizontal(pl.col(personal).is_not_null())).select("customer")
    old = known.join(last, on="customer", how="inner").filter(pl.col("last") < now - keeps).select("customer").collect()
    names = old.to_series().to_list()
    store.erase(names, now)
    return len(names)
