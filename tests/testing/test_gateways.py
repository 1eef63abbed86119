from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from rulecrm.plugin.signing import router_signature
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.gateways import Argument, Asked, GatewayError, Method, RouterGateway
from rulecrm.testing.http import Call

NOON = dt.datetime(2025, 11, 11, 4, 0, tzinfo=dt.UTC)  # 12:00 at GMT+8
BIG = 2**60 + 1

# Signatures worked out by hand for the documented example (developer.alibaba.com, articleId=101617); the first one is
# the documentation's own, the last one that of an older page.
EXAMPLE = {
    "app_key": "12345678", "fields": "num_iid,title,nick,price,num", "format": "json",
    "method": "taobao.item.seller.get", "num_iid": "11223344", "session": "test",
    "timestamp": "2016-01-01 12:00:00", "v": "2.0",
}  # fmt: skip
OLDER = {
    "app_key": "test", "fields": "nick", "format": "xml", "method": "taobao.user.seller.get", "session": "test",
    "sign_method": "md5", "timestamp": "2013-05-06 13:52:03", "v": "2.0",
}  # fmt: skip
VECTORS = [
    ("helloworld", {**EXAMPLE, "sign_method": "md5"}, "66987CB115214E59E6EC978214934FB8"),
    ("helloworld", {**EXAMPLE, "sign_method": "hmac"}, "D56D7858309C31B6251083A874D48273"),
    ("helloworld", {**EXAMPLE, "sign_method": "hmac-sha256"},
     "04DB15AD0774D5CFCE2C837DE43E3FCEA9011ED74F3038FB6AB5F3C4CEA119E8"),
    ("test", OLDER, "72CB4D809B375A54502C09360D879C64"),
]  # fmt: skip

ROWS = [
    {"id": BIG, "name": "甲", "price": "1.50", "lines": [{"oid": 1, "num": 2}, {"oid": 2, "num": 1}]},
    {"id": 2, "name": "乙", "price": "2.00", "lines": []},
]


def listed(asked: Asked) -> Mapping[str, object]:
    if asked.whole("page_no", 1) > 10:
        raise GatewayError(15, "Remote service error", "isv.no-such-page", "there are fewer pages")
    return {"total_results": 2, "rows": ROWS}


def gateway(clock: FakeClock, **more: object) -> RouterGateway:
    methods = [
        Method(
            "acme.rows.get", listed,
            [Argument("page_no", "whole", least=1), Argument("page_size", "whole", least=1, most=100),
             Argument("since", "instant", required=True), Argument("kind", words=frozenset({"a", "b"}), several=True),
             Argument("param0", "document", parts=[Argument("order_id", required=True), Argument("deep", "flag")])],
            frozenset({"id", "name", "price", "lines.oid", "lines.num"}), "rows",
        ),
        Method("other.time.get", lambda asked: {"time": "x"}, session=False),
    ]  # fmt: skip
    made = RouterGateway(methods, "k", "hush", clock.now, {"s1"}, "acme.", {"rows": "row", "lines": "line"})
    for name, value in more.items():
        setattr(made, name, value)
    return made


def ask(
    made: RouterGateway, fault: Fault | None = None, unsigned: Mapping[str, str] | None = None, **given: str
) -> dict[str, object]:
    asked = {
        "method": "acme.rows.get", "app_key": "k", "session": "s1", "v": "2.0", "format": "json",
        "sign_method": "md5", "timestamp": "2025-11-11 12:00:00", "since": "2025-11-11 00:00:00", "fields": "id",
        **given,
    }  # fmt: skip
    asked = {name: value for name, value in asked.items() if value != "-"}
    asked.setdefault("sign", made.sign(asked))
    body = urlencode({**asked, **(unsigned or {})}).encode()
    reply = made.answer(Call("POST", "/router/rest", {}, {}, body, fault))
    assert reply.status == 200
    document: dict[str, object] = json.loads(reply.body)
    return document


def code(document: Mapping[str, object]) -> object:
    error = document["error_response"]
    assert isinstance(error, dict)
    assert error["request_id"]
    return error["code"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.mark.parametrize(("secret", "given", "signature"), VECTORS)
def test_signatures_are_those_that_were_published(
    clock: FakeClock, secret: str, given: Mapping[str, str], signature: str
) -> None:
    assert gateway(clock, secret=secret).sign(given) == signature
    assert gateway(clock, secret=secret).sign({**given, "sign": "X", "empty": ""}) == signature
    assert router_signature(secret, {**given, "empty": ""}, given["sign_method"]) == signature


def test_lists_are_wrapped_and_only_what_was_asked_for_comes(clock: FakeClock) -> None:
    root = ask(gateway(clock), fields="id,lines.oid")["rows_get_response"]
    assert root == {
        "total_results": 2,
        "rows": {"row": [{"id": BIG, "lines": {"line": [{"oid": 1}, {"oid": 2}]}}, {"id": 2}]},
        "request_id": "r1",
    }


def test_a_record_may_be_asked_for_as_a_whole_and_lists_come_plain(clock: FakeClock) -> None:
    told = ask(gateway(clock), fields="lines", simplify="true")
    assert told["rows"] == [{"lines": [{"oid": 1, "num": 2}, {"oid": 2, "num": 1}]}, {"lines": []}]


def test_another_prefix_stays(clock: FakeClock) -> None:
    told = ask(gateway(clock), method="other.time.get", session="-", since="-", fields="-")
    assert told == {"other_time_get_response": {"time": "x", "request_id": "r1"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"method": "-"}, 21), ({"method": "acme.cows.get"}, 22), ({"format": "-"}, 23), ({"sign": ""}, 24),
        ({"sign": "0" * 32}, 25), ({"sign_method": "hmac", "sign": "0" * 32}, 25), ({"session": "-"}, 26),
        ({"session": "s2"}, 27), ({"app_key": "-"}, 28), ({"app_key": "l"}, 29), ({"timestamp": "-"}, 30),
        ({"timestamp": "2025-11-11 11:49:59"}, 31), ({"timestamp": "2025-11-11 12:10:01"}, 31),
        ({"timestamp": "2025-11-11T12:00:00Z"}, 31), ({"v": "-"}, 32), ({"v": "1.0"}, 33), ({"since": "-"}, 40),
        ({"fields": "-"}, 40), ({"since": "2025-11-11"}, 41), ({"page_no": "0"}, 41), ({"page_size": "101"}, 41),
        ({"page_size": "many"}, 41), ({"kind": "a,c"}, 41), ({"fields": "id,nothing"}, 41), ({"strange": "1"}, 41),
        ({"param0": "{}"}, 40), ({"param0": '{"order_id": "1", "more": 2}'}, 41), ({"param0": "no"}, 41),
        ({"page_no": "11"}, 15),
    ],
)  # fmt: skip
def test_each_mistake_has_its_number(clock: FakeClock, given: dict[str, str], expected: int) -> None:
    assert code(ask(gateway(clock), **given)) == expected


@pytest.mark.parametrize("at", ["2025-11-11 11:50:00", "2025-11-11 12:10:00"])
def test_ten_minutes_are_forgiven(clock: FakeClock, at: str) -> None:
    assert "rows_get_response" in ask(gateway(clock), timestamp=at)


def test_what_came_is_read_in_its_own_type(clock: FakeClock) -> None:
    made = gateway(clock)
    ask(made, page_no="3", kind="a,b", param0='{"order_id": 7, "deep": true}')
    (asked,) = made.asked
    assert asked.whole("page_no", 1) == 3
    assert asked.instant("since") == dt.datetime(2025, 11, 10, 16, 0, tzinfo=dt.UTC)
    assert asked.document("param0") == {"order_id": "7", "deep": True}
    assert asked.session == "s1"


@pytest.mark.parametrize(("fault", "expected"), [(Fault.THROTTLED, 7), (Fault.BROKEN, 15), (Fault.CREDENTIALS, 25)])
def test_faults_are_told_in_its_own_words(clock: FakeClock, fault: Fault, expected: int) -> None:
    assert code(ask(gateway(clock), fault)) == expected


def test_who_is_too_fast_is_banned_until_the_ban_is_over(clock: FakeClock) -> None:
    made = gateway(clock, a_second=2, ban=30.0)
    assert ["error_response" in ask(made) for _ in range(3)] == [False, False, True]
    clock.move(dt.timedelta(seconds=29))
    told = ask(made)
    assert code(told) == 7
    assert "This ban will last for 1 more seconds" in json.dumps(told)
    clock.move(dt.timedelta(seconds=1))
    assert "rows_get_response" in ask(made)


def test_parameters_may_stand_in_the_address_too(clock: FakeClock) -> None:
    made = gateway(clock)
    asked = {
        "method": "other.time.get", "app_key": "k", "v": "2.0", "format": "json", "timestamp": "2025-11-11 12:00:00",
    }  # fmt: skip
    query = {**asked, "sign": made.sign(asked)}
    assert b"other_time_get_response" in made.answer(Call("GET", "/router/rest", query, {}, b"")).body
    assert made.answer(Call("GET", "/elsewhere", query, {}, b"")).status == 404
