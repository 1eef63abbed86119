"""What each thing that a plugin offers must be.

In: the name of a hook, a name, and what is offered under it. Out: what is wrong with it, in words, or None.
Invariant: what fits here never fails later for its form: each field has its type, and no name is one that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rulecrm.model.schema import Column, Kind, canonical
from rulecrm.model.types import BOOL, DATE, DURATION, INSTANT, INT, MONEY, NUMBER, TEXT, TIME, Type
from rulecrm.plugin import taken
from rulecrm.plugin.channels import ChannelType
from rulecrm.plugin.functions import Argument, Function
from rulecrm.plugin.platforms import FileFormat, PlatformType
from rulecrm.plugin.settings import settings_of

__all__ = ["CHECKS", "WHAT"]

WHAT: Mapping[str, str] = MappingProxyType(
    {
        "rulecrm_channels": "channel",
        "rulecrm_platforms": "platform",
        "rulecrm_functions": "function",
        "rulecrm_kinds": "kind",
        "rulecrm_standard_rules": "rules",
        "rulecrm_commands": "command",
    }
)
"""What each hook offers."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_SLUG_SAID = "is not named in lower-case letters, digits and hyphens"
_IMPORTED = re.compile(r"[a-z][a-z0-9_-]*(/[a-z0-9_-]+)+\.rules\Z")

_SCALARS = (BOOL, INT, NUMBER, TEXT, MONEY, DURATION, INSTANT, DATE, TIME)


def _channel(name: str, one: object) -> str | None:
    if not isinstance(one, ChannelType):
        return f"is a {type(one).__name__}, no ChannelType"
    if not _SLUG.match(name):
        return _SLUG_SAID
    if name in taken.CHANNELS:
        return "is built in"
    if not _is_word(one.channel):
        return "serves a channel that is no word of rules"
    try:
        settings_of(one.settings)
    except TypeError as error:
        return f"has settings that cannot be read: {error}"
    return "cannot be opened: `open` is no function" if not _is_callable(one.open) else _documented(one.doc)


def _platform(name: str, one: object) -> str | None:
    if not isinstance(one, PlatformType):
        return f"is a {type(one).__name__}, no PlatformType"
    if not _SLUG.match(name):
        return _SLUG_SAID
    if not _is_callable(one.may_contact):
        return "cannot be asked: `may_contact` is no function"
    return _account(one) or _formats(one.files)


def _account(one: PlatformType) -> str | None:
    """What is wrong with how an account of a platform is opened."""
    if (one.settings is None) != (one.open is None):
        return "has settings or `open`, and not both"
    if one.settings is None:
        return None
    try:
        settings_of(one.settings)
    except TypeError as error:
        return f"has settings that cannot be read: {error}"
    return None if _is_callable(one.open) else "cannot be opened: `open` is no function"


def _formats(files: Sequence[FileFormat]) -> str | None:
    """What is wrong with the formats of files that a platform reads."""
    if not _are(tuple(files), FileFormat):
        return "has files that are no FileFormat"
    names = [each.name for each in files]
    if len(set(names)) != len(names) or not all(map(_SLUG.match, names)):
        return f"has formats of files one of which {_SLUG_SAID}, or is there twice"
    wrong = next((each for each in files if not (_is_callable(each.recognise) and _is_callable(each.read))), None)
    if wrong is not None:
        return f"has the format `{wrong.name}`, which cannot be recognised or read: that is no function"
    return next(
        (f"has the format `{each.name}`, which {said}" for each in files if (said := _documented(each.doc))), None
    )


def _function(name: str, one: object) -> str | None:
    if not isinstance(one, Function):
        return f"is a {type(one).__name__}, no Function"
    wrong = _word(name)
    if wrong is not None:
        return wrong
    if not _are(one.arguments, Argument):
        return "has arguments that are no tuple of Argument"
    names = [each.name for each in one.arguments]
    if len(set(names)) != len(names) or not all(map(_is_word, names)):
        return "has arguments whose names are missing or there twice"
    for each in one.arguments:
        if not _is_plain(each.type):
            return f"has the argument `{each.name}` of the type {each.type}, which no function takes"
    if not _is_plain(one.gives):
        return f"gives {one.gives}, which no function gives"
    if not _is_callable(one.expression):
        return "has an expression that is no function"
    return _documented(one.doc)


def _kind(name: str, one: object) -> str | None:
    if not isinstance(one, Kind):
        return f"is a {type(one).__name__}, no Kind"
    world = canonical()
    if name in world.kinds:
        return "is built in"
    wrong = _word(name)
    if wrong is not None:
        return wrong
    if name in taken.FRAMES:
        return "has the name of a frame, or of an option of Facts"
    if one.frame != name or one.at != "at":
        return "is not read from the column `at` of a frame of its own name"
    if not one.subjects or not set(one.subjects) <= set(world.subjects):
        return f"belongs to none, or to others than {', '.join(world.subjects)}"
    for key, column in one.columns.items():
        if not _are((column,), Column) or column.name != key or not _is_word(key):
            return f"has a column `{key}` that is no Column of that name"
        if key == "at" or key in world.subjects:
            return f"has a column `{key}`, which every kind has already"
        if column.stage is not None or not (_is_plain(column.type) or _is_record_list(column.type)):
            return f"has the column `{key}` of a type that no plugin's kind may have"
    if len(one.key) > 1 or not set(one.key) <= set(one.columns):
        return "has a natural key that is not one of its columns"
    return _documented(one.doc)


def _rules(name: str, one: object) -> str | None:
    if not _IMPORTED.match(name) or name.startswith("std/"):
        return "is not named as rules import it: `acme/loyalty.rules`"
    return None if isinstance(one, str) else f"is a {type(one).__name__}, no text"


def _command(name: str, one: object) -> str | None:
    if not callable(getattr(one, "main", None)) or not callable(getattr(one, "invoke", None)):
        return f"is a {type(one).__name__}, no command of click"
    if name in taken.COMMANDS:
        return "is built in"
    return None if _SLUG.match(name) else _SLUG_SAID


CHECKS: Mapping[str, Callable[[str, object], str | None]] = MappingProxyType(
    {
        "rulecrm_channels": _channel,
        "rulecrm_platforms": _platform,
        "rulecrm_functions": _function,
        "rulecrm_kinds": _kind,
        "rulecrm_standard_rules": _rules,
        "rulecrm_commands": _command,
    }
)
"""By hook, what is wrong with an offer of this name, in words that follow the name; None where nothing is."""


def _word(name: str) -> str | None:
    """What is wrong with a name as a word of rules."""
    world = canonical()
    if not name.isidentifier():
        return "is not a word that rules could write"
    if name in taken.FUNCTIONS:
        return "is a function of the language"
    if name in taken.KEYWORDS or name in world.subjects:
        return "is a word of the language"
    return "is a kind of fact" if name in world.kinds else None


def _is_word(one: object) -> bool:
    return isinstance(one, str) and one.isidentifier()


def _is_callable(one: object) -> bool:
    return callable(one)


def _are(many: object, kind: type) -> bool:
    return isinstance(many, tuple) and all(isinstance(one, kind) for one in many)


def _documented(doc: object) -> str | None:
    return None if isinstance(doc, str) and doc.strip() else "has no doc: a line that says what it is, with units"


def _is_plain(one: object) -> bool:
    return one in _SCALARS or (isinstance(one, Type) and one.name == "list" and one.item in _SCALARS)


def _is_record_list(one: Type) -> bool:
    record = one.item if one.name == "list" else one
    return record is not None and record.name == "record" and all(of in _SCALARS for _, of in record.fields)
