"""`rulecrm letters`: messages that were lost, are held, or have failed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

if TYPE_CHECKING:
    from rulecrm.state import Letter

__all__ = ["command"]

_DECISIONS = click.argument("decisions", nargs=-1, required=True, metavar="DECISION...")


@click.group("letters")
def command() -> None:
    """Look at messages that were lost or have failed, and settle them."""


@command.command("list")
@options.state
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(*, url: str, form: str) -> None:
    """List them, the oldest first."""
    from rulecrm.state import Ledger

    with reporting(json=form == "json"), Ledger.open(url, create=False) as ledger:
        found = ledger.letters.all()
    if form == "json":
        from attrs import asdict

        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
        return
    for one in found:
        click.echo(f"{one.due:%Y-%m-%d %H:%M}  {one.outcome:<8} {one.channel} {one.template or ''}  {one.decision}")
        click.echo(f"    {one.reason or ''}")
    if not found:
        click.echo("no message was lost, and none has failed")


@command.command("explain")
@click.argument("decision")
@options.state
def explain(*, decision: str, url: str) -> None:
    """Tell everything that was tried with one message."""
    from rulecrm.state import Ledger

    with reporting(), Ledger.open(url, create=False) as ledger:
        found = ledger.letters.all(decision)
        if not found:
            from rulecrm.diagnostics.model import Diagnostic, RulesError

            help_ = "`rulecrm letters list` and `rulecrm history CUSTOMER --format json` have them"
            raise RulesError([Diagnostic("R486", f"no message has the decision `{decision}`", help=help_)])
    click.echo("\n".join(_lines(found[0])))


@command.command("retry")
@_DECISIONS
@options.state
def retry(*, decisions: tuple[str, ...], url: str) -> None:
    """Send messages again with the next `rulecrm send`: whoever got one already may get it twice."""
    from rulecrm.state import Ledger

    with reporting(), Ledger.open(url, create=False) as ledger:
        count = ledger.letters.retry(decisions, time.time_ns() // 1000)
    click.echo(f"sent again with the next `rulecrm send`: {count:,}")


@command.command("resolve")
@_DECISIONS
@click.option("--as", "outcome", required=True, type=click.Choice(["sent", "failed"]), help="What became of them.")
@options.state
def resolve(*, decisions: tuple[str, ...], outcome: str, url: str) -> None:
    """Say what became of messages, as somebody has found out."""
    from rulecrm.state import Ledger

    with reporting(), Ledger.open(url, create=False) as ledger:
        count = ledger.letters.resolve(decisions, outcome, time.time_ns() // 1000)
    click.echo(f"{outcome}: {count:,}")


def _lines(one: Letter) -> list[str]:
    what = f"{one.channel} {one.template or ''}".rstrip()
    lines = [
        f"{one.decision}",
        f"customer {one.customer}, campaign {one.campaign}, step {one.step}: {what}",
        f"due {one.due:%Y-%m-%d %H:%M:%S} UTC; {one.outcome} ({one.state})" + (f": {one.reason}" if one.reason else ""),
    ]
    for tried in one.tried:
        answer = "no answer came" if tried.answered is None else f"{tried.outcome} at {tried.answered:%H:%M:%S}"
        told = ": ".join(part for part in (tried.code, tried.detail) if part)
        lines.append(
            f"  {tried.number}. {tried.begun:%Y-%m-%d %H:%M:%S} UTC through {tried.route} by {tried.worker}: {answer}"
            + (f" ({told})" if told else "")
        )
    if not one.tried:
        lines.append("  it was never handed to a channel")
    if one.outcome == "unknown":
        lines.append("It may have been sent. Ask the provider, and then: rulecrm letters resolve, or retry.")
    return lines
