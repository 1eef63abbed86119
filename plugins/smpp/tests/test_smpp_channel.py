"""The channel against a small, strict message centre, written from the SMPP 3.4 specification."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import socket
import socketserver
import struct
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from attrs import define, evolve, field
from rulecrm_smpp import Settings
from rulecrm_smpp.alphabet import decode
from rulecrm_smpp.answers import answer_of
from rulecrm_smpp.channel import Smpp

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Message,
    Receipt,
    Received,
    Secret,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault, Taken

T = TypeVar("T")

SYSTEM, PASSWORD = "shop", "s3cretpw"
SLOW = 1.5

TIME = re.compile(r"\d{12}000R|")


@define
class Submitted:
    """The fields of a submit_sm."""

    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    validity: str
    registered: int
    coding: int
    octets: bytes
    tags: dict[int, bytes] = field(factory=dict)


class Centre:
    """A message centre on a loopback port.

    Attributes:
        statuses: what each next submit_sm is answered with; 0 beyond.
        commands: every command that came, of all sessions, in order.
        submitted: every submit_sm that came.
    """

    dead: str | None = "+4915100000000"
    opted_out: str | None = "+4915100000001"
    secrets: Sequence[str] = (PASSWORD,)

    def __init__(self) -> None:
        self.statuses: deque[int] = deque()
        self.commands: list[int] = []
        self.submitted: list[Submitted] = []
        self.ids: Callable[[int], str] = lambda number: f"M{number}"
        self.answers = True
        self._taken: list[Taken] = []
        self._parts: dict[tuple[str, int], dict[int, Submitted]] = {}
        self._faults: deque[Fault] = deque()
        self._stop = threading.Event()
        self._sessions: list[_Session] = []
        centre = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                session = _Session(centre, self.request)
                centre._sessions.append(session)
                with contextlib.suppress(OSError):
                    session.run()
                with contextlib.suppress(OSError):
                    self.request.shutdown(socket.SHUT_RDWR)

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server: socketserver.ThreadingTCPServer | None = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), Handler
        )
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        assert self._server is not None
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.shut()

    def shut(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        for session in self._sessions:
            with contextlib.suppress(OSError):
                session.socket.shutdown(socket.SHUT_RDWR)

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        if fault is Fault.UNREACHABLE:
            self.shut()
        else:
            self._faults.extend([fault] * calls)

    def taken(self) -> Sequence[Taken]:
        return tuple(self._taken)

    def fault(self, *kinds: Fault) -> Fault | None:
        return self._faults.popleft() if self._faults and (not kinds or self._faults[0] in kinds) else None

    def deliver(
        self, text: str, *, esm_class: int = 0, coding: int = 0, source: str = "4915112345001", tags: bytes = b""
    ) -> int:
        """Deliver to the latest session; the status that it answers with."""
        return self._sessions[-1].deliver(
            text.encode("latin-1") if coding != 8 else text.encode("utf-16-be"), esm_class, coding, source, tags
        )

    def take(self, one: Submitted) -> None:
        address, octets = f"+{one.destination[2]}", one.octets
        if one.esm_class & 0x40:
            assert octets[:3] == b"\x05\x00\x03", octets[:6]
            mark, total, place = octets[3:6]
            parts = self._parts.setdefault((address, mark), {})
            assert 1 <= place <= total
            assert place not in parts, "a part came twice"
            parts[place] = one
            assert one.registered == (place == total)
            if len(parts) < total:
                return
            octets = b"".join(parts[number].octets[6:] for number in range(1, total + 1))
            self._parts.pop((address, mark))
        text = decode(octets, one.coding) if one.coding != 8 else octets.decode("utf-16-be")
        self._taken.append(Taken(address, text))


class _Session:
    def __init__(self, centre: Centre, connection: socket.socket) -> None:
        self.centre, self.socket = centre, connection
        self.bound: int | None = None
        self.latest = 0
        self.lock = threading.Lock()
        self.delivered: dict[int, tuple[threading.Event, list[int]]] = {}

    def run(self) -> None:
        while True:
            head = self.exactly(16)
            if head is None:
                return
            length, command, status, number = struct.unpack(">4I", head)
            assert 16 <= length < 70_000, length
            body = self.exactly(length - 16) or b""
            if command == 0x80000005:
                event, statuses = self.delivered.pop(number)
                statuses.append(status)
                event.set()
                continue
            self.centre.commands.append(command)
            assert number == self.latest + 1, "sequence numbers go up by one"
            assert status == 0
            self.latest = number
            if not self.serve(command, number, body):
                return

    def serve(self, command: int, number: int, body: bytes) -> bool:
        if command in {1, 2, 9}:
            return self.bind(command, number, body)
        if command == 0x15:
            if self.centre.answers:
                self.say(command, number)
            return True
        if command == 6:
            self.say(command, number)
            return False
        if command != 4:
            self.say(0, number, 0x03)
            return True
        if self.bound not in {2, 9}:
            self.say(command, number, 0x04)
            return True
        return self.submit(number, body)

    def bind(self, command: int, number: int, body: bytes) -> bool:
        system, rest = cut(body, 15)
        password, rest = cut(rest, 8)
        _, rest = cut(rest, 12)
        assert rest[0] == 0x34
        _, rest = cut(rest[3:], 40)
        assert not rest
        fault = self.centre.fault(Fault.CREDENTIALS)
        if (system, password) != (SYSTEM, PASSWORD) or fault:
            self.say(command, number, 0x0E)
            return False
        self.bound = command
        self.say(command, number, 0, b"centre\0")
        return True

    def submit(self, number: int, body: bytes) -> bool:
        one = read_submit(body)
        self.centre.submitted.append(one)
        fault = self.centre.fault()
        status = {Fault.THROTTLED: 0x58, Fault.BROKEN: 0x08, Fault.CREDENTIALS: 0x04}.get(fault, 0) if fault else 0
        status = status or (self.centre.statuses.popleft() if self.centre.statuses else 0)
        address = f"+{one.destination[2]}"
        if address == self.centre.dead:
            status = 0x0B
        if address == self.centre.opted_out:
            status = 0x0410
        if status:
            self.say(4, number, status)
            return True
        self.centre.take(one)
        if fault is Fault.LOST:
            return False
        if fault is Fault.SLOW:
            self.centre._stop.wait(SLOW)
        if fault is Fault.MALFORMED:
            with self.lock:
                self.socket.sendall(b"<html><body>Bad gateway")
            return True
        self.say(4, number, 0, self.centre.ids(len(self.centre.submitted)).encode() + b"\0")
        return True

    def deliver(self, octets: bytes, esm_class: int, coding: int, source: str, tags: bytes) -> int:
        number = 1000 + len(self.centre.commands) + len(self.delivered)
        body = b"\0\x01\x01" + source.encode() + b"\0\x01\x01shop\0" + bytes([esm_class, 0, 0]) + b"\0\0"
        body += bytes([0, 0, coding, 0, len(octets)]) + octets + tags
        event, statuses = threading.Event(), list[int]()
        self.delivered[number] = event, statuses
        with self.lock:
            self.socket.sendall(struct.pack(">4I", 16 + len(body), 5, 0, number) + body)
        assert event.wait(2), "the delivery was not answered"
        return statuses[0]

    def say(self, command: int, number: int, status: int = 0, body: bytes = b"") -> None:
        with self.lock:
            self.socket.sendall(struct.pack(">4I", 16 + len(body), command | 0x80000000, status, number) + body)

    def exactly(self, count: int) -> bytes | None:
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                return None
            got += more
        return got


def cut(body: bytes, most: int) -> tuple[str, bytes]:
    text, null, rest = body.partition(b"\0")
    assert null
    assert len(text) <= most, text
    return text.decode("ascii"), rest


def read_submit(body: bytes) -> Submitted:
    _, rest = cut(body, 5)
    source_ton, source_npi = rest[:2]
    source, rest = cut(rest[2:], 20)
    ton, npi = rest[:2]
    destination, rest = cut(rest[2:], 20)
    assert destination.isdigit(), destination
    esm_class, protocol, priority = rest[:3]
    assert (protocol, priority) == (0, 0)
    schedule, rest = cut(rest[3:], 16)
    validity, rest = cut(rest, 16)
    assert schedule == ""
    assert TIME.fullmatch(validity), validity
    registered, replace, coding, default, length = rest[:5]
    assert (replace, default) == (0, 0)
    assert coding in {0, 3, 8}
    octets, rest = rest[5 : 5 + length], rest[5 + length :]
    assert len(octets) == length <= 254
    tags = {}
    while rest:
        tag, size = struct.unpack(">HH", rest[:4])
        assert len(rest) >= 4 + size
        tags[tag], rest = rest[4 : 4 + size], rest[4 + size :]
    if 0x0424 in tags:
        assert not octets
        octets = tags[0x0424]
    else:
        assert len(octets) <= (160 if coding == 0 else 140), "it does not fit one message"
    return Submitted(
        (source_ton, source_npi, source), (ton, npi, destination), esm_class, validity, registered, coding, octets, tags
    )


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMPP_PASSWORD", PASSWORD)


@pytest.fixture
def centre() -> Iterator[Centre]:
    with Centre() as running:
        yield running


def settings(centre: Centre | None = None, **more: object) -> Settings:
    given = {
        "host": "127.0.0.1", "port": centre.port if centre is not None else 1, "system": SYSTEM,
        "password": "env:SMPP_PASSWORD", "sender": "+15005550006", "timeout": 1.0, "codes": {"0x0410": "opted out"}, "listen": 0.1,
    }  # fmt: skip
    return read_settings({**given, **more}, Settings, where="[routes.sms]")


class TestSmpp(ChannelContract):
    @pytest.fixture
    def provider(self) -> Iterator[Centre]:
        with Centre() as running:
            yield running

    @pytest.fixture
    def opened(self, provider: Centre) -> Channel:
        return Smpp(settings(provider), Context(name="sms"))


class TestSmppPayload(TestSmpp):
    @pytest.fixture
    def opened(self, provider: Centre) -> Channel:
        return Smpp(settings(provider, long="payload", alphabet="latin1"), Context(name="sms"))


def run(channel: Smpp, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do something with a channel, and close it."""

    async def all_of_it() -> T:
        try:
            return await work()
        finally:
            await channel.close()

    return asyncio.run(all_of_it())


async def until(condition: Callable[[], object], seconds: float = 2.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.01)


def send(channel: Smpp, *messages: Message) -> list[Answer]:
    async def work() -> list[Answer]:
        return list(await channel.send(messages))

    return run(channel, work)


def in_thread(work: Callable[[], T]) -> Awaitable[T]:
    return asyncio.to_thread(work)


def message(number: int = 1, text: str = "Ihr Paket ist da", **more: Any) -> Message:
    return Message(key_of(f"a|c{number}#1@", 0), "sms", f"c{number}", f"+4915112345{number:03}", Content(text), **more)


CLOCK = FakeClock(dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC))


# --- what is submitted --------------------------------------------------------------------------------------------


def test_a_message_is_one_submit_sm(centre: Centre) -> None:
    (answer,) = send(Smpp(settings(centre), Context()), message(1, "Grüße € {1}"))
    assert answer == Answer(Answered.ACCEPTED, provider_id="M1", units=1)
    assert centre.submitted == [
        Submitted(
            (1, 1, "15005550006"), (1, 1, "4915112345001"), 0, "", 1, 0,
            b"Gr\x7e\x1e\x65 \x1b\x65 \x1b\x281\x1b\x29",  # ü 0x7E, ß 0x1E, € 0x1B65, { 0x1B28, } 0x1B29
        )
    ]  # fmt: skip
    assert centre.commands == [9, 4, 6]  # bind_transceiver, submit_sm, unbind


@pytest.mark.parametrize(
    ("sender", "more", "expected"),
    [
        ("+4915100000", {}, (1, 1, "4915100000")),
        ("72345", {}, (3, 0, "72345")),
        ("MyShop", {}, (5, 0, "MyShop")),
        ("72345", {"sender_ton": 0, "sender_npi": 1}, (0, 1, "72345")),
    ],
)
def test_senders(centre: Centre, sender: str, more: dict[str, int], expected: tuple[int, int, str]) -> None:
    send(Smpp(settings(centre, sender=sender, **more), Context()), message())
    assert centre.submitted[0].source == expected


def test_a_long_message_goes_in_parts_and_one_receipt_is_wanted(centre: Centre) -> None:
    text = "x" * 152 + "€" + "y" * 152  # the € has two codes and does not fit the first part's end
    (answer,) = send(Smpp(settings(centre), Context()), message(1, text))
    first, second, third = centre.submitted
    mark = message(1).number % 256
    assert [one.octets[:6] for one in centre.submitted] == [bytes([5, 0, 3, mark, 3, place]) for place in (1, 2, 3)]
    assert [len(one.octets) - 6 for one in centre.submitted] == [152, 153, 1]
    assert (first.esm_class, first.registered, second.registered, third.registered) == (0x40, 0, 0, 1)
    assert centre.taken() == (Taken("+4915112345001", text),)
    assert answer == Answer(Answered.ACCEPTED, provider_id="M3", units=3)


def test_or_whole_as_a_payload(centre: Centre) -> None:
    text = "Привет " * 30
    (answer,) = send(Smpp(settings(centre, long="payload"), Context()), message(1, text))
    (one,) = centre.submitted
    assert one.tags == {0x0424: text.encode("utf-16-be")}
    assert (one.coding, one.esm_class, one.registered) == (8, 0, 1)
    assert answer.units == 4  # 210 letters of two octets, 67 a part


def test_a_message_with_an_end_is_not_delivered_later(centre: Centre) -> None:
    ends = CLOCK.now() + dt.timedelta(days=1, hours=2, minutes=3, seconds=4)
    send(Smpp(settings(centre), Context(CLOCK.now)), message(expires=ends))
    assert centre.submitted[0].validity == "000001020304000R"


def test_when_a_part_is_refused_the_message_is_not_simply_sent_again(centre: Centre) -> None:
    centre.statuses.extend([0, 0x58])
    (answer,) = send(Smpp(settings(centre), Context()), message(1, "x" * 400))
    assert (answer.outcome, answer.code) == (Answered.UNKNOWN, "0x00000058")
    assert answer.detail == "1 of 3 parts were taken, then: too many messages a second"
    assert len(centre.submitted) == 2


def test_when_its_first_part_is_refused_nothing_was_taken(centre: Centre) -> None:
    centre.statuses.append(0x58)
    (answer,) = send(Smpp(settings(centre), Context()), message(1, "x" * 400))
    assert (answer.outcome, answer.route) == (Answered.RETRY, True)
    assert len(centre.submitted) == 1


def test_no_text_has_more_than_255_parts(centre: Centre) -> None:
    (answer,) = send(Smpp(settings(centre), Context()), message(1, "x" * (255 * 153 + 1)))
    assert answer.outcome is Answered.POLICY
    assert not centre.commands


@pytest.mark.parametrize("address", ["", "+", "+49 151", "4915\0", "+٤٩١٥١", "+" + "1" * 21, "shop"])
def test_what_is_no_number_never_leaves(centre: Centre, address: str) -> None:
    (answer,) = send(Smpp(settings(centre), Context()), evolve(message(), address=address))
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not centre.commands


@pytest.mark.parametrize(
    ("status", "outcome", "route"),
    [
        (0x0B, Answered.DEAD_ADDRESS, False),
        (0x14, Answered.RETRY, True),
        (0x45, Answered.RETRY, False),
        (0x0A, Answered.CONFIG, False),
        (0x01, Answered.POLICY, False),
        (0x410, Answered.OPTED_OUT, False),  # by the settings
        (0x411, Answered.POLICY, False),
        (0xFF, Answered.UNKNOWN, False),
    ],
)
def test_what_statuses_mean(status: int, outcome: Answered, route: bool) -> None:
    answer = answer_of(status, settings().meanings())
    assert (answer.outcome, answer.route, answer.code) == (outcome, route, f"0x{status:08X}")


# --- the session --------------------------------------------------------------------------------------------------


def test_messages_share_a_session_and_no_more_than_the_window_wait(centre: Centre) -> None:
    channel = Smpp(settings(centre, window=3), Context())
    answers = send(channel, *(message(number) for number in range(20)))
    assert len({answer.provider_id for answer in answers}) == 20
    assert centre.commands == [9, *[4] * 20, 6]


def test_after_a_cut_there_is_a_new_session(centre: Centre) -> None:
    channel = Smpp(settings(centre), Context())

    async def work() -> list[Answered]:
        first = await channel.send([message(1)])
        centre.cut()
        await until(lambda: any(one.over for one in channel._sessions.values()))
        return [first[0].outcome, (await channel.send([message(2)]))[0].outcome]

    assert run(channel, work) == [Answered.ACCEPTED] * 2
    assert centre.commands.count(9) == 2


def test_a_session_that_ended_unnoticed_costs_no_message(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rulecrm_smpp.channel._QUIET", 0.0)
    channel = Smpp(settings(centre), Context())
    with asyncio.Runner() as loop:
        loop.run(channel.send([message(1)]))
        centre.cut()  # no loop runs
        time.sleep(0.1)
        (answer,) = loop.run(channel.send([message(2)]))
        loop.run(channel.close())
    assert answer.outcome is Answered.ACCEPTED
    assert centre.commands.count(9) == 2


def test_a_refused_session_is_not_tried_again_at_once(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMPP_PASSWORD", "wrong")
    answers = send(Smpp(settings(centre), Context()), *(message(number) for number in range(5)))
    assert {(answer.outcome, answer.code) for answer in answers} == {(Answered.CONFIG, "0x0000000E")}
    assert centre.commands == [9]


def test_a_secret_that_is_not_there_is_a_mistake_of_the_settings(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMPP_PASSWORD")
    (answer,) = send(Smpp(settings(centre), Context()), message())
    assert answer.outcome is Answered.CONFIG
    assert "SMPP_PASSWORD" in (answer.detail or "")


def test_a_centre_that_speaks_no_tls_gets_nothing(centre: Centre) -> None:
    (answer,) = send(Smpp(settings(centre, tls=True), Context()), message())
    assert answer.outcome is Answered.RETRY
    assert not centre.submitted


def test_a_silent_centre_is_left(centre: Centre) -> None:
    centre.answers = False
    channel = Smpp(settings(centre, enquire=0.05, timeout=0.1), Context())

    async def work() -> None:
        await channel.send([message()])
        await until(lambda: any(one.over for one in channel._sessions.values()))

    run(channel, work)
    assert 0x15 in centre.commands


def test_an_idle_session_stays(centre: Centre) -> None:
    channel = Smpp(settings(centre, enquire=0.05), Context())

    async def work() -> Answer:
        await channel.send([message(1)])
        await until(lambda: centre.commands.count(0x15) >= 3)
        return (await channel.send([message(2)]))[0]

    assert run(channel, work).outcome is Answered.ACCEPTED
    assert centre.commands.count(9) == 1


# --- what is delivered --------------------------------------------------------------------------------------------

REPORT = "id:{id} sub:001 dlvrd:001 submit date:2611110300 done date:2611110301 stat:{stat} err:{err} text:Ihr Paket"


def delivered(centre: Centre, *deliveries: dict[str, Any], **more: object) -> list[Receipt]:
    channel = Smpp(settings(centre, **more), Context(CLOCK.now))

    async def work() -> list[Receipt]:
        assert await channel.poll(None) == ([], None)  # which opens the session
        for one in deliveries:
            assert await in_thread(lambda one=one: centre.deliver(**one)) == 0  # type: ignore[misc]
        receipts, cursor = await channel.poll(None)
        assert await channel.poll(None) == (receipts, cursor)  # nobody has said that they are written
        assert await channel.poll(cursor) == ([], cursor)
        return list(receipts)

    return run(channel, work)


def test_a_receipt_of_a_delivery(centre: Centre) -> None:
    at = dt.datetime(2026, 11, 11, 3, 1, tzinfo=dt.UTC)
    report = REPORT.format(id="M1", stat="DELIVRD", err="000")
    assert delivered(centre, {"text": report, "esm_class": 4}) == [
        Receipt("M1:DELIVRD", Received.DELIVERED, at, provider_id="M1", address="+4915112345001")
    ]


@pytest.mark.parametrize(
    ("stat", "err", "reason"),
    [
        ("UNDELIV", "001", "hard"),
        ("UNDELIV", "027", "soft"),
        ("EXPIRED", "000", "soft"),
        ("REJECTD", "000", "soft"),
        ("DELETED", "000", "soft"),
    ],
)
def test_a_receipt_of_a_failure(centre: Centre, stat: str, err: str, reason: str) -> None:
    report = REPORT.format(id="M1", stat=stat, err=err)
    (receipt,) = delivered(centre, {"text": report, "esm_class": 4}, hard=["001"], zone="Europe/Berlin")
    assert (receipt.what, receipt.reason, receipt.id) == (Received.BOUNCED, reason, f"M1:{stat}")
    assert receipt.at == dt.datetime(2026, 11, 11, 2, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("stat", ["ENROUTE", "ACCEPTD", "UNKNOWN", ""])
def test_a_message_under_way_is_no_news(centre: Centre, stat: str) -> None:
    assert delivered(centre, {"text": REPORT.format(id="M1", stat=stat, err="000"), "esm_class": 4}) == []


def test_parameters_are_believed_before_words(centre: Centre) -> None:
    tags = struct.pack(">HH", 0x001E, 3) + b"T9\0" + struct.pack(">HHB", 0x0427, 1, 2)
    (receipt,) = delivered(
        centre, {"text": REPORT.format(id="M1", stat="UNDELIV", err="1"), "esm_class": 4, "tags": tags}
    )
    assert (receipt.what, receipt.provider_id) == (Received.DELIVERED, "T9")


@pytest.mark.parametrize(
    ("ids", "told", "answered"),
    [("hex-decimal", "255", "FF"), ("decimal-hex", "00FF", "255"), ("same", "0255", "0255"), ("hex-decimal", "x", "x")],
)
def test_ids_are_written_as_in_the_answer(centre: Centre, ids: str, told: str, answered: str) -> None:
    (receipt,) = delivered(centre, {"text": REPORT.format(id=told, stat="DELIVRD", err="0"), "esm_class": 4}, ids=ids)
    assert receipt.provider_id == answered


@pytest.mark.parametrize(
    ("text", "coding", "what"),
    [
        ("Danke", 0, Received.REPLIED),
        ("STOP", 0, Received.UNSUBSCRIBED),
        ("Стоп!", 8, Received.UNSUBSCRIBED),
        ("stop it please", 0, Received.REPLIED),
    ],
)
def test_replies(centre: Centre, text: str, coding: int, what: Received) -> None:
    first, second = delivered(centre, {"text": text, "coding": coding}, {"text": text, "coding": coding})
    assert first == Receipt(first.id, what, CLOCK.now(), address="+4915112345001", text=text)
    assert first.id == second.id  # delivered again


def test_a_header_of_user_data_is_not_read_out(centre: Centre) -> None:
    (receipt,) = delivered(centre, {"text": "\x05\x00\x03\x01\x02\x01Danke", "esm_class": 0x40})
    assert receipt.text == "Danke"


def test_what_does_not_fit_is_left_with_the_centre(centre: Centre) -> None:
    channel = Smpp(settings(centre, keep=2), Context(CLOCK.now))

    async def work() -> list[int]:
        await channel.poll(None)
        statuses = [await in_thread(lambda n=n: centre.deliver(f"Nr. {n}")) for n in range(3)]  # type: ignore[misc]
        receipts, cursor = await channel.poll(None)
        assert [one.text for one in receipts] == ["Nr. 0", "Nr. 1"]
        assert await channel.poll(cursor) == ([], cursor)
        last = await in_thread(lambda: centre.deliver("Nr. 3"))
        assert [one.text for one in (await channel.poll(cursor))[0]] == ["Nr. 3"]
        return [*statuses, last]

    assert run(channel, work) == [0, 0, 0x64, 0]


def test_a_receipt_that_makes_no_sense_is_not_delivered_again(centre: Centre) -> None:
    channel = Smpp(settings(centre), Context())

    async def work() -> list[int]:
        await channel.poll(None)
        return [
            await in_thread(lambda: centre.deliver("no fields at all", esm_class=4)),
            await in_thread(lambda: centre.deliver("x", tags=b"\x04\x24\x00\x09short")),
        ]

    assert run(channel, work) == [0x65, 0x65]


def test_an_answer_that_comes_too_late_still_names_the_message(centre: Centre) -> None:
    channel = Smpp(settings(centre, timeout=0.2), Context(CLOCK.now))
    centre.fail(Fault.SLOW)

    async def work() -> tuple[Answer, Sequence[Receipt]]:
        (answer,) = await channel.send([message(1)])
        await until(lambda: channel._keys)
        await in_thread(lambda: centre.deliver(REPORT.format(id="M1", stat="DELIVRD", err="0"), esm_class=4))
        return answer, (await channel.poll(None))[0]

    answer, (receipt,) = run(channel, work)
    assert answer.outcome is Answered.UNKNOWN
    assert receipt.key == message(1).key


def test_without_a_centre_there_is_nothing_to_poll(centre: Centre) -> None:
    centre.shut()
    channel = Smpp(settings(centre), Context())
    with pytest.raises(OSError, match="Connection"):
        run(channel, lambda: channel.poll(None))


def test_a_poll_waits_a_little_for_what_the_centre_has_kept(centre: Centre) -> None:
    channel = Smpp(settings(centre, listen=5.0), Context())

    async def work() -> Sequence[Receipt]:
        polled = asyncio.create_task(channel.poll(None))
        await until(lambda: centre.commands)
        await asyncio.sleep(0.1)
        await in_thread(lambda: centre.deliver("Danke"))
        return (await polled)[0]

    assert [one.text for one in run(channel, work)] == ["Danke"]


def test_a_pair_sends_on_one_session_and_hears_on_another(centre: Centre) -> None:
    channel = Smpp(settings(centre, bind="pair"), Context())

    async def work() -> list[Receipt]:
        await channel.send([message()])
        assert centre.commands == [2, 4]  # whoever only sends takes no receipts from whoever polls
        _, cursor = await channel.poll(None)
        assert centre.commands == [2, 4, 1]
        await in_thread(lambda: centre.deliver("Danke"))
        return list((await channel.poll(cursor))[0])

    assert [one.text for one in run(channel, work)] == ["Danke"]
    assert sorted(centre.commands[3:]) == [6, 6]


def test_a_transmitter_hears_nothing(centre: Centre) -> None:
    channel = Smpp(settings(centre, bind="transmitter"), Context())

    async def work() -> object:
        await channel.send([message()])
        return await channel.poll(None)

    assert run(channel, work) == ([], None)
    assert centre.commands[0] == 2


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"bind": "receiver"},
        {"alphabet": "utf8"},
        {"system": "x" * 16},
        {"sender": "TwelveLetter"},
        {"sender": "Grüße"},
        {"codes": {"x": "retry"}},
        {"codes": {"0x410": "gone"}},
        {"zone": "Europe/Nowhere"},
        {"window": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Exception, match="R481"):
        settings(**wrong)


def test_the_plugin_registers() -> None:
    import rulecrm_smpp

    registry = registry_of({"smpp": rulecrm_smpp})
    assert [one.refused for one in registry.plugins] == [None]
    opened = registry.channels["smpp"].open(Settings("localhost", "shop", Secret("env:NOWHERE"), "shop"), Context())
    assert opened.traits.provider == "smpp"  # no secret was read yet


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__annotations__ if f"`{name}`" not in readme] == []
