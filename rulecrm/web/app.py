"""The application.

In: a ledger, channels, a secret. Out: an ASGI application.
Invariant: every request gets an answer from here, and what went wrong inside is said to the log alone.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.dispatch import Routes
from rulecrm.links import Signer, base_of
from rulecrm.plugin import Channel, Hears, Secret
from rulecrm.state import Ledger
from rulecrm.web.hooks import Hook, Hooks
from rulecrm.web.keeping import Customers, Keeper, where
from rulecrm.web.limits import Limits, RefusedError, check_head
from rulecrm.web.people import People

__all__ = ["app", "of_routes"]

_log = logging.getLogger(__name__)

_NONE: Mapping[str, str] = MappingProxyType({})
_LIMITS = Limits()


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def app(
    ledger: Ledger | str,
    *,
    channels: Mapping[str, Channel],
    secret: Secret | Sequence[Secret],
    url: str | None = None,
    words: Mapping[str, str] = _NONE,
    customers: Customers | None = None,
    sender: str = "",
    limits: Limits = _LIMITS,
    now: Callable[[], dt.datetime] = _utc_now,
) -> Starlette:
    """The application.

    It answers at

    * `GET` and `POST /hooks/ROUTE`: webhooks, heard by the channel of the route;
    * `GET /o/TOKEN`: the pixel of a message; `GET /c/TOKEN`: a link of a message;
    * `POST /u/TOKEN`: unsubscribes (RFC 8058); `GET /u/TOKEN`: a page that asks first;
    * `GET /healthz`: 200 where the ledger can be read, 503 where it cannot.

    Args:
        ledger: a ledger, which stays open, or the URL of one, which is opened with the first request.
        channels: open channels by the name of their route; those that hear have a webhook.
        secret: what links are signed with; of several the first signs, and all are good.
        url: the address of the application as the world calls it (`https://crm.example.com/r`), for signatures that
            cover it; without it requests are believed where they say they went.
        words: by route the word of the rules that it serves, where that is not the channel's own.
        customers: whose an address is, called with the word of the rules and the address; without it an address waits
            until an engine that has the facts recognises it.
        sender: who the messages are from, as the page for unsubscribing says it.
        limits: how much of a request is read.
        now: the clock.

    Raises:
        RulesError: R480, R488, the secret is not there or does not do; R489, the URL is none.
    """
    signer = Signer.open([secret] if isinstance(secret, Secret) else secret)
    keeper = Keeper(ledger, customers)
    hooks = {
        name: Hook(channel, words.get(name, channel.traits.channel))
        for name, channel in channels.items()
        if isinstance(channel, Hears)
    }
    people = People(signer, keeper, limits, now, sender)
    hook = Hooks(hooks, keeper, limits, None if url is None else base_of(url))

    async def healthz(_: Request) -> Response:
        await keeper.look()
        return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await keeper.close()

    def at(path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
        route = Route(path, _guarded(endpoint, limits), methods=methods)
        route.methods = set(methods)  # HEAD is answered where it is named, and nowhere else
        return route

    return Starlette(
        routes=[
            at("/hooks/{route}", hook, "GET", "POST"),
            at("/o/{token}", people.open, "GET", "HEAD"),
            at("/c/{token}", people.click, "GET", "HEAD"),
            at("/u/{token}", people.unsubscribe, "GET", "HEAD", "POST"),
            at("/healthz", healthz, "GET", "HEAD"),
        ],
        lifespan=lifespan,
    )


def of_routes(
    routes: Routes, ledger: Ledger | str, *, customers: Customers | None = None, sender: str = ""
) -> Starlette:
    """The application that a settings file describes.

    Args:
        routes: as `rulecrm.dispatch.Routes.load("sending.toml")` gives them.
        ledger: see `app`.
        customers: see `app`.
        sender: see `app`.

    Raises:
        RulesError: R491, the settings have no `[web]`; or as `app`.
    """
    if routes.web is None:
        message = "the settings do not say where the web application is"
        help_ = 'add [web] with url = "https://crm.example.com/r" and secret = "env:RULECRM_LINKS"'
        raise RulesError([Diagnostic("R491", message, help=help_)])
    return app(
        ledger,
        channels={one.name: one.sender for one in routes.routes},
        words={one.name: one.channel for one in routes.routes},
        secret=[one for one in (routes.web.secret, routes.web.old_secret) if one],
        url=routes.web.url,
        customers=customers,
        sender=sender,
    )


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]], limits: Limits
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers whatever happens."""

    async def guarded(request: Request) -> Response:
        try:
            check_head(request, limits)
            return await endpoint(request)
        except RefusedError as refused:
            # What was not read of a body would be taken for the next request.
            return PlainTextResponse(
                "", refused.status, {"Connection": "close"} if refused.status in (408, 413) else {}
            )
        except RulesError as error:
            _log.error("the ledger cannot be used: %s", error.diagnostics[0].code)
            return PlainTextResponse("", 503, {"Retry-After": "30"})
        except Exception as error:  # noqa: BLE001 - nothing of it goes outside
            _log.error("a request failed: %s", where(error))
            return PlainTextResponse("", 500)

    return guarded
