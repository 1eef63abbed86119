"""The effect of a campaign by hand: one customer at a time, one row at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
from attrs import frozen

from rulecrm.insight import Shop

Row = dict[str, object]


@frozen
class Customer:
    """Where somebody stands in the whole campaign, or in one wave of it."""

    key: str
    arm: str
    start: dt.datetime
    entered: dt.datetime


def bucket(seed: str, key: str) -> int:
    """As docs/machine.md says it."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{key}".encode()).digest()[:8], "big") % 10_000


def arm_of(key: str, campaign: str, control: int, holdout: int) -> str:
    if bucket(f"rulecrm\x1f{campaign}\x1fcontrol", key) < control:
        return "control"
    return "holdout" if bucket("rulecrm\x1f\x1fholdout", key) < holdout else "treated"


def later(instant: dt.datetime, days: int, zone: str) -> dt.datetime:
    """So many days later, by the wall clock."""
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + dt.timedelta(days=days)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def entrants(shop: Shop, campaign: str, control: int, holdout: int) -> dict[str, Customer]:
    """Everybody who has entered, from the first entry on."""
    assert shop.engine is not None
    found: dict[str, Customer] = {}
    for row in shop.engine.journeys(campaign=campaign).sort("entered").iter_rows(named=True):
        if row["entered"] <= shop.as_of and row["customer"] not in found:
            key = row["customer"]
            found[key] = Customer(key, arm_of(key, campaign, control, holdout), row["entered"], row["entered"])
    return found


def in_wave(shop: Shop, campaign: str, wave: int, whole: Mapping[str, Customer]) -> dict[str, Customer]:
    """Everybody for whom a wave was decided, from the first time on."""
    assert shop.engine is not None
    found: dict[str, Customer] = {}
    for row in shop.engine.decisions(campaign=campaign).sort("at").iter_rows(named=True):
        if row["action"] == "send" and row["wave"] == wave and row["at"] <= shop.as_of and row["customer"] not in found:
            mine = whole[row["customer"]]
            found[mine.key] = Customer(mine.key, mine.arm, row["at"], mine.entered)
    return found


def responses(shop: Shop, campaign: str, wave: int | None) -> dict[str, list[dt.datetime]]:
    assert shop.engine is not None
    found: dict[str, list[dt.datetime]] = {}
    for row in shop.engine.receipts().iter_rows(named=True):
        if row["kind"] not in ("open", "click", "reply") or row["campaign"] != campaign:
            continue
        if wave is None or row["wave"] == str(wave):
            found.setdefault(row["customer"], []).append(row["at"])
    return found


def purchases(frames: Mapping[str, pl.DataFrame]) -> dict[str, list[tuple[dt.datetime, Decimal, Decimal]]]:
    """By customer: instant, amount, margin of the items."""
    margins: dict[str, Decimal] = {}
    for row in frames["items"].iter_rows(named=True):
        margins[row["order"]] = margins.get(row["order"], Decimal(0)) + row["amount"] - row["cost"]
    found: dict[str, list[tuple[dt.datetime, Decimal, Decimal]]] = {}
    for row in frames["orders"].iter_rows(named=True):
        if row["paid_at"] is not None:
            found.setdefault(row["customer"], []).append((row["paid_at"], row["amount"], margins[row["order"]]))
    return found


def values(
    customers: Mapping[str, Customer],
    bought: Mapping[str, list[tuple[dt.datetime, Decimal, Decimal]]],
    answered: Mapping[str, list[dt.datetime]],
    measure: str,
    days: int,
    shop: Shop,
) -> dict[str, list[Fraction]]:
    """By arm, a number of each customer whose window has passed."""
    found: dict[str, list[Fraction]] = {"treated": [], "control": [], "holdout": []}
    for one in customers.values():
        until = later(one.start, days, shop.zone)
        if until > shop.as_of:
            continue
        rows = [row for row in bought.get(one.key, []) if one.start < row[0] <= until]
        match measure:
            case "response":
                value = Fraction(any(one.start < at <= until for at in answered.get(one.key, [])))
            case "repurchase":
                value = Fraction(bool(rows))
            case "goal":
                value = Fraction(any(row[1] >= 100 for row in rows))
            case "revenue":
                value = sum((Fraction(row[1]) for row in rows), Fraction(0))
            case _:
                value = sum((Fraction(row[2]) for row in rows), Fraction(0))
        found[one.arm].append(value)
    return found
