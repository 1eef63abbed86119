"""Files that people download by hand, read into frames of text.

In: a path. Out: what the file is (`rulecrm.plugin.Sample`), and its rows as text, nothing interpreted; what a format
makes of such rows.
Invariant: no cell is lost or changed: an order number keeps its digits, a leading zero stays.

A format is written with `by_columns`, `frames`, the cells (`text`, `identifier`, `money`, `count`, `instant`, …) and
`take`. Names are imported when first used: to tell what a text file is, Polars is not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.sheets.amounts import MONEY, Digits, money
    from rulecrm.sheets.cells import Cell, Made, chosen, count, drawn, either, identifier, known, said, text
    from rulecrm.sheets.faults import fault
    from rulecrm.sheets.gathering import Lines, agreed, joined, lines, together, total, whole_orders
    from rulecrm.sheets.reading import LINE, ORIGINAL, Chunk, frames
    from rulecrm.sheets.recognising import by_columns, recognise
    from rulecrm.sheets.sampling import sample
    from rulecrm.sheets.summaries import Summary, lines_of, summary
    from rulecrm.sheets.taking import latest, remarks, take
    from rulecrm.sheets.times import instant

__all__ = [
    "LINE", "MONEY", "ORIGINAL", "Cell", "Chunk", "Digits", "Lines", "Made", "Summary", "agreed", "by_columns",
    "chosen", "count", "drawn", "either", "fault", "frames", "identifier", "instant", "joined", "known", "latest",
    "lines", "lines_of", "money", "recognise", "remarks", "said", "sample", "summary", "take", "text", "together",
    "total", "whole_orders",
]  # fmt: skip

_HOMES = {
    "amounts": "MONEY Digits money",
    "cells": "Cell Made chosen count drawn either identifier known said text",
    "faults": "fault",
    "reading": "LINE ORIGINAL Chunk frames",
    "recognising": "by_columns recognise",
    "sampling": "sample",
    "gathering": "Lines agreed joined lines together total whole_orders",
    "summaries": "Summary lines_of summary",
    "taking": "latest remarks take",
    "times": "instant",
}


def __getattr__(name: str) -> object:
    home = next((module for module, names in _HOMES.items() if name in names.split()), None)
    if home is None:
        raise AttributeError(f"module 'rulecrm.sheets' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"rulecrm.sheets.{home}"), name)
    return value
