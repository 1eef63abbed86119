"""Signatures of OAuth 1.0a.

In: a request, keys, a nonce and an instant. Out: the header `Authorization`.
Invariant: RFC 5849, section 3.4, with HMAC-SHA1; a body in JSON is not part of what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from attrs import field, frozen

__all__ = ["Keys", "authorization", "signature"]


@frozen
class Keys:
    """The four keys; none of them shows."""

    consumer: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def signature(method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> str:
    """The signature of a request whose parameters (of OAuth, the query, a form) are these; base64."""
    parts = urlsplit(url)
    named = [(_quoted(name), _quoted(value)) for name, value in [*parameters.items(), *parse_qsl(parts.query)]]
    plain = urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, "", ""))
    joined = "&".join(f"{name}={value}" for name, value in sorted(named))
    base = "&".join([method.upper(), _quoted(plain), _quoted(joined)])
    key = f"{_quoted(keys.consumer_secret)}&{_quoted(keys.token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def authorization(method: str, url: str, keys: Keys, nonce: str, seconds: int) -> str:
    """The header of a request that has no form.

    Args:
        method: of the request.
        url: of the request, query included.
        keys: the four keys.
        nonce: a text that no other request of that second has.
        seconds: since 1970-01-01 UTC.
    """
    parameters = {
        "oauth_consumer_key": keys.consumer, "oauth_nonce": nonce, "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(seconds), "oauth_token": keys.token, "oauth_version": "1.0",
    }  # fmt: skip
    parameters["oauth_signature"] = signature(method, url, parameters, keys)
    return "OAuth " + ", ".join(f'{_quoted(name)}="{_quoted(value)}"' for name, value in sorted(parameters.items()))


def _quoted(text: str) -> str:
    return quote(text, safe="~")
