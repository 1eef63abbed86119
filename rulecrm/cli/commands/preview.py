"""`rulecrm preview`: a message as one customer would get it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

if TYPE_CHECKING:
    from rulecrm.api.previewing import Preview

__all__ = ["command"]


def _price(ctx: click.Context, option: click.Parameter, word: str | None) -> Decimal | None:
    try:
        price = None if word is None else Decimal(word)
    except InvalidOperation:
        price = Decimal("NaN")
    if price is not None and not price.is_finite():
        raise click.BadParameter(f"{word!r} is no amount", ctx=ctx, param=option)
    return price


@click.command("preview")
@options.rules_file
@click.argument("template")
@options.facts
@click.option("--customer", required=True, metavar="ID", help="Key of the customer.")
@options.as_of
@click.option(
    "--with",
    "values",
    multiple=True,
    callback=options.pairs,
    metavar="NAME=VALUE",
    help="A value that the message would give, such as coupon=M10. May be repeated.",
)
@click.option("--language", metavar="TAG", help="In place of the customer's own, such as zh-CN.")
@click.option("--signature", metavar="TEXT", help="What an SMS begins with: 【Shop】.")
@click.option("--notice", metavar="TEXT", help="What a marketing SMS ends with.")
@click.option(
    "--price", callback=_price, metavar="AMOUNT", help="What one part of an SMS costs, in the rules' currency."
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the HTML there, to be opened and looked at.",
)
@options.settings
def command(
    *,
    file: Path,
    template: str,
    folder: Path,
    customer: str,
    as_of: dt.date,
    values: dict[str, str],
    language: str | None,
    signature: str | None,
    notice: str | None,
    price: Decimal | None,
    page: Path | None,
    settings: dict[str, str],
) -> None:
    """Show a message as one customer would get it: its words, what they are filled with, what an SMS comes to.

    Nothing is sent, and no coupon is drawn.
    """
    with reporting():
        rules, facts = open_shop(file, folder, settings)
        shown = rules.preview(
            facts,
            template=template,
            customer=customer,
            as_of=as_of,
            values=values,
            language=language,
            signature=signature,
            notice=notice,
        )
        click.echo("\n".join(_lines(shown, rules.program.currency, price)))
        if page is not None:
            if shown.content.html is None:
                click.echo(f"{template} has no HTML: {page} is not written", err=True)
            else:
                page.write_text(shown.content.html, "utf-8")


def _lines(shown: Preview, currency: str, price: Decimal | None) -> list[str]:
    """What is printed: a line about the message, then each part under its name."""
    content = shown.content
    language = f", in {shown.language}" if shown.language else ""
    lines = [f"{shown.template} for {shown.channel}, {shown.purpose}{language}, to {shown.customer}"]
    parts = {"subject": content.subject, "text": content.text, "html": content.html, **content.extra}
    for name, text in parts.items():
        if text is not None:
            lines += ["", f"{name}:", *(f"  {line}".rstrip() for line in text.split("\n"))]
    if shown.segments is not None:
        counted = shown.segments
        parts_ = "1 part" if counted.count == 1 else f"{counted.count} parts"
        cost = "" if price is None else f", {price * counted.count} {currency}"
        odd = f" because of {' '.join(counted.odd[:10])}" if counted.odd else ""
        lines += ["", f"{counted.units} characters of {counted.encoding}{odd}: {parts_}{cost}"]
    if shown.values:
        lines += [
            "",
            "filled with:",
            *(f"  {name} = {_value(value, currency, shown.zone)}" for name, value in shown.values.items()),
        ]
    return lines


def _value(value: object, currency: str, zone: str) -> str:
    """A value as a template shows it, the zone of an instant beside it."""
    from rulecrm.words.values import Moment, Money

    match value:
        case None:
            return "(missing)"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{Money.of(value, currency)!s} {currency}"
        case dt.datetime():
            return f"{Moment.of(value, ZoneInfo(zone))!s} {zone}"
    return str(value)
