"""Sequences by trying every assignment of rows to steps.

In: for each step the instants of its fitting rows. Out: whether the steps can be matched.
Invariant: a direct reading of the definition, with no cleverness: every choice of instants is tried.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from attrs import frozen

from tests.oracle.zone import Shift, Zone

__all__ = ["Stage", "matches"]


@frozen
class Stage:
    """One step: the instants of the rows that fit it."""

    instants: Sequence[dt.datetime]
    negated: bool = False
    at_least: int = 1
    within: Shift | None = None


@frozen
class Progress:
    """What has been matched: the first row's instant, the instant reached, what must not have happened since."""

    first: dt.datetime
    reached: dt.datetime
    forbidden: tuple[Sequence[dt.datetime], ...] = ()


def matches(
    stages: Sequence[Stage],
    now: dt.datetime,
    zone: Zone,
    total: Shift | None = None,
    in_window: Callable[[dt.datetime], bool] = lambda instant: True,
) -> bool:
    """Whether rows exist for all steps."""
    head, *rest = stages
    for first in head.instants:
        for reached in head.instants:
            held = [instant for instant in head.instants if first <= instant <= reached]
            if len(held) < head.at_least or (head.at_least == 1 and first != reached):
                continue
            if head.within is not None and reached > zone.shift(first, head.within):
                continue
            if in_window(first) and _go_on(Progress(first, reached), rest, now, zone, total, in_window):
                return True
    return False


def _go_on(
    progress: Progress,
    stages: Sequence[Stage],
    now: dt.datetime,
    zone: Zone,
    total: Shift | None,
    in_window: Callable[[dt.datetime], bool],
) -> bool:
    since = progress.reached
    if not stages:
        silent = all(not since < instant <= now for instants in progress.forbidden for instant in instants)
        in_total = total is None or since <= zone.shift(progress.first, total)
        return silent and in_total and in_window(since)
    stage, *rest = stages
    if stage.negated and stage.within is None:
        later = Progress(progress.first, since, (*progress.forbidden, stage.instants))
        return _go_on(later, rest, now, zone, total, in_window)
    deadline = None if stage.within is None else zone.shift(since, stage.within)
    if stage.negated:
        assert deadline is not None
        held = deadline <= now and not any(since < instant <= deadline for instant in stage.instants)
        candidates = [deadline] if held else []
    else:
        candidates = []
        for reached in stage.instants:
            rows = [instant for instant in stage.instants if since < instant <= reached]
            if len(rows) >= stage.at_least and (deadline is None or reached <= deadline):
                candidates.append(reached)
    for reached in candidates:
        between = (instant for instants in progress.forbidden for instant in instants if since < instant < reached)
        if not any(between) and _go_on(Progress(progress.first, reached), rest, now, zone, total, in_window):
            return True
    return False
