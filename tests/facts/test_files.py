"""Facts from Parquet and CSV files."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rulecrm.diagnostics.model import RulesError
from rulecrm.facts import Facts
from rulecrm.facts.facts import Counts
from rulecrm.model.schema import Column, Kind, canonical
from rulecrm.model.types import BOOL, INT, TIME

KINDS = canonical().kinds
SUBJECTS = canonical().subjects
CNY = {"currency": "CNY", "zone": "Asia/Shanghai"}
MIDNIGHT = dt.datetime(2025, 11, 10, 16, tzinfo=dt.UTC)
"""The start of 2025-11-11 in Shanghai."""

ORDERS = """order,customer,paid_at,amount,quantity,city
001,a,2025-11-11T00:00:00+08:00,12.50,1,上海
002,b,2025-11-10T16:00:00Z,0.0001,2,
003,c,2025-11-10 11:00:00.5-0500,,,"a, b"
"""


def micros(instant):
    return int(instant.timestamp() * 1_000_000)


def write(path, text, encoding="utf8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_csv_is_read_exactly(tmp_path):
    facts = Facts.from_csv(orders=write(tmp_path / "o.csv", ORDERS))
    served = facts.rows(KINDS["purchase"], ["amount", "quantity", "city"], **CNY).collect()
    assert served.drop("at", "person").rows() == [
        ("a", "001", 125_000, 1, "上海"),
        ("b", "002", 1, 2, None),
        ("c", "003", None, None, "a, b"),
    ]
    assert served["at"].to_list() == [micros(MIDNIGHT), micros(MIDNIGHT), micros(MIDNIGHT) + 500_000]


def test_csv_in_another_encoding_and_with_another_separator(tmp_path):
    path = write(tmp_path / "o.csv", ORDERS.replace(",", ";").replace("a; b", "a b"), "gbk")
    facts = Facts.from_csv(orders=path, separator=";", encoding="gbk")
    assert facts.rows(KINDS["purchase"], ["city"], **CNY).collect()["city"].to_list() == ["上海", None, "a b"]


def test_instants_without_an_offset_need_a_zone(tmp_path):
    text = "customer,paid_at\na,2025-11-11T00:00\nb,2025-11-11\nc,2025-11-11 00:00:00\n"
    path = write(tmp_path / "o.csv", text)
    with pytest.raises(RulesError) as error:
        Facts.from_csv(orders=path)
    (found,) = error.value.diagnostics
    assert (found.code, found.data["column"], found.data["count"]) == ("R413", "paid_at", 3)
    assert "zone=" in found.help
    facts = Facts.from_csv(orders=path, zone="Asia/Shanghai")
    assert facts.rows(KINDS["purchase"], [], **CNY).collect()["at"].to_list() == [micros(MIDNIGHT)] * 3


def test_cells_that_are_not_understood_are_told_or_put_away_as_they_stand(tmp_path):
    lines = (
        "customer,birthday,points,blocked,tags,latitude",
        "a,1990-02-30,1,yes,x|y,1e1",
        "b,1990-02-28,1.5,maybe,,x",
        "c,1990-02-28,7,0,z,",
    )
    text = "\n".join(lines)
    path = write(tmp_path / "c.csv", text)
    with pytest.raises(RulesError) as error:
        Facts.from_csv(customers=path)
    assert {one.data["column"] for one in error.value.diagnostics} == {"birthday", "points", "blocked", "latitude"}
    facts = Facts.from_csv(customers=path, on_error="quarantine")
    served = facts.subjects(SUBJECTS["customer"], ["points", "blocked", "tags"], **CNY).collect()
    assert served.rows() == [("c", 7, False, ["z"])]
    assert facts.quarantined["customers"]["birthday"].to_list() == ["1990-02-30", "1990-02-28"]
    assert facts.counts["customers"] == Counts(3, 1, 2)


def test_rows_put_away_by_what_they_say_and_by_what_they_mean_are_shown_together(tmp_path):
    path = write(
        tmp_path / "o.csv",
        "customer,paid_at,amount,quantity\na,x,1,1\nb,2025-11-11T00:00Z,-1,1\nc,2025-11-11T00:00Z,1,1\n",
    )
    facts = Facts.from_csv(orders=path, on_error="quarantine")
    assert facts.counts["orders"] == Counts(3, 1, 2)
    assert facts.quarantined["orders"]["customer"].to_list() == ["a", "b"]


def test_a_kind_declared_later_gets_its_types_when_it_is_asked_for(tmp_path):
    path = write(tmp_path / "w.csv", "customer,at,minutes,live,start\na,2025-11-10T16:00Z,5,true,10:30\n")
    columns = {"minutes": Column("minutes", INT), "live": Column("live", BOOL), "start": Column("start", TIME)}
    kind = Kind("live_watch", "live_watch", "at", columns)
    facts = Facts.from_csv(live_watch=path)
    assert facts.check([(kind, columns)]) == ()
    served = facts.rows(kind, columns, **CNY).collect()
    assert served.drop("person").rows() == [(micros(MIDNIGHT), "a", 5, True, 37_800_000_000)]


def test_rates_come_from_csv_too(tmp_path):
    orders = write(tmp_path / "o.csv", "customer,paid_at,amount,currency\na,2025-11-11T00:00Z,2,USD\n")
    rates = write(tmp_path / "r.csv", "currency,date,rate\nUSD,2025-11-01,7.12345\n")
    facts = Facts.from_csv(orders=orders, rates=rates)
    assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect()["amount"].to_list() == [142_469]


def test_parquet_is_scanned_from_a_file_a_pattern_or_a_directory(tmp_path):
    frame = pl.DataFrame({"customer": ["a"], "paid_at": [MIDNIGHT], "amount": ["1"]})
    for name in ("x", "y"):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    for path, height in ((tmp_path / "x.parquet", 1), (str(tmp_path / "*.parquet"), 2), (tmp_path, 2)):
        facts = Facts.from_parquet(orders=path)
        assert repr(facts) == "<Facts orders: scan>"
        assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect()["amount"].to_list() == [10_000] * height


def test_a_directory_holds_a_file_for_each_frame(tmp_path):
    pl.DataFrame({"customer": ["a"], "joined_at": [MIDNIGHT]}).write_parquet(tmp_path / "customers.parquet")
    write(tmp_path / "orders.csv", ORDERS)
    write(tmp_path / "README.txt", "no frame")
    facts = Facts.open(tmp_path)
    assert repr(facts) == "<Facts customers: scan, orders: 3 rows>"
    assert facts.subjects(SUBJECTS["customer"], [], **CNY).collect().rows() == [("a", micros(MIDNIGHT))]
    write(tmp_path / "customers.csv", "customer\na\n")
    with pytest.raises(RulesError) as error:
        Facts.open(tmp_path)
    assert "both `customers.parquet` and `customers.csv`" in error.value.diagnostics[0].message


def test_what_cannot_be_read_is_a_diagnostic_that_names_the_path(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = write(tmp_path / "broken.parquet", "not parquet at all")
    for attempt in (
        lambda: Facts.open(empty),
        lambda: Facts.open(tmp_path / "nowhere"),
        lambda: Facts.from_csv(orders=tmp_path / "nowhere.csv"),
        lambda: Facts.from_csv(orders=write(tmp_path / "o.csv", ORDERS, "gbk")),
        lambda: Facts.from_csv(orders=write(tmp_path / "nothing.csv", "")),
        lambda: Facts.from_parquet(orders=tmp_path / "nowhere.parquet"),
        lambda: Facts.from_parquet(orders=broken),
        lambda: Facts.from_parquet(rates=broken),
    ):
        with pytest.raises(RulesError) as error:
            attempt()
        assert error.value.diagnostics[0].code == "R430"


@pytest.mark.parametrize(
    ("text", "hint"),
    [(b"customer;city\na;b\n", r"separator=';'"), ("customer,city\na,北京\n".encode("gb18030"), "encoding=")],
)
def test_what_a_csv_file_is_written_in_is_hinted_at(tmp_path, text, hint):
    (tmp_path / "customers.csv").write_bytes(text)
    with pytest.raises(RulesError, match=rf"(?s)R430.*{hint}"):
        Facts.from_csv(customers=tmp_path / "customers.csv")
