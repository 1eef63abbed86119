"""The words of messages: Liquid templates, filled for one customer at a time.

In: templates of checked rules, values by name. Out: `Content`; how many SMS segments a text is.
Invariant: a template reaches nothing but the values that it is handed, and ends soon whatever it says.

Names are imported when first used, so that rules are checked without python-liquid where no template needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.words.errors import ReadingError, WordingError
    from rulecrm.words.sms import Segments, finish, segments
    from rulecrm.words.values import Plain, given, types_given
    from rulecrm.words.wording import Wording, prepare

__all__ = [
    # templates
    "Wording", "prepare", "Plain", "given", "types_given",
    # what goes wrong
    "ReadingError", "WordingError",
    # SMS
    "Segments", "finish", "segments",
]  # fmt: skip

_HOMES = {
    "Plain": "values",
    "ReadingError": "errors",
    "Segments": "sms",
    "Wording": "wording",
    "WordingError": "errors",
    "finish": "sms",
    "given": "values",
    "prepare": "wording",
    "segments": "sms",
    "types_given": "values",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rulecrm.words' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"rulecrm.words.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
