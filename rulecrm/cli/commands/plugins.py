"""`rulecrm plugins`: what is installed in the entry-point group `rulecrm`."""

from __future__ import annotations

from importlib.metadata import entry_points

import click

__all__ = ["command"]


@click.command("plugins")
def command() -> None:
    """List the plugins that are installed, with the distribution each comes from."""
    found = sorted(entry_points(group="rulecrm"), key=lambda point: point.name)
    if not found:
        click.echo("no plugins installed")
    for point in found:
        wheel = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown distribution"
        click.echo(f"{point.name}  {wheel}  {point.value}")
