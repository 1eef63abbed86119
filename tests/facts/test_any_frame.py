"""Whatever frames are given: facts whose counts reconcile, or an error that tells why; never anything else."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulecrm.diagnostics.model import RulesError
from rulecrm.facts import Facts
from rulecrm.model.schema import canonical

SCHEMA = canonical()
CNY = {"currency": "CNY", "zone": "Asia/Shanghai"}
SHAPES = {
    "orders": ["order", "customer", "placed_at", "paid_at", "refunded_at", "amount", "refund_amount", "quantity"],
    "items": ["order", "product", "customer", "at", "quantity", "amount", "cost"],
    "events": ["event", "kind", "customer", "product", "at", "rating", "amount", "category"],
    "customers": ["customer", "joined_at", "birthday", "tags", "cities", "points", "latitude", "blocked"],
    "products": ["product", "category", "price", "cost", "tags", "listed_at"],
    "rates": ["currency", "date", "rate", "to"],
    "purchase": ["customer", "at", "amount", "order"],
    "live_watch": ["customer", "at", "room"],
}
EXTRA = ["currency", "paid", "custmer", "note"]

NOON = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
COLUMNS = st.sampled_from(
    [
        (["1", "2", "1"], pl.String),
        (["a", None, "c"], pl.String),
        (["1.5", "-1", "x"], pl.String),
        (["CNY", "USD", None], pl.String),
        (["view", "cart", "view"], pl.Categorical),
        (["view", "nothing", None], pl.Enum(["view", "nothing"])),
        ([1, 2, 3], pl.Int64),
        ([1, 1, None], pl.UInt8),
        ([2**64 - 1, 0, 1], pl.UInt64),
        ([2**100, -(2**100), 0], pl.Int128),
        ([1.5, float("nan"), None], pl.Float64),
        ([1.5, float("inf"), None], pl.Float32),
        ([Decimal("1.25"), Decimal(-1), None], pl.Decimal(38, 2)),
        ([Decimal("1.25"), Decimal("0.000000001"), None], pl.Decimal(30, 10)),
        ([NOON, None, NOON], pl.Datetime("ms", "UTC")),
        ([NOON, NOON, NOON + dt.timedelta(days=99)], pl.Datetime("ns", "Europe/Berlin")),
        ([NOON.replace(tzinfo=None)] * 3, pl.Datetime("us")),
        ([dt.date(2025, 1, 1), None, dt.date(1, 1, 1)], pl.Date),
        ([dt.time(1), None, dt.time(2)], pl.Time),
        ([dt.timedelta(1), None, dt.timedelta(2)], pl.Duration("ms")),
        ([True, None, False], pl.Boolean),
        ([b"x", None, b""], pl.Binary),
        ([None, None, None], pl.Null),
        ([["a"], None, []], pl.List(pl.String)),
        ([[None], None, []], pl.List(pl.Null)),
        ([[1, 2], None, [3, 4]], pl.Array(pl.Int64, 2)),
        ([{"a": 1}, None, {"a": 2}], pl.Struct({"a": pl.Int64})),
        ([NOON, "x", 1], pl.Object),
    ]
)

FITTING = {
    "instant": [([NOON, None, NOON], pl.Datetime("ms", "UTC")), ([NOON] * 3, pl.Datetime("ns", "Asia/Shanghai"))],
    "money": [(["1.5", None, "2"], pl.String), ([Decimal("1.25"), Decimal(-1), None], pl.Decimal(38, 2))],
    "int": [([1, 2, None], pl.Int32), ([2**64 - 1, 0, 1], pl.UInt64), ([0, -1, 5], pl.Int64)],
    "date": [([dt.date(2025, 1, 1), None, dt.date(1, 1, 1)], pl.Date)],
    "number": [([1.5, float("nan"), None], pl.Float64), ([1, 2, 3], pl.Int8)],
    "bool": [([True, None, False], pl.Boolean)],
    "list": [([["a"], None, []], pl.List(pl.String)), ([[None], None, []], pl.List(pl.Null))],
    "text": [(["1", "2", "3"], pl.String), (["1", "2", "1"], pl.Categorical), ([None] * 3, pl.Null)],
    "key": [(["1", "2", "3"], pl.String), (["1", "2", "1"], pl.String), (["1", None, "4"], pl.String)],
    "kind": [(["view", "cart", "view"], pl.Categorical), (["view", "nothing", "open"], pl.String)],
    "currency": [(["CNY", "USD", "USD"], pl.String), (["USD", None, "EUR"], pl.String), (["XYZ"] * 3, pl.String)],
}
"""Columns that can be read, by type, some of their rows breaking a rule."""

TYPES = {
    **{column.name: column.type.name for kind in SCHEMA.kinds.values() for column in kind.columns.values()},
    **{column.name: column.type.name for subject in SCHEMA.subjects.values() for column in subject.columns.values()},
    **dict.fromkeys(["customer", "product", "order", "event"], "key"),
    "at": "instant",
    "kind": "kind",
    "currency": "currency",
    "room": "text",
}


@st.composite
def frames(draw):
    given_frames = {}
    for name in draw(st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=4, unique=True)):
        names = draw(st.lists(st.sampled_from([*SHAPES[name], *EXTRA]), max_size=8, unique=True))
        columns = {}
        for column in names:
            fits = draw(st.integers(0, 9)) and column in TYPES
            values, dtype = draw(st.sampled_from(FITTING[TYPES[column]]) if fits else COLUMNS)
            columns[column] = pl.Series(values, dtype=dtype)
        if draw(st.booleans()):
            columns.update({series.name: series for series in _plausible(name)})
        frame = pl.DataFrame(columns)
        frame = frame.head(draw(st.integers(0, 3)))
        given_frames[name] = frame.lazy() if draw(st.booleans()) else frame
    return given_frames


def _plausible(name):
    """Columns without which most frames would be refused at once."""
    if name == "rates":
        return [
            pl.Series("currency", ["USD", "USD", "EUR"]),
            pl.Series("date", [dt.date(2025, 1, 1), dt.date(2024, 1, 1), dt.date(2025, 1, 1)]),
            pl.Series("rate", ["7.1", "7", "8"]),
        ]
    plausible = [pl.Series("customer", ["a", "b", "c"]), pl.Series("product", ["p", "q", None])]
    plausible += [pl.Series(column, [NOON] * 3) for column in ("at", "paid_at")]
    return [series for series in plausible if series.name in SHAPES[name]]


def _told(error):
    assert error.diagnostics
    assert all(one.code.startswith("R4") and "`" in one.message for one in error.diagnostics)


@given(frames(), st.sampled_from(["raise", "quarantine"]), st.sampled_from([None, "Europe/Berlin"]), st.booleans())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_frames_give_facts_or_a_diagnostic(given_frames, on_error, zone, usd):
    heights = {name: frame.lazy().collect().height for name, frame in given_frames.items()}
    try:
        facts = Facts.from_frames(**given_frames, on_error=on_error, zone=zone, currency="USD" if usd else None)
    except RulesError as error:
        _told(error)
        return
    try:
        names = facts.kinds()
    except RulesError as error:
        _told(error)
        return
    for name in names & set(SCHEMA.kinds):
        kind = SCHEMA.kinds[name]
        columns = [column for column in kind.columns if not facts.check([(kind, [column])])]
        try:
            served = facts.rows(kind, columns, **CNY).collect()
        except RulesError as error:
            _told(error)
            continue
        assert served.schema["at"] == pl.Int64
        assert served["at"].null_count() == 0
    for subject in SCHEMA.subjects.values():
        columns = [column for column in subject.columns if not facts.check([], [(subject, [column])])]
        try:
            listed = facts.subjects(subject, columns, **CNY)
        except RulesError as error:
            _told(error)
            continue
        assert listed is None or listed.collect().height <= heights[subject.frame]
    for name, counts in facts.counts.items():
        assert counts.received == heights[name] == counts.kept + counts.quarantined
        assert (facts.quarantined[name].height if name in facts.quarantined else 0) == counts.quarantined
        assert on_error == "quarantine" or counts.quarantined == 0
