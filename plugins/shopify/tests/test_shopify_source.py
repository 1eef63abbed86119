"""Orders through the GraphQL Admin API, against the local fake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulecrm_shopify.fake import ShopifyServer, shopify_market
from rulecrm_shopify.settings import Settings
from rulecrm_shopify.source import open_shopify

from rulecrm.plugin import read_settings
from rulecrm.testing.sources import Opener, SourceContract


def settings_of(server: ShopifyServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> Settings:
    for name, secret in server.environment().items():
        monkeypatch.setenv(name, secret)
    given = {name: one for name, one in server.settings().items() if name != "use"}
    return read_settings({**given, "timeout": 0.5, **more}, Settings, where="[accounts.shop]")


class TestShopify(SourceContract):
    days = 5.0

    @pytest.fixture
    def fake(self) -> Iterator[ShopifyServer]:
        with ShopifyServer(shopify_market()) as server:
            yield server

    @pytest.fixture
    def opener(self, fake: ShopifyServer, monkeypatch: pytest.MonkeyPatch) -> Opener:
        settings = settings_of(fake, monkeypatch)
        return lambda context: open_shopify(settings, context)
