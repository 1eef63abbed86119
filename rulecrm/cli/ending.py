"""How a command ends.

In: a command. Out: its exit status, whatever becomes of it.
Invariant: a user's mistake never shows a traceback, a bug of ours always does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

__all__ = ["ending"]


def ending(command: Callable[[], int]) -> int:
    """The exit status of a command, or of what stopped it."""
    try:
        status = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _close_quietly()
        return 141
    except Exception:  # noqa: BLE001 (the last line of defence: whatever is left is a bug of ours, and is shown whole)
        _confess()
        return 70
    return status


def _close_quietly() -> None:
    """Let the interpreter's own flush at exit write to nowhere, for the reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _confess() -> None:
    import traceback
    from importlib.metadata import PackageNotFoundError, version

    try:
        ours = version("rulecrm")
    except PackageNotFoundError:
        ours = "(not installed)"
    traceback.print_exc()
    sys.stderr.write(
        "\nThis is a bug of rulecrm, not a mistake in the rules or the facts. Please report it with the lines above and"
        "\nthe smallest rules file that shows it"
        f" (rulecrm {ours}, Python {sys.version.split()[0]}, {sys.platform}).\n"
    )
