"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: everything secret is a reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """Settings of the channel `whatsapp`.

    Attributes:
        token: a system user's access token, with the permission `whatsapp_business_messaging`.
        phone_number_id: Meta's id of the number that messages come from (not the number itself).
        app_secret: of the app; webhooks are signed with it. Without it none is believed.
        verify_token: what Meta is to show when it verifies the webhook's URL.
        url: where the Graph API is.
        version: of the Graph API.
        proxy: the URL of a proxy.
        timeout: seconds to wait for an answer.
        per_second: most messages a second, of the number.
        per_day: most messages in 24 hours, where the portfolio's limit is to be kept by ourselves.
        language: of templates, where a message says none.
        languages: Meta's code by language tag, where it is not the tag with an underscore (`pt-BR` is `pt_BR`).
        named_parameters: whether templates name their parameters (`{{nick}}`), rather than number them (`{{1}}`).
        callback_data: which messages carry their key, so that a webhook tells of one whose answer was lost:
            `templates`, `all` or `none`. Meta's published model knows the field of templates alone.
        preview: whether links in texts are shown with a preview.
        stop_words: what a person writes, or the button that is pressed, to get nothing any more.
    """

    token: Secret
    phone_number_id: str = field(validator=validators.matches_re(r"\d+"))
    app_secret: Secret = NO_SECRET
    verify_token: Secret = NO_SECRET
    url: str = field(default="https://graph.facebook.com", validator=validators.matches_re(r"https?://\S+"))
    version: str = field(default="v23.0", validator=validators.matches_re(r"v\d+\.\d+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))
    per_second: int = field(default=80, validator=validators.gt(0))
    per_day: int | None = None
    language: str = "en"
    languages: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    named_parameters: bool = False
    callback_data: str = field(default="templates", validator=validators.in_(("templates", "all", "none")))
    preview: bool = False
    stop_words: tuple[str, ...] = ("stop", "unsubscribe", "stop promotions", "cancelar", "стоп", "退订")
