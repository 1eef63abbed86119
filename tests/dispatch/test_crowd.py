"""Workers that are killed at random, while receipts come, people are erased and the clock moves on."""

from __future__ import annotations

import os
from pathlib import Path

from tests.dispatch.crowd import crowd
from tests.state.postgres import running

MESSAGES = int(os.environ.get("RULECRM_MESSAGES", "1500"))
"""100,000 with `RULECRM_MESSAGES=100000`."""


def test_a_crowd_sends_nothing_twice(tmp_path: Path) -> None:
    with running() as server, server.schema() as url:
        done = crowd(url, tmp_path, messages=MESSAGES, workers=4, kills=3)
    assert done.errors == ()
    assert done.twice == 0
    assert done.refused == 0
    assert sum(done.outcomes.values()) == MESSAGES
    # Who was erased before the message went keeps a decision that is `queued`; it is in no outbox any more.
    assert set(done.outcomes) <= {"sent", "delivered", "no consent", "unknown", "queued"}
    assert done.outcomes.get("queued", 0) <= 100
    assert set(done.states) <= {"done", "held"}
