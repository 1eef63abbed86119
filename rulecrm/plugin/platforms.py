"""What a platform says of reaching its buyers.

In: nothing. Out: `PlatformType`, `Permission`.
Invariant: most marketplaces forbid more than people think; a platform that says nothing of a way forbids it.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

__all__ = ["ALLOWED", "Permission", "PlatformType"]


@frozen
class Permission:
    """Whether buyers of a platform may be written to in a way, and why not."""

    allowed: bool
    reason: str = ""


ALLOWED = Permission(True)


@frozen
class PlatformType:
    """A platform.

    Attributes:
        name: as the attribute `platform` of its customers says: `taobao`, `amazon`, …
        may_contact: by channel and purpose, whether its buyers may be written to.
        doc: one line.
    """

    name: str
    may_contact: Callable[[str, str], Permission]
    doc: str = ""
