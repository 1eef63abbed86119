"""What sources have in common: patience, pace, windows, tokens that are kept."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.plugin.platforms import LaterError, PlatformContext
from rulecrm.plugin.pulling import KeptTokens, Pace, Patience, TroubledError, instant_in, instant_out, windows
from rulecrm.plugin.signing import hmac_sha256, names_and_values
from rulecrm.plugin.wire import LostError
from rulecrm.testing.clocks import FakeClock

START = dt.datetime(2025, 11, 11, tzinfo=dt.UTC)


def _context(clock: FakeClock, chance: float = 0.5) -> PlatformContext:
    return PlatformContext(clock.now, clock.sleep, lambda: chance)


def _failing(times: int, error: Callable[[], Exception]) -> tuple[list[int], Callable[[], object]]:
    made: list[int] = []

    async def call() -> str:
        made.append(1)
        if len(made) <= times:
            raise error()
        return "done"

    return made, call


def test_a_call_is_made_again_until_it_succeeds() -> None:
    clock = FakeClock(START)
    made, call = _failing(3, lambda: TroubledError("busy"))
    assert asyncio.run(Patience(first=2.0).call(_context(clock), call)) == "done"
    assert len(made) == 4
    assert clock.now() - START == dt.timedelta(seconds=0.5 * (2 + 4 + 8))


def test_a_call_that_never_succeeds_ends_the_run() -> None:
    made, call = _failing(99, lambda: LostError("ReadTimeout"))
    with pytest.raises(LaterError, match="ReadTimeout"):
        asyncio.run(Patience(attempts=4).call(_context(FakeClock(START)), call))
    assert len(made) == 4


@given(asked=st.floats(0.1, 300), chance=st.floats(0, 0.999))
def test_whoever_asks_to_be_left_alone_is(asked: float, chance: float) -> None:
    clock = FakeClock(START)
    _, call = _failing(1, lambda: TroubledError("banned", asked))
    asyncio.run(Patience(longest=300).call(_context(clock, chance), call))
    assert clock.now() - START >= dt.timedelta(seconds=asked) - dt.timedelta(microseconds=1)


def test_whoever_asks_for_longer_than_a_run_ends_it_and_says_when() -> None:
    _, call = _failing(1, lambda: TroubledError("the day is used up", 7200))
    with pytest.raises(LaterError, match="used up") as later:
        asyncio.run(Patience(longest=300).call(_context(FakeClock(START)), call))
    assert later.value.after == START + dt.timedelta(hours=2)


@given(rate=st.floats(0.01, 50), burst=st.integers(1, 20), calls=st.integers(1, 60))
def test_no_more_calls_are_made_than_the_rate_allows(rate: float, burst: int, calls: int) -> None:
    clock = FakeClock(START)

    async def make() -> None:
        pace = Pace(rate, burst, _context(clock))
        for _ in range(calls):
            await pace.turn()

    asyncio.run(make())
    passed = (clock.now() - START).total_seconds()
    least = max(calls - burst, 0) / rate
    assert least - 1e-3 <= passed <= least * 1.001 + 1e-3


def test_a_rate_that_the_platform_names_is_taken_over() -> None:
    clock = FakeClock(START)

    async def make() -> None:
        pace = Pace(1.0, 1, _context(clock))
        await pace.turn()
        pace.told(0.1)
        await pace.turn()

    asyncio.run(make())
    assert (clock.now() - START).total_seconds() == pytest.approx(10)


@given(hours=st.integers(0, 500), step=st.integers(1, 100))
def test_windows_cover_the_time_without_a_gap(hours: int, step: int) -> None:
    until, most = START + dt.timedelta(hours=hours), dt.timedelta(hours=step)
    found = list(windows(START, until, most))
    edges = [START, *(end for _, end in found)]
    assert [begin for begin, _ in found] == edges[:-1]
    assert edges[-1] == until
    assert all(dt.timedelta(0) < end - begin <= most for begin, end in found)


def test_an_instant_comes_back_from_a_cursor_and_nonsense_does_not() -> None:
    local = START.astimezone(dt.timezone(dt.timedelta(hours=8)))
    assert instant_in(instant_out(local)) == START
    assert [instant_in(told) for told in (None, 5, "soon", "2025-11-11T00:00:00")] == [None] * 4


def test_tokens_are_kept_where_their_owner_alone_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "new" / "shop.json"
    tokens = KeptTokens(path)
    assert tokens.get("refresh") is None
    tokens.keep({"refresh": "r-secret"})
    assert KeptTokens(path).get("refresh") == "r-secret"
    assert "r-secret" not in repr(tokens)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["shop.json"]


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"refresh": 5}', "[" * 100_000])
def test_a_file_that_is_no_tokens_is_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.json"
    path.write_text(text)
    assert KeptTokens(path).get("refresh") is None


def test_a_signature_is_that_of_a_published_example() -> None:
    # Open-platform signature example, with the path before the parameters.
    sorted_text = names_and_values(
        {"timestamp": "1517820392000", "app_key": "123456", "order_id": "1234", "sign_method": "sha256",
         "access_token": "test", "empty": ""}
    )  # fmt: skip
    assert sorted_text == "access_tokentestapp_key123456order_id1234sign_methodsha256timestamp1517820392000"
    signed = hmac_sha256("helloworld", "/order/get" + sorted_text)
    assert signed.upper() == "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
