"""The channel against a local fake of the API of VK."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator, Mapping

import pytest
import rulecrm_vk
from attrs import evolve
from rulecrm_vk import Settings
from rulecrm_vk.channel import Vk

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

TOKEN = "vk1.a.community-token"
SECRET = "callback-secret"
CLOCK = FakeClock()


class VkApi(HttpProvider):
    """Says what VK says; `random_id` and `guid` make two calls one."""

    dead = "404"
    opted_out = "900"
    secrets = (TOKEN, SECRET)

    def __init__(self) -> None:
        super().__init__()
        self.code: int | None = None
        self.message = ""
        self.numbers: dict[str, int] = {}

    def answer(self, call: Call) -> Reply:
        given = call.form()
        if call.headers.get("authorization") != f"Bearer {TOKEN}" or call.fault is Fault.CREDENTIALS:
            return _error(5, "User authorization failed")
        if given.get("v") != "5.199":
            return _error(8, "Invalid request: v is required")
        if call.fault is Fault.THROTTLED:
            return _error(6, "Too many requests per second")
        if call.fault is Fault.BROKEN:
            return _error(10, "Internal server error")
        if self.code is not None:
            return _error(self.code, self.message)
        if call.path == "/method/wall.post":
            assert set(given) == {"owner_id", "from_group", "message", "guid", "v"}
            self.take(given["owner_id"], given["message"], given["guid"])
            return as_json({"response": {"post_id": 7}})
        assert call.path == "/method/messages.send"
        assert set(given) == {"user_id", "message", "random_id", "v"}, given.keys()
        assert 0 < int(given["random_id"]) < 2**31, "random_id is an int32, and 0 is none"
        if given["user_id"] == self.dead:
            return _error(18, "User was deleted or banned")
        if given["user_id"] == self.opted_out:
            return _error(900, "Can't send messages for users from blacklist")
        if not given["message"]:
            return _error(100, "One of the parameters specified was missing or invalid: message is empty")
        self.take(given["user_id"], given["message"], given["random_id"])
        return as_json({"response": self.numbers.setdefault(given["random_id"], len(self.numbers) + 1)})


def _error(code: int, message: str) -> Reply:
    return as_json({"error": {"error_code": code, "error_msg": message, "request_params": []}})


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_TOKEN", TOKEN)
    monkeypatch.setenv("VK_SECRET", SECRET)


@pytest.fixture
def api() -> Iterator[VkApi]:
    with VkApi() as server:
        yield server


def channel(url: str = "http://127.0.0.1:1", **more: object) -> Vk:
    given: dict[str, object] = {
        "token": Secret("env:VK_TOKEN"), "secret": Secret("env:VK_SECRET"), "group": 42, "confirmation": "a1b2c3",
        "timeout": 0.5, "url": url,
    }  # fmt: skip
    return Vk(Settings(**{**given, **more}), Context(now=CLOCK.now))  # type: ignore[arg-type]


def message(address: str = "1001") -> Message:
    return Message(key_of("gift|c1||0|0#1@", 0), "social", "c1", address, Content("Come back soon."), campaign="gift")


def event(kind: str, about: Mapping[str, object], **more: object) -> Request:
    told = {"type": kind, "event_id": "e1", "v": "5.199", "group_id": 42, "object": about, "secret": SECRET, **more}
    body = json.dumps(told).encode()
    return Request("POST", "https://crm.example.com/r/hooks/vk", {"content-type": "application/json"}, {}, body)


class TestContract(ChannelContract):
    signed_bodies = False

    @pytest.fixture
    def provider(self, api: VkApi) -> VkApi:
        return api

    @pytest.fixture
    def opened(self, provider: VkApi) -> Channel:
        return channel(provider.url)

    def address(self, number: int) -> str:
        return str(1000 + number)

    def genuine(self) -> Request:
        return event("message_new", {"message": {"from_id": 1001, "text": "hi", "date": 1_762_826_400}})

    def unsigned(self, genuine: Request) -> Request:
        told = json.loads(genuine.body)
        del told["secret"]
        return evolve(genuine, body=json.dumps(told).encode())


# --- on the wire --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "outcome", "route"),
    [
        (1, "Unknown error", Answered.UNKNOWN, False),
        (5, "User authorization failed", Answered.CONFIG, False),
        (6, "Too many requests per second", Answered.RETRY, True),
        (7, "Permission is denied", Answered.CONFIG, False),
        (9, "Flood control", Answered.RETRY, False),
        (10, "Internal server error", Answered.UNKNOWN, False),
        (18, "User was deleted or banned", Answered.DEAD_ADDRESS, False),
        (29, "Rate limit reached", Answered.WAIT_QUOTA, True),
        (
            100,
            "One of the parameters specified was missing or invalid: user_id is invalid",
            Answered.DEAD_ADDRESS,
            False,
        ),
        (100, "One of the parameters specified was missing or invalid: message", Answered.POLICY, False),
        (113, "Invalid user id", Answered.DEAD_ADDRESS, False),
        (900, "Can't send messages for users from blacklist", Answered.OPTED_OUT, False),
        (901, "Can't send messages for users without permission", Answered.POLICY, False),
        (902, "Can't send messages to this user due to their privacy settings", Answered.POLICY, False),
        (99_999, "Something new", Answered.POLICY, False),
    ],
)
def test_what_vk_says(api: VkApi, code: int, text: str, outcome: Answered, route: bool) -> None:
    api.code, api.message = code, text
    (answer,) = send_and_close(channel(api.url), message())
    assert (answer.outcome, answer.code, answer.route) == (outcome, str(code), route)
    assert len(api.requests) == 1


def test_a_wait_ends_after_a_while(api: VkApi) -> None:
    api.code = 9
    (answer,) = send_and_close(channel(api.url), message())
    assert answer.not_before == CLOCK.now() + dt.timedelta(seconds=60)


@pytest.mark.parametrize("address", ["", "id1", "-5", "1 2", "١"])
def test_an_address_is_a_number(api: VkApi, address: str) -> None:
    (answer,) = send_and_close(channel(api.url), message(address))
    assert answer.outcome in {Answered.DEAD_ADDRESS, Answered.ACCEPTED}
    assert (answer.outcome is Answered.ACCEPTED) == bool(api.taken())
    assert address.isdecimal() or not api.requests


def test_without_the_token_nothing_is_sent(api: VkApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VK_TOKEN")
    (answer,) = send_and_close(channel(api.url), message())
    assert answer.outcome is Answered.CONFIG
    assert not api.requests


def test_a_post_is_made_once(api: VkApi) -> None:
    opened = channel(api.url)
    assert isinstance(opened, Posts)

    async def twice() -> list[Answer]:
        try:
            return [await opened.post(Content("Sale!"), key_of("sale", 0)) for _ in range(2)]
        finally:
            await opened.close()

    answers = asyncio.run(twice())
    assert [(one.outcome, one.provider_id) for one in answers] == [(Answered.ACCEPTED, "7")] * 2
    assert [(one.address, one.text) for one in api.taken()] == [("-42", "Sale!")]


def test_a_post_needs_the_community() -> None:
    assert asyncio.run(channel(group=0).post(Content("Sale!"), key_of("sale", 0))).outcome is Answered.CONFIG


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_a_message_is_a_reply_and_stop_is_stop() -> None:
    said = {"message": {"from_id": 1001, "text": "Where is it?", "date": 1_762_826_400, "id": 5}}
    answer = channel().hear(event("message_new", said))
    (found,) = answer.receipts
    assert (found.id, found.what, found.address, found.text) == ("e1", Received.REPLIED, "1001", "Where is it?")
    assert found.at == dt.datetime(2025, 11, 11, 2, 0, tzinfo=dt.UTC)
    assert answer.body == b"ok"
    said["message"]["text"] = " СТОП "
    (found,) = channel().hear(event("message_new", said)).receipts
    assert found.what is Received.UNSUBSCRIBED


def test_whoever_forbids_messages_has_unsubscribed() -> None:
    (found,) = channel().hear(event("message_deny", {"user_id": 1001})).receipts
    assert (found.what, found.address, found.at) == (Received.UNSUBSCRIBED, "1001", CLOCK.now())


def test_the_server_proves_that_it_is_the_communitys() -> None:
    answer = channel().hear(event("confirmation", {}))
    assert (answer.body, list(answer.receipts)) == (b"a1b2c3", [])


def test_what_is_of_no_interest_is_taken_and_nothing_more() -> None:
    answer = channel().hear(event("wall_post_new", {"id": 1}))
    assert (answer.body, list(answer.receipts)) == (b"ok", [])


@pytest.mark.parametrize("more", [{"secret": "guess"}, {"secret": None}, {"secret": "\ud800"}, {"group_id": 43}])
def test_a_forged_event_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(Forged):
        channel().hear(event("message_deny", {"user_id": 1001}, **more))


def test_without_a_secret_every_event_is_refused() -> None:
    with pytest.raises(Forged):
        channel(secret=Secret("")).hear(event("message_deny", {"user_id": 1001}, secret=""))


@pytest.mark.parametrize("about", [None, [], {"message": {"text": "hi"}}, {"message": {"from_id": True}}])
def test_a_senseless_event_is_told(about: object) -> None:
    with pytest.raises(ValueError, match="event"):
        channel().hear(event("message_new", about))  # type: ignore[arg-type]


def test_it_registers() -> None:
    registry = registry_of({"vk": rulecrm_vk})
    assert [one.refused for one in registry.plugins] == [None]
    assert registry.channels["vk"].channel == "social"
