"""What apprise says in its log while it sends.

In: log records. Out: the warnings of one call, for the answer; nothing for anybody else.
Invariant: what is logged during a call of ours reaches no handler: below warnings there are URLs with tokens in them,
and the words of messages. What others log through apprise is left as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self

__all__ = ["Hearing", "heard"]

_HEARD: ContextVar[list[str] | None] = ContextVar("heard", default=None)

_LOGGERS = (
    "apprise", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests_oauthlib.oauth1_auth",
    "requests_oauthlib.oauth2_session", "oauthlib.oauth1.rfc5849",
)  # fmt: skip
"""Apprise's own, and those beneath it that name URLs or headers."""


@contextmanager
def heard() -> Iterator[list[str]]:
    """Warnings of apprise's within the block, those of the threads it starts there included."""
    warnings: list[str] = []
    token = _HEARD.set(warnings)
    try:
        yield warnings
    finally:
        _HEARD.reset(token)


class Hearing(logging.Filter):
    """Keeps records of blocks of `heard` from every handler."""

    def __enter__(self) -> Self:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record goes on to handlers."""
        warnings = _HEARD.get()
        if warnings is None:
            return True
        if record.name == _LOGGERS[0] and record.levelno >= logging.WARNING:
            warnings.append(record.getMessage())
        return False
