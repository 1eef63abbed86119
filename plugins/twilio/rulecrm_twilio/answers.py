"""What Twilio's answers mean.

In: a status of HTTP and a body. Out: an `Answer`.
Invariant: nothing that Twilio writes in words is passed on, for its sentences repeat the recipient's number.

The codes are those of Twilio's error dictionary (twilio.com/docs/api/errors). A request that is answered with 4xx was
not taken; 429 says so in so many words (error 20429). Of 5xx Twilio promises nothing, so the answer is `unknown`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from attrs import frozen

from rulecrm.plugin import Answer, Answered, Price, retry_after

__all__ = ["Meaning", "answer_of", "meaning_of"]

_FAILED = frozenset({"failed", "undelivered", "canceled"})


@frozen
class Meaning:
    """What a code means: for the message, in words, and whether it concerns all that goes through the account."""

    outcome: Answered
    detail: str
    route: bool = False


def _table() -> dict[int, Meaning]:
    dead, out, policy, config = Answered.DEAD_ADDRESS, Answered.OPTED_OUT, Answered.POLICY, Answered.CONFIG
    retry, quota = Answered.RETRY, Answered.WAIT_QUOTA
    return {
        # the account
        20003: Meaning(config, "the account or the token is not right"),
        20005: Meaning(config, "the account is not active"),
        20006: Meaning(config, "the key may not send"),
        20008: Meaning(config, "test credentials do not send"),
        20404: Meaning(config, "there is no such account"),
        20429: Meaning(retry, "too many requests at once", route=True),
        30002: Meaning(config, "the account is suspended"),
        # the sender
        21212: Meaning(config, "the sender is no number"),
        21603: Meaning(config, "a sender is required"),
        21606: Meaning(config, "the sender is not the account's, or cannot send SMS"),
        21659: Meaning(config, "the sender is not the account's"),
        21660: Meaning(config, "the sender is another account's"),
        21661: Meaning(config, "the sender cannot send SMS"),
        21701: Meaning(config, "there is no such messaging service"),
        21703: Meaning(config, "the messaging service has no number"),
        21704: Meaning(config, "the messaging service has no number left"),
        21705: Meaning(config, "the messaging service is not right"),
        30034: Meaning(config, "the number is not registered for the United States (A2P 10DLC)"),
        21609: Meaning(config, "the callback's address is not valid"),
        11100: Meaning(config, "the callback's address is not valid"),
        # the recipient
        21211: Meaning(dead, "that is no phone number"),
        21214: Meaning(dead, "the number cannot be reached"),
        21217: Meaning(dead, "that is no phone number"),
        21265: Meaning(dead, "short codes receive no messages"),
        21614: Meaning(dead, "the number is not a mobile's"),
        21635: Meaning(dead, "the number is a landline's"),
        30005: Meaning(dead, "nobody has the number"),
        30006: Meaning(dead, "a landline, or a carrier that cannot be reached"),
        21610: Meaning(out, "the recipient has answered STOP"),
        # what may be sent, and where to
        21408: Meaning(policy, "the account may not send to that country"),
        21612: Meaning(policy, "this sender does not reach that number"),
        21602: Meaning(policy, "a text is required"),
        21605: Meaning(policy, "the text is too long"),
        21617: Meaning(policy, "the text is too long"),
        21619: Meaning(policy, "a text is required"),
        21656: Meaning(policy, "the template's parameters are not right"),
        30007: Meaning(policy, "a carrier filtered it"),
        # how much may be sent
        14107: Meaning(retry, "too many messages a second", route=True),
        21611: Meaning(retry, "the sender's queue is full", route=True),
        30001: Meaning(retry, "the queue is full", route=True),
        30003: Meaning(retry, "the handset cannot be reached at present"),
        30022: Meaning(retry, "too many messages a second for this registration", route=True),
        30023: Meaning(quota, "the registration's messages of the day are used up", route=True),
        63038: Meaning(quota, "the account's messages of the day are used up", route=True),
    }


_MEANINGS: Mapping[int, Meaning] = MappingProxyType(_table())


def meaning_of(code: int | None, status: int = 400) -> Meaning:
    """What a code means; of one that is not listed, what the status of HTTP says."""
    known = _MEANINGS.get(code) if code is not None else None
    if known is not None:
        return known
    if status == 429:
        return Meaning(Answered.RETRY, "too many requests", route=True)
    if status in {401, 403, 404, 405, 407} or 300 <= status < 400:
        return Meaning(Answered.CONFIG, f"refused with HTTP {status}")
    if 400 <= status < 500:
        return Meaning(Answered.POLICY, f"refused with HTTP {status}")
    return Meaning(Answered.UNKNOWN, f"HTTP {status}")


def answer_of(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], dt.datetime]) -> Answer:
    """What an answer of the Messages resource says of the message.

    Args:
        status: of HTTP.
        headers: by name, whatever the case.
        body: as it came.
        now: the clock, for `Retry-After` in seconds.
    """
    told = _document(body)
    if 200 <= status < 300:
        return _created(told)
    code = _number(told.get("code"))
    if status >= 500:
        return Answer(
            Answered.UNKNOWN, code=str(code or status), detail=f"Twilio has an error of its own, HTTP {status}"
        )
    meaning = meaning_of(code, status)
    waits = meaning.outcome in {Answered.RETRY, Answered.WAIT_QUOTA}
    return Answer(
        meaning.outcome,
        not_before=retry_after(headers, now()) if waits else None,
        code=str(code or status),
        detail=meaning.detail,
        route=meaning.route,
    )


def _created(told: Mapping[str, object]) -> Answer:
    sid = told.get("sid")
    if not isinstance(sid, str) or not sid:
        return Answer(Answered.UNKNOWN, detail="the answer makes no sense")
    status, code = told.get("status"), _number(told.get("error_code"))
    outcome, detail = Answered.ACCEPTED, None
    if status in _FAILED:
        meaning = meaning_of(code)
        outcome, detail = meaning.outcome, meaning.detail
    elif status in {"delivered", "read"}:
        outcome = Answered.DELIVERED
    return Answer(
        outcome,
        provider_id=sid,
        code=str(code) if code else None,
        detail=detail,
        units=_number(told.get("num_segments")) or None,
        price=_price(told.get("price"), told.get("price_unit")),
    )


def _document(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _number(given: object) -> int | None:
    """Twilio writes some numbers as texts."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else None


def _price(amount: object, currency: object) -> Price | None:
    """Twilio writes what is charged as a negative amount, and null as long as it does not know."""
    if not isinstance(amount, str | int | float) or not isinstance(currency, str):
        return None
    try:
        return Price(abs(Decimal(str(amount))), currency.upper())
    except InvalidOperation:
        return None
