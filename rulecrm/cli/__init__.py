"""The command line, a thin face of `rulecrm`.

In: arguments. Out: text on stdout, diagnostics on stderr, an exit status.
Invariant: nothing is decided here. A command calls the public API and draws what it gives; what it does not need (rich,
Polars, NumPy) is not imported.

Statuses: 0 done, 1 the rules or the facts are wrong, or a test failed, 2 the command line is wrong, 70 a bug of
rulecrm, 130 interrupted, 141 nobody reads the output any more.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: words after the program's name; those of the process where None.

    Returns:
        The exit status.
    """
    from rulecrm.cli.ending import ending

    words = list(sys.argv[1:] if arguments is None else arguments)
    status = ending(lambda: _run(words))
    if arguments is None:
        gc.freeze()  # the process ends: nobody waits while the collector walks all that is left, and finds nothing
    return status


def _run(words: list[str]) -> int:
    from rulecrm.cli.checking import check_quickly, is_plain

    if is_plain(words):
        return check_quickly(words[1:])
    from rulecrm.cli.app import run

    return run(words)
