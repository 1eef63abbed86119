"""Webhooks of providers.

In: a request. Out: receipts in the ledger, and the answer that the provider expects.
Invariant: a provider hears that its receipts were taken only once they are in the ledger; whoever forged a request
hears nothing but that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import anyio.to_thread
from attrs import frozen
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from rulecrm import plugin
from rulecrm.diagnostics.model import RulesError
from rulecrm.web.keeping import Keeper, where
from rulecrm.web.limits import Limits, body_of

__all__ = ["Hook", "Hooks"]

_log = logging.getLogger(__name__)


@frozen(eq=False)
class Hook:
    """A channel that hears, and the word of the rules that its route serves."""

    hears: plugin.Hears
    word: str


@frozen(eq=False)
class Hooks:
    """All routes that hear, by name.

    Attributes:
        hooks: by route.
        keeper: writes what they tell.
        limits: of requests.
        base: the address of the application as providers call it, or None where requests say so themselves.
    """

    hooks: Mapping[str, Hook]
    keeper: Keeper
    limits: Limits
    base: str | None

    async def __call__(self, request: Request) -> Response:
        """Hear a webhook."""
        name = request.path_params["route"]
        hook = self.hooks.get(name)
        if hook is None:
            return _said(404)
        heard = plugin.Request(
            request.method, self._url(request, name), _headers(request), dict(request.query_params.multi_items()),
            await body_of(request, self.limits.body, self.limits),
        )  # fmt: skip
        return await anyio.to_thread.run_sync(self._hear, name, hook, heard)

    def _hear(self, name: str, hook: Hook, request: plugin.Request) -> Response:
        try:
            answer = hook.hears.hear(request)
        except plugin.Forged:
            _log.warning("the webhook of %s is forged", name)
            return _said(403)
        except (ValueError, RecursionError) as error:
            # What it says may repeat what could not be read: `int("+86…")` does.
            _log.warning("the webhook of %s makes no sense: %s", name, where(error))
            return _said(400)
        except RulesError as error:
            _log.error("the webhook of %s cannot be heard: %s", name, error.diagnostics[0].code)
            return _said(500)
        except Exception as error:  # noqa: BLE001 - a stranger's code; whatever it raises stays inside
            _log.error("the channel of %s failed: %s", name, where(error))
            return _said(500)
        try:
            self.keeper.write(answer.receipts, route=name, channel=hook.word)
        except RulesError as error:
            _log.error("receipts of %s were not written: %s", name, error.diagnostics[0].code)
            return PlainTextResponse("", 503, {"Retry-After": "30"})
        headers = {**answer.headers, "X-Content-Type-Options": "nosniff"}
        return Response(answer.body, answer.status, headers, answer.media_type)

    def _url(self, request: Request, name: str) -> str:
        if self.base is None:
            return str(request.url)
        query = request.scope["query_string"].decode("latin-1")
        return f"{self.base}/hooks/{name}" + (f"?{query}" if query else "")


def _headers(request: Request) -> dict[str, str]:
    """By name in lower case; of a name that comes more than once all values, as RFC 9110 §5.3 joins them."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _said(status: int) -> Response:
    return PlainTextResponse("", status)
