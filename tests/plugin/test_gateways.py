"""What Alibaba's international gateways have in common: signature, errors."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest

from rulecrm.plugin import NO_SECRET, LaterError, PlatformContext, Secret, StoppedError
from rulecrm.plugin.documents import exact
from rulecrm.plugin.gateways import PathAccount, PathGateway, path_signature, waiting
from rulecrm.plugin.pulling import Patience
from rulecrm.plugin.wire import Wire
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

# published with Lazada's description of signatures, developer.alibaba.com/docs/doc.htm?articleId=108069
PUBLISHED = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
PARAMETERS = {
    "app_key": "123456", "order_id": "1234", "sign_method": "sha256", "timestamp": "1517820392000", "access_token": "test"
}  # fmt: skip


def test_the_published_signature() -> None:
    assert path_signature("helloworld", "/order/get", PARAMETERS) == PUBLISHED


def test_order_empty_parameters_and_a_signature_make_no_difference() -> None:
    shuffled = {name: PARAMETERS[name] for name in sorted(PARAMETERS, reverse=True)} | {"sign": "AB", "note": ""}
    assert path_signature("helloworld", "/order/get", shuffled) == PUBLISHED


def test_a_name_without_a_slash_is_a_parameter_and_no_path() -> None:
    named = path_signature("helloworld", "order.get", PARAMETERS)
    assert named == path_signature("helloworld", "another", PARAMETERS) != PUBLISHED


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Api access frequency exceeds the limit. this ban will last 1 seconds", 1.0),
        ("This ban will last for 12 more seconds", 12.0),
        ("the limit of the day", None),
    ],
)
def test_how_long_a_ban_lasts(message: str, seconds: float | None) -> None:
    assert waiting(message) == seconds


def test_amounts_go_through_no_float_and_what_is_no_object_is_none() -> None:
    assert exact(b'{"price": 0.10, "id": 7000000000000000001}') == {"price": Decimal("0.10"), "id": 7000000000000000001}
    for body in (b"", b"[1]", b"<html>", b'{"half": ', b"[" * 100_000, '{"\ud800"'.encode("utf-8", "replace")):
        assert exact(body) is None


class Says(HttpProvider):
    """A gateway that says one thing, and then that all is well."""

    def __init__(self, first: object) -> None:
        super().__init__()
        self.first = first

    def answer(self, call: Call) -> Reply:
        return as_json(self.first if len(self.requests) == 1 else {"code": "0", "data": "here"})


def ask(first: object, monkeypatch: pytest.MonkeyPatch) -> tuple[Mapping[str, object], dt.timedelta]:
    """What a call gives in the end, and how long it waited."""
    monkeypatch.setenv("IOP_SECRET", "secret-of-the-app")
    monkeypatch.setenv("IOP_TOKEN", "token-of-the-shop")
    clock = FakeClock()
    begin = clock.now()
    context = PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop")

    async def call(url: str) -> Mapping[str, object]:
        account = PathAccount("1", Secret("env:IOP_SECRET"), Secret("env:IOP_TOKEN"), NO_SECRET)
        gateway = PathGateway("The mall", Wire("The mall", url, 5.0), account, context, Patience())
        try:
            return await gateway.call("mall.orders.get", {})
        finally:
            await gateway.close()

    with Says(first) as server:
        return asyncio.run(call(server.url)), clock.now() - begin


@pytest.mark.parametrize(
    ("first", "seconds"),
    [
        ({"code": "ApiCallLimit", "type": "ISV", "message": "this ban will last 3 seconds"}, 3),
        ({"code": "SellerCallLimit", "type": "ISV", "message": "too many"}, 0),
        ({"code": "ServiceTimeout", "type": "ISP", "message": "away"}, 0),
        ({"error_response": {"code": 7, "msg": "App Call Limited", "sub_msg": "This ban will last for 3 more seconds"}}, 3),
        ({"error_response": {"code": 15, "msg": "Remote service error", "sub_code": "isp.top-remote-timeout"}}, 0),
    ],
)  # fmt: skip
def test_what_passes_by_itself_is_asked_for_again(first: object, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found, waited = ask(first, monkeypatch)
    assert found["data"] == "here"
    assert waited >= dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "first",
    [
        {"code": "IncompleteSignature", "type": "ISV", "message": "signature"},
        {"code": "36", "type": "ISP", "message": "E036: Invalid status filter"},
        {"code": "IllegalAccessToken", "type": "ISV", "message": "invalid or expired"},
        {"error_response": {"code": 15, "msg": "Remote service error", "sub_code": "isv.account-migration-check-fail"}},
    ],
)
def test_what_stays_stops_it_in_the_platforms_own_words(first: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoppedError, match="The mall said") as stopped:
        ask(first, monkeypatch)
    assert "of-the-" not in str(stopped.value)


def test_a_ban_of_hours_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LaterError) as later:
        ask({"code": "AppCallLimit", "type": "ISV", "message": "this ban will last 36000 seconds"}, monkeypatch)
    assert later.value.after == FakeClock().now() + dt.timedelta(hours=10)
