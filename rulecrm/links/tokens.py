"""Tokens: what a link says, signed.

In: what a link is for, the key of a message, and a text. Out: a token of letters, digits, `-` and `_`, and back.
Invariant: what `read` gives was signed, for this very purpose, with one of the secrets; there is one spelling of it.

A token is the unpadded base64url (RFC 4648 §5) of

    version (1 byte) ‖ purpose (1 byte) ‖ key (16 bytes, a UUID) ‖ text (UTF-8) ‖ tag (16 bytes)

where the tag is the first half of HMAC-SHA256 over all before it (RFC 2104 §5 allows to cut it down to half).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum
from typing import Self
from uuid import UUID

from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.plugin.secrets import Secret

__all__ = ["LONGEST_TOKEN", "Purpose", "Signed", "Signer"]

LONGEST_TOKEN = 4096
"""Characters; whatever is longer is no token of ours, and is not looked at."""

_VERSION = 1
_KEY = 16
_TAG = 16
_DOMAIN = b"rulecrm link\x00"
"""Keeps what is signed here apart from all else that the same secret may sign."""

_SHORTEST_SECRET = 16
"""Bytes: the secret cannot be found by trying, though everybody who gets a message has something to try it on."""


class Purpose(StrEnum):
    """What a link is for; also its place under the address of the web application."""

    UNSUBSCRIBE = "u"
    OPEN = "o"
    CLICK = "c"


@frozen
class Signed:
    """What a token says.

    Attributes:
        purpose: what it is for.
        key: the idempotency key of the message it was in.
        text: of a click where it leads; of a withdrawal the channel; otherwise empty.
    """

    purpose: Purpose
    key: str
    text: str = ""


@frozen(eq=False)
class Signer:
    """Makes tokens and reads them.

    It holds what HMAC makes of the secrets, not the secrets. Of several the first signs and all are good, so that a
    secret can be replaced while links that are out there still work.
    """

    _keyed: tuple[hmac.HMAC, ...] = field(repr=False)

    @classmethod
    def open(cls, secrets: Iterable[Secret]) -> Self:
        """A signer with these secrets, which are read now.

        Raises:
            RulesError: R480, a secret is not there; R488, there is none, or one is shorter than 16 bytes.
        """
        keyed: list[hmac.HMAC] = []
        for secret in secrets:
            revealed = secret.reveal().encode()
            if len(revealed) < _SHORTEST_SECRET:
                message = f"the secret of links under {secret.reference} is shorter than {_SHORTEST_SECRET} bytes"
                raise RulesError([Diagnostic("R488", message, help="make one with `openssl rand -hex 32`")])
            keyed.append(hmac.new(revealed, _DOMAIN, hashlib.sha256))
        if not keyed:
            raise RulesError([Diagnostic("R488", "links cannot be signed without a secret")])
        return cls(tuple(keyed))

    def sign(self, signed: Signed) -> str:
        """The token that says this.

        Raises:
            ValueError: the key is no UUID (`model.sending.key_of` makes them), or the token would be too long.
        """
        if str(UUID(signed.key)) != signed.key:
            raise ValueError("the key of a message is a UUID in lower case, with hyphens")
        said = bytes([_VERSION]) + signed.purpose.encode() + UUID(signed.key).bytes + signed.text.encode()
        token = _spelled(said + self._tag(self._keyed[0], said))
        if len(token) > LONGEST_TOKEN:
            raise ValueError(f"a link says at most what fits into {LONGEST_TOKEN} characters")
        return token

    def read(self, purpose: Purpose, token: str) -> Signed | None:
        """What a token says; None where it was not signed by us, or for another purpose."""
        if len(token) > LONGEST_TOKEN:
            return None
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        said, tag = raw[:-_TAG], raw[-_TAG:]
        # Every secret is tried, whichever was right, and the tag is looked at before anything that it vouches for.
        good = [hmac.compare_digest(self._tag(keyed, said), tag) for keyed in self._keyed]
        if not any(good) or _spelled(raw) != token:  # base64 can be spelled in several ways; ours is one of them
            return None
        if len(said) < 2 + _KEY or said[0] != _VERSION or said[1:2] != purpose.encode():
            return None
        return Signed(purpose, str(UUID(bytes=said[2 : 2 + _KEY])), said[2 + _KEY :].decode())

    @staticmethod
    def _tag(keyed: hmac.HMAC, said: bytes) -> bytes:
        mine = keyed.copy()
        mine.update(said)
        return mine.digest()[:_TAG]


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
