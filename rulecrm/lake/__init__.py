"""The fact store: canonical rows on disk, in every version that was learnt.

In: rows of canonical frames, and what could not be understood. Out: scans of what is known, now or at a past instant.
Invariant: a commit is seen whole or not at all; rows received = stored + unchanged + quarantined.
"""

from rulecrm.lake.store import FactStore
from rulecrm.lake.writer import Tally, Writer

__all__ = ["FactStore", "Tally", "Writer"]
