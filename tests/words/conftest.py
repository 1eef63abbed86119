"""Templates by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rulecrm.model.machine import Template, TemplatePart
from rulecrm.model.sending import Content
from rulecrm.words import Plain, Wording, prepare

Fill = Callable[..., str]


def wording_of(
    *parts: TemplatePart, channel: str = "sms", currency: str = "CNY", zone: str = "Asia/Shanghai"
) -> Wording:
    return prepare({"t": Template("t", channel, parts)}, currency=currency, zone=zone)


@pytest.fixture
def fill() -> Fill:
    """The text of one body."""

    def call(text: str, values: Mapping[str, Plain] | None = None, **options: str) -> str:
        return wording_of(TemplatePart("body", text), **options).render("t", values or {}).text

    return call


@pytest.fixture
def write() -> Callable[..., Content]:
    """The content of several parts: `write({"subject": "…", "body": "…"}, values)`."""

    def call(
        parts: Mapping[str, str],
        values: Mapping[str, Plain] | None = None,
        *,
        channel: str = "email",
        html_channel: bool = True,
    ) -> Content:
        made = wording_of(*(TemplatePart(name, text) for name, text in parts.items()), channel=channel)
        return made.render("t", values or {}, html_channel=html_channel)

    return call
