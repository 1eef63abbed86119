"""The channel against a fake Bot API over HTTP: the contract kit, and what stands on the wire."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import rulecrm_telegram
from attrs import evolve
from rulecrm_telegram import rulecrm_channels
from rulecrm_telegram.answers import message_name
from rulecrm_telegram.channel import Telegram
from rulecrm_telegram.settings import Settings

from rulecrm.plugin import (
    Answered,
    Channel,
    Content,
    Context,
    Forged,
    Message,
    Received,
    Request,
    Secret,
    key_of,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"  # the example of core.telegram.org/bots/api
HOOK = "hook-secret_1"
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)

# https://core.telegram.org/bots/api#sendmessage, as far as the channel may use it
KNOWN = {"chat_id", "text", "link_preview_options", "disable_notification", "reply_markup"}


def refused(code: int, description: str, **parameters: int) -> Reply:
    document: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        document["parameters"] = parameters
    return as_json(document, code)


class BotApi(HttpProvider):
    """Says what the Bot API says; chats from 1000 to 1999 have written to the bot."""

    dead = "404000"
    opted_out = "403000"
    secrets = (TOKEN, HOOK)

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None
        self.updates: list[dict[str, object]] = []

    def sends(self, call: Call) -> bool:
        return call.path.endswith("/sendMessage")

    def answer(self, call: Call) -> Reply:
        if call.path not in {f"/bot{TOKEN}/sendMessage", f"/bot{TOKEN}/getUpdates"}:
            return refused(404, "Not Found")
        if call.headers.get("content-type") != "application/json":
            return refused(400, "Bad Request: message text is empty")
        arguments = call.json()
        assert isinstance(arguments, dict)
        if call.path.endswith("getUpdates"):
            after = arguments.get("offset", 0)
            self.updates = [one for one in self.updates if int(str(one["update_id"])) >= after]
            return as_json({"ok": True, "result": self.updates[: arguments["limit"]]})
        if self.say is not None:
            return self.say
        match call.fault:
            case Fault.THROTTLED:
                return refused(429, "Too Many Requests: retry after 7", retry_after=7)
            case Fault.CREDENTIALS:
                return refused(401, "Unauthorized")
            case Fault.BROKEN:
                return refused(500, "Internal Server Error: restart")
        return self._message(arguments)

    def _message(self, arguments: dict[str, object]) -> Reply:
        assert set(arguments) <= KNOWN, arguments
        chat, text = arguments["chat_id"], arguments["text"]
        assert isinstance(text, str)
        if str(chat) == self.dead:
            return refused(400, "Bad Request: chat not found")
        if str(chat) == self.opted_out:
            return refused(403, "Forbidden: bot was blocked by the user")
        if not isinstance(chat, int) or not 1000 <= chat < 2000:
            return refused(400, "Bad Request: chat not found")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            return refused(400, "Bad Request: message is too long")
        self.take(str(chat), text)
        message = {
            "message_id": len(self.taken()),
            "date": 1_795_334_400,
            "chat": {"id": chat, "type": "private"},
            "text": text,
        }
        return as_json({"ok": True, "result": message})


@pytest.fixture
def provider() -> Iterator[BotApi]:
    with BotApi() as server:
        yield server


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("TELEGRAM_HOOK", HOOK)


def settings(provider: BotApi | None = None, **more: object) -> Settings:
    url = provider.url if provider else "https://api.telegram.org"
    return Settings(Secret("env:TELEGRAM_TOKEN"), url=url, timeout=0.7, **more)  # type: ignore[arg-type]


def opened(given: Settings) -> Telegram:
    (kind,) = rulecrm_channels()
    channel = kind.open(given, Context(now=lambda: NOW))
    assert isinstance(channel, Telegram)
    return channel


def update(number: int, **parts: object) -> dict[str, object]:
    return {"update_id": number, **parts}


def message(text: str, **more: object) -> dict[str, object]:
    chat = {"id": 1001, "type": "private", "first_name": "Ann"}
    return {
        "message_id": 9,
        "date": 1_795_334_400,
        "chat": chat,
        "from": {"id": 1001, "is_bot": False},
        "text": text,
        **more,
    }


def webhook(document: object, secret: str = HOOK) -> Request:
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
    return Request("POST", "https://crm.example.com/r/hooks/telegram", headers, {}, json.dumps(document).encode())


class TestTelegram(ChannelContract):
    signed_bodies = False  # the secret in the header is all there is

    @pytest.fixture
    def provider(self, provider: BotApi) -> BotApi:
        return provider

    @pytest.fixture
    def opened(self, provider: BotApi) -> Channel:
        return opened(settings(provider, webhook_secret=Secret("env:TELEGRAM_HOOK")))

    def address(self, number: int) -> str:
        return str(1000 + number)

    def genuine(self) -> Request:
        return webhook(update(5, message=message("hello")))


def send(channel: Telegram, address: str = "1001", content: Content | None = None) -> object:
    one = Message(key_of("d", 0), "im", "c1", address, content or Content("Hello."))

    (answer,) = send_and_close(channel, one)
    return answer


def test_the_request_is_the_bot_apis(provider: BotApi) -> None:
    content = Content("Look: https://shop.example.com", extra={"button": "Open", "link": "https://shop.example.com/1"})
    answer = send(opened(settings(provider, preview=False, silent=True)), content=content)
    (call,) = provider.requests
    assert (call.method, call.path, call.query) == ("POST", f"/bot{TOKEN}/sendMessage", {})
    assert call.json() == {
        "chat_id": 1001,
        "text": "Look: https://shop.example.com",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": True,
        "reply_markup": {"inline_keyboard": [[{"text": "Open", "url": "https://shop.example.com/1"}]]},
    }
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, message_name("1001", 1))


def test_what_is_no_number_is_sent_as_a_text(provider: BotApi) -> None:
    for address in ("@our_shop", "1_001", "１００１"):
        send(opened(settings(provider)), address)
    assert [call.json()["chat_id"] for call in provider.requests] == ["@our_shop", "1_001", "１００１"]


@pytest.mark.parametrize(
    ("code", "description", "outcome"),
    [
        (400, "Bad Request: chat not found", Answered.DEAD_ADDRESS),
        (400, "Bad Request: PEER_ID_INVALID", Answered.DEAD_ADDRESS),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", Answered.DEAD_ADDRESS),
        (400, "Bad Request: message is too long", Answered.POLICY),
        (400, "Bad Request: something new", Answered.POLICY),
        (401, "Unauthorized", Answered.CONFIG),
        (403, "Forbidden: bot was blocked by the user", Answered.OPTED_OUT),
        (403, "Forbidden: bot was kicked from the supergroup chat", Answered.OPTED_OUT),
        (403, "Forbidden: user is deactivated", Answered.DEAD_ADDRESS),
        (403, "Forbidden: bot can't initiate conversation with a user", Answered.POLICY),
        (404, "Not Found", Answered.CONFIG),
        (502, "Bad Gateway", Answered.UNKNOWN),
    ],
)
def test_what_each_refusal_means(provider: BotApi, code: int, description: str, outcome: Answered) -> None:
    provider.say = refused(code, description)
    answer = send(opened(settings(provider)))
    assert (answer.outcome, answer.code) == (outcome, str(code))
    assert answer.not_before is None


@pytest.mark.parametrize(
    ("reply", "address", "seconds", "route"),
    [
        (refused(429, "Too Many Requests: retry after 14", retry_after=14), "1001", 14, True),
        (refused(429, "Too Many Requests: retry after 38", retry_after=38), "-1001234567890", 38, False),
        (refused(429, "Too Many Requests"), "1001", 5, True),
        (Reply(429, b"slow down", {"content-type": "text/plain", "retry-after": "60"}), "1001", 60, True),
    ],
    ids=["all", "one group", "no time named", "a gateway's"],
)
def test_throttled_it_says_until_when(provider: BotApi, reply: Reply, address: str, seconds: int, route: bool) -> None:
    provider.say = reply
    answer = send(opened(settings(provider)), address)
    assert answer.outcome is Answered.RETRY
    assert answer.not_before == NOW + dt.timedelta(seconds=seconds)
    assert answer.route is route


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, b'{"ok":true,"result":'), Answered.UNKNOWN),
        (Reply(200, b'{"ok":true,"result":true}'), Answered.UNKNOWN),
        (Reply(200, b"[]"), Answered.UNKNOWN),
        (Reply(503, b"<html>"), Answered.UNKNOWN),
        (Reply(302, b"", {"location": "https://login.example.com/"}), Answered.CONFIG),
        (Reply(403, b"<html>"), Answered.CONFIG),
    ],
    ids=["half", "no message", "a list", "a gateway", "a login page", "a firewall"],
)
def test_what_is_no_answer_is_told_apart(provider: BotApi, reply: Reply, outcome: Answered) -> None:
    provider.say = reply
    assert send(opened(settings(provider))).outcome is outcome


def test_the_token_is_in_no_log_and_no_error(provider: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    send(opened(settings(provider)))
    provider.fail(Fault.LOST)
    answers = [send(opened(settings(provider)))]
    provider.fail(Fault.UNREACHABLE)
    channel = opened(settings(provider))
    with pytest.raises(ConnectionError) as caught:
        asyncio.run(channel.poll(None))
    answers.append(send(opened(settings(provider))))
    assert "HTTP Request: POST" in caplog.text  # httpx did log the URL
    shown = caplog.text + repr(answers) + repr(caught.value) + repr(channel)
    assert TOKEN not in shown
    assert TOKEN.partition(":")[2] not in shown


def test_a_token_that_is_not_set_is_a_matter_of_settings(provider: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGRAM_TOKEN")
    answer = send(opened(settings(provider)))
    assert answer.outcome is Answered.CONFIG
    assert "TELEGRAM_TOKEN" in answer.detail
    assert not provider.requests


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="url"):
        Settings(Secret("env:TELEGRAM_TOKEN"), url="api.telegram.org")


def test_a_proxy_is_used_and_never_shown(provider: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", "gopher://user:hidden@proxy")
    answer = send(opened(settings(provider, proxy=Secret("env:PROXY"))))
    assert answer.outcome is Answered.CONFIG
    assert "env:PROXY" in answer.detail
    assert "hidden" not in repr(answer)
    monkeypatch.setenv("PROXY", provider.url)  # the fake answers whatever host it is asked for
    answer = send(
        opened(Settings(Secret("env:TELEGRAM_TOKEN"), url="http://telegram.invalid", proxy=Secret("env:PROXY")))
    )
    assert answer.outcome is Answered.ACCEPTED
    assert provider.requests[0].headers["host"] == "telegram.invalid"


# --- what people do -----------------------------------------------------------------------------------------------


def hear(document: object) -> list[object]:
    channel = opened(settings(webhook_secret=Secret("env:TELEGRAM_HOOK")))
    return list(channel.hear(webhook(document)).receipts)


def test_a_message_is_a_reply() -> None:
    (receipt,) = hear(update(7, message=message("When does it come?", reply_to_message={"message_id": 4})))
    assert (receipt.id, receipt.what, receipt.address) == ("update-7", Received.REPLIED, "1001")
    assert (receipt.text, receipt.provider_id) == ("When does it come?", message_name("1001", 4))
    assert receipt.at == dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["/stop", "/stop@our_shop_bot", " STOP ", "退订", "Стоп"])
def test_stop_words_withdraw(text: str) -> None:
    (receipt,) = hear(update(8, message=message(text, reply_to_message={"message_id": 4})))
    assert (receipt.what, receipt.address, receipt.provider_id) == (Received.UNSUBSCRIBED, "1001", None)


def test_a_sentence_with_stop_in_it_is_a_reply() -> None:
    (receipt,) = hear(update(8, message=message("please do not stop")))
    assert receipt.what is Received.REPLIED


@pytest.mark.parametrize(("status", "count"), [("kicked", 1), ("left", 1), ("member", 0), ("administrator", 0)])
def test_who_blocks_the_bot_has_withdrawn(status: str, count: int) -> None:
    change = {"chat": {"id": 1001}, "date": 1_795_334_400, "new_chat_member": {"status": status}}
    receipts = hear(update(9, my_chat_member=change))
    assert [one.what for one in receipts] == [Received.UNSUBSCRIBED] * count
    assert [one.address for one in receipts] == ["1001"] * count


@pytest.mark.parametrize(
    "document",
    [
        update(1, poll={}),
        update(1, edited_message=message("x")),
        update(1, message=message("x", **{"from": {"is_bot": True}})),
    ],
    ids=["another kind", "an edit", "a bot"],
)
def test_what_is_of_no_interest_is_heard_and_left(document: object) -> None:
    assert hear(document) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"nonsense", b"{}", b'{"update_id":"1"}', b'{"update_id":1,"message":{}}', b"[" * 100_000,
     b'{"update_id":1,"message":{"chat":{"id":1},"date":1e400}}', b'{"update_id":1,"message":{"chat":{"id":1},"date":99999999999999999}}'],
    ids=range(9),
)  # fmt: skip
def test_what_makes_no_sense_is_said_so(body: bytes) -> None:
    channel = opened(settings(webhook_secret=Secret("env:TELEGRAM_HOOK")))
    with pytest.raises(ValueError, match=r"update|chat|JSON"):
        channel.hear(evolve(webhook({}), body=body))


@pytest.mark.parametrize("secret", ["", HOOK + "x", HOOK[:-1], "é"])
def test_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(Forged):
        opened(settings(webhook_secret=Secret("env:TELEGRAM_HOOK"))).hear(
            webhook(update(1, message=message("x")), secret)
        )


def test_without_a_secret_no_webhook_is_believed() -> None:
    with pytest.raises(Forged):
        opened(settings()).hear(webhook(update(1, message=message("x")), ""))


def test_updates_are_fetched_and_confirmed_by_the_next_poll(provider: BotApi) -> None:
    provider.updates = [
        update(40, message=message("one")),
        update(41, broken=1),
        update(42, message={}),
        update(43, message=message("/stop")),
    ]
    channel = opened(settings(provider))

    async def polls() -> list[object]:
        first, cursor = await channel.poll(None)
        again, _ = await channel.poll(None)
        rest, end = await channel.poll(cursor)
        await channel.close()
        return [list(first), cursor, list(again), list(rest), end]

    first, cursor, again, rest, end = asyncio.run(polls())
    assert [(one.id, one.what) for one in first] == [
        ("update-40", Received.REPLIED),
        ("update-43", Received.UNSUBSCRIBED),
    ]
    assert again == first  # whoever could not keep the receipts gets them again
    assert (cursor, rest, end) == ("44", [], "44")
    assert provider.requests[0].json() == {"timeout": 0, "limit": 100, "allowed_updates": ["message", "my_chat_member"]}
    assert provider.requests[2].json()["offset"] == 44


def test_where_updates_come_by_webhook_none_are_fetched(provider: BotApi) -> None:
    channel = opened(settings(provider, webhook_secret=Secret("env:TELEGRAM_HOOK")))
    assert asyncio.run(channel.poll("17")) == ((), "17")
    assert not provider.requests


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"telegram": rulecrm_telegram})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.channels) == ["telegram"]
    assert all(kind.doc and kind.guide for kind in registry.channels.values())
    loaded = "import sys, rulecrm_telegram; sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
