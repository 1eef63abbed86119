"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: the secret is a reference.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


def _known(_: object, __: object, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError("`zone` is no name of a zone such as Asia/Shanghai") from None


@frozen
class Settings:
    """Settings of the channel `wangwang`.

    Attributes:
        path: the folder of the list; one that is not absolute lies where the settings file is. It is made where it is
            not there, but nothing above it is: a share that is not mounted must not be mistaken for an empty one.
        hook: the address to which the page posts ticks; without it the page has no buttons, and ticks go into the
            sheet.
        secret: what the page's buttons are signed with.
        zone: IANA name of the zone of the sheets' days.
        language: of the list's own words: `zh` or `en`.
        per_day: most tasks in 24 hours, as many as the staff can do.
        timeout: seconds to wait until another process is done with the folder.
    """

    path: str = "wangwang"
    hook: str = field(default="", validator=validators.matches_re(r"(https?://\S+)?"))
    secret: Secret = NO_SECRET
    zone: str = field(default="Asia/Shanghai", validator=_known)
    language: str = field(default="zh", validator=validators.in_(("zh", "en")))
    per_day: int | None = None
    timeout: float = field(default=5.0, validator=validators.gt(0))

    def __attrs_post_init__(self) -> None:
        if self.hook and not self.secret:
            raise ValueError("`hook` needs a `secret`, with which the page's buttons are signed")
