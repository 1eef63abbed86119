"""The engine: moves everyone, decides every message, writes it down; or replays history and writes nothing."""

from rulecrm.engine.backtest import Backtest, backtest
from rulecrm.engine.engine import Advanced, Engine

__all__ = ["Advanced", "Backtest", "Engine", "backtest"]
