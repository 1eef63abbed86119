"""Functions, kinds and rules of plugins are part of the language, and a plugin's faults are told as its own."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rulecrm
from rulecrm.api import rules as api_rules
from rulecrm.diagnostics.model import RulesError
from rulecrm.engine.versions import load_kept, params_of, rules_hash
from rulecrm.model.types import BOOL, DURATION, INT, MONEY, NUMBER, TEXT, list_of, record_of
from rulecrm.plugin import Argument, Column, Function, Kind, Registry, hookimpl, registry_of
from tests.plugin.acme import LOYALTY, STREAM, TIERS, Acme

HEAD = 'currency CNY\ntimezone "Asia/Shanghai"\n'
AS_OF = "2025-03-15"


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def facts(acme: Registry) -> rulecrm.Facts:
    """`a` paid 10 and 40, `b` 50; `c` bought nothing and nothing is known of it but its city."""
    orders = pl.DataFrame(
        {
            "order": ["1", "2", "3"],
            "customer": ["a", "b", "a"],
            "paid_at": [instant("2025-01-01"), instant("2025-02-01"), instant("2025-03-01")],
            "amount": pl.Series(["10", "50", "40"]).cast(pl.Decimal(38, 4)),
        }
    )
    customers = pl.DataFrame(
        {
            "customer": ["a", "b", "c"],
            "city": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
            "tags": [["x"], ["z"], None],
            "member_level": pl.Series([1, 0, None], dtype=pl.Int8),
        }
    )
    stream = pl.DataFrame({"customer": ["a"], "at": [instant("2025-01-02")], "minutes": [30]})
    return rulecrm.Facts.from_frames(
        orders=orders, customers=customers, stream=stream, schema=acme.schema(), currency="CNY"
    )


def values(text: str, facts: rulecrm.Facts, plugins: Registry, name: str = "m") -> list[object]:
    rules = rulecrm.loads(HEAD + text, plugins=plugins)
    return rules.evaluate(facts, AS_OF).table().get_column(name).to_list()


SPENT = "metric spent = sum(purchase.amount)\n"
CASES = [
    (SPENT + "metric m = tier(spent, 30 CNY)", ["gold", "gold", None]),
    (SPENT + "metric m = tier(spent ?? 0 CNY, 50.0001 CNY)", ["silver", "silver", "silver"]),
    ("metric m = double(double(count(purchase)) + 1)", [10.0, 6.0, 2.0]),
    ("metric m = double(member_level)", [2.0, 0.0, None]),
    ('metric m = count(purchase where tier(amount, 40 CNY) == "gold")', [1, 1, 0]),
    ("metric m = sum(purchase.amount where double(member_level) > 1)", [Decimal(50), None, None]),
    ('metric m = count(purchase where one_of(tier(amount, 40 CNY), ["gold"]) and double(member_level) > 1)', [1, 0, 0]),
    ("metric m = max(double(purchase.amount / 1 CNY))", [80.0, 100.0, None]),
    ("metric m = one_of(city, tags)", [True, False, None]),
    ("segment m = one_of(city, tags)", [True, False, False]),
    ("segment m = not one_of(city, tags)", [False, True, True]),
    ('metric m = one_of("a", ["a", "b"])', [True, True, True]),
    ("metric m = long(age(last(purchase).at))", [True, True, None]),
    ("metric m = three() + 1", [4, 4, 4]),
    ("metric m = double(three())", [6.0, 6.0, 6.0]),
    (SPENT + "metric m = tier(spent, 30 CNY) as of 30d ago", ["silver", "gold", None]),
    ("metric m = population max(double(count(purchase)))", [4.0, 4.0, 4.0]),
    ("metric m = percentile(double(count(purchase)))", [2 / 3, 1 / 3, 0.0]),
    ("metric m = (double(count(purchase)) ?? 1) > double(1.5)", [True, False, False]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_call_gives_a_value_for_everyone(
    text: str, expected: list[object], acme: Registry, facts: rulecrm.Facts
) -> None:
    assert values(text, facts, acme) == expected
    rules = rulecrm.loads(HEAD + text, plugins=acme)
    assert rules.evaluate(facts, AS_OF, shards=2).table().get_column("m").to_list() == expected


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_points_say_the_same(text: str, expected: list[object], acme: Registry, facts: rulecrm.Facts) -> None:
    rules = rulecrm.loads(HEAD + text, plugins=acme)
    early, late = instant("2025-01-15"), instant("2025-03-14T16:00")
    points = pl.DataFrame({"customer": ["c", "a", "b", "a"], "at": [late, late, late, early]}).with_columns(
        pl.col("at").cast(pl.Datetime("us", "UTC"))
    )
    found = rules.evaluate_at(facts, points).get_column("m").to_list()
    assert found[:3] == [expected[2], expected[0], expected[1]]
    assert found[3] == rules.evaluate(facts, early).table().get_column("m")[0]


def test_a_function_is_asked_of_complete_rows_alone(facts: rulecrm.Facts) -> None:
    seen: list[int] = []

    def counted(number: pl.Expr) -> pl.Expr:
        def look(column: pl.Series) -> pl.Series:
            seen.append(column.null_count())
            return column

        return number.map_batches(look, return_dtype=pl.Float64, is_elementwise=True)

    plugins = one(Function("same", (Argument("n", NUMBER),), NUMBER, counted, "itself"))
    assert values("metric m = same(member_level)", facts, plugins) == [1.0, 0.0, None]
    assert seen
    assert set(seen) == {0}


def test_numbers_that_are_none_are_missing(facts: rulecrm.Facts) -> None:
    plugins = one(Function("root", (Argument("n", NUMBER),), NUMBER, lambda n: (n - 1).sqrt(), "root"))
    assert values("metric m = root(member_level)", facts, plugins) == [0.0, None, None]


def one(function: Function, **more: Any) -> Registry:
    class Plugin:
        @hookimpl
        def rulecrm_functions(self) -> list[Function]:
            return [function]

    return registry_of({"wonky": Plugin(), **more})


def takes_number(expression: Any) -> Registry:
    return one(Function("wonky", (Argument("n", NUMBER),), NUMBER, expression, "a number"))


def fails(column: pl.Series) -> pl.Series:
    raise LookupError("no such tier")


@pytest.mark.parametrize(
    ("expression", "code", "said"),
    [
        (lambda n: 1 / 0, "R492", "failed: ZeroDivisionError: division by zero"),
        (lambda n: n.map_batches(fails, return_dtype=pl.Float64), "R492", "no such tier"),
        (lambda n: n.str.to_uppercase(), "R492", "failed: "),
        (lambda n: pl.col("amount"), "R492", "failed: ColumnNotFoundError"),
        (lambda: pl.lit(1.0), "R492", "failed: TypeError"),
        (lambda n: 3.0, "R493", "gives a float, no expression of Polars"),
        (lambda n: n.cast(pl.String), "R493", "says that it gives number, which is held as Float64, and gives String"),
        (lambda n: n.cast(pl.Float32), "R493", "held as Float64, and gives Float32"),
        (lambda n: n.sum(), "R493", "gives 1 values for 3 rows"),
        (lambda n: n.filter(n > 1), "R493", "gives 1 values for 3 rows"),
        (lambda n: n.cum_sum(), "R493", "looks at other rows"),
        (lambda n: n.rank(), "R493", "looks at other rows"),
        (lambda n: n.shift(1), "R493", "looks at other rows"),
        (lambda n: n / n.sum(), "R493", "looks at other rows"),
        (lambda n: n.reverse(), "R493", "looks at other rows"),
    ],
)
def test_what_a_function_does_wrong_is_its_plugins_fault(
    expression: Any, code: str, said: str, facts: rulecrm.Facts
) -> None:
    text = "metric m = wonky(count(purchase) + 0)"
    with pytest.raises(RulesError) as caught:
        values(text, facts, takes_number(expression))
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert found.message.startswith("the function `wonky` of the plugin `wonky` ")
    assert said in found.message
    assert found.data == {"function": "wonky", "plugin": "wonky", "wheel": ""}
    assert found.span is not None
    assert (HEAD + text)[found.span.start : found.span.end] == "wonky(count(purchase) + 0)"
    assert "<text>:3:12" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["metric m = count(purchase where wonky(amount / 1 CNY) > 1)", "metric m = sum(wonky(purchase.amount / 1 CNY))"],
)
def test_a_fault_in_a_row_is_told_too(text: str, facts: rulecrm.Facts) -> None:
    with pytest.raises(RulesError) as caught:
        values(text, facts, takes_number(lambda n: 1 / 0))
    assert [one.code for one in caught.value.diagnostics] == ["R492"]


def test_inside_a_list_of_records() -> None:
    parts = list_of(record_of((("sku", TEXT), ("units", INT))))
    box = Kind("box", "box", "at", {"parts": Column("parts", parts)}, doc="a box")

    class Boxes(Acme):
        @hookimpl
        def rulecrm_kinds(self) -> tuple[Kind, ...]:
            return (box,)

    plugins = registry_of({"boxes": Boxes()})
    frame = pl.DataFrame(
        {
            "customer": ["a", "b"],
            "at": [instant("2025-01-01")] * 2,
            "parts": [[{"sku": "s", "units": 2}, {"sku": "t", "units": 5}], [{"sku": "s", "units": 1}]],
        }
    )
    facts = rulecrm.Facts.from_frames(box=frame, schema=plugins.schema())
    text = "metric m = count(box where exists(parts where double(units) > 3))"
    assert values(text, facts, plugins) == [1, 0]
    text = 'metric m = count(box where exists(parts where one_of(sku, ["t"]) and double(three()) > 5))'
    assert values(text, facts, plugins) == [1, 0]


def test_campaigns_and_lifecycles_call_functions(acme: Registry, facts: rulecrm.Facts) -> None:
    text = """
    metric spent = sum(purchase.amount) ?? 0 CNY
    segment golden = tier(spent, 50 CNY) == "gold"
    lifecycle life { start new  new -> gold on purchase when golden }
    """
    rules = rulecrm.loads(HEAD + text, plugins=acme)
    assert rules.evaluate(facts, AS_OF).lifecycle("life").get_column("state").to_list() == ["gold", "gold", "new"]
    moves = rules.moves(facts, "life", until=AS_OF)
    assert moves.get_column("customer").to_list() == ["a", "b"]


# --- the checker --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "message", "help_"),
    [
        ("metric m = tire(1 CNY, 2 CNY)", "R104", "unknown function `tire`", "did you mean `tier`?"),
        ("metric m = count(straem)", "R103", "unknown kind `straem`", "did you mean `stream`?"),
        ('import "acme/loyalti.rules"', "R501", 'there is no file "acme/loyalti.rules"', 'did you mean "acme/loyalty.rules"?'),
        ("metric m = tier(1 CNY)", "R204", "`tier` takes 2 arguments, not 1", "such as `tier(spent, 100 CNY)`"),
        ("metric m = tier(1, 2 CNY)", "R204", "`tier` wants money here, and this is a whole number", "such as `tier(spent, 100 CNY)`"),
        ("metric m = tier(1 CNY, mean(purchase.amount))", "R210", "`tier` wants a constant here", None),
        ("metric m = long(1mo)", "R205", "elapsed time is wanted here; write days or hours", None),
        ("segment s = tier(1 CNY, 2 CNY)", "R202", "the segment `s` wants yes or no, and this is text", None),
    ],
)  # fmt: skip
def test_mistakes_are_those_of_the_language(
    text: str, code: str, message: str, help_: str | None, acme: Registry
) -> None:
    with pytest.raises(RulesError) as caught:
        rulecrm.loads(HEAD + text, plugins=acme)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == (code, message)
    assert help_ is None or found.help == help_


def test_without_the_plugin_its_words_are_unknown() -> None:
    with pytest.raises(RulesError) as caught:
        rulecrm.loads("metric m = tier(1 CNY, 2 CNY)\nmetric n = count(stream)", plugins=Registry())
    assert [one.code for one in caught.value.diagnostics] == ["R104", "R103"]


def test_a_plugin_that_was_refused_is_missed() -> None:
    class Broken:
        @hookimpl
        def rulecrm_functions(self) -> list[Function]:
            raise LookupError("no table")

    plugins = registry_of({"acme": Acme(), "broken": Broken()})
    for name, said in (("tire", "did you mean `tier`? "), ("elsewhere", "")):
        with pytest.raises(RulesError) as caught:
            rulecrm.loads(f"metric m = {name}(1)", plugins=plugins)
        expected = f"{said}the plugin broken was refused: `rulecrm plugins` says why"
        assert [one.help for one in caught.value.diagnostics] == [expected]


def test_no_plugin_spoils_a_file(acme: Registry) -> None:
    text = 'metric tier = count(purchase)\nmetric stream = tier + 1\nsegment s = tier(1 CNY, 2 CNY) == "gold"'
    rules = rulecrm.loads(HEAD + text, plugins=acme)
    assert rules.names("metric") == ("tier", "stream")
    own = "kind stream { room: text }\nmetric rooms = distinct(stream.room)"
    assert set(rulecrm.loads(own, plugins=acme).program.schema.kinds["stream"].columns) == {"room"}


def test_only_what_is_called_is_remembered(acme: Registry) -> None:
    program = rulecrm.loads("metric m = double(1)\nmetric n = three()", plugins=acme).program
    assert list(program.functions) == ["double", "three"]
    assert program.functions["double"].plugin == "acme"
    assert dict(rulecrm.loads("metric m = count(stream)", plugins=acme).program.functions) == {}


# --- imports ------------------------------------------------------------------------------------------------------


def test_rules_of_a_plugin_are_imported(acme: Registry, facts: rulecrm.Facts) -> None:
    text = HEAD + 'import "acme/loyalty.rules" with { gold_from: 50 CNY }'
    with pytest.raises(RulesError, match="R503"):
        rulecrm.loads(text, plugins=acme)
    rules = rulecrm.loads(HEAD + 'import "acme/loyalty.rules"\nimport "acme/tiers.rules" as t', plugins=acme)
    table = rules.evaluate(facts, AS_OF, only=["minutes_watched", "golden"]).table()
    assert table.get_column("minutes_watched").to_list() == [30, 0, 0]
    assert table.get_column("golden").to_list() == [False, False, False]
    assert dict(rules.program.sources) == {
        "<text>": HEAD + 'import "acme/loyalty.rules"\nimport "acme/tiers.rules" as t',
        "plugin:acme/loyalty.rules": LOYALTY,
        "plugin:acme/tiers.rules": TIERS,
    }


def test_a_file_of_the_same_name_gives_way(acme: Registry, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "tiers.rules").write_text("segment mine = count(purchase) > 0", "utf-8")
    (tmp_path / "acme" / "own.rules").write_text("segment own = count(purchase) > 0", "utf-8")
    path = tmp_path / "shop.rules"
    path.write_text('import "acme/tiers.rules"\nimport "acme/own.rules"', "utf-8")
    assert rulecrm.load(path, plugins=acme).names() == ("golden", "own")
    assert rulecrm.load(path, plugins=Registry()).names() == ("mine", "own")


def test_a_plugin_reads_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Curious:
        @hookimpl
        def rulecrm_standard_rules(self) -> dict[str, str]:
            return {
                "acme/a.rules": 'import "secret.rules"',
                "acme/b.rules": 'import "../../secret.rules"',
                "acme/c.rules": f'import "{tmp_path}/secret.rules"',
                "acme/d.rules": 'import "std/rfm.rules"\nimport "../acme/e.rules"',
                "acme/e.rules": "segment e = count(purchase) > 0",
            }

    (tmp_path / "secret.rules").write_text("segment secret = count(purchase) > 0", "utf-8")
    monkeypatch.chdir(tmp_path)
    plugins = registry_of({"curious": Curious()})
    for name in "abc":
        with pytest.raises(RulesError) as caught:
            rulecrm.loads(f'import "acme/{name}.rules"', plugins=plugins)
        (found,) = caught.value.diagnostics
        assert found.code == "R501"
        assert found.span is not None
        assert found.span.source == f"plugin:acme/{name}.rules"
    assert "e" in rulecrm.loads('import "acme/d.rules"', plugins=plugins).names()


# --- explained, kept, remembered ----------------------------------------------------------------------------------


def test_it_is_explained_like_a_function_of_the_language(acme: Registry, facts: rulecrm.Facts) -> None:
    text = HEAD + SPENT + 'segment golden = tier(spent, 60 CNY) == "gold" and double(count(purchase)) > 3'
    why = rulecrm.loads(text, plugins=acme).explain(facts, customer="a", segment="golden", as_of=AS_OF)
    assert why.text().splitlines()[1:] == [
        '├─ ✗ tier(spent, 60 CNY) == "gold"  "silver" == "gold"',
        "│    spent = CNY 50.00",
        "│    sum of 2 purchases, 2025-01-01 08:00 … 2025-03-01 08:00 (1 CNY 10.00, 3 CNY 40.00)",
        "└─ ✓ double(count(purchase)) > 3    4 > 3",
        "     count(purchase) = 2: 2 purchases, 2025-01-01 08:00 … 2025-03-01 08:00 (1, 3)",
        'smallest change: tier(spent, 60 CNY) == "gold"',
    ]
    assert [one["clause"] for one in json.loads(why.to_json())["failed"]] == ['tier(spent, 60 CNY) == "gold"']
    assert "tier(spent, 60 CNY)" in why.html()


def test_files_are_remembered_by_their_plugins(acme: Registry, tmp_path: Path) -> None:
    path = tmp_path / "shop.rules"
    path.write_text("metric m = double(1)", "utf-8")
    first = rulecrm.load(path, plugins=acme)
    assert rulecrm.load(path, plugins=acme) is first
    again = rulecrm.load(path, plugins=registry_of({"acme": Acme()}))
    assert again is not first
    with pytest.raises(RulesError):
        rulecrm.load(path, plugins=Registry())


def test_large_files_are_kept_by_what_plugins_bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: rulecrm.Facts
) -> None:
    monkeypatch.setenv("RULECRM_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "shop.rules"
    path.write_text(f'{HEAD}import "acme/tiers.rules"\nmetric m = double(3)\n' + "# words\n" * 8_000, "utf-8")
    compiled: list[str] = []
    compile_rules = api_rules.compile_rules

    def counted(text: str, **more: Any) -> object:
        compiled.append(more["source"])
        return compile_rules(text, **more)

    monkeypatch.setattr(api_rules, "compile_rules", counted)

    def loaded(plugins: Registry) -> rulecrm.Rules:
        return rulecrm.load(path, plugins=plugins)

    first = loaded(registry_of({"acme": Acme()}))
    second = loaded(registry_of({"acme": Acme()}))
    assert len(compiled) == 1
    assert second.program.functions["double"].plugin == "acme"
    assert second.evaluate(facts, AS_OF).table().equals(first.evaluate(facts, AS_OF).table())

    class Rounded(Acme):
        @hookimpl
        def rulecrm_functions(self) -> tuple[Function, ...]:
            others = tuple(one for one in super().rulecrm_functions() if one.name != "double")
            return (*others, Function("double", (Argument("n", NUMBER),), TEXT, lambda n: n.cast(pl.String), "text"))

    assert loaded(registry_of({"acme": Rounded()})).program.definition("m").type == TEXT
    assert len(compiled) == 2

    class Dear(Acme):
        @hookimpl
        def rulecrm_standard_rules(self) -> dict[str, str]:
            return {"acme/tiers.rules": TIERS.replace("100 CNY", "900 CNY")}

    assert loaded(registry_of({"acme": Dear()})).program.params["gold_from"].value == Decimal(900)
    assert len(compiled) == 3


def test_versions_of_rules_load_again(acme: Registry) -> None:
    text = HEAD + 'import "acme/loyalty.rules"\nmetric m = double(2)'
    program = rulecrm.loads(text, source="shop.rules", plugins=acme).program
    again = load_kept(program.sources, params_of(program), acme)
    assert again is not None
    assert again.definitions == program.definitions
    assert rules_hash(again) == rules_hash(program)
    assert load_kept(program.sources, params_of(program), Registry()) is None


def test_the_version_of_rules_without_plugins_is_what_it_was() -> None:
    program = rulecrm.loads("segment s = count(purchase) > 0", plugins=Registry()).program
    assert rules_hash(program) == "6e854cf7256ba3ca46bc15ca5bf90bd9bc512a764fe4aa4f74aeb680dada66a7"


# --- facts --------------------------------------------------------------------------------------------------------


def test_facts_of_a_plugins_kind_are_read_as_others_are(acme: Registry) -> None:
    frame = pl.DataFrame({"customer": ["a"], "at": [instant("2025-01-02")], "minutes": ["many"]})
    with pytest.raises(RulesError) as caught:
        rulecrm.Facts.from_frames(stream=frame, schema=acme.schema())
    assert "minutes" in str(caught.value)
    unknown = rulecrm.Facts.from_frames(stream=frame.with_columns(minutes=3))
    assert [one.message for one in unknown.warnings if "stream" in one.message]
    assert STREAM.columns["minutes"].type == INT


def test_rows_of_a_plugins_kind_may_be_events(acme: Registry) -> None:
    events = pl.DataFrame(
        {"kind": ["stream", "visit"], "customer": ["a", "a"], "at": [instant("2025-01-02")] * 2, "minutes": [7, None]}
    )
    facts = rulecrm.Facts.from_frames(events=events, schema=acme.schema())
    assert values("metric m = sum(stream.minutes)", facts, acme) == [7]


def test_money_and_time_come_as_they_are_held(facts: rulecrm.Facts) -> None:
    cents = Function("cents", (Argument("amount", MONEY),), MONEY, lambda amount: amount % 100_000, "odd")
    late = Function("late", (Argument("time", DURATION),), BOOL, lambda time: time > 14 * 86_400_000_000, "late")
    assert values("metric m = cents(sum(purchase.amount) + 3 CNY)", facts, one(cents)) == [Decimal(3), Decimal(3), None]
    assert values("segment m = late(age(last(purchase).at))", facts, one(late)) == [False, True, False]
