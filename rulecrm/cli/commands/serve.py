"""`rulecrm serve`: webhooks, unsubscribing, tracked links."""

from __future__ import annotations

import asyncio
import socket
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
                with _listening(host, port) as listener:
                    click.echo(f"listening at http://{host}:{listener.getsockname()[1]} (Ctrl-C ends it)", err=True)
                    # Tokens stand in addresses, and a log of who asked for which would tell who opened what.
                    config = uvicorn.Config(
                        application, access_log=False, server_header=False, ws="none", log_level="warning"
                    )
                    uvicorn.Server(config).run(sockets=[listener])
        finally:
            asyncio.run(routes.close())


def _listening(host: str, port: int) -> socket.socket:
    """A socket that hears.

    Raises:
        RulesError: R498, the address cannot be listened at.
    """
    from rulecrm.diagnostics.model import Diagnostic, RulesError

    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        message = f"nothing can be heard at {host}:{port}: {error.strerror or error}"
        raise RulesError([Diagnostic("R498", message, help="say another --port or --host")]) from None
    return listener
