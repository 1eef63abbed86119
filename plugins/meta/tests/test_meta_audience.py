"""Custom Audiences against a local fake of the Graph API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from rulecrm_meta import AudienceSettings
from rulecrm_meta.audiences import MetaAudience, hashed

from rulecrm.plugin import Answer, Answered, Channel, Content, Context, Message, Secret, Syncs, key_of
from rulecrm.testing.channels import ChannelContract
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

TOKEN = "EAAG-ads-token"
CLOCK = FakeClock()


class Audiences(HttpProvider):
    """Says what `/users` says; it knows members by their hashes, and the test knows whose they are."""

    secrets = (TOKEN,)

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None
        self.paths: list[tuple[str, str]] = []
        self.members: set[str] = set()
        self.people = {hashed(f"c{number}@example.com", "email"): f"c{number}@example.com" for number in range(1_000)}

    def sends(self, call: Call) -> bool:
        return call.path.endswith("/users")

    def answer(self, call: Call) -> Reply:
        if call.headers.get("authorization") != f"Bearer {TOKEN}" or call.fault is Fault.CREDENTIALS:
            return as_json({"error": {"code": 190, "message": "token"}}, 401)
        if call.fault is Fault.THROTTLED:
            return as_json({"error": {"code": 80003, "message": "too many"}}, 400)
        if call.fault is Fault.BROKEN:
            return as_json({"error": {"code": 1, "message": "unknown"}}, 500)
        if self.say is not None:
            return self.say
        document = call.json()
        assert isinstance(document, dict)
        payload = document["payload"]
        assert payload["schema"] in {"EMAIL_SHA256", "PHONE_SHA256"}
        data: list[str] = payload["data"]
        assert len(data) <= 10_000
        assert all(len(one) == 64 for one in data)
        self.paths.append((call.method, call.path))
        wrong = data[1::2] if call.fault is Fault.HALF else []
        for one in data:
            if one in wrong:
                continue
            if call.method == "POST":
                self.members.add(one)
                self.take(self.people.get(one, one), "Your parcel is on its way.", one)
            else:
                self.members.discard(one)
        return as_json(
            {
                "audience_id": "5", "session_id": "9", "num_received": len(data), "num_invalid_entries": len(wrong),
                "invalid_entry_samples": wrong,
            }
        )  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_ADS", TOKEN)


@pytest.fixture
def audiences() -> Iterator[Audiences]:
    with Audiences() as server:
        yield server


def channel(url: str, match: str = "email") -> MetaAudience:
    settings = AudienceSettings("5", Secret("env:META_ADS"), match, timeout=0.8, url=url)
    return MetaAudience(settings, Context(now=CLOCK.now))


class TestContract(ChannelContract):
    @pytest.fixture
    def provider(self, audiences: Audiences) -> Audiences:
        return audiences

    @pytest.fixture
    def opened(self, provider: Audiences) -> Channel:
        return channel(provider.url)

    def address(self, number: int) -> str:
        return f"c{number}@example.com"

    def shown(self, text: str) -> str:
        return "Your parcel is on its way."  # no words leave


def test_the_published_hashes_come_out() -> None:
    """The examples of the page "Advanced matching" of the documentation of Meta's business tools."""
    email = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
    assert hashed(" John_Smith@gmail.com ", "email") == email
    phone = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
    assert hashed("+1 (650) 555-1212", "phone") == phone
    assert hashed("0016505551212", "phone") == phone


@pytest.mark.parametrize(
    ("address", "match"), [("ann", "email"), ("@x", "email"), ("a b@c", "email"), ("123", "phone")]
)
def test_what_is_no_address_leaves_nothing(audiences: Audiences, address: str, match: str) -> None:
    async def run() -> list[Answer]:
        opened = channel(audiences.url, match)
        message = Message(key_of("d", 0), "audience", "c1", address, Content(""))
        try:
            return list(await opened.send([message]))
        finally:
            await opened.close()

    (answer,) = asyncio.run(run())
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not audiences.requests


def test_an_audience_is_kept_like_a_segment(audiences: Audiences) -> None:
    async def run() -> list[list[Answer]]:
        opened = channel(audiences.url)
        assert isinstance(opened, Syncs)
        try:
            first = await opened.sync("5", ["c1@example.com", "c2@example.com"])
            second = await opened.sync("", ["c3@example.com"], remove=["c1@example.com", "nobody"])
            wrong = await opened.sync("../me", ["c3@example.com"])
            return [list(first), list(second), list(wrong)]
        finally:
            await opened.close()

    first, second, wrong = asyncio.run(run())
    assert [one.outcome for one in first] == [Answered.ACCEPTED] * 2
    assert [one.outcome for one in second] == [Answered.ACCEPTED, Answered.ACCEPTED, Answered.DEAD_ADDRESS]
    assert [one.outcome for one in wrong] == [Answered.CONFIG]
    assert {audiences.people[one] for one in audiences.members} == {"c2@example.com", "c3@example.com"}
    assert audiences.paths == [
        ("POST", "/v23.0/5/users"), ("POST", "/v23.0/5/users"), ("DELETE", "/v23.0/5/users"),
    ]  # fmt: skip


def test_ten_thousand_go_at_a_time(audiences: Audiences) -> None:
    async def run() -> list[Answer]:
        opened = MetaAudience(AudienceSettings("5", Secret("env:META_ADS"), url=audiences.url), Context())
        try:
            return list(await opened.sync("5", [f"p{number}@example.com" for number in range(10_001)]))
        finally:
            await opened.close()

    assert {one.outcome for one in asyncio.run(run())} == {Answered.ACCEPTED}
    assert len(audiences.requests) == 2
    assert len(audiences.members) == 10_001


def test_an_audience_that_is_blocked_is_no_fault_of_its_members(audiences: Audiences) -> None:
    audiences.say = as_json({"error": {"code": 100, "error_subcode": 1713230, "message": "blocked"}}, 400)

    async def run() -> list[Answer]:
        opened = channel(audiences.url)
        try:
            return list(await opened.sync("5", ["c1@example.com"]))
        finally:
            await opened.close()

    assert [one.outcome for one in asyncio.run(run())] == [Answered.CONFIG]
