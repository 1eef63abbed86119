"""Lists that change while they are read, one change at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from rulecrm_taobao.calls import Calls
from rulecrm_taobao.settings import Settings
from rulecrm_taobao.streams import TRADES, FullError, read_all

from rulecrm.plugin import LaterError, PlatformContext, Secret
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.gateways import Argument, Asked, Method, RouterGateway
from rulecrm.testing.http import Call, HttpProvider, Reply

PAGES = (Argument("page_no", "whole"), Argument("page_size", "whole"), Argument("use_has_next", "flag"))


class Listing(HttpProvider):
    """A list of numbers, the latest first; after each call something may happen to it."""

    def __init__(self, numbers: list[int], happens: Callable[[int, list[int]], None]) -> None:
        super().__init__()
        self.clock, self.numbers, self.happens = FakeClock(), numbers, happens
        methods = [Method("acme.list", self._list, PAGES)]
        self.gateway = RouterGateway(methods, "k", "hush", self.clock.now, {"hush"}, "", {"trades": "trade"})

    def answer(self, call: Call) -> Reply:
        reply = self.gateway.answer(call)
        self.happens(len(self.gateway.asked), self.numbers)
        return reply

    def _list(self, asked: Asked) -> Mapping[str, object]:
        size, page = asked.whole("page_size", 40), asked.whole("page_no", 1)
        rows = [{"tid": number} for number in self.numbers[(page - 1) * size : page * size]]
        more = {"has_next": page * size < len(self.numbers)}
        return {"trades": rows, **(more if asked.flag("use_has_next") else {"total_results": len(self.numbers)})}


def numbers(listing: Listing, monkeypatch: pytest.MonkeyPatch, most: int | None = None) -> list[object]:
    monkeypatch.setenv("HUSH", "hush")
    with listing:
        settings = Settings("k", Secret("env:HUSH"), Secret("env:HUSH"), url=f"{listing.url}/router/rest", page_size=2)
        calls = Calls(settings, PlatformContext(listing.clock.now, listing.clock.sleep, lambda: 0.5))

        async def run() -> list[object]:
            try:
                return [row["tid"] for row in await read_all(calls, TRADES, ("acme.list", {}), most=most)]
            finally:
                await calls.close()

        return asyncio.run(run())


def nothing(_: int, __: list[int]) -> None:
    """Nothing happens."""


@pytest.mark.parametrize("count", range(8))
def test_every_row_of_a_list_that_stays_comes(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = numbers(Listing(list(range(count)), nothing), monkeypatch)
    assert sorted(map(int, map(str, found))) == list(range(count))


@pytest.mark.parametrize("call", range(1, 5))
@pytest.mark.parametrize("place", range(7))
def test_a_row_that_leaves_takes_no_other_with_it(call: int, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(calls: int, rows: list[int]) -> None:
        if calls == call:
            del rows[place]

    found = numbers(Listing(list(range(7)), leaves), monkeypatch)
    assert set(range(7)) - set(map(int, map(str, found))) <= {place}


@pytest.mark.parametrize("late", [1, 2, 3])
def test_rows_that_are_listed_late_behind_the_last_page_come_too(late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def comes(calls: int, rows: list[int]) -> None:
        if calls == 1:
            rows.extend(range(100, 100 + late))

    found = numbers(Listing(list(range(6)), comes), monkeypatch)
    assert {int(str(one)) for one in found} == {*range(6), *range(100, 100 + late)}


def test_a_list_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(list(range(7)), nothing)
    with pytest.raises(FullError):
        numbers(listing, monkeypatch, most=6)
    assert len(listing.requests) == 1


def test_a_total_that_is_none_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing([1], nothing)
    listing.gateway.methods = [Method("acme.list", lambda _: {"total_results": "many"}, PAGES)]
    with pytest.raises(LaterError, match="total_results"):
        numbers(listing, monkeypatch)
