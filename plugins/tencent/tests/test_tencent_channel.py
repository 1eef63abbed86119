"""The channel against a local service that knows the actions as Tencent's SDK (sms 2021-01-11) describes them."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from rulecrm_tencent import Settings
from rulecrm_tencent.answers import answer_of
from rulecrm_tencent.channel import PullingTencentSms, TencentSms
from rulecrm_tencent.signature import authorization

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Message,
    Receipt,
    Received,
    Request,
    Secret,
    Sent,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, run_and_close, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

KEY, SECRET, WORD, APP = "AKIDtestkey", "a-very-secret-secret", "a-word-of-the-shop", "1400006666"
SHANGHAI = ZoneInfo("Asia/Shanghai")

# Parameters of each action, and whether they are required.
ACTIONS = {
    "SendSms": {
        "PhoneNumberSet": True, "SmsSdkAppId": True, "TemplateId": True, "SignName": False, "TemplateParamSet": False,
        "SessionContext": False, "SenderId": False,
    },
    "PullSmsSendStatus": {"Limit": True, "SmsSdkAppId": True},
    "PullSmsReplyStatus": {"Limit": True, "SmsSdkAppId": True},
    "PullSmsSendStatusByPhoneNumber": {
        "BeginTime": True, "Offset": True, "Limit": True, "PhoneNumber": True, "SmsSdkAppId": True, "EndTime": False,
    },
}  # fmt: skip


class TencentServer(HttpProvider):
    dead = "+8612345678901"
    opted_out = "+8613800000404"
    secrets = (SECRET, WORD)

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, str] = {}
        self.reports: list[dict[str, object]] = []
        self.replies: list[dict[str, object]] = []
        self.listed: list[dict[str, object]] = []

    def sends(self, call: Call) -> bool:
        return call.headers.get("x-tc-action") == "SendSms"

    def answer(self, call: Call) -> Reply:
        problem = self.gateway(call)
        if problem is not None:
            return self.error(problem)
        given = call.json()
        assert isinstance(given, dict)
        action = call.headers["x-tc-action"]
        known = ACTIONS[action]
        unknown = set(given) - set(known)
        if unknown:
            return self.error("UnknownParameter", f"The parameter `{min(unknown)}` is not recognized.")
        lacking = {name for name, required in known.items() if required} - set(given)
        if lacking:
            return self.error("MissingParameter", f"The request is missing a required parameter `{min(lacking)}`.")
        if given["SmsSdkAppId"] != APP:
            return self.error("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        if action == "SendSms":
            return self.send(call, given)
        assert 1 <= given["Limit"] <= 100
        if action == "PullSmsReplyStatus":
            return self.said(PullSmsReplyStatusSet=self.some(self.replies, given["Limit"]))
        if action == "PullSmsSendStatus":
            return self.said(PullSmsSendStatusSet=self.some(self.reports, given["Limit"]))
        assert given["Offset"] == 0
        assert given["BeginTime"] < given["EndTime"]
        rows = [row for row in self.listed if row["PhoneNumber"] == given["PhoneNumber"]]
        return self.said(PullSmsSendStatusSet=rows[: given["Limit"]])

    def some(self, rows: list[dict[str, object]], limit: int) -> list[dict[str, object]]:
        """A queue: what was pulled is not told again."""
        told, rows[:] = rows[:limit], rows[limit:]
        return told

    def send(self, call: Call, given: dict[str, object]) -> Reply:
        if call.fault is Fault.BROKEN:
            return self.error("InternalError.OtherError")
        numbers, parameters = given["PhoneNumberSet"], given.get("TemplateParamSet", [])
        assert isinstance(numbers, list)
        assert isinstance(parameters, list)
        assert all(isinstance(one, str) for one in parameters)
        session = str(given.get("SessionContext", ""))
        assert len(session.encode()) < 512
        if len(numbers) > 200:
            return self.error("LimitExceeded.PhoneNumberCountLimit")
        mainland = {number.startswith("+86") for number in numbers}
        if len(mainland) > 1:
            return self.error("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
        if mainland == {True} and given.get("SignName") != "测试商店":
            return self.error("FailedOperation.SignatureIncorrectOrUnapproved")
        rows = []
        for place, number in enumerate(numbers):
            code = self.codes.get(number, "Ok")
            if not re.fullmatch(r"\+861[3-9]\d{9}|\+(?!86)[1-9]\d{6,14}", number):
                code = "InvalidParameterValue.IncorrectPhoneNumber"
            elif number == self.opted_out:
                code = "FailedOperation.PhoneNumberInBlacklist"
            elif call.fault is Fault.HALF and place % 2:
                code = "LimitExceeded.PhoneNumberThirtySecondLimit"
            elif given["TemplateId"] != "1110":
                code = "FailedOperation.TemplateUnapprovedOrNotExist"
            elif any("http" in one for one in parameters):
                code = "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
            serial = f"2645:{len(self.taken())}" if code == "Ok" else ""
            if code == "Ok":
                self.take(number, parameters[0] if parameters else "")
                self.listed.append(
                    {"UserReceiveTime": 1700000000, "CountryCode": "86", "SubscriberNumber": number[3:], "PhoneNumber": number,
                     "SerialNo": serial, "ReportStatus": "FAIL", "Description": "", "SessionContext": session}
                )  # fmt: skip
            rows.append(
                {"SerialNo": serial, "PhoneNumber": number, "Fee": 1 if serial else 0, "SessionContext": session,
                 "Code": code, "Message": f"{number} {code}", "IsoCode": "CN"}
            )  # fmt: skip
        return self.said(SendStatusSet=rows)

    def gateway(self, call: Call) -> str | None:
        headers = call.headers
        if call.method != "POST" or call.path != "/" or call.query:
            return "InvalidRequest"
        if headers.get("x-tc-action") not in ACTIONS:
            return "InvalidAction"
        if headers.get("x-tc-version") != "2021-01-11" or not headers.get("x-tc-region"):
            return "NoSuchVersion"
        if headers["content-type"].partition(";")[0] != "application/json":
            return "InvalidParameter"
        timestamp = int(headers["x-tc-timestamp"])
        if abs(dt.datetime.now(dt.UTC).timestamp() - timestamp) > 300:
            return "AuthFailure.SignatureExpire"
        names = re.search(r"SignedHeaders=([a-z;-]+), ", headers["authorization"])
        if names is None or not {"content-type", "host"} <= set(names[1].split(";")):
            return "AuthFailure.InvalidAuthorization"
        signed = {name: headers[name] for name in names[1].split(";")}
        right = authorization(KEY, SECRET, service="sms", timestamp=timestamp, headers=signed, body=call.body)
        if headers["authorization"] != right or call.fault is Fault.CREDENTIALS:
            return "AuthFailure.SignatureFailure"
        return "RequestLimitExceeded" if call.fault is Fault.THROTTLED else None

    def said(self, **response: object) -> Reply:
        return as_json({"Response": {**response, "RequestId": "R"}})

    def error(self, code: str, message: str = "…") -> Reply:
        return self.said(Error={"Code": code, "Message": message})


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENT_SECRET", SECRET)
    monkeypatch.setenv("TENCENT_WORD", WORD)


@pytest.fixture
def provider() -> Iterator[TencentServer]:
    with TencentServer() as server:
        yield server


def settings(server: HttpProvider | None = None, **more: object) -> Settings:
    given = {
        "key": KEY, "secret": "env:TENCENT_SECRET", "app": APP, "sign": "测试商店", "hook": "env:TENCENT_WORD",
        "timeout": 1.0, "endpoint": server.url if server is not None else "http://127.0.0.1:1",
    }  # fmt: skip
    return read_settings({**given, **more}, Settings, where="[routes.sms]")


class TestTencent(ChannelContract):
    signed_bodies = False

    @pytest.fixture
    def provider(self) -> Iterator[TencentServer]:
        with TencentServer() as server:
            yield server

    @pytest.fixture
    def opened(self, provider: TencentServer) -> Channel:
        return TencentSms(settings(provider), Context(name="sms"))

    def address(self, number: int) -> str:
        return f"+861381234{number:04}"

    def content(self, text: str) -> Content:
        return Content(text, code="1110", parameters={"text": text})

    def genuine(self) -> Request:
        body = b'[{"user_receive_time":"2015-10-17 08:03:04","nationcode":"86","mobile":"13812345001","report_status":"SUCCESS","sid":"1"}]'
        url = f"https://crm.example.com/r/hooks/sms?token={WORD}"
        return Request("POST", url, {"content-type": "application/json"}, {"token": WORD}, body)


class TestPullingTencent(TestTencent):
    @pytest.fixture
    def opened(self, provider: TencentServer) -> Channel:
        return PullingTencentSms(settings(provider, pulls=True), Context(name="sms"))


def message(number: int, text: str = "你好", address: str | None = None, **content: object) -> Message:
    to = f"+861381234{number:04}" if address is None else address
    words = evolve(Content(text, code="1110", parameters={"text": text}), **content)
    return Message(key_of(f"a|c{number}#1@", 0), "sms", f"c{number}", to, words, template="t")


def ask(channel: PullingTencentSms, *lost: Sent) -> list[Answer]:
    return list(run_and_close(channel, channel.ask(lost)))


def poll(channel: PullingTencentSms) -> Sequence[Receipt]:
    async def all_of_it() -> Sequence[Receipt]:
        try:
            receipts, cursor = await channel.poll(None)
            assert await channel.poll(None) == (receipts, cursor)  # nobody has said that they are written
            assert await channel.poll(cursor) == ([], cursor)
            return receipts
        finally:
            await channel.close()

    return asyncio.run(all_of_it())


def bodies(server: TencentServer) -> list[dict[str, object]]:
    return [json.loads(call.body) for call in server.requests]


# --- the signature ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "names", "signature"),
    [
        # cloud.tencent.com/document/api/213/30654 (签名方法 v3), as it stood until 2022, …
        ("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", ("content-type", "host"), "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"),
        # … and since, with the action signed, too.
        ("*" * 32, ("content-type", "host", "x-tc-action"), "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"),
    ],
)  # fmt: skip
def test_the_published_signatures(secret: str, names: tuple[str, ...], signature: str) -> None:
    headers = {
        "content-type": "application/json; charset=utf-8",
        "host": "cvm.tencentcloudapi.com",
        "x-tc-action": "DescribeInstances",
    }
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    signed = {name: headers[name] for name in names}
    assert authorization("AKID", secret, service="cvm", timestamp=1551113065, headers=signed, body=body) == (
        "TC3-HMAC-SHA256 Credential=AKID/2019-02-25/cvm/tc3_request, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )


# --- what is called -----------------------------------------------------------------------------------------------


def test_one_message_is_one_sendsms_with_its_key(provider: TencentServer) -> None:
    content = {"parameters": {"nick": "小米", "coupon": "A-1"}}
    (answer,) = send_and_close(TencentSms(settings(provider), Context()), message(1, **content))
    assert bodies(provider) == [
        {
            "PhoneNumberSet": ["+8613812340001"],
            "SmsSdkAppId": APP,
            "TemplateId": "1110",
            "TemplateParamSet": ["小米", "A-1"],
            "SignName": "测试商店",
            "SessionContext": message(1).key,
        }
    ]
    headers = provider.requests[0].headers
    assert (headers["x-tc-action"], headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    assert headers["x-tc-region"] == "ap-guangzhou"
    assert answer == Answer(Answered.ACCEPTED, provider_id="2645:0", units=1)


def test_the_same_words_go_together_and_others_alone(provider: TencentServer) -> None:
    again = evolve(message(1), key=key_of("b|c1#1@", 0))
    batch = [
        message(1),
        message(2, "再见"),
        message(3),
        again,
        message(4, address="+4915112345004"),
        message(5, parameters={}),
    ]
    answers = send_and_close(TencentSms(settings(provider, sender="SHOP"), Context()), *batch)
    assert [(body["PhoneNumberSet"], body.get("SenderId")) for body in bodies(provider)] == [
        (["+8613812340001", "+8613812340003"], None),
        (["+8613812340002"], None),
        (["+8613812340001"], None),
        (["+4915112345004"], "SHOP"),
        (["+8613812340005"], None),
    ]
    assert "TemplateParamSet" not in bodies(provider)[4]
    assert [answer.outcome for answer in answers] == [Answered.ACCEPTED] * 6
    assert len({answer.provider_id for answer in answers}) == 6


def test_each_number_has_its_own_answer(provider: TencentServer) -> None:
    provider.codes = {
        "+8613812340001": "LimitExceeded.PhoneNumberDailyLimit",
        "+8613812340002": "FailedOperation.ContainSensitiveWord",
        "+8613812340003": "InternalError.Timeout",
        "+8613812340004": "FailedOperation.InsufficientBalanceInSmsPackage",
    }
    answers = send_and_close(TencentSms(settings(provider), Context()), *(message(number) for number in range(5)))
    assert [answer.outcome for answer in answers] == [
        Answered.ACCEPTED, Answered.WAIT_QUOTA, Answered.POLICY, Answered.UNKNOWN, Answered.CONFIG,
    ]  # fmt: skip
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "address", ["+8613812340001,+8613812340002", "13812340001 ", "", "0086", "+86１３８１２３４０００１"]
)
def test_what_is_no_number_never_leaves(provider: TencentServer, address: str) -> None:
    bad, good = send_and_close(TencentSms(settings(provider), Context()), message(1, address=address), message(2))
    assert (bad.outcome, good.outcome) == (Answered.DEAD_ADDRESS, Answered.ACCEPTED)
    assert [one.address for one in provider.taken()] == ["+8613812340002"]


def test_a_message_without_an_approved_template_is_a_mistake_of_the_settings(provider: TencentServer) -> None:
    (answer,) = send_and_close(TencentSms(settings(provider), Context()), message(1, code=None))
    assert answer.outcome is Answered.CONFIG
    assert not provider.requests


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"Response": {}}',
        b'{"Response": {"SendStatusSet": []}}',
        b'{"Response": {"SendStatusSet": [{"PhoneNumber": "+8613812340009", "Code": "Ok", "SerialNo": "1"}]}}',
        b'{"Response": {"SendStatusSet": [{"PhoneNumber": "+8613812340001", "Code": "Ok", "SerialNo": ""}]}}',
        b'{"Response": {"SendStatusSet": [{"PhoneNumber": "+8613812340001"}]}}',
        b'{"Response": {"Error": {"Code": ""}}}',
    ],
)
def test_an_answer_that_says_nothing_of_a_message_is_none(body: bytes) -> None:
    class Odd(HttpProvider):
        def answer(self, call: Call) -> Reply:
            return Reply(200, body)

    with Odd() as server:
        (answer,) = send_and_close(TencentSms(settings(server), Context()), message(1))
    assert answer.outcome is Answered.UNKNOWN
    assert answer.provider_id is None


# --- codes --------------------------------------------------------------------------------------------------------

EVENING = dt.datetime(2026, 11, 11, 14, 30, tzinfo=dt.UTC)  # 22:30 in Shanghai
NIGHT = dt.datetime(2026, 11, 11, 23, 59, tzinfo=dt.UTC)  # 07:59 of the 12th


@pytest.mark.parametrize(
    ("code", "now", "outcome", "until", "route"),
    [
        ("FailedOperation.MarketingSendTimeConstraint", EVENING, Answered.RETRY, dt.datetime(2026, 11, 12, 8, tzinfo=SHANGHAI), False),
        ("FailedOperation.MarketingSendTimeConstraint", NIGHT, Answered.RETRY, dt.datetime(2026, 11, 12, 8, tzinfo=SHANGHAI), False),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", NIGHT, Answered.RETRY, NIGHT + dt.timedelta(seconds=30), False),
        ("LimitExceeded.PhoneNumberOneHourLimit", NIGHT, Answered.RETRY, NIGHT + dt.timedelta(hours=1), False),
        ("LimitExceeded.PhoneNumberDailyLimit", NIGHT, Answered.WAIT_QUOTA, dt.datetime(2026, 11, 13, tzinfo=SHANGHAI), False),
        ("LimitExceeded.AppDailyLimit", EVENING, Answered.WAIT_QUOTA, dt.datetime(2026, 11, 12, tzinfo=SHANGHAI), True),
        ("LimitExceeded.DeliveryFrequencyLimit", NIGHT, Answered.RETRY, None, False),
        ("RequestLimitExceeded.UinLimitExceeded", NIGHT, Answered.RETRY, None, True),
        ("FailedOperation.PhoneNumberInBlacklist", NIGHT, Answered.OPTED_OUT, None, False),
        ("FailedOperation.TemplateUnapprovedOrNotExist", NIGHT, Answered.POLICY, None, False),
        ("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone", NIGHT, Answered.POLICY, None, False),
        ("UnauthorizedOperation.ServiceSuspendDueToArrears", NIGHT, Answered.CONFIG, None, False),
        ("InternalError.SendAndRecvFail", NIGHT, Answered.UNKNOWN, None, False),
        ("InternalError", NIGHT, Answered.UNKNOWN, None, False),
        ("SomethingNew", NIGHT, Answered.UNKNOWN, None, False),
    ],
)  # fmt: skip
def test_what_codes_mean(
    code: str, now: dt.datetime, outcome: Answered, until: dt.datetime | None, route: bool
) -> None:
    answer = answer_of(code, now)
    assert (answer.outcome, answer.not_before, answer.route, answer.code) == (outcome, until, route, code)


# --- pulling and asking -------------------------------------------------------------------------------------------


def test_reports_and_replies_are_pulled_to_their_end(provider: TencentServer) -> None:
    row = {
        "CountryCode": "86",
        "SubscriberNumber": "13812340001",
        "PhoneNumber": "+8613812340001",
        "Description": "DELIVRD",
        "ReportStatus": "SUCCESS",
    }
    provider.reports = [
        {**row, "UserReceiveTime": 1700000000 + n, "SerialNo": f"s{n}", "SessionContext": message(n).key}
        for n in range(150)
    ]
    provider.reports.insert(3, {"SerialNo": ""})  # makes no sense
    provider.replies = [
        {"PhoneNumber": "+8613812340001", "ReplyContent": "R", "ReplyTime": 1700000000, "SignName": "测试商店"}
    ]
    receipts = poll(PullingTencentSms(settings(provider, pulls=True), Context()))
    assert len(receipts) == 151
    assert receipts[0] == Receipt(
        "s0:delivered",
        Received.DELIVERED,
        dt.datetime.fromtimestamp(1700000000, dt.UTC),
        message(0).key,
        "s0",
        "+8613812340001",
    )
    assert (receipts[-1].what, receipts[-1].address) == (Received.UNSUBSCRIBED, "+8613812340001")
    actions = [call.headers["x-tc-action"] for call in provider.requests]
    assert actions[:3] == ["PullSmsSendStatus", "PullSmsSendStatus", "PullSmsReplyStatus"]


def test_a_pull_that_is_refused_is_told(provider: TencentServer) -> None:
    with pytest.raises(OSError, match="SmsSdkAppIdVerifyFail"):
        poll(PullingTencentSms(settings(provider, app="1", pulls=True), Context()))


def test_messages_of_a_lost_call_are_found_by_their_marks(provider: TencentServer) -> None:
    channel = PullingTencentSms(settings(provider, concurrency=4, timeout=5.0, pulls=True), Context())
    provider.fail(Fault.LOST)
    batch = [message(number) for number in range(170)]
    at = dt.datetime.now(dt.UTC)
    assert {answer.outcome for answer in send_and_close(channel, *batch)} == {Answered.UNKNOWN}
    provider.listed[7]["ReportStatus"] = "SUCCESS"
    others = [evolve(one, key=key_of(f"b|{one.customer}#1@", 0)) for one in batch[:5]]
    found = ask(channel, *(Sent(one.key, one.address, at) for one in [*batch[:10], *others]))
    assert [answer.outcome for answer in found[:10]] == [Answered.ACCEPTED] * 7 + [Answered.DELIVERED] + [
        Answered.ACCEPTED
    ] * 2
    assert {answer.outcome for answer in found[10:]} == {Answered.UNKNOWN}  # no report yet proves nothing
    assert found[3].provider_id == "2645:3"


def test_of_more_than_170_numbers_there_is_no_context(provider: TencentServer) -> None:
    send_and_close(TencentSms(settings(provider, batch=200), Context()), *(message(number) for number in range(171)))
    assert bodies(provider)[0]["SessionContext"] == ""


# --- the rest -----------------------------------------------------------------------------------------------------


def test_no_log_has_a_number_in_it(provider: TencentServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send_and_close(TencentSms(settings(provider), Context()), message(1))
    assert "httpx" in caplog.text  # something was logged
    assert "13812340001" not in caplog.text


def test_the_day_of_the_signature_is_that_of_utc(provider: TencentServer) -> None:
    clock = FakeClock(dt.datetime(2019, 2, 25, 23, 59, tzinfo=dt.UTC))  # the 26th in Shanghai
    (answer,) = send_and_close(TencentSms(settings(provider), Context(clock.now)), message(1))
    assert "/2019-02-25/sms/tc3_request" in provider.requests[0].headers["authorization"]
    assert (answer.outcome, answer.code) == (Answered.CONFIG, "AuthFailure.SignatureExpire")


@pytest.mark.parametrize(
    "wrong",
    [{"batch": 201}, {"sign": ""}, {"per_day": 0}, {"timeout": 0.0}, {"endpoint": "http://sms.tencentcloudapi.com"}],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Exception, match="R481"):
        settings(**wrong)


def test_the_plugin_registers() -> None:
    import rulecrm_tencent

    registry = registry_of({"tencent": rulecrm_tencent})
    assert [one.refused for one in registry.plugins] == [None]
    kind = registry.channels["tencent-sms"]
    secret = Secret("env:NOWHERE")  # it is not read yet
    assert isinstance(kind.open(Settings("k", secret, "1", "s"), Context()), TencentSms)
    assert isinstance(kind.open(Settings("k", secret, "1", "s", pulls=True), Context()), PullingTencentSms)
    abroad = kind.open(Settings("k", secret, "1", mainland=False), Context()).traits
    assert (abroad.notice, abroad.hours, abroad.asks) == (None, None, False)


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__annotations__ if f"`{name}`" not in readme] == []


def test_a_secret_that_is_not_there_is_a_mistake_of_the_settings(
    provider: TencentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENCENT_SECRET")
    (answer,) = send_and_close(TencentSms(settings(provider), Context()), message(1))
    assert answer.outcome is Answered.CONFIG
    assert "TENCENT_SECRET" in (answer.detail or "")
    assert not provider.requests


def test_a_proxy_is_used(provider: TencentServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", provider.url)  # nobody listens at the endpoint itself
    (answer,) = send_and_close(TencentSms(settings(proxy="env:PROXY"), Context()), message(1))
    assert answer.outcome is Answered.ACCEPTED
    assert provider.requests[0].headers["host"] == "127.0.0.1:1"
