"""By which route a message goes, and what is wrong with settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen

import rulecrm
from rulecrm.dispatch import Routes
from rulecrm.plugin import ChannelType, Context, Registry, Secret
from tests.dispatch.world import SMS, Channel, Clock, customers, engine


@frozen
class Settings:
    key: Secret
    sender: str = "Shop"


def opened(settings: Settings, context: Context) -> Channel:
    return Channel("sms", provider=f"acme of {context.name}")


REGISTRY = Registry(
    channels={
        "acme-sms": ChannelType("acme-sms", "sms", Settings, opened, "An SMS provider."),
        "acme-mail": ChannelType("acme-mail", "email", Settings, lambda _, __: Channel("email"), "Mail."),
    }
)


def read(text: str) -> Routes:
    import tomllib

    return Routes.read(tomllib.loads(text), registry=REGISTRY)


def test_a_table_is_a_route() -> None:
    routes = read(
        '[routes.desk]\nuse = "acme-sms"\nkey = "env:KEY"\nchannel = "im"\naddress = "wecom"\ntemplates = { hi = "T1" }'
    )
    (route,) = routes.routes
    assert (route.name, route.channel, route.address, dict(route.templates)) == ("desk", "im", "wecom", {"hi": "T1"})
    assert routes.serving("im", None) is route
    assert routes.serving("im", "desk") is route
    assert routes.serving("sms", None) is None


def test_the_first_serves_a_channel_or_the_one_that_says_so() -> None:
    text = '[routes.a]\nuse="acme-sms"\nkey="env:K"\n[routes.b]\nuse="acme-sms"\nkey="env:K"\n'
    for more, default in (("", "a"), ("default = true\n", "b")):
        routes = read(text + more)
        assert {via: getattr(routes.serving("sms", via), "name", None) for via in (None, "a", "b", "c")} == {
            None: default, "a": "a", "b": "b", "c": None,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[route.a]\n", "R482", ("`route`", "did you mean `routes`?")),
        ('[routes.a]\nuse = "acme-smz"', "R482", ("acme-smz", "did you mean `acme-sms`?")),
        ("[routes.a]\n", "R482", ("does not say what it uses", "acme-sms")),
        ('[routes.a]\nuse = "acme-sms"\nkey = "env:K"\nsendr = "x"', "R481", ("`sendr`", "did you mean `sender`?")),
        ('[routes.a]\nuse = "acme-sms"', "R481", ("lacks the setting `key`", "reference")),
        ('[routes.a]\nuse = "acme-sms"\nkey = "tops3cret"', "R481", ("never as itself", "")),
        ('[routes.a]\nuse = "acme-sms"\nkey = "env:K"\ndefault = 1', "R482", ("`default`", "")),
        ('[routes.a]\nuse = "acme-sms"\nkey = "env:K"\ntemplates = "x"', "R482", ("`templates`", "")),
        ("[sending]\nattempts = 0", "R481", ("attempts", "")),
        ("routes = 3", "R482", ("no table", "[routes.NAME]")),
        ('[web]\nurl = "https://x.test"', "R481", ("lacks the setting `secret`", "")),
        (
            '[routes.a]\nuse="acme-sms"\nkey="env:K"\ndefault=true\n[routes.b]\nuse="acme-sms"\nkey="env:K"\ndefault=true',
            "R482", ("two defaults: [routes.a] and [routes.b]", ""),
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, code: str, words: tuple[str, str]) -> None:
    with pytest.raises(rulecrm.RulesError) as caught:
        read(text)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert words[0] in found.message
    assert words[1] in (found.help or "")
    assert "tops3cret" not in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(rulecrm.RulesError) as caught:
        read('[routes.a]\nuse = "x"\n[routes.b]\nuse = "acme-sms"\n[other]\n')
    assert len(caught.value.diagnostics) == 3


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "sending.toml"
    path.write_text("[routes", "utf-8")
    with pytest.raises(rulecrm.RulesError, match="no TOML"):
        Routes.load(path)
    with pytest.raises(rulecrm.RulesError, match="cannot be read"):
        Routes.load(tmp_path / "none.toml")


def test_messages_go_by_the_route_that_they_name() -> None:
    rules = SMS.replace("send sms hello", "send sms hello via b")
    a, b = Channel("sms"), Channel("sms")
    routes = Routes.of({"sms": a})
    with engine(rules, {}, people=customers(2)) as made:
        from attrs import evolve

        (one,) = routes.routes
        made._desk.routes = Routes((evolve(one, name="a"), evolve(one, name="b", sender=b, default=False)))
        made.dispatch(clock=Clock())
    assert (len(a.got), len(b.got)) == (0, 2)


def test_development_needs_no_plugin(tmp_path: Path) -> None:
    import json

    path = tmp_path / "sending.toml"
    path.write_text('[routes.sms]\nuse = "file"\npath = "out.jsonl"\n', "utf-8")
    with engine(SMS, {}, people=customers(3)) as made:
        made._desk.routes = Routes.load(path)
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 3}
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(line["customer"] for line in lines) == ["c0", "c1", "c2"]
    assert {line["text"] for line in lines} == {"Hello"}
