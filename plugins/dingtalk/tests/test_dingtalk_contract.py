"""Both channels against a fake DingTalk over HTTP: the contract kit, and what stands on the wire."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import rulecrm_dingtalk
from rulecrm_dingtalk import rulecrm_channels
from rulecrm_dingtalk.notices import Notices
from rulecrm_dingtalk.results import name_of
from rulecrm_dingtalk.robot import sign

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Message,
    Receipt,
    Received,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

TOKEN = "566cc69da782ec33e42541b09b08551f09fbe864eb8008112e994b43887"
SIGNED = "SECthisisasecret"
SECRET = "app-secret-1"
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


def errcode(code: int, words: str = "no", **more: object) -> Reply:
    return as_json({"errcode": code, "errmsg": words, **more})


class DingTalk(HttpProvider):
    """One robot, and one app whose colleagues are u000 to u999."""

    secrets = (TOKEN, SIGNED, SECRET, "issued-")

    def __init__(self) -> None:
        super().__init__()
        self.tokens = 0
        self.signs = True
        self.expired: set[str] = set()
        self.say: Reply | None = None
        self.progress = 2
        self.results: dict[int, dict[str, list[str]]] = {}
        self.forgotten: set[int] = set()

    def sends(self, call: Call) -> bool:
        return call.path in {"/robot/send", "/topapi/message/corpconversation/asyncsend_v2"}

    def answer(self, call: Call) -> Reply:
        if call.path == "/gettoken":
            if call.method != "GET" or call.query != {"appkey": "dingkey", "appsecret": SECRET}:
                return errcode(40089, "不合法的corpid或corpsecret")
            self.tokens += 1
            return errcode(0, "ok", access_token=f"issued-{self.tokens}", expires_in=7200)
        if call.method != "POST":
            return errcode(43002, "需要POST请求")
        if call.headers.get("content-type") != "application/json":
            return errcode(43004, "无效的HTTP HEADER Content-Type")
        return self._robot(call) if call.path == "/robot/send" else self._notices(call)

    def _robot(self, call: Call) -> Reply:
        if call.query.get("access_token") != TOKEN or call.fault is Fault.CREDENTIALS:
            return errcode(300005, "token is not exist")
        if self.signs and not self._signed(call.query):
            return errcode(310000, "sign not match")
        if self.say is not None:
            return self.say
        match call.fault:
            case Fault.THROTTLED:
                return errcode(130101, "send too fast, exceed 20 times per minute")
            case Fault.BROKEN:
                return errcode(-1, "系统繁忙")
        document = call.json()
        assert isinstance(document, dict)
        kind = document["msgtype"]
        assert set(document) == {"msgtype", kind, "at"}
        text = document[kind]["content" if kind == "text" else "text"]
        named = [*document["at"].get("atMobiles", []), *document["at"].get("atUserIds", [])]
        for one in named:  # whom the text does not name is not called
            assert text.endswith(f"\n@{one}")
        (who,) = named or [""]
        self.take(f"+86{who}" if who.isdecimal() else who, text.removesuffix(f"\n@{who}"))
        return errcode(0, "ok")

    def _signed(self, query: Mapping[str, str]) -> bool:
        if set(query) != {"access_token", "timestamp", "sign"}:
            return False
        timestamp = query["timestamp"]
        return abs(int(timestamp) / 1000 - NOW.timestamp()) <= 3600 and query["sign"] == sign(SIGNED, timestamp)

    def _notices(self, call: Call) -> Reply:
        token = call.query.get("access_token", "")
        if call.fault is Fault.CREDENTIALS or token not in {f"issued-{n + 1}" for n in range(self.tokens)}:
            # this is how the newer gateway says it
            return errcode(88, "ding talk error[subcode=40014]", sub_code="40014", sub_msg="不合法的access_token")
        if token in self.expired:
            return errcode(42001, "access_token已过期")
        if self.say is not None:
            return self.say
        match call.fault:
            case Fault.THROTTLED:
                return errcode(143103, "企业单应用消息发送人次QPM超限")
            case Fault.BROKEN:
                return errcode(-1, "系统繁忙")
        document = call.json()
        assert isinstance(document, dict)
        assert document["agent_id"] == 17
        method = call.path.rpartition("/")[2]
        if method == "asyncsend_v2":
            return self._send(document)
        task = document["task_id"]
        if task in self.forgotten:
            return errcode(400002, "无效的参数")
        if method == "getsendprogress":
            return errcode(0, "ok", progress={"progress_in_percent": 100, "status": self.progress})
        assert method == "getsendresult"
        return errcode(0, "ok", send_result=self.results.get(task, {}))

    def _send(self, document: Mapping[str, object]) -> Reply:
        assert set(document) == {"agent_id", "userid_list", "to_all_user", "msg"}
        assert document["to_all_user"] is False
        people = str(document["userid_list"]).split(",")
        if len(people) > 100:
            return errcode(40035, "不合法的参数")
        words = document["msg"]
        assert isinstance(words, dict)
        for one in people:
            self.take(one, words[words["msgtype"]]["content" if words["msgtype"] == "text" else "text"])
        return errcode(0, "ok", task_id=100_000_000_000 + len(self.taken()), request_id="r")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DING_TOKEN", TOKEN), ("DING_SIGNED", SIGNED), ("DING_SECRET", SECRET)):
        monkeypatch.setenv(name, value)


@pytest.fixture
def provider() -> Iterator[DingTalk]:
    with DingTalk() as server:
        yield server


GIVEN: Mapping[str, Mapping[str, object]] = {
    "dingtalk-robot": {"token": "env:DING_TOKEN", "secret": "env:DING_SIGNED"},
    "dingtalk": {"app_key": "dingkey", "secret": "env:DING_SECRET", "agent_id": 17},
}


def opened(url: str, which: str, *, clock: FakeClock | None = None, **more: object) -> Channel:
    kinds = {kind.name: kind for kind in rulecrm_channels()}
    settings = read_settings(
        {**GIVEN[which], "url": url, "timeout": 0.7, **more}, kinds[which].settings, where=f"[{which}]"
    )
    return kinds[which].open(settings, Context(now=(clock or FakeClock(NOW)).now))


class TestDingTalkRobot(ChannelContract):
    @pytest.fixture
    def provider(self, provider: DingTalk) -> DingTalk:
        return provider

    @pytest.fixture
    def opened(self, provider: DingTalk) -> Channel:
        return opened(provider.url, "dingtalk-robot")

    def address(self, number: int) -> str:
        return f"+8613800000{number:03}"


class TestDingTalkNotices(ChannelContract):
    @pytest.fixture
    def provider(self, provider: DingTalk) -> DingTalk:
        return provider

    @pytest.fixture
    def opened(self, provider: DingTalk) -> Channel:
        return opened(provider.url, "dingtalk")

    def address(self, number: int) -> str:
        return f"u{number:03}"


def message(number: int, address: str, content: Content | None = None) -> Message:
    return Message(key_of(f"d{number}", 0), "staff", f"c{number}", address, content or Content("3 parcels are late."))


def send(channel: Channel, *people: str, content: Content | None = None) -> list[Answer]:
    return send_and_close(channel, *(message(number, who, content) for number, who in enumerate(people)))


# --- the robot ----------------------------------------------------------------------------------------------------


def test_a_signature_is_what_another_program_makes_of_it() -> None:
    # DingTalk publishes no vector. This one was made with
    # printf '1700000000000\nSECthisisasecret' | openssl dgst -sha256 -hmac SECthisisasecret -binary | base64
    assert sign("SECthisisasecret", "1700000000000") == "k0xJ3lqr9N+gHT3Ywq7xDQxuIXiiigEITTk0lLgeQOg="


def test_the_robots_request_is_dingtalks(provider: DingTalk) -> None:
    (answer,) = send(opened(provider.url, "dingtalk-robot"), "")
    (call,) = provider.requests
    assert (call.method, call.path) == ("POST", "/robot/send")
    assert call.query == {"access_token": TOKEN, "timestamp": "1795334400000", "sign": sign(SIGNED, "1795334400000")}
    assert call.json() == {"msgtype": "text", "text": {"content": "3 parcels are late."}, "at": {"isAtAll": False}}
    assert answer.outcome is Answered.DELIVERED


def test_who_is_addressed_is_called_by_name(provider: DingTalk) -> None:
    send(opened(provider.url, "dingtalk-robot"), "+86 138-0000-0001", "manager01")
    first, second = [call.json() for call in provider.requests]
    assert first["at"] == {"isAtAll": False, "atMobiles": ["13800000001"]}
    assert second["at"] == {"isAtAll": False, "atUserIds": ["manager01"]}
    assert second["text"]["content"] == "3 parcels are late.\n@manager01"


def test_a_title_makes_markdown_and_a_keyword_is_put_before(provider: DingTalk) -> None:
    content = Content("**3** parcels", extra={"title": "Late"})
    channel = opened(provider.url, "dingtalk-robot", keyword="rulecrm")
    send(channel, "", content=content)
    assert provider.requests[0].json()["markdown"] == {"title": "Late", "text": "rulecrm **3** parcels"}


def test_without_a_secret_nothing_is_signed(provider: DingTalk) -> None:
    provider.signs = False
    send(opened(provider.url, "dingtalk-robot", secret=""), "")
    assert provider.requests[0].query == {"access_token": TOKEN}
    assert len(provider.taken()) == 1


@pytest.mark.parametrize(
    ("reply", "outcome", "minutes"),
    [
        (errcode(130101, "send too fast, exceed 20 times per minute"), Answered.RETRY, 10),
        (errcode(410100, "发送速度太快而限流"), Answered.RETRY, 10),
        (errcode(-1, "系统繁忙"), Answered.RETRY, None),
        (errcode(310000, "sign not match"), Answered.CONFIG, None),
        (errcode(310000, "ip 1.2.3.4 not in whitelist"), Answered.CONFIG, None),
        (errcode(310000, "keywords not in content"), Answered.POLICY, None),
        (errcode(400102, "机器人已停用"), Answered.CONFIG, None),
        (errcode(460101, "message too long"), Answered.POLICY, None),
        (errcode(999), Answered.POLICY, None),
        (Reply(200, b'{"ok":true}'), Answered.UNKNOWN, None),
        (Reply(503, b"<html>"), Answered.UNKNOWN, None),
        (Reply(404, b"<html>"), Answered.CONFIG, None),
        (Reply(429, b""), Answered.RETRY, 1),
    ],
)
def test_what_the_robot_is_told(provider: DingTalk, reply: Reply, outcome: Answered, minutes: int | None) -> None:
    provider.say = reply
    (answer,) = send(opened(provider.url, "dingtalk-robot"), "")
    assert answer.outcome is outcome
    assert answer.not_before == (None if minutes is None else NOW + dt.timedelta(minutes=minutes))
    assert answer.route == (minutes is not None)


@pytest.mark.parametrize("which", ["dingtalk", "dingtalk-robot"])
def test_secrets_are_in_no_log(provider: DingTalk, caplog: pytest.LogCaptureFixture, which: str) -> None:
    caplog.set_level(logging.DEBUG)
    send(opened(provider.url, which), "u001")
    assert "HTTP Request: POST" in caplog.text  # httpx did log the URLs
    for secret in (*provider.secrets, "sign="):
        assert secret not in caplog.text


@pytest.mark.parametrize(("which", "name"), [("dingtalk", "DING_SECRET"), ("dingtalk-robot", "DING_TOKEN")])
def test_a_secret_that_is_not_set_is_a_matter_of_settings(
    provider: DingTalk, monkeypatch: pytest.MonkeyPatch, which: str, name: str
) -> None:
    monkeypatch.delenv(name)
    (answer,) = send(opened(provider.url, which), "u001")
    assert answer.outcome is Answered.CONFIG
    assert not provider.requests


# --- work notices -------------------------------------------------------------------------------------------------


def test_the_notices_request_is_dingtalks(provider: DingTalk) -> None:
    answers = send(opened(provider.url, "dingtalk", staff=["u007", "u008"]), "u001", "", "u002")
    fetched, sent = provider.requests
    assert (fetched.method, fetched.path) == ("GET", "/gettoken")
    assert (sent.path, sent.query) == ("/topapi/message/corpconversation/asyncsend_v2", {"access_token": "issued-1"})
    assert sent.json() == {
        "agent_id": 17,
        "userid_list": "u001,u007,u008,u002",
        "to_all_user": False,
        "msg": {"msgtype": "text", "text": {"content": "3 parcels are late."}},
    }
    task = 100_000_000_004
    assert [one.provider_id for one in answers] == [
        name_of(task, "u001"),
        name_of(task, "u007,u008"),
        name_of(task, "u002"),
    ]


def test_nobody_can_be_made_somebody_else(provider: DingTalk) -> None:
    answers = send(opened(provider.url, "dingtalk"), "u001,u002", "", "@all")
    assert [one.outcome for one in answers] == [Answered.DEAD_ADDRESS] * 3
    assert not provider.requests


def test_a_token_that_ended_early_costs_no_message(provider: DingTalk) -> None:
    channel = opened(provider.url, "dingtalk")

    async def run() -> list[Answered]:
        await channel.send([message(0, "u000")])
        provider.expired.add("issued-1")
        answered = await asyncio.gather(*(channel.send([message(n, f"u{n:03}")]) for n in range(1, 4)))
        await channel.close()
        return [answer.outcome for (answer,) in answered]

    assert asyncio.run(run()) == [Answered.ACCEPTED] * 3
    assert provider.tokens == 2
    assert len(provider.taken()) == 4


@pytest.mark.parametrize(
    ("reply", "outcome", "wait", "route"),
    [
        (errcode(143104), Answered.RETRY, dt.timedelta(minutes=1), True),
        (errcode(90018), Answered.RETRY, dt.timedelta(minutes=1), True),
        # 16:00 in Shanghai, so midnight is eight hours away
        (errcode(143105), Answered.WAIT_QUOTA, dt.timedelta(hours=8), False),
        (errcode(143106), Answered.POLICY, None, False),
        (errcode(1430002), Answered.POLICY, None, False),
        (errcode(33012), Answered.DEAD_ADDRESS, None, False),
        (errcode(88, sub_code="60011"), Answered.CONFIG, None, False),
        (errcode(88), Answered.CONFIG, None, False),
        (errcode(0), Answered.UNKNOWN, None, False),
    ],
)
def test_what_a_notice_is_told(
    provider: DingTalk, reply: Reply, outcome: Answered, wait: dt.timedelta | None, route: bool
) -> None:
    provider.say = reply
    (answer,) = send(opened(provider.url, "dingtalk"), "u001")
    assert (answer.outcome, answer.route) == (outcome, route)
    assert answer.not_before == (None if wait is None else NOW + wait)


def test_results_are_fetched_until_a_task_is_a_day_old(provider: DingTalk) -> None:
    clock = FakeClock(NOW)
    channel, other = (opened(provider.url, "dingtalk", clock=clock) for _ in range(2))
    assert isinstance(channel, Notices)
    assert isinstance(other, Notices)
    task = 100_000_000_005
    people = [f"u{n:03}" for n in range(5)]

    async def run() -> list[list[Receipt]]:
        await channel.send([message(n, who) for n, who in enumerate(people)])
        provider.progress = 1
        running, lost = await channel.poll(None)
        provider.progress = 2
        provider.results[task] = {
            "read_user_id_list": ["u000"], "unread_user_id_list": ["u001"], "invalid_user_id_list": ["u002"],
            "failed_user_id_list": ["u003"], "forbidden_user_id_list": ["u004"],
        }  # fmt: skip
        done, cursor = await channel.poll(None)  # the first cursor was not kept, and nothing is lost by that
        assert cursor == lost
        again, cursor = await other.poll(cursor)  # another process goes on
        clock.move(dt.timedelta(hours=24))
        calls = len(provider.requests)
        old, cursor = await other.poll(cursor)
        assert (cursor, len(provider.requests)) == ("{}", calls)
        await channel.close()
        await other.close()
        return [list(running), list(done), list(again), list(old)]

    running, done, again, old = asyncio.run(run())
    assert running == []
    assert [(one.address, one.what, one.reason) for one in done] == [
        ("u000", Received.DELIVERED, None),
        ("u000", Received.OPENED, None),
        ("u001", Received.DELIVERED, None),
        ("u002", Received.BOUNCED, "hard"),
        ("u003", Received.BOUNCED, "soft"),
        ("u004", Received.BOUNCED, "soft"),
    ]
    assert {one.provider_id for one in done} == {name_of(task, who) for who in people}
    assert [one.id for one in again] == [one.id for one in done]
    assert len({one.id for one in done}) == 6
    assert old == []


def test_a_task_that_is_refused_does_not_stand_in_the_way(provider: DingTalk) -> None:
    channel = opened(provider.url, "dingtalk")
    assert isinstance(channel, Notices)

    async def run() -> tuple[list[Receipt], str | None]:
        for number in range(2):
            await channel.send([message(number, f"u{number:03}")])
        provider.forgotten.add(100_000_000_001)
        provider.results[100_000_000_002] = {"unread_user_id_list": ["u001"]}
        receipts, cursor = await channel.poll(None)
        provider.say = errcode(90018)
        with pytest.raises(ConnectionError, match="a rate"):
            await channel.poll(cursor)
        await channel.close()
        return list(receipts), cursor

    receipts, cursor = asyncio.run(run())
    assert [one.address for one in receipts] == ["u001"]
    assert cursor == '{"100000000002": 1795334400}'


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"dingtalk": rulecrm_dingtalk})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.channels) == ["dingtalk", "dingtalk-robot"]
    assert all(kind.doc and kind.guide for kind in registry.channels.values())
    loaded = "import sys, rulecrm_dingtalk; sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


def test_a_proxy_is_used(provider: DingTalk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", provider.url)  # the fake answers whatever host it is asked for
    (answer,) = send(opened("http://provider.invalid", "dingtalk", proxy="env:PROXY"), "u001")
    assert answer.outcome is Answered.ACCEPTED
    assert {call.headers["host"] for call in provider.requests} == {"provider.invalid"}
    monkeypatch.setenv("PROXY", "nowhere")
    (answer,) = send(opened("http://provider.invalid", "dingtalk", proxy="env:PROXY"), "u001")
    assert answer.outcome is Answered.CONFIG
