"""Law 11: amounts are exact decimals; sums equal Python's Decimal to the last digit, and no column holds a float."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

import rulecrm
from tests.strategies import fewer
from tests.strategies.cases import Case, cases, facts_of

DAY = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
CENT = Decimal("0.0001")
LARGEST = Decimal(2**63 - 1) / 10_000
RULES = rulecrm.loads("""
timezone "UTC"
currency CNY
metric total = sum(purchase.amount)
metric typical = mean(purchase.amount)
metric middle = median(purchase.amount)
metric least_one = min(purchase.amount)
metric largest = max(purchase.amount)
metric net = sum(purchase.amount - purchase.discount)
metric third = sum(purchase.amount) / 3
metric half = sum(purchase.amount) * 0.5
metric tenth = sum(purchase.amount) * 0.1
metric of_all = population sum(total)
metric mean_of_all = population mean(total)
segment exact = sum(purchase.amount) >= 1000000000000.0001 CNY
""")

amounts = st.one_of(
    st.decimals(0, 1000, places=2),
    st.decimals(0, Decimal("9999999999.9999"), places=4),
    st.sampled_from([Decimal("0.0001"), Decimal("0.1"), Decimal("0.2"), Decimal("9999999999999.9999")]),
)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_EVEN)


@given(st.lists(amounts, min_size=1, max_size=20))
@example([Decimal("0.1"), Decimal("0.2")])
@example([Decimal("9999999999999.9999")] * 9)
def test_sums_and_means_are_exact(paid: list[Decimal]) -> None:
    orders = pl.DataFrame(
        {
            "order": [str(number) for number in range(len(paid))],
            "customer": ["c"] * len(paid),
            "paid_at": [DAY] * len(paid),
            "amount": paid,
            "discount": [Decimal("0.0001")] * len(paid),
        },
        schema_overrides={"amount": pl.Decimal(38, 4), "discount": pl.Decimal(38, 4)},
    )
    table = RULES.evaluate(rulecrm.Facts.from_frames(orders=orders, currency="CNY"), as_of=DAY).table()
    row = table.row(0, named=True)
    total = sum(paid, Decimal(0))
    ordered = sorted(paid)
    middle = (ordered[(len(paid) - 1) // 2] + ordered[len(paid) // 2]) / 2
    assert row == {
        "customer": "c",
        "total": total,
        "typical": _rounded(total / len(paid)),
        "middle": _rounded(middle),
        "least_one": min(paid),
        "largest": max(paid),
        "net": total - CENT * len(paid),
        "third": _rounded(total / 3),
        "half": _rounded(total / 2),
        "tenth": _rounded(total / 10),
        "of_all": total,
        "mean_of_all": total,
        "exact": total >= Decimal("1000000000000.0001"),
    }
    assert all(dtype == pl.Decimal(38, 4) for dtype in table.drop("customer", "exact").dtypes)


@given(
    st.lists(st.tuples(amounts, st.sampled_from(["CNY", "USD", "JPY", "EUR"])), min_size=1, max_size=12),
    st.fixed_dictionaries({code: st.decimals("0.000001", 999, places=6) for code in ("USD", "JPY", "EUR")}),
)
def test_each_amount_is_converted_exactly_and_once(paid: list[tuple[Decimal, str]], rates: dict[str, Decimal]) -> None:
    orders = pl.DataFrame(
        {
            "order": [str(number) for number in range(len(paid))],
            "customer": ["c"] * len(paid),
            "paid_at": [DAY] * len(paid),
            "amount": [min(amount, Decimal(99999999)) for amount, _ in paid],
            "discount": [None] * len(paid),
            "currency": [currency for _, currency in paid],
        },
        schema_overrides={"amount": pl.Decimal(38, 4), "discount": pl.Decimal(38, 4)},
    )
    table = pl.DataFrame(
        {"currency": list(rates), "date": [DAY.date()] * 3, "rate": list(rates.values())},
        schema_overrides={"rate": pl.Decimal(38, 6)},
    )
    facts = rulecrm.Facts.from_frames(orders=orders, rates=table, currency="CNY")
    found = RULES.evaluate(facts, as_of=DAY, only=["total", "largest"]).table().row(0, named=True)
    converted = [_rounded(min(amount, Decimal(99999999)) * rates.get(code, Decimal(1))) for amount, code in paid]
    assert found == {"customer": "c", "total": sum(converted, Decimal(0)), "largest": max(converted)}


PRODUCTS = rulecrm.loads("""
timezone "UTC"
currency CNY
metric worth = sum(purchase.amount * purchase.quantity)
metric last_worth = last(purchase).amount * last(purchase).quantity
""")


@given(st.lists(st.tuples(amounts, st.integers(0, 9)), min_size=1, max_size=4))
@example([(Decimal("123456789012345.6789"), 3)])
def test_an_amount_times_a_whole_number_is_exact(paid: list[tuple[Decimal, int]]) -> None:
    table = PRODUCTS.evaluate(_bought(paid), as_of=DAY).table()
    products = [amount * quantity for amount, quantity in paid]
    expected = {"customer": "c", "worth": sum(products, Decimal(0)), "last_worth": products[-1]}
    assert table.row(0, named=True) == expected


@given(st.lists(st.sampled_from([Decimal(400_000_000_000_000), Decimal(1), Decimal(922_000_000_000_000)]), min_size=1))
@example([Decimal(400_000_000_000_000)] * 3)
def test_what_is_too_large_is_refused_and_never_wraps_round(paid: list[Decimal]) -> None:
    try:
        row = RULES.evaluate(_bought([(amount, 1) for amount in paid]), as_of=DAY, only=["total"]).table().row(0)
    except rulecrm.RulesError as error:
        assert error.diagnostics
        assert sum(paid) > LARGEST
    else:
        assert row == ("c", sum(paid))


def _bought(paid: list[tuple[Decimal, int]]) -> rulecrm.Facts:
    """Orders of one customer, of amount and quantity."""
    orders = pl.DataFrame(
        {
            "order": [f"{number:03}" for number in range(len(paid))],
            "customer": ["c"] * len(paid),
            "paid_at": [DAY] * len(paid),
            "amount": [amount for amount, _ in paid],
            "quantity": [quantity for _, quantity in paid],
            "discount": [None] * len(paid),
        },
        schema_overrides={"amount": pl.Decimal(38, 4), "discount": pl.Decimal(38, 4)},
    )
    return rulecrm.Facts.from_frames(orders=orders, currency="CNY")


@given(cases(currencies=("CNY", "USD")))
@fewer(3)
def test_no_money_column_is_a_float(case: Case) -> None:
    """Metrics whose value the checker types as money come out as Decimal(38, 4), whatever made them."""
    result = case.rules().evaluate(facts_of(case.world), as_of=case.now)
    types = {one.symbol: (one.subject, one.type.name) for one in result.program.definitions}
    for name, (subject, type) in types.items():
        if type == "money":
            assert result.table(subject).schema[name] == pl.Decimal(38, 4)
