"""The signature TC3-HMAC-SHA256.

In: the headers of a request that are signed, its body, when and for which service. Out: the header `Authorization`.
Invariant: what is signed is what goes out.

Described at cloud.tencent.com/document/api/382/52077 (签名方法 v3), whose example is a test.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

__all__ = ["authorization"]

_ALGORITHM = "TC3-HMAC-SHA256"


def authorization(
    key: str, secret: str, *, service: str, timestamp: int, headers: Mapping[str, str], body: bytes
) -> str:
    """Sign a POST to `/`, where all actions are.

    Args:
        key: the id of the API key.
        secret: its secret.
        service: `sms`.
        timestamp: seconds since 1970, as the header X-TC-Timestamp says them.
        headers: all that are to be signed, by name in lower case; `content-type` and `host` at least.
        body: as it goes out.
    """
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            "".join(f"{name}:{headers[name].strip().lower()}\n" for name in sorted(headers)),
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    day = f"{dt.datetime.fromtimestamp(timestamp, dt.UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    signed = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    derived = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        derived = hmac.new(derived, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(derived, signed.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
