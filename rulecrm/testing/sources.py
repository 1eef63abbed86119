"""The tests that every source of a platform must pass.

In: a source and a local fake of its platform, from a subclass. Out: pytest tests.
Invariant: what is tested is what syncing relies on: whatever is interrupted, throttled, shifted or broken, what has
been kept in the end equals what the platform has, row for row.

A plugin's tests inherit `SourceContract` and give two fixtures:

    class TestMall(SourceContract):
        @pytest.fixture
        def fake(self) -> Iterator[MallServer]:
            with MallServer(Market(FakeClock())) as server:
                yield server

        @pytest.fixture
        def opener(self, fake: MallServer) -> Opener:
            return lambda context: open_mall(Settings(url=fake.url, since="2025-11-01"), context)
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
from attrs import define, field

from rulecrm.plugin.platforms import Batch, Cursor, LaterError, PlatformContext, Refused, Row, Source, StoppedError
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault

__all__ = ["KEYS", "Kept", "Opener", "PlatformFake", "SourceContract", "pull_into"]

Opener = Callable[[PlatformContext], Source]

KEYS: Mapping[str, tuple[str, ...]] = {
    "orders": ("order",),
    "items": ("order", "item"),
    "customers": ("customer",),
    "products": ("product",),
    "events": ("event",),
}
"""What says which row is which."""

_BESIDE = frozenset({"original"})


@define
class Kept:
    """What a reader has kept: the slow and obvious store.

    Attributes:
        rows: by frame and key.
        cursor: of the last batch.
        batches: how many were kept.
        given: how many rows came, those that came again included.
    """

    rows: dict[str, dict[tuple[object, ...], Row]] = field(factory=dict)
    cursor: Cursor | None = None
    refused: list[Refused] = field(factory=list)
    remarks: dict[str, int] = field(factory=dict)
    batches: int = 0
    given: int = 0

    def keep(self, batch: Batch) -> None:
        """Keep a batch, and then its cursor, as JSON would bring it back."""
        for frame, rows in batch.rows.items():
            self._keep(frame, [dict(row) for row in cast("Sequence[Row]", rows)])
        self.refused.extend(batch.refused)
        for remark, count in batch.remarks.items():
            self.remarks[remark] = self.remarks.get(remark, 0) + count
        self.cursor = None if batch.cursor is None else json.loads(json.dumps(batch.cursor))
        self.batches += 1

    def _keep(self, frame: str, rows: Sequence[dict[str, object]]) -> None:
        kept, keys = self.rows.setdefault(frame, {}), KEYS[frame]
        newer: dict[tuple[object, ...], list[dict[str, object]]] = {}
        for row in rows:
            self.given += 1
            newer.setdefault((row[keys[0]], row.get("changed_at")), []).append(row)
        for (first, changed), group in newer.items():
            have = [(key, row) for key, row in kept.items() if key[0] == first]
            if any(_later(row.get("changed_at"), changed) for _, row in have):
                continue
            old = {key: kept.pop(key) for key, _ in have}
            for row in group:
                key = tuple(row[name] for name in keys)
                kept[key] = {**old.get(key, {}), **row}

    def told(self) -> dict[str, dict[tuple[object, ...], Row]]:
        """What was kept, as a fake tells the truth: nothing where nothing is, and nothing beside what is true."""
        return {frame: {key: _bare(row) for key, row in rows.items()} for frame, rows in self.rows.items() if rows}


def _later(one: object, other: object) -> bool:
    return isinstance(one, dt.datetime) and isinstance(other, dt.datetime) and one > other


def _bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None and name not in _BESIDE}


def _true(fake: PlatformFake) -> dict[str, dict[tuple[object, ...], Row]]:
    return {
        frame: {tuple(row[name] for name in KEYS[frame]): _bare(row) for row in rows}
        for frame, rows in fake.truth().items()
        if rows
    }


async def pull_into(kept: Kept, source: Source, until: dt.datetime, *, most: int | None = None) -> None:
    """Keep what a source gives, at most so many batches; then close it."""
    try:
        async with aclosing(source.pull(kept.cursor, until)) as batches:
            taken = 0
            async for batch in batches:
                kept.keep(batch)
                taken += 1
                if most is not None and taken >= most:
                    return
    finally:
        await source.close()


class SourceContract:
    """Inherit it; each test says in its name what a source must do."""

    days: float = 9.0
    """For how long the market has gone on before it is read."""

    @pytest.fixture
    def fake(self) -> Iterator[PlatformFake]:
        """A running local fake of the platform."""
        raise NotImplementedError

    @pytest.fixture
    def opener(self, fake: PlatformFake) -> Opener:
        """Opens the source, set up for that fake, waiting for an answer for at most half a second."""
        raise NotImplementedError

    @pytest.fixture
    def context(self, fake: PlatformFake, tmp_path: Path) -> PlatformContext:
        """Where it runs: the market's clock, whose time passes when somebody sleeps."""
        clock = fake.market.clock
        return PlatformContext(clock.now, clock.sleep, lambda: 0.5, "shop", tmp_path / "tokens" / "shop.json")

    @pytest.fixture(autouse=True)
    def _lived(self, fake: PlatformFake) -> None:
        fake.market.live(self.days)

    def _pull(self, kept: Kept, opener: Opener, context: PlatformContext, most: int | None = None) -> Kept:
        asyncio.run(pull_into(kept, opener(context), context.now(), most=most))
        return kept

    def _settled(self, kept: Kept, fake: PlatformFake, opener: Opener, context: PlatformContext) -> Kept:
        """Read once more when nothing has changed for an hour: what was too new is there then."""
        fake.stirring = 0
        fake.market.clock.move(dt.timedelta(hours=1))
        return self._pull(kept, opener, context)

    # --- what it gives --------------------------------------------------------------------------------------------

    def test_it_is_a_source_that_opens_without_a_connection(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        source = opener(context)
        assert isinstance(source, Source)
        asyncio.run(source.close())
        assert not fake.requests

    def test_everything_that_the_platform_has_comes(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        kept = self._settled(self._pull(Kept(), opener, context), fake, opener, context)
        assert kept.told() == _true(fake)
        assert not kept.refused
        assert len(kept.rows["orders"]) > 20

    def test_keys_instants_and_amounts_are_what_the_contract_says(
        self, opener: Opener, context: PlatformContext
    ) -> None:
        kept = self._pull(Kept(), opener, context)
        for frame, rows in kept.rows.items():
            assert frame in KEYS
            for key, row in rows.items():
                assert all(isinstance(part, str) and part for part in key)
                assert isinstance(row.get("original", ""), str)
                for value in row.values():
                    assert not isinstance(value, float) or frame == "customers"
                    assert not isinstance(value, dt.datetime) or value.tzinfo is not None

    def test_what_changes_later_comes_later_and_little_else(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        kept = self._settled(Kept(), fake, opener, context)
        first = kept.given
        fake.market.live(1.5)
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)
        assert kept.given - first < first

    # --- what interrupts it ---------------------------------------------------------------------------------------

    def test_wherever_it_stops_the_next_run_goes_on_from_the_cursor(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        kept = Kept()
        for _ in range(300):
            before = kept.cursor
            self._pull(kept, opener, context, most=1)
            if kept.cursor == before:
                break
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)

    @pytest.mark.parametrize("changes", [1, 3])
    def test_pages_that_shift_while_they_are_read_lose_nothing(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext, changes: int
    ) -> None:
        kept = self._settled(Kept(), fake, opener, context)
        fake.market.live(2)
        fake.stirring = changes
        self._pull(kept, opener, context)
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)

    @pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BROKEN, Fault.LOST, Fault.SLOW, Fault.MALFORMED], ids=str)
    def test_a_call_that_fails_is_made_again(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext, fault: Fault
    ) -> None:
        fake.fail(fault, calls=2)
        kept = self._settled(self._pull(Kept(), opener, context), fake, opener, context)
        assert kept.told() == _true(fake)
        assert not kept.refused

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"error": null}'], ids=repr)
    def test_an_answer_that_tells_nothing_is_no_empty_page(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext, body: bytes
    ) -> None:
        fake.malformed = body
        fake.fail(Fault.MALFORMED)
        with contextlib.suppress(LaterError, StoppedError):
            self._pull(kept := Kept(), opener, context)
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)

    def test_a_platform_that_is_away_ends_the_run_and_no_more(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        kept = self._pull(Kept(), opener, context, most=1)
        fake.market.live(1)
        fake.fail(Fault.BROKEN, calls=100)
        with pytest.raises(LaterError):
            self._pull(kept, opener, context)
        fake.heal()
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)

    def test_credentials_that_are_refused_stop_it_and_show_no_secret(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        fake.fail(Fault.CREDENTIALS, calls=100)
        with pytest.raises(StoppedError) as stopped:
            self._pull(Kept(), opener, context)
        for secret in fake.secrets:
            assert secret not in str(stopped.value)
            assert secret not in caplog.text

    def test_a_token_that_has_run_out_is_renewed_and_the_new_one_is_kept(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        fake.expire()
        kept = self._pull(Kept(), opener, context)
        fake.market.live(0.5)
        kept = self._settled(kept, fake, opener, context)
        assert kept.told() == _true(fake)

    # --- what it cannot understand --------------------------------------------------------------------------------

    def test_a_state_that_nobody_knows_is_kept_and_told(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        word = fake.strange()
        kept = self._settled(Kept(), fake, opener, context)
        assert [row for row in kept.rows["orders"].values() if row.get("status") == word]
        assert any(word in remark for remark in kept.remarks)

    def test_a_row_that_cannot_be_understood_is_refused_with_a_reason_and_the_others_come(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        fake.spoil()
        kept = self._settled(Kept(), fake, opener, context)
        assert kept.refused
        assert all(one.reason.strip() and one.original.strip() and one.frame in KEYS for one in kept.refused)
        true = len(fake.truth()["orders"])
        assert true - 1 <= len(kept.rows["orders"]) <= true

    def test_a_cursor_is_json_and_has_no_secret(
        self, fake: PlatformFake, opener: Opener, context: PlatformContext
    ) -> None:
        kept = self._pull(Kept(), opener, context)
        assert kept.cursor is not None
        text = json.dumps(kept.cursor)
        assert not [secret for secret in fake.secrets if secret in text]

    def test_a_source_shows_no_secret(self, fake: PlatformFake, opener: Opener, context: PlatformContext) -> None:
        source = opener(context)
        shown = repr(source) + str(source) + repr(vars(source) if hasattr(source, "__dict__") else "")
        asyncio.run(source.close())
        assert not [secret for secret in fake.secrets if secret in shown]
