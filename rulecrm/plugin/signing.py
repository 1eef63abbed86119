"""Signatures over sorted parameters, as several platforms ask for.

In: the parameters of a call. Out: the text that is signed, and its HMAC.
Invariant: the order in which parameters were given makes no difference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

__all__ = ["WAYS", "hmac_sha256", "names_and_values", "router_signature"]


WAYS = ("md5", "hmac", "hmac-sha256")
"""How a router's calls may be signed; `hmac` is HMAC-MD5."""


def names_and_values(parameters: Mapping[str, str]) -> str:
    """Names and values with nothing between, sorted by name in the order of ASCII; those that are empty left out."""
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name and parameters[name])


def hmac_sha256(secret: str, text: str) -> str:
    """HMAC-SHA-256 (RFC 2104, FIPS 180-4) of a text in UTF-8, in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def router_signature(secret: str, parameters: Mapping[str, str], way: str) -> str:
    """The signature of a call to a router (`rulecrm.testing.gateways`), in upper-case hexadecimal digits.

    Args:
        secret: of the application.
        parameters: common ones and the method's own, without `sign`.
        way: one of `WAYS`.

    Raises:
        ValueError: it is none of them.

    Source: developer.alibaba.com/docs/doc.htm articleId=101617.
    """
    text = names_and_values(parameters)
    match way:
        case "md5":
            return hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
        case "hmac":
            return hmac.new(secret.encode(), text.encode(), hashlib.md5).hexdigest().upper()
        case "hmac-sha256":
            return hmac_sha256(secret, text).upper()
    raise ValueError(f"calls are signed by one of {', '.join(WAYS)}")
