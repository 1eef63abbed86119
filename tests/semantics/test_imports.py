"""Imports: scopes, prefixes, params, circles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from rulecrm.diagnostics.model import Severity
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Expr, SequenceOf
from rulecrm.semantics.compile import Compiled, compile_rules

RFM = """
param recent: duration = 30d
metric orders = count(purchase)
segment fresh = count(purchase last recent) > 0
"""


def codes(result: Compiled) -> list[str]:
    return [diagnostic.code for diagnostic in result.diagnostics]


def symbols(result: Compiled) -> list[str]:
    assert result.program is not None, result.diagnostics
    return [definition.symbol for definition in result.program.definitions]


def test_names_of_an_import_are_visible_and_exported(compiled: Callable[..., Compiled]) -> None:
    result = compiled('import "rfm.rules"\nsegment loyal = orders > 3', files={"rfm.rules": RFM})
    assert sorted(symbols(result)) == ["fresh", "loyal", "orders"]
    assert result.program is not None
    assert result.program.exported == ("orders", "fresh", "loyal")
    assert set(result.program.sources) == {"t.rules", "rfm.rules"}


def test_a_prefix_stands_before_names_and_symbols(compiled: Callable[..., Compiled]) -> None:
    text = 'import "rfm.rules" as r\nsegment loyal = r.orders > 3 and r.fresh\nmetric orders = count(order)'
    result = compiled(text, files={"rfm.rules": RFM})
    assert set(symbols(result)) == {"r.orders", "r.fresh", "loyal", "orders"}
    assert result.program is not None
    assert result.program.exported == ("loyal", "orders")
    assert set(result.program.params) == {"r.recent"}


def test_a_wrong_name_behind_a_prefix_has_its_nearest(compiled: Callable[..., Compiled]) -> None:
    result = compiled('import "rfm.rules" as r\nsegment loyal = r.ordes > 3', files={"rfm.rules": RFM})
    assert [(d.code, d.help) for d in result.diagnostics] == [("R101", "did you mean `r.orders`?")]


def test_kinds_and_collections_behind_a_prefix(compiled: Callable[..., Compiled]) -> None:
    files = {"lib.rules": 'kind watch { minutes: int }\ncollection dress = purchase where category == "dress"'}
    text = (
        'import "lib.rules" as l\nmetric a = sum(l.watch.minutes)\nmetric b = count(l.dress)\nmetric c = count(l.watch)'
    )
    assert set(symbols(compiled(text, files=files))) == {"a", "b", "c"}


LIB = """
kind watch { room: text, minutes: int }
collection tea = purchase where category == "tea"
lifecycle relation { start new  new -> active on purchase  active -> lost after 90d without purchase }
template hello for sms "Hello"
"""


def test_a_prefix_stands_wherever_a_kind_is_named(compiled: Callable[..., Compiled]) -> None:
    text = """import "lib.rules" as l
collection dear = l.tea where l.tea.amount > 3 CNY and amount < 9 CNY
collection long = l.watch where minutes > 30
segment a = sequence(l.tea where l.tea.amount > 3 CNY then no l.watch where minutes > 3 within 2d)
segment b = exists(dear) and exists(long)
lifecycle own {
  start x
  x -> y on l.tea where l.tea.amount > 3 CNY
  y -> x after 30d without l.watch
}
campaign c {
  enter on l.relation -> lost
  goal l.tea within 3d
  exit on l.watch
  send sms l.hello
  wait until l.watch where minutes > 3 up to 3d
  repeat up to 3 times every 1d until l.tea { exit }
}"""
    result = compiled(text, files={"lib.rules": LIB})
    assert [one for one in result.diagnostics if one.severity is Severity.ERROR] == []
    assert result.program is not None
    sequence = result.program.definition("a").value
    assert isinstance(sequence, SequenceOf)
    assert [step.kind for step in sequence.steps] == ["purchase", "watch"]
    assert len(sequence.steps[0].where) == 2  # that it is tea, and what it cost


def test_a_wrong_kind_behind_a_prefix_has_its_nearest(compiled: Callable[..., Compiled]) -> None:
    text = 'import "lib.rules" as l\ncollection c = l.te\nsegment s = sequence(l.wach then order)'
    result = compiled(text, files={"lib.rules": LIB})
    errors = [one for one in result.diagnostics if one.severity is Severity.ERROR]
    assert [(one.code, one.help) for one in errors] == [
        ("R103", "did you mean `l.tea`?"),
        ("R103", "did you mean `l.watch`?"),
    ]
    assert [text[one.span.start : one.span.end] for one in errors if one.span] == ["l.te", "l.wach"]


def test_an_importer_sets_params(compiled: Callable[..., Compiled]) -> None:
    text = 'import "rfm.rules" with { recent: 2 * base }\nparam base: duration = 20d'
    result = compiled(text, files={"rfm.rules": RFM})
    assert result.program is not None, result.diagnostics
    assert result.program.params["recent"].value == Duration(days=40)


def test_the_program_sets_params_before_the_importer(compiled: Callable[..., Compiled]) -> None:
    text = 'import "rfm.rules" with { recent: 40d }'
    result = compiled(text, files={"rfm.rules": RFM}, params={"recent": "7d"})
    assert result.program is not None
    assert result.program.params["recent"].value == Duration(days=7)


def test_an_override_without_a_param_is_refused(compiled: Callable[..., Compiled]) -> None:
    result = compiled('import "rfm.rules" with { recnt: 40d }', files={"rfm.rules": RFM})
    assert [(d.code, d.help) for d in result.diagnostics] == [("R503", "did you mean `recent`?")]


def test_two_names_that_meet_ask_for_a_prefix(compiled: Callable[..., Compiled]) -> None:
    files = {"rfm.rules": RFM, "two.rules": "metric orders = count(order)"}
    result = compiled('import "rfm.rules"\nimport "two.rules"', files=files)
    assert codes(result) == ["R301"]
    assert [note.span.source for note in result.diagnostics[0].notes] == ["rfm.rules", "two.rules"]


def value(result: Compiled, symbol: str, spelled: Callable[[Expr], str]) -> str:
    assert result.program is not None, result.diagnostics
    return spelled(result.program.definition(symbol).value)


LIBRARY = """
param many: int = 3
collection dress = purchase where category == "dress"
metric orders = count(purchase)
segment keen = orders >= many and exists(dress)
classify size { big when orders > many  small otherwise }
"""


def test_an_own_definition_stands_before_an_imported_one(
    compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]
) -> None:
    text = 'import "lib/rfm.rules"\nmetric orders = count(order)\nsegment loyal = orders > 3 and keen'
    result = compiled(text, files={"lib/rfm.rules": LIBRARY})
    assert codes(result) == []
    assert value(result, "orders", spelled) == "count[order]"
    assert value(result, "loyal", spelled) == "and(gt(=orders, 3), =keen)"
    assert value(result, "keen", spelled).startswith("and(ge(=rfm.orders, 3), ")
    assert value(result, "rfm.orders", spelled) == "count[purchase]"
    assert result.program is not None
    assert result.program.exported == ("keen", "size", "orders", "loyal")


def test_every_form_of_an_import_can_be_defined_anew(
    compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]
) -> None:
    own = (
        "param many: int = 9\ncollection dress = order where quantity == 2\nmetric keen = count(dress)\n"
        "segment size = keen > many\nsegment orders = exists(visit)"
    )
    result = compiled(f'import "rfm.rules"\n{own}', files={"rfm.rules": LIBRARY}, params={"many": "8"})
    assert codes(result) == []
    assert value(result, "keen", spelled) == "count[order where eq(order.quantity, 2)]"
    assert value(result, "size", spelled) == "gt(=keen, 8)"
    assert value(result, "rfm.keen", spelled) == (
        'and(ge(=rfm.orders, 3), exists[purchase where eq(purchase.category, "dress")])'
    )
    assert value(result, "rfm.size", spelled) == 'choose(gt(=rfm.orders, 3), "big", "small")'
    assert result.program is not None
    assert {name: const.value for name, const in result.program.params.items()} == {"many": 8}


def test_a_shadowed_name_stays_behind_a_prefix(
    compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]
) -> None:
    text = 'import "rfm.rules"\nimport "rfm.rules" as r\nmetric orders = r.orders + 1'
    result = compiled(text, files={"rfm.rules": LIBRARY})
    assert value(result, "orders", spelled) == "add(=r.orders, 1)"
    assert value(result, "keen", spelled).startswith("and(ge(=r.orders, 3), ")


def test_symbols_of_shadowed_definitions_are_unique(compiled: Callable[..., Compiled]) -> None:
    text = 'import "a/x.rules"\nimport "b/x.rules"\nimport "c.rules" as x\nmetric orders = count(visit)'
    files = {
        "a/x.rules": "metric orders = count(order)\nsegment a = orders > 1",
        "b/x.rules": "metric orders = count(purchase)\nsegment b = orders > 1",
        "c.rules": "metric orders = count(cart)",
    }
    result = compiled(text, files=files)
    assert codes(result) == []
    assert sorted(symbols(result)) == ["a", "b", "orders", "x.orders", "x2.orders", "x3.orders"]


def test_a_file_in_between_may_shadow(compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]) -> None:
    files = {
        "between.rules": 'import "rfm.rules"\nmetric orders = count(order)\nsegment two = orders == 2',
        "rfm.rules": LIBRARY,
    }
    result = compiled('import "between.rules"\nsegment one = orders == 1 and keen', files=files)
    assert codes(result) == []
    assert value(result, "orders", spelled) == "count[order]"
    assert value(result, "two", spelled) == "eq(=orders, 2)"
    assert value(result, "keen", spelled).startswith("and(ge(=rfm.orders, 3), ")


def test_two_imports_that_meet_are_no_matter_where_the_file_defines_the_name(
    compiled: Callable[..., Compiled],
) -> None:
    files = {"rfm.rules": RFM, "two.rules": "metric orders = count(order)"}
    result = compiled('import "rfm.rules"\nimport "two.rules"\nmetric orders = count(visit)', files=files)
    assert codes(result) == []


def test_kinds_are_not_shadowed(compiled: Callable[..., Compiled]) -> None:
    files = {"lib.rules": "kind watch { minutes: int }"}
    for own in ("kind watch { room: text }", "metric watch = count(order)"):
        result = compiled(f'import "lib.rules"\n{own}', files=files)
        (finding,) = result.diagnostics
        assert finding.code == "R301", own
        assert {span.source for span in (finding.span, finding.notes[0].span) if span} == {"t.rules", "lib.rules"}


def test_a_broken_declaration_stands_before_an_imported_one(compiled: Callable[..., Compiled]) -> None:
    result = compiled('import "rfm.rules"\nmetric orders = (\nsegment a = orders is 3', files={"rfm.rules": RFM})
    assert {code[:2] for code in codes(result)} == {"R0"}


def test_a_file_may_redefine_names_of_the_standard_library() -> None:
    text = 'import "std/commerce.rules"\nmetric purchases = count(order)\nmetric idle = 3'
    program = compile_rules(text, source="t.rules").program
    assert program is not None
    assert {"purchases", "idle", "overdue"} <= set(program.exported)
    shadowed = {definition.symbol for definition in program.definitions if "." in definition.symbol}
    assert shadowed == {"commerce.purchases", "commerce.idle"}


def test_one_file_reached_twice_is_one(compiled: Callable[..., Compiled]) -> None:
    files = {
        "a.rules": 'import "rfm.rules"\nsegment a = orders > 1',
        "b.rules": 'import "rfm.rules"\nsegment b = fresh',
        "rfm.rules": RFM,
    }
    result = compiled('import "a.rules"\nimport "b.rules"\nsegment c = a and b and orders > 5', files=files)
    assert sorted(symbols(result)) == ["a", "b", "c", "fresh", "orders"]


def test_two_instances_of_a_file_with_other_params(compiled: Callable[..., Compiled]) -> None:
    text = 'import "rfm.rules" as a with { recent: 10d }\nimport "rfm.rules" as b with { recent: 90d }\n'
    result = compiled(text + "segment gone = b.fresh and not a.fresh", files={"rfm.rules": RFM})
    assert set(symbols(result)) == {"a.orders", "a.fresh", "b.orders", "b.fresh", "gone"}
    assert result.program is not None
    assert [result.program.params[name].value for name in ("a.recent", "b.recent")] == [
        Duration(days=10),
        Duration(days=90),
    ]


def test_imports_in_a_circle_are_named(compiled: Callable[..., Compiled]) -> None:
    files = {
        "a.rules": 'import "b.rules"\nmetric a = count(order)',
        "b.rules": 'import "a.rules"\nmetric b = count(order)',
    }
    result = compiled('import "a.rules"', files=files)
    assert [(d.code, d.span and d.span.source) for d in result.diagnostics] == [("R502", "b.rules")]
    assert "a.rules → b.rules → a.rules" in result.diagnostics[0].message


def test_a_long_chain_of_imports_is_no_matter(compiled: Callable[..., Compiled]) -> None:
    files = {f"{n}.rules": f'import "{n + 1}.rules"\nmetric m{n} = count(order)' for n in range(300)}
    files["300.rules"] = "metric m300 = count(order)"
    assert len(symbols(compiled('import "0.rules"', files=files))) == 301


def test_mistakes_of_an_import_are_reported_with_its_source(compiled: Callable[..., Compiled]) -> None:
    result = compiled('import "a.rules"\nmetric b = cont(order)', files={"a.rules": "metric a = count(odrer)"})
    assert [(d.code, d.span and d.span.source) for d in result.diagnostics] == [
        ("R104", "t.rules"),
        ("R103", "a.rules"),
    ]


def test_the_root_says_zone_and_currency(compiled: Callable[..., Compiled]) -> None:
    files = {"a.rules": 'timezone "Europe/Paris"\ncurrency EUR'}
    both = compiled('import "a.rules"', files=files).program
    assert both is not None
    assert (both.zone, both.currency) == ("Europe/Paris", "EUR")
    other = compiled('timezone "Asia/Shanghai"\ncurrency CNY\nimport "a.rules"', files=files)
    assert codes(other) == ["R508", "R508"]
    assert other.program is not None
    assert (other.program.zone, other.program.currency) == ("Asia/Shanghai", "CNY")


def test_without_a_currency_the_only_one_written_is_it(compiled: Callable[..., Compiled]) -> None:
    one = compiled("segment a = sum(purchase.amount) > 3 EUR").program
    assert one is not None
    assert one.currency == "EUR"
    two = compiled("segment a = sum(purchase.amount) > 3 EUR\nsegment b = sum(purchase.amount) > 3 USD")
    assert [(d.code, d.help) for d in two.diagnostics] == [("R509", "add `currency EUR`")]
    nothing = compiled("segment a = sum(purchase.amount) > 0 USD\nsegment b = sum(purchase.amount) > 3 EUR").program
    assert nothing is not None
    assert nothing.currency == "EUR"
    only_nothing = compiled("segment a = sum(purchase.amount) > 0 USD").program
    assert only_nothing is not None
    assert only_nothing.currency == "USD"
    none = compiled("segment a = count(purchase) > 3").program
    assert none is not None
    assert none.currency == "XXX"


def test_the_root_decides_the_currency_before_its_imports(compiled: Callable[..., Compiled]) -> None:
    amount = "segment {} = sum(purchase.amount) > 3 {}\n"
    in_test = 'test "t" { customer "c" { purchase at 2025-01-01 { amount: 3 JPY } } at 2025-01-02 expect i }'
    files = {"i.rules": amount.format("i", "EUR") + in_test}
    own = compiled('import "i.rules"\n' + amount.format("a", "USD"), files=files).program
    assert own is not None
    assert own.currency == "USD"
    imported = compiled('import "i.rules"', files=files).program
    assert imported is not None
    assert imported.currency == "EUR"


def test_names_of_broken_declarations_are_not_unknown(compiled: Callable[..., Compiled]) -> None:
    result = compiled("metric a = (\nsegment b = a > 3\n")
    assert [code for code in codes(result) if not code.startswith("R0")] == []
    assert result.program is None


def test_files_are_read_beside_the_importing_file(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.rules").write_text('import "../b.rules"\nmetric a = b + 1', encoding="utf-8")
    (tmp_path / "b.rules").write_text("metric b = count(order)", encoding="utf-8")
    root = (tmp_path / "root.rules").as_posix()
    result = compile_rules('import "lib/a.rules"\nimport "b.rules"', source=root)
    assert result.program is not None, result.diagnostics
    assert len(result.program.definitions) == 2
    wrong = compile_rules('import "c.rules"', source=root)
    assert [(d.code, d.help) for d in wrong.diagnostics] == [("R501", 'did you mean "b.rules"?')]
    (tmp_path / "b.rules").write_bytes(b"\xff\xfe\x00")
    assert [d.code for d in compile_rules('import "b.rules"', source=root).diagnostics] == ["R501"]


@pytest.mark.parametrize(
    ("kind", "written", "found"),
    [
        ("list of text", '["a, b", "c"]', ("a, b", "c")),
        ("list of text", "[a, b]", ("a", "b")),
        ("list of text", "[]", ()),
        ("list of int", "[1, 2]", (1, 2)),
        ("list of date", "[2025-01-31, 2025-02-28]", (dt.date(2025, 1, 31), dt.date(2025, 2, 28))),
        ("bool", "no", False),
    ],
)
def test_a_param_is_text_as_the_file_would_have_it(
    compiled: Callable[..., Compiled], kind: str, written: str, found: object
) -> None:
    program = compiled(f"param p: {kind}", params={"p": written}).program
    assert program is not None
    assert program.params["p"].value == found


def test_params_from_outside(compiled: Callable[..., Compiled]) -> None:
    text = (
        "currency CNY\nparam d: duration = 1d\nparam m: money\nparam n: number\nparam i: int\nparam b: bool\n"
        "param from_day: date\nparam moment: instant\nparam t: time\nparam w: text\nparam l: list of text\n"
        "param k: list of int"
    )
    values: dict[str, object] = {
        "d": dt.timedelta(days=2, hours=1), "m": "299.50 CNY", "n": "80%", "i": "3", "b": True,
        "from_day": "2025-01-31", "moment": "2025-01-31T10:00", "t": "21:00", "w": "words", "l": "a, b", "k": [1, 2],
    }  # fmt: skip
    program = compiled('timezone "Asia/Shanghai"\n' + text, params=values).program
    assert program is not None
    assert {name: const.value for name, const in program.params.items()} == {
        "d": Duration(days=2, micros=3_600_000_000), "m": Decimal("299.50"), "n": 0.8, "i": 3, "b": True,
        "from_day": dt.date(2025, 1, 31), "moment": dt.datetime(2025, 1, 31, 2, 0, tzinfo=dt.UTC), "t": dt.time(21, 0),
        "w": "words", "l": ("a", "b"), "k": (1, 2),
    }  # fmt: skip


def test_wrong_params_from_outside(compiled: Callable[..., Compiled]) -> None:
    text = "currency CNY\nparam d: duration = 1d\nparam m: money = 3 CNY\nparam i: int = 3\nparam n: number = 1"
    for name, value in (
        ("d", "50"),
        ("d", 50),
        ("m", 2.5),
        ("m", "299"),
        ("i", 2.5),
        ("i", True),
        ("n", "x"),
        ("n", 10**400),
    ):
        result = compiled(text, params={name: value})
        assert codes(result) == ["R504"], (name, value)
        assert result.diagnostics[0].help is not None
    unknown = compiled(text, params={"dd": "50d"})
    assert [(d.code, d.help, d.span) for d in unknown.diagnostics] == [("R503", "there are: d, m, i, n", None)]


def test_an_import_without_its_ending_is_known(compiled: Callable[..., Compiled]) -> None:
    assert [d.help for d in compiled('import "std/rfm"').diagnostics] == ['did you mean "std/rfm.rules"?']


def test_a_param_of_an_import_is_set_once(compiled: Callable[..., Compiled]) -> None:
    text = 'import "rfm.rules" with { recent: 40d, recent: 3d }'
    found = compiled(text, files={"rfm.rules": RFM}).diagnostics
    assert [(d.code, d.message) for d in found] == [("R301", "`recent` is set twice")]
