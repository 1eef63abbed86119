"""The channel against a service of apprise's over HTTP: the contract kit, and what stands on the wire."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Iterator

import pytest
from rulecrm_apprise import rulecrm_channels
from rulecrm_apprise.answers import answer_of, together
from rulecrm_apprise.channel import Notices
from rulecrm_apprise.settings import Settings

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Channel, Content, Context, Message, key_of, read_settings
from rulecrm.testing.channels import ChannelContract
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

# apprise imports it, where the standard library still has it, to have what later versions lack
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

PASSWORD = "correct-horse"
TOKEN = "T0k3n-in-the-path"
DESK = "desk"


class Desk(HttpProvider):
    """What `json://` of apprise's writes to; https://appriseit.com/services/json/ says how."""

    secrets = (PASSWORD, TOKEN)

    def __init__(self) -> None:
        super().__init__()
        self.say: Reply | None = None

    def answer(self, call: Call) -> Reply:
        given = base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode()
        if given != f"shop:{PASSWORD}" or not call.path.startswith(f"/{TOKEN}"):
            return as_json({}, 401)
        document = call.json()
        assert isinstance(document, dict)
        assert set(document) == {"version", "title", "message", "attachments", "type"}, document
        match call.fault:
            case Fault.THROTTLED:
                return as_json({}, 429)
            case Fault.CREDENTIALS:
                return as_json({}, 403)
            case Fault.BROKEN:
                return as_json({}, 500)
        if self.say is not None:
            return self.say
        self.take(DESK, str(document["message"]))
        return as_json({"ok": True})

    def address_of(self, query: str = "") -> str:
        """The URL of apprise's."""
        return f"json://shop:{PASSWORD}@{self.url.removeprefix('http://')}/{TOKEN}{query}"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as server:
        yield server


@pytest.fixture
def url(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DESK_URL", desk.address_of())
    return "env:DESK_URL"


class TestNotices(ChannelContract):
    """The kit; what apprise cannot tell is unknown."""

    @pytest.fixture
    def provider(self, desk: Desk) -> Desk:
        return desk

    @pytest.fixture
    def opened(self, url: str) -> Channel:
        return Notices(Settings((url,), timeout=0.5))

    def address(self, number: int) -> str:
        """The staff are at one place: the URL says where, and no message does."""
        del number
        return DESK

    def shown(self, text: str) -> str:
        """Apprise takes white space off the end of a message."""
        return text.rstrip()

    @pytest.mark.parametrize("fault", [Fault.LOST, Fault.SLOW])
    def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(
        self, channel: Channel, provider: Desk, loop: asyncio.Runner, fault: Fault
    ) -> None:
        """A malformed answer is left out: `json://` goes by the status alone, and a 200 of whatever body is taken."""
        super().test_a_lost_answer_is_unknown_and_nothing_is_sent_again(channel, provider, loop, fault)

    def test_where_nobody_listens_nothing_was_taken(
        self, channel: Channel, provider: Desk, loop: asyncio.Runner
    ) -> None:
        """Apprise logs a refused connection in the words of a cut one, so that it is unknown rather than `retry`."""
        provider.fail(Fault.UNREACHABLE)
        (answer,) = loop.run(_sent(channel, "Nobody is there"))
        assert answer.outcome is Answered.UNKNOWN
        assert not provider.taken()


# --- what stands on the wire --------------------------------------------------------------------------------------


def test_a_notice_is_text_with_a_title(desk: Desk, url: str) -> None:
    (channel_type,) = rulecrm_channels()
    settings = read_settings({"urls": [url], "title": "Shop"}, channel_type.settings, where="[routes.staff]")
    channel = channel_type.open(settings, Context(name="staff"))
    assert asyncio.run(_sent(channel, "Call <Ann> & {{ ask }}"))[0].outcome is Answered.ACCEPTED
    assert asyncio.run(_sent(channel, "b", subject="Stock"))[0].outcome is Answered.ACCEPTED
    first, second = (json.loads(one.body) for one in desk.requests)
    assert (first["title"], first["message"], first["type"]) == ("Shop", "Call <Ann> & {{ ask }}", "info")
    assert (second["title"], second["message"]) == ("Stock", "b")


def test_every_url_has_it(desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_URL", desk.address_of("/other"))
    (answer,) = asyncio.run(_sent(Notices(Settings((url, "env:OTHER_URL"))), "hello"))
    assert answer == Answer(Answered.ACCEPTED)
    assert sorted(one.path for one in desk.requests) == [f"/{TOKEN}", f"/{TOKEN}/other"]


def test_what_one_url_took_is_not_sent_again(desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_URL", desk.address_of().replace(PASSWORD, "stale"))
    (answer,) = asyncio.run(_sent(Notices(Settings((url, "env:OTHER_URL"))), "hello"))
    assert answer.outcome is Answered.ACCEPTED
    assert answer.detail == "url 2 of 2: config (401)"


def test_what_a_url_says_of_retries_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_URL", desk.address_of("?retry=3&wait=0"))
    desk.fail(Fault.BROKEN)
    (answer,) = asyncio.run(_sent(Notices(Settings(("env:DESK_URL",))), "hello"))
    assert answer.outcome is Answered.UNKNOWN
    assert len(desk.requests) == 1


def test_an_optional_service_has_failed_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_URL", desk.address_of("?optional=yes"))
    desk.fail(Fault.THROTTLED)
    (answer,) = asyncio.run(_sent(Notices(Settings(("env:DESK_URL",))), "hello"))
    assert (answer.outcome, answer.code, answer.route) == (Answered.RETRY, "429", True)


def test_apprises_own_pause_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services pause for up to 5.5 seconds between calls; ours pause by `Traits.rates`."""
    from apprise.plugins.custom_json import NotifyJSON

    with Desk() as desk:
        monkeypatch.setattr(NotifyJSON, "request_rate_per_sec", 5.5)
        monkeypatch.setenv("DESK_URL", desk.address_of())
        channel = Notices(Settings(("env:DESK_URL",), per_minute=600))
        began = time.monotonic()
        for number in range(3):
            assert asyncio.run(_sent(channel, f"{number}"))[0].outcome is Answered.ACCEPTED
        assert time.monotonic() - began < 5
    assert [(one.count, one.seconds) for one in channel.traits.rates] == [(600, 60.0)]


def test_what_others_log_through_apprise_is_left_alone(desk: Desk, url: str, caplog: pytest.LogCaptureFixture) -> None:
    from apprise import Apprise

    before = list(logging.getLogger("apprise").filters)
    channel = Notices(Settings((url,)))
    desk.fail(Fault.CREDENTIALS)
    asyncio.run(_sent(channel, "ours"))
    assert "Failed to send" not in caplog.text
    desk.fail(Fault.CREDENTIALS)
    others = Apprise()
    others.add(desk.address_of())
    assert not others.notify("theirs")
    assert "Failed to send" in caplog.text
    asyncio.run(channel.close())
    assert logging.getLogger("apprise").filters == before


# --- what goes wrong before anything is sent ----------------------------------------------------------------------


def test_a_missing_variable_is_a_setting_of_ours(desk: Desk, url: str) -> None:
    (answer,) = asyncio.run(_sent(Notices(Settings((url, "env:NOT_THERE_AT_ALL"))), "hello"))
    assert answer.outcome is Answered.CONFIG
    assert "env:NOT_THERE_AT_ALL" in str(answer.detail)
    assert not desk.requests


@pytest.mark.parametrize("wrong", ["nothing", "nosuch://s3cret@host", "json://", "json://:s3cret@"])
def test_a_url_that_is_none_is_named_by_its_reference(
    desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("WRONG_URL", wrong)
    (answer,) = asyncio.run(_sent(Notices(Settings((url, "env:WRONG_URL"))), "hello"))
    assert answer.outcome is Answered.CONFIG
    assert str(answer.detail).endswith(": env:WRONG_URL")
    assert "s3cret" not in caplog.text + repr(answer)
    assert not desk.requests


def test_no_words_are_no_notice(desk: Desk, url: str) -> None:
    assert asyncio.run(_sent(Notices(Settings((url,))), " \n"))[0].outcome is Answered.POLICY
    assert not desk.requests


@pytest.mark.parametrize("urls", [[], [""], ["json://shop:s3cret@host"]])
def test_urls_are_references(urls: list[str]) -> None:
    with pytest.raises(RulesError) as raised:
        read_settings({"urls": urls}, Settings, where="[routes.staff]")
    assert [one.code for one in raised.value.diagnostics] == ["R481"]
    assert "s3cret" not in str(raised.value)


# --- what answers mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Answered.POLICY), (401, Answered.CONFIG), (404, Answered.CONFIG), (408, Answered.UNKNOWN),
     (410, Answered.CONFIG), (413, Answered.POLICY), (429, Answered.RETRY), (503, Answered.UNKNOWN)],
)  # fmt: skip
def test_a_status(desk: Desk, url: str, status: int, outcome: Answered) -> None:
    desk.say = as_json({}, status)
    (answer,) = asyncio.run(_sent(Notices(Settings((url,))), "hello"))
    assert (answer.outcome, answer.code) == (outcome, str(status))


def test_a_refusal_is_one_only_where_nobody_else_can_have_it() -> None:
    refused = ["Failed to send X notification: error=403."]
    assert answer_of("FAILURE", refused, alone=True).outcome is Answered.CONFIG
    assert answer_of("FAILURE", refused, alone=False).outcome is Answered.UNKNOWN
    lost = "A Connection error occurred sending X notification."
    assert answer_of("FAILURE", [*refused, lost], alone=True).outcome is Answered.UNKNOWN
    assert answer_of("FAILURE", [], alone=True).outcome is Answered.UNKNOWN
    assert answer_of("FAILURE", ["error=45009"], alone=True).outcome is Answered.UNKNOWN


def test_of_several_answers_the_one_that_may_have_been_taken_counts() -> None:
    retry, unknown = Answer(Answered.RETRY, code="429", route=True), Answer(Answered.UNKNOWN)
    config = Answer(Answered.CONFIG, code="401")
    assert together([config]) == config
    assert together([config, retry]).outcome is Answered.RETRY
    assert together([retry, unknown, config]).outcome is Answered.UNKNOWN
    assert together([retry, config]).detail == "url 1 of 2: retry (429), 2 of 2: config (401)"


async def _sent(channel: Channel, text: str, subject: str | None = None) -> list[Answer]:
    content = Content(text, subject=subject)
    return list(await channel.send([Message(key_of("c|1", 0), "staff", "c1", DESK, content)]))
