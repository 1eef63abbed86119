"""The settings of a route over SMPP.

In: a table of the settings file. Out: `Settings`.
Invariant: settings that cannot work never become a channel; every limit of the protocol is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen

from rulecrm.plugin import Answered, Secret

__all__ = ["Settings"]

_ONE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bind": ("transceiver", "pair", "transmitter"),
        "alphabet": ("gsm", "latin1", "ucs2"),
        "long": ("udh", "payload"),
        "ids": ("same", "hex-decimal", "decimal-hex"),
    }
)


@frozen
class Settings:
    """What a route over SMPP is set up with.

    Attributes:
        host: the message centre.
        port: its port.
        system: system_id, at most 15 letters.
        password: its password.
        sender: whom messages come from: a number, a short code, or a name of at most 11 letters.
        tls: whether the connection is TLS from its first byte.
        kind: system_type, where the contract names one.
        service: service_type, where the contract names one.
        bind: `transceiver`: one session that sends and receives; `pair`: a transmitter that sends and a receiver that
        is
            bound only to be polled; or `transmitter` where no receipts are wanted.
        sender_ton: type of the sender's number; None works it out: 1 for +…, 3 for a short code, 5 for a name.
        sender_npi: plan of the sender's number; None works it out.
        alphabet: what data_coding 0 is: `gsm` (GSM 03.38), or send `latin1` (3) or `ucs2` (8) always. What does not fit
            is sent as UCS-2.
        long: how long messages go: `udh` (parts with a header) or `payload` (one message_payload).
        window: most messages without an answer.
        per_second: most messages a second, or None.
        ids: `same`, or how receipts write the ids of answers: `hex-decimal` (the answer's hexadecimal as decimal),
            `decimal-hex`.
        hard: error codes of receipts (`err:`) that say that nobody has the number.
        codes: outcomes of the centre's own statuses: `{ "0x0410" = "opted out" }`.
        zone: IANA name of the zone of the times in receipts.
        enquire: seconds between two questions whether the centre is still there.
        timeout: seconds to wait for a connection and for each answer.
        listen: seconds that a poll waits for the centre, where nothing has come yet.
        keep: most receipts that wait to be written; more are left with the centre.
        price: about what one part costs, for estimates.
        currency: of `price`.

    Raises:
        ValueError: a word is none of those, or a text is longer than the protocol allows.
    """

    host: str
    system: str
    password: Secret
    sender: str
    port: int = 2775
    tls: bool = False
    kind: str = ""
    service: str = ""
    bind: str = "transceiver"
    sender_ton: int | None = None
    sender_npi: int | None = None
    alphabet: str = "gsm"
    long: str = "udh"
    window: int = 10
    per_second: int | None = None
    ids: str = "same"
    hard: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    zone: str = "UTC"
    enquire: float = 30.0
    timeout: float = 10.0
    listen: float = 2.0
    keep: int = 10_000
    price: Decimal | None = None
    currency: str = "USD"

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        for name, words in _ONE_OF.items():
            if getattr(self, name) not in words:
                raise ValueError(f"`{name}` is one of {', '.join(words)}")
        for name, most in (("system", 15), ("kind", 12), ("service", 5), ("sender", 20)):
            text: str = getattr(self, name)
            if len(text) > most or not text.isascii() or not text.isprintable():
                raise ValueError(f"`{name}` has at most {most} letters of ASCII")
        if not self.sender.removeprefix("+").isdigit() and len(self.sender) > 11:
            raise ValueError("a `sender` that is a name has at most 11 letters")
        if min(self.timeout, self.enquire, self.window, self.keep, self.per_second or 1) <= 0 or self.listen < 0:
            raise ValueError("`timeout`, `enquire`, `window`, `keep` and `per_second` are greater than 0")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"`zone` {self.zone} is no time zone") from None
        self.meanings()

    def meanings(self) -> Mapping[int, Answered]:
        """The outcomes of the centre's own statuses, by number.

        Raises:
            ValueError: a code is no number, or an outcome is none.
        """
        return MappingProxyType({int(code, 16): Answered(outcome) for code, outcome in self.codes.items()})
