"""`Rules.kpis`: which periods are told, exact arithmetic, long chains, and what is kept on disk."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import rulecrm
from rulecrm import RulesError
from rulecrm.model.codec import decode, encode
from rulecrm.model.program import Program
from rulecrm.runtime.periods import period_at, period_of

HEAD = 'timezone "Asia/Shanghai"\ncurrency CNY\n'
TURNOVER = "kpi turnover = population sum(sum(purchase.amount in period)) every month\n"


def facts(*orders: tuple[str, str, str]) -> rulecrm.Facts:
    """Orders of (customer, instant in Shanghai, amount)."""
    rows = [
        (f"o{number}", who, dt.datetime.fromisoformat(f"{at}+08:00").astimezone(dt.UTC), Decimal(amount))
        for number, (who, at, amount) in enumerate(orders)
    ]
    schema = {
        "order": pl.String, "customer": pl.String, "paid_at": pl.Datetime("us", "UTC"), "amount": pl.Decimal(38, 4),
    }  # fmt: skip
    return rulecrm.Facts.from_frames(orders=pl.DataFrame(rows, schema=schema, orient="row"))


EDGES = facts(
    ("a", "2025-01-31T23:59:59.999999", "1"), ("a", "2025-02-01T00:00:00", "10"), ("b", "2025-02-28T23:59:59.999999", "100"),
    ("b", "2025-03-01T00:00:00", "1000"),
)  # fmt: skip


def values(frame: pl.DataFrame) -> list[tuple[str, float | None]]:
    return [(str(start), value) for start, value in frame.select("start", "value").rows()]


def test_a_period_has_its_start_and_not_its_end() -> None:
    found = rulecrm.loads(HEAD + TURNOVER).kpis(EDGES, "2025-03-01", periods=2)
    assert values(found) == [("2025-01-01", 1.0), ("2025-02-01", 110.0), ("2025-03-01", 1000.0)]
    assert found["complete"].to_list() == [True, True, False]


def test_the_last_instant_of_a_period_completes_it() -> None:
    rules = rulecrm.loads(HEAD + TURNOVER)
    found = rules.kpis(EDGES, "2025-02-28T23:59:59.999999", periods=1)
    assert (values(found), found["complete"].to_list()) == ([("2025-02-01", 110.0)], [True])
    found = rules.kpis(EDGES, "2025-02-28T23:59:59.999998", periods=1)
    assert (values(found)[1], found["complete"].to_list()) == (("2025-02-01", 10.0), [True, False])


@pytest.mark.parametrize(
    ("asked", "starts"),
    [
        ({"periods": 1}, ["2025-02-01", "2025-03-01"]),
        ({"start": "2025-02-15"}, ["2025-02-01", "2025-03-01"]),
        ({"start": "2025-01-31", "end": "2025-02-01"}, ["2025-01-01"]),
        ({"start": "2025-01-01", "periods": 2}, ["2025-01-01", "2025-02-01"]),
        ({"end": "2025-02-01", "periods": 2}, ["2024-12-01", "2025-01-01"]),
        ({"start": "2025-03-01", "end": "2027-01-01"}, ["2025-03-01"]),
        ({"start": "2026-03-01"}, []),
        ({"every": "quarter", "periods": 1}, ["2024-10-01", "2025-01-01"]),
        ({"every": "week", "start": "2025-03-05", "end": "2025-03-11"}, ["2025-03-03", "2025-03-10"]),
        ({"every": "year", "periods": 1}, ["2024-01-01", "2025-01-01"]),
    ],
)
def test_which_periods(asked: dict[str, object], starts: list[str]) -> None:
    found = rulecrm.loads(HEAD + TURNOVER).kpis(EDGES, "2025-03-12", **asked)  # type: ignore[arg-type]
    assert [start for start, _ in values(found)] == starts


def test_ratios_multiply_back_to_the_last_decimal() -> None:
    text = f"""{HEAD}{TURNOVER}
    kpi buyers = population count(exists(purchase in period))
    kpi orders = population sum(count(purchase in period))
    kpi back = buyers * (orders / buyers) * (turnover / orders)
    kpi third = turnover / 3
    kpi whole = third + third + third
    """
    shop = facts(*((who, f"2025-01-{day:02}T12:00:00", "33.3333") for who in "abc" for day in range(1, 8)))
    found = rulecrm.loads(text).kpis(shop, "2025-02-01", start="2025-01-01", end="2025-02-01")
    amounts = dict(found.filter(found["type"] == "money").select("kpi", "amount").rows())
    assert amounts == {
        "turnover": Decimal("699.9993"), "back": Decimal("699.9993"), "whole": Decimal("699.9993"),
        "third": Decimal("233.3331"),
    }  # fmt: skip


def test_a_long_chain_of_kpis() -> None:
    lines = [
        "kpi k0 = population count(exists(purchase in period))",
        *(f"kpi k{n} = k{n - 1} + 1" for n in range(1, 1500)),
    ]
    found = rulecrm.loads(HEAD + "\n".join(lines)).kpis(EDGES, "2025-03-01", periods=1, only=["k1499"])
    assert found["value"].to_list() == [2 + 1499.0, 1 + 1499.0]


def test_names_and_what_is_not_there() -> None:
    rules = rulecrm.loads(f"{HEAD}{TURNOVER}segment s = exists(purchase)")
    assert rules.names("kpi") == ("turnover",)
    assert rules.names() == ("s",)
    with pytest.raises(RulesError, match="did you mean `turnover`"):
        rules.kpis(EDGES, "2025-03-01", only=["turnovr"])
    with pytest.raises(RulesError) as error:
        rules.kpis(EDGES, "2025-03-01", every="fortnight")
    assert error.value.diagnostics[0].code == "R855"


def test_a_kpi_of_an_import_has_its_prefix() -> None:
    files = {"std.rules": TURNOVER}
    rules = rulecrm.loads(
        f'{HEAD}import "std.rules" as std\nkpi half = std.turnover / 2 every month\n',
        read=lambda _, path: (path, files[path]),
    )
    found = rules.kpis(EDGES, "2025-03-01", periods=1)
    assert dict(found.filter("complete").select("kpi", "value").rows()) == {"half": 55.0}
    assert rules.kpis(EDGES, "2025-03-01", periods=1, only=["std.turnover"])["value"][0] == 110.0


def test_kpis_are_kept_with_the_program() -> None:
    program = rulecrm.loads(f"{HEAD}{TURNOVER}kpi b = turnover * 2 alert when change > 10% and b > previous").program
    again = decode(encode(program))
    assert isinstance(again, Program)
    assert again.kpis == program.kpis
    assert again.kpi("b").span == program.kpi("b").span
    with pytest.raises(KeyError):
        program.kpi("c")


@pytest.mark.parametrize("zone", ["UTC", "America/Havana", "Africa/Cairo", "Pacific/Apia", "America/Sao_Paulo"])
def test_periods_follow_one_another(zone: str) -> None:
    """Over clock changes at midnight, and a day that was left out, too."""
    for unit in ("day", "week", "month", "quarter", "year"):
        one = period_of(unit, dt.date(2011, 1, 1), zone)
        while one.first < dt.date(2012, 2, 1):
            later = one.moved(1)
            assert one.end == later.start
            assert later.moved(-1) == one
            if one.start < one.end:  # Apia skipped the 30th of December 2011
                assert period_at(unit, one.start, zone) == one
                assert period_at(unit, one.end - 1, zone) == one
            one = later
