"""The fake of Alibaba's international gateways: what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.request import urlopen

import pytest

from rulecrm.plugin.gateways import path_signature
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from rulecrm.testing.paths import PathApi, PathServer


class Echo(PathServer):
    def apis(self) -> Mapping[str, PathApi]:
        return {"/echo": PathApi(lambda given: {"data": dict(given)}, frozenset({"a"}), frozenset({"b"}))}


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo(Market(FakeClock())) as one:
        yield one


def ask(server: Echo, path: str = "/echo", *, secret: str | None = None, **more: str | None) -> Mapping[str, object]:
    given: dict[str, str | None] = {
        "app_key": server.app_key, "timestamp": str(int(server.now.timestamp() * 1000)), "sign_method": "sha256",
        "access_token": server.access_token, "a": "1",
    }  # fmt: skip
    told = {name: value for name, value in (given | more).items() if value is not None}
    told["sign"] = told.get("sign") or path_signature(secret or server.app_secret, path, told)
    query = "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in told.items())
    with urlopen(f"{server.url}/rest{path}?{query}", timeout=5) as answer:
        found: Mapping[str, object] = json.loads(answer.read())
    return found


def test_a_call_that_is_right_is_answered(server: Echo) -> None:
    assert ask(server, b="two words")["data"] == {"a": "1", "b": "two words"}
    assert ask(server)["code"] == "0"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"secret": "another"}, "IncompleteSignature"),
        ({"sign": "00"}, "IncompleteSignature"),
        ({"app_key": "1"}, "InvalidAppKey"),
        ({"timestamp": "1517820392000"}, "InvalidTimestamp"),
        ({"timestamp": "yesterday"}, "InvalidTimestamp"),
        ({"sign_method": "md5"}, "InvalidSignMethod"),
        ({"path": "/other"}, "InvalidApiPath"),
        ({"a": None}, "MissingParameter"),
        ({"c": "3"}, "InvalidParameter"),
        ({"access_token": "made-up"}, "IllegalAccessToken"),
        ({"access_token": None}, "IllegalAccessToken"),
    ],
)
def test_a_call_that_is_wrong_is_refused(server: Echo, more: dict[str, str | None], code: str) -> None:
    refused = ask(server, **more)  # type: ignore[arg-type]
    assert (refused["code"], refused["type"]) == (code, "ISV")
    assert "data" not in refused


def test_a_refresh_token_is_good_once_and_an_access_token_for_its_days(server: Echo) -> None:
    first = server.refresh_token
    renewed = ask(server, "/auth/token/refresh", access_token=None, a=None, refresh_token=first)
    again = ask(server, "/auth/token/refresh", access_token=None, a=None, refresh_token=first)
    assert again["code"] == "IllegalRefreshToken"
    token = str(renewed["access_token"])
    server.expire()
    assert ask(server)["code"] == "IllegalAccessToken"
    assert ask(server, access_token=token)["code"] == "IllegalAccessToken"
    new = ask(server, "/auth/token/refresh", access_token=None, a=None, refresh_token=str(renewed["refresh_token"]))
    assert ask(server, access_token=str(new["access_token"]))["code"] == "0"
    assert {str(new["access_token"]), token, first} <= set(server.secrets)
