"""A store, one promise a test: opening, columns, quarantine, contacts, upkeep."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from rulecrm.diagnostics import RulesError
from rulecrm.lake import FactStore, Tally, upkeep
from rulecrm.lake.tables import Tables
from rulecrm.plugin.platforms import Refused

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> FactStore:
    return FactStore.open(tmp_path / "shop", create=True)


def _put(store: FactStore, frame: str, rows: dict[str, list[object]] | pl.DataFrame, now: dt.datetime = T0) -> Tally:
    with store.writer(now) as writer:
        tally = writer.put("tb", frame, pl.DataFrame(rows))
        writer.commit()
    return tally


def _rows(store: FactStore, frame: str) -> pl.DataFrame:
    scan = store.scan(frame)
    assert scan is not None
    return scan.collect()


def _code(caught: pytest.ExceptionInfo[RulesError]) -> str:
    (found,) = caught.value.diagnostics
    return found.code


# --- opening ------------------------------------------------------------------------------------------------------


def test_where_there_is_no_store_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(RulesError) as caught:
        FactStore.open(tmp_path / "shop")
    assert _code(caught) == "R701"
    assert not (tmp_path / "shop").exists()


def test_a_new_store_is_empty_and_opens_again(store: FactStore) -> None:
    again = FactStore.open(store.path, create=True)
    assert (again.version, again.frames(), again.cursor("tb"), again.scan("orders")) == (0, (), None, None)
    assert again.commits().height == 0
    assert again.quarantine().collect().height == 0


def test_a_store_of_a_later_format_is_left_alone(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"]})
    row = (
        FactStore.open(store.path)
        .commits()
        .tail(1)
        .with_columns(number=pl.col("number") + 1, format=pl.lit(2, pl.Int32))
    )
    write_deltalake(
        str(store.path / "commits"), row.with_columns(more=pl.lit("new")), mode="append", schema_mode="merge"
    )
    for use in (lambda: FactStore.open(store.path), lambda: _put(store, "orders", {"order": ["2"]}), store.compact):
        with pytest.raises(RulesError) as caught:
            use()
        assert _code(caught) == "R702"
    assert DeltaTable(str(store.path / "orders")).version() == 0


def test_without_the_library_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['deltalake'] = None\n"
        "from rulecrm.lake import FactStore\n"
        "try: FactStore.open(sys.argv[1], create=True)\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "shop")], capture_output=True, text=True, check=True
    )
    assert "R700" in done.stdout
    assert 'pip install "rulecrm[lake]"' in done.stdout


def test_a_damaged_store_is_a_diagnostic(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"]})
    for file in (store.path / "orders" / "_delta_log").glob("*.json"):
        file.unlink()
    with pytest.raises(RulesError) as caught:
        FactStore.open(store.path).scan("orders")
    assert _code(caught) == "R706"


# --- columns ------------------------------------------------------------------------------------------------------


def test_columns_lie_exactly_in_the_types_of_the_store(store: FactStore) -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    tally = _put(store, "orders", pl.DataFrame({
        "order": [7], "customer": pl.Series(["ann"], dtype=pl.Categorical), "amount": [Decimal("12.5")], "discount": [3],
        "paid_at": pl.Series([dt.datetime(2025, 1, 1, 8, 0, 0, 1, tzinfo=shanghai)], dtype=pl.Datetime("ns", "Asia/Shanghai")),
        "coupon": [None], "note": ["new"], "quantity": pl.Series([2], dtype=pl.UInt8),
    }))  # fmt: skip
    assert tally == Tally(received=1, stored=1)
    row = _rows(store, "orders").row(0, named=True)
    assert row["order"] == "7"
    assert (row["amount"], row["discount"]) == (Decimal("12.5000"), Decimal("3.0000"))
    assert row["paid_at"] == dt.datetime(2025, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC)
    assert (row["coupon"], row["note"], row["quantity"], row["origin"]) == (None, "new", 2, "tb")


def test_a_wall_clock_is_not_to_be_taken_for_utc(store: FactStore) -> None:
    with pytest.raises(RulesError, match=r"(?s)R704.*replace_time_zone"):
        _put(store, "orders", {"order": ["1"], "paid_at": [dt.datetime(2025, 1, 1)]})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount", 1.5),
        ("amount", "1.50"),
        ("paid_at", dt.datetime(2025, 1, 1)),
        ("paid_at", "2025-01-01"),
        ("amount", Decimal("0.00001")),
        ("note", dt.time(1)),
        ("extra", "text"),
    ],
)
def test_a_column_of_another_type_is_refused_and_nothing_was_written(
    store: FactStore, column: str, value: object
) -> None:
    _put(store, "orders", {"order": ["1"], "extra": [1]})
    with pytest.raises(RulesError) as caught:
        _put(store, "orders", {"order": ["2"], column: [value]})
    assert _code(caught) == "R704"
    assert store.version == 1
    assert _rows(store, "orders")["order"].to_list() == ["1"]


def test_a_frame_without_its_key_is_refused(store: FactStore) -> None:
    with pytest.raises(RulesError) as caught:
        _put(store, "items", {"order": ["1"], "title": ["tea"]})
    assert _code(caught) == "R705"
    with pytest.raises(ValueError, match="own"):
        _put(store, "contacts", {"customer": ["ann"]})


def test_a_new_column_appears_without_rewriting_what_is_there(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"], "amount": [1]})
    before = set((store.path / "orders").rglob("*.parquet"))
    _put(store, "orders", {"order": ["2"], "brand": ["x"]})
    assert before < set((store.path / "orders").rglob("*.parquet"))
    assert _rows(store, "orders").sort("order").select("amount", "brand").rows() == [(1, None), (None, "x")]


def test_a_kind_of_its_own_has_a_table_of_its_own(store: FactStore) -> None:
    _put(store, "live_watch", {"event": ["1"], "customer": ["ann"], "at": [T0], "minutes": [3], "guests": [["a", "b"]]})
    assert store.frames() == ("live_watch",)
    assert _rows(store, "live_watch")["guests"].to_list() == [["a", "b"]]


# --- versions -----------------------------------------------------------------------------------------------------


def test_what_comes_again_is_not_stored_again(store: FactStore) -> None:
    rows = {"order": ["1", "2"], "amount": [1, None], "changed_at": [T0, None]}
    assert _put(store, "orders", rows) == Tally(received=2, stored=2)
    number = store.version
    assert _put(store, "orders", rows, T0 + DAY) == Tally(received=2, unchanged=2)
    assert store.version == number  # and there is no commit where nothing was learnt


def test_an_older_version_that_comes_late_is_not_believed(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"], "status": ["PAID"], "changed_at": [T0 + DAY]})
    late = {"order": ["1"], "status": ["PLACED"], "changed_at": [T0]}
    assert _put(store, "orders", late) == Tally(received=1, unchanged=1, stale=1)
    assert _rows(store, "orders")["status"].to_list() == ["PAID"]


def test_equal_rows_that_changed_later_still_outdate_what_comes_after_them(store: FactStore) -> None:
    for status, hours in (("A", 1), ("A", 3), ("B", 2)):
        _put(store, "orders", {"order": ["1"], "status": [status], "changed_at": [T0 + dt.timedelta(hours=hours)]})
    assert _rows(store, "orders")["status"].to_list() == ["A"]


def test_a_file_without_instants_does_not_outdate_what_the_platform_says(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"], "status": ["file"]}, T0 + 9 * DAY)
    _put(store, "orders", {"order": ["1"], "status": ["api"], "changed_at": [T0]}, T0 + 10 * DAY)
    assert _rows(store, "orders")["status"].to_list() == ["api"]


def test_the_lines_of_an_order_are_one_version(store: FactStore) -> None:
    _put(store, "items", {"order": ["1", "1"], "item": ["a", "b"], "quantity": [1, 1]})
    assert _put(store, "items", {"order": ["1"], "item": ["a"], "quantity": [1]}) == Tally(received=1, stored=1)
    assert _rows(store, "items")["item"].to_list() == ["a"]


def test_the_instant_of_a_commit_is_never_before_the_last(store: FactStore) -> None:
    _put(store, "orders", {"order": ["1"]}, T0 + DAY)
    _put(store, "orders", {"order": ["2"]}, T0)
    assert store.commits()["at"].to_list() == [T0 + DAY, T0 + DAY]


def test_only_rows_of_an_origin(store: FactStore) -> None:
    with store.writer(T0) as writer:
        writer.put("tb", "orders", pl.DataFrame({"order": ["1"]}))
        writer.put("file", "orders", pl.DataFrame({"order": ["2"]}))
        writer.commit({"tb": {"page": 1}, "file": {}})
    scan = store.scan("orders", origin="file")
    assert scan is not None
    assert scan.collect()["order"].to_list() == ["2"]
    counts = json.loads(store.commits()["counts"][0])
    assert [(one["origin"], one["frame"], one["stored"]) for one in counts] == [
        ("tb", "orders", 1),
        ("file", "orders", 1),
    ]


# --- quarantine ---------------------------------------------------------------------------------------------------


def test_a_row_is_in_quarantine_once_and_counts_each_time(store: FactStore) -> None:
    refused = [Refused("orders", "no total", '{"id": 1}', "page 1"), Refused("orders", "no total", '{"id": 2}')]
    for day in range(2):
        with store.writer(T0 + day * DAY) as writer:
            assert writer.refuse("tb", [*refused, refused[0]], code="R711") == Tally(received=3, quarantined=3)
            writer.commit({"tb": {"day": day}})
    away = store.quarantine().collect().sort("original")
    assert away.select("origin", "frame", "reason", "code", "original", "learnt_at").rows() == [
        ("tb", "orders", "no total", "R711", '{"id": 1}', T0),
        ("tb", "orders", "no total", "R711", '{"id": 2}', T0),
    ]
    counts = json.loads(store.commits()["counts"][1])
    assert counts[0]["quarantined"] == 3


def test_a_row_without_its_key_goes_into_quarantine_as_it_came(store: FactStore) -> None:
    tally = _put(store, "orders", {"order": ["1", None], "amount": [1, 2], "original": ["a", "b"]})
    assert tally == Tally(received=2, stored=1, quarantined=1)
    away = store.quarantine().collect()
    assert away.select("reason", "original").rows() == [("`order` is missing", "b")]
    assert "original" not in _rows(store, "orders").columns


def test_purged_rows_are_gone_from_the_disk(store: FactStore) -> None:
    for day in range(3):
        with store.writer(T0 + day * DAY) as writer:
            writer.refuse("tb", [Refused("orders", "odd", f"secret{day}")])
            writer.commit()
    store.purge(T0 + DAY)
    assert sorted(store.quarantine().collect()["original"]) == ["secret1", "secret2"]
    assert not _found(store.path, "secret0")
    assert _found(store.path, "secret1")
    with store.writer(T0 + 3 * DAY) as writer:
        writer.refuse("tb", [Refused("orders", "odd", "secret3")])
        writer.commit()
    assert store.quarantine().collect().height == 3


# --- contacts -----------------------------------------------------------------------------------------------------


def test_what_is_personal_is_kept_apart_and_can_be_erased_for_good(store: FactStore) -> None:
    for day, mail in enumerate(("ann1@x.org", "ann2@x.org")):
        people = {
            "customer": ["ann", "o'neil"],
            "email": [mail, "o@x.org"],
            "nick": ["Ann", "O"],
            "city": ["Paris", None],
        }
        _put(store, "customers", {**people, "changed_at": [T0 + day * DAY] * 2}, T0 + day * DAY)
    assert _found(store.path / "contacts", "ann1@x.org")
    assert not _found(store.path / "customers", "ann1@x.org")
    store.compact()
    store.erase("ann", T0 + 2 * DAY)
    shown = {row["customer"]: (row["email"], row["nick"], row["city"]) for row in _rows(store, "customers").to_dicts()}
    assert shown == {"ann": (None, None, "Paris"), "o'neil": ("o@x.org", "O", None)}
    for secret in ("ann1@x.org", "ann2@x.org"):
        assert not _found(store.path, secret)
    then = store.scan("customers", known_on=T0)
    assert then is not None
    assert {row["customer"]: row["email"] for row in then.collect().to_dicts()} == {"ann": None, "o'neil": "o@x.org"}
    store.erase("o'neil", T0 + 2 * DAY)
    assert not _found(store.path, "o@x.org")


def test_who_was_erased_stays_so_until_something_newer_is_said(store: FactStore) -> None:
    old = {"customer": ["ann"], "email": ["old@x.org"], "city": ["Paris"], "changed_at": [T0]}
    _put(store, "customers", old)
    store.erase("ann", T0 + 2 * DAY)
    assert _put(store, "customers", old, T0 + 3 * DAY).unchanged == 1
    _put(store, "customers", {**old, "changed_at": [T0 + DAY], "city": ["Rome"]}, T0 + 3 * DAY)
    assert _rows(store, "customers").select("email", "city").rows() == [(None, "Rome")]
    assert not _found(store.path, "old@x.org")
    _put(store, "customers", {"customer": ["ann"], "email": ["new@x.org"], "changed_at": [T0 + 4 * DAY]}, T0 + 4 * DAY)
    assert _rows(store, "customers").select("email", "city").rows() == [("new@x.org", "Rome")]


def test_someone_of_whom_nothing_is_known_can_be_erased_beforehand(store: FactStore) -> None:
    store.erase("ann", T0)
    _put(store, "customers", {"customer": ["ann"], "email": ["a@x.org"], "city": ["Rome"]})
    assert not _found(store.path, "a@x.org")
    assert _rows(store, "customers").select("customer", "city").rows() == [("ann", "Rome")]


def _found(folder: Path, text: str) -> bool:
    """Whether a text is in any file below, in the log or in the rows."""
    logs = any(text in file.read_text("utf-8") for file in folder.rglob("*.json"))
    values = (
        value
        for file in folder.rglob("*.parquet")
        for value in pl.read_parquet(file, hive_partitioning=False).select(pl.col(pl.String)).unpivot()["value"]
    )
    return logs or any(value is not None and text in value for value in values)


# --- upkeep -------------------------------------------------------------------------------------------------------


def test_a_vacuum_leaves_the_past_and_removes_what_compaction_replaced(store: FactStore) -> None:
    for day in range(4):
        _put(store, "orders", {"order": ["1", f"n{day}"], "amount": [day, 1]}, T0 + day * DAY)
    before = set((store.path / "orders").rglob("*.parquet"))
    store.compact()
    store.vacuum(keep=dt.timedelta(0))
    after = set((store.path / "orders").rglob("*.parquet"))
    assert not before & after
    assert len(after) == 2
    then = store.scan("orders", known_on=T0 + DAY)
    assert then is not None
    assert sorted(then.collect().select("order", "amount").rows()) == [("1", 1), ("n0", 1), ("n1", 1)]


def test_writers_compact_and_merge_by_themselves_when_it_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LEAST", 3)
    monkeypatch.setattr(upkeep, "FILES", 4)
    steps: list[str] = []
    store = FactStore.of(Tables(tmp_path / "shop", steps.append), create=True)
    for day in range(8):
        _put(store, "orders", {"order": ["1", "2"], "amount": [day, day]}, T0 + day * DAY)
        _put(store, "products", {"product": [f"p{day}"]}, T0 + day * DAY)
        assert sorted(_rows(store, "orders").select("order", "amount").rows()) == [("1", day), ("2", day)]
    assert {"before replace orders", "before merge products", "before merge commits"} <= set(steps)
    assert _rows(store, "products").height == 8
    for day in range(8):
        then = store.scan("orders", known_on=T0 + day * DAY)
        assert then is not None
        assert then.collect()["amount"].to_list() == [day, day]
    assert FactStore.open(store.path).version == store.version


def test_a_log_of_many_changes_is_read_as_one_of_few(store: FactStore) -> None:
    """Delta Lake writes a checkpoint every hundred changes, and may remove the log before it."""
    with store.writer(T0) as writer:
        for day in range(110):
            writer.put("tb", "orders", pl.DataFrame({"order": ["1"], "amount": [day]}))
            writer.commit({"tb": {"day": day}}, now=T0 + day * DAY)
    again = FactStore.open(store.path)
    assert again.cursor("tb") == {"day": 109}
    assert _rows(again, "orders")["amount"].to_list() == [109]
    then = again.scan("orders", known_on=T0 + 5 * DAY)
    assert then is not None
    assert then.collect()["amount"].to_list() == [5]
