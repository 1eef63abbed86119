"""Names that are taken: by the language and by the command line.

In: nothing. Out: sets of words that no plugin may use for something of its own.
Invariant: they are those of the grammar, of the checker and of the command line, which all know this module and not the
other way round; a test holds them together.
"""
# ruff: noqa: SIM905 - a list of so many words would be read by nobody

from __future__ import annotations

__all__ = ["CHANNELS", "COMMANDS", "FRAMES", "FUNCTIONS", "KEYWORDS"]

KEYWORDS = frozenset(
    "after ago alert all always among and any as at attribute before between budget by campaign case classify"
    " collection contains control currency day else ends enter entering every exit expect false file for from goal"
    " holdout if ignoring import in is kind kpi last lifecycle list locale matches measure metric missing month most"
    " never next no none not notify of on or otherwise param per period policy population priority quarter quiet"
    " record reenter repeat require segment send sequence since split staff start starts state tag template test then"
    " this times timezone to today tomorrow true until up via wait week when where with within without year"
    " yesterday".split()
)
"""Words of the grammar."""

FUNCTIONS = frozenset(
    "abs age anniversary bucket ceil concat count date_of day distance_km distinct domain exists first floor greatest"
    " hour if join last least length ln lower max max_gap mean mean_gap median median_gap min minute mode money month"
    " none now nth ntile percentile periods quantile quarter rank round share since sqrt stddev streak sum time_of trim"
    " upper week weekday year years".split()
)
"""Functions and aggregates."""

FRAMES = frozenset(
    "orders customers items events products rates currency zone on_error schema separator encoding directory".split()
)
"""Frames of `Facts`, and the names of its other parameters."""

COMMANDS = frozenset(
    "advance audience backtest check codes coupons demo draw erase eval explain fmt history import kpi letters link"
    " outbox plugin plugins post preview report send serve store sync test".split()
)
"""Commands of `rulecrm`, and names that are kept for some."""

CHANNELS = frozenset({"console", "file"})
"""Channels that are there without any plugin."""
