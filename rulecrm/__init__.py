"""rulecrm: from a rules file to the right customers.

Names are imported when first used, so that checking a file does not wait for the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.api.checking import check, format_text
    from rulecrm.api.result import Result
    from rulecrm.api.rules import Rules, load, loads
    from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
    from rulecrm.dispatch import Dispatched, Routes
    from rulecrm.engine import Advanced, Backtest, Engine
    from rulecrm.explain import Explanation
    from rulecrm.facts import Facts
    from rulecrm.intake import Accounts, Imported, Synced, import_files, sync
    from rulecrm.lake import FactStore
    from rulecrm.model.instants import instant_of

__all__ = [
    "Accounts", "Advanced", "Backtest", "Diagnostic", "Dispatched", "Engine", "Explanation", "FactStore", "Facts",
    "Imported", "Result", "Routes", "Rules", "RulesError", "Severity", "Synced", "__version__", "check", "format_text",
    "import_files", "instant_of", "load", "loads", "sync",
]  # fmt: skip

__version__ = "0.1.0"

_HOMES = {
    "Accounts": "rulecrm.intake",
    "FactStore": "rulecrm.lake",
    "Imported": "rulecrm.intake",
    "Synced": "rulecrm.intake",
    "import_files": "rulecrm.intake",
    "sync": "rulecrm.intake",
    "Advanced": "rulecrm.engine",
    "Backtest": "rulecrm.engine",
    "Engine": "rulecrm.engine",
    "Diagnostic": "rulecrm.diagnostics.model",
    "Dispatched": "rulecrm.dispatch",
    "Routes": "rulecrm.dispatch",
    "Explanation": "rulecrm.explain",
    "Facts": "rulecrm.facts",
    "Result": "rulecrm.api.result",
    "Rules": "rulecrm.api.rules",
    "RulesError": "rulecrm.diagnostics.model",
    "Severity": "rulecrm.diagnostics.model",
    "check": "rulecrm.api.checking",
    "format_text": "rulecrm.api.checking",
    "instant_of": "rulecrm.model.instants",
    "load": "rulecrm.api.rules",
    "loads": "rulecrm.api.rules",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rulecrm' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
