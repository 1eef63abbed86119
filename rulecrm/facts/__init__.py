"""The door through which data comes in: frames, files, and what is wrong with them."""

from __future__ import annotations

from rulecrm.facts.facts import Facts

__all__ = ["Facts"]
