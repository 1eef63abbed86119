"""Reports and replies, as the service posts them (SmsReport, SmsUp)."""

from __future__ import annotations

import datetime as dt
import json
import os
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulecrm_aliyun import Settings
from rulecrm_aliyun.numbers import out_id, provider_id
from rulecrm_aliyun.receipts import hear

from rulecrm.plugin import NO_SECRET, Context, Forged, Receipt, Received, Request, Secret, key_of
from rulecrm.testing.clocks import FakeClock

CLOCK = FakeClock(dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC))
SETTINGS = Settings("k", Secret("env:ALIYUN_SECRET"), "s", hook=Secret("env:ALIYUN_WORD"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY = key_of("a|c1#1@", 0)


@pytest.fixture(autouse=True)
def word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIYUN_WORD", "word")


def post(told: object, token: str | None = "word") -> Request:
    query = {} if token is None else {"token": token}
    body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
    return Request("POST", "https://crm.example.com/hooks/sms", {"content-type": "application/json"}, query, body)


def heard(told: object) -> list[Receipt]:
    return list(hear(post(told), SETTINGS, Context(CLOCK.now)).receipts)


# The example of help.aliyun.com/zh/sms/developer-reference/smsreport-2, with a number in full.
REPORT = {
    "phone_number": "13811110000",
    "send_time": "2017-01-01 00:00:00",
    "report_time": "2017-01-01 00:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345^0",
    "out_id": KEY,
}


def test_a_report_of_a_delivery() -> None:
    known = provider_id("12345^0", "13811110000")
    at = dt.datetime(2017, 1, 1, 0, 0, 5, tzinfo=SHANGHAI)
    response = hear(post([REPORT]), SETTINGS, Context())
    assert list(response.receipts) == [
        Receipt(f"{known}:delivered", Received.DELIVERED, at, KEY, known, "+8613811110000")
    ]
    assert json.loads(response.body)["code"] == 0
    assert response.media_type == "application/json"


def test_reports_of_one_call_are_told_apart() -> None:
    marks = out_id([KEY, key_of("a|c2#1@", 0)])
    first, second = heard([{**REPORT, "out_id": marks}, {**REPORT, "out_id": marks, "phone_number": "13811110001"}])
    assert first.key is None
    assert first.provider_id == provider_id("12345^0", "13811110000")
    assert second.provider_id == provider_id("12345^0", "13811110001")
    assert first.id != second.id


@pytest.mark.parametrize(
    ("code", "reason", "kinds"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", "hard", [Received.BOUNCED]),
        ("MOBILE_NOT_ON_SERVICE", "soft", [Received.BOUNCED]),  # said of telephones that are off, too
        ("CONTENT_KEYWORD", "soft", [Received.BOUNCED]),
        ("USER_REJECT", "soft", [Received.BOUNCED, Received.UNSUBSCRIBED]),
        ("MOBILE_IN_BLACK", "soft", [Received.BOUNCED, Received.UNSUBSCRIBED]),
    ],
)
def test_a_report_of_a_failure(code: str, reason: str, kinds: list[Received]) -> None:
    receipts = heard([{**REPORT, "success": False, "err_code": code}])
    assert [one.what for one in receipts] == kinds
    assert receipts[0].reason == reason
    assert len({one.id for one in receipts}) == len(kinds)


UP = {
    "phone_number": "13811110000",
    "send_time": "2017-10-01 11:12:13",
    "content": "谢谢",
    "sign_name": "标识",
    "dest_code": "1234",
    "sequence_id": 1234567890,
}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("谢谢", Received.REPLIED),
        ("R", Received.UNSUBSCRIBED),
        (" r。", Received.UNSUBSCRIBED),
        ("TD", Received.UNSUBSCRIBED),
        ("退订", Received.UNSUBSCRIBED),
        ("Really?", Received.REPLIED),
    ],
)
def test_replies(text: str, what: Received) -> None:
    at = dt.datetime(2017, 10, 1, 11, 12, 13, tzinfo=SHANGHAI)
    assert heard([{**UP, "content": text}]) == [Receipt("up:1234567890", what, at, address="+8613811110000", text=text)]


def test_a_reply_without_a_number_of_its_own_has_the_same_id_twice() -> None:
    lacking = {name: value for name, value in UP.items() if name != "sequence_id"}
    assert heard([lacking])[0].id == heard([lacking])[0].id != heard([{**lacking, "content": "R"}])[0].id


def test_what_else_is_posted_is_no_news() -> None:
    assert heard([{"template_code": "SMS_1", "template_status": "approved"}]) == []
    assert heard([]) == []


@pytest.mark.parametrize("token", [None, "", "wor", "wort", "wörd"])
def test_without_the_word_nothing_is_believed(token: str | None) -> None:
    with pytest.raises(Forged):
        hear(post([REPORT], token), SETTINGS, Context())


def test_where_no_word_is_set_nothing_is_believed() -> None:
    with pytest.raises(Forged):
        hear(post([REPORT], ""), Settings("k", NO_SECRET, "s"), Context())


@pytest.mark.parametrize(
    "told",
    [
        b"<html>",
        b"\xff",
        ["text"],
        [{**REPORT, "biz_id": ""}],
        [{**REPORT, "phone_number": "x,y"}],
        [{**UP, "phone_number": 0}],
    ],
)
def test_what_makes_no_sense_is_told(told: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        heard(told)


def test_a_time_that_is_missing_is_now() -> None:
    assert heard([{**REPORT, "report_time": None}])[0].at == CLOCK.now()


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["13811110000", "12345^0", "true", "2017-01-01 00:00:00", "R"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*REPORT, *UP]), inner, max_size=8),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_is_posted_is_heard_or_makes_no_sense(told: object) -> None:
    os.environ["ALIYUN_WORD"] = "word"
    try:
        receipts = heard(told)
    except ValueError:
        return
    assert all(one.at.tzinfo is not None for one in receipts)
