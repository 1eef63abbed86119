"""Windows that fit on one page, against a list that shifts while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.plugin import LaterError, StoppedError
from rulecrm.plugin.fitting import Place, fitting

_LONGEST = 1000


class Shelf:
    """A list by the time of the last change, the latest first; each page that is read moves one of it to the end."""

    def __init__(self, changed: Sequence[int], page: int, *, shifts: bool) -> None:
        self.changed = dict(enumerate(changed))
        self.page, self.shifts, self.now = page, shifts, 10_000

    async def ask(self, begin: int, end: int, after: str) -> tuple[Sequence[int], str]:
        found = sorted((at, one) for one, at in self.changed.items() if begin <= at <= end)[::-1]
        start = int(after or 0)
        page = [one for _, one in found[start : start + self.page]]
        more = str(start + self.page) if start + self.page < len(found) else ""
        if self.shifts and found:
            self.now += 1
            self.changed[found[0][1]] = self.now
        return page, more


async def _read(shelf: Shelf, last: int) -> set[int]:
    place, got = Place.of(None, 0, _LONGEST), set[int]()
    while place.is_behind(last, 0):
        found, read = await fitting(shelf.ask, place.up_to(last))
        got |= set(found)
        place = Place.of(read.behind().longer(_LONGEST).cursor(), 0, _LONGEST)
    return got


@given(st.lists(st.integers(1, 5000), max_size=60), st.integers(1, 7))
def test_everything_comes_however_much_a_page_holds(changed: list[int], page: int) -> None:
    shelf = Shelf(changed, page, shifts=False)
    assert asyncio.run(_read(shelf, 5000)) == set(range(len(changed)))


@given(st.lists(st.integers(1, 2500), max_size=40, unique=True), st.integers(2, 7))
def test_pages_that_shift_lose_nothing_but_what_changes_later(changed: list[int], page: int) -> None:
    shelf = Shelf([2 * at for at in changed], page, shifts=True)
    got = asyncio.run(_read(shelf, 5000))
    assert got | {one for one, at in shelf.changed.items() if at > 5000} == set(range(len(changed)))


def test_a_list_of_one_second_that_does_not_end_is_given_up() -> None:
    async def ask(begin: int, end: int, after: str) -> tuple[Sequence[int], str]:
        return [begin], "on"

    with pytest.raises(LaterError, match="has no end"):
        asyncio.run(fitting(ask, Place(5, step=1, end=6)))


def test_the_next_run_begins_before_the_end_of_the_last() -> None:
    read = Place(100, step=1000, end=500)
    assert read.rested(60) == Place(440, 500, 1000)
    assert read.rested(9999) == Place(100, 500, 1000)
    assert not read.rested(60).is_behind(500, 0)
    assert read.rested(60).is_behind(501, 0)


@pytest.mark.parametrize("told", ["x", {}, {"since": 1}, {"since": "1", "step": 2}, {"since": 1, "step": 2, "to": "3"}])
def test_a_cursor_that_makes_no_sense_is_no_beginning(told: object) -> None:
    with pytest.raises(StoppedError, match="makes no sense"):
        Place.of(told, 0, _LONGEST)
