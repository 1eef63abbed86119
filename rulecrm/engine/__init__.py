"""The engine: moves everyone, decides every message, writes it down; or replays history and writes nothing."""

from typing import TYPE_CHECKING

from rulecrm.engine.backtest import Backtest, backtest

if TYPE_CHECKING:
    from rulecrm.engine.engine import Advanced, Engine

__all__ = ["Advanced", "Backtest", "Engine", "backtest"]


def __getattr__(name: str) -> object:
    # Who replays needs no ledger, and what talks to databases takes its time to import.
    if name not in ("Advanced", "Engine"):
        raise AttributeError(f"module 'rulecrm.engine' has no attribute {name!r}")
    from rulecrm.engine import engine

    value = globals()[name] = getattr(engine, name)
    return value
