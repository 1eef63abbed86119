"""The same past with another future.

In: a world and an instant T. Out: worlds whose facts up to T are the same and whose facts after T are others.
Invariant: nothing at or before T is touched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from attrs import evolve

from tests.oracle.values import Value
from tests.oracle.world import STAGES, World
from tests.oracle.zone import Zone

__all__ = ["another_future", "without_future"]

Record = Mapping[str, Value]
STAGE_COLUMNS = tuple(f"{stage}_at" for stage in STAGES)


def _is_after(value: Value, now: dt.datetime) -> bool:
    return isinstance(value, dt.datetime) and value > now


def without_future(world: World, now: dt.datetime, zone: str) -> World:
    """The world as it was known at T: rows that lie after T are gone, stages after T have not happened."""
    today = Zone(zone).day(now)
    orders = []
    for order in world.orders:
        reached = {name: None if _is_after(order.get(name), now) else order.get(name) for name in STAGE_COLUMNS}
        if any(reached.values()):
            unseen = {} if reached["refunded_at"] else {"refund_amount": None}
            orders.append({**order, **reached, **unseen})
    return evolve(
        world,
        orders=orders,
        items=[row for row in world.items if row["paid_at"] is not None and not _is_after(row["paid_at"], now)],
        events=[row for row in world.events if not _is_after(row["at"], now)],
        kinds={name: [row for row in rows if not _is_after(row["at"], now)] for name, rows in world.kinds.items()},
        rates=[rate for rate in world.rates if rate["date"] <= today],  # type: ignore[operator]
    )


def another_future(world: World, other: World, now: dt.datetime, zone: str) -> World:
    """The past of `world`, and as its future all facts of `other`, moved to after T."""
    past = without_future(world, now, zone)

    def later(value: Value) -> Value:
        if not isinstance(value, dt.datetime):
            return value
        return now + abs(value - now) + dt.timedelta(microseconds=1)

    orders = []
    for number, order in enumerate(past.orders):  # stages still ahead are reached after all, and money is paid back
        ahead = other.orders[number] if number < len(other.orders) else {}
        stages = {name: order[name] or later(ahead.get(name)) for name in STAGE_COLUMNS}
        unseen = {} if order["refunded_at"] else {"refund_amount": ahead.get("refund_amount")}
        orders.append({**order, **stages, **unseen})
    return evolve(
        past,
        orders=[*orders, *_renamed(other.orders, "order", later)],
        items=[*past.items, *_renamed(other.items, None, later)],
        events=[*past.events, *_renamed(other.events, "event", later)],
        kinds={name: [*rows, *_renamed(other.kinds[name], None, later)] for name, rows in past.kinds.items()},
    )


def _renamed(rows: Sequence[Record], key: str | None, later: Callable[[Value], Value]) -> list[Record]:
    moved = [{name: later(value) for name, value in row.items()} for row in rows]
    return moved if key is None else [{**row, key: f"later {row[key]}"} for row in moved]
