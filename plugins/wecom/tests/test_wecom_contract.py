"""Both channels against a fake WeCom over HTTP: the contract kit, and what stands on the wire."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
import rulecrm_wecom
from attrs import evolve
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from rulecrm_wecom import rulecrm_channels
from rulecrm_wecom.app import App
from rulecrm_wecom.callbacks import signature
from rulecrm_wecom.customers import Customers
from rulecrm_wecom.results import name_of

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Forged,
    Message,
    Receipt,
    Received,
    Request,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

# The company, token and key of the examples in WeCom's own WXBizMsgCrypt (Sample.py and its siblings).
CORP = "wx5823bf96d3bd56c7"
TOKEN = "QDG6eK"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
SECRET = "corp-secret-1"
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
AT = int(NOW.timestamp())


def errcode(code: int, words: str = "no", **more: object) -> Reply:
    return as_json({"errcode": code, "errmsg": words, **more})


class WeCom(HttpProvider):
    """A company whose members are m000 to m999, and whose customers wm000 to wm999."""

    def __init__(self, dead: str) -> None:
        super().__init__()
        self.dead = dead
        self.secrets = (SECRET, TOKEN, KEY, "issued-")
        self.tokens = 0
        self.expired: set[str] = set()
        self.say: Reply | None = None
        self.no_token: Reply | None = None
        self.tasks: list[dict[str, object]] = []
        self.unlicensed = ""

    def sends(self, call: Call) -> bool:
        return call.path.endswith(("/send", "/add_msg_template"))

    def answer(self, call: Call) -> Reply:
        if call.path == "/cgi-bin/gettoken":
            return self._token(call)
        token = call.query.get("access_token", "")
        if call.fault is Fault.CREDENTIALS or token not in {f"issued-{n + 1}" for n in range(self.tokens)}:
            return errcode(40014, "invalid access_token")
        if token in self.expired:
            return errcode(42001, "access_token expired")
        if self.say is not None:
            return self.say
        match call.fault:
            case Fault.THROTTLED:
                return errcode(45009, "api freq out of limit")
            case Fault.BROKEN:
                return errcode(-1, "system busy")
        document = call.json()
        assert isinstance(document, dict)
        assert call.method == "POST"
        name = call.path.rpartition("/")[2]
        if call.path == "/cgi-bin/message/send":
            return self._app(document, call.fault)
        if name == "add_msg_template":
            return self._broadcast(document, call.fault)
        return self._asked(name, document)

    def _token(self, call: Call) -> Reply:
        if self.no_token is not None:
            return self.no_token
        if call.method != "GET" or call.query != {"corpid": CORP, "corpsecret": SECRET}:
            return errcode(40001, "invalid credential")
        self.tokens += 1
        return errcode(0, "ok", access_token=f"issued-{self.tokens}", expires_in=7200)

    def _app(self, document: Mapping[str, object], fault: Fault | None) -> Reply:
        kind = str(document["msgtype"])
        known = {"touser", "msgtype", "agentid", kind, "safe", "enable_duplicate_check", "duplicate_check_interval"}
        assert set(document) <= known, document
        assert document["agentid"] == 1_000_002
        people = str(document["touser"]).split("|")
        if len(people) > 1_000:
            return errcode(40032)
        words = document[kind]
        assert isinstance(words, dict)
        text = str(words.get("content", words.get("description")))
        assert len(text.encode()) <= 2048
        invalid = [one for place, one in enumerate(people) if self._unknown(one, "m", place, fault)]
        if len(invalid) == len(people):
            return errcode(81013, "user & party & tag all invalid")
        for one in people:
            if one not in invalid and one != self.unlicensed:
                self.take(one, text)
        return errcode(
            0,
            "ok",
            msgid=f"app-{len(self.taken())}",
            invaliduser="|".join(invalid).lower(),
            unlicenseduser=self.unlicensed,
        )

    def _broadcast(self, document: Mapping[str, object], fault: Fault | None) -> Reply:
        assert set(document) <= {"chat_type", "external_userid", "sender", "text", "attachments"}, document
        assert document["chat_type"] == "single"
        people, text = document["external_userid"], document["text"]
        assert isinstance(people, list)
        assert isinstance(text, dict)
        assert len(people) == len(set(people)) <= 10_000
        failed = [one for place, one in enumerate(people) if self._unknown(one, "wm", place, fault)]
        if len(failed) == len(people):
            return errcode(40096, "invalid external userid")
        for one in people:
            if one not in failed:
                self.take(one, text["content"])
        return errcode(0, "ok", msgid=f"task-{len(self.taken())}", fail_list=failed)

    def _unknown(self, one: str, prefix: str, place: int, fault: Fault | None) -> bool:
        known = one.removeprefix(prefix).isdecimal() and one.startswith(prefix)
        return one == self.dead or not known or (fault is Fault.HALF and place % 2 == 1)

    def _asked(self, name: str, document: Mapping[str, object]) -> Reply:
        if name == "get_groupmsg_list_v2":
            assert document["chat_type"] == "single"
            assert int(str(document["end_time"])) - int(str(document["start_time"])) <= 31 * 86_400
            return self._page(
                document, "group_msg_list", [{k: v for k, v in one.items() if k != "members"} for one in self.tasks]
            )
        (task,) = [one for one in self.tasks if one["msgid"] == document["msgid"]]
        members = task["members"]
        assert isinstance(members, dict)
        if name == "get_groupmsg_task":
            rows = [{"userid": who, "status": 2 if at else 0, "send_time": at} for who, (at, _) in members.items()]
            return self._page(document, "task_list", rows)
        if name == "get_groupmsg_send_result":
            return self._page(document, "send_list", members[document["userid"]][1])
        return errcode(404, name)

    def _page(self, document: Mapping[str, object], name: str, rows: list[dict[str, object]]) -> Reply:
        """Pages of two, so that they are turned."""
        assert int(str(document["limit"])) <= (100 if name == "group_msg_list" else 1_000)
        start = int(str(document.get("cursor", "0")))
        following = str(start + 2) if start + 2 < len(rows) else ""
        return errcode(0, "ok", **{name: rows[start : start + 2], "next_cursor": following})


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WECOM_SECRET", SECRET), ("WECOM_TOKEN", TOKEN), ("WECOM_KEY", KEY)):
        monkeypatch.setenv(name, value)


@pytest.fixture
def provider() -> Iterator[WeCom]:
    with WeCom("m999") as server:
        yield server


COMMON = {
    "corp_id": CORP,
    "secret": "env:WECOM_SECRET",
    "callback_token": "env:WECOM_TOKEN",
    "callback_key": "env:WECOM_KEY",
    "timeout": 0.7,
}


def opened(url: str, *, clock: FakeClock | None = None, which: str = "wecom", **more: object) -> Channel:
    kinds = {kind.name: kind for kind in rulecrm_channels()}
    given = {**COMMON, "url": url, **({"agent_id": 1_000_002} if which == "wecom" else {}), **more}
    settings = read_settings(given, kinds[which].settings, where=f"[{which}]")
    return kinds[which].open(settings, Context(now=(clock or FakeClock(NOW)).now))


def encrypted(text: str, corp: str = CORP) -> str:
    """As WXBizMsgCrypt encrypts."""
    key = base64.b64decode(KEY + "=")
    plain = b"0123456789abcdef" + len(text.encode()).to_bytes(4, "big") + text.encode() + corp.encode()
    padding = 32 - len(plain) % 32
    closed = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(closed.update(plain + bytes([padding]) * padding) + closed.finalize()).decode()


def callback(text: str, *, at: int = AT, corp: str = CORP) -> Request:
    inside = encrypted(text, corp)
    query = {
        "msg_signature": signature(TOKEN, str(at), "1372623149", inside),
        "timestamp": str(at),
        "nonce": "1372623149",
    }
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{inside}]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>"
    return Request(
        "POST",
        f"https://crm.example.com/r/hooks/wecom?{urlencode(query)}",
        {"content-type": "text/xml"},
        query,
        body.encode(),
    )


def written(text: str, **more: str) -> str:
    fields = {
        "ToUserName": CORP,
        "FromUserName": "m001",
        "CreateTime": str(AT),
        "MsgType": "text",
        "Content": text,
        "MsgId": "77",
        "AgentID": "1000002",
        **more,
    }
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items()) + "</xml>"


class TestWeComApp(ChannelContract):
    @pytest.fixture
    def provider(self, provider: WeCom) -> WeCom:
        return provider

    @pytest.fixture
    def opened(self, provider: WeCom) -> Channel:
        return opened(provider.url)

    def address(self, number: int) -> str:
        return f"m{number:03}"

    def genuine(self) -> Request:
        return callback(written("hello"))

    def signed(self, genuine: Request, body: bytes) -> Request:
        return callback(body.decode("latin-1"))


class TestWeComCustomers(ChannelContract):
    @pytest.fixture
    def provider(self) -> Iterator[WeCom]:
        with WeCom("wm999") as server:
            yield server

    @pytest.fixture
    def opened(self, provider: WeCom) -> Channel:
        return opened(provider.url, which="wecom-customers")

    def address(self, number: int) -> str:
        return f"wm{number:03}"

    def genuine(self) -> Request:
        return callback(written("", Event="change_external_contact"))

    def signed(self, genuine: Request, body: bytes) -> Request:
        return callback(body.decode("latin-1"))


def message(number: int, address: str, content: Content) -> Message:
    return Message(key_of(f"d{number}", 0), "im", f"c{number}", address, content)


def send(channel: Channel, *people: str, content: Content | None = None) -> list[Answer]:
    batch = [message(number, who, content or Content("Hello.")) for number, who in enumerate(people)]
    return send_and_close(channel, *batch)


# --- an app's messages --------------------------------------------------------------------------------------------


def test_the_apps_request_is_wecoms(provider: WeCom) -> None:
    answers = send(opened(provider.url, duplicate_check=600, confidential=True), "m001", "m002")
    fetched, sent = provider.requests
    assert (fetched.method, fetched.path) == ("GET", "/cgi-bin/gettoken")
    assert (sent.method, sent.path, sent.query) == ("POST", "/cgi-bin/message/send", {"access_token": "issued-1"})
    assert sent.json() == {
        "touser": "m001|m002",
        "msgtype": "text",
        "agentid": 1_000_002,
        "text": {"content": "Hello."},
        "safe": 1,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 600,
    }
    assert [(one.outcome, one.provider_id) for one in answers] == [(Answered.ACCEPTED, "app-2")] * 2


def test_a_title_and_a_link_make_a_card(provider: WeCom) -> None:
    content = Content("11:00", extra={"title": "Parcel", "link": "https://shop.example.com/1", "button": "Look"})
    send(opened(provider.url), "m001", content=content)
    document = provider.requests[1].json()
    assert document["msgtype"] == "textcard"
    assert document["textcard"] == {
        "title": "Parcel",
        "description": "11:00",
        "url": "https://shop.example.com/1",
        "btntxt": "Look",
    }


def test_nobody_can_be_made_everybody(provider: WeCom) -> None:
    answers = send(opened(provider.url), "@all", "m001|m002", "", "m001 ", "m003")
    assert [one.outcome for one in answers] == [Answered.DEAD_ADDRESS] * 4 + [Answered.ACCEPTED]
    assert [one.address for one in provider.taken()] == ["m003"]


def test_a_notice_without_an_address_goes_to_the_staff(provider: WeCom) -> None:
    (answer,) = send(opened(provider.url, staff=["m007", "m999"]), "")
    assert provider.requests[1].json()["touser"] == "m007|m999"
    assert answer.outcome is Answered.ACCEPTED
    (nobody,) = send(opened(provider.url, staff=["m999"]), "")
    assert nobody.outcome is Answered.DEAD_ADDRESS


def test_each_person_of_a_call_is_answered_for(provider: WeCom) -> None:
    provider.unlicensed = "m003"
    answers = send(opened(provider.url), "m001", "X999", "m003")
    assert [one.outcome for one in answers] == [Answered.ACCEPTED, Answered.DEAD_ADDRESS, Answered.POLICY]


def test_other_words_and_the_same_person_again_are_other_calls(provider: WeCom) -> None:
    channel = opened(provider.url)
    batch = [
        message(0, "m001", Content("a")),
        message(1, "m002", Content("b")),
        message(2, "m003", Content("a")),
        message(3, "M001", Content("a")),
    ]

    async def run() -> list[Answer]:
        answers = list(await channel.send(batch))
        await channel.close()
        return answers

    asyncio.run(run())
    assert [(call.json()["touser"], call.json()["text"]["content"]) for call in provider.requests[1:]] == [
        ("m001|m003", "a"),
        ("m002", "b"),
        ("M001", "a"),
    ]


def test_a_text_that_wecom_would_cut_off_is_not_sent(provider: WeCom) -> None:
    (answer,) = send(opened(provider.url), "m001", content=Content("双" * 683))  # 2,049 bytes
    assert answer.outcome is Answered.POLICY
    assert not provider.requests


# --- the token ----------------------------------------------------------------------------------------------------


def test_a_token_is_fetched_once_and_again_before_it_ends(provider: WeCom) -> None:
    clock = FakeClock(NOW)
    channel = opened(provider.url, clock=clock)

    async def run() -> None:
        await asyncio.gather(*(channel.send([message(n, f"m{n:03}", Content("x"))]) for n in range(4)))
        clock.move(dt.timedelta(minutes=100))
        await channel.send([message(5, "m005", Content("x"))])
        assert provider.tokens == 1
        clock.move(dt.timedelta(minutes=16))  # 116 of 120: another one is fetched before WeCom could refuse this one
        await channel.send([message(6, "m006", Content("x"))])
        await channel.close()

    asyncio.run(run())
    assert provider.tokens == 2
    assert len(provider.taken()) == 6


def test_a_token_that_ended_early_costs_no_message(provider: WeCom) -> None:
    channel = opened(provider.url)

    async def run() -> list[Answered]:
        await channel.send([message(0, "m000", Content("x"))])
        provider.expired.add("issued-1")
        answered = await asyncio.gather(*(channel.send([message(n, f"m{n:03}", Content("x"))]) for n in range(1, 4)))
        await channel.close()
        return [answer.outcome for (answer,) in answered]

    assert asyncio.run(run()) == [Answered.ACCEPTED] * 3
    assert provider.tokens == 2  # three found it stale at once, and one fetched
    assert sorted(one.address for one in provider.taken()) == ["m000", "m001", "m002", "m003"]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (errcode(40001, "invalid credential"), Answered.CONFIG),
        (errcode(40013, "invalid corpid"), Answered.CONFIG),
        (errcode(60020, "not allow to access from your ip"), Answered.CONFIG),
        (errcode(99999, "something new"), Answered.CONFIG),
        (errcode(-1), Answered.RETRY),
        (errcode(45009), Answered.RETRY),
        (Reply(502, b"<html>"), Answered.RETRY),
        (Reply(200, b"<html>"), Answered.RETRY),
        (Reply(404, b"<html>"), Answered.CONFIG),
    ],
)
def test_without_a_token_nothing_is_sent(provider: WeCom, reply: Reply, outcome: Answered) -> None:
    provider.no_token = reply
    answers = send(opened(provider.url), "m001", "m002")
    assert [one.outcome for one in answers] == [outcome] * 2
    assert not provider.taken()


def test_a_secret_that_is_not_set_is_a_matter_of_settings(provider: WeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WECOM_SECRET")
    (answer,) = send(opened(provider.url), "m001")
    assert answer.outcome is Answered.CONFIG
    assert not provider.requests


def test_secrets_are_in_no_log(provider: WeCom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send(opened(provider.url), "m001")
    assert "HTTP Request: GET" in caplog.text  # httpx did log the URLs
    assert SECRET not in caplog.text
    assert "issued-1" not in caplog.text
    assert provider.requests[1].query["access_token"] == "issued-1"


@pytest.mark.parametrize(
    ("reply", "outcome", "wait", "route"),
    [
        (errcode(45009, "api freq out of limit"), Answered.RETRY, dt.timedelta(seconds=60), True),
        (errcode(45033, "api concurrent out of limit"), Answered.RETRY, dt.timedelta(seconds=60), True),
        # 16:00 in Shanghai, so midnight is eight hours away
        (errcode(45009, "reach max api daily quota limit"), Answered.WAIT_QUOTA, dt.timedelta(hours=8), True),
        (errcode(-1), Answered.RETRY, None, False),
        (errcode(60111, "userid not found"), Answered.DEAD_ADDRESS, None, False),
        (errcode(81013), Answered.DEAD_ADDRESS, None, False),
        (errcode(301002), Answered.CONFIG, None, False),
        (errcode(48002, "api forbidden"), Answered.CONFIG, None, False),
        (errcode(45002), Answered.POLICY, None, False),
        (errcode(99999), Answered.POLICY, None, False),
        (Reply(200, b'{"msgid":"1"}'), Answered.UNKNOWN, None, False),
        (Reply(500, b"<html>"), Answered.UNKNOWN, None, False),
        (Reply(404, b"<html>"), Answered.CONFIG, None, False),
        (Reply(429, b""), Answered.RETRY, dt.timedelta(seconds=60), True),
    ],
)
def test_what_each_code_means(
    provider: WeCom, reply: Reply, outcome: Answered, wait: dt.timedelta | None, route: bool
) -> None:
    provider.say = reply
    (answer,) = send(opened(provider.url), "m001")
    assert (answer.outcome, answer.route) == (outcome, route)
    assert answer.not_before == (None if wait is None else NOW + wait)


# --- broadcasts ---------------------------------------------------------------------------------------------------


def test_a_broadcast_makes_one_task_of_the_same_words(provider: WeCom) -> None:
    content = Content(
        "Sale!", extra={"title": "Sale", "link": "https://shop.example.com", "picture": "https://cdn.example.com/1.png"}
    )
    answers = send(
        opened(provider.url, which="wecom-customers", sender="m001"), "wm001", "wm002", "wm00x", content=content
    )
    (_, sent) = provider.requests
    assert sent.path == "/cgi-bin/externalcontact/add_msg_template"
    assert sent.json() == {
        "chat_type": "single",
        "external_userid": ["wm001", "wm002", "wm00x"],
        "sender": "m001",
        "text": {"content": "Sale!"},
        "attachments": [
            {
                "msgtype": "link",
                "link": {"title": "Sale", "url": "https://shop.example.com", "picurl": "https://cdn.example.com/1.png"},
            }
        ],
    }
    assert [one.outcome for one in answers] == [Answered.ACCEPTED, Answered.ACCEPTED, Answered.POLICY]
    assert [one.provider_id for one in answers[:2]] == [name_of("task-2", "wm001"), name_of("task-2", "wm002")]
    assert answers[2].code == "fail_list"


def test_an_answer_without_a_task_is_unknown(provider: WeCom) -> None:
    provider.say = errcode(0, "ok")
    (answer,) = send(opened(provider.url, which="wecom-customers"), "wm001")
    assert answer.outcome is Answered.UNKNOWN


def row(customer: str, status: int, at: int = 0) -> dict[str, object]:
    return {"external_userid": customer, "userid": "m001", "status": status, "send_time": at}


def test_results_are_receipts_once_a_member_has_confirmed(provider: WeCom) -> None:
    early, late = AT - 7_200, AT - 60
    provider.tasks = [
        {
            "msgid": "task-1",
            "create_type": 0,
            "members": {
                "m001": (
                    early,
                    [row("wm001", 1, early), row("wm002", 2), row("wm003", 3), row("wm004", 0), row("wm005", 1, early)],
                ),
                "m002": (0, []),
            },
        },
        {"msgid": "task-2", "create_type": 0, "members": {"m003": (late, [row("wm006", 1, late)])}},
        {"msgid": "by-hand", "create_type": 0, "creator": "m001", "members": {"m001": (late, [row("wm007", 1, late)])}},
    ]
    clock = FakeClock(NOW)
    channel = opened(provider.url, which="wecom-customers", clock=clock)
    assert isinstance(channel, Customers)

    async def run() -> tuple[list[Receipt], list[Receipt], list[Receipt]]:
        first, cursor = await channel.poll(None)
        clock.move(dt.timedelta(minutes=5))
        again, cursor = await channel.poll(cursor)
        clock.move(dt.timedelta(hours=3))
        await channel.poll(cursor)
        none, _ = await channel.poll(str(int(clock.now().timestamp())))
        await channel.close()
        return list(first), list(again), list(none)

    first, again, none = asyncio.run(run())
    assert [(one.provider_id, one.address, one.what, one.reason) for one in first] == [
        (name_of("task-1", "wm001"), "wm001", Received.DELIVERED, None),
        (name_of("task-1", "wm002"), "wm002", Received.BOUNCED, "hard"),
        (name_of("task-1", "wm003"), "wm003", Received.BOUNCED, "soft"),
        (name_of("task-1", "wm005"), "wm005", Received.DELIVERED, None),
        (name_of("task-2", "wm006"), "wm006", Received.DELIVERED, None),
    ]
    assert first[0].at == NOW - dt.timedelta(hours=2)
    # What was confirmed shortly before the cursor is read again, with the same ids.
    assert [one.id for one in again] == [first[4].id]
    assert none == []
    assert len({one.id for one in first}) == 5


def test_a_poll_that_fails_says_so_without_secrets(provider: WeCom) -> None:
    provider.say = errcode(48002, "api forbidden")
    channel = opened(provider.url, which="wecom-customers")
    assert isinstance(channel, Customers)

    async def run() -> None:
        try:
            await channel.poll(None)
        finally:
            await channel.close()

    with pytest.raises(ConnectionError, match="permission") as caught:
        asyncio.run(run())
    assert "issued-1" not in str(caught.value)


# --- callbacks ----------------------------------------------------------------------------------------------------


def test_the_published_check_of_the_url_is_answered() -> None:
    # The example of WeCom's WXBizMsgCrypt, for VerifyURL.
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    signed = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert signature(TOKEN, "1409659589", "263014780", echo) == signed
    query = {"msg_signature": signed, "timestamp": "1409659589", "nonce": "263014780", "echostr": echo}
    request = Request("GET", "https://crm.example.com/r/hooks/wecom", {}, query, b"")
    then = FakeClock(dt.datetime.fromtimestamp(1_409_659_600, dt.UTC))
    response = opened("https://x", clock=then).hear(request)
    assert (response.status, response.body) == (200, b"1616140317555161061")
    with pytest.raises(Forged, match="old"):
        opened("https://x").hear(request)
    with pytest.raises(Forged, match="company"):
        opened("https://x", clock=then, corp_id="wx0000000000000000").hear(request)


def hear(request: Request, which: str = "wecom", **more: object) -> list[Receipt]:
    channel = opened("https://x", which=which, **more)
    assert isinstance(channel, App | Customers)
    return list(channel.hear(request).receipts)


@pytest.mark.parametrize(
    ("text", "what"), [("thanks", Received.REPLIED), (" TD ", Received.UNSUBSCRIBED), ("退订", Received.UNSUBSCRIBED)]
)
def test_what_members_write_is_a_reply_or_a_withdrawal(text: str, what: Received) -> None:
    (receipt,) = hear(callback(written(text)))
    assert (receipt.id, receipt.what, receipt.address, receipt.text, receipt.at) == ("77", what, "m001", text, NOW)


def test_a_member_who_leaves_the_app_has_withdrawn() -> None:
    (receipt,) = hear(callback(written("", MsgType="event", Event="unsubscribe")))
    assert (receipt.what, receipt.address) == (Received.UNSUBSCRIBED, "m001")
    assert hear(callback(written("", MsgType="event", Event="enter_agent"))) == []


def test_a_customer_who_removes_the_member_has_withdrawn() -> None:
    told = written(
        "",
        MsgType="event",
        Event="change_external_contact",
        ChangeType="del_follow_user",
        UserID="M001",
        ExternalUserID="wm001",
    )
    (receipt,) = hear(callback(told), "wecom-customers")
    assert (receipt.what, receipt.address) == (Received.UNSUBSCRIBED, "wm001")
    assert hear(callback(told), "wecom-customers", sender="m001") == [receipt]
    assert hear(callback(told), "wecom-customers", sender="m002") == []
    assert hear(callback(told.replace("del_follow_user", "add_external_contact")), "wecom-customers") == []


def test_what_is_not_wecoms_is_refused() -> None:
    good = callback(written("x"))
    wrong = [
        callback(written("x"), at=AT - 601),
        callback(written("x"), at=AT + 601),
        callback(written("x"), corp="ww-another"),
        evolve(good, query={**good.query, "nonce": "1"}),
        evolve(good, query={**good.query, "timestamp": "soon"}),
        evolve(good, body=b""),
        evolve(good, body=good.body.replace(b"<Encrypt>", b"<Encrypt><Encrypt>")),
        evolve(good, body="<xml><Encrypt>é</Encrypt></xml>".encode()),
    ]
    for request in wrong:
        with pytest.raises(Forged):
            hear(request)
    with pytest.raises(Forged):
        hear(good, callback_token="", callback_key="")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "<xml><CreateTime>x</CreateTime></xml>",
        "<xml><CreateTime>1</CreateTime></xml>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + written("x"),
    ],
    ids=range(5),
)
def test_what_makes_no_sense_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="a callback"):
        hear(callback(text))


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"wecom": rulecrm_wecom})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.channels) == ["wecom", "wecom-customers"]
    assert all(kind.doc and kind.guide for kind in registry.channels.values())
    loaded = "import sys, rulecrm_wecom; sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


def test_a_proxy_is_used(provider: WeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", provider.url)  # the fake answers whatever host it is asked for
    (answer,) = send(opened("http://provider.invalid", proxy="env:PROXY"), "m001")
    assert answer.outcome is Answered.ACCEPTED
    assert {call.headers["host"] for call in provider.requests} == {"provider.invalid"}
    monkeypatch.setenv("PROXY", "nowhere")
    (answer,) = send(opened("http://provider.invalid", proxy="env:PROXY"), "m001")
    assert answer.outcome is Answered.CONFIG
