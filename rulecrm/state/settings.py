"""What a ledger is for: rules, seed, start, zone.

In: the settings of an engine, and a ledger's. Out: the ledger's settings, written at the first time.
Invariant: whatever would make decisions that do not go with those already made is refused, and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.model.durations import Duration
from rulecrm.state.refusals import refusal
from rulecrm.state.tables import clock, meta

__all__ = ["RulesVersion", "Settings", "claim", "claimed"]


@frozen
class Settings:
    """What an engine advances with.

    Attributes:
        rules: name of the rules file, without its folder; empty where the rules came from no file.
        machines: symbols of its campaigns and lifecycles.
        zone: IANA name of the rules' zone.
        seed: of arms and branches.
        start: the clock of a new ledger, microseconds; None begins before the first fact, and fits any ledger.
        lateness: how old a late fact may be and still enter somebody; the only one that may change.
    """

    rules: str
    machines: frozenset[str]
    zone: str
    seed: str = "rulecrm"
    start: int | None = None
    lateness: Duration = Duration(days=7)


@frozen
class RulesVersion:
    """The rules as they were at an advance.

    Attributes:
        hash: SHA-256 (hex) of the file and all it imports, params included.
        sources: text by source name, the file itself first.
        params: what params were set to, as text, by name.
        campaigns: version by symbol, of every campaign.
    """

    hash: str
    sources: Mapping[str, str] = field(hash=False)
    params: Mapping[str, str] = field(factory=dict, hash=False)
    campaigns: Mapping[str, str] = field(factory=dict, hash=False)


def claim(connection: sa.Connection, settings: Settings, shown: str) -> Settings:
    """Write the settings into a new ledger, or compare them with those it has.

    Args:
        connection: in a transaction that holds the lock.
        settings: of the engine.
        shown: the address of the ledger.

    Returns:
        The settings as the ledger has them now.

    Raises:
        RulesError: R455, the ledger belongs to other rules, or another seed, start or zone.
    """
    mine = _kept(connection)
    if mine is None:
        _write(connection, settings, new=True)
        connection.execute(sa.update(clock).values(clock=settings.start))
        return settings
    current = _agreed(mine, settings, shown)
    if current != mine:
        _write(connection, current, new=False)
    return current


def claimed(connection: sa.Connection, settings: Settings, shown: str) -> Settings | None:
    """The settings as the ledger has them, where there is nothing to write; None where there is.

    Raises:
        RulesError: see `claim`.
    """
    mine = _kept(connection)
    return mine if mine is not None and _agreed(mine, settings, shown) == mine else None


def _kept(connection: sa.Connection) -> Settings | None:
    """The settings of a ledger; None where it has none yet."""
    kept = {row.name: row.value for row in connection.execute(sa.select(meta.c.name, meta.c.value))}
    if "seed" not in kept:
        return None
    start = kept.get("start")
    return Settings(
        rules=kept["rules"],
        machines=frozenset(json.loads(kept["machines"])),
        zone=kept["zone"],
        seed=kept["seed"],
        start=None if start is None else int(start),
        lateness=Duration(*json.loads(kept["lateness"])),
    )


def _agreed(mine: Settings, settings: Settings, shown: str) -> Settings:
    _compare(mine, settings, shown)
    return Settings(settings.rules, settings.machines, mine.zone, mine.seed, mine.start, settings.lateness)


def _compare(kept: Settings, given: Settings, shown: str) -> None:
    differing = [
        (name, ours, theirs)
        for name, ours, theirs in (
            ("zone", kept.zone, given.zone),
            ("seed", kept.seed, given.seed),
            ("start", kept.start, kept.start if given.start is None else given.start),
        )
        if ours != theirs
    ]
    for name, ours, theirs in differing:
        raise refusal(
            "R455",
            f"the ledger {shown} has the {name} {_drawn(ours)}, the engine {_drawn(theirs)}",
            fix="use the ledger's, or another ledger",
            data={"setting": name, "ledger": ours, "engine": theirs},
        )
    same_file = bool(kept.rules) and kept.rules == given.rules
    if not same_file and kept.machines and not kept.machines & given.machines:
        whose = f"`{kept.rules}`" if kept.rules else "other rules"
        raise refusal(
            "R455",
            f"the ledger {shown} is that of {whose}: none of its campaigns and lifecycles is in these rules",
            fix="use another ledger for other rules",
            data={"setting": "rules", "ledger": sorted(kept.machines), "engine": sorted(given.machines)},
        )


def _drawn(value: object) -> str:
    return "of the first fact" if value is None else f"`{value}`"


def _write(connection: sa.Connection, settings: Settings, *, new: bool) -> None:
    lateness = [settings.lateness.months, settings.lateness.days, settings.lateness.micros]
    values = {
        "rules": settings.rules,
        "machines": json.dumps(sorted(settings.machines), ensure_ascii=False),
        "zone": settings.zone,
        "seed": settings.seed,
        "lateness": json.dumps(lateness),
        **({} if settings.start is None else {"start": str(settings.start)}),
    }
    if not new:
        connection.execute(sa.delete(meta).where(meta.c.name.in_(list(values))))
    connection.execute(sa.insert(meta), [{"name": name, "value": value} for name, value in values.items()])
