"""The channel against a local fake of the API of X."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping

import pytest
import rulecrm_x
from attrs import evolve
from rulecrm_x import Settings
from rulecrm_x.channel import X
from rulecrm_x.oauth import Keys, signature

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

KEYS = {
    "X_KEY": "consumer-key",
    "X_SECRET": "consumer-secret",
    "X_TOKEN": "access-token",
    "X_TOKEN_SECRET": "token-secret",
}
CLOCK = FakeClock()
_SIGNED = re.compile(r'(\w+)="([^"]*)"')


class XApi(HttpProvider):
    """Says what X says, and checks signatures by itself."""

    dead = "404"
    secrets = ("consumer-secret", "token-secret")

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None

    def answer(self, call: Call) -> Reply:
        if not self._signed(call) or call.fault is Fault.CREDENTIALS:
            return _problem(401, "Unauthorized")
        if call.fault is Fault.THROTTLED:
            reset = str(int(CLOCK.now().timestamp()) + 300)
            return as_json({"title": "Too Many Requests"}, 429, x_rate_limit_reset=reset)
        if call.fault is Fault.BROKEN:
            return _problem(503, "Service Unavailable")
        if self.say is not None:
            return self.say
        document = call.json()
        assert isinstance(document, dict)
        assert set(document) == {"text"}
        if call.path == "/2/tweets":
            self.take("timeline", document["text"])
            return as_json({"data": {"id": "99", "text": document["text"]}}, 201)
        found = re.fullmatch(r"/2/dm_conversations/with/(\d+)/messages", call.path)
        assert found is not None, call.path
        if found[1] == self.dead:
            return _problem(404, "Could not find user")
        self.take(found[1], document["text"])
        return as_json({"data": {"dm_conversation_id": "1-2", "dm_event_id": f"e{len(self.taken())}"}}, 201)

    def _signed(self, call: Call) -> bool:
        """Work the signature out anew, by RFC 5849, from what came."""
        from urllib.parse import quote, unquote

        given = {name: unquote(value) for name, value in _SIGNED.findall(call.headers.get("authorization", ""))}
        claimed = given.pop("oauth_signature", "")
        pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in given.items())
        joined = "&".join(f"{name}={value}" for name, value in pairs)
        base = "&".join([call.method, quote(f"{self.url}{call.path}", safe="~"), quote(joined, safe="~")])
        mac = hmac.new(b"consumer-secret&token-secret", base.encode(), hashlib.sha1).digest()
        return claimed == base64.b64encode(mac).decode() and given["oauth_consumer_key"] == "consumer-key"


def _problem(status: int, detail: str, **more: object) -> Reply:
    return as_json({"title": detail, "detail": detail, "status": status, **more}, status)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def api() -> Iterator[XApi]:
    with XApi() as server:
        yield server


def channel(url: str = "http://127.0.0.1:1", **more: object) -> X:
    given: dict[str, object] = {
        "api_key": Secret("env:X_KEY"), "api_secret": Secret("env:X_SECRET"), "access_token": Secret("env:X_TOKEN"),
        "access_secret": Secret("env:X_TOKEN_SECRET"), "timeout": 0.5, "url": url,
    }  # fmt: skip
    return X(Settings(**{**given, **more}), Context(now=CLOCK.now))  # type: ignore[arg-type]


def message(address: str = "1001") -> Message:
    return Message(key_of("gift|c1||0|0#1@", 0), "social", "c1", address, Content("Come back soon."), campaign="gift")


def webhook(event: Mapping[str, object] | bytes, signature: str | None = None) -> Request:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    mac = base64.b64encode(hmac.new(b"consumer-secret", body, hashlib.sha256).digest()).decode()
    headers = {"content-type": "application/json", "x-twitter-webhooks-signature": signature or f"sha256={mac}"}
    return Request("POST", "https://crm.example.com/r/hooks/x", headers, {}, body)


def said(text: str, sender: str = "1001", **more: object) -> dict[str, object]:
    created = {"sender_id": sender, "target": {"recipient_id": "5"}, "message_data": {"text": text}}
    one = {
        "type": "message_create",
        "id": "m1",
        "created_timestamp": "1762826400123",
        "message_create": created,
        **more,
    }
    return {"for_user_id": "5", "direct_message_events": [one]}


class TestContract(ChannelContract):
    @pytest.fixture
    def provider(self, api: XApi) -> XApi:
        return api

    @pytest.fixture
    def opened(self, provider: XApi) -> Channel:
        return channel(provider.url)

    def address(self, number: int) -> str:
        return str(1000 + number)

    def genuine(self) -> Request:
        return webhook(said("hi"))

    def signed(self, genuine: Request, body: bytes) -> Request:
        return webhook(body)


# --- on the wire --------------------------------------------------------------------------------------------------


def test_the_published_signature_comes_out() -> None:
    """The example of the page "Creating a signature" of the documentation of X (and, before, of Twitter)."""
    keys = Keys(
        "xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )  # fmt: skip
    parameters = {
        "status": "Hello Ladies + Gentlemen, a signed OAuth request!", "oauth_consumer_key": keys.consumer,
        "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1318622958", "oauth_token": keys.token, "oauth_version": "1.0",
    }  # fmt: skip
    url = "https://api.twitter.com/1.1/statuses/update.json?include_entities=true"
    assert signature("POST", url, parameters, keys) == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


@pytest.mark.parametrize(
    ("status", "detail", "outcome"),
    [
        (400, "Invalid", Answered.POLICY),
        (401, "Unauthorized", Answered.CONFIG),
        (402, "CreditsDepleted", Answered.CONFIG),
        (403, "You cannot send messages to this user.", Answered.POLICY),
        (403, "You do not have permission to DM one or more participants.", Answered.POLICY),
        (403, "Your client app is not configured with the appropriate oauth1 app permissions", Answered.CONFIG),
        (404, "Could not find user", Answered.DEAD_ADDRESS),
        (413, "Too large", Answered.POLICY),
        (500, "Internal", Answered.UNKNOWN),
        (503, "Over capacity", Answered.UNKNOWN),
    ],
)
def test_what_x_says(api: XApi, status: int, detail: str, outcome: Answered) -> None:
    api.say = _problem(status, detail)
    (answer,) = send_and_close(channel(api.url), message())
    assert (answer.outcome, answer.code) == (outcome, str(status))
    assert len(api.requests) == 1


def test_a_wrong_number_is_told_by_its_parameter(api: XApi) -> None:
    api.say = _problem(400, "Invalid Request", errors=[{"parameters": {"participant_id": ["12"]}}])
    (answer,) = send_and_close(channel(api.url), message("12"))
    assert answer.outcome is Answered.DEAD_ADDRESS


def test_a_quarter_of_an_hour_is_waited_for(api: XApi) -> None:
    api.fail(Fault.THROTTLED)
    (answer,) = send_and_close(channel(api.url), message())
    assert (answer.outcome, answer.route) == (Answered.RETRY, True)
    assert answer.not_before == CLOCK.now() + dt.timedelta(seconds=300)


def test_a_day_is_waited_for(api: XApi) -> None:
    reset = int(CLOCK.now().timestamp()) + 7200
    api.say = Reply(429, b'{"title":"Too Many Requests"}', {
        "content-type": "application/json", "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": str(reset),
    })  # fmt: skip
    (answer,) = send_and_close(channel(api.url), message())
    assert (answer.outcome, answer.route) == (Answered.WAIT_QUOTA, True)
    assert answer.not_before == CLOCK.now() + dt.timedelta(hours=2)


@pytest.mark.parametrize("address", ["", "@shop", "12/../../tweets", "١٢", "1 2"])
def test_an_address_is_a_number_and_no_path(api: XApi, address: str) -> None:
    (answer,) = send_and_close(channel(api.url), message(address))
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not api.requests


def test_without_a_key_nothing_is_sent(api: XApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X_TOKEN_SECRET")
    (answer,) = send_and_close(channel(api.url), message())
    assert answer.outcome is Answered.CONFIG
    assert not api.requests


def test_a_post(api: XApi) -> None:
    opened = channel(api.url)
    assert isinstance(opened, Posts)

    async def run() -> Answer:
        try:
            return await opened.post(Content("Sale!"), key_of("sale", 0))
        finally:
            await opened.close()

    answer = asyncio.run(run())
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, "99")
    assert [(one.address, one.text) for one in api.taken()] == [("timeline", "Sale!")]


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_a_message_is_a_reply_and_stop_is_stop() -> None:
    (found,) = channel().hear(webhook(said("Where is it?"))).receipts
    assert (found.id, found.what, found.address, found.text) == ("m1", Received.REPLIED, "1001", "Where is it?")
    assert found.at == dt.datetime(2025, 11, 11, 2, 0, 0, 123_000, tzinfo=dt.UTC)
    (found,) = channel().hear(webhook(said(" STOP "))).receipts
    assert found.what is Received.UNSUBSCRIBED


@pytest.mark.parametrize(
    "event", [said("hi", sender="5"), said("hi", type="typing"), {"for_user_id": "5", "follow_events": [{}]}, {}]
)
def test_what_is_not_to_us_is_nothing(event: dict[str, object]) -> None:
    assert list(channel().hear(webhook(event)).receipts) == []


def test_the_question_for_the_secret_is_answered() -> None:
    answer = channel().hear(Request("GET", "https://crm.example.com/", {}, {"crc_token": "abc"}, b""))
    mac = base64.b64encode(hmac.new(b"consumer-secret", b"abc", hashlib.sha256).digest()).decode()
    assert json.loads(answer.body) == {"response_token": f"sha256={mac}"}
    assert answer.media_type == "application/json"


@pytest.mark.parametrize("signature", ["sha256=AAAA", "AAAA", "sha256=ü"])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(Forged):
        channel().hear(webhook(said("hi"), signature))


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_a_senseless_webhook_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match="it is no"):
        channel().hear(webhook(body))
    with pytest.raises(ValueError, match="crc_token"):
        channel().hear(evolve(webhook(body), method="GET"))


def test_it_registers() -> None:
    registry = registry_of({"x": rulecrm_x})
    assert [one.refused for one in registry.plugins] == [None]
    assert registry.channels["x"].channel == "social"
