"""From platforms and files into the fact store.

In: accounts of platforms, files, a store. Out: what was received, stored, unchanged, put into quarantine.
Invariant: a cursor is kept with the rows before it in one commit, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.intake.accounts import Account, Accounts
    from rulecrm.intake.files import Imported, import_files
    from rulecrm.intake.syncing import async_sync, sync
    from rulecrm.intake.told import Synced

__all__ = ["Account", "Accounts", "Imported", "Synced", "async_sync", "import_files", "sync"]

_HOMES = {
    "Account": "rulecrm.intake.accounts",
    "Accounts": "rulecrm.intake.accounts",
    "Imported": "rulecrm.intake.files",
    "Synced": "rulecrm.intake.told",
    "async_sync": "rulecrm.intake.syncing",
    "import_files": "rulecrm.intake.files",
    "sync": "rulecrm.intake.syncing",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rulecrm.intake' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
