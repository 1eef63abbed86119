"""Which variant is for whom."""

from __future__ import annotations

import pytest

from rulecrm.words.locales import choose


@pytest.mark.parametrize(
    ("locales", "language", "expected"),
    [
        ((None, "zh", "zh-CN"), "zh-CN", "zh-CN"),
        ((None, "zh", "zh-CN"), "zh-TW", "zh"),
        ((None, "zh", "zh-Hant"), "zh-Hant-TW", "zh-Hant"),
        ((None, "zh"), "de", None),
        ((None, "zh"), None, None),
        (("zh", "en"), "de", "zh"),
        (("zh", "en"), None, "zh"),
        (("en", "zh"), "zh_cn", "zh"),
        (("en", "zh-CN"), "ZH-cn", "zh-CN"),
        (("en", "zh"), "zh-x-shop", "zh"),
        (("en",), "", "en"),
        ((None,), "zh", None),
        # a language's variant for one place is not for all
        ((None, "zh-CN"), "zh", None),
    ],
)
def test_the_nearest_variant_is_taken(
    locales: tuple[str | None, ...], language: str | None, expected: str | None
) -> None:
    assert choose(locales, language) == expected
