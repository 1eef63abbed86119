"""What cells mean: amounts, counts, instants, names."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.sheets import Cell, Digits, chosen, count, either, identifier, instant, money, text

SIGNS = ("¥", "元", "CNY", "US $", "$")


def made(cell: Cell, *values: str | None, **more: list[str | None]) -> tuple[list[object], list[str | None]]:
    frame = pl.DataFrame({"c": list(values), **more}, schema_overrides={"c": pl.String})
    column = cell.make(frame)
    reasons: list[str | None] = [None] * len(values)
    for wrong, reason in reversed(column.wrong):
        for place, bad in enumerate(wrong):
            reasons[place] = reason if bad else reasons[place]
    return column.value.to_list(), reasons


AMOUNTS = st.decimals(min_value=0, max_value=10**13, places=4).map(lambda amount: amount.quantize(Decimal("0.0001")))


def grouped(whole: str, mark: str) -> str:
    """Thousands apart, by hand."""
    parts = []
    while len(whole) > 3:
        whole, part = whole[:-3], whole[-3:]
        parts.insert(0, part)
    return mark.join([whole, *parts])


@settings(deadline=None)
@given(
    amount=AMOUNTS,
    style=st.sampled_from(
        [(Digits.POINT, ",", "."), (Digits.COMMA, ".", ","), (Digits.SPACE, " ", ","), (Digits.SPACE, "\u00a0", ".")]
    ),
    apart=st.booleans(),
    minus=st.sampled_from(["", "-", "(", "after"]),
    sign=st.sampled_from(["", "¥%", "%元", "US $%", "CNY %", "$ %"]),
    around=st.sampled_from(["%", " % ", "'%", '="%"', "\t%"]),
)
def test_an_amount_reads_as_it_was_written(amount, style, apart, minus, sign, around):
    digits, thousands, point = style
    whole, _, part = str(amount).partition(".")
    body = (grouped(whole, thousands) if apart else whole) + (point + part if part.strip("0") else "")
    if sign:
        body = sign.replace("%", body)
    body = {"": body, "-": f"-{body}", "(": f"({body})", "after": sign.replace("%", "-" + body) if False else body}[
        minus
    ]
    values, reasons = made(money("c", signs=SIGNS, digits=digits), around.replace("%", body))
    assert reasons == [None], (body, reasons)
    assert values == [-amount if minus in ("-", "(") else amount], body


@pytest.mark.parametrize(
    ("written", "digits", "reason"),
    [
        ("1.234,56", Digits.POINT, "is no amount"),
        ("1,23", Digits.POINT, "is no amount"),
        ("12,34,567", Digits.POINT, "is no amount"),
        ("１２", Digits.POINT, "is no amount"),
        ("1,234.56", Digits.COMMA, "is no amount"),
        ("12.50", Digits.COMMA, "is no amount"),
        ("1.23456", Digits.POINT, "more than four decimals"),
        ("999999999999999999", Digits.POINT, "too large"),
        ("€5", Digits.POINT, "is no amount"),
        ("1e5", Digits.POINT, "is no amount"),
        ("--5", Digits.POINT, "is no amount"),
        ("five", Digits.POINT, "is no amount"),
        ("2024-03-05 10:00:00", Digits.POINT, "is no amount"),
        (".", Digits.POINT, "is no amount"),
        ("1.234", Digits.UNSAID, "two ways"),
        ("1,234", Digits.UNSAID, "two ways"),
    ],
)
def test_an_amount_that_is_none_is_refused(written, digits, reason):
    values, reasons = made(money("c", signs=SIGNS, digits=digits), written, "5")
    assert values[1] == 5
    assert reasons[1] is None
    assert reasons[0] is not None
    assert reason in reasons[0]
    assert len(written) < 5 or written not in reasons[0].partition(" such as ")[0]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.2500000", "1.25"),
        ("0.00元", "0"),
        (".5", "0.5"),
        ("7.", "7"),
        ("-0.5", "-0.5"),
        ("1,234", "1234"),
        ("US $1.5", "1.5"),
        ("-$3", "-3"),
        ("$-3", "-3"),
    ],
)
def test_amounts_by_hand(written, amount):
    assert made(money("c", signs=SIGNS), written) == ([Decimal(amount)], [None])


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1234", 1234),
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1,234,567", 1234567),
        ("0.123", "0.123"),
    ],
)
def test_amounts_of_which_nobody_knows_the_style(written, amount):
    assert made(money("c", digits=Digits.UNSAID), written) == ([Decimal(amount)], [None])


@pytest.mark.parametrize("nothing", ["", " ", "null", '"null"', "\t", '=""', "'", None])
def test_nothing_is_missing_and_not_wrong(nothing):
    for cell in (money("c"), count("c"), identifier("c"), instant("c", ("%Y-%m-%d",), "UTC")):
        assert made(cell, nothing) == ([None], [None])
    assert made(identifier("c", needed=True), nothing) == ([None], ["`c` is empty"])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('="00123"', "00123"),
        ("'00123", "00123"),
        (" 1234567890123456789 ", "1234567890123456789"),
        ("\t0042", "0042"),
        ('="12', '="12'),
        ("202605140001.0", "202605140001"),
        ("10.0", "10.0"),
        ("1E5", "1E5"),
    ],
)
def test_identifiers_keep_their_digits(written, name):
    assert made(identifier("c"), written) == ([name], [None])


@pytest.mark.parametrize("written", ["1.23457E+17", "1E+17", "1,5e10", "1234567890123456768.0"])
def test_a_number_that_a_spreadsheet_has_rounded_is_refused(written):
    assert made(identifier("c"), written)[1] == ["`c` has been rounded by a spreadsheet"]


def test_words_stay_as_they_are():
    assert made(text("c"), "'90s jacket", '="=x"', "  a b ") == (["'90s jacket", "=x", "a b"], [None] * 3)


@pytest.mark.parametrize(("written", "number"), [("3", 3), ("2.0", 2), ("1,000", 1000), ("'4", 4), ("0", 0)])
def test_counts(written, number):
    assert made(count("c"), written) == ([number], [None])


@pytest.mark.parametrize("written", ["2.5", "-1", "two", "1,00"])
def test_counts_that_are_none(written):
    assert made(count("c"), written)[1] == ["`c` is no whole number"]


ZONES = ("Asia/Shanghai", "America/Los_Angeles", "Asia/Bangkok", "Australia/Lord_Howe", "UTC")


@settings(deadline=None)
@given(
    wall=st.datetimes(dt.datetime(1991, 1, 1), dt.datetime(2037, 12, 31)).map(lambda one: one.replace(microsecond=0)),
    zone=st.sampled_from(ZONES),
    form=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S"]),
)
def test_a_wall_clock_is_read_in_its_zone(wall, zone, form):
    forms = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S")
    values, reasons = made(instant("c", forms, zone), wall.strftime(form), "2020-01-01 00:00:00")
    assert reasons == [None, None]
    # Python's own: of a time that is skipped the offset before, of one that is repeated the earlier.
    assert values[0] == wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC)


def test_changes_of_the_clock_by_hand():
    values, _ = made(instant("c", ("%Y-%m-%d %H:%M",), "America/Los_Angeles"), "2026-03-08 02:30", "2026-11-01 01:30")
    assert values == [dt.datetime(2026, 3, 8, 10, 30, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, 8, 30, tzinfo=dt.UTC)]


def test_offsets_and_days():
    offset = instant("c", ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z"))
    at = dt.datetime(2026, 5, 14, 10, 23, 45, tzinfo=dt.UTC)
    assert made(offset, "2026-05-14 11:23:45 +0100", "2026-05-14T10:23:45+00:00", "2026-05-14T10:23:45Z") == (
        [at] * 3,
        [None] * 3,
    )
    values, reasons = made(instant("c", ("%b-%d-%y",), "America/Los_Angeles"), "Jul-25-26", "25-Jul-26")
    assert values == [dt.datetime(2026, 7, 25, 7, tzinfo=dt.UTC), None]
    assert reasons == [None, "`c` is no time such as May-31-26"]


@pytest.mark.parametrize("written", ["2024-02-30 10:00:00", "05/03/2024", "128.00", "0001-01-01 00:00:00", "45000.5"])
def test_a_time_that_is_none_is_refused(written):
    assert made(instant("c", ("%Y-%m-%d %H:%M:%S",), "Asia/Shanghai"), written)[1] == [
        "`c` is no time such as 2026-05-31 20:41:00"
    ]


def test_a_wall_clock_without_a_zone_is_an_error_of_the_format():
    with pytest.raises(ValueError, match="zone"):
        instant("c", ("%Y-%m-%d",))


def test_of_several_cells():
    frame = pl.DataFrame({"a": ["1", "", ""], "b": ["x", "2", ""], "when": ["y", "", "y"]})
    first = either(money("a"), money("b")).make(frame)
    assert first.value.to_list() == [1, 2, None]
    assert [wrong.to_list() for wrong, reason in first.wrong if reason.startswith("`b` is no")] == [
        [True, False, False]
    ]
    assert chosen("when", text("a"), text("b")).make(frame).value.to_list() == ["1", "2", None]
