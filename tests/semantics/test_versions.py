"""Versions of campaigns: they follow the meaning, and nothing else."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from rulecrm.model.ir import Now
from rulecrm.model.machine import Rows, Tag, Template, TemplatePart
from rulecrm.semantics.compile import Compiled
from rulecrm.semantics.versions import canonical

TEXT = """
timezone "Asia/Shanghai"
currency CNY
param limit: money = 100 CNY
metric spent "Spent" = sum(purchase.amount last 365d) ?? 0 CNY
metric other = count(visit)
segment rich = spent > limit
segment top = percentile(spent) >= 80%
lifecycle walk { start a  state b  a -> b on visit when rich  entering b { tag "b" } }
lifecycle elsewhere { start c  state d  c -> d on visit }
template hello for sms { body file "hello.txt" }
template unused for sms "Unused."
campaign c "Title" {
  enter on walk -> b when top
  send sms hello
  wait 3d
}
campaign second { enter on visit  tag "second" }
"""


@pytest.fixture
def version(compiled: Callable[..., Compiled]) -> Callable[..., str]:
    """The version of the campaign `c`, words of the text or of the template being replaced."""

    def run(*changes: tuple[str, str], words: str = "Hello.", params: dict[str, object] | None = None) -> str:
        text = TEXT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        result = compiled(text, files={"hello.txt": words}, params=params)
        assert result.program is not None, [one.message for one in result.diagnostics]
        return next(one.version for one in result.program.campaigns if one.symbol == "c")

    return run


@pytest.mark.parametrize(
    "change",
    [
        ("wait 3d", "# a comment\n  wait   3d"),
        ("campaign c", '"""About it."""\ncampaign c'),
        ('"Title"', '"Another title"'),
        ('spent "Spent"', 'spent "What was spent"'),
        ("count(visit)", "count(visit last 3d)"),
        ("c -> d on visit", "c -> d on purchase"),
        ("Unused.", "Still unused."),
        ('tag "b"', 'tag "other"'),
        ('tag "second"', 'tag "other"'),
        ("100 CNY", "100.0 CNY"),
        ("metric other", "metric third = 1\nmetric other"),
    ],
    ids=lambda change: str(change[1]),
)
def test_what_the_campaign_does_not_mean_makes_no_version(version: Callable[..., str], change: tuple[str, str]) -> None:
    assert version(change) == version()


@pytest.mark.parametrize(
    "change",
    [
        ("wait 3d", "wait 4d"),
        ("100 CNY", "101 CNY"),
        ("365d", "364d"),
        ("a -> b on visit", "a -> b on purchase"),
        ("a -> b on visit when rich", "a -> b on visit"),
        ("Asia/Shanghai", "Europe/Berlin"),
        ("campaign c ", "campaign c2 "),
        ("80%", "81%"),
        ("enter on walk -> b when top", "enter on walk -> b when top  reenter always"),
        ("enter on walk -> b when top", "enter on walk -> b when top  control 10%"),
        ("send sms hello", 'send sms hello with { a: "b" }'),
    ],
    ids=lambda change: str(change[1]),
)
def test_what_the_campaign_means_makes_a_version(
    compiled: Callable[..., Compiled], version: Callable[..., str], change: tuple[str, str]
) -> None:
    if change[1] == "campaign c2 ":
        result = compiled(TEXT.replace(*change), files={"hello.txt": "Hello."})
        assert result.program is not None
        assert result.program.campaigns[0].version != version()
    else:
        assert version(change) != version()


def test_the_words_of_a_template_and_the_params_are_part_of_it(version: Callable[..., str]) -> None:
    assert version(words="Good day.") != version()
    assert version(params={"limit": "200 CNY"}) != version()
    assert version(params={"limit": "100 CNY"}) == version()
    # it is the text that counts, not the file it came from
    inline = ('{ body file "hello.txt" }', '"Hello."')
    assert version(inline) == version()


def test_a_version_is_the_same_in_every_process(version: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("Hello.", "utf-8")
    (tmp_path / "t.rules").write_text(TEXT, "utf-8")
    code = (
        "import sys; from rulecrm.semantics.compile import compile_rules as c;"
        "found = c(open(sys.argv[1], encoding='utf-8').read(), source=sys.argv[1]).program.campaigns[0];"
        "print(found.version)"
    )
    for seed in ("1", "2"):
        made = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "t.rules")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        assert made.stdout.strip() == version()


def test_a_version_outlives_releases(version: Callable[..., str]) -> None:
    """Journeys in a ledger belong to a version; if this changes, every one of them is of an older one at once."""
    assert version() == "52a122323599890a15d868f47fa6466eef685f466bbd49337100d2e40a317758"


def test_the_canonical_text() -> None:
    assert canonical(Rows("visit")) == 'Rows{ kind= "visit" }'
    assert canonical(Rows("visit", (Now(),))) == 'Rows{ kind= "visit" where= ( Now{ } ) }'
    assert canonical((None, True, 1, 1.5, Decimal("1.50"), "é\n")) == (
        '( NoneType:None bool:True int:1 float:0x1.8000000000000p+0 Decimal:1.5 "\\u00e9\\n" )'
    )
    at = dt.datetime(2025, 1, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert canonical((at, dt.date(2025, 1, 1), dt.time(9))) == (
        "( datetime:2025-01-01T00:00:00+00:00 date:2025-01-01 time:09:00:00 )"
    )
    assert canonical(Tag("a")) != canonical(("Tag", "a"))
    assert canonical((("a",), ())) != canonical((("a", ()),))


def test_titles_documents_and_files_are_no_meaning() -> None:
    plain = Template("t", "sms", (TemplatePart("body", "Hello."),))
    dressed = Template("t", "sms", (TemplatePart("body", "Hello.", file="a.txt"),), title="T", doc="About it.")
    assert canonical(plain) == canonical(dressed)
    assert canonical(plain) != canonical(Template("t", "sms", (TemplatePart("body", "Hello.", locale="zh"),)))
