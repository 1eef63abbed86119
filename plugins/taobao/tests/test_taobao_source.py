from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulecrm_taobao.fake import TaobaoServer
from rulecrm_taobao.settings import Settings
from rulecrm_taobao.source import TaobaoSource

from rulecrm.plugin import read_settings
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from rulecrm.testing.sources import Opener, SourceContract


def settings(fake: TaobaoServer, **more: object) -> Settings:
    given = {name: value for name, value in fake.settings().items() if name != "use"}
    return read_settings({**given, "timeout": 0.5, "per_second": 1000.0, **more}, Settings, where="[accounts.shop]")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[TaobaoServer]:
    with TaobaoServer(Market(FakeClock())) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def opener(fake: TaobaoServer) -> Opener:
    return lambda context: TaobaoSource(settings(fake), context)


class TestTaobao(SourceContract):
    @pytest.fixture
    def fake(self, fake: TaobaoServer) -> TaobaoServer:
        return fake

    @pytest.fixture
    def opener(self, opener: Opener) -> Opener:
        return opener
