"""Plugins as pip installs them: found, listed, used by every command, and told apart from what is broken."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rulecrm.plugin import discovery
from tests.plugin.conftest import ROOT, Install, Started

ACME = (ROOT / "tests" / "plugin" / "acme.py").read_text("utf-8").replace("class Acme:", "class Plugin:")

PUSH = '''
import click
from attrs import frozen
from rulecrm.plugin import ALLOWED, ChannelType, PlatformType, Secret, NO_SECRET, hookimpl

@frozen
class Settings:
    token: Secret
    url: str = "https://example.com"
    tries: int = 3
    senders: tuple[str, ...] = ()
    spare: Secret = NO_SECRET

@click.command("push-stats", short_help="Count what was pushed.")
@click.option("--fail", is_flag=True)
@click.option("--rules", is_flag=True)
def stats(fail, rules):
    """Count what was pushed."""
    if fail:
        raise LookupError("no such push")
    if rules:
        import rulecrm
        rulecrm.loads("segment s = 1")
    click.echo("7 pushed")
    return 3

@hookimpl
def rulecrm_channels():
    return [ChannelType("acme-push", "push", Settings, print, "push messages", """Sign up at https://example.com.

    Then make a token.""")]

@hookimpl
def rulecrm_platforms():
    return [PlatformType("acme", lambda channel, purpose: ALLOWED, "Acme's own shop")]

@hookimpl
def rulecrm_commands():
    return [stats]
'''


@pytest.fixture
def installed(install: Install) -> None:
    install("rulecrm-acme", {"acme": "acme_rules:plugin"}, "1.2",
            acme_rules=f"{ACME}\n\nplugin = Plugin()\n")  # fmt: skip
    install("acme-push", {"push": "acme_push"}, "0.3", acme_push=PUSH)
    install("broken", {"broken": "broken_one"}, "2.0", broken_one="import nowhere_to_be_found\n")
    install("leaving", {"leaving": "leaving_one"}, "0.1", leaving_one="import sys\nsys.exit('bye')\n")
    install("greedy", {"zz-greedy": "greedy_one"}, "0.1", greedy_one=PUSH.replace('"push-stats"', '"eval"'))


LISTED = """\
acme  rulecrm-acme 1.2
  function  double              twice the number
  function  long                more than a day
  function  one_of              whether a word is among others
  function  three               the number 3
  function  tier                gold or silver, gold from so much money on
  kind      stream              a live stream was watched
  rules     acme/loyalty.rules
  rules     acme/tiers.rules
broken  broken 2.0
  refused: ModuleNotFoundError: No module named 'nowhere_to_be_found'
leaving  leaving 0.1
  refused: SystemExit: bye
push  acme-push 0.3
  channel   acme-push   push messages
  platform  acme        Acme's own shop
  command   push-stats  Count what was pushed.
zz-greedy  greedy 0.1
  refused: the command `eval` is built in
built-in
  channel  console  Writes each message to the standard output as JSON.
  channel  file     Appends each message to a file as a line of JSON.
"""


@pytest.mark.usefixtures("installed")
def test_every_plugin_is_listed_and_why_one_was_refused(started: Started) -> None:
    done = started("-m", "rulecrm", "plugins")
    assert (done.stdout, done.stderr, done.returncode) == (LISTED, "", 0)


@pytest.mark.usefixtures("installed")
def test_they_are_listed_as_json(started: Started) -> None:
    found = json.loads(started("-m", "rulecrm", "plugins", "--format", "json").stdout)
    assert [one["name"] for one in found] == ["acme", "broken", "leaving", "push", "zz-greedy", "built-in"]
    assert found[3] == {
        "name": "push",
        "distribution": "acme-push",
        "version": "0.3",
        "refused": None,
        "offers": [
            {"what": "channel", "name": "acme-push", "doc": "push messages"},
            {"what": "platform", "name": "acme", "doc": "Acme's own shop"},
            {"what": "command", "name": "push-stats", "doc": "Count what was pushed."},
        ],
    }
    assert found[1]["refused"] == "ModuleNotFoundError: No module named 'nowhere_to_be_found'"


ONE = """\
push  acme-push 0.3

channel acme-push: push messages
  serves `push`; set up in sending.toml as

  [routes.NAME]
  use = "acme-push"
  token    a reference: env:NAME or keyring:SERVICE/USER; required; secret
  url      a text; 'https://example.com' where it is left out
  tries    a whole number; 3 where it is left out
  senders  a list of texts; may be left out
  spare    a reference: env:NAME or keyring:SERVICE/USER; may be left out; secret

  Sign up at https://example.com.

  Then make a token.

platform acme: Acme's own shop

command push-stats: Count what was pushed.
  rulecrm push-stats --help
"""


@pytest.mark.usefixtures("installed")
def test_one_is_told_in_full(started: Started) -> None:
    done = started("-m", "rulecrm", "plugins", "push")
    assert (done.stdout, done.returncode) == (ONE, 0)
    assert started("-m", "rulecrm", "plugins", "acme-push").stdout == ONE
    functions = started("-m", "rulecrm", "plugins", "acme").stdout
    assert "  tier(spent: money, edge: constant money) gives text\n  such as tier(spent, 100 CNY)\n" in functions
    assert "kind stream: a live stream was watched\n  minutes  int; how long\n" in functions
    found = json.loads(started("-m", "rulecrm", "plugins", "push", "--format", "json").stdout)
    assert found["offers"][0]["settings"][0] == {
        "name": "token", "type": "a reference: env:NAME or keyring:SERVICE/USER", "required": True, "default": None,
        "secret": True,
    }  # fmt: skip


@pytest.mark.usefixtures("installed")
def test_one_that_was_refused_and_one_that_is_not_there(started: Started) -> None:
    done = started("-m", "rulecrm", "plugins", "broken")
    assert done.returncode == 1
    assert done.stdout == "broken  broken 2.0\nrefused: ModuleNotFoundError: No module named 'nowhere_to_be_found'\n"
    done = started("-m", "rulecrm", "plugins", "pusch")
    assert done.returncode == 2
    assert "no plugin is called pusch; the nearest is push" in done.stderr


@pytest.mark.usefixtures("installed")
def test_a_command_of_a_plugin_is_a_command(started: Started) -> None:
    done = started("-m", "rulecrm", "push-stats")
    assert (done.stdout, done.returncode) == ("7 pushed\n", 3)
    listed = started("-m", "rulecrm", "--help").stdout
    assert "Commands of plugins:\n  push-stats  Count what was pushed.\n" in listed
    assert "Say who is in which segment." in listed


@pytest.mark.usefixtures("installed")
def test_a_command_that_fails_is_its_plugins(started: Started) -> None:
    done = started("-m", "rulecrm", "push-stats", "--fail")
    assert done.returncode == 70
    assert "LookupError: no such push" in done.stderr
    assert "This is a bug of the plugin push (acme-push 0.3), not of rulecrm." in done.stderr
    assert "This is a bug of rulecrm" not in done.stderr
    done = started("-m", "rulecrm", "push-stats", "--rules")
    assert done.returncode == 1
    assert "error[R202]" in done.stderr
    assert "Traceback" not in done.stderr


RULES = """\
currency CNY

timezone "UTC"

import "acme/tiers.rules" with { gold_from: 30 CNY }

segment keen = sum(stream.minutes) > 20

test "thirty is gold" {
  customer "x" {
    purchase at 2025-01-01 { amount: 30 CNY }
    stream at 2025-01-01 { minutes: 21 }
  }
  at 2025-01-02 expect golden
  at 2025-01-02 expect keen
}
"""


@pytest.mark.usefixtures("installed")
def test_every_command_speaks_the_language_of_the_plugins(started: Started, tmp_path: Path) -> None:
    rules, facts = tmp_path / "shop.rules", tmp_path / "facts"
    rules.write_text(RULES, "utf-8")
    facts.mkdir()
    (facts / "orders.csv").write_text("order,customer,paid_at,amount\n1,a,2025-01-01T10:00Z,30.00\n", "utf-8")
    (facts / "stream.csv").write_text("customer,at,minutes\nb,2025-01-01T10:00Z,21\n", "utf-8")
    for words in (("check", rules), ("check", "--format", "json", rules), ("fmt", "--check", rules), ("test", rules)):
        done = started("-m", "rulecrm", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    said = started("-m", "rulecrm", "eval", rules, "--facts", facts, "--as-of", "2025-02-01", "--members", "golden")
    assert said.stdout == "a\n", said.stderr
    said = started("-m", "rulecrm", "eval", rules, "--facts", facts, "--as-of", "2025-02-01", "--members", "keen")
    assert said.stdout == "b\n", said.stderr
    program = (
        "import polars as pl, datetime as dt, rulecrm\n"
        "frame = pl.DataFrame({'customer': ['a'], 'at': [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)], 'minutes': [30]})\n"
        "facts = rulecrm.Facts.from_frames(stream=frame)\n"
        "print(rulecrm.loads('metric m = sum(stream.minutes)').evaluate(facts, '2025-02-01').table()['m'].to_list())\n"
    )
    assert started("-c", program).stdout == "[30]\n"


def imported(started: Started, path: Path) -> set[str]:
    done: subprocess.CompletedProcess[str] = started("-X", "importtime", "-m", "rulecrm", "check", path)
    assert done.returncode == 0, done.stdout
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_check_waits_for_no_plugin_that_is_not_there(started: Started, tmp_path: Path) -> None:
    path = tmp_path / "s.rules"
    path.write_text("segment s = count(purchase) > 0\n", "utf-8")
    names = imported(started, path)
    assert "rulecrm.plugin.discovery" in names
    assert not names & {"importlib.metadata", "pluggy", "click", "polars", "numpy", "rulecrm.plugin.registry"}


def test_a_check_with_a_plugin_waits_for_no_polars(started: Started, tmp_path: Path, install: Install) -> None:
    module = (
        "from rulecrm.plugin import NUMBER, Argument, Function, hookimpl\n"
        "@hookimpl\n"
        "def rulecrm_functions():\n"
        "    return [Function('twice', (Argument('n', NUMBER),), NUMBER, lambda n: n * 2, 'twice')]\n"
    )
    install("twice", {"twice": "twice_one"}, twice_one=module)
    path = tmp_path / "s.rules"
    path.write_text("segment s = twice(count(purchase)) > 3\n", "utf-8")
    assert not imported(started, path) & {"click", "polars", "numpy"}


# --- whether anything is installed --------------------------------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all there is on the path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(
        sys, "meta_path", [one for one in sys.meta_path if getattr(one, "__name__", "") == "PathFinder"]
    )
    return tmp_path


def found() -> bool:
    return discovery.any_installed.__wrapped__()


def test_nothing_is_installed(alone: Path) -> None:
    (alone / "other-1.0.dist-info").mkdir()
    (alone / "other-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\nrulecrm = a:b\n", "utf-8")
    (alone / "bare-1.0.dist-info").mkdir()
    (alone / "rulecrm.py").write_text("[rulecrm]", "utf-8")
    assert not found()


@pytest.mark.parametrize("name", ["acme-1.0.dist-info", "acme.egg-info", "acme.egg/EGG-INFO"])
@pytest.mark.parametrize("head", ["[rulecrm]", "[ rulecrm ]"])
def test_something_is_installed(alone: Path, name: str, head: str) -> None:
    (alone / name).mkdir(parents=True)
    (alone / name / "entry_points.txt").write_text(f"[other]\na = b\n{head}\nacme = acme\n", "utf-8")
    assert found()


def test_what_cannot_be_looked_into_may_be_something(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(alone / "all.zip", "w") as archive:
        archive.writestr("acme-1.0.dist-info/entry_points.txt", "[rulecrm]\nacme = acme\n")
    monkeypatch.setattr(sys, "path", [str(alone), str(alone / "nowhere")])
    assert not found()
    monkeypatch.setattr(sys, "path", [str(alone / "all.zip")])
    assert found()


def test_another_finder_may_find_something(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_distributions(self, context: object) -> list[object]:
            return []

    assert not found()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert found()


def test_the_present_folder_is_looked_into(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "acme-1.0.dist-info").mkdir()
    (alone / "acme-1.0.dist-info" / "entry_points.txt").write_text("[rulecrm]\nacme = acme\n", "utf-8")
    monkeypatch.chdir(alone)
    monkeypatch.setattr(sys, "path", [""])
    assert found()
