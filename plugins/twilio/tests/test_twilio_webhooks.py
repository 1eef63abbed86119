"""Webhooks: Twilio's own examples of signatures, what each event becomes, and what is refused."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from rulecrm_twilio import Settings
from rulecrm_twilio.receipts import hear, signature

from rulecrm.plugin import Context, Forged, Receipt, Received, Request, Secret
from rulecrm.testing.clocks import FakeClock

CLOCK = FakeClock(dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC))
URL = "https://crm.example.com/r/hooks/sms"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_TOKEN", "12345")
    monkeypatch.setenv("TWILIO_SHARED", "shared")


SETTINGS = Settings("AC1", Secret("env:TWILIO_TOKEN"), sender="+1", webhook_secret=Secret("env:TWILIO_SHARED"))


def request(form: dict[str, str], url: str = URL, **headers: str) -> Request:
    query = dict(part.split("=") for part in url.partition("?")[2].split("&") if part)
    signed = {"x-twilio-signature": signature("12345", url, {name: [value] for name, value in form.items()})}
    return Request("POST", url, signed | headers, query, urlencode(form).encode())


def heard(form: dict[str, str], url: str = URL) -> list[Receipt]:
    return list(hear(request(form, url), SETTINGS, Context(CLOCK.now)).receipts)


# twilio.com/docs/usage/security, "Validating signatures from Twilio"; also the test of Twilio's helper libraries.
EXAMPLE_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
EXAMPLE = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
EXAMPLE_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_published_signature() -> None:
    assert signature("12345", EXAMPLE_URL, {name: [value] for name, value in EXAMPLE.items()}) == EXAMPLE_SIGNATURE


@pytest.mark.parametrize("port", ["", ":443"])
def test_a_port_may_be_named_or_not(port: str) -> None:
    url = EXAMPLE_URL.replace("mycompany.com", f"mycompany.com{port}")
    given = Request("POST", url, {"x-twilio-signature": EXAMPLE_SIGNATURE}, {}, urlencode(EXAMPLE).encode())
    assert hear(given, SETTINGS, Context()).status == 200  # a call, which tells nothing here


def test_values_of_one_name_are_signed_each_once_in_order() -> None:
    assert signature("t", "u", {"a": ["2", "1", "2"]}) == signature("t", "ua1a2", {})


DELIVERED = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345001", "From": "+1"}


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({"x-twilio-signature": ""}, URL),
        ({"x-twilio-signature": "ö"}, URL),
        ({"x-twilio-signature": EXAMPLE_SIGNATURE}, URL),
        ({}, URL + "?key=another"),
        ({"x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA256"}, URL),
        ({"x-twilio-webhooks-signature-settings": "algorithm=NONE"}, URL),
    ],
)
def test_what_is_not_signed_so_is_forged(changed: dict[str, str], url: str) -> None:
    good = request(DELIVERED)
    with pytest.raises(Forged):
        hear(Request("POST", url, {**good.headers, **changed}, {}, good.body), SETTINGS, Context())


def test_a_shared_key_signs_with_sha256() -> None:
    headers = {
        "x-twilio-signature": signature("shared", URL, {k: [v] for k, v in DELIVERED.items()}, "HMAC_SHA256"),
        "x-twilio-webhooks-signature-settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
    }
    given = Request("POST", URL, headers, {}, urlencode(DELIVERED).encode())
    assert len(hear(given, SETTINGS, Context()).receipts) == 1


def test_a_delivery_names_the_key_that_the_callback_carried() -> None:
    assert heard(DELIVERED, URL + "?key=k1") == [
        Receipt("SM1:delivered", Received.DELIVERED, CLOCK.now(), "k1", "SM1", "+4915112345001")
    ]


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "scheduled", "something-new"])
def test_a_message_under_way_is_no_news(status: str) -> None:
    assert heard({**DELIVERED, "MessageStatus": status}) == []


@pytest.mark.parametrize(
    ("code", "reason"), [("30005", "hard"), ("30006", "hard"), ("30003", "soft"), ("30007", "soft"), ("", "soft")]
)
def test_undelivered_is_a_bounce(code: str, reason: str) -> None:
    (receipt,) = heard({**DELIVERED, "MessageStatus": "undelivered", "ErrorCode": code})
    assert (receipt.what, receipt.reason, receipt.id) == (Received.BOUNCED, reason, "SM1:undelivered")


def test_who_stopped_before_is_unsubscribed() -> None:
    bounce, stop = heard({**DELIVERED, "MessageStatus": "failed", "ErrorCode": "21610"})
    assert (bounce.what, stop.what, stop.address) == (Received.BOUNCED, Received.UNSUBSCRIBED, "+4915112345001")
    assert bounce.id != stop.id


INCOMING = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+4915112345001", "To": "+1", "Body": "Danke!"}


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("STOP", "", Received.UNSUBSCRIBED),
        ("  stop\n", "", Received.UNSUBSCRIBED),
        ("Unsubscribe", "", Received.UNSUBSCRIBED),
        ("Bitte aufhören", "STOP", Received.UNSUBSCRIBED),  # a word of the shop's own, by Advanced Opt-Out
        ("please don't stop", "", Received.REPLIED),
        ("", "", Received.REPLIED),  # a picture alone
    ],
)
def test_incoming_words(text: str, kind: str, what: Received) -> None:
    form = {**INCOMING, "Body": text} | ({"OptOutType": kind} if kind else {})
    assert heard(form) == [Receipt("SM2", what, CLOCK.now(), address="+4915112345001", text=text)]


def test_a_webhook_may_be_a_get() -> None:
    url = f"{URL}?{urlencode(INCOMING)}"
    given = Request("GET", url, {"x-twilio-signature": signature("12345", url, {})}, INCOMING, b"")
    assert [one.text for one in hear(given, SETTINGS, Context()).receipts] == ["Danke!"]
    with pytest.raises(Forged):
        hear(Request("GET", url.replace("Danke", "STOP"), given.headers, INCOMING, b""), SETTINGS, Context())


def test_an_incoming_message_is_answered_with_nothing_to_say() -> None:
    response = hear(request(INCOMING), SETTINGS, Context())
    assert (response.status, response.body, response.media_type) == (200, b"<Response/>", "text/xml; charset=utf-8")


@pytest.mark.parametrize("lacking", [{"MessageStatus": "delivered"}, {"Body": "hi", "MessageSid": "SM1"}])
def test_what_is_twilios_and_makes_no_sense_is_told_apart(lacking: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="names no"):
        heard(lacking)
