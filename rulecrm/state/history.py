"""Everything that was decided about one customer, in the order of time, and why.

In: a customer's journeys and decisions. Out: `Happening`s, as rows and as text.
Invariant: each entry, each decision and each end is told once; nothing is told that the ledger does not hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from attrs import asdict, frozen

from rulecrm.state.told import SENT

__all__ = ["Happening", "History", "history_of"]

_ORDER = {"entered": 0, "ended": 2}
"""At one instant: entries, then what was decided, then ends, then what was sent, then what was heard."""


@frozen
class Happening:
    """One thing that happened to a customer.

    Attributes:
        at: its instant, UTC.
        what: `entered`, `ended`, the action of a decision (`send`, `staff`, `tag`, `measure`, `branch`), `attempt` (a
            message was handed to a channel), or `receipt` (somebody told what became of one).
        campaign: of the journey.
        journey: its id.
        step: number of the step; empty for an entry.
        text: what was entered on, sent, tagged, chosen, or why it ended.
        outcome: of a decision, or what a channel answered.
        reason: why it has that outcome, in words.
        due: when it is done, where that is not `at`.
        version: of the campaign.
        rules: hash of the rules that a decision was made with.
        decided: the clock of the advance that made it.
    """

    at: dt.datetime
    what: str
    campaign: str
    journey: str
    step: str = ""
    text: str = ""
    outcome: str | None = None
    reason: str | None = None
    due: dt.datetime | None = None
    version: str = ""
    rules: str | None = None
    decided: dt.datetime | None = None


@frozen
class History:
    """What was decided about one customer.

    Attributes:
        customer: the key.
        happenings: in the order of time.
        zone: of the instants in the text.
    """

    customer: str
    happenings: tuple[Happening, ...]
    zone: str = "UTC"

    def rows(self) -> list[dict[str, object]]:
        """One dictionary for each."""
        return [asdict(one) for one in self.happenings]

    def __str__(self) -> str:
        if not self.happenings:
            return f"{self.customer}: nothing was decided\n"
        zone = ZoneInfo(self.zone)
        width = max(len(one.campaign) for one in self.happenings)
        lines = [f"{self.customer} (times of {self.zone})"]
        lines += [
            f"  {_local(one.at, zone)}  {one.campaign:<{width}}  {_told(one, zone)}".rstrip() for one in self.happenings
        ]
        return "\n".join(lines) + "\n"


def history_of(
    customer: str,
    journeys: pl.DataFrame,
    decisions: pl.DataFrame,
    zone: str,
    *,
    attempts: pl.DataFrame | None = None,
    receipts: pl.DataFrame | None = None,
) -> History:
    """The history of a customer.

    Args:
        customer: the key.
        journeys: the customer's, as `Ledger.journeys` gives them.
        decisions: the customer's, as `Ledger.decisions` gives them.
        zone: IANA name of the zone to write instants in.
        attempts: every time that a message was handed over, the columns of `reading.ATTEMPTS`.
        receipts: what was sent, and what was told of it later, the columns of `told.TOLD`.
    """
    found: list[tuple[tuple[dt.datetime, int, str], Happening]] = []
    for row in journeys.iter_rows(named=True):
        common = {"campaign": row["campaign"], "journey": row["journey"], "version": row["version"]}
        arm = "" if row["arm"] == "treated" else f" ({row['arm']})"
        line = "" if row["line"] is None else f" [{row['line']}]"
        entered = Happening(
            row["entered"], "entered", text=f"{row['why']}{line}{arm}", decided=row["decided"], **common
        )
        found.append(_placed(entered, ""))
        if row["ended"] is not None:
            found.append(
                _placed(Happening(row["ended"], "ended", step=row["step"], text=row["reason"] or "", **common), "")
            )
    for row in decisions.iter_rows(named=True):
        one = Happening(
            row["at"], row["action"], row["campaign"], row["journey"], row["step"], _what(row),
            None if row["outcome"] == "done" else row["outcome"], row["reason"],
            row["due"] if row["due"] != row["at"] else None, row["version"], row["rules"], row["decided"],
        )  # fmt: skip
        found.append(_placed(one, row["decision"]))
    made = {row["decision"]: row for row in decisions.iter_rows(named=True)}
    found += _handed_over(attempts, made)
    found += _heard(receipts)
    return History(customer, tuple(one for _, one in sorted(found, key=lambda pair: pair[0])), zone)


Row = dict[str, Any]
_Found = list[tuple[tuple[dt.datetime, int, str], Happening]]


def _handed_over(attempts: pl.DataFrame | None, made: Mapping[str, Row]) -> _Found:
    found: _Found = []
    for row in () if attempts is None else attempts.iter_rows(named=True):
        of = made.get(row["decision"], {})
        told = ": ".join(part for part in (row["code"], row["detail"]) if part)
        one = Happening(
            row["begun"], "attempt", of.get("campaign", ""), of.get("journey", ""), of.get("step", ""),
            f"{row['number']}: {row['channel']} through {row['route']}", row["outcome"] or "no answer", told or None,
            version=of.get("version", ""),
        )  # fmt: skip
        found.append(((one.at, 3, f"{row['decision']} {row['number']:06}"), one))
    return found


def _heard(receipts: pl.DataFrame | None) -> _Found:
    found: _Found = []
    for row in () if receipts is None else receipts.iter_rows(named=True):
        if row["kind"] == SENT:
            continue  # that is an attempt
        said = ": ".join(part for part in (row["reason"], row["text"]) if part)
        text = f"{row['kind']} {row['channel']}{f' ({said})' if said else ''}"
        found.append(
            ((row["at"], 4, row["event"]), Happening(row["at"], "receipt", row["campaign"] or "", "", text=text))
        )
    return found


def _placed(one: Happening, decision: str) -> tuple[tuple[dt.datetime, int, str], Happening]:
    return (one.at, _ORDER.get(one.what, 1), decision or one.journey), one


def _what(row: dict[str, str | None]) -> str:
    if row["action"] in ("send", "staff") and row["template"]:
        via = f" via {row['via']}" if row["via"] else ""
        return f"{row['channel']} {row['template']}{via}"
    return row["text"] or ""


def _told(one: Happening, zone: ZoneInfo) -> str:
    step = f"{one.step}  " if one.step and one.what != "ended" else ""
    words = f"{step}{one.what} {one.text}".rstrip()
    if one.what == "ended":
        words = f"ended: {one.text}"
    if one.due is not None and one.outcome != "quiet":
        words += f", due {_local(one.due, zone)}"
    if one.outcome is None:
        return words
    until = f" until {_local(one.due, zone)}" if one.outcome == "quiet" and one.due is not None else ""
    return f"{words}: {one.outcome}{until}{f' ({one.reason})' if one.reason else ''}"


def _local(instant: dt.datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
