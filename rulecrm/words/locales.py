"""Which of a template's variants is for whom.

In: language tags. Out: the variant.
Invariant: the exact tag comes first, then what is left of the customer's tag when its last subtags are taken off
(`zh-Hant-TW`, `zh-Hant`, `zh`; RFC 4647 §3.4), then the words for all languages, then the first that is written.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["choose"]


def choose(locales: Sequence[str | None], language: str | None) -> str | None:
    """The locale to take from those there are (None: words for all), for a customer of this language.

    Case makes no difference, nor does `zh_CN` for `zh-CN`.
    """
    known = {_folded(locale): locale for locale in reversed(locales) if locale is not None}
    subtags = _folded(language).split("-") if language else []
    while subtags:
        if "-".join(subtags) in known:
            return known["-".join(subtags)]
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:  # an extension's letter alone means nothing
            subtags.pop()
    return None if None in locales or not locales else locales[0]


def _folded(tag: str) -> str:
    return tag.strip().replace("_", "-").lower()
