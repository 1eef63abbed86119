"""WeCom's API, with its access token.

In: what the settings hold. Out: the API, as one company's app may call it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from rulecrm.plugin import Secret
from rulecrm.plugin.tokens import TokenApi
from rulecrm.plugin.wire import Wire
from rulecrm_wecom import answers

__all__ = ["api_of"]


def api_of(wire: Wire, corp_id: str, secret: Secret, now: Callable[[], dt.datetime]) -> TokenApi:
    """The API; the secret is read when a token is fetched."""
    return TokenApi(
        wire,
        "/cgi-bin/gettoken",
        lambda: {"corpid": corp_id, "corpsecret": secret.reveal()},
        answers,
        stale=answers.STALE_TOKEN,
        now=now,
    )
