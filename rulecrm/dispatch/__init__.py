"""Sending: what waits in the outbox goes to people through channels, once each, if the gate lets it.

In: an outbox, routes, rules, facts, a clock. Out: outcomes in the ledger.
Invariant: nothing is handed to a channel that the gate was not asked about at that moment, and nothing twice.
"""

from rulecrm.dispatch.audiences import Synced, sync
from rulecrm.dispatch.clock import Clock, SystemClock, starting_at
from rulecrm.dispatch.dispatcher import Dispatched, dispatch
from rulecrm.dispatch.gate import Gate, Passed
from rulecrm.dispatch.posting import Posted, post, words_of
from rulecrm.dispatch.rehearsal import Rehearsed, rehearse
from rulecrm.dispatch.routes import ADDRESSES, Route, Routes, Sending, Web
from rulecrm.dispatch.shared import patiently
from rulecrm.dispatch.writing import Ready, Templates, Words, Writer

__all__ = [
    # a run
    "Dispatched", "dispatch", "patiently", "Rehearsed", "rehearse",
    # audiences, posts
    "Posted", "Synced", "post", "sync", "words_of",
    # by which way
    "Route", "Routes", "Sending", "Web", "ADDRESSES",
    # who may be written to, and what
    "Gate", "Passed", "Ready", "Templates", "Words", "Writer",
    # time
    "Clock", "SystemClock", "starting_at",
]  # fmt: skip
