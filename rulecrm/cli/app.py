"""The table of commands, and what becomes of an exception.

In: arguments. Out: an exit status.
Invariant: a user's mistake never shows a traceback, a bug of ours always does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

__all__ = ["commands", "run"]

_COMMANDS = {
    "check": "Find mistakes in rules files; reads no data.",
    "codes": "Explain a diagnostic by its code.",
    "demo": "Run the rules of a real shop over its 23,570 customers.",
    "eval": "Say who is in which segment.",
    "explain": "Say why a customer is, or is not, in a segment.",
    "fmt": "Lay rules files out in the one way.",
    "plugins": "List the plugins that are installed.",
    "test": "Run the tests written in rules files.",
}


class _Commands(click.Group):
    """Commands, each in the module `rulecrm.cli.commands.NAME`, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the alphabet."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"rulecrm.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _version(ctx: click.Context, option: click.Parameter, asked: bool) -> None:
    del option
    if asked:
        from importlib.metadata import version

        click.echo(f"rulecrm {version('rulecrm')}")
        ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say the version.")
def commands() -> None:
    """From a rules file to the right customers."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` ask for, and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # Not `commands.main`, which has its own way with interrupts and closed pipes.
        with commands.make_context("rulecrm", words) as context:
            status = commands.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        _close_quietly()
        return 141
    except Exception:  # noqa: BLE001 (the last line of defence: whatever is left is a bug of ours, and is shown whole)
        _confess()
        return 70
    return status if isinstance(status, int) else 0


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
    click.echo(
        "\nThis is a bug of rulecrm, not a mistake in the rules or the facts. Please report it with the lines above and"
        "\nthe smallest rules file that shows it"
        f" (rulecrm {ours}, Python {sys.version.split()[0]}, {sys.platform}).",
        err=True,
    )
