"""The signature ACS3-HMAC-SHA256.

In: a request's query, headers and body. Out: the header `authorization`.
Invariant: what is signed is what goes out: names and values percent-encoded by RFC 3986, in the order of the names.

Described at alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature, whose example is a test.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["ALGORITHM", "authorization", "canonical_query"]

ALGORITHM = "ACS3-HMAC-SHA256"


def authorization(key: str, secret: str, *, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> str:
    """Sign a POST to `/`, where all actions of this API are.

    Args:
        key: the id of the access key.
        secret: its secret.
        query: by name, not encoded.
        headers: all that are to be signed, by name in lower case: `host`, `content-type` and each `x-acs-…`.
        body: as it goes out.
    """
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            "POST",
            "/",
            canonical_query(query),
            "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers)),
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    signed = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key},SignedHeaders={names},Signature={signature}"


def canonical_query(query: Mapping[str, str]) -> str:
    """A query as it is signed, and as it is sent."""
    return "&".join(f"{_encoded(name)}={_encoded(query[name])}" for name in sorted(query))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
