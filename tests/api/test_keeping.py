"""Large files are kept between processes, are never stale, and whatever goes wrong with that goes unnoticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import rulecrm
from rulecrm.api import keeping
from rulecrm.api.keeping import MOST, SMALLEST, cache_folder
from rulecrm.diagnostics.model import RulesError

ROOT = Path(__file__).parents[2]
FILLING = "metric filling = count(purchase)\n" + "# words that make the file large\n" * (SMALLEST // 30)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "rulecrm"
    monkeypatch.setenv("RULECRM_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "lib.rules").write_text("metric orders = count(order)", encoding="utf-8")
    (tmp_path / "hello.html").write_text("<p>Hello.</p>", encoding="utf-8")
    path = tmp_path / "shop.rules"
    own = 'param many: int = 3\nsegment loyal = orders > many\ntemplate hello for sms { body file "hello.html" }\n'
    path.write_text(f'import "lib.rules"\n{own}{FILLING}', "utf-8")
    assert path.stat().st_size > SMALLEST
    return path


def again(path: Path, **params: object) -> rulecrm.Rules:
    """As another process would load it: nothing is remembered."""
    from rulecrm.api.remembering import _slot

    _slot.cache_clear()
    return rulecrm.load(path, params=params)


class CompilerAskedError(Exception):
    """The compiler was asked."""


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the compiler is out of reach."""
    from rulecrm.api import rules

    def refuse(*words: object, **more: object) -> None:
        raise CompilerAskedError

    monkeypatch.setattr(rules, "compile_rules", refuse)


def test_what_was_kept_is_what_was_compiled(folder: Path, shop: Path, request: pytest.FixtureRequest) -> None:
    first = again(shop)
    (file,) = folder.glob("*.json")
    request.getfixturevalue("no_compiler")
    second = again(shop)
    assert second.program == first.program
    assert second.program.definitions[2].span == first.program.definitions[2].span
    assert second.warnings == first.warnings
    assert dict(second.program.sources) == dict(first.program.sources)
    assert second.names() == first.names()
    assert [*folder.iterdir()] == [file]


def test_warnings_are_kept(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "warned.rules"
    path.write_text(f"{FILLING}\nlifecycle stage {{ start here  here -> gone on visit }}", "utf-8")
    first = again(path)
    assert [one.code for one in first.warnings] != []
    request.getfixturevalue("no_compiler")
    assert again(path).warnings == first.warnings


@pytest.mark.parametrize("change", ["text", "import", "param", "name", "missing import", "template"])
def test_what_has_changed_is_compiled_anew(
    change: str, folder: Path, shop: Path, request: pytest.FixtureRequest
) -> None:
    again(shop)
    request.getfixturevalue("no_compiler")
    lib = shop.with_name("lib.rules")
    match change:
        case "text":
            shop.write_text(shop.read_text("utf-8").replace("> many", "< many"), "utf-8")
        case "import":
            lib.write_text("metric orders = count(visit)", "utf-8")
        case "missing import":
            lib.unlink()
        case "template":
            shop.with_name("hello.html").write_text("<p>Goodbye.</p>", "utf-8")
        case "name":
            shop = shop.rename(shop.with_name("other.rules"))
    with pytest.raises(CompilerAskedError):
        again(shop, **({"many": 4} if change == "param" else {}))


def test_another_compiler_compiles_anew(folder: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again(shop)
    monkeypatch.setattr(keeping, "__version__", "0.0.1")
    again(shop)
    assert len([*folder.iterdir()]) == 2


def test_params_are_told_apart_by_type(folder: Path, shop: Path) -> None:
    assert again(shop, many=4).program.params["many"].value == 4
    assert again(shop, many="5").program.params["many"].value == 5
    assert again(shop, many=4).program.params["many"].value == 4
    assert len([*folder.iterdir()]) == 2


def _head_of(file: Path) -> tuple[dict[str, object], bytes]:
    head, _, table = file.read_bytes().partition(b"\n")
    return json.loads(head), table


@pytest.mark.parametrize(
    "harm", ["empty", "cut", "bit", "noise", "no table", "other value", "strange class", "wrong head", "deep", "folder"]
)
def test_whatever_is_wrong_with_it_the_rules_load(harm: str, folder: Path, shop: Path) -> None:
    good = again(shop).program
    (file,) = folder.glob("*.json")
    data = file.read_bytes()
    head, table = _head_of(file)
    harmed = data
    match harm:
        case "empty":
            harmed = b""
        case "cut":
            harmed = data[:-100]
        case "bit":
            harmed = data[:-50] + bytes([data[-50] ^ 1]) + data[-49:]
        case "noise":
            harmed = os.urandom(1000)
        case "wrong head":
            harmed = b"[]\n" + table
        case "folder":
            file.unlink()
            file.mkdir()
        case _:
            table = {
                "no table": b"null",
                "other value": b'[["",[["words"]]]]',
                "strange class": b'[["",[["true"]]],["os.system",[[0]]]]',
                "deep": b"[" * 100_000,
            }[harm]
            harmed = json.dumps(head | {"checksum": zlib.crc32(table)}).encode() + b"\n" + table
    if harm != "folder":
        file.write_bytes(harmed)
    assert again(shop).program == good
    if harm != "folder":
        assert file.read_bytes() == data


def test_a_folder_that_cannot_be_written_is_no_matter(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RULECRM_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert again(shop).program == again(shop).program


def test_a_compiler_without_files_keeps_nothing(folder: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise NotADirectoryError(path)

    monkeypatch.setattr(keeping.os, "scandir", refuse)
    assert again(shop).names()
    assert not folder.exists()


def test_an_empty_name_keeps_nothing(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("RULECRM_CACHE_DIR", "")
    again(shop)
    assert not (tmp_path / "home").exists()


def test_small_files_and_broken_ones_are_not_kept(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.rules"
    path.write_text("segment loyal = count(purchase) > 3", "utf-8")
    again(path)
    path.write_text(f"{FILLING}\nsegment loyal = nothing > 3", "utf-8")
    for _ in range(2):
        with pytest.raises(RulesError):
            again(path)
    assert not folder.exists()


def test_where_things_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RULECRM_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "rulecrm"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / ".cache" / "rulecrm"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "rulecrm"


def test_the_oldest_are_forgotten(folder: Path, shop: Path) -> None:
    again(shop)
    (file,) = folder.glob("*.json")
    for number in range(MOST + 5):
        other = folder / f"{number}.json"
        other.write_text("{}")
        os.utime(other, (number, number))
    os.utime(file, (10**9, 10**9))
    again(shop, many=9)
    assert len([*folder.iterdir()]) == MOST
    assert file.exists()


def test_two_processes_at_once(folder: Path, shop: Path) -> None:
    script = f"import rulecrm; print(len(rulecrm.load({str(shop)!r}).names()))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    told = [process.communicate() for process in processes]
    count = len(again(shop).names())
    assert told == [(f"{count}\n".encode(), b"")] * 3
    assert [file.suffix for file in folder.iterdir()] == [".json"]
