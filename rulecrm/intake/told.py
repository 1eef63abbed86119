"""What came of a run.

In: tallies of the store. Out: values that can be shown.
Invariant: of every frame, received = stored + unchanged + quarantined.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from rulecrm.lake import Tally

__all__ = ["Synced"]


@frozen
class Synced:
    """What came of pulling from one account.

    Attributes:
        account: its name.
        tallies: rows by frame.
        remarks: what was odd, and how often.
        until: everything that had changed up to this instant is in the store; None where that is not known.
        stopped: why somebody has to do something before it can go on; None where nobody has to.
        later: why it ended before it had everything; the next run goes on. None where it had.
        after: when that can be, where the platform says.
        erased: customers whose contacts were erased, for the platform does not let them be kept for longer.
    """

    account: str
    tallies: Mapping[str, Tally]
    remarks: Mapping[str, int]
    until: dt.datetime | None = None
    stopped: str | None = None
    later: str | None = None
    after: dt.datetime | None = None
    erased: int = 0
