"""Webhooks: the provider's are heard once, anybody else's are not, and nothing that is sent can hurt."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from rulecrm.plugin import Request, Response
from rulecrm.web import Limits
from tests.web.conftest import BASE, Provider, World, ask, signature

DELIVERED = {"id": "e1", "what": "delivered", "provider_id": "p0"}


def test_receipts_are_in_the_ledger_before_the_provider_hears_of_it(world: World) -> None:
    answer = world.hook([DELIVERED, {"id": "e2", "what": "opened", "key": world.keys[1]}])
    assert (answer.status_code, answer.content, answer.headers["x-seen"]) == (202, b"thanks", "2")
    assert world.told() == [("li", "message_delivered"), ("wang", "open")]
    assert set(world.ledger.decisions().get_column("outcome")) == {"delivered"}


def test_a_webhook_told_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        assert world.hook([DELIVERED]).status_code == 202
    assert world.told() == [("li", "message_delivered")]


def test_what_is_told_by_many_at_once_is_there_once(world: World) -> None:
    application = world.app()
    told = [{"id": f"e{n}", "what": "opened", "provider_id": f"p{n % 2}"} for n in range(10)]
    body = json.dumps(told).encode()
    headers = {"X-Signature": signature(f"{BASE}/hooks/aliyun", body)}
    found: list[int] = []

    def run() -> None:
        found.extend(
            ask(application, "POST", "/hooks/aliyun", content=body, headers=headers).status_code for _ in range(3)
        )

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [202] * 9
    assert len(world.told()) == 10


def test_the_provider_sees_the_request_as_it_made_it(world: World) -> None:
    url = f"{BASE}/hooks/aliyun?challenge=a%20b&challenge=c"
    answer = world.ask(
        "GET", "/hooks/aliyun?challenge=a%20b&challenge=c",
        headers=[("X-Signature", signature(url, b"")), ("X-Two", "1"), ("X-Two", "2")],
    )  # fmt: skip
    assert (answer.status_code, answer.text) == (202 - 2, "c")
    (heard,) = world.provider.heard
    assert (heard.method, heard.url, heard.query["challenge"], heard.headers["x-two"]) == ("GET", url, "c", "1, 2")


def test_without_a_url_a_request_says_itself_where_it_went(world: World) -> None:
    body = b"[]"
    headers = {"X-Signature": signature("http://inside/hooks/aliyun?x=1", body)}
    assert ask(world.app(url=None), "POST", "/hooks/aliyun?x=1", content=body, headers=headers).status_code == 202


@pytest.mark.parametrize("path", ["/hooks/nobody", "/hooks/smtp", "/hooks/", "/hooks/aliyun/x", "/hooks/..%2Fu", "/"])
def test_a_route_that_hears_nothing_is_not_there(world: World, path: str) -> None:
    assert world.ask("POST", path, content=b"[]").status_code == 404
    assert world.provider.heard == []


def test_a_forged_webhook_is_refused_and_leaves_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps([DELIVERED]).encode()
    for sign in ("", "x" * 64, signature(f"{BASE}/hooks/aliyun", b"other"), signature(f"{BASE}/hooks/other", body)):
        answer = world.ask("POST", "/hooks/aliyun", content=body, headers={"X-Signature": sign})
        assert (answer.status_code, answer.text) == (403, "")
    assert world.told() == []
    assert caplog.text.count("is forged") == 4


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 50_000, b'[{"id": "1", "what": "eaten"}]',
     b'["13812345678"]', b'[{"id": "1"}]', b'[{"id": "1", "what": "opened", "key": 5}]', b"9" * 5_000],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_not_repeated(
    world: World, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = world.hook(body)
    assert answer.status_code in (400, 500)
    assert answer.text == ""
    assert world.told() == []
    assert "138" not in caplog.text
    assert "Traceback" not in caplog.text
    assert "eaten" not in caplog.text
    assert len(caplog.records) == 1


def test_a_message_that_nobody_knows_is_kept_until_somebody_does(world: World) -> None:
    assert world.hook([{"id": "e1", "what": "delivered", "provider_id": "p9"}]).status_code == 202
    assert world.told() == []
    assert world.ledger.receipts.reconcile() == 1


def test_an_address_is_asked_for_and_never_logged_or_kept(world: World, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[tuple[str, str]] = []

    def customers(word: str, address: str) -> list[str]:
        asked.append((word, address))
        return ["li"]

    body = json.dumps([{"id": "1", "what": "unsubscribed", "address": "+8613812345678"}]).encode()
    headers = {"X-Signature": signature(f"{BASE}/hooks/aliyun", body)}
    caplog.set_level(logging.DEBUG)
    application = world.app(customers=customers, words={"aliyun": "sms"})
    assert ask(application, "POST", "/hooks/aliyun", content=body, headers=headers).status_code == 202
    assert asked == [("sms", "+8613812345678")]
    assert world.told() == [("li", "unsubscribe")]
    assert "13812345678" not in caplog.text


class Broken(Provider):
    def hear(self, request: Request) -> Response:
        raise KeyError(request.body.decode())


def test_a_channel_that_fails_is_nobody_elses_business(world: World, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(world.app(channels={"x": Broken()}), "POST", "/hooks/x", content=b"13812345678")
    assert (answer.status_code, answer.text) == (500, "")
    assert "the channel of x failed: KeyError in hear, line" in caplog.text
    assert "13812345678" not in caplog.text


def test_a_ledger_in_use_asks_the_provider_to_come_again(world: World) -> None:
    impatient = type(world.ledger).open(world.url, wait=0.1)
    world.ledger, other = impatient, world.ledger
    with other._transaction(write=True):
        answer = world.hook([DELIVERED])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert world.hook([DELIVERED]).status_code == 202
    assert world.told() == [("li", "message_delivered")]
    other.close()


# --- too much ---------------------------------------------------------------------------------------------------------


async def chunks(count: int, pause: float = 0) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(pause)
        yield b"x" * 1000


def raw(world: World, *, content: object, headers: dict[str, str] | None = None, **limits: float) -> httpx.Response:
    application = world.app(limits=Limits(**{"body": 5000, **limits}))
    return ask(application, "POST", "/hooks/aliyun", content=content, headers=headers or {})


def test_a_body_that_is_too_long_is_not_read(world: World) -> None:
    assert raw(world, content=b"x" * 5001).status_code == 413
    assert raw(world, content=b"x" * 5000).status_code == 403
    assert raw(world, content=b"x", headers={"Content-Length": "9" * 5000}).status_code == 413
    assert raw(world, content=b"x", headers={"Content-Length": "-1"}).status_code == 400
    assert raw(world, content=chunks(5)).status_code == 403
    assert raw(world, content=chunks(6)).status_code == 413
    assert raw(world, content=chunks(10_000_000)).status_code == 413
    assert len(world.provider.heard) == 2


def test_a_body_that_does_not_come_is_not_waited_for(world: World) -> None:
    assert raw(world, content=chunks(5, 0.2), seconds=0.3).status_code == 408
    assert world.provider.heard == []


def test_a_url_and_headers_that_are_too_long_are_refused(world: World) -> None:
    assert world.ask("POST", f"/hooks/aliyun?{'x' * 9000}").status_code == 414
    assert world.ask("GET", f"/o/{'x' * 9000}").status_code == 414
    assert world.ask("POST", "/hooks/aliyun", headers={"X": "y" * 40_000}).status_code == 431
    assert world.provider.heard == []
