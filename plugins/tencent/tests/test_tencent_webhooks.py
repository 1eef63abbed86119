"""Reports and replies, as the service posts them."""

from __future__ import annotations

import datetime as dt
import json
import os
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulecrm_tencent import Settings
from rulecrm_tencent.receipts import hear, pulled_report

from rulecrm.plugin import NO_SECRET, Context, Forged, Receipt, Received, Request, Secret
from rulecrm.testing.clocks import FakeClock

CLOCK = FakeClock(dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC))
SETTINGS = Settings("k", Secret("env:TENCENT_SECRET"), "1", "s", hook=Secret("env:TENCENT_WORD"))
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENT_WORD", "word")


def post(told: object, token: str | None = "word") -> Request:
    query = {} if token is None else {"token": token}
    body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
    return Request("POST", "https://crm.example.com/hooks/sms", {"content-type": "application/json"}, query, body)


def heard(told: object) -> list[Receipt]:
    return list(hear(post(told), SETTINGS, Context(CLOCK.now)).receipts)


# The example of tencentcloud.com/document/product/382/43547, with a number in full.
REPORT = {
    "user_receive_time": "2015-10-17 08:03:04",
    "nationcode": "86",
    "mobile": "13811110000",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "2645:1",
}


def test_a_report_of_a_delivery() -> None:
    response = hear(post([REPORT]), SETTINGS, Context())
    at = dt.datetime(2015, 10, 17, 8, 3, 4, tzinfo=SHANGHAI)
    assert list(response.receipts) == [
        Receipt("2645:1:delivered", Received.DELIVERED, at, None, "2645:1", "+8613811110000")
    ]
    assert json.loads(response.body) == {"result": 0, "errmsg": "OK"}


def test_posted_and_pulled_it_is_the_same_event() -> None:
    row = {
        "SerialNo": "2645:1",
        "PhoneNumber": "+8613811110000",
        "ReportStatus": "SUCCESS",
        "UserReceiveTime": 1445040184,
    }
    assert pulled_report(row, Context()) == heard([REPORT])


@pytest.mark.parametrize(
    ("errmsg", "description", "reason", "kinds"),
    [
        ("MK:0001", "空号", "hard", [Received.BOUNCED]),
        ("UNDELIV", "关机", "soft", [Received.BOUNCED]),
        ("", "", "soft", [Received.BOUNCED]),
        ("BLACK", "用户在黑名单中", "soft", [Received.BOUNCED, Received.UNSUBSCRIBED]),
    ],
)
def test_a_report_of_a_failure(errmsg: str, description: str, reason: str, kinds: list[Received]) -> None:
    receipts = heard([{**REPORT, "report_status": "FAIL", "errmsg": errmsg, "description": description}])
    assert [one.what for one in receipts] == kinds
    assert receipts[0].reason == reason
    assert len({one.id for one in receipts}) == len(kinds)


REPLY = {"extend": "", "mobile": "13811110000", "nationcode": "86", "sign": "s", "text": "谢谢", "time": 1457336869}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("谢谢", Received.REPLIED),
        ("R", Received.UNSUBSCRIBED),
        (" td。", Received.UNSUBSCRIBED),
        ("拒收", Received.UNSUBSCRIBED),
        ("Rest", Received.REPLIED),
    ],
)
def test_replies(text: str, what: Received) -> None:
    (receipt,) = heard({**REPLY, "text": text})
    at = dt.datetime.fromtimestamp(1457336869, dt.UTC)
    assert receipt == Receipt(receipt.id, what, at, address="+8613811110000", text=text)
    assert heard({**REPLY, "text": text})[0].id == receipt.id != heard({**REPLY, "text": "other"})[0].id


def test_what_else_is_posted_is_no_news() -> None:
    assert heard([{"template_id": 1, "status": 0}]) == []
    assert heard([]) == []


@pytest.mark.parametrize("token", [None, "", "wor", "wort", "wörd"])
def test_without_the_word_nothing_is_believed(token: str | None) -> None:
    with pytest.raises(Forged):
        hear(post([REPORT], token), SETTINGS, Context())


def test_where_no_word_is_set_nothing_is_believed() -> None:
    with pytest.raises(Forged):
        hear(post([REPORT], ""), Settings("k", NO_SECRET, "1", "s"), Context())


@pytest.mark.parametrize(
    "told",
    [b"<html>", b"\xff", ["text"], [{**REPORT, "sid": ""}], [{**REPORT, "mobile": "x,y"}], {**REPLY, "mobile": None}],
)
def test_what_makes_no_sense_is_told(told: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        heard(told)


@pytest.mark.parametrize("time", [None, "yesterday", -1, 10**12, True])
def test_a_time_that_makes_no_sense_is_now(time: object) -> None:
    assert heard({**REPLY, "time": time})[0].at == CLOCK.now()


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["13811110000", "86", "SUCCESS", "2017-01-01 00:00:00", "R", 1457336869]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*REPORT, *REPLY]), inner, max_size=8),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_is_posted_is_heard_or_makes_no_sense(told: object) -> None:
    os.environ["TENCENT_WORD"] = "word"
    try:
        receipts = heard(told)
    except ValueError:
        return
    assert all(one.at.tzinfo is not None for one in receipts)
