"""What Twilio calls back.

In: a webhook. Out: receipts.
Invariant: nothing of a request is believed before its signature holds; it covers the address with its query, and every
field of the form (twilio.com/docs/usage/security).

Twilio calls back about each change of a message's status, in no promised order and sometimes twice; and for each
message that somebody sends to one of the account's numbers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from rulecrm.plugin import Context, Forged, Receipt, Received, Request, Response
from rulecrm_twilio.settings import Settings

__all__ = ["STOP_WORDS", "hear", "signature"]

STOP_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "stop all", "opt out"}
)
"""The words by which Twilio itself stops sending to a number (`OptOutType` is told only with Advanced Opt-Out)."""

_HARD = frozenset({"21211", "21214", "21217", "21610", "21614", "21635", "30004", "30005", "30006", "30011"})
"""Codes of an undelivered message after which another would not be delivered either."""

_ALGORITHMS = MappingProxyType({"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256})

_NOTHING_TO_SAY = b"<Response/>"


def hear(request: Request, settings: Settings, context: Context) -> Response:
    """What a webhook tells.

    Raises:
        Forged: the signature is missing or does not hold.
        ValueError: it is Twilio's and lacks what it must have.
    """
    form = _form(request.body) if request.method == "POST" else {}  # a GET has its fields in the signed address
    _check(request, form, settings)
    fields = {name: values[-1] for name, values in form.items()} if form else request.query
    if "MessageStatus" in fields:
        return Response(_status(fields, request.query.get("key"), context))
    if "Body" in fields:
        return Response(_incoming(fields, context), body=_NOTHING_TO_SAY, media_type="text/xml; charset=utf-8")
    return Response()


def signature(secret: str, url: str, form: Mapping[str, list[str]], algorithm: str = "HMAC_SHA1") -> str:
    """How Twilio signs a form that it posts: the address, then each name and value in the order of the names."""
    signed = url + "".join(f"{name}{value}" for name in sorted(form) for value in sorted(set(form[name])))
    digest = hmac.new(secret.encode(), signed.encode(), _ALGORITHMS[algorithm]).digest()
    return base64.b64encode(digest).decode()


def _check(request: Request, form: Mapping[str, list[str]], settings: Settings) -> None:
    given = request.headers.get("x-twilio-signature", "")
    if not given:
        raise Forged("the webhook has no signature")
    algorithm, secret = "HMAC_SHA1", settings.token
    for part in request.headers.get("x-twilio-webhooks-signature-settings", "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "algorithm" and value:
            algorithm = value.upper()
    if algorithm == "HMAC_SHA256" and settings.webhook_secret:
        secret = settings.webhook_secret
    elif algorithm != "HMAC_SHA1":
        raise Forged("the webhook is signed in a way that is not set up")
    held = False
    for url in _spellings(request.url):  # all of them are tried, so that the time taken tells nothing
        held |= hmac.compare_digest(signature(secret.reveal(), url, form, algorithm).encode(), given.encode())
    if not held:
        raise Forged("the webhook's signature does not hold")


def _spellings(url: str) -> tuple[str, ...]:
    """Twilio signs the address with its port or without, whichever way it was given one."""
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition(":")
    if host and port.isdigit() and not parts.netloc.endswith("]"):
        return url, parts._replace(netloc=host).geturl()
    default = "443" if parts.scheme == "https" else "80"
    return url, parts._replace(netloc=f"{parts.netloc}:{default}").geturl()


def _form(body: bytes) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True, errors="replace"):
        form.setdefault(name, []).append(value)
    return form


def _status(fields: Mapping[str, str], key: str | None, context: Context) -> list[Receipt]:
    sid, status, code = _sid(fields), fields["MessageStatus"].lower(), fields.get("ErrorCode") or None
    event, at, to = f"{sid}:{status}", context.now(), fields.get("To")
    if status == "delivered":
        return [Receipt(event, Received.DELIVERED, at, key, sid, to)]
    if status == "read":
        return [Receipt(event, Received.OPENED, at, key, sid, to)]
    if status not in {"undelivered", "failed"}:  # queued, sending, sent: nothing has become of it yet
        return []
    bounce = Receipt(event, Received.BOUNCED, at, key, sid, to, reason="hard" if code in _HARD else "soft")
    if code == "21610":
        return [bounce, Receipt(f"{sid}:stop", Received.UNSUBSCRIBED, at, key, sid, to, reason=code)]
    return [bounce]


def _incoming(fields: Mapping[str, str], context: Context) -> list[Receipt]:
    sid, sender, text = _sid(fields), fields.get("From", ""), fields["Body"]
    if not sender:
        raise ValueError("an incoming message names no sender")
    stops = fields.get("OptOutType", "").upper() == "STOP" or " ".join(text.lower().split()) in STOP_WORDS
    what = Received.UNSUBSCRIBED if stops else Received.REPLIED
    return [Receipt(sid, what, context.now(), address=sender, text=text)]


def _sid(fields: Mapping[str, str]) -> str:
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    if not sid:
        raise ValueError("the webhook names no message")
    return sid
