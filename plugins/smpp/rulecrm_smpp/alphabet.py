"""Texts as telephones take them.

In: a text. Out: its octets, in parts, and what they are written in.
Invariant: the parts, joined, are the text; no letter of two codes is cut in two.

GSM 03.38 goes as one octet a septet, as message centres take it. A part that is one of several has 6 octets of header,
so that 153 septets, or 134 octets, are left of 160 and 140.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from attrs import frozen

__all__ = ["GSM", "LATIN1", "UCS2", "Spelt", "decode", "spell"]

GSM, LATIN1, UCS2 = 0, 3, 8
"""Values of data_coding (SMPP 3.4, 5.2.19)."""

# 3GPP TS 23.038, 6.2.1 and 6.2.1.1; the code 0x1B leads to the second table.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_SECOND = MappingProxyType(
    {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
)
_CODES = MappingProxyType(
    {letter: bytes([code]) for code, letter in enumerate(_BASIC) if code != _ESCAPE}
    | {letter: bytes([_ESCAPE, code]) for letter, code in _SECOND.items()}
)
_FIRST = MappingProxyType({code: letter for code, letter in enumerate(_BASIC) if code != _ESCAPE})
_AFTER_ESCAPE = MappingProxyType({code: letter for letter, code in _SECOND.items()})

_WHOLE = MappingProxyType({GSM: 160, LATIN1: 140, UCS2: 140})
_PART = MappingProxyType({GSM: 153, LATIN1: 134, UCS2: 134})


@frozen
class Spelt:
    """A text in octets: the coding, and the parts it would go in; one, where it fits one message."""

    coding: int
    parts: tuple[bytes, ...]

    @property
    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self.parts)


def spell(text: str, alphabet: str = "gsm") -> Spelt:
    """Write a text in an alphabet, or in UCS-2 where it has letters that the alphabet lacks."""
    letters: Sequence[bytes] | None = None
    coding = UCS2
    if alphabet == "gsm" and all(letter in _CODES for letter in text):
        coding, letters = GSM, [_CODES[letter] for letter in text]
    elif alphabet == "latin1" and all(ord(letter) < 256 for letter in text):
        coding, letters = LATIN1, [letter.encode("latin-1") for letter in text]
    if letters is None:  # a letter outside the basic plane is two codes of two octets
        letters = [letter.encode("utf-16-be", "surrogatepass") for letter in text]
    if sum(map(len, letters)) <= _WHOLE[coding]:
        return Spelt(coding, (b"".join(letters),))
    parts: list[bytearray] = [bytearray()]
    for letter in letters:
        if len(parts[-1]) + len(letter) > _PART[coding]:
            parts.append(bytearray())
        parts[-1] += letter
    return Spelt(coding, tuple(bytes(part) for part in parts))


def decode(octets: bytes, coding: int) -> str:
    """The text of octets; what no alphabet has is shown as U+FFFD."""
    if coding == UCS2:
        return octets.decode("utf-16-be", "replace")
    if coding != GSM:
        return octets.decode("latin-1")
    text: list[str] = []
    codes = iter(octets)
    for code in codes:
        if code == _ESCAPE:
            text.append(_AFTER_ESCAPE.get(next(codes, 0x20), "\ufffd"))
        else:
            text.append(_FIRST.get(code, "\ufffd"))
    return "".join(text)
