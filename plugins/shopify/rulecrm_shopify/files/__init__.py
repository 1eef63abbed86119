"""The files that sellers download by hand.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from rulecrm.plugin import FileFormat

__all__ = ["FORMATS"]

FORMATS: tuple[FileFormat, ...] = ()
