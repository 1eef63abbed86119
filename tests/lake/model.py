"""A store as it is thought of: for each key all versions in the order in which they were learnt, in plain Python.

Slow and obvious on purpose. It knows nothing of layers, tables, files or lookups.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, evolve, field, frozen

Row = Mapping[str, object]

KEYS = {"orders": "order", "items": "order", "customers": "customer", "products": "product", "events": "event"}
LINES = {"items": "item"}
PERSONAL = {"nick", "email"}


@frozen
class Version:
    """All rows of a key, by line, from some instant of learning on."""

    changed_at: dt.datetime | None
    origin: str
    lines: Mapping[object, Row]
    learnt_at: dt.datetime | None = None
    commit: int | None = None


@define
class Model:
    """A store; `put` then `commit`, or `forget`."""

    versions: dict[tuple[str, object], list[Version]] = field(factory=dict)
    cursors: dict[str, object] = field(factory=dict)
    quarantine: set[tuple[object, ...]] = field(factory=set)
    at: dt.datetime | None = None
    commits: int = 0
    _kept: tuple[dict[tuple[str, object], list[Version]], set[tuple[object, ...]]] | None = None

    def put(
        self, origin: str, frame: str, columns: Sequence[str], rows: Sequence[Row]
    ) -> tuple[int, int, int, int, int]:
        """received, stored, unchanged, quarantined, stale."""
        self._remember()
        key, line = KEYS[frame], LINES.get(frame, KEYS[frame])
        good = [row for row in rows if row[key] is not None and row[line] is not None]
        stored = stale = 0
        for value in dict.fromkeys(row[key] for row in good):
            given = [row for row in good if row[key] == value]
            newest = max((row.get("changed_at") for row in given), key=_rank)
            once = {row[line]: row for row in given if row.get("changed_at") == newest}
            stale += len(given) - len(once)
            past = self.versions.setdefault((frame, value), [])
            before = past[-1] if past else None
            if (
                before is not None
                and newest is not None
                and before.changed_at is not None
                and newest < before.changed_at
            ):
                stale += len(once)
                continue
            changed = newest if newest is not None or before is None else before.changed_at
            lines = {
                name: {
                    **({} if before is None else before.lines.get(name, {})),
                    **{column: row.get(column) for column in columns if column != "changed_at"},
                }
                for name, row in once.items()
            }
            if before is not None and before.changed_at == changed and _plain(before.lines) == _plain(lines):
                continue
            past.append(Version(changed, origin, lines))
            stored += len(lines)
        return len(rows), stored, len(good) - stored, len(rows) - len(good), stale

    def refuse(self, origin: str, rows: Iterable[tuple[str, str, str]]) -> None:
        self._remember()
        self.quarantine |= {(origin, *row) for row in rows}

    def commit(self, cursors: Mapping[str, object], now: dt.datetime) -> None:
        at = now if self.at is None else max(now, self.at)
        written = self._kept is not None or {**self.cursors, **cursors} != self.cursors
        self.commits += 1
        for past in self.versions.values():
            past[:] = [one if one.commit else evolve(one, learnt_at=at, commit=self.commits) for one in past]
        self.cursors.update(cursors)
        self._kept = None
        self.at = at if written else self.at

    def forget(self) -> None:
        """What was not committed."""
        if self._kept is not None:
            self.versions, self.quarantine = self._kept
            self._kept = None

    def rows(self, frame: str, known_on: dt.datetime | None = None) -> list[Row]:
        """The rows of a frame, now or as known at an instant; of committed versions."""
        found: list[Row] = []
        for (name, _), past in self.versions.items():
            seen = [
                one for one in past if one.learnt_at is not None and (known_on is None or one.learnt_at <= known_on)
            ]
            if name == frame and seen:
                last = seen[-1]
                own = {"changed_at": last.changed_at, "origin": last.origin, "learnt_at": last.learnt_at}
                found += [{**row, **own} for row in last.lines.values()]
        return found

    def touched(self, frame: str, since: int) -> set[tuple[object, object]]:
        """Keys with a version after a commit, each with all customers that its versions, or its order's, name."""
        found: set[tuple[object, object]] = set()
        for (name, key), past in self.versions.items():
            if name == frame and any(one.commit is not None and one.commit > since for one in past):
                told = past if frame != "items" else self.versions.get(("orders", key), [])
                whose = {row.get("customer") for one in told for row in one.lines.values()} or {None}
                found |= {(key, one) for one in whose}
        return found

    def _remember(self) -> None:
        if self._kept is None:
            self._kept = ({key: list(past) for key, past in self.versions.items()}, set(self.quarantine))


def _rank(instant: object) -> dt.datetime:
    return instant if isinstance(instant, dt.datetime) else dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def _plain(lines: Mapping[object, Row]) -> dict[object, dict[str, object]]:
    """What is missing and what was never spoken of are the same."""
    return {name: {column: value for column, value in row.items() if value is not None} for name, row in lines.items()}
