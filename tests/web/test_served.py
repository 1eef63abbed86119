"""One real server on a loopback port: what clients of flesh and blood send, byte by byte."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from rulecrm.web import Limits
from tests.web.conftest import BASE, World, signature


@contextmanager
def serving(world: World, **limits: float) -> Iterator[str]:
    """The address of the application, served for as long as the block lasts."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(world.app(limits=Limits(**limits)), log_level="error", lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until = time.monotonic() + 20
            while not server.started and time.monotonic() < until:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def said(address: str, request: bytes, wait: float = 5) -> bytes:
    """What the server answers to these bytes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), wait) as sent:
        sent.sendall(request)
        answer = b""
        while part := sent.recv(65_536):
            answer += part
            if b"\r\n\r\n" in answer and b"content-length: 0" in answer.lower():
                break
        return answer


def test_a_real_server_hears_redirects_and_unsubscribes(world: World) -> None:
    told = json.dumps([{"id": "e1", "what": "delivered", "provider_id": "p0"}]).encode()
    with serving(world) as address, httpx.Client(base_url=address) as client:
        heard = client.post(
            "/hooks/aliyun", content=told, headers={"X-Signature": signature(f"{BASE}/hooks/aliyun", told)}
        )
        assert heard.status_code == 202
        click = client.get(world.links.click_url(world.keys[1], "https://s.cn/茶").removeprefix(BASE))
        assert (click.status_code, click.headers["location"]) == (302, "https://s.cn/%E8%8C%B6")
        assert client.head(world.links.open_url(world.keys[0]).removeprefix(BASE)).status_code == 200
        withdraw = world.links.unsubscribe_url(world.keys[0], "sms").removeprefix(BASE)
        assert client.post(withdraw, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert client.get("/healthz").text == "ok"
    # What was told of clicking is written by the time the server has stopped.
    assert world.told() == [("li", "message_delivered"), ("li", "unsubscribe"), ("wang", "click")]


def test_a_body_in_chunks_without_a_length_is_cut_off(world: World) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    head = b"POST /hooks/aliyun HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(world, body=2000) as address:
        answer = said(address, head + chunk * 8)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert world.provider.heard == []


def test_a_body_that_trickles_is_not_waited_for(world: World) -> None:
    with serving(world, seconds=0.3) as address:
        begun = time.monotonic()
        answer = said(address, b"POST /hooks/aliyun HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[")
        assert time.monotonic() - begun < 4
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_nonsense_on_the_wire_gets_no_traceback(world: World) -> None:
    with serving(world) as address:
        for request in (
            b"GET /u/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /c/%0d%0aSet-Cookie:a=b HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /hooks/aliyun HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n",
            b"BREW /hooks/aliyun HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ):
            answer = said(address, request.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n", 1))
            assert answer.split()[1] in (b"400", b"404", b"405")
            assert b"Traceback" not in answer
            assert b"set-cookie" not in answer.lower()
