"""Settings of every type, and all that is wrong with a table at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import pytest
from attrs import Factory, field, frozen, validators

from rulecrm.diagnostics.model import RulesError
from rulecrm.plugin import NO_SECRET, Secret, read_settings, settings_of


@frozen
class Settings:
    url: str
    port: int
    wait: float
    tls: bool
    price: Decimal
    token: Secret
    senders: tuple[str, ...]
    headers: Mapping[str, str]
    proxy: str | None = None
    limit: int | None = 5
    spare: Secret = NO_SECRET
    tags: tuple[str, ...] = ()
    more: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    made: str = field(init=False, default="here")


GIVEN: Mapping[str, object] = {
    "url": "https://example.com",
    "port": 25,
    "wait": 3,
    "tls": True,
    "price": "0.045",
    "token": "env:TOKEN",
    "senders": ["a", "b"],
    "headers": {"x-shop": "acme"},
}


def wrong(**changes: object) -> list[str]:
    with pytest.raises(RulesError) as caught:
        read_settings({**GIVEN, **changes}, Settings, where="[routes.sms]")
    assert {one.code for one in caught.value.diagnostics} == {"R481"}
    return [one.message for one in caught.value.diagnostics]


def test_each_type_is_read() -> None:
    found = read_settings(GIVEN, Settings, where="[routes.sms]")
    assert found == Settings(
        "https://example.com", 25, 3.0, True, Decimal("0.045"), Secret("env:TOKEN"), ("a", "b"), {"x-shop": "acme"}
    )
    assert type(found.wait) is float
    assert (found.limit, found.proxy) == (5, None)


def test_what_may_be_left_out_may_be_given() -> None:
    given = {**GIVEN, "proxy": "p", "limit": 7, "spare": "keyring:shop/me", "tags": [], "more": {}, "price": 2}
    found = read_settings(given, Settings, where="[routes.sms]")
    assert (found.proxy, found.limit, found.spare, found.price) == ("p", 7, Secret("keyring:shop/me"), Decimal(2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", 3), ("port", "25"), ("port", True), ("port", 2.5), ("wait", "3"), ("wait", True), ("tls", 1),
        ("price", 0.045), ("price", True), ("token", 3), ("senders", "a"), ("senders", [1]), ("headers", {"a": 1}),
        ("headers", []), ("proxy", 3),
    ],
)  # fmt: skip
def test_another_type_is_refused(name: str, value: object) -> None:
    (message,) = wrong(**{name: value})
    assert message.startswith(f"[routes.sms]: `{name}` is wrong: ")


@pytest.mark.parametrize("value", ["a lot", "NaN", "Infinity"])
def test_an_amount_is_a_number(value: str) -> None:
    assert wrong(price=value) == ["[routes.sms]: `price` is wrong: that is no number"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_is_finite(value: float) -> None:
    assert wrong(wait=value) == ["[routes.sms]: `wait` is wrong: that is no number"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    given = {"url": 3, "prot": 25, "wait": 3, "tls": "yes", "price": "x", "token": "s3cret", "made": "there"}
    with pytest.raises(RulesError) as caught:
        read_settings(given, Settings, where="[routes.sms]")
    told = {(one.message, one.help) for one in caught.value.diagnostics}
    assert ("[routes.sms] knows no setting `prot`", "did you mean `port`?") in told
    assert ("[routes.sms] lacks the setting `port`", "it is a whole number") in told
    assert ("[routes.sms] lacks the setting `senders`", "it is a list of texts") in told
    assert ("[routes.sms] lacks the setting `headers`", "it is a table of texts") in told
    assert len([one for one in told if "knows no setting `made`" in one[0]]) == 1
    assert len(told) == 9
    assert "s3cret" not in str(caught.value)


@frozen
class Judged:
    port: int = field(validator=[validators.instance_of(int), validators.ge(1)])
    url: str = field(default="https://x", validator=validators.matches_re("https://.*"))


def test_what_the_class_refuses_is_told_in_its_words() -> None:
    with pytest.raises(RulesError) as caught:
        read_settings({"port": 0}, Judged, where="[a]")
    (one,) = caught.value.diagnostics
    assert one.message == "[a]: 'port' must be >= 1: 0"
    with pytest.raises(RulesError) as caught:
        read_settings({"port": 1, "url": "http://x"}, Judged, where="[a]")
    (one,) = caught.value.diagnostics
    assert one.message.startswith("[a]: 'url' must match regex")
    assert "Attribute(" not in one.message


def test_settings_say_what_they_are() -> None:
    told = {one.name: one for one in settings_of(Settings)}
    assert list(told)[:4] == ["url", "port", "wait", "tls"]
    assert "made" not in told
    assert (told["port"].kind, told["port"].required, told["port"].secret) == ("a whole number", True, False)
    assert (told["token"].secret, told["spare"].required) == (True, False)
    assert (told["limit"].kind, told["limit"].default, told["more"].default) == ("a whole number", 5, None)


@frozen
class Numbers:
    ports: tuple[int, ...] = ()


@frozen
class Either:
    port: int | str = 3


@frozen
class Own:
    _port: int = Factory(lambda: 3)


@pytest.mark.parametrize("cls", [Numbers, Either, int, 3])
def test_what_no_file_can_give_is_no_setting(cls: object) -> None:
    with pytest.raises(TypeError):
        settings_of(cls)


def test_a_setting_is_named_as_the_class_is_called() -> None:
    assert read_settings({"port": 4}, Own, where="[a]") == Own(port=4)
