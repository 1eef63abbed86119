"""A local HTTP server that plays a provider.

In: a subclass's answer to a request. Out: a server on a loopback port, with the faults of `Fault` built in.
Invariant: it listens on loopback alone, keeps every request it was sent, and stops when its block ends.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from attrs import field, frozen

from rulecrm.testing.faults import Fault, Taken

__all__ = ["Call", "HttpProvider", "Reply", "as_json"]


@frozen
class Call:
    """A request as it came; `headers` by name in lower case; `fault` is what the fake is asked to get wrong."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    fault: Fault | None = None

    def form(self) -> dict[str, str]:
        """The body as `application/x-www-form-urlencoded`."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> object:
        """The body as JSON."""
        parsed: object = json.loads(self.body)
        return parsed


@frozen
class Reply:
    """What the fake answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=lambda: MappingProxyType({"content-type": "application/json"}))


def as_json(document: object, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON; headers' underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(document).encode(), {"content-type": "application/json", **named})


class HttpProvider:
    """A fake provider over HTTP; use it in a `with` block, and give the channel its `url`.

    A subclass says in `answer` what the provider says, keeps what it takes with `take`, and minds `call.fault` where
    that is `THROTTLED`, `CREDENTIALS`, `HALF` or `BROKEN`, each of which looks different at every provider. The others
    are seen to here.

    Attributes:
        requests: every call, in order.
        slow: seconds that a slow answer takes.
    """

    dead: str | None = None
    opted_out: str | None = None
    secrets: Sequence[str] = ()
    slow: float = 1.5
    malformed: bytes = b"<html><body>Bad gateway"

    def __init__(self) -> None:
        self.requests: list[Call] = []
        self._taken: list[Taken] = []
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._server: _Server | None = None
        self._port = 0

    # --- what a subclass says -------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What the provider says to a request."""
        raise NotImplementedError

    def sends(self, call: Call) -> bool:
        """Whether a request is one that sends; others (for a token, say) go well, and use up no fault."""
        return call.method == "POST"

    def take(self, address: str, text: str, key: str | None = None) -> bool:
        """Keep a message; False where one with this key is there already."""
        with self._lock:
            if key is not None and any(one.key == key for one in self._taken):
                return False
            self._taken.append(Taken(address, text, key))
            return True

    # --- how tests steer it ---------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._port}"

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        """Let the next calls go wrong."""
        if fault is Fault.UNREACHABLE:
            self._shut()
            return
        with self._lock:
            self._faults.extend([fault] * calls)

    def heal(self) -> None:
        """Let the next calls go well again."""
        with self._lock:
            self._faults.clear()

    def taken(self) -> Sequence[Taken]:
        """Every message taken so far, in order."""
        with self._lock:
            return tuple(self._taken)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self._serve))
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._shut()

    def _shut(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _serve(self, call: Call) -> tuple[Reply, Fault | None]:
        with self._lock:
            fault = self._faults.popleft() if self._faults and self.sends(call) else None
            told = Call(call.method, call.path, call.query, call.headers, call.body, fault)
            self.requests.append(told)
        reply = self.answer(told)
        if fault is Fault.SLOW:
            self._stop.wait(self.slow)
        if fault is Fault.MALFORMED:
            reply = Reply(200, self.malformed, {"content-type": "text/html"})
        return reply, fault


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # as many as call at once


def _handler(serve: Callable[[Call], tuple[Reply, Fault | None]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body go out apart: the body would wait for the first's receipt

        def _any(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            reply, fault = serve(Call(self.command, parts.path, query, headers, body))
            if fault is Fault.LOST:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            with contextlib.suppress(OSError):  # whoever does not wait is gone
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
            """Say nothing."""

    return Handler
