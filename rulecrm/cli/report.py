"""How diagnostics leave the command line: drawn on stderr, or as JSON on stdout.

In: diagnostics and the texts they point into. Out: text.
Invariant: both ways tell the same findings, in the same order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity

__all__ = ["as_json", "count", "draw", "in_colour", "reporting"]


def draw(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
    """Draw on stderr, in colour where that is a terminal."""
    if not diagnostics:
        return
    from rulecrm.diagnostics.render import render

    sys.stderr.write(render(diagnostics, sources, color=in_colour(sys.stderr)))
    sys.stderr.flush()


def as_json(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str]) -> str:
    """A JSON array of them, with a line end."""
    from rulecrm.diagnostics.render import to_json

    return f"{to_json(diagnostics, sources, indent=2)}\n"


def in_colour(stream: IO[str]) -> bool:
    """Whether the stream is a terminal that nobody asked to keep plain."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `no mistakes found`."""
    words = []
    for severity in Severity:
        number = sum(one.severity is severity for one in diagnostics)
        if number:
            words.append(f"{number} {severity.value}{'s' if number > 1 else ''}")
    return ", ".join(words) or "no mistakes found"


@contextmanager
def reporting(*, json: bool = False) -> Iterator[None]:
    """Turn a `RulesError` into drawn diagnostics (or a JSON array of them on stdout) and status 1."""
    try:
        yield
    except RulesError as error:
        if json:
            sys.stdout.write(as_json(error.diagnostics, error.sources))
        else:
            draw(error.diagnostics, error.sources)
        import click

        raise click.exceptions.Exit(1) from None
