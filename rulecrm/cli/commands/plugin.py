"""`rulecrm plugin new`: a plugin to start from."""

from __future__ import annotations

import re
from pathlib import Path

import click

__all__ = ["command"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


@click.group("plugin")
def command() -> None:
    """Write plugins."""


@command.command("new")
@click.argument("what", type=click.Choice(["channel", "functions"]))
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Folder in which the plugin's own folder is made; the present one where it is not given.",
)
@click.option(
    "--channel", default="sms", show_default=True, metavar="WORD", help="The word of the rules that a channel serves."
)
def new(*, what: str, name: str, into: Path, channel: str) -> None:
    """Write a working plugin with its tests into a new folder rulecrm-NAME."""
    from rulecrm.cli.starting import write

    if not _NAME.match(name):
        raise click.UsageError(f"{name!r} is no name of a plugin: lower-case letters, digits and hyphens")
    if not channel.isidentifier():
        raise click.UsageError(f"{channel!r} is no word of rules")
    folder = into / f"rulecrm-{name}"
    try:
        written = write(what, name, folder, channel=channel)
    except FileExistsError:
        raise click.UsageError(f"{folder} is there already") from None
    for path in written:
        click.echo(path)
    click.echo(f'\nnext: cd {folder} && pip install -e ".[test]" && pytest', err=True)
