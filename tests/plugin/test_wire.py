"""HTTP for channels: what is known of a request that came to nothing, and what no log shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from typing import TypeVar

import pytest

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Secret
from rulecrm.plugin.wire import LostError, Reply, UnreachedError, Wire, in_query
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, HttpProvider, as_json
from rulecrm.testing.http import Reply as Said

T = TypeVar("T")

HIDDEN = "very-secret"
"""It stands here, for a traceback shows the lines of a test."""


class Echo(HttpProvider):
    def sends(self, call: Call) -> bool:
        return True

    def answer(self, call: Call) -> Said:
        said = {"method": call.method, "path": call.path, "query": dict(call.query), "body": call.body.decode()}
        return as_json({**said, "type": call.headers.get("content-type", ""), "agent": call.headers["user-agent"]})


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


def run(wire: Wire, work: Awaitable[T]) -> T:
    async def both() -> T:
        try:
            return await work
        finally:
            await wire.close()

    return asyncio.run(both())


def wire(url: str, **more: object) -> Wire:
    return Wire("Echo", url, 0.4, agent="rulecrm-echo", **more)  # type: ignore[arg-type]


def test_a_document_is_json_and_a_form_a_form(echo: Echo) -> None:
    opened = wire(f"{echo.url}/")
    reply = run(opened, opened.call("POST", "/a?b=c", document={"x": "雪", "half": "\ud800"}))
    assert reply.document == {
        "method": "POST", "path": "/a", "query": {"b": "c"}, "body": '{"x": "\\u96ea", "half": "\\ud800"}',
        "type": "application/json", "agent": "rulecrm-echo",
    }  # fmt: skip
    reply = run(opened, opened.call("PUT", "/", form={"x": "雪 &", "half": "\ud800"}))
    assert reply.document is not None
    assert (reply.document["body"], reply.document["type"]) == (
        "x=%E9%9B%AA+%26&half=%3F", "application/x-www-form-urlencoded",
    )  # fmt: skip


def test_content_goes_out_byte_for_byte_for_it_may_be_signed(echo: Echo) -> None:
    opened = wire(echo.url, connections=1)
    body = '{"b":1, "a":"雪"}'.encode()
    reply = run(opened, opened.ask("POST", "/", content=body, headers=lambda: {"content-type": "application/x-own"}))
    assert isinstance(reply, Reply)
    assert (echo.requests[0].body, echo.requests[0].headers["content-type"]) == (body, "application/x-own")
    run(opened, opened.call("POST", "/", content=b""))
    assert (echo.requests[1].body, echo.requests[1].headers["content-length"]) == (b"", "0")
    assert "content-type" not in echo.requests[1].headers


def test_a_request_that_came_to_nothing_is_told_apart(echo: Echo) -> None:
    for fault in (Fault.LOST, Fault.SLOW):
        echo.fail(fault)
        opened = wire(echo.url)
        with pytest.raises(LostError):
            run(opened, opened.call("POST", "/"))
    echo.fail(Fault.UNREACHABLE)
    opened = wire(echo.url)
    with pytest.raises(UnreachedError):
        run(opened, opened.call("POST", "/"))
    opened = wire("ftp://example.com")
    with pytest.raises(UnreachedError, match="http"):
        run(opened, opened.call("POST", "/"))


def test_for_a_message_each_is_an_answer(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = wire(echo.url)
    assert isinstance(run(opened, opened.ask("POST", "/")), Reply)
    echo.fail(Fault.LOST)
    lost = run(opened, opened.ask("POST", "/"))
    assert isinstance(lost, Answer)
    assert (lost.outcome, lost.detail) == (Answered.UNKNOWN, "the answer of Echo was lost: RemoteProtocolError")
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    missing = run(opened, opened.ask("POST", "/", headers=lambda: {"x": Secret("env:NO_SUCH_TOKEN").reveal()}))
    assert isinstance(missing, Answer)
    assert missing.outcome is Answered.CONFIG
    echo.fail(Fault.UNREACHABLE)
    unreached = run(opened, opened.ask("POST", "/"))
    assert isinstance(unreached, Answer)
    assert unreached.outcome is Answered.RETRY
    assert len(echo.requests) == 2, "nothing is tried twice, and nothing is sent without its secret"


def test_a_body_that_is_no_object_is_none(echo: Echo) -> None:
    echo.fail(Fault.MALFORMED)
    opened = wire(echo.url)
    reply = run(opened, opened.call("GET", "/"))
    assert (reply.document, reply.body[:6]) == (None, b"<html>")


def test_what_is_sealed_is_in_no_log(echo: Echo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    opened = wire(echo.url)
    reply = run(opened, opened.call("GET", "/send?a=1", seal=in_query({"token": HIDDEN})))
    assert reply.document is not None
    assert reply.document["query"] == {"a": "1", "token": HIDDEN}
    assert HIDDEN not in caplog.text
    echo.fail(Fault.LOST)
    with pytest.raises(LostError) as raised:
        run(opened, opened.call("GET", "/send", seal=in_query({"token": HIDDEN})))
    assert HIDDEN not in f"{raised.value!r}{raised.getrepr(chain=True)}"


def test_a_proxy_is_a_secret_that_is_read_when_it_is_used(echo: Echo) -> None:
    opened = wire(echo.url, proxy=Secret("env:NO_SUCH_PROXY"))
    with pytest.raises(RulesError, match="R480"):
        run(opened, opened.call("GET", "/"))


def test_a_proxy_that_is_none_is_told_without_showing_it(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", f"gopher://user:{HIDDEN}@proxy")
    opened = wire(echo.url, proxy=Secret("env:PROXY"))
    with pytest.raises(RulesError, match="R481") as raised:
        run(opened, opened.call("GET", "/"))
    assert "env:PROXY" in str(raised.value)
    assert HIDDEN not in f"{raised.value!r}{raised.getrepr(chain=True)}"
