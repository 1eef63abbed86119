"""Signatures over sorted parameters, as several platforms ask for.

In: the parameters of a call. Out: the text that is signed, and its HMAC.
Invariant: the order in which parameters were given makes no difference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

__all__ = ["hmac_sha256", "names_and_values"]


def names_and_values(parameters: Mapping[str, str]) -> str:
    """Names and values with nothing between, sorted by name in the order of ASCII; those that are empty left out."""
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name and parameters[name])


def hmac_sha256(secret: str, text: str) -> str:
    """HMAC-SHA-256 (RFC 2104, FIPS 180-4) of a text in UTF-8, in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
