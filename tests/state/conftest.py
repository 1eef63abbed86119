"""The same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rulecrm.state import Ledger
from tests.state.postgres import Server, running
from tests.state.rows import SETTINGS


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where no ledger is yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crm.db'}"
    else:
        server: Server = request.getfixturevalue("server")
        with server.schema() as schema:
            yield schema


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger that has been claimed."""
    with Ledger.open(url, wait=5) as opened:
        opened.claim(SETTINGS)
        yield opened
