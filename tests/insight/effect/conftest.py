"""Engines that tests have made are closed when the module is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.insight.effect.world import MADE


@pytest.fixture(autouse=True, scope="module")
def _closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()
