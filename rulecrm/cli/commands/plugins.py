"""`rulecrm plugins`: what is installed, what it offers, and why one was refused."""

from __future__ import annotations

import json
import sys

import click

__all__ = ["command"]


@click.command("plugins")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, name: str | None, form: str) -> int:
    """List the plugins that are installed and what each offers; with NAME, tell one of them in full.

    What needs no plugin stands under the name built-in.

    Status 1 where the plugin NAME was refused.
    """
    from rulecrm.cli import offers
    from rulecrm.plugin import installed

    registry = offers.with_builtin(installed())
    if name is None:
        plugins = offers.listed(registry)
        if form == "json":
            click.echo(json.dumps(plugins, ensure_ascii=False, indent=2))
        elif sys.stdout.isatty():
            from rich.console import Console

            Console(highlight=False).print(offers.table(plugins))
        else:
            click.echo("\n".join(offers.told(plugins)))
        return 0
    named = [one for one in registry.plugins if name in (one.name, one.wheel.partition(" ")[0])]
    if not named:
        from rulecrm.diagnostics.suggest import nearest

        near = nearest(name, [one.name for one in registry.plugins])
        raise click.UsageError(f"no plugin is called {name}" + (f"; the nearest is {near}" if near else ""))
    found = [offers.described(registry, one) for one in named]
    if form == "json":
        click.echo(json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2))
    else:
        click.echo("\n\n".join("\n".join(offers.one_told(one)) for one in found))
    return int(any(one.refused is not None for one in named))
