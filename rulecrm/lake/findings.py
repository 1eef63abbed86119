"""What is wrong with a store, or with what is put into it, as diagnostics.

In: a code and words. Out: a `RulesError` of one diagnostic, without a place in any text: a store is no text.
Invariant: no message holds a value of a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError

__all__ = ["refusal", "translated"]


def refusal(code: str, message: str, *, fix: str | None = None, **data: object) -> RulesError:
    """An error of one diagnostic."""
    return RulesError([Diagnostic(code, message, help=fix, data=data)])


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What the disk or Delta Lake says of a store, as R706; everything else stays what it is."""
    errors: tuple[type[Exception], ...] = (OSError, pl.exceptions.PolarsError, *_of_delta())
    try:
        yield
    except errors as error:
        first = str(error).split("\n", 1)[0]
        fix = "see that the folder is whole, that it may be written, and that there is room on the disk"
        raise refusal("R706", f"the store {path} cannot be read or written: {first}", fix=fix) from error


def _of_delta() -> tuple[type[Exception], ...]:
    try:
        from deltalake.exceptions import DeltaError
    except ImportError:
        return ()
    return (DeltaError,)
