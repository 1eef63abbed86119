"""What the dtypes of columns tell, before any row is read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from attrs import evolve

from rulecrm.diagnostics.model import RulesError, Severity
from rulecrm.facts import Facts
from rulecrm.model.schema import Column, Kind, canonical
from rulecrm.model.types import DATE, INSTANT, INT, MONEY, TEXT, list_of, record_of

KINDS = canonical().kinds
SUBJECTS = canonical().subjects
CNY = {"currency": "CNY", "zone": "Asia/Shanghai"}
NOON = dt.datetime(2025, 11, 11, 12, tzinfo=dt.UTC)
NOON_US = 1_762_862_400_000_000


def orders(**columns):
    given = {"customer": ["a", "b"], "paid_at": [NOON, NOON], "amount": [Decimal("1.50"), Decimal(2)], **columns}
    return pl.DataFrame({name: values for name, values in given.items() if values is not None})


def codes(error):
    return [(found.code, found.data.get("column")) for found in error.value.diagnostics]


def test_an_instant_of_any_unit_and_zone_is_microseconds_utc():
    for unit in ("ms", "us", "ns"):
        for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
            at = pl.Series([NOON, NOON]).dt.convert_time_zone(zone).dt.cast_time_unit(unit)
            served = Facts.from_frames(orders=orders(paid_at=at)).rows(KINDS["purchase"], [], **CNY).collect()
            assert served["at"].to_list() == [NOON_US, NOON_US]
            assert served.schema["at"] == pl.Int64


def test_wall_clock_times_are_refused_with_the_fix():
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(paid_at=[dt.datetime(2025, 11, 11, 20)] * 2))
    assert codes(error) == [("R404", "paid_at")]
    assert '.dt.replace_time_zone("Asia/Shanghai")' in error.value.diagnostics[0].help


def test_wall_clock_times_and_dates_are_read_in_the_zone_given():
    wall = [dt.datetime(2025, 11, 11, 20), dt.datetime(2025, 11, 11, 20)]
    facts = Facts.from_frames(orders=orders(paid_at=wall), zone="Asia/Shanghai")
    assert facts.rows(KINDS["purchase"], [], **CNY).collect()["at"].to_list() == [NOON_US, NOON_US]
    facts = Facts.from_frames(orders=orders(paid_at=[dt.date(2025, 11, 12)] * 2), zone="Asia/Shanghai")
    assert facts.rows(KINDS["purchase"], [], **CNY).collect()["at"].to_list() == [NOON_US + 4 * 3_600_000_000] * 2


def test_a_gap_of_the_clock_is_read_with_the_offset_before_it_and_an_ambiguous_time_is_the_earlier():
    wall = [dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 10, 27, 2, 30)]
    facts = Facts.from_frames(orders=orders(paid_at=wall), zone="Europe/Berlin")
    served = facts.rows(KINDS["purchase"], [], **CNY).select(pl.col("at").cast(pl.Datetime("us", "UTC"))).collect()
    expected = [dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC), dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC)]
    assert served["at"].to_list() == expected


def test_floats_are_no_money():
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(amount=[1.5, 2.0]))
    assert codes(error) == [("R405", "amount")]
    assert "pl.Decimal(38, 2)" in error.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([Decimal("1.5"), Decimal("-0")], pl.Decimal(10, 1)),
        ([Decimal("1.5"), Decimal(0)], pl.Decimal(38, 4)),
        ([Decimal("1.5000"), Decimal(0)], pl.Decimal(38, 9)),
        (["1.5", "0.0000"], pl.String),
        ([" 1.50 ", "0"], pl.Categorical),
    ],
)
def test_money_is_read_exactly(values, dtype):
    facts = Facts.from_frames(orders=orders(amount=pl.Series(values, dtype=dtype)))
    served = facts.rows(KINDS["purchase"], ["amount"], **CNY).collect()
    assert served["amount"].to_list() == [15_000, 0]
    assert served.schema["amount"] == pl.Int64


def test_whole_units_are_money():
    facts = Facts.from_frames(orders=orders(amount=pl.Series([7, None], dtype=pl.Int16)))
    assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect()["amount"].to_list() == [70_000, None]


def test_a_null_column_is_missing_in_every_row_and_says_never():
    facts = Facts.from_frames(orders=orders(amount=[None, None], cancelled_at=[None, None]))
    assert facts.rows(KINDS["purchase"], ["amount"], **CNY).collect()["amount"].to_list() == [None, None]
    assert facts.rows(KINDS["cancellation"], [], **CNY).collect().height == 0
    assert "cancellation" in facts.kinds()


def test_encoded_text_stays_encoded_and_keys_stay_as_given():
    city = pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"]))
    frame = orders(city=city, customer=pl.Series([1, 2], dtype=pl.UInt16), order=[5, 6])
    facts = Facts.from_frames(orders=frame)
    served = facts.rows(KINDS["purchase"], ["city"], **CNY).collect()
    assert served.schema["city"] == city.dtype
    assert served.schema["customer"] == pl.UInt16
    assert served.schema["order"] == pl.Int64
    assert facts.rows(KINDS["purchase"], ["order"], **CNY).collect()["order"].to_list() == ["5", "6"]


@pytest.mark.parametrize(
    ("column", "values", "fix"),
    [
        ("quantity", ["1", "2"], "pl.Int64"),
        ("coupon", [1, 2], "pl.String"),
        ("customer", [1.0, 2.0], "pl.String"),
        ("paid_at", ["2025-01-01", "2025-01-02"], "to_datetime"),
        ("discount", [True, False], "Decimal"),
    ],
)
def test_a_dtype_that_cannot_be_read_names_column_and_cast(column, values, fix):
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(**{column: values}))
    assert codes(error) == [("R403", column)]
    assert fix in error.value.diagnostics[0].help


def test_required_columns_are_asked_for_with_the_nearest_name():
    frame = orders().rename({"customer": "custmer"})
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=frame)
    first = error.value.diagnostics[0]
    assert (first.code, first.data["column"], first.data["nearest"]) == ("R401", "customer", "custmer")
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(paid_at=None))
    assert "none of the columns `placed_at`" in error.value.diagnostics[0].message


def test_every_mistake_of_every_frame_is_told_at_once():
    customers = pl.DataFrame({"customer": ["a"], "birthday": ["1990-01-01"]})
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(amount=[1.5, 2.0], quantity=["x", "y"]), customers=customers)
    assert sorted(codes(error)) == [("R403", "birthday"), ("R403", "quantity"), ("R405", "amount")]


def test_what_looks_misspelled_is_a_warning_and_what_does_not_is_ignored():
    facts = Facts.from_frames(orders=orders(quantitiy=[1, 2], internal_note=["", ""], paid=[True, True]))
    found = {(one.code, one.data["column"]) for one in facts.warnings}
    assert found == {("R420", "quantitiy"), ("R423", "paid")}
    assert all(one.severity is Severity.WARNING for one in facts.warnings)


@pytest.mark.parametrize("name", ["order", "customer"])
def test_keys_that_are_floats_are_to_become_integers_and_no_texts_with_a_point(name):
    row = {"order": "1", "customer": "a", "paid_at": NOON, name: 1.0}
    with pytest.raises(RulesError, match=rf'(?s)R403.*pl.col\("{name}"\).cast\(pl.Int64\)'):
        Facts.from_frames(orders=pl.DataFrame([row]))


def test_keys_of_frames_must_be_able_to_meet():
    customers = pl.DataFrame({"customer": [1, 2]})
    with pytest.raises(RulesError) as error:
        Facts.from_frames(orders=orders(), customers=customers)
    assert codes(error) == [("R406", "customer")]
    encoded = pl.DataFrame({"customer": pl.Series(["a"], dtype=pl.Categorical)})
    assert Facts.from_frames(orders=orders(), customers=encoded).warnings == ()


def test_columns_that_rules_ask_for_and_no_frame_has_are_refused_by_check_and_by_rows():
    facts = Facts.from_frames(orders=orders(discont=["1", "2"]))
    found = facts.check([(KINDS["purchase"], ["amount", "discount"]), (KINDS["cancellation"], [])])
    assert [(one.code, one.data["column"]) for one in found] == [("R402", "discount"), ("R402", "cancelled_at")]
    assert found[0].data["nearest"] == "discont"
    with pytest.raises(RulesError) as error:
        facts.rows(KINDS["purchase"], ["discount"], **CNY)
    assert codes(error) == [("R402", "discount")]
    with pytest.raises(RulesError):
        facts.rows(KINDS["cancellation"], [], **CNY)


def test_a_yes_no_stage_is_read_from_its_instant():
    facts = Facts.from_frames(orders=orders(cancelled_at=[None, NOON], refund_amount=["1", None]))
    served = facts.rows(KINDS["purchase"], ["cancelled"], **CNY).collect()
    assert served["cancelled_at"].to_list() == [None, NOON_US]
    assert [one.data["column"] for one in facts.check([(KINDS["purchase"], ["refunded"])])] == ["refunded_at"]
    assert [one.data["column"] for one in facts.check([(KINDS["purchase"], ["refund_amount"])])] == ["refunded_at"]


def test_a_kind_without_a_frame_is_a_warning_and_an_attribute_without_one_an_error():
    facts = Facts.from_frames(orders=orders())
    found = facts.check([(KINDS["view"], ["page"])], [(SUBJECTS["customer"], ["city"])])
    assert [(one.code, one.severity) for one in found] == [("R425", Severity.WARNING), ("R402", Severity.ERROR)]
    assert facts.check([], [(SUBJECTS["customer"], [])]) == ()
    assert facts.subjects(SUBJECTS["customer"], [], **CNY) is None
    assert facts.kinds() == {"purchase"}


def test_attributes_are_served_with_the_instant_from_which_on_the_subject_exists():
    customers = pl.DataFrame(
        {"customer": ["a"], "joined_at": [NOON], "birthday": [dt.date(1970, 1, 11)], "tags": [["x"]], "points": [3]}
    )
    facts = Facts.from_frames(customers=customers)
    served = facts.subjects(SUBJECTS["customer"], ["birthday", "tags"], **CNY).collect()
    assert served.to_dicts() == [{"customer": "a", "birthday": 10, "tags": ["x"], "joined_at": NOON_US}]
    with pytest.raises(RulesError) as error:
        facts.subjects(SUBJECTS["customer"], ["city"], **CNY)
    assert codes(error) == [("R402", "city")]


def test_a_kind_declared_later_is_read_from_its_own_frame_or_from_the_events():
    columns = {"room": Column("room", TEXT), "minutes": Column("minutes", INT)}
    kind = Kind("live_watch", "live_watch", "at", columns)
    own = pl.DataFrame({"customer": ["a"], "at": [NOON], "room": ["r"], "minutes": [5]})
    served = Facts.from_frames(live_watch=own).rows(kind, ["room", "minutes"], **CNY).collect()
    assert served.to_dicts() == [{"at": NOON_US, "customer": "a", "person": "a", "room": "r", "minutes": 5}]
    shared = own.with_columns(kind=pl.lit("live_watch"))
    facts = Facts.from_frames(events=shared)
    assert facts.kinds() == {"live_watch"}
    assert [one.code for one in facts.warnings] == ["R421"]
    assert facts.rows(kind, ["minutes"], **CNY).collect()["minutes"].to_list() == [5]


def test_a_declared_kind_is_checked_when_it_is_asked_for():
    kind = Kind("live_watch", "live_watch", "at", {"minutes": Column("minutes", INT)})
    frame = pl.DataFrame({"customer": ["a", None], "at": [NOON, NOON], "minutes": ["5", "x"]})
    facts = Facts.from_frames(live_watch=frame)
    with pytest.raises(RulesError) as error:
        facts.rows(kind, ["minutes"], **CNY)
    assert codes(error) == [("R403", "minutes")]
    facts = Facts.from_frames(live_watch=frame.with_columns(minutes=pl.lit(1)))
    with pytest.raises(RulesError) as error:
        facts.rows(kind, ["minutes"], **CNY)
    assert codes(error) == [("R410", "customer")]


HOMES = Column("homes", list_of(record_of((("city", TEXT), ("since", DATE), ("told", INSTANT), ("rent", MONEY)))))


def homes(**fields):
    home = {"city": "Suzhou", "since": dt.date(2025, 1, 2), "told": NOON, "rent": Decimal("1.5"), **fields}
    return pl.DataFrame({"customer": ["a", "b", "c", "d"], "homes": [[home, None], [], None, [home]]})


def with_homes():
    return evolve(SUBJECTS["customer"], columns={**SUBJECTS["customer"].columns, "homes": HOMES})


def test_a_list_of_records_is_physical_inside():
    served = Facts.from_frames(customers=homes()).subjects(with_homes(), ["homes"], **CNY).collect()
    home = {"city": "Suzhou", "since": 20_090, "told": NOON_US, "rent": 15_000}
    assert served["homes"].to_list() == [[home, None], [], None, [home]]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"city": 5}, "R403"),
        ({"since": "2025-01-02"}, "R403"),
        ({"rent": 1.5}, "R405"),
        ({"told": NOON.replace(tzinfo=None)}, "R404"),
    ],
)
def test_a_record_of_a_list_with_a_field_of_another_type_is_refused(fields, code):
    with pytest.raises(RulesError) as error:
        Facts.from_frames(customers=homes(**fields)).subjects(with_homes(), ["homes"], **CNY)
    assert codes(error) == [(code, "homes")]


def test_a_list_of_records_without_a_field_or_of_something_else_is_refused():
    short = homes().with_columns(pl.col("homes").list.eval(pl.struct(pl.element().struct.field("city", "since"))))
    for frame in (short, homes().with_columns(homes=pl.lit("Suzhou")), homes().with_columns(homes=["Suzhou"])):
        with pytest.raises(RulesError) as error:
            Facts.from_frames(customers=frame).subjects(with_homes(), ["homes"], **CNY)
        assert codes(error) == [("R403", "homes")]


def test_what_is_no_frame_or_no_option_is_refused_at_once():
    with pytest.raises(TypeError, match="`orders` must be a Polars"):
        Facts.from_frames(orders=[1, 2])
    with pytest.raises(ValueError, match="ISO 4217"):
        Facts.from_frames(orders=orders(), currency="RMB")
    with pytest.raises(ValueError, match="IANA"):
        Facts.from_frames(orders=orders(), zone="Shanghai/China")
    with pytest.raises(ValueError, match="on_error"):
        Facts.from_frames(orders=orders(), on_error="ignore")


def test_a_frame_under_a_name_that_is_none_is_told():
    facts = Facts.from_frames(order_lines=orders(), item=None)
    assert [one.code for one in facts.warnings] == ["R407"]


def test_repr_shows_counts_and_no_data():
    assert repr(Facts.from_frames(orders=orders(), events=None)) == "<Facts orders: 2 rows>"
    assert repr(Facts.from_frames()) == "<Facts, empty>"
