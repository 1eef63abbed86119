"""Journeys and decisions for tests: what is not said is the same in all."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rulecrm.model.decisions import DECISIONS, JOURNEYS, decision_id, journey_id
from rulecrm.state import Ledger, RulesVersion, Settings
from rulecrm.state.bulk import physical

DAY = 86_400_000_000
T0 = 1_735_689_600_000_000
"""2025-01-01T00:00Z."""

SETTINGS = Settings(rules="shop.rules", machines=frozenset({"gift", "care"}), zone="Asia/Shanghai", start=T0)
RULES = RulesVersion(
    "a" * 64, {"shop.rules": "campaign gift {}"}, {"active_within": "30d"}, {"gift": "g1", "care": "c1"}
)

Row = dict[str, object]


def journey(customer: str, campaign: str = "gift", entered: int = T0 + 1, **other: object) -> Row:
    line = other.get("line")
    turn = other.get("turn", 0)
    assert line is None or isinstance(line, str)
    assert isinstance(turn, int)
    row: Row = {
        "journey": journey_id(campaign, customer, line, entered, turn), "campaign": campaign, "customer": customer,
        "line": line, "entered": entered, "turn": turn, "why": "on purchase", "arm": "treated", "version": "g1",
        "decided": T0 + DAY, "node": 3, "step": "2", "at": entered, "past": '{"purchase":1}', "rounds": "{}",
        "carried": '{"product":"p1"}', "ended": None, "reason": None,
    }  # fmt: skip
    return row | other


def decision(of: Row, step: str = "1", round_: str = "", **other: object) -> Row:
    row: Row = {
        "decision": decision_id(str(of["journey"]), step, round_), "journey": of["journey"], "campaign": of["campaign"],
        "customer": of["customer"], "step": step, "wave": 1, "round": round_, "action": "send", "at": of["at"],
        "due": of["at"], "choice": 0, "channel": "sms", "template": "hello", "via": None, "values": '{"name":"Li"}',
        "text": None, "outcome": "queued", "reason": None, "version": of["version"], "rules": "a" * 64,
        "decided": of["decided"],
    }  # fmt: skip
    return row | other


def journeys(rows: Iterable[Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), physical(JOURNEYS), orient="row")


def decisions(rows: Iterable[Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), physical(DECISIONS), orient="row")


def advance(
    ledger: Ledger,
    to: int,
    *,
    new: Iterable[Row] = (),
    made: Iterable[Row] = (),
    settled: Iterable[Row] = (),
    rules: RulesVersion = RULES,
) -> None:
    """A whole advance from where the clock stands."""
    with ledger.advance(to, expected_clock=ledger.clock()) as under_way:
        under_way.write(journeys=journeys(new), decisions=decisions(made), settled=decisions(settled))
        under_way.finish(rules)
