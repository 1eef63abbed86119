"""`rulecrm post`: a template where everybody reads."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import draw, reporting

__all__ = ["command"]

_DONE = frozenset({"accepted", "delivered", "not done"})


@click.command("post")
@options.rules_file
@click.argument("template")
@options.state
@options.routes
@options.route
@click.option("--key", metavar="TEXT", help="What is posted under one key is posted once; the template's name.")
@click.option(
    "--with",
    "values",
    multiple=True,
    callback=options.pairs,
    metavar="NAME=VALUE",
    help="A value that the template asks for. May be repeated.",
)
@click.option("--language", metavar="TAG", help="Such as zh-CN; the words for all if not given.")
@click.option("--again", is_flag=True, help="Post even where it was, or may have been, posted before.")
@click.option("--dry-run", "dry", is_flag=True, help="Post nothing; show the words.")
@options.settings
@click.option("--seed", default="rulecrm", show_default=True, help="The ledger's seed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    file: Path,
    template: str,
    url: str,
    file_of_routes: Path,
    route: str,
    key: str | None,
    values: dict[str, str],
    language: str | None,
    again: bool,
    dry: bool,
    settings: dict[str, str],
    seed: str,
    form: str,
) -> int:
    """Write TEMPLATE where everybody reads, once for each key.

    It is written for nobody in particular: params, the clock and what `--with` gives are all that it has. The status
    is 1 where it was not posted, or nobody knows.
    """
    import rulecrm
    from rulecrm.dispatch import Routes

    with reporting(json=form == "json"):
        rules = rulecrm.load(file, params=settings)
        found = Routes.load(file_of_routes)
        draw(found.warnings, {})
        with rulecrm.Engine(rules, rulecrm.Facts.from_frames(), state=url, seed=seed, routes=found) as engine:
            done = engine.post(
                template, route=route, key=key, values=values, language=language, again=again, dry_run=dry
            )  # fmt: skip
    if form == "json":
        from attrs import asdict, filters

        report = asdict(done, filter=filters.exclude("content"))
        click.echo(json.dumps({**report, "text": done.content.text}, ensure_ascii=False, indent=2))
    else:
        before = ", before" if done.before else ""
        told = ": ".join(part for part in (done.provider_id, done.detail) if part)
        click.echo(f"{done.key} by {done.route}: {done.outcome}{before}" + (f" ({told})" if told else ""))
        if dry:
            click.echo(done.content.text)
    return 0 if done.outcome in _DONE else 1
