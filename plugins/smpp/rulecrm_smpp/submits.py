"""What is submitted for a message.

In: a message, spelt. Out: the bodies of its submit_sm (SMPP 3.4, 4.4.1), one or one a part.
Invariant: at most one of them asks for a receipt, the last, so that a message has one.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence

from rulecrm.plugin import Message
from rulecrm_smpp.alphabet import Spelt
from rulecrm_smpp.pdus import Tag, c_octets, tlv
from rulecrm_smpp.settings import Settings

__all__ = ["bodies_of", "validity"]

_UDHI = 0x40
"""Of esm_class: a header of user data comes first (5.2.12)."""

_LONGEST_VALIDITY = dt.timedelta(days=30)


def bodies_of(message: Message, number: str, spelt: Spelt, settings: Settings, now: dt.datetime) -> Sequence[bytes]:
    """The bodies for a message.

    Args:
        message: its key marks the parts that belong together, its end is until when it may be delivered.
        number: where it goes, without a plus.
        spelt: its words.
        settings: whom it comes from, and how long messages go.
        now: the instant from which its end is counted.
    """
    if len(spelt.parts) == 1:
        return [_before(message, number, 0, settings, now) + _after(spelt.coding, spelt.whole, receipt=True)]
    if settings.long == "payload":
        before = _before(message, number, 0, settings, now)
        return [before + _after(spelt.coding, b"", receipt=True) + tlv(Tag.MESSAGE_PAYLOAD, spelt.whole)]
    before, total, mark = _before(message, number, _UDHI, settings, now), len(spelt.parts), message.number % 256
    return [
        # 3GPP TS 23.040, 9.2.3.24.1: which message, of how many parts, the how manieth
        before + _after(spelt.coding, bytes([5, 0, 3, mark, total, place]) + part, receipt=place == total)
        for place, part in enumerate(spelt.parts, 1)
    ]


def validity(left: dt.timedelta) -> str:
    """How long a message may wait, as a relative time (7.1.1.1)."""
    seconds = int(min(max(left, dt.timedelta(seconds=1)), _LONGEST_VALIDITY).total_seconds())
    days, rest = divmod(seconds, 86_400)
    return f"0000{days:02}{rest // 3600:02}{rest // 60 % 60:02}{rest % 60:02}000R"


def _before(message: Message, number: str, esm_class: int, settings: Settings, now: dt.datetime) -> bytes:
    """service_type to validity_period."""
    ton, npi = _plan(settings)
    source = settings.sender.removeprefix("+") if ton == 1 else settings.sender
    until = validity(message.expires - now) if message.expires is not None else ""
    return b"".join(
        [
            c_octets(settings.service),
            bytes([ton, npi]) + c_octets(source),
            b"\x01\x01" + c_octets(number),  # an international number
            bytes([esm_class, 0, 0]),  # no protocol_id, no priority_flag
            c_octets("") + c_octets(until),  # at once
        ]
    )


def _after(coding: int, octets: bytes, *, receipt: bool) -> bytes:
    """registered_delivery, replace_if_present, data_coding, no message of the centre's own, and the words."""
    return struct.pack("5B", int(receipt), 0, coding, 0, len(octets)) + octets


def _plan(settings: Settings) -> tuple[int, int]:
    """Type and plan of the sender's number (5.2.5, 5.2.6): international, of the network, or a name."""
    sender = settings.sender
    if sender.startswith("+"):
        ton, npi = 1, 1
    elif sender.isdigit():
        ton, npi = (3, 0) if len(sender) <= 8 else (1, 1)
    else:
        ton, npi = 5, 0
    given_ton, given_npi = settings.sender_ton, settings.sender_npi
    return ton if given_ton is None else given_ton, npi if given_npi is None else given_npi
