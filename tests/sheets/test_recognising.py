"""What a file is taken for, and what is said where it is taken for nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rulecrm.diagnostics import RulesError
from rulecrm.plugin import FileFormat
from rulecrm.sheets import by_columns, recognise

OLD, NEW = ("order", "buyer", "paid"), ("order", "buyer", "paid", "shop", "till")


def form(name: str, needed=("order", "buyer"), generations=None) -> FileFormat:
    known = generations or {"the older": OLD, "the newer": NEW}
    return FileFormat(
        name, "a file", lambda seen: by_columns(seen, needed, known), lambda seen, said: iter(()), (needed,)
    )


def written(path: Path, columns) -> Path:
    path.write_text(",".join(columns) + "\n" + ",".join("x" for _ in columns) + "\n", "utf-8")
    return path


def refusal(path: Path, formats, **options) -> object:
    with pytest.raises(RulesError) as caught:
        recognise(path, formats, **options)
    (one,) = caught.value.diagnostics
    return one


def test_it_says_the_generation_and_what_is_left_out(tmp_path):
    found, seen, why = recognise(written(tmp_path / "a.csv", [*NEW, "extra"]), [form("acme")])
    assert (found.name, seen.header) == ("acme", (*NEW, "extra"))
    assert why.why == "the newer: 5 of its 5 columns are there, `order`, `buyer` among them; 1 others are left out"
    assert recognise(written(tmp_path / "a.csv", OLD), [form("acme")])[2].sure == 1


def test_the_surest_is_believed(tmp_path):
    other = form("other", generations={"its own": ("order", "buyer", "x", "y", "z")})
    assert recognise(written(tmp_path / "a.csv", OLD), [other, form("acme")])[0].name == "acme"
    assert recognise(written(tmp_path / "a.csv", OLD), [other, form("acme")], name="other")[0].name == "other"


def test_two_that_fit_equally_are_an_error(tmp_path):
    one = refusal(written(tmp_path / "a.csv", OLD), [form("acme"), form("bmce")])
    assert (one.code, one.data["formats"]) == ("R722", ["acme", "bmce"])


def test_what_nobody_knows_is_told_the_nearest(tmp_path):
    formats = [form("acme"), form("far", needed=("p", "q", "r", "buyer"))]
    one = refusal(written(tmp_path / "a.csv", ["buyer", "paid", "when"]), formats)
    assert (one.code, one.data["nearest"], one.data["missing"]) == ("R721", "acme", ["order"])
    assert "`acme`" in one.message
    assert "`order` is missing" in one.message
    far = refusal(written(tmp_path / "a.csv", ["u", "v", "w"]), formats)
    assert (far.code, far.help) == ("R721", "known: acme, far")


def test_a_file_without_a_header_is_told_so(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2,3\n4,5,6\n")
    assert "header" in refusal(path, [form("acme")]).message


def test_a_format_that_is_none(tmp_path):
    one = refusal(written(tmp_path / "a.csv", OLD), [form("acme")], name="acmee")
    assert (one.code, one.help) == ("R726", "one of: acme")
    assert refusal(written(tmp_path / "a.csv", OLD), [], name="acme").code == "R726"
    assert refusal(written(tmp_path / "a.csv", OLD), []).code == "R721"


def test_text_is_recognised_without_polars():
    program = (
        "import sys, pathlib, tempfile\n"
        "from rulecrm.sheets import sample\n"
        "path = pathlib.Path(tempfile.mkdtemp()) / 'a.csv'\n"
        "path.write_text('order,buyer\\n1,a\\n')\n"
        "assert sample(path).header == ('order', 'buyer')\n"
        "sys.exit(int('polars' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
