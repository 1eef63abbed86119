"""The channel against a local gateway that knows the actions as Alibaba's SDK (dysmsapi 2017-05-25) describes them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from rulecrm_aliyun import Settings
from rulecrm_aliyun.answers import About, answer_of
from rulecrm_aliyun.calls import Told
from rulecrm_aliyun.channel import AliyunSms
from rulecrm_aliyun.numbers import address_of, number_of, provider_id
from rulecrm_aliyun.signature import authorization

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Message,
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

KEY, SECRET, WORD = "LTAItestkey", "a-very-secret-secret", "a-word-of-the-shop"
SHANGHAI = ZoneInfo("Asia/Shanghai")

# Parameters of each action, where they go, and which are required.
ACTIONS: Mapping[str, tuple[set[str], set[str], set[str]]] = {
    "SendSms": ({"PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "OutId"}, set(), {"PhoneNumbers", "SignName", "TemplateCode"}),
    "SendBatchSms": (
        {"TemplateCode", "OutId"},
        {"PhoneNumberJson", "SignNameJson", "TemplateParamJson"},
        {"TemplateCode", "PhoneNumberJson", "SignNameJson"},
    ),
    "QuerySendDetails": (
        {"PhoneNumber", "SendDate", "PageSize", "CurrentPage", "BizId"},
        set(),
        {"PhoneNumber", "SendDate", "PageSize", "CurrentPage"},
    ),
}  # fmt: skip


class AliyunServer(HttpProvider):
    dead = "+8612345678901"  # no mobile number begins so
    opted_out = "+8613800000404"
    secrets = (SECRET, WORD)

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.nonces: set[str] = set()
        self.sent: list[dict[str, object]] = []
        self.now: dt.datetime | None = None  # the platform's clock, where a test sets one
        self.limit: tuple[str, str] | None = None  # a code and words with which everything is refused

    def sends(self, call: Call) -> bool:
        return call.headers.get("x-acs-action", "").startswith("Send")

    def answer(self, call: Call) -> Reply:
        problem = self.gateway(call)
        if problem is not None:
            return problem
        action = call.headers["x-acs-action"]
        if action == "QuerySendDetails":
            return self.listed(call)
        if call.fault is Fault.BROKEN:
            return self.said("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR")
        if self.limit is not None:
            return self.said(*self.limit)
        if action == "SendSms":
            numbers = call.query["PhoneNumbers"].split(",")
            signs = [call.query["SignName"]] * len(numbers)
            filled = [json.loads(call.query.get("TemplateParam", "{}"))] * len(numbers)
        else:
            form = call.form()
            numbers, signs = json.loads(form["PhoneNumberJson"]), json.loads(form["SignNameJson"])
            filled = json.loads(form.get("TemplateParamJson", "[]")) or [{}] * len(numbers)
            if not len(numbers) == len(signs) == len(filled) <= 100:
                return self.said("isv.INVALID_PARAMETERS", "参数异常")
        if call.fault is Fault.HALF:
            self.refused.update(numbers[1::2])
        return self.taken_over(call, numbers, signs, filled)

    def taken_over(self, call: Call, numbers: list[str], signs: list[str], filled: list[dict[str, str]]) -> Reply:
        if len(set(numbers)) != len(numbers):
            return self.said("isv.INVALID_PARAMETERS", "参数异常")
        if set(signs) != {"测试商店"}:
            return self.said("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        if call.query["TemplateCode"] not in {"SMS_1", "SMS_2"}:
            return self.said("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        if any(not re.fullmatch(r"1[3-9]\d{9}|(?!86)[1-9]\d{6,14}", one) or one == self.dead[3:] for one in numbers):
            return self.said("isv.MOBILE_NUMBER_ILLEGAL", f"{numbers[0]}invalid mobile number")
        if self.refused & set(numbers):
            return self.said("isv.MOBILE_NUMBER_ILLEGAL", "invalid mobile number")
        if self.opted_out[3:] in numbers:
            return self.said("isv.CUSTOMER_REFUSED", "用户已退订推广短信")
        for parameters in filled:
            if not isinstance(parameters, dict) or any(not isinstance(one, str) for one in parameters.values()):
                return self.said("isv.INVALID_JSON_PARAM", "JSON参数不合法")
            if any(len(one) > 35 for one in parameters.values()):
                return self.said("isv.PARAM_LENGTH_LIMIT", "变量长度受限")
            if any("http" in one for one in parameters.values()):
                return self.said("isv.PARAM_NOT_SUPPORT_URL", "不支持url为变量")
        assert len(call.query.get("OutId", "")) < 256
        biz = f"{900000000000 + len(self.requests)}^0"
        now = f"{dt.datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        for number, parameters in zip(numbers, filled, strict=True):
            self.take(address_of(number), parameters.get("text", ""))
            self.sent.append(
                {"PhoneNum": number, "OutId": call.query.get("OutId", ""), "SendDate": now, "SendStatus": 1, "BizId": biz,
                 "TemplateCode": call.query["TemplateCode"]}
            )  # fmt: skip
        return as_json({"Code": "OK", "Message": "OK", "BizId": biz, "RequestId": "R"})

    def listed(self, call: Call) -> Reply:
        query = call.query
        assert re.fullmatch(r"\d{8}", query["SendDate"])
        assert 1 <= int(query["PageSize"]) <= 50
        day = f"{query['SendDate'][:4]}-{query['SendDate'][4:6]}-{query['SendDate'][6:]}"
        rows = [
            {name: value for name, value in row.items() if name != "BizId"}
            for row in self.sent
            if row["PhoneNum"] == query["PhoneNumber"]
            and str(row["SendDate"]).startswith(day)
            and query.get("BizId", row["BizId"]) == row["BizId"]
        ]
        size, page = int(query["PageSize"]), int(query["CurrentPage"])
        shown = {"SmsSendDetailDTO": rows[(page - 1) * size : page * size]}
        return as_json(
            {"Code": "OK", "Message": "OK", "TotalCount": str(len(rows)), "SmsSendDetailDTOs": shown, "RequestId": "R"}
        )

    def gateway(self, call: Call) -> Reply | None:
        headers = call.headers
        if call.method != "POST" or call.path != "/":
            return self.said("InvalidPath", "…", 404)
        action = headers.get("x-acs-action", "")
        if action not in ACTIONS or headers.get("x-acs-version") != "2017-05-25":
            return self.said("InvalidAction.NotFound", "Specified api is not found", 404)
        at = dt.datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
        if abs((self.now or dt.datetime.now(dt.UTC)) - at) > dt.timedelta(minutes=15):
            return self.said("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)
        if headers["x-acs-signature-nonce"] in self.nonces:
            return self.said("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
        self.nonces.add(headers["x-acs-signature-nonce"])
        if headers["x-acs-content-sha256"] != hashlib.sha256(call.body).hexdigest():
            return self.said("SignatureDoesNotMatch", "the body's hash is another", 400)
        names = re.fullmatch(
            rf"ACS3-HMAC-SHA256 Credential={KEY},SignedHeaders=([a-z0-9;-]+),Signature=[0-9a-f]{{64}}",
            headers["authorization"],
        )
        must = {"host", *(name for name in headers if name.startswith("x-acs-"))} | (
            {"content-type"} if call.body else set()
        )
        if names is None or not must <= set(names[1].split(";")):
            return self.said("IncompleteSignature", "The request signature does not conform.", 400)
        signed = {name: headers[name] for name in names[1].split(";")}
        right = authorization(KEY, SECRET, query=call.query, headers=signed, body=call.body)
        if headers["authorization"] != right or call.fault is Fault.CREDENTIALS:
            return self.said("SignatureDoesNotMatch", "Specified signature is not matched.", 400)
        if call.fault is Fault.THROTTLED:
            return self.said("Throttling.User", "Request was denied due to user flow control.", 400)
        in_query, in_form, required = ACTIONS[action]
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        assert set(call.query) <= in_query, set(call.query) - in_query
        assert set(form) <= in_form, set(form) - in_form
        lacking = required - set(call.query) - set(form)
        return self.said(f"Missing{min(lacking)}", f"{min(lacking)} is mandatory", 400) if lacking else None

    def said(self, code: str, message: str, status: int = 200) -> Reply:
        return as_json({"Code": code, "Message": message, "RequestId": "R"}, status)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIYUN_SECRET", SECRET)
    monkeypatch.setenv("ALIYUN_WORD", WORD)


@pytest.fixture
def provider() -> Iterator[AliyunServer]:
    with AliyunServer() as server:
        yield server


def settings(server: HttpProvider | None = None, **more: object) -> Settings:
    given = {
        "key": KEY, "secret": "env:ALIYUN_SECRET", "sign": "测试商店", "hook": "env:ALIYUN_WORD", "timeout": 1.0,
        "endpoint": server.url if server is not None else "http://127.0.0.1:1",
    }  # fmt: skip
    return read_settings({**given, **more}, Settings, where="[routes.sms]")


class TestAliyun(ChannelContract):
    signed_bodies = False

    @pytest.fixture
    def provider(self) -> Iterator[AliyunServer]:
        with AliyunServer() as server:
            yield server

    @pytest.fixture
    def opened(self, provider: AliyunServer) -> Channel:
        return AliyunSms(settings(provider), Context(name="sms"))

    def address(self, number: int) -> str:
        return f"+86138123450{number:02}"

    def content(self, text: str) -> Content:
        return Content(text, code="SMS_1", parameters={"text": text})

    def genuine(self) -> Request:
        body = b'[{"phone_number":"13812345001","biz_id":"9^0","success":true,"err_code":"DELIVERED"}]'
        url = f"https://crm.example.com/r/hooks/sms?token={WORD}"
        return Request("POST", url, {"content-type": "application/json"}, {"token": WORD}, body)


def message(number: int, text: str = "你好", code: str | None = "SMS_1", address: str | None = None) -> Message:
    to = f"+861381234{number:04}" if address is None else address
    return Message(
        key_of(f"a|c{number}#1@", 0),
        "sms",
        f"c{number}",
        to,
        Content(text, code=code, parameters={"text": text}),
        template="t",
    )


def ask(channel: AliyunSms, *lost: Sent) -> list[Answer]:
    return list(run_and_close(channel, channel.ask(lost)))


def actions(server: AliyunServer) -> list[str]:
    return [call.headers["x-acs-action"] for call in server.requests]


# --- the signature ------------------------------------------------------------------------------------------------


def test_the_published_signature() -> None:
    # alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature, "RunInstances"
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    assert authorization("YourAccessKeyId", "YourAccessKeySecret", query=query, headers=headers, body=b"") == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


# --- what is called -----------------------------------------------------------------------------------------------


def test_one_message_is_one_sendsms_with_its_key(provider: AliyunServer) -> None:
    (answer,) = send_and_close(AliyunSms(settings(provider), Context()), message(1, "双十一 & 50% 折"))
    (call,) = provider.requests
    assert call.query == {
        "PhoneNumbers": "13812340001",
        "SignName": "测试商店",
        "TemplateCode": "SMS_1",
        "TemplateParam": '{"text":"双十一 & 50% 折"}',
        "OutId": message(1).key,
    }
    assert call.body == b""
    assert answer.outcome is Answered.ACCEPTED
    assert answer.provider_id == provider_id("900000000001^0", "13812340001")


def test_the_same_words_for_many_are_one_sendsms(provider: AliyunServer) -> None:
    answers = send_and_close(AliyunSms(settings(provider), Context()), *(message(number) for number in range(3)))
    assert actions(provider) == ["SendSms"]
    assert provider.requests[0].query["PhoneNumbers"] == "13812340000,13812340001,13812340002"
    assert len({answer.provider_id for answer in answers}) == 3


def test_parameters_that_cannot_be_changed_are_alike_too(provider: AliyunServer) -> None:
    batch = [
        evolve(message(n), content=evolve(message(n).content, parameters=MappingProxyType({"text": "好"})))
        for n in (1, 2)
    ]
    send_and_close(AliyunSms(settings(provider), Context()), *batch)
    assert actions(provider) == ["SendSms"]


def test_other_words_for_each_are_one_sendbatchsms(provider: AliyunServer) -> None:
    send_and_close(AliyunSms(settings(provider), Context()), message(1, "甲"), message(2, "乙"))
    (call,) = provider.requests
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert set(call.query) == {"TemplateCode", "OutId"}
    assert call.form() == {
        "PhoneNumberJson": '["13812340001","13812340002"]',
        "SignNameJson": '["测试商店","测试商店"]',
        "TemplateParamJson": '[{"text":"甲"},{"text":"乙"}]',
    }


def test_each_template_is_a_call_and_a_number_is_once_in_a_call(provider: AliyunServer) -> None:
    same = evolve(message(1), key=key_of("b|c1#1@", 0))
    answers = send_and_close(
        AliyunSms(settings(provider), Context()), message(1), message(2, code="SMS_2"), same, message(3)
    )
    assert [call.query["PhoneNumbers"] for call in provider.requests] == [
        "13812340001,13812340003", "13812340002", "13812340001",
    ]  # fmt: skip
    assert all(answer.outcome is Answered.ACCEPTED for answer in answers)
    assert len({answer.provider_id for answer in answers}) == 4


def test_a_template_without_parameters_is_sent_none(provider: AliyunServer) -> None:
    send_and_close(AliyunSms(settings(provider), Context()), evolve(message(1), content=Content("你好", code="SMS_1")))
    assert "TemplateParam" not in provider.requests[0].query


def test_abroad_a_number_goes_with_its_country(provider: AliyunServer) -> None:
    send_and_close(AliyunSms(settings(provider), Context()), message(1, address="+85261234567"))
    assert provider.requests[0].query["PhoneNumbers"] == "85261234567"
    assert provider.taken()[0].address == "+85261234567"


@pytest.mark.parametrize(
    "address", ["+8613812340001,13812340002", "13812340001 ", "", "tel:1", "+86１３８１２３４０００１"]
)
def test_what_is_no_number_never_leaves(provider: AliyunServer, address: str) -> None:
    bad, good = send_and_close(AliyunSms(settings(provider), Context()), message(1, address=address), message(2))
    assert (bad.outcome, good.outcome) == (Answered.DEAD_ADDRESS, Answered.ACCEPTED)
    assert [one.address for one in provider.taken()] == ["+8613812340002"]


def test_a_message_without_an_approved_template_is_a_mistake_of_the_settings(provider: AliyunServer) -> None:
    (answer,) = send_and_close(AliyunSms(settings(provider), Context()), message(1, code=None))
    assert answer.outcome is Answered.CONFIG
    assert "template t" in (answer.detail or "")
    assert not provider.requests


# --- calls that are refused for one's sake ------------------------------------------------------------------------


def test_one_bad_number_among_many_is_found(provider: AliyunServer) -> None:
    provider.refused = {"13812340005"}
    answers = send_and_close(AliyunSms(settings(provider), Context()), *(message(number) for number in range(8)))
    outcomes = [answer.outcome for answer in answers]
    assert outcomes.pop(5) is Answered.DEAD_ADDRESS
    assert set(outcomes) == {Answered.ACCEPTED}
    assert sorted(one.address[-1] for one in provider.taken()) == list("0123467")
    assert len(provider.requests) == 7  # 8, 4 and 4, 2 and 2, 1 and 1


def test_one_bad_parameter_among_many_is_found(provider: AliyunServer) -> None:
    texts = ["甲", "乙", "x" * 36, "丁"]
    answers = send_and_close(
        AliyunSms(settings(provider), Context()), *(message(n, text) for n, text in enumerate(texts))
    )
    accepted = Answered.ACCEPTED
    assert [answer.outcome for answer in answers] == [accepted, accepted, Answered.POLICY, accepted]


def test_what_all_have_in_common_is_refused_at_once(provider: AliyunServer) -> None:
    channel = AliyunSms(settings(provider), Context())
    answers = send_and_close(channel, *(message(number, "x" * 36) for number in range(4)))
    assert {answer.outcome for answer in answers} == {Answered.POLICY}
    answers = send_and_close(channel, *(message(number, f"{number}", code="SMS_9") for number in range(4)))
    assert {answer.code for answer in answers} == {"isv.SMS_TEMPLATE_ILLEGAL"}
    assert len(provider.requests) == 2


# --- limits -------------------------------------------------------------------------------------------------------

NOON = dt.datetime(2026, 12, 31, 4, 0, tzinfo=dt.UTC)  # 12:00 in Shanghai


@pytest.mark.parametrize(
    ("code", "said", "outcome", "until", "route"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", Answered.RETRY, dt.datetime(2026, 12, 31, 4, 1, tzinfo=dt.UTC), False),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", Answered.RETRY, dt.datetime(2026, 12, 31, 5, 0, tzinfo=dt.UTC), False),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", Answered.WAIT_QUOTA, dt.datetime(2027, 1, 1, tzinfo=SHANGHAI), False),
        ("isv.DAY_LIMIT_CONTROL", "触发日发送限额", Answered.WAIT_QUOTA, dt.datetime(2027, 1, 1, tzinfo=SHANGHAI), True),
        ("isv.MONTH_LIMIT_CONTROL", "触发月发送限额", Answered.WAIT_QUOTA, dt.datetime(2027, 1, 1, tzinfo=SHANGHAI), True),
        ("isp.SYSTEM_ERROR", "", Answered.RETRY, None, True),
        ("isp.GATEWAY_ERROR", "", Answered.UNKNOWN, None, False),
        ("isp.SOMETHING_NEW", "", Answered.UNKNOWN, None, False),
        ("Throttling.User", "", Answered.RETRY, None, True),
        ("isv.AMOUNT_NOT_ENOUGH", "", Answered.CONFIG, None, False),
        ("isv.SMS_CONTENT_ILLEGAL", "", Answered.POLICY, None, False),
        ("isv.SOMETHING_NEW", "13812340001", Answered.POLICY, None, False),
    ],
)  # fmt: skip
def test_what_codes_mean(code: str, said: str, outcome: Answered, until: dt.datetime | None, route: bool) -> None:
    answer, _ = answer_of(Told(200, {"Code": code, "Message": said}), NOON)
    assert (answer.outcome, answer.not_before, answer.route, answer.code) == (outcome, until, route, code)
    assert "1381234" not in repr(answer)


@pytest.mark.parametrize(
    ("status", "document", "outcome"),
    [
        (200, {}, Answered.UNKNOWN),
        (200, {"Code": "OK"}, Answered.UNKNOWN),
        (502, {}, Answered.UNKNOWN),
        (503, {"Code": "ServiceUnavailable"}, Answered.UNKNOWN),
        (503, {"Code": "Throttling"}, Answered.RETRY),
        (404, {"Code": "InvalidAccessKeyId.NotFound"}, Answered.CONFIG),
        (403, {"Code": "Forbidden.RAM"}, Answered.CONFIG),
    ],
)
def test_answers_of_the_gateway(status: int, document: dict[str, str], outcome: Answered) -> None:
    assert answer_of(Told(status, document), NOON)[0].outcome is outcome


def test_a_limit_of_one_number_is_not_everybodys(provider: AliyunServer) -> None:
    provider.limit = ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:50")
    provider.now = NOON
    clock = FakeClock(NOON)
    answers = send_and_close(AliyunSms(settings(provider), Context(clock.now)), message(1), message(2))
    assert [answer.outcome for answer in answers] == [Answered.WAIT_QUOTA] * 2
    assert len(provider.requests) == 3  # both, then each
    assert answer_of(Told(200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}), NOON)[1] is About.NUMBER


# --- asking -------------------------------------------------------------------------------------------------------


def test_messages_of_a_lost_call_are_found_by_their_marks(provider: AliyunServer) -> None:
    channel = AliyunSms(settings(provider, concurrency=4, timeout=5.0), Context())
    provider.fail(Fault.LOST)
    batch = [message(number, f"{number}") for number in range(40)]
    at = dt.datetime.now(dt.UTC)
    assert {answer.outcome for answer in send_and_close(channel, *batch)} == {Answered.UNKNOWN}
    assert len(provider.requests[0].query["OutId"]) == 120
    provider.sent[7]["SendStatus"] = 3
    others = [evolve(one, key=key_of(f"b|{one.customer}#1@", 0)) for one in batch]
    found = ask(channel, *(Sent(one.key, one.address, at) for one in [*batch, *others]))
    assert found[7].outcome is Answered.DELIVERED
    assert {answer.outcome for answer in found[:7] + found[8:40]} == {Answered.ACCEPTED}
    assert {answer.outcome for answer in found[40:]} == {Answered.UNKNOWN}  # not yet certain


def test_what_is_not_listed_after_a_while_was_not_taken(provider: AliyunServer) -> None:
    now = dt.datetime.now(dt.UTC)
    soon, later, long_ago = (now - dt.timedelta(minutes=minutes) for minutes in (14, 16, 31 * 24 * 60))
    lost = [Sent(message(n).key, message(n).address, at) for n, at in enumerate((soon, later, long_ago))]
    outcomes = [answer.outcome for answer in ask(AliyunSms(settings(provider), Context()), *lost)]
    assert outcomes == [Answered.UNKNOWN, Answered.RETRY, Answered.UNKNOWN]


def test_a_list_of_many_pages_is_read_to_its_end(provider: AliyunServer) -> None:
    now = dt.datetime.now(SHANGHAI)
    rows = [
        {
            "PhoneNum": "13812340001",
            "OutId": f"x{n}",
            "SendDate": f"{now:%Y-%m-%d %H:%M:%S}",
            "SendStatus": 1,
            "BizId": "1",
        }
        for n in range(101)
    ]
    rows[100]["OutId"] = message(1).key
    provider.sent = list(rows)
    (answer,) = ask(AliyunSms(settings(provider), Context()), Sent(message(1).key, message(1).address, now))
    assert answer.outcome is Answered.ACCEPTED
    assert [call.query["CurrentPage"] for call in provider.requests if call.query["SendDate"] == f"{now:%Y%m%d}"][
        :3
    ] == ["1", "2", "3"]


def test_what_cannot_be_asked_stays_unknown(provider: AliyunServer) -> None:
    lost = Sent(message(1).key, message(1).address, dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    provider.fail(Fault.UNREACHABLE)
    (answer,) = ask(AliyunSms(settings(provider), Context()), lost)
    assert answer.outcome is Answered.UNKNOWN


# --- what does not show -------------------------------------------------------------------------------------------


def test_no_log_has_a_number_in_it(provider: AliyunServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = AliyunSms(settings(provider), Context())
    send_and_close(channel, message(1))
    ask(channel, Sent(message(1).key, message(1).address, dt.datetime.now(dt.UTC)))
    assert "httpcore" in caplog.text  # something was logged
    assert "13812340001" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("address", ["+8613812345678", "+85261234567", "+4915112345678"])
def test_numbers_come_back_as_they_were(address: str) -> None:
    number = number_of(address)
    assert number is not None
    assert (
        address_of(number) == address or address == "+14155550100"
    )  # eleven digits that begin with 1 are Chinese here


@pytest.mark.parametrize(
    "wrong", [{"batch": 81}, {"batch": 0}, {"timeout": 0.0}, {"endpoint": "http://dysmsapi.aliyuncs.com"}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Exception, match="R481"):
        settings(**wrong)


def test_the_plugin_registers() -> None:
    import rulecrm_aliyun

    registry = registry_of({"aliyun": rulecrm_aliyun})
    assert [one.refused for one in registry.plugins] == [None]
    kind = registry.channels["aliyun-sms"]
    traits = kind.open(Settings("k", Secret("env:NOWHERE"), "s"), Context()).traits  # no secret is read yet
    assert traits.preapproved
    assert traits.notice == "拒收请回复R"
    abroad = kind.open(Settings("k", Secret("env:NOWHERE"), "s", mainland=False), Context()).traits
    assert (abroad.notice, abroad.hours) == (None, None)


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__annotations__ if f"`{name}`" not in readme] == []


def test_a_secret_that_is_not_there_is_a_mistake_of_the_settings(
    provider: AliyunServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALIYUN_SECRET")
    (answer,) = send_and_close(AliyunSms(settings(provider), Context()), message(1))
    assert answer.outcome is Answered.CONFIG
    assert "ALIYUN_SECRET" in (answer.detail or "")
    assert not provider.requests
