"""Protocol data units of SMPP 3.4, as far as a sender of messages needs them.

In: fields, octets. Out: octets, fields.
Invariant: what is packed has exactly the length that its header says; what is unpacked is checked to its end.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

__all__ = ["Command", "Delivered", "Pdu", "Tag", "c_octets", "first_text", "tlv", "unpack_deliver"]

HEADER: Final = struct.Struct(">IIII")
"""Length, command, status, sequence number."""

LONGEST: Final = 70_000
"""Most octets of a PDU that is believed: a message_payload has 64 KiB at most."""


class Command:
    """Commands (5.1.2.1); an answer has the highest bit set."""

    NACK: Final = 0x80000000
    BIND_RECEIVER: Final = 0x00000001
    BIND_TRANSMITTER: Final = 0x00000002
    SUBMIT_SM: Final = 0x00000004
    DELIVER_SM: Final = 0x00000005
    UNBIND: Final = 0x00000006
    BIND_TRANSCEIVER: Final = 0x00000009
    ENQUIRE_LINK: Final = 0x00000015
    ANSWER: Final = 0x80000000


class Tag:
    """Tags of optional parameters (5.3.2)."""

    RECEIPTED_MESSAGE_ID: Final = 0x001E
    MESSAGE_PAYLOAD: Final = 0x0424
    MESSAGE_STATE: Final = 0x0427


@frozen
class Pdu:
    """One unit; the body of a bind holds a password, that of a message its words."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """As it goes out."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body

    def answer(self, status: int = 0, body: bytes = b"") -> Pdu:
        """The answer to it."""
        return Pdu(self.command | Command.ANSWER, self.sequence, status, body)


@frozen
class Delivered:
    """What a deliver_sm brings."""

    source: str = field(repr=False)
    esm_class: int
    coding: int
    octets: bytes = field(repr=False)
    tags: Mapping[int, bytes] = field(repr=False)

    @property
    def receipt(self) -> bool:
        """Whether it is a delivery receipt (5.2.12): bits 5 to 2 of esm_class are 0001."""
        return self.esm_class & 0x3C == 0x04


def c_octets(text: str) -> bytes:
    """A text with its final null."""
    return text.encode("ascii") + b"\0"


def tlv(tag: int, value: bytes) -> bytes:
    """An optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


def first_text(body: bytes) -> str:
    """The text that a body begins with, such as the message_id of a submit_sm_resp; some centres leave its null out."""
    return body.partition(b"\0")[0].decode("ascii", "replace")


def unpack_deliver(body: bytes) -> Delivered:
    """Read a deliver_sm.

    Raises:
        ValueError: it ends too soon, or does not end where it says.
    """
    try:
        _, at = _text(body, 0)  # service_type
        source, at = _text(body, at + 2)
        _, at = _text(body, at + 2)  # destination_addr
        esm_class = body[at]
        _, at = _text(body, at + 3)  # schedule_delivery_time
        _, at = _text(body, at)  # validity_period
        coding, length = body[at + 2], body[at + 4]
        octets, at = body[at + 5 : at + 5 + length], at + 5 + length
        tags: dict[int, bytes] = {}
        while at < len(body):
            tag, size = struct.unpack_from(">HH", body, at)
            tags[tag], at = body[at + 4 : at + 4 + size], at + 4 + size
    except (IndexError, struct.error):
        raise ValueError("the unit ends too soon") from None
    if at != len(body):
        raise ValueError("the unit ends too soon")
    octets = tags.get(Tag.MESSAGE_PAYLOAD, octets)
    if esm_class & 0x40 and octets:  # a header of user data comes first; its first octet is its length
        octets = octets[1 + octets[0] :]
    return Delivered(source, esm_class, coding, octets, tags)


def _text(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(b"\0", at)  # a ValueError where there is none
    return body[at:end].decode("ascii", "replace"), end + 1
