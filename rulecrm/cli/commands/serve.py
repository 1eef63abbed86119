"""`rulecrm serve`: webhooks, unsubscribing, tracked links."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import draw, reporting

__all__ = ["command"]


@click.command("serve")
@click.option(
    "--settings",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The settings of sending: sending.toml.",
)
@options.state
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Where to listen.")
def command(*, path: Path, url: str, host: str, port: int) -> None:
    """Take webhooks of providers, unsubscribe with one click, and serve the links of messages.

    It speaks HTTP; put a proxy before it that speaks HTTPS. It ends with Ctrl-C.
    """
    from rulecrm.diagnostics.model import Diagnostic, RulesError
    from rulecrm.dispatch import Routes
    from rulecrm.state import Ledger

    with reporting():
        lacking = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
        if lacking:
            message = f"serving needs the package `{lacking[0]}`"
            raise RulesError([Diagnostic("R490", message, help='pip install "rulecrm[serve]"')])
        import uvicorn

        from rulecrm.web import of_routes

        routes = Routes.load(path)
        draw(routes.warnings, {})
        try:
            with Ledger.open(url, create=False) as ledger:
                application = of_routes(routes, ledger)
                click.echo(f"listening at http://{host}:{port}", err=True)
                # Tokens stand in addresses, and a log of who asked for which would tell who opened what.
                uvicorn.run(application, host=host, port=port, access_log=False, server_header=False, ws="none")
        finally:
            asyncio.run(routes.close())
