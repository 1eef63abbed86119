"""The channel against a fake Graph API over HTTP: the contract kit, and what stands on the wire."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import rulecrm_whatsapp
from attrs import evolve
from rulecrm_whatsapp import rulecrm_channels
from rulecrm_whatsapp.channel import WhatsApp
from rulecrm_whatsapp.settings import Settings
from rulecrm_whatsapp.webhooks import signature

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
)  # fmt: skip
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

TOKEN = "EAAJB-system-user-token"
APP = "app-secret-1"
VERIFY = "verify-1"
NUMBER = "106540352242922"
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


def refused(code: int, status: int = 400, **headers: str) -> Reply:
    error = {"message": f"(#{code}) Something", "type": "OAuthException", "code": code, "fbtrace_id": "Az8or2yhqkZfEZ"}
    return as_json({"error": error}, status, **headers)


class GraphApi(HttpProvider):
    """Minds what facebook/openapi (business-messaging-api v23.0) says of `POST /{Version}/{Phone-Number-ID}/messages`."""

    dead = "+4915100000000"
    opted_out = "+4915100000001"
    secrets = (TOKEN, APP, VERIFY)

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None

    def answer(self, call: Call) -> Reply:
        if not re.fullmatch(rf"/v\d+\.\d+/{NUMBER}/messages", call.path):
            return as_json(
                {
                    "error": {
                        "message": "Unsupported post request",
                        "type": "GraphMethodException",
                        "code": 100,
                        "error_subcode": 33,
                    }
                },
                400,
            )
        if call.headers.get("authorization") != f"Bearer {TOKEN}" or call.fault is Fault.CREDENTIALS:
            return refused(190, 401)
        if self.say is not None:
            return self.say
        match call.fault:
            case Fault.THROTTLED:
                return refused(130429, 429)
            case Fault.BROKEN:
                return refused(131000, 500)
        document = call.json()
        assert isinstance(document, dict)
        problem = self._wrong(document)
        return refused(100) if problem else self._take(document)

    def _wrong(self, document: Mapping[str, object]) -> str | None:
        for name in ("messaging_product", "recipient_type", "to", "type"):
            if name not in document:
                return name
        kind = str(document["type"])
        known = {"messaging_product", "recipient_type", "to", "type", kind, "context", "biz_opaque_callback_data"}
        if kind == "text":
            known -= {"biz_opaque_callback_data"}  # the model knows no such field of a text
            text = document["text"]
            assert isinstance(text, dict)
            if set(text) - {"body", "preview_url"} or not 0 < len(text["body"]) <= 4096:
                return "text"
        elif kind == "template":
            template = document["template"]
            assert isinstance(template, dict)
            if set(template) - {"name", "language", "components"} or set(template["language"]) != {"policy", "code"}:
                return "template"
        else:
            return "type"
        return "unknown" if set(document) - known else None

    def _take(self, document: Mapping[str, object]) -> Reply:
        number = f"+{document['to']}"
        if number == self.dead:
            return refused(131026)
        if number == self.opted_out:
            return refused(131050)
        text = document.get("text")
        self.take(number, str(text["body"]) if isinstance(text, dict) else "")
        name = f"wamid.{len(self.taken())}"
        return as_json(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": document["to"], "wa_id": document["to"]}],
                "messages": [{"id": name, "message_status": "accepted"}],
            }
        )


@pytest.fixture
def provider() -> Iterator[GraphApi]:
    with GraphApi() as server:
        yield server


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WA_TOKEN", TOKEN), ("WA_APP", APP), ("WA_VERIFY", VERIFY)):
        monkeypatch.setenv(name, value)


def opened(url: str = "https://graph.facebook.com", **more: object) -> WhatsApp:
    given = {
        "token": "env:WA_TOKEN",
        "app_secret": "env:WA_APP",
        "verify_token": "env:WA_VERIFY",
        "phone_number_id": NUMBER,
        "url": url,
        "timeout": 0.7,
    }
    (kind,) = rulecrm_channels()
    channel = kind.open(read_settings({**given, **more}, Settings, where="[whatsapp]"), Context(now=lambda: NOW))
    assert isinstance(channel, WhatsApp)
    return channel


def value(**parts: object) -> dict[str, object]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": NUMBER}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **parts}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}


def webhook(document: object, secret: str = APP) -> Request:
    body = json.dumps(document).encode()
    headers = {"content-type": "application/json", "x-hub-signature-256": signature(secret, body)}
    return Request("POST", "https://crm.example.com/r/hooks/whatsapp", headers, {}, body)


def status(what: str, **more: object) -> dict[str, object]:
    return {"id": "wamid.1", "status": what, "timestamp": "1795334400", "recipient_id": "4915112345001", **more}


def written(**more: object) -> dict[str, object]:
    return {
        "from": "4915112345001",
        "id": "wamid.in",
        "timestamp": "1795334400",
        "type": "text",
        "text": {"body": "Thanks!"},
        **more,
    }


class TestWhatsApp(ChannelContract):
    @pytest.fixture
    def provider(self, provider: GraphApi) -> GraphApi:
        return provider

    @pytest.fixture
    def opened(self, provider: GraphApi) -> Channel:
        return opened(provider.url)

    def genuine(self) -> Request:
        return webhook(value(statuses=[status("delivered")]))

    def signed(self, genuine: Request, body: bytes) -> Request:
        return evolve(genuine, headers={**genuine.headers, "x-hub-signature-256": signature(APP, body)}, body=body)


def send(channel: WhatsApp, content: Content | None = None, **more: object) -> Answer:
    one = Message(key_of("d", 0), "im", "c1", "+49 151 12345001", content or Content("Hello."), **more)  # type: ignore[arg-type]

    (answer,) = send_and_close(channel, one)
    return answer


SHIPPED = Content("Ann, 11:00.", code="shipped", parameters={"nick": "Ann\n B.", "at": "11:00"})


def test_inside_the_window_it_is_a_text(provider: GraphApi) -> None:
    answer = send(opened(provider.url))
    (call,) = provider.requests
    assert (call.method, call.path) == ("POST", f"/v23.0/{NUMBER}/messages")
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.headers["content-type"] == "application/json"
    # the pattern that the model gives of this header
    assert re.fullmatch(r"[a-zA-Z0-9\-_]+/[0-9]+\.[0-9]+\.[0-9]+", call.headers["user-agent"])
    assert call.json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "4915112345001",
        "type": "text",
        "text": {"body": "Hello.", "preview_url": False},
    }
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, "wamid.1")


def test_a_template_is_filled_in_order_and_carries_the_key(provider: GraphApi) -> None:
    answer = send(opened(provider.url), SHIPPED, language="pt-BR")
    document = provider.requests[0].json()
    assert document["template"] == {
        "name": "shipped",
        "language": {"policy": "deterministic", "code": "pt_BR"},
        # a line break in a parameter is refused by Meta, so it is a space
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ann  B."}, {"type": "text", "text": "11:00"}]}
        ],
    }
    assert document["biz_opaque_callback_data"] == key_of("d", 0)
    assert "text" not in document
    assert answer.outcome is Answered.ACCEPTED


def test_a_template_has_a_language_of_its_own(provider: GraphApi) -> None:
    plain = Content("Hi.", code="hello")
    channel = opened(provider.url, language="zh-CN", languages={"en": "en_US"})
    send(channel, plain)
    send(opened(provider.url, languages={"en": "en_US"}), plain, language="en")
    found = [call.json()["template"] for call in provider.requests]
    assert [one["language"]["code"] for one in found] == ["zh_CN", "en_US"]
    assert all("components" not in one for one in found)


def test_parameters_can_be_named_and_parts_can_be_had(provider: GraphApi) -> None:
    content = evolve(SHIPPED, extra={"picture": "https://cdn.example.com/1.jpg", "button": "o/17"})
    send(opened(provider.url, named_parameters=True), content)
    header, body, button = provider.requests[0].json()["template"]["components"]
    assert header == {
        "type": "header",
        "parameters": [{"type": "image", "image": {"link": "https://cdn.example.com/1.jpg"}}],
    }
    assert body["parameters"][1] == {"type": "text", "text": "11:00", "parameter_name": "at"}
    assert button == {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "o/17"}],
    }


@pytest.mark.parametrize(
    ("which", "text", "template"), [("templates", False, True), ("all", True, True), ("none", False, False)]
)
def test_which_messages_carry_their_key_can_be_said(provider: GraphApi, which: str, text: bool, template: bool) -> None:
    send(opened(provider.url, callback_data=which))
    send(opened(provider.url, callback_data=which), SHIPPED)
    assert ["biz_opaque_callback_data" in call.json() for call in provider.requests] == [text, template]


@pytest.mark.parametrize(
    ("code", "status", "outcome", "wait", "route"),
    [
        (0, 401, Answered.CONFIG, None, False),
        (190, 401, Answered.CONFIG, None, False),
        (200, 403, Answered.CONFIG, None, False),
        (368, 403, Answered.CONFIG, None, False),
        (131031, 403, Answered.CONFIG, None, False),
        (131042, 400, Answered.CONFIG, None, False),
        (4, 400, Answered.RETRY, None, True),
        (80007, 400, Answered.RETRY, None, True),
        (130429, 429, Answered.RETRY, None, True),
        (131056, 429, Answered.RETRY, 6, False),
        (131000, 500, Answered.RETRY, None, False),
        (131016, 500, Answered.RETRY, None, False),
        (131048, 429, Answered.WAIT_QUOTA, 86_400, True),
        (131049, 400, Answered.WAIT_QUOTA, 86_400, False),
        (131026, 400, Answered.DEAD_ADDRESS, None, False),
        (131050, 400, Answered.OPTED_OUT, None, False),
        (131047, 400, Answered.POLICY, None, False),
        (132000, 400, Answered.POLICY, None, False),
        (132001, 404, Answered.POLICY, None, False),
        (132015, 400, Answered.POLICY, None, False),
        (100, 400, Answered.POLICY, None, False),
        (999999, 500, Answered.UNKNOWN, None, False),
        (999999, 403, Answered.CONFIG, None, False),
        (999999, 429, Answered.RETRY, None, True),
    ],
)  # fmt: skip
def test_what_each_code_means(
    provider: GraphApi, code: int, status: int, outcome: Answered, wait: int | None, route: bool
) -> None:
    provider.say = refused(code, status)
    answer = send(opened(provider.url))
    assert (answer.outcome, answer.code, answer.route) == (outcome, str(code), route)
    assert answer.not_before == (None if wait is None else NOW + dt.timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "30"}, dt.timedelta(seconds=30)),
        ({"retry_after": "Sun, 22 Nov 2026 08:02:00 GMT"}, dt.timedelta(minutes=2)),
        ({"x_business_use_case_usage": '{"1":[{"type":"whatsapp","estimated_time_to_regain_access":19}]}'}, dt.timedelta(minutes=19)),
        ({"x_business_use_case_usage": '{"1":[{"type":"whatsapp","estimated_time_to_regain_access":0}]}'}, None),
        ({"x_business_use_case_usage": "nonsense"}, None),
        ({"retry_after": "soon"}, None),
    ],
)  # fmt: skip
def test_throttled_it_says_until_when(provider: GraphApi, headers: dict[str, str], wait: dt.timedelta | None) -> None:
    provider.say = refused(80007, 400, **headers)
    assert send(opened(provider.url)).not_before == (None if wait is None else NOW + wait)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, b'{"messages":'), Answered.UNKNOWN),
        (Reply(200, b'{"messages":[]}'), Answered.UNKNOWN),
        (Reply(502, b"<html>"), Answered.UNKNOWN),
        (Reply(404, b"<html>"), Answered.CONFIG),
        (Reply(422, b'{"title":"Invalid request"}'), Answered.CONFIG),
    ],
)
def test_what_is_no_answer_is_told_apart(provider: GraphApi, reply: Reply, outcome: Answered) -> None:
    provider.say = reply
    assert send(opened(provider.url)).outcome is outcome


def test_a_number_that_is_not_ours_is_a_matter_of_settings(provider: GraphApi) -> None:
    assert send(opened(provider.url, phone_number_id="1")).outcome is Answered.CONFIG


def test_what_is_held_back_for_its_quality_was_taken(provider: GraphApi) -> None:
    provider.say = as_json({"messages": [{"id": "wamid.2", "message_status": "held_for_quality_assessment"}]})
    answer = send(opened(provider.url), SHIPPED)
    assert (answer.outcome, answer.detail) == (Answered.ACCEPTED, "held_for_quality_assessment")


def test_an_address_without_digits_is_dead(provider: GraphApi) -> None:
    channel = opened(provider.url)
    (answer,) = asyncio.run(channel.send([Message(key_of("d", 0), "im", "c1", "none", Content("Hello."))]))
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not provider.requests


def test_a_token_that_is_not_set_is_a_matter_of_settings(provider: GraphApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WA_TOKEN")
    answer = send(opened(provider.url))
    assert answer.outcome is Answered.CONFIG
    assert not provider.requests


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_signatures_are_made_as_published() -> None:
    # The same header is GitHub's, whose documentation gives a vector:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    made = signature("It's a Secret to Everybody", b"Hello, World!")
    assert made == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def handshake(token: str, mode: str = "subscribe") -> Request:
    query = {"hub.mode": mode, "hub.challenge": "1158201444", "hub.verify_token": token}
    return Request("GET", "https://crm.example.com/r/hooks/whatsapp", {}, query, b"")


def test_the_handshake_is_answered_with_its_challenge() -> None:
    response = opened().hear(handshake(VERIFY))
    assert (response.status, response.body, list(response.receipts)) == (200, b"1158201444", [])


@pytest.mark.parametrize("request_", [handshake("wrong"), handshake(""), handshake(VERIFY, "unsubscribe")])
def test_a_handshake_of_somebody_else_is_refused(request_: Request) -> None:
    with pytest.raises(Forged):
        opened().hear(request_)


def test_without_secrets_nothing_is_believed() -> None:
    channel = opened(app_secret="", verify_token="")
    for request in (handshake(""), webhook(value(), "")):
        with pytest.raises(Forged):
            channel.hear(request)


def hear(document: object) -> list[Receipt]:
    return list(opened().hear(webhook(document)).receipts)


KEY = key_of("d", 0)


@pytest.mark.parametrize(
    ("told", "what", "reason"),
    [
        (status("delivered"), Received.DELIVERED, None),
        (status("read"), Received.OPENED, None),
        (status("failed", errors=[{"code": 131026}]), Received.BOUNCED, "hard"),
        (status("failed", errors=[{"code": 131049}]), Received.BOUNCED, "soft"),
        (status("failed"), Received.BOUNCED, "soft"),
        (status("failed", errors=[{"code": 131050}]), Received.UNSUBSCRIBED, "opted out"),
    ],
)
def test_statuses_are_receipts(told: dict[str, object], what: Received, reason: str | None) -> None:
    (receipt,) = hear(value(statuses=[{**told, "biz_opaque_callback_data": KEY}]))
    assert (receipt.what, receipt.reason) == (what, reason)
    assert (receipt.key, receipt.provider_id, receipt.address) == (KEY, "wamid.1", "+4915112345001")
    assert receipt.at == NOW
    assert receipt.id == f"wamid.1/{told['status']}"


@pytest.mark.parametrize("data", ["campaign-7", 17, None])
def test_what_another_program_put_there_is_no_key(data: object) -> None:
    (receipt,) = hear(value(statuses=[status("read", biz_opaque_callback_data=data)]))
    assert receipt.key is None


@pytest.mark.parametrize(
    ("said", "what", "text"),
    [
        (written(), Received.REPLIED, "Thanks!"),
        (written(text={"body": " Stop "}), Received.UNSUBSCRIBED, " Stop "),
        (written(text={"body": "do not stop"}), Received.REPLIED, "do not stop"),
        (written(type="button", button={"payload": "p", "text": "Stop promotions"}), Received.UNSUBSCRIBED, "Stop promotions"),
        (written(type="interactive", interactive={"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}}), Received.REPLIED, "Yes"),
        (written(type="image", image={"id": "1", "caption": "broken"}), Received.REPLIED, "broken"),
        (written(type="location", location={"latitude": 1.0}), Received.REPLIED, None),
    ],
)  # fmt: skip
def test_what_people_write_is_a_reply_or_a_withdrawal(
    said: dict[str, object], what: Received, text: str | None
) -> None:
    (receipt,) = hear(value(messages=[{**said, "context": {"from": "1", "id": "wamid.1"}}]))
    assert (receipt.id, receipt.what, receipt.text, receipt.address) == ("wamid.in", what, text, "+4915112345001")
    assert receipt.provider_id == ("wamid.1" if what is Received.REPLIED else None)


def test_the_switch_for_marketing_withdraws() -> None:
    wish = {"wa_id": "4915112345001", "category": "marketing_messages", "timestamp": 1_795_334_400, "value": "stop"}
    (receipt,) = hear(value(user_preferences=[wish, {**wish, "value": "resume"}]))
    assert (receipt.what, receipt.address) == (Received.UNSUBSCRIBED, "+4915112345001")
    assert "4915112345001" not in repr(receipt)


def test_what_is_of_no_interest_is_heard_and_left() -> None:
    other = value(statuses=[status("delivered")])
    other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "1"  # type: ignore[index]
    told = [
        other,
        value(statuses=[status("sent")]),
        value(messages=[written(type="reaction")]),
        {"object": "x"},
        value(errors=[{}]),
    ]
    assert [hear(one) for one in told] == [[]] * 5


@pytest.mark.parametrize(
    "document",
    [
        [], "text", {"entry": 1}, {"entry": [1]}, value(statuses=[status("read", timestamp="soon")]),
        value(statuses=[status("read", id=None)]), value(messages=[{"type": "text"}]), value(statuses=[status("read", timestamp="9" * 30)]),
        value(statuses=[status("failed", errors="all")]),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_makes_no_sense_is_said_so(document: object) -> None:
    with pytest.raises(ValueError, match=r"webhook|`|JSON"):
        hear(document)


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"whatsapp": rulecrm_whatsapp})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.channels) == ["whatsapp"]
    assert all(kind.doc and kind.guide for kind in registry.channels.values())
    loaded = "import sys, rulecrm_whatsapp; sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
