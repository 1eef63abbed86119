"""`rulecrm codes`: what a diagnostic's code stands for."""

from __future__ import annotations

from difflib import get_close_matches

import click

__all__ = ["command"]


@click.command("codes")
@click.argument("code", required=False)
def command(*, code: str | None) -> None:
    """Explain a diagnostic by its code, such as R101; without one, list all."""
    from rulecrm.diagnostics.codes import catalogue

    known = catalogue()
    if code is None:
        for one in sorted(known):
            click.echo(f"{one}  {known[one].title}")
        return
    entry = known.get(code.upper())
    if entry is None:
        near = get_close_matches(code.upper(), known, n=1, cutoff=0.5)
        raise click.UsageError(f"no code {code}" + (f"; the nearest is {near[0]}" if near else ""))
    click.echo(f"{entry.code}: {entry.title}\n\n{entry.explanation}")
