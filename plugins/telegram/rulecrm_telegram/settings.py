"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: the token and the secret of the webhook are references.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """Settings of the channel `telegram`.

    Attributes:
        token: of the bot, as @BotFather gave it: `123456:ABC…`.
        webhook_secret: the `secret_token` that `setWebhook` was called with. Where it is set, updates are awaited by
            webhook; where it is not, they are fetched.
        url: where the Bot API is; a Bot API server of one's own, or a fake.
        proxy: the URL of a proxy, where Telegram is not reached directly.
        timeout: seconds to wait for an answer.
        per_second: most messages a second, of the bot.
        stop_words: what a person writes to get nothing any more; case does not matter.
        preview: whether links are shown with a preview.
        silent: whether messages come without a sound.
    """

    token: Secret
    webhook_secret: Secret = NO_SECRET
    url: str = field(default="https://api.telegram.org", validator=validators.matches_re(r"https?://\S+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))
    per_second: int = field(default=30, validator=validators.gt(0))
    stop_words: tuple[str, ...] = ("/stop", "stop", "unsubscribe", "стоп", "退订")
    preview: bool = True
    silent: bool = False
