"""An application over a ledger in a file, with a provider whose webhooks are signed."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import polars as pl
import pytest
from starlette.applications import Starlette

from rulecrm.links import Links
from rulecrm.model.sending import Answer, Answered, Message, Receipt, Received, Traits
from rulecrm.plugin import Forged, Request, Response, Secret
from rulecrm.state import Ledger
from rulecrm.web import app
from tests.state.outbox import hand_over, send_to
from tests.state.rows import SETTINGS

NOW = dt.datetime(2025, 1, 5, 12, tzinfo=dt.UTC)
BASE = "https://crm.example.com/r"
SIGNING = b"the provider's"


class Provider:
    """A channel whose provider signs the URL and the body, and sends a list of events."""

    traits = Traits(channel="sms", provider="aliyun", address="phone")

    def __init__(self) -> None:
        self.heard: list[Request] = []

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        return [Answer(Answered.ACCEPTED) for _ in batch]

    async def close(self) -> None:
        pass

    def hear(self, request: Request) -> Response:
        self.heard.append(request)
        if not hmac.compare_digest(request.headers.get("x-signature", ""), signature(request.url, request.body)):
            raise Forged("the signature is wrong")
        if request.method == "GET":
            return Response(body=request.query["challenge"].encode())
        told = json.loads(request.body)
        if not told == list(told):
            raise ValueError("a list of events is wanted")
        receipts = [
            Receipt(one["id"], Received(one["what"]), NOW, one.get("key"), one.get("provider_id"), one.get("address"))
            for one in told
        ]
        return Response(receipts, 202, b"thanks", headers={"X-Seen": str(len(receipts))})


class Deaf:
    """A channel without webhooks."""

    traits = Traits(channel="email", provider="smtp", address="email")

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        return [Answer(Answered.ACCEPTED) for _ in batch]

    async def close(self) -> None:
        pass


def signature(url: str, body: bytes) -> str:
    return hmac.new(SIGNING, url.encode() + body, hashlib.sha256).hexdigest()


class World:
    """A ledger with messages that were sent to li and wang, and what serves it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ledger = Ledger.open(url, wait=5)
        self.ledger.claim(SETTINGS)
        self.decisions = send_to(self.ledger, "li", "wang")
        self.keys = [hand_over(self.ledger, one, provider_id=f"p{n}") for n, one in enumerate(self.decisions)]
        self.provider = Provider()
        self.links = Links.open(BASE, Secret("env:LINKS"))

    def app(self, **options: object) -> Starlette:
        given = {"channels": {"aliyun": self.provider, "smtp": Deaf()}, "secret": Secret("env:LINKS"), "url": BASE}
        return app(self.ledger, **{"now": lambda: NOW, **given, **options})

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        """One request; `path` may be one of our links."""
        return ask(self.app(), method, path.removeprefix(BASE), **options)

    def hook(self, told: object, path: str = "/hooks/aliyun", **options: object) -> httpx.Response:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        headers = {"X-Signature": signature(BASE + path, body)}
        return self.ask("POST", path, content=body, headers=headers, **options)

    def told(self) -> list[tuple[str, str]]:
        frame = self.ledger.receipts.frame().filter(pl.col("kind") != "message")
        return sorted(frame.select("customer", "kind").rows())


def ask(application: Starlette, method: str, path: str, **options: object) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
            return await client.request(method, path, **options)

    return asyncio.run(run())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("LINKS", "0123456789abcdef")
    made = World(f"sqlite:///{tmp_path / 'crm.db'}")
    yield made
    made.ledger.close()
