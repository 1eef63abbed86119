"""How many messages of a mobile network a text is.

In: a text. Out: the alphabet it is sent in, how much of it there is, and in how many parts it goes.
Invariant: a part ends neither between the halves of a surrogate pair nor between an escape and what it escapes.

3GPP TS 23.038 §6.2.1 gives the alphabet and its extension, TS 23.040 §9.2.3.24.1 the header of six octets that each
part of several begins with: 160 septets alone and 153 each, or 70 code units of UCS-2 alone and 67 each. The Chinese
networks count texts the same way (70 characters, then 67 each), signature and refusal notice included.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from rulecrm.model.sending import Price

__all__ = ["Segments", "finish", "segments"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape, and the character."""


@frozen
class Segments:
    """What a text comes to.

    Attributes:
        encoding: `GSM-7`, or `UCS-2` where a character is not in that alphabet.
        units: septets of GSM-7, code units (of 16 bits) of UCS-2.
        count: in how many parts it goes; 0 for an empty text.
        odd: the characters that are not in GSM-7, in the order of the text.
    """

    encoding: str
    units: int
    count: int
    odd: tuple[str, ...] = ()

    def cost(self, price: Price) -> Price:
        """What it costs, where one part costs `price`."""
        return Price(price.amount * self.count, price.currency)


def segments(text: str) -> Segments:
    """Count a text."""
    odd = tuple(dict.fromkeys(each for each in text if each not in _BASIC and each not in _EXTENDED))
    if odd:
        widths = [2 if ord(each) > 0xFFFF else 1 for each in text]
        return Segments("UCS-2", sum(widths), _parts(widths, 70, 67), odd)
    widths = [2 if each in _EXTENDED else 1 for each in text]
    return Segments("GSM-7", sum(widths), _parts(widths, 160, 153))


def _parts(widths: Iterable[int], alone: int, each: int) -> int:
    widths = list(widths)
    if sum(widths) <= alone:
        return 1 if widths else 0
    count, used = 1, 0
    for width in widths:
        if used + width > each:
            count, used = count + 1, 0
        used += width
    return count


def finish(text: str, *, signature: str | None = None, notice: str | None = None) -> str:
    """A text with what it must begin and end with; what it has already is not said again.

    Args:
        text: the words of a template.
        signature: who is speaking, as the network shows it in front: `【Shop】`; None where the provider adds it.
        notice: how to refuse further messages (`Traits.notice`), at the end; None where none is wanted.
    """
    if signature and not text.lstrip().startswith(signature) and not text.rstrip().endswith(signature):
        text = signature + text
    if notice and notice not in text:
        text = text.rstrip() + ("" if _wide(text, notice) else " ") + notice
    return text


def _wide(text: str, notice: str) -> bool:
    """Whether no space belongs between: Chinese is written without."""
    return any(each > "\u2fff" for each in (text.rstrip()[-1:], notice[:1]))
