"""A ledger is found, made or migrated; what is none, or not ours, is refused and left as it was."""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from attrs import evolve

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.model.decisions import ids_of
from rulecrm.model.durations import Duration
from rulecrm.state import Ledger
from rulecrm.state.address import address_of
from rulecrm.state.connecting import engine_of, transaction
from rulecrm.state.migrations import MIGRATIONS, migrate
from rulecrm.state.tables import ALL
from tests.docs.pages import ROOT
from tests.state.postgres import Server
from tests.state.rows import DAY, RULES, SETTINGS, T0, journey, journeys

VERSION_1 = Path(__file__).with_name("version_1.sql")


def refused(act: Callable[[], object]) -> Diagnostic:
    with pytest.raises(RulesError) as error:
        act()
    (found,) = error.value.diagnostics
    return found


def opening(url: str, **options: bool) -> Callable[[], object]:
    return lambda: Ledger.open(url, wait=0.2, **options)


@contextmanager
def behind(url: str) -> Iterator[sa.Connection]:
    """A transaction behind the ledger's back."""
    engine = engine_of(address_of(url), 5, create=True)
    try:
        with transaction(engine, write=True) as connection:
            yield connection
    finally:
        engine.dispose()


def sql(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements behind the ledger's back."""
    rows: list[tuple[object, ...]] = []
    with behind(url) as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows


def dump(url: str) -> list[list[tuple[object, ...]]]:
    """All that a ledger's tables hold."""
    return [sql(url, f"SELECT * FROM {table.name} ORDER BY 1") for table in ALL]


# --- schema -------------------------------------------------------------------------------------------------------


def test_the_tables_have_the_columns_that_queries_name(ledger: Ledger, url: str) -> None:
    with behind(url) as connection:
        inspector = sa.inspect(connection)
        for table in ALL:
            assert [column["name"] for column in inspector.get_columns(table.name)] == list(table.c.keys())
        assert sorted(inspector.get_table_names()) == sorted(table.name for table in ALL)


def test_a_version_1_ledger_is_migrated_and_goes_on(url: str) -> None:
    sql(url, *VERSION_1.read_text("utf-8").split(";\n"))
    with Ledger.open(url) as ledger:
        assert ledger.claim(SETTINGS) == SETTINGS
        assert sql(url, "SELECT value FROM rulecrm_meta WHERE name = 'schema'") == [(str(len(MIGRATIONS)),)]
        assert ledger.decisions().get_column("customer").to_list() == ["li"]
        with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as advance:
            assert advance.journeys().get_column("customer").to_list() == ["li"]
            advance.write(journeys=journeys([journey("wang", decided=T0 + 2 * DAY)]))
            advance.finish(RULES)
        assert ledger.erase("li") == 2


def test_the_first_step_still_makes_version_1(url: str) -> None:
    """A released step is never edited: it makes what the file of its time says."""
    with behind(url) as connection:
        assert migrate(connection, 0, MIGRATIONS[:1]) == 1
    made = _shape(url)
    for name in sorted(made, key=lambda name: name in ("rulecrm_rules", "rulecrm_journeys")):
        sql(url, f"DROP TABLE {name}")
    sql(url, *VERSION_1.read_text("utf-8").split(";\n"))
    assert _shape(url) == made


def test_decisions_of_a_campaign_lie_side_by_side(ledger: Ledger, url: str) -> None:
    """In the order of bytes, which is why there is no index by campaign."""
    first, end = ids_of("gift")
    question = f"SELECT * FROM rulecrm_decisions WHERE decision >= '{first}' AND decision < '{end}'"
    with behind(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which is quicker while there is nothing
            plan = [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {question}")]
            assert any("Index Cond" in line for line in plan), plan
            names = "SELECT DISTINCT collation_name FROM information_schema.columns"
            keys = "column_name IN ('decision', 'journey', 'customer') AND table_schema = current_schema()"
            assert connection.exec_driver_sql(f"{names} WHERE {keys}").all() == [("C",)]
        else:
            (row,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}").all()
            assert str(row[-1]).startswith("SEARCH rulecrm_decisions USING INDEX"), row


def _shape(url: str) -> dict[str, object]:
    with behind(url) as connection:
        inspector = sa.inspect(connection)
        return {
            name: [
                [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
                sorted((str(index["name"]), index["column_names"]) for index in inspector.get_indexes(name)),
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(key["referred_table"] for key in inspector.get_foreign_keys(name)),
            ]
            for name in sorted(inspector.get_table_names())
        }


def test_a_migration_that_fails_leaves_the_version_before(ledger: Ledger, url: str) -> None:
    def half(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE rulecrm_new (x TEXT)")
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        behind(url) as connection,
    ):
        migrate(connection, len(MIGRATIONS), (*MIGRATIONS, half))
    assert sql(url, "SELECT value FROM rulecrm_meta WHERE name = 'schema'") == [(str(len(MIGRATIONS)),)]
    assert "rulecrm_new" not in _shape(url)


def test_a_newer_schema_is_refused_and_left(ledger: Ledger, url: str) -> None:
    sql(url, "UPDATE rulecrm_meta SET value = '99' WHERE name = 'schema'")
    before = dump(url)
    found = refused(opening(url))
    assert (found.code, found.data) == ("R454", {"schema": 99, "known": len(MIGRATIONS)})
    assert dump(url) == before


def test_opening_again_changes_nothing(ledger: Ledger, url: str) -> None:
    before = dump(url)
    with Ledger.open(url, create=False) as again:
        assert again.claim(SETTINGS) == SETTINGS
    assert dump(url) == before


def test_nothing_there_is_not_made_unless_asked(url: str, tmp_path: Path) -> None:
    assert refused(opening(url, create=False)).code == "R460"
    assert not list(tmp_path.iterdir())


def test_a_postgresql_that_others_use_is_shared(server: Server) -> None:
    with server.schema() as url:
        sql(url, "CREATE TABLE clock (x TEXT)", "INSERT INTO clock VALUES ('mine')")
        with Ledger.open(url) as ledger:
            ledger.claim(SETTINGS)
        assert sql(url, "SELECT x FROM clock") == [("mine",)]


# --- settings -----------------------------------------------------------------------------------------------------

OTHER = {
    "zone": evolve(SETTINGS, zone="Europe/Berlin"),
    "seed": evolve(SETTINGS, seed="another"),
    "start": evolve(SETTINGS, start=T0 + 1),
    "rules": evolve(SETTINGS, rules="other.rules", machines=frozenset({"winback"})),
}


@pytest.mark.parametrize("setting", OTHER)
def test_a_ledger_of_another_engine_is_refused_and_left(ledger: Ledger, url: str, setting: str) -> None:
    before = dump(url)
    found = refused(lambda: ledger.claim(OTHER[setting]))
    assert (found.code, found.data["setting"]) == ("R455", setting)
    assert dump(url) == before


def test_rules_may_be_edited_renamed_and_moved(ledger: Ledger) -> None:
    edited = evolve(SETTINGS, machines=frozenset({"winback"}))
    assert ledger.claim(edited) == edited, "the same file, with another campaign"
    renamed = evolve(edited, rules="crm.rules", machines=frozenset({"winback", "gift"}))
    assert ledger.claim(renamed) == renamed, "another file, with the campaign"
    assert (
        refused(lambda: ledger.claim(evolve(renamed, rules="shop.rules", machines=frozenset({"care"})))).code == "R455"
    )


def test_without_a_start_the_ledgers_own_holds_and_lateness_may_change(ledger: Ledger) -> None:
    found = ledger.claim(evolve(SETTINGS, start=None, lateness=Duration(months=1)))
    assert found == evolve(SETTINGS, lateness=Duration(months=1))


def test_a_new_ledger_without_a_start_stands_before_the_first_fact(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.claim(evolve(SETTINGS, start=None))
        assert ledger.clock() is None
        assert refused(lambda: ledger.claim(SETTINGS)).code == "R455"
        with ledger.advance(T0, expected_clock=None) as advance:
            assert advance.clock is None
            advance.write(journeys=journeys([journey("li", entered=T0 - DAY, decided=T0)]))
            advance.finish(RULES)
        assert ledger.clock() == T0


# --- what cannot be opened ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("mysql://root:hush@db/shop", "sqlite:///crm.db"),
        ("postgres://shop:hush@db/shop", "write postgresql://"),
        ("sqlit:///crm.db", "write sqlite://"),
        ("crm.db", "sqlite:///crm.db"),
        ("", "sqlite:///crm.db"),
        ("postgresql://shop:hush@db:port/shop", "sqlite:///crm.db"),
        ("sqlite://crm.db", "three slashes"),
        ("sqlite:///crm.db?mode=hush", "three slashes"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str, fix: str) -> None:
    found = refused(opening(url))
    assert found.code == "R450"
    assert fix in str(found.help)
    assert "hush" not in found.message + str(found.help)


def test_a_server_that_is_not_there_is_refused_in_time() -> None:
    found = refused(opening("postgresql://shop:hush@127.0.0.1:1/shop?password=hushhush"))
    assert found.code == "R452"
    assert "postgresql://shop@127.0.0.1:1/shop" in found.message
    assert "hush" not in found.message


def test_a_wrong_password_is_refused_and_not_told(server: Server) -> None:
    url = f"postgresql://ledger:hush@127.0.0.1:{server.port}/postgres"
    with pytest.raises(RulesError) as error:
        Ledger.open(url)
    assert error.value.diagnostics[0].code == "R452"
    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_passwords_are_not_drawn(ledger: Ledger, url: str, server: Server) -> None:
    password = server.password
    assert password not in repr(ledger) + repr(address_of(server.url())) + repr(server)
    assert password not in repr(address_of(f"postgresql://u@h/d?password={password}"))


def test_a_missing_driver_is_named() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from rulecrm.state import Ledger\n"
        "from rulecrm.diagnostics.model import RulesError\n"
        "try: Ledger.open('postgresql://u:hush@127.0.0.1/d')\n"
        "except RulesError as error: print(error)\n"
        "Ledger.open('sqlite://').close()"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "R451" in said
    assert 'pip install "rulecrm[postgres]"' in said
    assert "hush" not in said


def test_importing_and_checking_need_no_database(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, rulecrm\n"
        f"path = pathlib.Path({str(tmp_path)!r}, 'a.rules'); path.write_text('segment s = count(purchase) > 1')\n"
        "assert rulecrm.check(path) == ()\n"
        "assert not {'sqlalchemy', 'psycopg', 'polars'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_file_that_is_no_database_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    path.write_bytes(b"name,amount\n" * 400)
    assert refused(opening(f"sqlite:///{path}")).code == "R453"
    assert path.read_bytes() == b"name,amount\n" * 400
    assert list(tmp_path.iterdir()) == [path]


def test_the_database_of_another_program_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (x)")
    connection.close()
    before = path.read_bytes()
    found = refused(opening(f"sqlite:///{path}"))
    assert found.code == "R453"
    assert "bookmarks" in found.message
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.claim(SETTINGS)
        with ledger.advance(T0 + DAY, expected_clock=T0) as advance:
            advance.write(journeys=journeys(journey(f"c{number}") for number in range(3_000)))
            advance.finish(RULES)
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))

    def use() -> None:
        with Ledger.open(f"sqlite:///{path}") as ledger:
            ledger.journeys()

    assert refused(use).code == "R453"


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    assert refused(opening(f"sqlite:///{tmp_path}")).code == "R452"
    assert refused(opening(f"sqlite:///{tmp_path}/missing/crm.db")).code == "R452"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.claim(SETTINGS)
    nobody = pwd.getpwnam("nobody").pw_uid
    program = (
        "import os, sys; from rulecrm.state import Ledger; from rulecrm.diagnostics.model import RulesError\n"
        # Everything is loaded while it may be read: nobody may not look into a private environment.
        "Ledger.open('sqlite://').close()\n"
        "try: Ledger.open('sqlite:///missing/x.db')\n"
        "except RulesError as error: repr(error)\n"
        f"os.chdir({str(tmp_path)!r}); os.setuid({nobody})\n"
        "try: Ledger.open('sqlite:///crm.db').clock(); print('opened')\n"
        "except RulesError as error: print(error.diagnostics[0].code)"
    )
    path.chmod(0o400)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "R452\n"


def test_a_full_disk_undoes_the_advance(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from rulecrm.state import Ledger; from rulecrm.diagnostics.model import RulesError\n"
        "from tests.state.rows import *\n"
        f"ledger = Ledger.open('sqlite:///{tmp_path}/crm.db'); ledger.claim(SETTINGS)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n"
        "    with ledger.advance(T0 + DAY, expected_clock=T0) as advance:\n"
        "        advance.write(journeys=journeys(journey(f'c{number}') for number in range(5_000)))\n"
        "        advance.finish(RULES)\n"
        "except RulesError as error: print(error.diagnostics[0].code)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "R452\n"
    with Ledger.open(f"sqlite:///{tmp_path}/crm.db") as ledger:
        assert ledger.clock() == T0
        assert ledger.journeys().is_empty()


def test_a_ledger_in_use_is_refused_after_the_wait(ledger: Ledger, url: str) -> None:
    with Ledger.open(url, wait=0.2) as other, ledger.advance(T0 + DAY, expected_clock=T0) as advance:
        advance.write(journeys=journeys([journey("li")]))

        def compete() -> None:
            with other.advance(T0 + DAY, expected_clock=T0):
                pytest.fail("two advances at once")

        assert refused(compete).code == "R457"
        assert other.journeys().is_empty(), "readers see what was there before"
        advance.finish(RULES)
    assert ledger.journeys().height == 1
