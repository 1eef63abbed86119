"""What WeCom tells by callback.

In: a request. Out: what it holds, decrypted, and the receipts that a channel reads out of it.
Invariant: nothing is parsed, nor decrypted, before its signature is found good; what is parsed has no document type.

The scheme is that of https://developer.work.weixin.qq.com/document/path/90968: SHA-1 over the sorted token, timestamp,
nonce and ciphertext; AES-256-CBC, the text being 16 random bytes, its length, itself, and the id of the company.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from xml.etree import ElementTree as ET

from attrs import field, frozen

from rulecrm.plugin import Forged, Receipt, Request, Response, Secret

__all__ = ["Callback", "Callbacks", "SenselessError", "signature"]

_AGE = dt.timedelta(minutes=10)


class SenselessError(ValueError):
    """What was posted is signed, and no callback of WeCom's."""


@frozen
class Callback:
    """What a callback holds.

    Attributes:
        fields: by name.
        at: when it happened.
        name: of the event; the same where it is told again.
    """

    fields: Mapping[str, str] = field(repr=False)
    at: dt.datetime
    name: str

    def get(self, name: str) -> str | None:
        """A field, where there is one."""
        return self.fields.get(name)

    def text(self, name: str) -> str:
        """A field.

        Raises:
            ValueError: there is none.
        """
        found = self.fields.get(name)
        if not found:
            raise SenselessError(f"a callback has no {name}")
        return found


class Callbacks:
    """The callbacks of one app."""

    def __init__(self, corp_id: str, token: Secret, key: Secret, now: Callable[[], dt.datetime]) -> None:
        self._corp_id = corp_id
        self._token = token
        self._key = key
        self._now = now

    def hear(self, request: Request, receipts: Callable[[Callback], Iterable[Receipt]]) -> Response:
        """Answer WeCom's check of the URL (GET), or read a callback (POST)."""
        if request.method == "GET":
            return Response(body=self._opened(request, request.query.get("echostr", "")))
        told = _parsed(self._opened(request, _ciphertext(request.body)))
        return Response(tuple(receipts(told)), body=b"success")

    def _opened(self, request: Request, encrypted: str) -> bytes:
        if not self._token or not self._key:
            raise Forged("no callback_token and callback_key are set, so no callback can be WeCom's")
        timestamp = request.query.get("timestamp", "")
        expected = signature(self._token.reveal(), timestamp, request.query.get("nonce", ""), encrypted)
        if not hmac.compare_digest(request.query.get("msg_signature", "").encode(), expected.encode()):
            raise Forged("the signature is missing or wrong")
        if not timestamp.isdecimal() or abs(self._now().timestamp() - int(timestamp[:12])) > _AGE.total_seconds():
            raise Forged("the callback is too old")
        return _decrypted(encrypted, self._key.reveal(), self._corp_id)


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """The `msg_signature` of a ciphertext."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - WeCom's choice


def _ciphertext(body: bytes) -> str:
    """What the envelope holds. The signature covers this alone, so all around it has to be as WeCom writes it."""
    envelope = body.strip()
    whole = envelope.startswith(b"<xml>") and envelope.endswith(b"</xml>") and envelope.count(b"<Encrypt>") == 1
    found = envelope.partition(b"<Encrypt>")[2].partition(b"</Encrypt>")[0]
    if not whole or not found.isascii():
        raise Forged("this is no envelope of WeCom's")
    return found.decode().removeprefix("<![CDATA[").removesuffix("]]>")


def _decrypted(encrypted: str, given: str, corp_id: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    try:
        key = base64.b64decode(given + "=")
        opened = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        text = opened.update(base64.b64decode(encrypted)) + opened.finalize()
    except ValueError:
        raise SenselessError("a callback cannot be decrypted: look at callback_key") from None
    padding = text[-1] if text else 0
    size = int.from_bytes(text[16:20], "big")
    held, owner = text[20 : 20 + size], text[20 + size : len(text) - padding]
    if not 1 <= padding <= 32 or owner != corp_id.encode():
        raise Forged("the callback is not for this company")
    return held


def _parsed(text: bytes) -> Callback:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise SenselessError("a callback has no document type")
    try:
        fields = {child.tag: child.text or "" for child in ET.fromstring(text)}  # noqa: S314 - signed, and without entities
        at = dt.datetime.fromtimestamp(int(fields.get("CreateTime", "")), dt.UTC)
    except (ET.ParseError, ValueError, OverflowError, OSError):
        raise SenselessError("a callback is XML with a CreateTime") from None
    return Callback(fields, at, hashlib.sha256(text).hexdigest()[:32])
