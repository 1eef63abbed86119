"""Calls of the router as they are written, and what its answers say.

In: a method and its arguments; a document that came back. Out: the form to post; what stands below the root, or `Said`.
Invariant: numbers are read exactly; whether a call may be made again is decided here and nowhere else.

Errors come with the status 200: `{"error_response": {"code", "msg", "sub_code", "sub_msg", "request_id"}}`. What they
mean, as developers tell (the present pages list none):

| code | | then |
| --- | --- | --- |
| 4, 5, 6, 7, 8 | too many calls; "This ban will last for N more seconds" | later, after the ban |
| 10; 15 and 50 with `isp.…` or no sub-code; from 100 on with `isp.…` | the service behind is away | later |
| 26, 27 | no session, or none that is good | the session is renewed, or the run stops |
| 15 and 50 (as methods' pages show) with `isv.…` | the caller's mistake in this one call | it is refused |
| others: 9, 11-13, 21-25, 28-34, 40-43 | the application's mistake | the run stops |
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.plugin.signing import router_signature

__all__ = ["CHINA", "Means", "Said", "form_of", "instant_of", "listed", "root_of", "said_in", "written"]

CHINA = ZoneInfo("Asia/Shanghai")
"""The platform says GMT+8; since 1991 that is China's."""

_WRITTEN = "%Y-%m-%d %H:%M:%S"
_BAN = re.compile(r"(\d+)\s+more\s+second", re.IGNORECASE)
_LIMITS = frozenset({4, 5, 6, 7, 8})
_AWAY = 10
_SESSION = frozenset({26, 27})
_BEHIND = frozenset({15, 50})
_BUSINESS = 100
"""Codes below are those of the platform's own check of a call."""
_CLOCK = 31


class Means(Enum):
    """What to do after an error."""

    LATER = "later"
    SESSION = "session"
    REFUSED = "refused"
    STOP = "stop"


@frozen
class Said:
    """An error as the platform tells it."""

    code: int
    message: str
    sub_code: str = ""
    sub_message: str = ""

    @property
    def means(self) -> Means:
        """What to do."""
        if self.code in _SESSION:
            return Means.SESSION
        if self.limit or self.code == _AWAY:
            return Means.LATER
        if self.code in _BEHIND:
            return Means.LATER if self.sub_code.startswith("isp.") or not self.sub_code else Means.REFUSED
        theirs = self.code >= _BUSINESS and self.sub_code.startswith("isp.")
        return Means.LATER if theirs else Means.STOP

    @property
    def limit(self) -> bool:
        """Whether there were too many calls, so that this one was not looked at."""
        return self.code in _LIMITS

    @property
    def ban(self) -> float | None:
        """Seconds for which to leave the platform alone; None where it does not say."""
        found = _BAN.search(self.sub_message) or _BAN.search(self.message)
        return float(found.group(1)) if found else None

    @property
    def clock(self) -> bool:
        """Whether it is the clock that is wrong."""
        return self.code == _CLOCK

    def __str__(self) -> str:
        more = " ".join(one for one in (self.sub_code, self.sub_message) if one)
        return f"error {self.code}: {self.message}{f' ({more})' if more else ''}"


def form_of(
    method: str, arguments: Mapping[str, str], *, key: str, secret: str, session: str | None, way: str, now: dt.datetime
) -> dict[str, str]:
    """The form of a call, signed; empty arguments are left out, for they are not signed either."""
    form = {name: value.encode("utf-8", "replace").decode() for name, value in arguments.items() if value}
    form |= {
        "method": method, "app_key": key, "timestamp": written(now), "format": "json", "v": "2.0", "sign_method": way,
    }  # fmt: skip
    if session is not None:
        form["session"] = session
    return {**form, "sign": router_signature(secret, form, way)}


def said_in(body: bytes) -> Mapping[str, object] | None:
    """The object of JSON that a body holds, its numbers exact; None where it holds none."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> object:
    raise ValueError(name)


def root_of(document: Mapping[str, object], method: str) -> Mapping[str, object] | Said | None:
    """What stands below the root of an answer, or the error; None where it is another's answer.

    The root is the method's name with its dots turned to underscores, a leading `taobao.` dropped, and `_response`
    behind; in simplified answers there is none.
    """
    error = document.get("error_response")
    if isinstance(error, Mapping):
        code = error.get("code")
        number = int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
        said = [str(error.get(name) or "") for name in ("msg", "sub_code", "sub_msg")]
        return Said(number, *said)
    root = document.get(method.removeprefix("taobao.").replace(".", "_") + "_response")
    if isinstance(root, Mapping):
        return root
    plain = "request_id" in document and not any(name.endswith("_response") for name in document)
    return document if plain else None


def listed(value: object) -> Sequence[Mapping[str, object]]:
    """The elements of a list, whether it stands in an object named after them or by itself; none where it is absent.

    Raises:
        ValueError: it is no list of objects.
    """
    if isinstance(value, Mapping):
        inner = list(value.values())
        value = inner[0] if len(inner) == 1 else inner
    found = value if isinstance(value, list) else [] if value is None else None
    if found is None or not all(isinstance(one, Mapping) for one in found):
        raise ValueError("a list is none")
    return found


def written(instant: dt.datetime) -> str:
    """An instant as the platform writes it: at GMT+8, in whole seconds."""
    return instant.astimezone(CHINA).strftime(_WRITTEN)


def instant_of(told: object) -> dt.datetime | None:
    """The instant that is written, aware; None where there is none.

    Raises:
        ValueError: it is no instant.
    """
    if told is None or told == "":
        return None
    if not isinstance(told, str):
        raise ValueError("an instant is no text")  # noqa: TRY004 - it is the platform's text that is wrong
    return dt.datetime.strptime(told, _WRITTEN).replace(tzinfo=CHINA)
