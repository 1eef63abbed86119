"""The table of commands.

In: arguments. Out: an exit status.
Invariant: a module of a command is imported when the command is called, and no sooner; plugins are loaded only where a
word is no command of ours, or all commands are listed.
"""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rulecrm.plugin import Registry

__all__ = ["commands", "run"]

_COMMANDS = {
    "advance": "Move everyone, decide every message, write the ledger.",
    "audience": "Keep an audience at a provider like a segment.",
    "backtest": "Say what campaigns would have sent, to whom, at what cost.",
    "check": "Find mistakes in rules files; reads no data.",
    "codes": "Explain a diagnostic by its code.",
    "coupons": "Put codes into a pool, and count those that are left.",
    "demo": "Run the rules of a real shop over its 23,570 customers.",
    "draw": "Draw a lifecycle or a campaign, with live counts.",
    "erase": "Take a customer out of the ledger.",
    "eval": "Say who is in which segment.",
    "explain": "Say why a customer is, or is not, in a segment.",
    "fmt": "Lay rules files out in the one way.",
    "history": "Tell everything that was decided about a customer.",
    "import": "Bring files that sellers download into the store.",
    "kpi": "Say what the kpis are, period by period.",
    "letters": "Look at messages that were lost or have failed, and settle them.",
    "link": "Say which customers of several shops are one person.",
    "plugin": "Write a new plugin that works.",
    "plugins": "List the plugins that are installed.",
    "post": "Write a template where everybody reads.",
    "preview": "Show a message as one customer would get it.",
    "report": "Write what happened, who comes back and what worked as one page.",
    "send": "Send what waits in the outbox.",
    "serve": "Take webhooks, unsubscribe with one click, serve tracked links.",
    "store": "Look at a fact store, and keep it in order.",
    "sync": "Bring what has changed at platforms into the store.",
    "test": "Run the tests written in rules files.",
}


def _plugins() -> Registry | None:
    """What is installed; None, and nothing imported, where nothing is."""
    from rulecrm.plugin.discovery import any_installed

    if not any_installed():
        return None
    from rulecrm.plugin.registry import installed

    return installed()


class _Commands(click.Group):
    """Commands, each in the module `rulecrm.cli.commands.NAME`, imported when it is called, and those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the alphabet, ours first."""
        del ctx
        plugins = _plugins()
        return [*_COMMANDS, *(() if plugins is None else plugins.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            plugins = _plugins()
            return None if plugins is None else plugins.commands.get(cmd_name)
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = import_module(f"rulecrm.cli.commands.{module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; a misspelled one is told the nearest."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from rulecrm.diagnostics.suggest import nearest

            near = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command '{args[0]}'." + (f" Did you mean '{near}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))
        plugins = _plugins()
        if plugins is not None and plugins.commands:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(
                    [(name, command.get_short_help_str(60)) for name, command in plugins.commands.items()]
                )


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


def run(words: list[str]) -> int:
    """Run the command that the words ask for, and return its exit status."""
    try:
        # Not `commands.main`, which has its own way with interrupts and closed pipes.
        with commands.make_context("rulecrm", words) as context:
            status = commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except click.Abort:
        return 130
    except Exception as error:
        name = next(iter(words), "")
        if isinstance(error, BrokenPipeError) or name in _COMMANDS:
            raise
        return _blamed(name, error)
    return status if isinstance(status, int) else 0


def _blamed(name: str, error: Exception) -> int:
    """Tell what a command of a plugin raised, and whose it is; the exit status."""
    plugins = _plugins()
    owner = None if plugins is None else plugins.owner("command", name)
    if owner is None:
        raise error
    from rulecrm.cli.report import draw
    from rulecrm.diagnostics.model import RulesError

    if isinstance(error, RulesError):
        draw(error.diagnostics, error.sources)
        return 1
    import traceback

    traceback.print_exception(error)
    click.echo(
        f"\nThis is a bug of the plugin {owner.name} ({owner.wheel}), not of rulecrm. Tell its authors.", err=True
    )
    return 70
