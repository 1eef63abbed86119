"""Where a click may lead.

In: an address as it stands in a message. Out: what is wrong with it, or the value of a `Location` header.
Invariant: only http and https, with a host; nothing that could end a header or be read as another scheme.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

__all__ = ["LONGEST_TARGET", "location_of", "target_problem"]

LONGEST_TARGET = 2048
"""Bytes in UTF-8; some mail programs cut off what is longer."""

_SAFE = "%!$&'()*+,;=:@/?~-._"
"""Besides letters and digits, what stays as it is in a path, a query or a fragment (RFC 3986 §3.3 to §3.5)."""


def target_problem(target: str) -> str | None:
    """Why a click may not lead there; None where it may."""
    if any(ord(character) <= 0x20 or 0x7F <= ord(character) <= 0x9F or character == "\\" for character in target):
        return "it holds spaces, control characters or backslashes"
    try:
        size = len(target.encode())
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except (UnicodeError, ValueError):
        return "it cannot be read"
    if parts.scheme not in ("http", "https"):
        return "it is not http or https"
    if not host:
        return "it names no host"
    return f"it is longer than {LONGEST_TARGET} bytes" if size > LONGEST_TARGET else None


def location_of(target: str) -> str:
    """A target as the value of a header: ASCII, what is not percent-encoded.

    Raises:
        ValueError: no click may lead there.
    """
    problem = target_problem(target)
    if problem is not None:
        raise ValueError(f"a click leads nowhere: {problem}")
    scheme, place, path, query, fragment = urlsplit(target)
    user, at, host = place.rpartition("@")
    if not host.isascii():
        name, colon, port = host.partition(":")
        host = name.encode("idna").decode("ascii") + colon + port
    place = quote(user, _SAFE) + at + quote(host, "[]:.-%")
    return urlunsplit((scheme, place, quote(path, _SAFE), quote(query, _SAFE), quote(fragment, _SAFE)))
