"""The ledger: what was decided, for whom, when and why, in SQLite or PostgreSQL."""

from rulecrm.state.advance import Advance
from rulecrm.state.history import Happening, History
from rulecrm.state.ledger import WAIT, Ledger
from rulecrm.state.privacy import Tombstones
from rulecrm.state.receipts import Receipts
from rulecrm.state.settings import RulesVersion, Settings
from rulecrm.state.told import TOLD

__all__ = [
    "WAIT", "Advance", "Happening", "History", "Ledger", "Receipts", "RulesVersion", "Settings", "TOLD", "Tombstones",
]  # fmt: skip
