"""Rows as a source makes them, before they become a batch.

In: rows of orders, items and customers, one after another. Out: rows by frame.
Invariant: what was odd about rows is counted, and goes with them.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

__all__ = ["Rows"]


@define
class Rows:
    """Rows by frame, and what was odd about them.

    Attributes:
        orders: rows of orders.
        items: rows of their lines.
        customers: rows of customers.
        remarks: how often what was odd.
        merging: rows of one customer become one, what was read later standing before what was read earlier.
    """

    orders: list[dict[str, object]] = field(factory=list)
    items: list[dict[str, object]] = field(factory=list)
    customers: list[dict[str, object]] = field(factory=list)
    remarks: Counter[str] = field(factory=Counter)
    merging: bool = False

    def add(self, other: Rows) -> None:
        """Take over another's."""
        self.orders.extend(other.orders)
        self.items.extend(other.items)
        self.customers.extend(other.customers)
        self.remarks.update(other.remarks)

    def frames(self) -> dict[str, list[dict[str, object]]]:
        """The rows by frame; frames without rows left out."""
        customers = _merged(self.customers) if self.merging else self.customers
        named = {"orders": self.orders, "items": self.items, "customers": customers}
        return {name: rows for name, rows in named.items() if rows}


def _merged(customers: list[dict[str, object]]) -> list[dict[str, object]]:
    found: dict[object, dict[str, object]] = {}
    for row in customers:
        found[row["customer"]] = found.get(row["customer"], {}) | row
    return list(found.values())
