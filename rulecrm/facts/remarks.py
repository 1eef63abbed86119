"""What is odd about rows and yet no error.

In: sources whose rows keep their rules. Out: warnings with counts.
Invariant: nothing is put away here; each remark costs one pass over a few columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.suggest import nearest
from rulecrm.facts.findings import warning
from rulecrm.facts.shapes import EVENT_FRAME
from rulecrm.facts.source import Source

__all__ = ["overridden", "stage_remarks", "tally", "unknown_kinds"]

_FOLLOWS = {
    "paid_at": "placed_at",
    "shipped_at": "placed_at",
    "delivered_at": "shipped_at",
    "completed_at": "placed_at",
    "cancelled_at": "placed_at",
    "refunded_at": "paid_at",
}
"""Stages and what they come after; a shipment may come before its payment (cash on delivery)."""


def tally(events: Source) -> Mapping[str, int]:
    """How many rows of each kind the events hold."""
    if "kind" not in events.schema:
        return {}
    counts = events.rows.group_by("kind").len().collect()
    return {str(kind): int(rows) for kind, rows in counts.iter_rows() if kind is not None}


def unknown_kinds(counts: Mapping[str, int], known: Collection[str]) -> list[Diagnostic]:
    """Remarks on kinds of events that the schema does not know."""
    found = []
    for name in sorted(set(counts) - set(known)):
        near = nearest(name, known)
        rows = f"{counts[name]:,} {'row' if counts[name] == 1 else 'rows'}"
        message = f"{rows} of the kind `{name}`, which is not known; only rules that declare it see them"
        fix = f"the nearest kind is `{near}`" if near is not None else f"`kind {name} {{ … }}` declares it"
        found.append(warning("R421", EVENT_FRAME, message, column="kind", fix=fix, count=counts[name]))
    return found


def stage_remarks(orders: Source) -> list[Diagnostic]:
    """Remarks on orders whose stages are out of order."""
    pairs = [(later, earlier) for later, earlier in _FOLLOWS.items() if {later, earlier} <= set(orders.readings)]
    if not pairs:
        return []
    wrong = [
        (orders.readings[later].value < orders.readings[earlier].value).sum().alias(later) for later, earlier in pairs
    ]
    counts = orders.rows.select(wrong).collect().row(0)
    return [
        warning(
            "R422", orders.frame, f"{count:,} {'row' if count == 1 else 'rows'} where `{later}` is before `{earlier}`",
            column=later, count=int(count),
        )
        for (later, earlier), count in zip(pairs, counts, strict=True)
        if count
    ]  # fmt: skip


def overridden(sources: Collection[str], kinds: Mapping[str, str]) -> list[Diagnostic]:
    """Remarks on kinds that have a frame of their own beside the one (in `kinds`) that they are read from otherwise."""
    return [
        warning(
            "R424", name, f"it takes the place of what `{shared}` holds of `{name}`", fix="give each kind in one frame"
        )
        for name, shared in kinds.items()
        if name != shared and name in sources and shared in sources
    ]
