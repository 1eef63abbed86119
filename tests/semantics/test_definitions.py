"""Definitions: order, depth, tests, kpis, plugin functions, and the whole example of the language."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from rulecrm.model.ir import Definition, Expr, Ref
from rulecrm.model.types import AGE, BOOL, INT, MONEY, NUMBER, TEXT
from rulecrm.plugin import Argument, Function, Registry
from rulecrm.semantics.compile import Compiled, compile_rules
from rulecrm.semantics.walk import nodes

EXAMPLE = Path(__file__).parent / "example.rules"


def follows_its_references(definitions: tuple[Definition, ...]) -> bool:
    seen: set[str] = set()
    for definition in definitions:
        if any(isinstance(node, Ref) and node.symbol not in seen for node in nodes(definition.value)):
            return False
        seen.add(definition.symbol)
    return True


def test_the_whole_example_compiles(compiled: Callable[..., Compiled]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    words = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.parent.glob("*.html")}
    files = {"std/commerce.rules": "metric from_std = count(order)", **words}
    result = compiled(text, params={"active_within": "50d"}, files=files)
    assert [d for d in result.diagnostics if d.severity.value == "error"] == []
    program = result.program
    assert program is not None
    assert (program.zone, program.currency) == ("Asia/Shanghai", "CNY")
    assert follows_its_references(program.definitions)
    types = {definition.symbol: definition.type for definition in program.definitions}
    assert types["purchases"] == INT
    assert types["spent"] == MONEY
    assert types["idle"] == AGE
    assert types["favourite_category"] == TEXT
    assert types["evening"] == NUMBER
    assert types["新客"] == BOOL
    assert types["value"].names == ("premium", "potential", "problem", "pending")
    assert program.definition("margin").subject == "product"
    assert program.definition("value").title == "Value quadrant"
    assert program.exported[:3] == ("from_std", "purchases", "spent")
    (case,) = program.tests
    assert [row.at for row in case.subjects[0].rows] == [
        dt.datetime(2024, 12, 31, 16, 0, tzinfo=dt.UTC),
        dt.datetime(2025, 5, 31, 16, 0, tzinfo=dt.UTC),
    ]
    assert case.subjects[0].rows[0].values["amount"].value == Decimal(100)
    assert [(part.key, part.at) for part in case.expectations] == [
        ("c1", dt.datetime(2025, 3, 14, 16, 0, tzinfo=dt.UTC)),
        ("c1", dt.datetime(2025, 6, 1, 16, 0, tzinfo=dt.UTC)),
    ]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("form", ["segment", "metric"])
def test_a_thousand_levels(form: str, backwards: bool, compiled: Callable[..., Compiled]) -> None:
    if form == "segment":
        lines = ["segment s0 = count(purchase) > 1", *(f"segment s{n} = not s{n - 1} or s0" for n in range(1, 1000))]
    else:
        lines = ["metric s0 = count(purchase)", *(f"metric s{n} = s{n - 1} + 1" for n in range(1, 1000))]
    result = compiled("\n".join(reversed(lines) if backwards else lines))
    assert result.program is not None, result.diagnostics
    assert [definition.symbol for definition in result.program.definitions] == [f"s{n}" for n in range(1000)]


def test_a_circle_of_a_thousand_is_one_finding(compiled: Callable[..., Compiled]) -> None:
    lines = [f"metric s{n} = s{(n + 1) % 1000} + 1" for n in range(1000)]
    assert [d.code for d in compiled("\n".join(lines)).diagnostics] == ["R302"]


def test_long_chains_of_params_and_collections(compiled: Callable[..., Compiled]) -> None:
    lines = ["param p0: int = 1", *(f"param p{n}: int = p{n - 1} + 1" for n in range(1, 1000))]
    lines += ["collection c0 = purchase where amount > 1 CNY"]
    lines += [f"collection c{n} = c{n - 1} where quantity > {n}" for n in range(1, 1000)]
    result = compiled("\n".join([*reversed(lines), "metric m = count(c999) + p999"]))
    assert result.program is not None, result.diagnostics[:3]
    assert result.program.params["p999"].value == 1000


def test_a_field_and_a_metric_may_share_a_name(
    compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]
) -> None:
    program = compiled("metric amount = sum(purchase.amount)\nmetric n = count(purchase where amount > 3 CNY)").program
    assert program is not None
    assert spelled(program.definition("n").value) == "count[purchase where gt(purchase.amount, 3$)]"


def test_a_metric_may_filter_by_a_field_of_its_own_name(compiled: Callable[..., Compiled]) -> None:
    assert compiled("metric quantity = count(purchase where quantity > 3)").program is not None


def test_equal_expressions_are_equal(compiled: Callable[..., Compiled]) -> None:
    text = "metric a = sum(purchase.amount last 30d)\nmetric b   =   sum( purchase.amount   last 4w + 2d )"
    program = compiled(text).program
    assert program is not None
    assert program.definition("a").value == program.definition("b").value
    assert hash(program.definition("a").value) == hash(program.definition("b").value)


def test_what_follows_from_a_stage_can_be_set_but_for_yes_and_no(compiled: Callable[..., Compiled]) -> None:
    row = "purchase at 2025-01-11 {{ refunded_at: 2025-01-15, {} }}"
    text = 'currency CNY\nmetric n = count(order)\ntest "t" {{ customer "c" {{ {} }} at 2025-02-01 expect n == 0 }}'
    program = compiled(text.format(row.format("refund_amount: 15 CNY"))).program
    assert program is not None
    assert program.tests[0].subjects[0].rows[0].values["refund_amount"].value == Decimal(15)
    wrong = compiled(text.format(row.format("refunded: true")))
    assert [(d.code, d.help) for d in wrong.diagnostics] == [("R208", "set `refunded_at` to an instant")]


def test_a_money_param_has_a_default_in_whatever_currency(compiled: Callable[..., Compiled]) -> None:
    files = {"std.rules": "param large: money = money(300)\nsegment big = sum(purchase.amount) > large"}
    for currency in ("USD", "JPY"):
        program = compiled(f'import "std.rules"\ncurrency {currency}', files=files).program
        assert program is not None
        assert (program.currency, program.params["large"].value) == (currency, Decimal(300))


def test_a_kpi_may_be_made_of_kpis(compiled: Callable[..., Compiled]) -> None:
    text = """
    kpi buyers = population count(count(purchase in period) > 0)
    kpi turnover = population sum(sum(purchase.amount in period)) every month alert when change < -20%
    kpi each = turnover / buyers
    """
    assert [d.message for d in compiled(text).diagnostics] == []


def test_a_kpi_has_the_unit_of_its_tree(compiled: Callable[..., Compiled]) -> None:
    text = """
    kpi whole = part / other every week
    kpi part = population count(exists(purchase in period))
    kpi other = population count()
    kpi above = daily + 1
    kpi daily = population count() every day
    kpi alone = population count()
    """
    program = compiled(text).program
    assert program is not None
    units = {one.symbol: one.every for one in program.kpis}
    assert units == {"whole": "week", "part": "week", "other": "week", "above": "day", "daily": "day", "alone": "month"}
    assert {one.symbol: one.parts for one in program.kpis}["whole"] == ("part", "other")
    order = [one.symbol for one in program.kpis]
    assert order.index("part") < order.index("whole")
    assert order.index("daily") < order.index("above")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("kpi b = population share(count(purchase) > a)", ["R230"]),
        ("kpi b = a as of 1y ago", ["R230"]),
        ("kpi b = a alert when population share(count(purchase) > change) > 0.5", ["R230"]),
        ("kpi b = a alert when count(purchase) > change", ["R220"]),
        ("kpi b = c\nkpi c = b", ["R302"]),
        ("kpi b = a every fortnight", ["R204"]),
        ("kpi b = population max(last(purchase).at)", ["R204"]),
        ("metric m = a", ["R109"]),
        ("kpi b = a > 3", ["R204"]),
    ],
)
def test_what_a_kpi_cannot_be(compiled: Callable[..., Compiled], text: str, codes: list[str]) -> None:
    assert [d.code for d in compiled(f"kpi a = population count()\n{text}").diagnostics] == codes


def test_a_plugin_brings_functions(spelled: Callable[[Expr], str]) -> None:
    function = Function("phone_country", (Argument("phone", TEXT),), TEXT, lambda phone: phone, "country")
    plugins = Registry(functions={"phone_country": function})
    result = compile_rules('segment cn = phone_country(phone) == "CN"', source="t", plugins=plugins)
    assert result.program is not None, result.diagnostics
    assert spelled(result.program.definition("cn").value) == 'eq(plugin.phone_country(@phone), "CN")'


def test_declared_kinds_and_attributes_are_in_the_schema(compiled: Callable[..., Compiled]) -> None:
    text = "kind live_watch { room: text, minutes: int }\nattribute size: int of product\n"
    text += "metric m = sum(live_watch.minutes)"
    program = compiled(text).program
    assert program is not None
    assert program.schema.kinds["live_watch"].frame == "live_watch"
    assert program.schema.declared == {"live_watch"}
    assert program.schema.subjects["product"].columns["size"].type == INT


def test_instants_follow_the_zone_over_a_clock_change(compiled: Callable[..., Compiled]) -> None:
    text = 'timezone "Europe/Paris"\nsegment a = joined_at < 2025-03-30T02:30\nsegment b = joined_at < 2025-10-26T02:30'
    program = compiled(text).program
    assert program is not None
    limits = [definition.value.args[1].value for definition in program.definitions]  # type: ignore[union-attr]
    # In the gap of March the offset before it (+1) counts; of the two 02:30 in October the earlier (+2).
    assert limits == [
        dt.datetime(2025, 3, 30, 1, 30, tzinfo=dt.UTC),
        dt.datetime(2025, 10, 26, 0, 30, tzinfo=dt.UTC),
    ]


def test_findings_come_in_the_order_of_the_text(compiled: Callable[..., Compiled]) -> None:
    text = (
        "kpi k = spnt\nsegment a = foo\nparam p: duration = 3\nmetric b = count(bar)\ncollection c = baz\nmetric d = ("
    )
    places = [d.span.start for d in compiled(text).diagnostics if d.span is not None]
    assert places == sorted(places)
    assert len(places) == 6


def test_ten_thousand_lines_are_checked_without_delay(compiled: Callable[..., Compiled]) -> None:
    lines = ["currency CNY"]
    for n in range(1000):
        lines.append(f"metric m{n} = sum(purchase.amount last {n % 365 + 1}d) ?? 0 CNY")
        lines.append(f'segment s{n} = m{n} >= {n + 1} CNY and count(purchase where category == "c{n}" last 30d) >= 2')
    started = time.process_time()
    assert compiled("\n".join(lines)).program is not None
    assert time.process_time() - started < 10  # far above what it takes: this guards against a quadratic step


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment", '"""only words"""', "metric", "segment x =", "\x00", "}{"]
)
def test_any_text_has_a_result(text: str, compiled: Callable[..., Compiled]) -> None:
    result = compiled(text)
    assert (result.program is None) == any(d.severity.value == "error" for d in result.diagnostics)
