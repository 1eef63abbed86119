"""Notifications of SNS about messages of SES.

In: webhooks. Out: receipts.
Invariant: nothing is believed that is not signed with a certificate of SNS for a topic that the settings name; nothing
is fetched but that certificate, from a host of AWS.

The text that is signed, and the fields of the events, are those of the developer guides of SNS ("Verifying the
signatures of Amazon SNS messages") and of SES ("Contents of event data that Amazon SES publishes to Amazon SNS").
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from attrs import evolve
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from rulecrm.plugin import Forged, Receipt, Received, Request, Response

__all__ = ["Certificates", "fetched", "heard"]

_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, type[hashes.SHA1 | hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_LARGEST = 64 * 1024


def fetched(url: str) -> bytes:
    """What is at an https address, 64 KiB at most; no redirect is followed."""
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(url, timeout=5) as answer:
        body: bytes = answer.read(_LARGEST)
    return body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Go nowhere else."""


class Certificates:
    """Public keys of SNS by the address of their certificate, each fetched once; a few at most are kept."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._known: dict[str, x509.Certificate] = {}
        self._lock = threading.Lock()

    def key(self, url: str, now: dt.datetime) -> rsa.RSAPublicKey:
        """The key of the certificate there.

        Raises:
            Forged: the address is not one of SNS, or there is no certificate that is valid now.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or not parts.path.endswith(".pem"):
            raise Forged("the certificate is not at SNS")
        with self._lock:
            found = self._known.get(url)
        if found is None:
            try:
                found = x509.load_pem_x509_certificate(self._fetch(url))
            except (OSError, ValueError) as error:
                raise Forged(f"the certificate cannot be had: {type(error).__name__}") from None
            with self._lock:
                if len(self._known) >= 8:
                    self._known.clear()
                self._known[url] = found
        key = found.public_key()
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc or not isinstance(key, rsa.RSAPublicKey):
            raise Forged("the certificate is not valid")
        return key


def heard(request: Request, topics: Sequence[str], certificates: Certificates, now: dt.datetime) -> Response:
    """What a notification tells.

    Raises:
        Forged: it is not signed by SNS, or for a topic that nobody named.
        ValueError: it is, and makes no sense.
    """
    try:
        told = request.document()
    except ValueError as error:
        raise Forged(f"{error}, so that nothing can be signed") from None
    fields = _SIGNED.get(str(told.get("Type")))
    if fields is None:
        raise Forged("it is no notification of SNS")
    if told.get("TopicArn") not in topics:
        raise Forged("the settings name no such topic")
    _check(told, fields, certificates, now)
    if told["Type"] != "Notification":
        # Who reads this has to open the address once: a channel opens no address that comes from outside.
        return Response(status=200, body=b"confirm the subscription in the console of SNS")
    text = str(told["Message"])
    if text.startswith("Successfully validated SNS topic"):
        return Response()
    # What SES says is a document of its own, written into the notification as a text.
    event = evolve(request, body=text.encode("utf-8", "replace")).document()
    return Response(receipts=tuple(_receipts(str(told["MessageId"]), event)))


def _check(told: Mapping[str, object], fields: Sequence[str], certificates: Certificates, now: dt.datetime) -> None:
    kind = _HASHES.get(str(told.get("SignatureVersion")))
    if kind is None:
        raise Forged("the version of the signature is unknown")
    signed = "".join(f"{name}\n{told[name]}\n" for name in fields if told.get(name) is not None)
    try:
        signature = base64.b64decode(str(told.get("Signature", "")), validate=True)
        certificates.key(str(told.get("SigningCertURL", "")), now).verify(
            signature, signed.encode(), padding.PKCS1v15(), kind()
        )
    except (InvalidSignature, ValueError):
        raise Forged("the signature is wrong") from None


def _receipts(id_: str, event: Mapping[str, object]) -> Iterator[Receipt]:
    kind = str(event.get("eventType") or event.get("notificationType"))
    mail = _object(event, "mail")
    provider_id = str(mail["messageId"]) if "messageId" in mail else None
    tags = mail.get("tags")
    keys = tags.get("rulecrm-key") if isinstance(tags, dict) else None
    key = str(keys[0]) if isinstance(keys, list) and keys else None
    what, place = _KINDS.get(kind, (None, ""))
    if what is None:
        return
    about = _object(event, place)
    at = _instant(about.get("timestamp") or mail.get("timestamp"))
    yield Receipt(
        f"sns-{id_}", what, at, key=key, provider_id=provider_id, reason=_reason(what, about),
        text=str(about["link"]) if what is Received.CLICKED and "link" in about else None,
    )  # fmt: skip


_KINDS: Mapping[str, tuple[Received, str]] = {
    "Bounce": (Received.BOUNCED, "bounce"),
    "Complaint": (Received.COMPLAINED, "complaint"),
    "Delivery": (Received.DELIVERED, "delivery"),
    "Open": (Received.OPENED, "open"),
    "Click": (Received.CLICKED, "click"),
    "Reject": (Received.BOUNCED, "reject"),
}


def _reason(what: Received, about: Mapping[str, object]) -> str | None:
    if what is Received.BOUNCED:
        return "hard" if about.get("bounceType") == "Permanent" else "soft"
    told = about.get("complaintFeedbackType")
    return str(told) if told is not None else None


def _object(event: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = event.get(name)
    if not isinstance(found, dict):
        raise ValueError(f"the event has no `{name}`")  # noqa: TRY004 - it is the provider's text that is wrong
    return found


def _instant(text: object) -> dt.datetime:
    at = dt.datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError("the event's time names no zone")
    return at.astimezone(dt.UTC)
