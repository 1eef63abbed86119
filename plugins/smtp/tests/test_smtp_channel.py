"""The channel against a real SMTP server on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import ClassVar, Self

import dkim
import pytest
import rulecrm_smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from attrs import evolve
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from rulecrm_smtp import Settings, rulecrm_channels
from rulecrm_smtp.answers import answered
from rulecrm_smtp.channel import SmtpChannel

from rulecrm.plugin import Answered, Channel, Content, Context, Message, Secret, key_of, registry_of
from rulecrm.testing.channels import ChannelContract
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault, Taken

PASSWORD = "correct horse battery"


class MailServer:
    """aiosmtpd with a login, and faults: one for each connection."""

    dead: ClassVar[str | None] = "nobody@example.net"
    opted_out: ClassVar[str | None] = None
    secrets: ClassVar[Sequence[str]] = (PASSWORD,)

    def __init__(self) -> None:
        self.letters: list[tuple[str, EmailMessage]] = []
        self.envelopes: list[Envelope] = []
        self.connections = 0
        self.refusals: dict[str, str] = {"nobody@example.net": "550 5.1.1 <nobody@example.net>: nobody here"}
        self._faults: deque[Fault] = deque()
        self._fault: Fault | None = None
        self._count = 0
        self._controller = Controller(
            self, hostname="127.0.0.1", port=_free(), auth_require_tls=False, authenticator=self._login,
            enable_SMTPUTF8=True, decode_data=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        if fault is Fault.UNREACHABLE:
            self._controller.stop()
            return
        self._faults.extend([fault] * calls)

    def taken(self) -> Sequence[Taken]:
        return [Taken(to, _text(letter), _key(letter)) for to, letter in self.letters]

    # --- what aiosmtpd calls --------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        self._fault = self._faults.popleft() if self._faults else None
        self._count = 0
        return responses

    def _login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = data.login == b"shop" and data.password == PASSWORD.encode()
        return AuthResult(success=good and self._fault is not Fault.CREDENTIALS, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._count += 1
        if self._fault is Fault.THROTTLED:
            return "451 4.7.1 greylisted, come again"
        if self._fault is Fault.HALF and self._count % 2 == 0:
            return "550 5.1.1 no such user"
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self._fault is Fault.BROKEN:
            return "451 4.3.0 local error"
        letter = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(letter, EmailMessage)
        self.envelopes.append(envelope)
        self.letters += [(to, letter) for to in envelope.rcpt_tos]
        if self._fault is Fault.LOST:
            assert server.transport is not None
            server.transport.abort()
        if self._fault is Fault.SLOW:
            await asyncio.sleep(0.8)
        return "<html>" if self._fault is Fault.MALFORMED else "250 2.0.0 queued"


def _free() -> int:
    """A port that nobody uses just now: the controller cannot be asked for the one it was given."""
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        port: int = trying.getsockname()[1]
        return port


def _text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")


def _key(letter: EmailMessage) -> str:
    return str(letter["Message-ID"])[1:].partition("@")[0]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def settings(server: MailServer, **more: object) -> Settings:
    given: dict[str, object] = {
        "host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "Shop <shop@example.com>",
        "username": "shop", "password": Secret("env:SMTP_PASSWORD"), "timeout": 0.4,
    }  # fmt: skip
    return Settings(**{**given, **more})  # type: ignore[arg-type]


CLOCK = FakeClock()


def channel(server: MailServer, **more: object) -> SmtpChannel:
    return SmtpChannel(settings(server, **more), Context(now=CLOCK.now))


def message(address: str = "ann@example.com", **content: str) -> Message:
    words = Content(**{"text": "Come back soon.", "subject": "We miss you", **content})
    return Message(key_of("gift|c1||0|0#1@", 0), "email", "c1", address, words, campaign="gift", step="1", wave=1)


class TestContract(ChannelContract):
    @pytest.fixture
    def provider(self, server: MailServer) -> MailServer:
        return server

    @pytest.fixture
    def opened(self, provider: MailServer) -> Channel:
        return channel(provider)

    def address(self, number: int) -> str:
        return f"c{number}@example.com"

    def content(self, text: str) -> Content:
        return Content(text, subject="From the shop", html="<p>From the shop</p>")


# --- the letter ---------------------------------------------------------------------------------------------------


def sent(server: MailServer, *messages: Message, **more: object) -> list[EmailMessage]:
    answers = asyncio.run(_send(channel(server, **more), messages))
    assert [one.outcome for one in answers] == [Answered.ACCEPTED] * len(messages)
    return [letter for _, letter in server.letters]


async def _send(opened: SmtpChannel, messages: Sequence[Message]) -> list:
    return list(await opened.send(messages))


def test_a_letter_says_who_writes_and_how_to_leave(server: MailServer) -> None:
    marketing = evolve(message(html="<p>Come <b>back</b></p>"), unsubscribe="https://crm.example.com/u/abc.def")
    (letter,) = sent(server, marketing, unsubscribe_mailto="leave@example.com", bounces_to="bounces@example.com")
    assert letter["From"] == "Shop <shop@example.com>"
    assert letter["To"] == "ann@example.com"
    assert letter["Subject"] == "We miss you"
    assert letter["Date"] == "Tue, 11 Nov 2025 02:00:00 +0000"
    assert letter["Message-ID"] == f"<{marketing.key}@example.com>"
    assert letter["List-Unsubscribe"] == (
        f"<https://crm.example.com/u/abc.def>, <mailto:leave@example.com?subject=unsubscribe%20{marketing.key}>"
    )
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert server.envelopes[0].mail_from == "bounces@example.com"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    html = letter.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Come <b>back</b></p>"


def test_a_long_link_for_leaving_is_written_as_it_is(server: MailServer) -> None:
    link = f"https://crm.example.com/a/long/way/u/{'AbC-_9' * 30}"
    marketing = evolve(message(), unsubscribe=link)
    sent(server, marketing, unsubscribe_mailto="leave@example.com")
    raw = server.envelopes[0].content
    assert isinstance(raw, bytes)
    mailto = f"mailto:leave@example.com?subject=unsubscribe%20{marketing.key}"
    assert f"\r\nList-Unsubscribe: <{link}>,\r\n <{mailto}>\r\n".encode() in raw


def test_what_is_no_marketing_has_no_way_to_leave(server: MailServer) -> None:
    (letter,) = sent(server, evolve(message(), purpose="service", unsubscribe="https://crm.example.com/u/abc"))
    assert letter["List-Unsubscribe"] is None
    assert letter["List-Unsubscribe-Post"] is None
    assert letter.get_content_type() == "text/plain"


def test_a_batch_is_one_connection_and_a_letter_each(server: MailServer) -> None:
    people = [evolve(message(f"c{number}@example.com"), key=key_of(f"d{number}", 0)) for number in range(20)]
    letters = sent(server, *people)
    assert server.connections == 1
    assert [str(letter["To"]) for letter in letters] == [one.address for one in people]
    assert all(len(envelope.rcpt_tos) == 1 for envelope in server.envelopes)


@pytest.mark.parametrize(
    "subject", ["=?utf-8?q?=0d=0aBcc:_all@example.com?= Hi", "=?utf-8?b?SGk=?=", "双=?11🎉 " * 40 + "!"]
)
@pytest.mark.parametrize("address", ["ann@example.com", "änn@example.com"])
def test_a_subject_that_looks_encoded_is_words(server: MailServer, subject: str, address: str) -> None:
    sent(server, message(address, subject=subject))
    raw = server.envelopes[0].content
    assert isinstance(raw, bytes)
    assert b"Bcc" not in raw
    assert str(make_header(decode_header(message_from_bytes(raw)["Subject"]))) == subject


def test_half_a_letter_does_not_stop_the_batch(server: MailServer) -> None:
    letters = sent(server, message(text="Hi \ud83d", subject="\ud83d Hi", html="<p>\ud83d</p>"), message())
    assert [letter["Subject"] for letter in letters] == ["? Hi", "We miss you"]


def test_no_subject_makes_a_header(server: MailServer) -> None:
    (letter,) = sent(server, message(subject="Hi\r\nBcc: all@example.com\r\n\r\nevil"))
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Hi Bcc: all@example.com evil"
    assert server.envelopes[0].rcpt_tos == ["ann@example.com"]


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "@example.com", "a\r\nRCPT TO:<b@example.com>@example.com", "a@b@c", "a,b@example.com",
                "Ann <ann@example.com>", "ann@exa mple.com", "ann@example.com\n", "ann\ud83d@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_dead(server: MailServer, address: str) -> None:
    (answer,) = asyncio.run(_send(channel(server), [message(address)]))
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not server.letters
    assert not address or address not in repr(answer)


def test_addresses_of_any_script(server: MailServer) -> None:
    letters = sent(server, message("ann@bücher.example"), evolve(message("安@例え.example"), key=key_of("d2", 0)))
    assert server.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]
    assert server.envelopes[1].rcpt_tos == ["安@xn--r8jz45g.example"]
    assert len(letters) == 2


def test_long_lines_and_dots_arrive_as_they_were(server: MailServer) -> None:
    text = ".\n..dots\n" + "双十一 " * 400
    (letter,) = sent(server, message(text=text))
    assert _text(letter) == text


def test_a_key_signs_the_letter_and_the_ways_to_leave(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = _pair()
    monkeypatch.setenv("DKIM_KEY", private)
    marketing = evolve(message(html="<p>hi</p>"), unsubscribe="https://crm.example.com/u/abc")
    sent(
        server, marketing, dkim_domain="example.com", dkim_selector="s1", dkim_key=Secret("env:DKIM_KEY")
    )  # fmt: skip
    raw = bytes(server.envelopes[0].content or b"")

    def published(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.example.com."
        return f"v=DKIM1; k=rsa; p={public}".encode()

    assert dkim.verify(raw, dnsfunc=published)
    signed = message_from_bytes(raw)["DKIM-Signature"].lower()
    assert "list-unsubscribe" in signed
    assert "list-unsubscribe-post" in signed
    assert not dkim.verify(raw.replace(b"u/abc", b"u/abd"), dnsfunc=published)


def _pair() -> tuple[str, str]:
    """A key pair of its own for the test: the private key as PEM, the public one as DNS publishes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), base64.b64encode(public).decode()


# --- what servers say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("550 5.1.1 nobody", Answered.DEAD_ADDRESS),
        ("550 nobody", Answered.DEAD_ADDRESS),
        ("551 moved", Answered.DEAD_ADDRESS),
        ("550 5.2.1 disabled", Answered.DEAD_ADDRESS),
        ("552 5.2.2 mailbox full", Answered.POLICY),
        ("550 5.7.1 we do not like you", Answered.POLICY),
        ("554 5.7.1 listed", Answered.POLICY),
        ("553 5.1.8 sender's domain unknown", Answered.POLICY),
        ("450 4.2.1 busy", Answered.RETRY),
        ("452 4.2.2 mailbox full", Answered.RETRY),
        ("530 5.7.0 log in first", Answered.CONFIG),
    ],
)  # fmt: skip
def test_a_refused_recipient(server: MailServer, reply: str, outcome: Answered) -> None:
    server.refusals["ann@example.com"] = reply
    other = evolve(message("ben@example.com"), key=key_of("d2", 0))
    answers = asyncio.run(_send(channel(server), [message(), other]))
    assert [one.outcome for one in answers] == [outcome, Answered.ACCEPTED]
    assert [to for to, _ in server.letters] == ["ben@example.com"]
    assert answers[0].code is not None
    assert answers[0].code.startswith(reply[:3])


def test_a_wrong_password_is_told_without_it(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "guess")
    (answer,) = asyncio.run(_send(channel(server), [message()]))
    assert (answer.outcome, answer.code) == (Answered.CONFIG, "535")


def test_a_secret_that_is_not_there_is_told(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signing = {"dkim_domain": "example.com", "dkim_selector": "s1", "dkim_key": Secret("env:NO_SUCH_KEY")}
    (answer,) = asyncio.run(_send(channel(server, **signing), [message()]))
    assert answer.outcome is Answered.CONFIG
    monkeypatch.delenv("SMTP_PASSWORD")
    (answer,) = asyncio.run(_send(channel(server), [message()]))
    assert (answer.outcome, answer.detail) == (Answered.CONFIG, "there is no secret under env:SMTP_PASSWORD")
    assert not server.letters


def test_a_server_that_closes_in_the_midst_leaves_the_rest_for_later(server: MailServer) -> None:
    server.refusals["ann@example.com"] = "421 4.3.2 going down"
    rest = [evolve(message(f"c{number}@example.com"), key=key_of(f"d{number}", 0)) for number in range(3)]
    answers = asyncio.run(_send(channel(server), [message(), *rest]))
    assert {one.outcome for one in answers} == {Answered.RETRY}
    assert not server.letters


def test_a_server_that_cannot_starttls_gets_no_password(server: MailServer) -> None:
    (answer,) = asyncio.run(_send(channel(server, tls="starttls"), [message()]))
    assert answer.outcome is Answered.CONFIG
    assert not server.letters


def test_a_slow_server_does_not_hold_up_for_ever(server: MailServer) -> None:
    server.fail(Fault.SLOW)
    begun = time.monotonic()
    (answer,) = asyncio.run(_send(channel(server), [message()]))
    assert answer.outcome is Answered.UNKNOWN
    assert time.monotonic() - begun < 30


# --- as a plugin --------------------------------------------------------------------------------------------------


def test_it_registers() -> None:
    registry = registry_of({"smtp": rulecrm_smtp})
    assert [one.refused for one in registry.plugins] == [None]
    (kind,) = rulecrm_channels()
    assert registry.channels["smtp"] == kind
    assert kind.channel == "email"


def test_a_recipient_that_a_server_cannot_read_closes_no_route() -> None:
    assert answered(501, "Bad recipient address syntax", recipient=True) is Answered.DEAD_ADDRESS
    assert answered(501, "5.5.4 Syntax error", recipient=True) is Answered.CONFIG
    assert answered(501, "Bad sender address syntax", recipient=False) is Answered.CONFIG
