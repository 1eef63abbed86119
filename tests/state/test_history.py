"""Everything that was decided about one customer, in the order of time, and why."""

from __future__ import annotations

import datetime as dt

from rulecrm.state import Ledger
from tests.state.rows import DAY, T0, advance, decision, journey

HOUR = DAY // 24
LI = journey(
    "li", line="p1", arm="control", entered=T0 + 2 * HOUR, ended=T0 + 30 * HOUR, reason="exit on purchase", step="3"
)
CARE = journey("li", "care", entered=T0 + 2 * HOUR, version="c1", why="on relationship -> silent")


def fill(ledger: Ledger) -> None:
    night = "quiet 21:00..09:00"
    made = [
        decision(LI, outcome="control"),
        decision(LI, step="2", action="branch", at=T0 + 3 * HOUR, due=T0 + 3 * HOUR, text="b", outcome="done"),
        decision(
            LI,
            step="3",
            action="measure",
            at=T0 + 4 * HOUR,
            due=T0 + 4 * HOUR + 10 * DAY,
            outcome="done",
            template=None,
        ),
        decision(CARE, outcome="quiet", at=T0 + 20 * HOUR, due=T0 + 25 * HOUR, reason=night, via="aliyun"),
        decision(journey("wang"), outcome="queued"),
    ]
    advance(ledger, T0 + DAY, new=[LI, CARE, journey("wang")], made=made)


def test_a_history_tells_all_in_the_order_of_time(ledger: Ledger) -> None:
    fill(ledger)
    history = ledger.history("li")
    assert [(one.what, one.campaign, one.outcome) for one in history.happenings] == [
        ("entered", "care", None),
        ("entered", "gift", None),
        ("send", "gift", "control"),
        ("branch", "gift", None),
        ("measure", "gift", None),
        ("send", "care", "quiet"),
        ("ended", "gift", None),
    ]
    row = history.rows()[2]
    assert row["at"] == dt.datetime(2025, 1, 1, 2, tzinfo=dt.UTC)
    assert row["rules"] == "a" * 64
    assert row["version"] == "g1"
    assert row["decided"] == dt.datetime(2025, 1, 2, tzinfo=dt.UTC)


def test_a_history_reads_as_text_in_the_zone_of_the_rules(ledger: Ledger) -> None:
    fill(ledger)
    assert str(ledger.history("li")) == (
        "li (times of Asia/Shanghai)\n"
        "  2025-01-01 10:00:00  care  entered on relationship -> silent\n"
        "  2025-01-01 10:00:00  gift  entered on purchase [p1] (control)\n"
        "  2025-01-01 10:00:00  gift  1  send sms hello: control\n"
        "  2025-01-01 11:00:00  gift  2  branch b\n"
        "  2025-01-01 12:00:00  gift  3  measure, due 2025-01-11 12:00:00\n"
        "  2025-01-02 04:00:00  care  1  send sms hello via aliyun: quiet until 2025-01-02 09:00:00 (quiet 21:00..09:00)\n"
        "  2025-01-02 14:00:00  gift  ended: exit on purchase\n"
    )


def test_of_a_stranger_nothing_was_decided(ledger: Ledger) -> None:
    fill(ledger)
    assert ledger.history("zhao").happenings == ()
    assert str(ledger.history("zhao")) == "zhao: nothing was decided\n"
