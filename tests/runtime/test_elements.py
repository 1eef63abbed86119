"""Lists of records: the engine agrees with the oracle, whoever is asked about and however."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm.facts import Facts
from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import Oracle
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.strategies import fewer

RULES = """
timezone "Asia/Shanghai"
currency CNY
attribute town: text
attribute limit: int
attribute homes: list of record {
  city: text, main: bool, floor: int, since: date, told: instant, fee: money, tags: list of text,
  place: record { lat: number }, rooms: list of record { size: int }
}

metric here = town
metric homes_told = count(homes)
metric in_berlin = count(homes where city == "Berlin")
metric high = count(homes where floor * 2 + 1 > (limit ?? 3) and floor != 9)
metric before = (count(homes where age(told) < 20d)) as of 10d ago
segment any_berlin = exists(homes where city == "Berlin")
segment no_berlin = none(homes where city == "Berlin")
segment not_berlin = exists(homes where not city == "Berlin")
segment other_city = exists(homes where city != "Berlin")
segment main_one = exists(homes where main)
segment main_in_berlin = exists(homes where main and city == "Berlin")
segment own_town = exists(homes where city == here or homes.city == town ignoring case)
segment lately = exists(homes where told in last 30d)
segment settled = exists(homes where age(since) > 1y or since is missing)
segment dear = exists(homes where fee > 1 USD and fee - 1 CNY < 9 CNY)
segment bright = exists(homes where tags contains any ["sun", "view"] and place.lat > 1.5)
segment roomy = exists(homes where count(rooms where size > 3) >= 1 and main is not missing)
segment listed = exists(homes where city in ["Berlin", "Bonn"] and city matches "^B" and length(city) < 5)
segment busy = exists(homes where homes_told >= 2 and exists(homes where floor > 1) and floor < 5)
segment untold = homes is missing
"""

UTC = dt.UTC
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31))
CITY = st.sampled_from([None, "Berlin", "Bonn", "berlin", ""])
RATES = [
    {"currency": "USD", "date": dt.date(2020, 1, 1), "rate": Decimal(7)},
    {"currency": "USD", "date": dt.date(2025, 6, 10), "rate": Decimal("7.5")},
]
NOW = [dt.datetime(2025, 6, 1, 4, tzinfo=UTC), dt.datetime(2025, 6, 20, 4, tzinfo=UTC)]

HOME = pl.Struct({
    "city": pl.String, "main": pl.Boolean, "floor": pl.Int16, "since": pl.Date, "told": pl.Datetime("ms", "UTC"),
    "fee": pl.Decimal(10, 2), "tags": pl.List(pl.String), "place": pl.Struct({"lat": pl.Float32}),
    "rooms": pl.List(pl.Struct({"size": pl.Int64})),
})  # fmt: skip
SCHEMA = {"customer": pl.String, "town": pl.String, "limit": pl.Int64, "homes": pl.List(HOME)}


def maybe(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.none() | values


HOMES = st.fixed_dictionaries({
    "city": CITY,
    "main": maybe(st.booleans()),
    "floor": maybe(st.integers(0, 9)),
    "since": maybe(DAYS),
    "told": maybe(st.datetimes(dt.datetime(2025, 4, 1), dt.datetime(2025, 7, 1)).map(
        lambda one: one.replace(microsecond=0, tzinfo=UTC)
    )),
    "fee": maybe(st.sampled_from([Decimal(1), Decimal("7.20"), Decimal("7.50"), Decimal(20)])),
    "tags": maybe(st.lists(st.sampled_from(["sun", "dark"]), max_size=2).map(tuple)),
    "place": maybe(st.fixed_dictionaries({"lat": maybe(st.sampled_from([1.0, 2.0]))})),
    "rooms": maybe(st.lists(maybe(st.fixed_dictionaries({"size": maybe(st.integers(1, 5))})), max_size=2).map(tuple)),
})  # fmt: skip
CUSTOMERS = st.lists(
    st.fixed_dictionaries({
        "town": CITY, "limit": maybe(st.integers(0, 9)), "homes": maybe(st.lists(maybe(HOMES), max_size=3).map(tuple)),
    }),
    max_size=5,
)  # fmt: skip


@given(CUSTOMERS)
@fewer(4)
def test_the_engine_equals_the_oracle(drawn: list[dict[str, Value]]) -> None:
    customers = [{"customer": f"c{number}", **one} for number, one in enumerate(drawn)]
    rules = rulecrm.loads(RULES)
    oracle = Oracle(parse(RULES).rules, World(customers=customers, rates=RATES))
    names = oracle.names("customer")
    facts = facts_of(customers)
    expected = {
        (str(one["customer"]), now): {
            name: oracle.answer(name, "customer", str(one["customer"]), now) for name in names
        }
        for one in customers
        for now in NOW
    }
    for now in NOW:
        for shards in (1, 2):
            found = rules.evaluate(facts, as_of=now, shards=shards).table().to_dicts()
            assert {row["customer"]: {name: row[name] for name in names} for row in found} == {
                key: answers for (key, then), answers in expected.items() if then == now
            }
    points = pl.DataFrame(list(expected), schema={"customer": pl.String, "at": pl.Datetime("us", "UTC")}, orient="row")
    assert rules.evaluate_at(facts, points).select(names).to_dicts() == list(expected.values())


def facts_of(customers: list[dict[str, Value]]) -> Facts:
    frame = pl.DataFrame(customers, schema=SCHEMA)
    return Facts.from_frames(customers=frame, rates=pl.DataFrame(RATES), schema=rulecrm.loads(RULES).program.schema)


TRIPS = """
timezone "Asia/Shanghai"
attribute town: text
kind trip { stops: list of record { city: text, nights: int, left: date } }
collection long_trip = trip where exists(stops where nights > 2)
segment stayed = exists(trip where exists(stops where city == "Rome" and nights > 2))
segment at_home = exists(trip where count(stops where city == town) >= 1 last 60d)
segment long = count(long_trip) >= 1
segment twice = sequence(trip then long_trip)
segment left_lately = exists(trip where exists(stops where age(left) < 10d and left < date_of(trip.at)))
metric most = max(trip.at where none(stops))
"""


@pytest.mark.parametrize("kernel", ["one instant", "many instants"])
def test_lists_of_records_in_rows_are_asked_row_by_row(kernel: str) -> None:
    rules = rulecrm.loads(TRIPS)
    as_of = dt.datetime(2025, 6, 18, 4, tzinfo=UTC)

    def stop(city: str | None, nights: int | None, left: dt.date | None) -> dict[str, Value]:
        return {"city": city, "nights": nights, "left": left}

    trips = [
        ("a", dt.datetime(2025, 6, 15, tzinfo=UTC), [stop("Rome", 3, dt.date(2025, 6, 10)), stop("Bonn", 1, None)]),
        ("a", dt.datetime(2025, 5, 1, tzinfo=UTC), None),
        ("b", dt.datetime(2025, 6, 2, tzinfo=UTC), [stop("Rome", 2, dt.date(2025, 6, 1)), stop("Bonn", 3, None)]),
        ("b", dt.datetime(2025, 1, 2, tzinfo=UTC), [stop("Rome", 1, None)]),
        ("c", dt.datetime(2025, 7, 2, tzinfo=UTC), [stop("Rome", 9, dt.date(2025, 6, 12))]),
    ]
    stops = pl.List(pl.Struct({"city": pl.String, "nights": pl.Int64, "left": pl.Date}))
    facts = Facts.from_frames(
        customers=pl.DataFrame({"customer": ["a", "b", "c"], "town": ["Bonn", "Rome", "Rome"]}),
        trip=pl.DataFrame(
            trips, schema={"customer": pl.String, "at": pl.Datetime("us", "UTC"), "stops": stops}, orient="row"
        ),
        schema=rules.program.schema,
    )
    if kernel == "one instant":
        table = rules.evaluate(facts, as_of=as_of).table()
    else:
        table = rules.evaluate_at(facts, pl.DataFrame({"customer": ["a", "b", "c"], "at": [as_of] * 3}))
    found = {row["customer"]: row for row in table.to_dicts()}
    members = {name: [key for key in "abc" if found[key][name]] for name in ("stayed", "at_home", "long", "twice")}
    assert members == {"stayed": ["a"], "at_home": ["a", "b"], "long": ["a", "b"], "twice": ["a", "b"]}
    assert [key for key in "abc" if found[key]["left_lately"]] == ["a"]  # b left 17 days ago
    assert [found[key]["most"] for key in "abc"] == [dt.datetime(2025, 5, 1, tzinfo=UTC), None, None]
