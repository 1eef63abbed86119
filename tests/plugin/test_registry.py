"""Whatever a plugin does, it is admitted whole or refused with the reason, and the others work."""

from __future__ import annotations

import zlib
from typing import Any

import attrs
import click
import pytest

from rulecrm.cli.app import _COMMANDS
from rulecrm.dispatch.builtin import BUILTIN
from rulecrm.model.schema import canonical
from rulecrm.model.types import AGE, record_of
from rulecrm.plugin import (
    ALLOWED,
    INT,
    NUMBER,
    TEXT,
    Argument,
    ChannelType,
    Column,
    Function,
    Kind,
    PlatformType,
    Registry,
    Secret,
    hookimpl,
    registry_of,
    taken,
)
from rulecrm.semantics.aggregates import AGGREGATES
from rulecrm.semantics.functions import FUNCTIONS
from rulecrm.syntax.grammar import keywords
from tests.plugin.acme import Acme


@attrs.frozen
class Settings:
    token: Secret


CHANNEL = ChannelType("acme-push", "push", Settings, lambda settings, context: settings, "push messages")
PLATFORM = PlatformType("acme", lambda channel, purpose: ALLOWED, "Acme")
FUNCTION = Function("same", (Argument("number", NUMBER),), NUMBER, lambda number: number, "the same number")
KIND = Kind("stream", "stream", "at", {}, doc="a stream was watched")


def offering(hook: str, given: object) -> object:
    """A plugin whose hook gives this."""

    def implementation(self: object) -> object:
        return given() if callable(given) else given

    implementation.__name__ = hook
    return type("Plugin", (), {hook: hookimpl(implementation)})()


def refusal(plugin: object) -> str:
    """Why it is refused; the plugin beside it works all the same."""
    registry = registry_of({"acme": Acme(), "wrong": plugin})
    acme, wrong = registry.plugins
    assert acme.refused is None
    assert set(registry.functions) == {"tier", "double", "one_of", "long", "three"}
    assert wrong.offers == ()
    assert wrong.refused is not None
    return wrong.refused


def test_what_is_offered_is_there_by_name() -> None:
    registry = registry_of({"acme": Acme(), "push": offering("rulecrm_channels", [CHANNEL])})
    assert registry.channels["acme-push"] is CHANNEL
    assert registry.schema().kinds["stream"].doc == "a live stream was watched"
    assert [(one.name, one.refused) for one in registry.plugins] == [("acme", None), ("push", None)]
    assert [(one.what, one.name, one.doc) for one in registry.plugins[1].offers] == [
        ("channel", "acme-push", "push messages")
    ]
    owner = registry.owner("function", "tier")
    assert owner is not None
    assert owner.name == "acme"
    assert registry.owner("function", "acme-push") is None


def test_a_registry_of_nothing_is_empty() -> None:
    for registry in (Registry(), registry_of({})):
        assert (dict(registry.functions), dict(registry.channels), registry.plugins) == ({}, {}, ())
        assert registry.schema() == canonical()
        assert registry.makings() == ()


def test_an_error_of_a_hook_is_told() -> None:
    def fails() -> object:
        raise LookupError("no table of tiers")

    assert refusal(offering("rulecrm_functions", fails)) == "LookupError: no table of tiers"


def test_a_generator_may_fail_half_way() -> None:
    def some() -> Any:
        yield FUNCTION
        raise OSError("the disk is gone")

    assert refusal(offering("rulecrm_functions", some)) == "OSError: the disk is gone"


def test_a_plugin_that_exits_takes_nobody_along() -> None:
    def leaves() -> object:
        raise SystemExit(3)

    assert refusal(offering("rulecrm_kinds", leaves)) == "SystemExit: 3"


def test_an_interrupt_is_none_of_ours() -> None:
    def interrupted() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry_of({"wrong": offering("rulecrm_kinds", interrupted)})


def test_without_hooks_it_is_no_plugin() -> None:
    class Nothing:
        def rulecrm_functions(self) -> tuple[()]:
            return ()

    assert "implements no hook" in refusal(Nothing())


def test_an_unknown_hook_is_told() -> None:
    assert "unknown hook 'rulecrm_chanels'" in refusal(offering("rulecrm_chanels", []))


def test_a_hook_that_wants_arguments_is_told() -> None:
    class Wants:
        @hookimpl
        def rulecrm_functions(self, shop: str) -> tuple[()]:
            return ()

    assert "shop" in refusal(Wants())


def test_a_hook_may_give_nothing() -> None:
    registry = registry_of({"quiet": offering("rulecrm_functions", None)})
    assert registry.plugins[0].refused is None


@pytest.mark.parametrize(
    ("hook", "given", "reason"),
    [
        ("rulecrm_functions", FUNCTION, "`rulecrm_functions` gives a Function, not a list of functions"),
        ("rulecrm_functions", 3, "`rulecrm_functions` gives a int, not a list of functions"),
        ("rulecrm_functions", "same", "`rulecrm_functions` gives a str, not a list of functions"),
        ("rulecrm_functions", {"same": FUNCTION}, "`rulecrm_functions` gives a dict, not a list of functions"),
        ("rulecrm_standard_rules", ["a"], "`rulecrm_standard_rules` gives a list, not a mapping of texts by name"),
        ("rulecrm_functions", [KIND], "the function `stream` is a Kind, no Function"),
        ("rulecrm_kinds", [FUNCTION], "the kind `same` is a Function, no Kind"),
        ("rulecrm_channels", [PLATFORM], "the channel `acme` is a PlatformType, no ChannelType"),
        ("rulecrm_platforms", [CHANNEL], "the platform `acme-push` is a ChannelType, no PlatformType"),
        ("rulecrm_commands", [KIND], "the command `stream` is a Kind, no command of click"),
        ("rulecrm_standard_rules", {"acme/a.rules": 3}, "the rules `acme/a.rules` is a int, no text"),
        ("rulecrm_functions", [object()], "it offers a object, which has no name"),
        ("rulecrm_functions", [FUNCTION, FUNCTION], "it offers `same` twice"),
    ],
)
def test_what_is_something_else_is_refused(hook: str, given: object, reason: str) -> None:
    assert refusal(offering(hook, lambda: given)) == reason


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (attrs.evolve(FUNCTION, name="two words"), "is not a word that rules could write"),
        (attrs.evolve(FUNCTION, name="count"), "is a function of the language"),
        (attrs.evolve(FUNCTION, name="round"), "is a function of the language"),
        (attrs.evolve(FUNCTION, name="where"), "is a word of the language"),
        (attrs.evolve(FUNCTION, name="customer"), "is a word of the language"),
        (attrs.evolve(FUNCTION, name="purchase"), "is a kind of fact"),
        (attrs.evolve(FUNCTION, doc=" "), "has no doc: a line that says what it is, with units"),
        (attrs.evolve(FUNCTION, doc=None), "has no doc: a line that says what it is, with units"),
        (attrs.evolve(FUNCTION, arguments=[Argument("a", INT)]), "has arguments that are no tuple of Argument"),
        (attrs.evolve(FUNCTION, arguments=(INT,)), "has arguments that are no tuple of Argument"),
        (
            attrs.evolve(FUNCTION, arguments=(Argument("a", INT), Argument("a", INT))),
            "has arguments whose names are missing or there twice",
        ),
        (
            attrs.evolve(FUNCTION, arguments=(Argument("a", AGE),)),
            "has the argument `a` of the type age, which no function takes",
        ),
        (attrs.evolve(FUNCTION, gives=record_of((("a", INT),))), "gives record, which no function gives"),
        (attrs.evolve(FUNCTION, expression=None), "has an expression that is no function"),
    ],
)
def test_a_function_fits_the_language(one: Any, reason: str) -> None:
    assert refusal(offering("rulecrm_functions", [one])) == f"the function `{one.name}` {reason}"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (attrs.evolve(KIND, name="purchase", frame="purchase"), "is built in"),
        (attrs.evolve(KIND, name="last", frame="last"), "is a function of the language"),
        (attrs.evolve(KIND, name="rates", frame="rates"), "has the name of a frame, or of an option of Facts"),
        (attrs.evolve(KIND, name="zone", frame="zone"), "has the name of a frame, or of an option of Facts"),
        (attrs.evolve(KIND, frame="events"), "is not read from the column `at` of a frame of its own name"),
        (attrs.evolve(KIND, subjects=("shopper",)), "belongs to none, or to others than"),
        (attrs.evolve(KIND, columns={"a": Column("b", INT)}), "has a column `a` that is no Column of that name"),
        (attrs.evolve(KIND, columns={"a": INT}), "has a column `a` that is no Column of that name"),
        (attrs.evolve(KIND, columns={"at": Column("at", INT)}), "has a column `at`, which every kind has already"),
        (attrs.evolve(KIND, columns={"a": Column("a", AGE)}), "has the column `a` of a type that no plugin's kind"),
        (attrs.evolve(KIND, key=("number",)), "has a natural key that is not one of its columns"),
        (attrs.evolve(KIND, doc=""), "has no doc"),
    ],
)
def test_a_kind_fits_the_world(one: Any, reason: str) -> None:
    registry = registry_of({"wrong": offering("rulecrm_kinds", [one])})
    refused = registry.plugins[0].refused
    assert refused is not None
    assert refused.startswith(f"the kind `{one.name}` {reason}")


@attrs.frozen
class OfDates:
    since: complex


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (attrs.evolve(CHANNEL, name="Acme Push"), "is not named in lower-case letters, digits and hyphens"),
        (attrs.evolve(CHANNEL, name="console"), "is built in"),
        (attrs.evolve(CHANNEL, channel="push!"), "serves a channel that is no word of rules"),
        (attrs.evolve(CHANNEL, settings=dict), "has settings that cannot be read: they are no attrs class"),
        (attrs.evolve(CHANNEL, settings={}), "has settings that cannot be read: they are no attrs class"),
        (
            attrs.evolve(CHANNEL, settings=OfDates),
            "has settings that cannot be read: `since` is of a type that no settings file gives",
        ),
        (attrs.evolve(CHANNEL, open="open"), "cannot be opened: `open` is no function"),
        (attrs.evolve(CHANNEL, doc=""), "has no doc: a line that says what it is, with units"),
    ],
)
def test_a_channel_can_be_set_up(one: Any, reason: str) -> None:
    assert refusal(offering("rulecrm_channels", [one])) == f"the channel `{one.name}` {reason}"


def test_a_platform_can_be_asked() -> None:
    one: Any = attrs.evolve(PLATFORM, may_contact=True)
    assert refusal(offering("rulecrm_platforms", [one])).endswith("`may_contact` is no function")


@pytest.mark.parametrize("name", ["loyalty.rules", "acme/loyalty", "std/rfm.rules", "../acme/x.rules", "/etc/x.rules"])
def test_rules_are_named_as_they_are_imported(name: str) -> None:
    expected = f"the rules `{name}` is not named as rules import it: `acme/loyalty.rules`"
    assert refusal(offering("rulecrm_standard_rules", {name: ""})) == expected


def test_no_command_takes_the_place_of_a_built_in() -> None:
    assert refusal(offering("rulecrm_commands", [click.Command("eval")])) == "the command `eval` is built in"


def test_the_first_by_name_has_a_name() -> None:
    other = offering("rulecrm_functions", [FUNCTION, attrs.evolve(FUNCTION, name="tier")])
    registry = registry_of({"zeta": other, "acme": Acme()})
    assert registry.plugins[1].refused == "the function `tier` is offered by another plugin already"
    assert "same" not in registry.functions


def test_a_word_is_either_a_function_or_a_kind() -> None:
    other = offering("rulecrm_functions", [attrs.evolve(FUNCTION, name="stream")])
    registry = registry_of({"acme": Acme(), "zeta": other})
    assert registry.plugins[1].refused == "the kind `stream` is offered by another plugin already"


def test_names_that_are_taken_are_those_of_the_language_and_the_command_line() -> None:
    assert set(FUNCTIONS) | set(AGGREGATES) == taken.FUNCTIONS
    assert {word for word in keywords() if word.isalpha()} == taken.KEYWORDS
    assert set(_COMMANDS) <= taken.COMMANDS
    assert set(BUILTIN) == taken.CHANNELS
    frames = {subject.frame for subject in canonical().subjects.values()} | {
        kind.frame for kind in canonical().kinds.values()
    }
    assert {frame for frame in frames if frame is not None} < taken.FRAMES


def test_makings_tell_registries_apart() -> None:
    def of(*functions: Function) -> tuple[str, ...]:
        return registry_of({"one": offering("rulecrm_functions", functions)}).makings()

    assert of(FUNCTION) == of(attrs.evolve(FUNCTION, doc="other words", expression=lambda number: number + 1))
    other = [
        attrs.evolve(FUNCTION, name="other"),
        attrs.evolve(FUNCTION, gives=TEXT),
        attrs.evolve(FUNCTION, arguments=()),
        attrs.evolve(FUNCTION, arguments=(Argument("number", NUMBER, constant=True),)),
    ]
    digests = {zlib.crc32(repr(of(one)).encode()) for one in (FUNCTION, *other)}
    assert len(digests) == 5
