"""Messenger and Instagram against a local fake of the Graph API."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256

import pytest
import rulecrm_meta
from attrs import evolve
from rulecrm_meta import Settings
from rulecrm_meta.messages import MetaMessages

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Forged,
    Message,
    Posts,
    Received,
    Request,
    Secret,
    key_of,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

TOKEN, SECRET, WORD = "EAAG-page-token", "app-secret", "verify-word"
CLOCK = FakeClock()


class Graph(HttpProvider):
    """Says what the Send API says."""

    dead = "404"
    opted_out = "551"
    secrets = (TOKEN, SECRET, WORD)

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None
        self.documents: list[Mapping[str, object]] = []

    def answer(self, call: Call) -> Reply:
        if call.headers.get("authorization") != f"Bearer {TOKEN}" or call.fault is Fault.CREDENTIALS:
            return problem(190, "Error validating access token", status=401)
        if call.fault is Fault.THROTTLED:
            return problem(613, "Calls to this api have exceeded the rate limit.")
        if call.fault is Fault.BROKEN:
            return problem(1, "An unknown error occurred", status=500)
        if self.say is not None:
            return self.say
        document = call.json()
        assert isinstance(document, dict)
        self.documents.append(document)
        if call.path == "/v23.0/77/feed":
            self.take("page", document["message"])
            return as_json({"id": "77_1"})
        assert call.path == "/v23.0/77/messages", call.path
        to = document["recipient"]["id"]
        if to == self.dead:
            return problem(100, "No matching user found", 2018001)
        if to == self.opted_out:
            return problem(551, "This person isn't available right now.", 1545041)
        self.take(to, document["message"]["text"])
        return as_json({"recipient_id": to, "message_id": f"m_{len(self.taken())}"})


def problem(code: int, message: str, subcode: int = 0, status: int = 400, **headers: str) -> Reply:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return as_json({"error": {**error, **({"error_subcode": subcode} if subcode else {})}}, status, **headers)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN", TOKEN)
    monkeypatch.setenv("META_SECRET", SECRET)
    monkeypatch.setenv("META_WORD", WORD)


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as server:
        yield server


def channel(url: str = "http://127.0.0.1:1", provider: str = "messenger", **more: object) -> MetaMessages:
    given: dict[str, object] = {
        "page": "77", "token": Secret("env:META_TOKEN"), "app_secret": Secret("env:META_SECRET"),
        "verify_token": Secret("env:META_WORD"), "timeout": 0.5, "url": url,
    }  # fmt: skip
    return MetaMessages(Settings(**{**given, **more}), Context(now=CLOCK.now), provider)  # type: ignore[arg-type]


def message(address: str = "1001") -> Message:
    return Message(key_of("gift|c1||0|0#1@", 0), "social", "c1", address, Content("Come back soon."), campaign="gift")


def webhook(*events: Mapping[str, object], **headers: str) -> Request:
    body = json.dumps({"object": "page", "entry": [{"id": "77", "time": 1, "messaging": list(events)}]}).encode()
    return posted(body, **headers)


def posted(body: bytes, **headers: str) -> Request:
    mac = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    told = {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}", **headers}
    return Request("POST", "https://crm.example.com/r/hooks/meta", told, {}, body)


def event(**about: object) -> dict[str, object]:
    return {"sender": {"id": "1001"}, "recipient": {"id": "77"}, "timestamp": 1_762_826_400_500, **about}


AT = dt.datetime(2025, 11, 11, 2, 0, 0, 500_000, tzinfo=dt.UTC)


class TestContract(ChannelContract):
    @pytest.fixture(params=["messenger", "instagram"])
    def opened(self, provider: Graph, request: pytest.FixtureRequest) -> Channel:
        return channel(provider.url, request.param)

    @pytest.fixture
    def provider(self, graph: Graph) -> Graph:
        return graph

    def address(self, number: int) -> str:
        return str(1000 + number)

    def genuine(self) -> Request:
        return webhook(event(message={"mid": "m1", "text": "hi"}))

    def signed(self, genuine: Request, body: bytes) -> Request:
        return posted(body)


# --- on the wire --------------------------------------------------------------------------------------------------


def test_an_answer_is_a_response_and_a_tag_says_why_it_is_none(graph: Graph) -> None:
    send_and_close(channel(graph.url), message())
    send_and_close(channel(graph.url, tag="POST_PURCHASE_UPDATE"), message())
    assert graph.documents == [
        {"recipient": {"id": "1001"}, "messaging_type": "RESPONSE", "message": {"text": "Come back soon."}},
        {
            "recipient": {"id": "1001"}, "messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE",
            "message": {"text": "Come back soon."},
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "subcode", "outcome", "route"),
    [
        (1, 0, Answered.UNKNOWN, False),
        (2, 0, Answered.RETRY, False),
        (4, 0, Answered.RETRY, True),
        (10, 2018278, Answered.POLICY, False),
        (10, 2534022, Answered.POLICY, False),
        (10, 0, Answered.CONFIG, False),
        (32, 0, Answered.RETRY, True),
        (100, 2018001, Answered.DEAD_ADDRESS, False),
        (100, 0, Answered.POLICY, False),
        (190, 460, Answered.CONFIG, False),
        (200, 2018108, Answered.OPTED_OUT, False),
        (200, 0, Answered.CONFIG, False),
        (368, 0, Answered.CONFIG, False),
        (551, 1545041, Answered.OPTED_OUT, False),
        (551, 0, Answered.DEAD_ADDRESS, False),
        (613, 0, Answered.RETRY, True),
        (80006, 0, Answered.RETRY, True),
        (99_999, 0, Answered.POLICY, False),
    ],
)
def test_what_meta_says(graph: Graph, code: int, subcode: int, outcome: Answered, route: bool) -> None:
    graph.say = problem(code, "…", subcode)
    (answer,) = send_and_close(channel(graph.url), message())
    assert (answer.outcome, answer.route) == (outcome, route)
    assert answer.code == (f"{code}/{subcode}" if subcode else str(code))
    assert len(graph.requests) == 1


def test_it_is_told_when_access_is_regained(graph: Graph) -> None:
    used = json.dumps({"77": [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 19}]})
    graph.say = problem(80006, "too many", x_business_use_case_usage=used)
    (answer,) = send_and_close(channel(graph.url), message())
    assert answer.not_before == CLOCK.now() + dt.timedelta(minutes=19)


@pytest.mark.parametrize("address", ["", "me", "12/../messages", "١٢"])
def test_an_address_is_a_number_and_no_path(graph: Graph, address: str) -> None:
    (answer,) = send_and_close(channel(graph.url), message(address))
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not graph.requests


def test_without_the_token_nothing_is_sent(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("META_TOKEN")
    (answer,) = send_and_close(channel(graph.url), message())
    assert answer.outcome is Answered.CONFIG
    assert not graph.requests


def test_a_page_posts_and_instagram_does_not(graph: Graph) -> None:
    async def post(provider: str) -> Answer:
        opened = channel(graph.url, provider)
        assert isinstance(opened, Posts)
        try:
            return await opened.post(Content("Sale!"), key_of("sale", 0))
        finally:
            await opened.close()

    answer = asyncio.run(post("messenger"))
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, "77_1")
    assert [(one.address, one.text) for one in graph.taken()] == [("page", "Sale!")]
    assert asyncio.run(post("instagram")).outcome is Answered.POLICY


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_what_people_say_and_do(graph: Graph) -> None:
    answer = channel().hear(
        webhook(
            event(message={"mid": "m1", "text": "Where is it?"}),
            event(message={"mid": "m2", "text": " Stop "}),
            event(message={"mid": "m3", "text": "our own", "is_echo": True}),
            event(delivery={"mids": ["m_1", "m_2"], "watermark": 1_762_826_400_500}),
            event(read={"watermark": 1_762_826_400_500}),
            event(read={"mid": "m_9"}),
            event(postback={"payload": "x"}),
        )
    )
    assert [(one.what, one.address, one.provider_id, one.text) for one in answer.receipts] == [
        (Received.REPLIED, "1001", None, "Where is it?"),
        (Received.UNSUBSCRIBED, "1001", None, " Stop "),
        (Received.DELIVERED, None, "m_1", None),
        (Received.DELIVERED, None, "m_2", None),
        (Received.OPENED, "1001", None, None),
        (Received.OPENED, None, "m_9", None),
    ]
    assert {one.at for one in answer.receipts} == {AT}
    assert len({one.id for one in answer.receipts}) == 6


def test_the_page_proves_that_it_is_ours() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": WORD, "hub.challenge": "1158201444"}
    asked = Request("GET", "https://crm.example.com/r/hooks/meta", {}, query, b"")
    assert channel().hear(asked).body == b"1158201444"
    for wrong in ({**query, "hub.verify_token": "guess"}, {**query, "hub.mode": "x"}, {}):
        with pytest.raises(Forged):
            channel().hear(evolve(asked, query=wrong))
    with pytest.raises(ValueError, match="challenge"):
        channel().hear(evolve(asked, query={**query, "hub.challenge": "<script>"}))


@pytest.mark.parametrize("signature", ["", "sha256=00", "sha1=00", "sha256=ü"])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(Forged):
        channel().hear(webhook(event(read={"watermark": 1}), **{"x-hub-signature-256": signature}))


def test_without_a_secret_every_webhook_is_refused() -> None:
    with pytest.raises(Forged):
        channel(app_secret=Secret("")).hear(webhook(event(read={"watermark": 1})))


@pytest.mark.parametrize("changed", [{"sender": {}}, {"sender": {"id": "x"}}, {"timestamp": "now"}])
def test_a_senseless_event_is_told(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="event"):
        channel().hear(webhook({**event(message={"mid": "m1", "text": "hi"}), **changed}))


def test_they_register() -> None:
    registry = registry_of({"meta": rulecrm_meta})
    assert [one.refused for one in registry.plugins] == [None]
    assert sorted(registry.channels) == ["instagram", "messenger", "meta-audience"]
