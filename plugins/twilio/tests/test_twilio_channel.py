"""The channel against a local Messages resource, as twilio-oai (twilio_api_v2010.json, CreateMessage) describes it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from attrs import evolve
from rulecrm_twilio import Settings
from rulecrm_twilio.answers import answer_of
from rulecrm_twilio.channel import Twilio
from rulecrm_twilio.receipts import signature

from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Message,
    Price,
    Request,
    Secret,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

ACCOUNT = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
TOKEN = "a-very-secret-token"
CALLBACK = "https://crm.example.com/r/hooks/sms?shop=1"

# CreateMessageRequest: the properties that a fake has to know; whatever else comes is a mistake of ours.
KNOWN = {
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "StatusCallback",
    "ValidityPeriod",
    "ContentSid",
    "ContentVariables",
}


class TwilioServer(HttpProvider):
    dead = "+15005550001"  # Twilio's own test number of an invalid recipient (21211)
    opted_out = "+15005550004"  # … and of one on the block list (21610)
    secrets = (TOKEN, base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode())

    def answer(self, call: Call) -> Reply:
        if call.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json" or call.method != "POST":
            return self.refuse(404, 20404, "The requested resource was not found")
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") != expected or call.fault is Fault.CREDENTIALS:
            return self.refuse(401, 20003, "Authenticate")
        if call.headers["content-type"] != "application/x-www-form-urlencoded":
            return self.refuse(415, 20001, "Unsupported media type")
        if call.fault is Fault.THROTTLED:
            return self.refuse(429, 20429, "Too Many Requests", Retry_After="7")
        if call.fault is Fault.BROKEN:
            return self.refuse(500, 20500, "Internal Server Error")
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=True))
        assert set(form) <= KNOWN, set(form) - KNOWN
        if "To" not in form:
            return self.refuse(400, 21604, "A 'To' phone number is required.")
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form["To"]) or form["To"] == self.dead:
            return self.refuse(400, 21211, f"The 'To' number {form['To']} is not a valid phone number.")
        if form["To"] == self.opted_out:
            return self.refuse(400, 21610, f"Attempt to send to unsubscribed recipient {form['To']}")
        if ("From" in form) == ("MessagingServiceSid" in form):
            return self.refuse(400, 21603, "A 'From' phone number is required.")
        if "ContentSid" not in form and not form.get("Body"):
            return self.refuse(400, 21602, "Message body is required.")
        if len(form.get("Body", "")) > 1600:
            return self.refuse(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        self.take(form["To"], form.get("Body", form.get("ContentSid", "")))
        sid = f"SM{len(self.taken()):032x}"
        document = {
            "sid": sid, "account_sid": ACCOUNT, "status": "queued", "num_segments": "2", "price": None,
            "price_unit": "USD", "error_code": None, "error_message": None, "to": form["To"],
        }  # fmt: skip
        return as_json(document, 201)

    def refuse(self, status: int, code: int, message: str, **headers: str) -> Reply:
        more = f"https://www.twilio.com/docs/errors/{code}"
        return as_json({"code": code, "message": message, "more_info": more, "status": status}, status, **headers)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_TOKEN", TOKEN)


@pytest.fixture
def provider() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


def settings(server: HttpProvider | None = None, **more: object) -> Settings:
    url = server.url if server is not None else "http://127.0.0.1:1"
    given = {"account": ACCOUNT, "token": "env:TWILIO_TOKEN", "sender": "+15005550006", "endpoint": url, "timeout": 1.0}
    return read_settings({**given, **more}, Settings, where="[routes.sms]")


CLOCK = FakeClock(dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC))


class TestTwilio(ChannelContract):
    @pytest.fixture
    def provider(self) -> Iterator[TwilioServer]:
        with TwilioServer() as server:
            yield server

    @pytest.fixture
    def opened(self, provider: TwilioServer) -> Channel:
        return Twilio(settings(provider, callback=CALLBACK), Context(name="sms"))

    def genuine(self) -> Request:
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345001", "From": "+15005550006"}
        url = f"{CALLBACK}&key=k1"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(TOKEN, url, {name: [value] for name, value in form.items()}),
        }
        return Request("POST", url, headers, {"shop": "1", "key": "k1"}, urlencode(form).encode())


MESSAGE = Message(key_of("a|c1#1@", 0), "sms", "c1", "+4915112345001", Content("Zwölf % für Sie & Ihn"), template="t")


def test_the_request_is_the_one_that_twilio_describes(provider: TwilioServer) -> None:
    channel = Twilio(settings(provider, callback=CALLBACK), Context(CLOCK.now))
    (answer,) = send_and_close(channel, evolve(MESSAGE, expires=CLOCK.now() + dt.timedelta(minutes=90)))
    assert answer == Answer(Answered.ACCEPTED, provider_id="SM" + "0" * 31 + "1", units=2)
    (call,) = provider.requests
    assert (call.method, call.path, call.query) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", {})
    assert call.form() == {
        "To": "+4915112345001",
        "From": "+15005550006",
        "Body": "Zwölf % für Sie & Ihn",
        "StatusCallback": f"{CALLBACK}&key={MESSAGE.key}",
        "ValidityPeriod": "5400",
    }


def test_a_service_picks_the_sender_and_an_approved_template_the_words(provider: TwilioServer) -> None:
    channel = Twilio(settings(provider, sender="", service="MG" + "1" * 32), Context())
    content = Content("Hallo Ana", code="HX" + "2" * 32, parameters={"1": "Ana", "2": "小米"})
    send_and_close(channel, evolve(MESSAGE, content=content))
    form = provider.requests[0].form()
    assert json.loads(form.pop("ContentVariables")) == {"1": "Ana", "2": "小米"}
    assert form == {"To": MESSAGE.address, "MessagingServiceSid": "MG" + "1" * 32, "ContentSid": "HX" + "2" * 32}


def test_a_key_signs_requests_instead_of_the_token(provider: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_KEY", "key-secret")
    (answer,) = send_and_close(Twilio(settings(provider, key="SK1", key_secret="env:TWILIO_KEY"), Context()), MESSAGE)
    assert answer.outcome is Answered.CONFIG  # the fake knows the token alone
    given = provider.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(given) == b"SK1:key-secret"


def test_too_many_requests_wait_as_long_as_twilio_says(provider: TwilioServer) -> None:
    provider.fail(Fault.THROTTLED)
    (answer,) = send_and_close(Twilio(settings(provider), Context(CLOCK.now)), MESSAGE)
    assert answer.outcome is Answered.RETRY
    assert answer.route
    assert answer.not_before == CLOCK.now() + dt.timedelta(seconds=7)
    assert answer.code == "20429"


def test_an_error_of_twilios_own_may_have_taken_the_message(provider: TwilioServer) -> None:
    provider.fail(Fault.BROKEN)
    (answer,) = send_and_close(Twilio(settings(provider), Context()), MESSAGE)
    assert (answer.outcome, answer.code) == (Answered.UNKNOWN, "20500")


@pytest.mark.parametrize(
    ("code", "outcome", "route"),
    [
        (21211, Answered.DEAD_ADDRESS, False),
        (21614, Answered.DEAD_ADDRESS, False),
        (21610, Answered.OPTED_OUT, False),
        (21408, Answered.POLICY, False),
        (21617, Answered.POLICY, False),
        (21606, Answered.CONFIG, False),
        (30034, Answered.CONFIG, False),
        (21611, Answered.RETRY, True),
        (30023, Answered.WAIT_QUOTA, True),
        (63038, Answered.WAIT_QUOTA, True),
        (29999, Answered.POLICY, False),  # not listed: refused for something in this request
    ],
)
def test_what_codes_mean(code: int, outcome: Answered, route: bool) -> None:
    body = json.dumps({"code": code, "message": "to +4915112345001", "status": 400}).encode()
    answer = answer_of(400, {}, body, CLOCK.now)
    assert (answer.outcome, answer.code, answer.route) == (outcome, str(code), route)
    assert "+49" not in repr(answer)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, b"", Answered.CONFIG),
        (403, b"<html>", Answered.CONFIG),
        (301, b"", Answered.CONFIG),
        (429, b"slow down", Answered.RETRY),
        (400, b"[]", Answered.POLICY),
        (502, b"<html>", Answered.UNKNOWN),
        (503, b'{"code": 21610}', Answered.UNKNOWN),  # whatever stands in it, nothing is certain
        (201, b"", Answered.UNKNOWN),
        (201, b'{"sid": null}', Answered.UNKNOWN),
        (200, b'{"sid": "SM1", "status": "accepted"}', Answered.ACCEPTED),
        (201, b'{"sid": "SM1", "status": "failed", "error_code": 30005}', Answered.DEAD_ADDRESS),
        (201, b'{"sid": "SM1", "status": "failed", "error_code": null}', Answered.POLICY),
    ],
)
def test_answers_without_a_known_code(status: int, body: bytes, outcome: Answered) -> None:
    assert answer_of(status, {}, body, CLOCK.now).outcome is outcome


def test_a_price_is_what_is_charged() -> None:
    body = b'{"sid": "SM1", "status": "sent", "price": "-0.00750", "price_unit": "usd", "num_segments": "3"}'
    answer = answer_of(201, {}, body, CLOCK.now)
    assert answer == Answer(Answered.ACCEPTED, "SM1", units=3, price=Price(Decimal("0.00750"), "USD"))


def test_retry_after_may_be_a_date() -> None:
    answer = answer_of(429, {"retry-after": "Wed, 11 Nov 2026 02:00:30 GMT"}, b"", CLOCK.now)
    assert answer.not_before == dt.datetime(2026, 11, 11, 2, 0, 30, tzinfo=dt.UTC)
    assert answer_of(429, {"retry-after": "soon"}, b"", CLOCK.now).not_before is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": ""},
        {"service": "MG1"},
        {"key": "SK1"},
        {"endpoint": "http://api.twilio.com"},
        {"timeout": 0.0},
        {"account": "../Calls"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Exception, match="R481"):
        settings(**wrong)


def test_the_plugin_registers() -> None:
    import rulecrm_twilio

    registry = registry_of({"twilio": rulecrm_twilio})
    assert [one.refused for one in registry.plugins] == [None]
    kind = registry.channels["twilio"]
    opened = kind.open(Settings(ACCOUNT, Secret("env:NOWHERE"), sender="+1"), Context())  # no secret is read yet
    assert opened.traits.channel == kind.channel == "sms"


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.__annotations__ if f"`{name}`" not in readme] == []


def test_a_secret_that_is_not_there_is_a_mistake_of_the_settings(
    provider: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWILIO_TOKEN")
    (answer,) = send_and_close(Twilio(settings(provider), Context()), MESSAGE)
    assert answer.outcome is Answered.CONFIG
    assert "TWILIO_TOKEN" in (answer.detail or "")
    assert not provider.requests


def test_a_proxy_is_used(provider: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", provider.url)  # nobody listens at the endpoint itself
    (answer,) = send_and_close(Twilio(settings(proxy="env:PROXY"), Context()), MESSAGE)
    assert answer.outcome is Answered.ACCEPTED
    assert provider.requests[0].headers["host"] == "127.0.0.1:1"
