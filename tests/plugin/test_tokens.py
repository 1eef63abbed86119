"""Access tokens: fetched once, kept until shortly before their end, fetched anew when they are called stale."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Mapping

import pytest

from rulecrm.plugin import Answer, Answered
from rulecrm.plugin.tokens import AccessToken, TokenApi, token_of, tokenless
from rulecrm.plugin.wire import FailedError, Wire
from rulecrm.plugin.wire import Reply as WireReply
from rulecrm.testing.http import Call, HttpProvider, Reply, as_json

START = dt.datetime(2025, 11, 12, 10, tzinfo=dt.UTC)


class Office:
    """It numbers the tokens that it gives out, and says when it is asked too often."""

    def __init__(self, lives: dt.timedelta = dt.timedelta(hours=2)) -> None:
        self.lives = lives
        self.given = 0
        self.time = START
        self.closed = False

    async def fetch(self) -> tuple[str, dt.timedelta]:
        await asyncio.sleep(0)
        if self.closed:
            raise ConnectionError("the office is closed")
        self.given += 1
        return f"t{self.given}", self.lives

    def now(self) -> dt.datetime:
        return self.time


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    office = Office()
    token = AccessToken(office.fetch, office.now)
    assert office.given == 0

    async def through_the_day() -> list[str]:
        held = []
        for minutes in (0, 114, 115, 229, 230):
            office.time = START + dt.timedelta(minutes=minutes)
            held.append(await token.valid())
        return held

    assert asyncio.run(through_the_day()) == ["t1", "t1", "t2", "t2", "t3"]


def test_of_a_short_life_half_is_used() -> None:
    office = Office(dt.timedelta(minutes=4))
    token = AccessToken(office.fetch, office.now)

    async def twice() -> list[str]:
        held = [await token.valid()]
        for seconds in (119, 120):
            office.time = START + dt.timedelta(seconds=seconds)
            held.append(await token.valid())
        return held

    assert asyncio.run(twice()) == ["t1", "t1", "t2"]


def test_how_early_may_be_said() -> None:
    office = Office(dt.timedelta(minutes=60))
    token = AccessToken(office.fetch, office.now, early=dt.timedelta(minutes=20))

    async def twice() -> list[str]:
        held = [await token.valid()]
        for minutes in (39, 40):
            office.time = START + dt.timedelta(minutes=minutes)
            held.append(await token.valid())
        return held

    assert asyncio.run(twice()) == ["t1", "t1", "t2"]


def test_many_at_once_fetch_once_and_so_do_many_who_find_it_stale() -> None:
    office = Office()
    token = AccessToken(office.fetch, office.now)

    async def many() -> tuple[set[str], set[str], str]:
        first = set(await asyncio.gather(*(token.valid() for _ in range(8))))
        second = set(await asyncio.gather(*(token.valid("t1") for _ in range(8))))
        return first, second, await token.valid("t1")

    assert asyncio.run(many()) == ({"t1"}, {"t2"}, "t2")
    assert office.given == 2


def test_a_fetch_that_fails_leaves_no_token_behind() -> None:
    office = Office()
    token = AccessToken(office.fetch, office.now)

    async def closed_and_open() -> str:
        assert await token.valid() == "t1"
        office.closed = True
        for stale in ("t1", None):  # what was called stale is not given again to the next who asks
            with pytest.raises(ConnectionError):
                await token.valid(stale)
        office.closed = False
        return await token.valid()

    assert asyncio.run(closed_and_open()) == "t2"


def test_a_call_is_made_again_only_where_its_token_was_stale() -> None:
    office = Office()
    token = AccessToken(office.fetch, office.now)
    calls: list[str] = []

    async def call(held: str) -> str:
        calls.append(held)
        return "stale" if held == "t1" else "done"

    async def twice() -> list[str]:
        return [await token.used(call, lambda found: found == "stale") for _ in range(2)]

    assert asyncio.run(twice()) == ["done", "done"]
    assert calls == ["t1", "t2", "t2"]


def test_a_call_whose_second_token_is_stale_too_is_not_made_a_third_time() -> None:
    office = Office()
    token = AccessToken(office.fetch, office.now)
    calls: list[str] = []

    async def call(held: str) -> str:
        calls.append(held)
        return "stale"

    assert asyncio.run(token.used(call, lambda found: found == "stale")) == "stale"
    assert calls == ["t1", "t2"]


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        ({"access_token": "t", "expires_in": 60}, 60),
        ({"access_token": "t", "expires_in": 10**12}, 7_200),
        ({"access_token": "t", "expires_in": -1}, 0),
        ({"access_token": "t", "expires_in": "soon"}, 7_200),
        ({"access_token": "t"}, 7_200),
    ],
)
def test_a_token_is_read_with_its_life(document: dict[str, object], seconds: int) -> None:
    assert token_of(document) == ("t", dt.timedelta(seconds=seconds))


@pytest.mark.parametrize("document", [{}, {"access_token": ""}, {"access_token": 7, "expires_in": 60}])
def test_what_holds_no_token_is_none(document: dict[str, object]) -> None:
    assert token_of(document) is None


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (Answered.UNKNOWN, Answered.RETRY), (Answered.RETRY, Answered.RETRY),
        (Answered.WAIT_QUOTA, Answered.WAIT_QUOTA), (Answered.CONFIG, Answered.CONFIG),
        (Answered.POLICY, Answered.CONFIG), (Answered.DEAD_ADDRESS, Answered.CONFIG),
    ],
)  # fmt: skip
def test_without_a_token_nothing_has_gone_out(given: Answered, meant: Answered) -> None:
    told = tokenless(Answer(given, not_before=START, code="7", detail="so it is", route=True))
    assert told == Answer(meant, not_before=START, code="7", detail="no access token: so it is", route=True)


# --- an API whose calls carry a token -----------------------------------------------------------------------------


class Coded(HttpProvider):
    """It takes the newest token alone, and says in a code what is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.code = 0

    def answer(self, call: Call) -> Reply:
        if call.path == "/token":
            assert call.query["who"] == "shop"
            self.given += 1
            return as_json({"code": self.code, "access_token": f"t{self.given}", "expires_in": 7200})
        if call.query.get("access_token") != f"t{self.given}":
            return as_json({"code": 42})
        return as_json({"code": 0, "heard": call.json()} if call.path == "/shout" else {"words": "none"})


class Meanings:
    """What its codes mean."""

    def code_of(self, document: Mapping[str, object]) -> int | None:
        code = document.get("code")
        return code if isinstance(code, int) else None

    def answer_of(self, document: Mapping[str, object], now: dt.datetime) -> Answer:
        return Answer(Answered.POLICY, code=str(document["code"]))

    def unreadable(self, reply: WireReply, now: dt.datetime) -> Answer:
        return Answer(Answered.UNKNOWN, code=str(reply.status))


@pytest.fixture
def coded() -> Iterator[Coded]:
    with Coded() as server:
        yield server


def calls_of(url: str, *paths: str, between: Callable[[], None] = lambda: None) -> list[object]:
    """What calls of an API give, one after the other, in one loop."""

    async def run() -> list[object]:
        wire = Wire("the street", url, 5.0)
        api = TokenApi(wire, "/token", lambda: {"who": "shop"}, Meanings(), stale={42}, now=lambda: START)
        found: list[object] = []
        for path in paths:
            try:
                found.append(await api.post(path, {"text": "hey"}))
            except FailedError as error:
                found.append(error.answer)
            between()
        await api.close()
        return found

    return asyncio.run(run())


def test_an_api_fetches_one_token_for_its_calls(coded: Coded) -> None:
    said = {"code": 0, "heard": {"text": "hey"}}
    assert calls_of(coded.url, "/shout", "/shout") == [said, said]
    assert [one.path for one in coded.requests] == ["/token", "/shout", "/shout"]


def test_a_call_that_is_refused_for_its_token_is_made_once_more(coded: Coded) -> None:
    def ends() -> None:
        coded.given += 1

    said = {"code": 0, "heard": {"text": "hey"}}
    assert calls_of(coded.url, "/shout", "/shout", between=ends) == [said, said]
    assert [one.path for one in coded.requests] == ["/token", "/shout", "/shout", "/token", "/shout"]


def test_an_answer_without_a_code_and_a_refused_token_fail_as_their_judges_say(coded: Coded) -> None:
    assert calls_of(coded.url, "/mumble") == [Answer(Answered.UNKNOWN, code="200")]
    coded.code = 7
    assert calls_of(coded.url, "/shout") == [Answer(Answered.CONFIG, code="7", detail="no access token: refused")]
    assert calls_of("http://127.0.0.1:9", "/shout")[0].outcome is Answered.RETRY  # type: ignore[attr-defined]
