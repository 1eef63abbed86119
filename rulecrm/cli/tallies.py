"""What became of rows, in a line for each frame.

In: tallies by frame. Out: lines.
Invariant: what was received is what was stored, what was there already, and what was put into quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.lake import Tally

__all__ = ["tally_lines"]


def tally_lines(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """`orders: 3 received = 1 stored + 1 unchanged + 1 quarantined`, for each frame."""
    for frame, tally in tallies.items():
        yield (
            f"{frame}: {tally.received:,} received = {tally.stored:,} stored + {tally.unchanged:,} unchanged"
            f" + {tally.quarantined:,} quarantined"
        )
