"""`rulecrm eval` prints what the rules say of the shop, in three forms, and writes the whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

AS_OF = "2025-03-15"

SIZES = [
    ("repeat", None, "Buys again", 2, 2 / 3),
    ("lapsed", None, None, 1, 1 / 3),
    ("size", "big", "Three and more", 1, 1 / 3),
    ("size", "small", None, 2, 2 / 3),
]


def test_the_table_holds_every_segment_and_every_label(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF)

    assert said.status == 0
    assert said.err == ""
    head, *lines = said.out.splitlines()
    assert head == "shop.rules as of 2025-03-15 00:00 Asia/Shanghai"
    cells = [line.split() for line in lines[1:]]
    assert cells == [
        ["repeat", "Buys", "again", "2", "66.7%", "██████████▋"],
        ["lapsed", "1", "33.3%", "█████▍"],
        ["size", "is", "big", "Three", "and", "more", "1", "33.3%", "█████▍"],
        ["size", "is", "small", "2", "66.7%", "██████████▋"],
    ]


def test_json_holds_the_same(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--format", "json")

    found = json.loads(said.out)
    assert found["as_of"] == "2025-03-14T16:00:00+00:00"
    assert [tuple(line.values()) for line in found["sizes"]] == SIZES


def test_csv_holds_the_same(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--format", "csv")

    head, *rows = csv.reader(io.StringIO(said.out))
    assert head == ["name", "label", "title", "size", "share"]
    assert [
        (name, label or None, title or None, int(size), float(share)) for name, label, title, size, share in rows
    ] == SIZES


@pytest.mark.parametrize("as_of", ["2025-03-10T10:00", "2025-03-10T10:00+08:00", "2025-03-10T02:00Z"])
def test_an_instant_without_a_zone_is_wall_clock_of_the_rules(run: Any, rules: Path, facts: Path, as_of: str) -> None:
    def size(instant: str) -> int:
        said = run("eval", rules, "--facts", facts, "--as-of", instant, "--only", "repeat", "--format", "json")
        return int(json.loads(said.out)["sizes"][0]["size"])

    # c's second purchase is at that very instant
    assert size(as_of) == 2
    assert size("2025-03-10T09:59:59") == 1


def test_members_are_printed_one_a_line(run: Any, rules: Path, facts: Path) -> None:
    assert run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--members", "repeat").out == "a\nc\n"


def test_a_param_is_set(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--members", "repeat", "--set", "many=3")
    assert said.out == "a\n"


def test_shards_change_nothing(run: Any, rules: Path, facts: Path) -> None:
    words = ("eval", rules, "--facts", facts, "--as-of", AS_OF, "--format", "json")
    assert run(*words, "--shards", 2).out == run(*words).out


def test_only_evaluates_what_is_named(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--only", "lapsed", "--format", "csv")
    assert [line.split(",")[0] for line in said.out.splitlines()[1:]] == ["lapsed"]


def test_the_whole_result_is_written(run: Any, rules: Path, facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.parquet"
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--out", out)

    assert said.err == f"wrote {out}\n"
    written = pl.read_parquet(out)
    assert written.columns == ["customer", "purchases", "repeat", "lapsed", "size"]
    assert written.drop("size").rows() == [("a", 3, True, False), ("b", 1, False, True), ("c", 2, True, False)]


def test_without_an_instant_it_is_now(run: Any, rules: Path, facts: Path) -> None:
    # the last purchase was in March 2025: by now all have lapsed
    assert run("eval", rules, "--facts", facts, "--members", "lapsed").out == "a\nb\nc\n"


def test_an_unknown_segment_is_a_diagnostic(run: Any, rules: Path, facts: Path) -> None:
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--only", "repeet")
    assert (said.status, said.out) == (1, "")
    assert "error[R120]" in said.err
    assert "`repeat`" in said.err


def test_a_diagnostic_is_json_where_json_is_asked_for(run: Any, wrong: Path, facts: Path) -> None:
    said = run("eval", wrong, "--facts", facts, "--format", "json")
    assert (said.status, said.err) == (1, "")
    assert [one["code"] for one in json.loads(said.out)] == ["R101"]


def test_a_kind_that_no_file_brings_is_told(run: Any, rules: Path, tmp_path: Path) -> None:
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer\na\n", "utf-8")
    said = run("eval", rules, "--facts", folder, "--as-of", AS_OF, "--members", "repeat")
    assert (said.status, said.out) == (0, "")
    assert "warning[R425]" in said.err


def test_the_states_of_a_lifecycle_are_counted(run: Any, rules: Path, facts: Path) -> None:
    """a leaves 31 days between two purchases, b has none after 5 January, c leaves 28 days."""
    text = rules.read_text("utf-8")
    text += (
        "\nlifecycle life {\n  start new\n  new -> old after 30d without purchase\n}\n\nsegment olds = life is old\n"
    )
    rules.write_text(text, "utf-8")
    said = run("eval", rules, "--facts", facts, "--as-of", AS_OF, "--format", "csv")
    assert said.status == 0
    lines = [line.split(",") for line in said.out.splitlines()]
    sizes = {(name, label): int(size) for name, label, _, size, _ in lines[1:] if name in ("olds", "life")}
    assert sizes == {("olds", ""): 2, ("life", "new"): 1, ("life", "old"): 2}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--as-of", "yesterday"], "'yesterday' is no instant"),
        (["--set", "many"], "'many' is not NAME=VALUE"),
        (["--set", "=3"], "'=3' is not NAME=VALUE"),
        (["--shards", "0"], "0 is not in the range"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_words_are_a_usage_error(run: Any, rules: Path, facts: Path, words: list[str], told: str) -> None:
    said = run("eval", rules, "--facts", facts, *words)
    assert (said.status, said.out) == (2, "")
    assert told in said.err
