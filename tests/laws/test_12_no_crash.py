"""Law 12: any text, and any frame, yields a result or diagnostics with codes and places; never a traceback."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

import rulecrm
from tests.strategies.clocks import ZONES, focuses, instants_of_evaluation
from tests.strategies.frames import SCHEMAS
from tests.strategies.rules import rules_texts

CODE = re.compile(r"R\d{3}")
WORDS = [
    "\nimport",
    "timezone",
    "currency",
    "kind",
    "attribute",
    "param",
    "collection",
    "metric",
    "segment",
    "classify",
    "lifecycle",
    "template",
    "campaign",
    "policy",
    "kpi\ntest",
    "of",
    "where",
    "when",
    "otherwise",
    "by",
    "as",
    "last",
    "since",
    "before",
    "between",
    "within",
    "after",
    "on",
    "today",
    "yesterday",
    "this",
    "next",
    "month",
    "week",
    "from",
    "to\nago",
    "among",
    "population",
    "sequence",
    "then",
    "no",
    "times",
    "in",
    "is",
    "not",
    "missing",
    "contains",
    "any",
    "all",
    "none",
    "starts",
    "ends",
    "with",
    "matches",
    "ignoring",
    "case\nand",
    "or",
    "start",
    "state",
    "entering",
    "any",
    "for",
    "file",
    "locale",
    "send",
    "wait",
    "until",
    "if",
    "else",
    "split",
    "repeat",
    "up",
    "every",
    "measure",
    "tag",
    "notify",
    "staff",
    "exit\nenter",
    "reenter",
    "never",
    "always",
    "goal",
    "control",
    "priority",
    "budget",
    "quiet",
    "at",
    "most",
    "per",
    "holdout",
    "require",
    "expect",
    "customer",
    "purchase",
    "order\nitem",
    "view",
    "spent",
    "count",
    "sum",
    "mean",
    "first",
    "nth",
    "share",
    "exists",
    "percentile",
    "age",
    "amount",
    "category",
    "product",
    "true",
    "false",
    "now\n30d",
    "1mo",
    "2h",
    "5",
    "2.5",
    "80%",
    "299",
    '"CNY"',
    "CNY",
    "5CNY",
    "2025-11-11",
    "2025-11-11T10:00",
    "10:00",
    '"dress"',
    '""',
    '"""',
    "x",
    "y",
    "新客\n==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "??",
    "..",
    ",",
    ":",
    ".",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "->",
    "=",
    "#",
    "\\",
    "'",
    "!",
    "~",
    ";",
    "@",
    "\n\n",
]
TOKENS = [word for line in WORDS for word in line.split("\n")] + ["\n", " ", "\t", "\u3000", "\x00", "🎁"]


def _judge(text: str) -> None:
    """Loads, or is refused with codes, and with places inside the text."""
    try:
        rules = rulecrm.loads(text)
    except rulecrm.RulesError as error:
        assert any(one.severity is rulecrm.Severity.ERROR for one in error.diagnostics)
        for one in error.diagnostics:
            assert CODE.fullmatch(one.code)
            assert one.message
            assert one.span is not None
            if one.span.source == "<text>":
                assert 0 <= one.span.start <= one.span.end <= len(text)
        assert str(error)
    else:
        assert all(CODE.fullmatch(one.code) for one in rules.warnings)


@given(st.text(max_size=200))
@example("")
@example("\ufeffmetric a = 1")
@example("metric a = " + "(" * 400 + "1" + ")" * 400)
@example("segment s = " + "not " * 2_000 + "true")
@example("metric a = " + " + ".join(["1"] * 3_000))
@example("metric a = 99999999999999999999999999")
@example("metric a = 9999999999999999999.99999 CNY")
@example("metric a = 99999999999999y ago")
@example("metric a = now + 9000y")
@example('segment s = city matches "("')
@example("metric a = 2025-02-30")
@example('timezone "Mars/Olympus"')
@example('import "../../../../etc/passwd"')
@example('import "<text>"')
@example("metric a = a")
@example("collection a = b\ncollection b = a\nmetric n = count(a)")
def test_any_text(text: str) -> None:
    _judge(text)


@given(st.lists(st.sampled_from(TOKENS), max_size=60).map(" ".join))
def test_any_words(text: str) -> None:
    _judge(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A file that reads like the language, with a few places cut, doubled or replaced."""
    zone = draw(st.sampled_from(ZONES))
    text = "\n".join(draw(rules_texts(zone, draw(instants_of_evaluation(zone)), draw(focuses()), most=4)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from([*TOKENS, text[start:end] * 2])) + text[end:]
    return text


@given(damaged())
def test_damaged_files(text: str) -> None:
    _judge(text)


# --- frames -----------------------------------------------------------------------------------------------------

_DAY = dt.datetime(2025, 6, 1)
VALUES: list[tuple[object, list[object]]] = [
    (pl.String, ["c", "", "2025-01-01", "1.5"]),
    (pl.Int64, [0, -1, 2**62]),
    (pl.Int8, [1]),
    (pl.UInt64, [0, 2**64 - 1]),
    (pl.Float64, [0.0, 1.5, float("nan"), float("inf"), -1e300]),
    (pl.Float32, [0.25]),
    (pl.Boolean, [True, False]),
    (pl.Decimal(38, 2), [Decimal("1.25"), Decimal(-1), Decimal("9" * 30)]),
    (pl.Decimal(38, 6), [Decimal("0.000001")]),
    (pl.Date, [_DAY.date()]),
    (pl.Time, [dt.time(10)]),
    (pl.Datetime("us"), [_DAY]),
    (pl.Datetime("ns", "UTC"), [_DAY.replace(tzinfo=dt.UTC)]),
    (pl.Datetime("ms", "Asia/Shanghai"), [_DAY.replace(tzinfo=dt.UTC)]),
    (pl.Duration("us"), [dt.timedelta(days=1)]),
    (pl.Categorical, ["c", "view"]),
    (pl.Enum(["view", "c"]), ["c", "view"]),
    (pl.List(pl.String), [["a"], []]),
    (pl.List(pl.Int64), [[1]]),
    (pl.Struct({"a": pl.Int64}), [{"a": 1}]),
    (pl.Binary, [b"c"]),
    (pl.Null, [None]),
]
RULES = rulecrm.loads("""
timezone "UTC"
currency CNY
metric n = count(purchase)
metric spent = sum(purchase.amount last 30d) ?? 0 CNY
metric seen = last(view).at
metric first_category = first(item.category)
metric home = city
metric products_sold of product = count(item)
segment bought = exists(order where paid) and not sequence(view then no purchase within 1d)
""")


NOON = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)
ROWS: dict[str, list[dict[str, object]]] = {
    "customers": [{"customer": "c", "joined_at": NOON, "city": "Paris"}, {"customer": "d"}],
    "products": [{"product": "p", "price": Decimal(1)}],
    "orders": [
        {"order": "1", "customer": "c", "placed_at": NOON, "paid_at": NOON, "amount": Decimal("9.99")},
        {"order": "2", "customer": "d", "placed_at": NOON, "currency": "USD", "amount": Decimal(5)},
        {"order": "3", "customer": "c", "paid_at": NOON, "currency": "CNY"},
    ],
    "items": [{"customer": "c", "product": "p", "order": "1", "paid_at": NOON, "category": "dress"}],
    "events": [{"event": "1", "kind": "view", "at": NOON, "customer": "c"}],
    "live_watch": [{"at": NOON, "customer": "c", "minutes": 3}],
    "rates": [{"currency": "USD", "date": NOON.date(), "rate": Decimal("7.1")}],
}


@st.composite
def frames(draw: st.DrawFn, name: str) -> pl.DataFrame:
    """A right frame with a few columns dropped, renamed, emptied, doubled or filled with something else."""
    frame = pl.DataFrame(ROWS[name][: draw(st.integers(0, 3))], schema=SCHEMAS[name])  # type: ignore[arg-type]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        column = draw(st.sampled_from(frame.columns)) if frame.columns else "customer"
        match draw(st.sampled_from(["drop", "rename", "empty", "other", "other", "twice"])):
            case "drop":
                frame = frame.drop(column, strict=False)
            case "rename":
                other = draw(st.sampled_from(["amuont", "x", f"{column}s"]))
                frame = frame.drop(other, strict=False).rename({column: other}, strict=False)
            case "empty":
                frame = frame.with_columns(pl.lit(None).alias(column))
            case "twice":
                frame = pl.concat([frame, frame])
            case _:
                dtype, values = draw(st.sampled_from(VALUES))
                drawn = draw(st.lists(st.sampled_from([None, *values]), min_size=frame.height, max_size=frame.height))
                frame = frame.with_columns(pl.Series(column, drawn, dtype=dtype))  # type: ignore[arg-type]
    return frame


@given(
    st.fixed_dictionaries({name: frames(name) for name in SCHEMAS}),
    st.sampled_from(["raise", "quarantine"]),
    st.sampled_from([None, "Asia/Shanghai"]),
)
def test_any_frames(given: dict[str, pl.DataFrame], on_error: str, zone: str | None) -> None:
    given = {name: frame for name, frame in given.items() if frame.columns}
    try:
        facts = rulecrm.Facts.from_frames(on_error=on_error, zone=zone, currency="CNY", **given)  # type: ignore[arg-type]
        result = RULES.evaluate(facts, as_of="2025-11-12")
        tables = result.table(), result.table("product")
    except rulecrm.RulesError as error:
        assert any(one.severity is rulecrm.Severity.ERROR for one in error.diagnostics)
        assert all(CODE.fullmatch(one.code) and one.message for one in error.diagnostics)
        assert str(error)
    else:
        assert tables[0]["bought"].null_count() == 0
        assert (tables[0].columns[0], tables[1].columns[0]) == ("customer", "product")
