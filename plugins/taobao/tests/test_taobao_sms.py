from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from rulecrm_taobao.fake import TaobaoServer
from rulecrm_taobao.fake.telling import oaid_of
from rulecrm_taobao.settings import SmsSettings
from rulecrm_taobao.sms import TaobaoSms

from rulecrm.plugin import Answered, Channel, Content, Context, Message, Secret, key_of
from rulecrm.plugin.pulling import KeptTokens
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market

NOON = dt.datetime(2025, 11, 11, 4, 0, tzinfo=dt.UTC)


def order(number: int) -> str:
    return str(7_000_000_000_000_000_000 + number * 97)


def settings(server: TaobaoServer, **more: object) -> SmsSettings:
    given = SmsSettings(
        server.key,
        Secret("env:RULECRM_FAKE_TAOBAO_SECRET"),
        Secret("env:RULECRM_FAKE_TAOBAO_SESSION"),
        "【测试商店】",
        url=server.router,
        timeout=0.5,
    )
    return evolve(given, **more)


def message(number: int = 1, **more: object) -> Message:
    content = Content("On its way.", code="SMS_1", parameters={"text": "On its way."})
    given = Message(
        key_of(f"x{number}", 0),
        "sms",
        f"c{number}",
        f"{order(number)}:{oaid_of(order(number))}",
        content,
        purpose="order",
    )
    return evolve(given, **more)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[TaobaoServer]:
    with TaobaoServer(Market(FakeClock(NOON)), access="trade") as server:
        server.market.live(1)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def opened(provider: TaobaoServer) -> Channel:
    return TaobaoSms(settings(provider), Context(provider.market.clock.now))


class TestSms(ChannelContract):
    @pytest.fixture
    def provider(self, provider: TaobaoServer) -> TaobaoServer:
        return provider

    @pytest.fixture
    def opened(self, opened: Channel) -> Channel:
        return opened

    def address(self, number: int) -> str:
        return f"{order(number)}:{oaid_of(order(number))}"

    def content(self, text: str) -> Content:
        return Content(text, code="SMS_1", parameters={"text": text})


def test_a_message_names_the_order_and_its_oaid(provider: TaobaoServer, opened: Channel) -> None:
    (answer,) = send_and_close(opened, message(3))
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, "1^0")
    (asked,) = provider.gateway.asked
    assert asked.document("param_send_message_by_o_a_i_d_request") == {
        "order_id": order(3),
        "oaid": oaid_of(order(3)),
        "sms_free_sign_name": "测试商店",
        "template_code": "SMS_1",
        "params": {"text": "On its way."},
    }


def test_what_is_no_order_and_oaid_never_leaves(provider: TaobaoServer, opened: Channel) -> None:
    wrong = ["+8613812340001", order(1), f":{oaid_of(order(1))}", f"{order(1)}: ", f"{order(1)}:{'é' * 40}"]
    answers = send_and_close(opened, *(message(address=one) for one in wrong))
    assert {one.outcome for one in answers} == {Answered.DEAD_ADDRESS}
    assert not provider.requests


def test_the_oaid_of_another_order_is_a_dead_address(opened: Channel) -> None:
    (answer,) = send_and_close(opened, message(address=f"{order(1)}:{oaid_of(order(2))}"))
    assert (answer.outcome, answer.code) == (Answered.DEAD_ADDRESS, "isv.OAID_INVALID")


def test_signature_and_template_are_told_apart(provider: TaobaoServer) -> None:
    clock = Context(provider.market.clock.now)
    (answer,) = send_and_close(TaobaoSms(settings(provider, sign="别的"), clock), message())
    assert (answer.outcome, answer.code) == (Answered.CONFIG, "isv.SMS_SIGNATURE_ILLEGAL")
    (answer,) = send_and_close(TaobaoSms(settings(provider), clock), message(content=Content("x", code="SMS_9")))
    assert (answer.outcome, answer.code) == (Answered.POLICY, "isv.SMS_TEMPLATE_ILLEGAL")
    (answer,) = send_and_close(TaobaoSms(settings(provider), clock), message(content=Content("x")))
    assert answer.outcome is Answered.CONFIG


def test_a_ban_is_waited_out(provider: TaobaoServer, opened: Channel) -> None:
    provider.gateway.a_second, provider.gateway.ban = 1, 7_200.0
    answers = send_and_close(opened, message(1), message(2))
    assert [one.outcome for one in answers] == [Answered.ACCEPTED, Answered.WAIT_QUOTA]
    assert answers[1].not_before == provider.market.clock.now() + dt.timedelta(hours=2)


def test_the_session_that_syncing_has_renewed_is_used(provider: TaobaoServer, tmp_path: Path) -> None:
    from rulecrm_taobao.calls import Calls
    from rulecrm_taobao.settings import Settings

    from rulecrm.plugin import PlatformContext

    provider.expire()
    clock, path = provider.market.clock, tmp_path / "shop.json"
    (answer,) = send_and_close(TaobaoSms(settings(provider), Context(clock.now)), message())
    assert answer.outcome is Answered.CONFIG
    account = Settings(
        provider.key, Secret("env:RULECRM_FAKE_TAOBAO_SECRET"), Secret("env:RULECRM_FAKE_TAOBAO_SESSION"), Secret("env:RULECRM_FAKE_TAOBAO_REFRESH"),
        url=provider.router,
    )  # fmt: skip
    calls = Calls(account, PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop", path))

    async def renew() -> None:
        await calls.ask("taobao.trade.fullinfo.get", {"fields": "tid", "tid": order(1)})
        await calls.close()

    import asyncio

    asyncio.run(renew())
    assert KeptTokens(path).get("access_token") in provider.gateway.sessions
    (answer,) = send_and_close(
        TaobaoSms(settings(provider, tokens=str(path), refresh_token=account.refresh_token), Context(clock.now)),
        message(),
    )
    assert answer.outcome is Answered.ACCEPTED


@pytest.mark.parametrize(
    "wrong", [{"sign": "【】"}, {"timeout": 0.0}, {"url": "http://gw.api.taobao.com"}, {"sign_method": "rsa"}]
)
def test_settings_that_cannot_work_are_refused(provider: TaobaoServer, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="`"):
        settings(provider, **wrong)
