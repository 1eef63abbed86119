"""What a message centre delivers: receipts, and what people answer.

In: deliver_sm. Out: receipts.
Invariant: the same delivery told twice has the same id.

The text of a receipt is the one that SMPP 3.4 suggests in its appendix B; where the parameters receipted_message_id and
message_state come along, they are believed first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from rulecrm.plugin import Context, Receipt, Received
from rulecrm_smpp.alphabet import decode
from rulecrm_smpp.pdus import Delivered, Tag, first_text
from rulecrm_smpp.settings import Settings

__all__ = ["STOP_WORDS", "receipts_of"]

STOP_WORDS = frozenset(
    {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "стоп", "退订", "r", "td"}
)

_FIELD = re.compile(r"(id|done date|stat|err):\s*([^\s]*)", re.IGNORECASE)

_STATES: Mapping[int, str] = MappingProxyType({2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"})
_BOUNCED = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})


def receipts_of(delivered: Delivered, settings: Settings, context: Context) -> list[Receipt]:
    """What a delivery tells; a receipt of a message that is still under way tells nothing.

    Raises:
        ValueError: a receipt names no message.
    """
    text = decode(delivered.octets, delivered.coding)
    if delivered.receipt:
        return _report(delivered, text, settings, context)
    return [_reply(delivered, text, context)]


def _report(delivered: Delivered, text: str, settings: Settings, context: Context) -> list[Receipt]:
    fields = {name.lower(): value for name, value in reversed(_FIELD.findall(text))}  # of a name twice the first
    tagged = first_text(delivered.tags.get(Tag.RECEIPTED_MESSAGE_ID, b""))
    known = tagged or _as_answered(fields.get("id", ""), settings.ids)
    if not known:
        raise ValueError("a receipt names no message")
    state = delivered.tags.get(Tag.MESSAGE_STATE, b"")
    status = _STATES.get(state[0], "") if state else fields.get("stat", "").upper()
    at = _instant(fields.get("done date", ""), settings.zone, context)
    address = _address(delivered.source)
    if status == "DELIVRD":
        return [Receipt(f"{known}:{status}", Received.DELIVERED, at, provider_id=known, address=address)]
    if status not in _BOUNCED:  # ENROUTE, ACCEPTD, UNKNOWN
        return []
    reason = "hard" if fields.get("err", "") in settings.hard else "soft"
    return [Receipt(f"{known}:{status}", Received.BOUNCED, at, provider_id=known, address=address, reason=reason)]


def _reply(delivered: Delivered, text: str, context: Context) -> Receipt:
    """A message has neither id nor time: who, what, and in which ten minutes make one."""
    at, address = context.now(), _address(delivered.source)
    stops = " ".join(text.lower().strip(" \r\n.!。").split()) in STOP_WORDS
    slot = int(at.timestamp()) // 600
    event = hashlib.sha256(f"{slot}|{address}|".encode() + delivered.octets).hexdigest()[:24]
    return Receipt(f"mo:{event}", Received.UNSUBSCRIBED if stops else Received.REPLIED, at, address=address, text=text)


def _as_answered(given: str, ids: str) -> str:
    """The id as the answer to submit_sm wrote it: some centres write one in decimal and the other in hexadecimal."""
    try:
        if ids == "hex-decimal":
            return f"{int(given):X}"
        if ids == "decimal-hex":
            return str(int(given, 16))
    except ValueError:
        return given
    return given


def _address(source: str) -> str:
    return f"+{source.removeprefix('+')}" if source.removeprefix("+").isdigit() else source


def _instant(given: str, zone: str, context: Context) -> dt.datetime:
    """YYMMDDhhmm, with seconds at some centres; where it makes no sense, it is now."""
    for form in ("%y%m%d%H%M", "%y%m%d%H%M%S"):
        try:
            if len(given) == len(form):
                return dt.datetime.strptime(given, form).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            continue
    return context.now()
