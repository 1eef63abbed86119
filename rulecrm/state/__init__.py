"""The ledger: what was decided, for whom, when and why, in SQLite or PostgreSQL; and what became of it."""

from rulecrm.state.advance import Advance
from rulecrm.state.buckets import Buckets, Granted
from rulecrm.state.coupons import Coupons
from rulecrm.state.history import Happening, History
from rulecrm.state.ledger import WAIT, Ledger
from rulecrm.state.letters import Letter, Letters, Tried
from rulecrm.state.measured import Measured
from rulecrm.state.outbox import Outbox
from rulecrm.state.privacy import Tombstones
from rulecrm.state.reached import Reached
from rulecrm.state.receipts import Receipts
from rulecrm.state.settings import RulesVersion, Settings
from rulecrm.state.told import SENT, TOLD
from rulecrm.state.unwelcome import Heard
from rulecrm.state.waiting import Claimed, Mark, Outcome, Waiting, Way, Ways

__all__ = [
    "SENT", "TOLD", "WAIT", "Advance", "Buckets", "Claimed", "Coupons", "Granted", "Happening", "Heard", "History",
    "Ledger", "Letter", "Letters", "Mark", "Measured", "Outbox", "Outcome", "Reached", "Receipts", "RulesVersion",
    "Settings", "Tombstones", "Tried", "Waiting", "Way", "Ways",
]  # fmt: skip
