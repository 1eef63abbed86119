"""The channel against a local fake of SES v2, built from the service model of `SendEmail`, and against moto."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.request import urlopen

import boto3
import pytest
import rulecrm_ses
from attrs import evolve
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from moto.server import ThreadedMotoServer
from rulecrm_ses import Settings
from rulecrm_ses.channel import SesChannel

from rulecrm.plugin import (
    Answered,
    Channel,
    Content,
    Context,
    Forged,
    Message,
    Received,
    Request,
    Secret,
    key_of,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:crm"
CLOCK = FakeClock(dt.datetime(2025, 11, 11, 2, 0, tzinfo=dt.UTC))

_FIELDS = {
    "FromEmailAddress", "Destination", "Content", "EmailTags", "ReplyToAddresses", "ConfigurationSetName",
}  # fmt: skip


class Ses(HttpProvider):
    """SES, as strict as it is."""

    secrets = (SECRET,)

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Mapping[str, object]] = []
        self.refuse: Reply | None = None

    def answer(self, call: Call) -> Reply:
        if (call.method, call.path) != ("POST", "/v2/email/outbound-emails"):
            return _error(404, "NotFoundException", "no such operation")
        signed = call.headers.get("authorization", "")
        if not signed.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") or call.fault is Fault.CREDENTIALS:
            return _error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if call.fault is Fault.THROTTLED:
            return _error(429, "TooManyRequestsException", "Maximum sending rate exceeded.", {"retry-after": "3"})
        if call.fault is Fault.BROKEN:
            return _error(503, "ServiceUnavailable", "try later")
        if self.refuse is not None:
            return self.refuse
        body = json.loads(call.body)
        assert set(body) <= _FIELDS, body.keys()
        simple = body["Content"]["Simple"]
        assert simple["Subject"]["Data"]
        (to,) = body["Destination"]["ToAddresses"]
        self.bodies.append(body)
        self.take(to, simple["Body"]["Text"]["Data"])
        return as_json({"MessageId": f"0100-{len(self.bodies)}"})


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    more = {"content-type": "application/json", "x-amzn-errortype": code, **(headers or {})}
    return Reply(status, json.dumps({"message": message}).encode(), more)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SES_SECRET", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def ses() -> Iterator[Ses]:
    with Ses() as server:
        yield server


def settings(url: str, **more: object) -> Settings:
    given: dict[str, object] = {
        "region": "eu-central-1", "sender": "Shop <shop@example.com>", "access_key": "AKIDEXAMPLE",
        "secret_key": Secret("env:SES_SECRET"), "timeout": 0.5, "endpoint": url, "topics": (TOPIC,),
    }  # fmt: skip
    return Settings(**{**given, **more})  # type: ignore[arg-type]


def message(address: str = "ann@example.com") -> Message:
    words = Content("Come back soon.", subject="We miss you", html="<p>Come back</p>")
    return Message(key_of("gift|c1||0|0#1@", 0), "email", "c1", address, words, campaign="gift", step="1", wave=1)


# --- SNS ----------------------------------------------------------------------------------------------------------

URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-abc.pem"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
        .serial_number(7).not_valid_before(CLOCK.now() - dt.timedelta(days=9))
        .not_valid_after(CLOCK.now() + dt.timedelta(days=9)).sign(KEY, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM)


def fetch(url: str) -> bytes:
    assert url == URL
    return certificate()


def notice(event: Mapping[str, object] | str, **changed: object) -> Request:
    """A notification, signed as the developer guide of SNS says."""
    told: dict[str, object] = {
        "Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC,
        "Message": event if isinstance(event, str) else json.dumps(event), "Timestamp": "2025-11-11T01:59:00.000Z",
        "SignatureVersion": "2", "SigningCertURL": URL,
    }  # fmt: skip
    told.update({name: value for name, value in changed.items() if name != "late"})
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if told["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    kind = hashes.SHA1() if told["SignatureVersion"] == "1" else hashes.SHA256()
    told.setdefault("Signature", base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), kind)).decode())
    body = json.dumps(told).encode()
    return Request("POST", "https://crm.example.com/r/hooks/mail", {"content-type": "text/plain"}, {}, body)


def event(kind: str, name: str, about: Mapping[str, object]) -> dict[str, object]:
    return {
        "eventType": kind, name: {"timestamp": "2025-11-11T01:58:00.123Z", **about},
        "mail": {"messageId": "0100-1", "timestamp": "2025-11-11T01:00:00.000Z",
                 "tags": {"rulecrm-key": [message().key]}},
    }  # fmt: skip


class TestContract(ChannelContract):
    @pytest.fixture
    def provider(self, ses: Ses) -> Ses:
        return ses

    @pytest.fixture
    def opened(self, provider: Ses) -> Channel:
        return SesChannel(settings(provider.url), Context(now=CLOCK.now), fetch)

    def address(self, number: int) -> str:
        return f"c{number}@example.com"

    def content(self, text: str) -> Content:
        return Content(text, subject="From the shop", html="<p>From the shop</p>")

    def genuine(self) -> Request:
        return notice(event("Delivery", "delivery", {}))

    def unsigned(self, genuine: Request) -> Request:
        told = json.loads(genuine.body)
        del told["Signature"]
        return evolve(genuine, body=json.dumps(told).encode())

    def signed(self, genuine: Request, body: bytes) -> Request:
        return notice(body.decode("latin-1"))  # what is signed is the text that the notification holds


# --- on the wire --------------------------------------------------------------------------------------------------


def test_a_message_is_one_call(ses: Ses) -> None:
    marketing = evolve(message(), unsubscribe="https://crm.example.com/u/abc")
    (answer,) = send_and_close(
        SesChannel(settings(ses.url, configuration_set="crm", reply_to="ask@example.com"), Context()), marketing
    )
    assert (answer.outcome, answer.provider_id) == (Answered.ACCEPTED, "0100-1")
    (body,) = ses.bodies
    assert body == {
        "FromEmailAddress": "Shop <shop@example.com>",
        "ReplyToAddresses": ["ask@example.com"],
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "ConfigurationSetName": "crm",
        "EmailTags": [{"Name": "rulecrm-key", "Value": marketing.key}],
        "Content": {
            "Simple": {
                "Subject": {"Data": "We miss you", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Come back soon.", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>Come back</p>", "Charset": "UTF-8"},
                },
                "Headers": [
                    {"Name": "List-Unsubscribe", "Value": "<https://crm.example.com/u/abc>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                ],
            }
        },
    }


@pytest.mark.parametrize(
    ("status", "code", "text", "outcome"),
    [
        (400, "MessageRejected", "Email address is not verified. ann@example.com", Answered.CONFIG),
        (400, "MessageRejected", "Message contained a virus", Answered.POLICY),
        (400, "BadRequestException", "Domain contains illegal character in address", Answered.DEAD_ADDRESS),
        (400, "BadRequestException", "Missing final", Answered.POLICY),
        (400, "SendingPausedException", "paused", Answered.CONFIG),
        (400, "AccountSuspendedException", "suspended", Answered.CONFIG),
        (400, "MailFromDomainNotVerifiedException", "mail from", Answered.CONFIG),
        (404, "NotFoundException", "Configuration set crm does not exist", Answered.CONFIG),
        (400, "LimitExceededException", "limit", Answered.WAIT_QUOTA),
        (429, "TooManyRequestsException", "Daily message quota exceeded.", Answered.WAIT_QUOTA),
        (400, "ThrottlingException", "Rate exceeded", Answered.RETRY),
        (500, "InternalFailure", "oops", Answered.UNKNOWN),
    ],
)
def test_what_ses_says(ses: Ses, status: int, code: str, text: str, outcome: Answered) -> None:
    ses.refuse = _error(status, code, text)
    (answer,) = send_and_close(SesChannel(settings(ses.url), Context(now=CLOCK.now)), message())
    assert (answer.outcome, answer.code) == (outcome, code)
    assert len(ses.requests) == 1, "nothing is tried twice"
    assert "ann@example.com" not in repr(answer)


def test_a_throttled_account_is_told_until_when(ses: Ses) -> None:
    ses.fail(Fault.THROTTLED)
    (answer,) = send_and_close(SesChannel(settings(ses.url), Context(now=CLOCK.now)), message())
    assert answer.route
    assert answer.not_before == CLOCK.now() + dt.timedelta(seconds=3)


def test_without_a_secret_nothing_is_sent(ses: Ses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SES_SECRET")
    (answer,) = send_and_close(SesChannel(settings(ses.url), Context()), message())
    assert answer.outcome is Answered.CONFIG
    assert not ses.requests


def test_moto_takes_it() -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        admin = boto3.client(
            "sesv2", region_name="eu-central-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x"
        )
        (refused,) = send_and_close(SesChannel(settings(url, timeout=10.0), Context()), message())
        assert refused.outcome is Answered.CONFIG
        admin.create_email_identity(EmailIdentity="shop@example.com")
        admin.create_email_identity(EmailIdentity="example.com")
        (answer,) = send_and_close(SesChannel(settings(url, timeout=10.0), Context()), message())
        assert answer.outcome is Answered.ACCEPTED
        with urlopen(f"{url}/moto-api/data.json") as answered:
            sent = json.load(answered)["ses"]["Message"]
        assert [one["id"] for one in sent] == [answer.provider_id]
        admin.close()
    finally:
        server.stop()


# --- notifications ------------------------------------------------------------------------------------------------


def hear(request: Request, **more: object) -> Sequence[object]:
    return SesChannel(settings("http://127.0.0.1:1", **more), Context(now=CLOCK.now), fetch).hear(request).receipts


@pytest.mark.parametrize(
    ("kind", "name", "about", "what", "reason", "text"),
    [
        ("Bounce", "bounce", {"bounceType": "Permanent"}, Received.BOUNCED, "hard", None),
        ("Bounce", "bounce", {"bounceType": "Transient"}, Received.BOUNCED, "soft", None),
        ("Bounce", "bounce", {"bounceType": "Undetermined"}, Received.BOUNCED, "soft", None),
        ("Complaint", "complaint", {"complaintFeedbackType": "abuse"}, Received.COMPLAINED, "abuse", None),
        ("Delivery", "delivery", {"processingTimeMillis": 5}, Received.DELIVERED, None, None),
        ("Open", "open", {"ipAddress": "192.0.2.1"}, Received.OPENED, None, None),
        ("Click", "click", {"link": "https://shop.example.com/"}, Received.CLICKED, None, "https://shop.example.com/"),
    ],
)
@pytest.mark.parametrize("version", ["1", "2"])
def test_an_event_is_a_receipt(
    kind: str, name: str, about: dict[str, object], what: Received, reason: str | None, text: str | None, version: str
) -> None:
    (found,) = hear(notice(event(kind, name, about), SignatureVersion=version))
    assert found.what is what
    assert found.at == dt.datetime(2025, 11, 11, 1, 58, 0, 123_000, tzinfo=dt.UTC)
    assert (found.key, found.provider_id, found.reason, found.text) == (message().key, "0100-1", reason, text)
    assert found.id == "sns-m-1"


def test_what_is_told_of_no_message_is_nothing() -> None:
    assert hear(notice("Successfully validated SNS topic for Amazon SES event publishing.")) == ()
    assert hear(notice(event("Send", "send", {}))) == ()
    subscription = notice(
        "confirm", Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://sns.eu-central-1.amazonaws.com/?x"
    )
    assert hear(subscription) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem"},
        {"SigningCertURL": "http://sns.eu-central-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://evil.example/sns.eu-central-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://evil@sns.eu-central-1.amazonaws.com:8443/x.pem"},
        {"TopicArn": "arn:aws:sns:eu-central-1:999999999999:crm"},
        {"Signature": "AAAA"},
        {"Signature": "not base64!"},
        {"SignatureVersion": "3", "Signature": "AAAA"},
        {"Type": "Other"},
    ],
)
def test_what_is_not_of_sns_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(Forged):
        hear(notice(event("Open", "open", {}), **changed))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_hostile_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(Forged):
        hear(Request("POST", "https://crm.example.com/", {}, {}, body))


def test_a_certificate_that_has_run_out_signs_nothing() -> None:
    later = FakeClock(CLOCK.now() + dt.timedelta(days=10))
    channel = SesChannel(settings("http://127.0.0.1:1"), Context(now=later.now), fetch)
    with pytest.raises(Forged):
        channel.hear(notice(event("Open", "open", {})))


def test_without_topics_nothing_is_believed() -> None:
    with pytest.raises(Forged):
        hear(notice(event("Open", "open", {})), topics=())


def test_it_registers() -> None:
    registry = registry_of({"ses": rulecrm_ses})
    assert [one.refused for one in registry.plugins] == [None]
    assert registry.channels["ses"].channel == "email"
