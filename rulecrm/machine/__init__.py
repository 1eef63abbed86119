"""Timed automata, advanced for all customers at once, in event time."""

from rulecrm.machine.lifecycles import live
from rulecrm.machine.lives import lives
from rulecrm.machine.timelines import Timeline
from rulecrm.machine.triggers import Gaps, Locals, Track, Trigger, Triggers

__all__ = ["Gaps", "Locals", "Timeline", "Track", "Trigger", "Triggers", "live", "lives"]
