"""What a database says, as diagnostics.

In: an error of SQLite's or PostgreSQL's driver. Out: a `RulesError` with one of the codes R450 to R460.
Invariant: no message holds a password; what is not a user's or a machine's trouble stays the error that it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from rulecrm.diagnostics.model import Diagnostic, RulesError

__all__ = ["refusal", "translated"]

_SQLITE = {
    5: "R457", 6: "R457",  # BUSY, LOCKED
    3: "R452", 8: "R452", 10: "R452", 13: "R452", 14: "R452", 23: "R452",  # PERM READONLY IOERR FULL CANTOPEN AUTH
    11: "R453", 26: "R453",  # CORRUPT, NOTADB
    19: "R459", 18: "R459",  # CONSTRAINT, TOOBIG
}  # fmt: skip

_POSTGRES = {
    "55P03": "R457", "40P01": "R457", "40001": "R457", "42501": "R452",
    "08": "R452", "28": "R452", "3D": "R452", "53": "R452", "57": "R452", "58": "R452", "25": "R452",
    "22": "R459", "23": "R459", "XX": "R453",
}  # fmt: skip
"""By SQLSTATE, or by its class; PostgreSQL's manual lists them in appendix A."""

_WORDS = {
    "R452": ("cannot be opened or written", "see that it can be reached, that there is room, and who may write to it"),
    "R453": ("is damaged, or is no ledger", "restore it from a copy"),
    "R457": ("is in use by another engine", "try again; one engine advances at a time"),
    "R459": ("refuses a row", None),
}


def refusal(code: str, message: str, *, fix: str | None = None, data: Mapping[str, object] | None = None) -> RulesError:
    """An error with one diagnostic that is about no text."""
    return RulesError([Diagnostic(code, message, help=fix, data=data or {})])


@contextmanager
def translated(shown: str, secret: str | None = None) -> Iterator[None]:
    """Turn what a driver raises inside into a `RulesError`.

    Args:
        shown: the address of the ledger as it may be shown.
        secret: a password that no message may hold.
    """
    try:
        yield
    except Exception as error:
        found = _refusal(error.orig if isinstance(error, sa.exc.DBAPIError) else error, shown, secret)
        if found is None:
            raise
        raise found from None


def _refusal(error: BaseException | None, shown: str, secret: str | None) -> RulesError | None:
    code = _code(error)
    if code is None:
        return None
    words, help_ = _WORDS[code]
    said = " ".join(str(error).split())
    if secret:
        said = said.replace(secret, "***")
    return refusal(code, f"the ledger {shown} {words}: {said}", fix=help_, data={"ledger": shown})


def _code(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        # What the driver itself refuses has no number.
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if type(error).__module__.partition(".")[0] != "psycopg":  # which may not be there to be asked for its classes
        return None
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    # Without a SQLSTATE it never reached a server, or never left: a lost connection, or a value that cannot be sent.
    names = {cls.__name__ for cls in type(error).__mro__}
    return "R452" if "OperationalError" in names else "R459" if "DataError" in names else None
