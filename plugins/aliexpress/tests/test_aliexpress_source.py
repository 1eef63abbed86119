"""The source against a fake of the platform: the contract kit, and what is AliExpress's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulecrm_aliexpress.fake import AliExpressServer
from rulecrm_aliexpress.settings import Settings
from rulecrm_aliexpress.source import open_aliexpress

from rulecrm.plugin import Secret
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import Opener, SourceContract


def settings_for(server: AliExpressServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in (
        ("AE_SECRET", server.app_secret),
        ("AE_TOKEN", server.access_token),
        ("AE_REFRESH", server.refresh_token),
    ):
        monkeypatch.setenv(name, secret)
    given = {
        "app_key": server.app_key, "app_secret": Secret("env:AE_SECRET"), "access_token": Secret("env:AE_TOKEN"),
        "refresh_token": Secret("env:AE_REFRESH"), "url": server.url, "since": "2025-11-01", "timeout": 0.5,
    }  # fmt: skip
    return Settings(**given | more)  # type: ignore[arg-type]


class TestOpenPlatform(SourceContract):
    @pytest.fixture
    def fake(self) -> Iterator[AliExpressServer]:
        with AliExpressServer(Market(FakeClock(), currency="USD")) as server:
            yield server

    @pytest.fixture
    def opener(self, fake: AliExpressServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_for(fake, monkeypatch)
        return lambda context: open_aliexpress(settings, context)
