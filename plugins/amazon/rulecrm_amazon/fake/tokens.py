"""Login with Amazon, as the fake has it.

In: a form. Out: an access token that lives for an hour by Amazon's clock, or an error of RFC 6749.
Invariant: a token that was never given, or has run out, opens nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rulecrm.testing.http import Reply, as_json

__all__ = ["CLIENT", "REFRESH", "SECRET", "Desk", "error"]

CLIENT = "amzn1.application-oa2-client.0123456789abcdef"
SECRET = "amzn1.oa2-cs.v1.fake-client-secret"  # noqa: S105 - of the fake
REFRESH = "Atzr|fake-refresh-token"

_HOUR = dt.timedelta(seconds=3600)
_DENIED = "Access to requested resource is denied."


class Desk:
    """Gives access tokens and knows them again.

    Attributes:
        shown: every secret so far.
    """

    def __init__(self) -> None:
        self.shown: list[str] = [SECRET, REFRESH]
        self._refresh = REFRESH
        self._given: dict[str, dt.datetime] = {}
        self._restricted: set[str] = set()
        self._renews = False

    def expire(self) -> None:
        """Let all access tokens run out, and answer the next refresh token with another one, as OAuth allows."""
        self._given = dict.fromkeys(self._given, dt.datetime.min.replace(tzinfo=dt.UTC))
        self._renews = True

    def give(self, form: Mapping[str, str], now: dt.datetime) -> Reply:
        """The answer to a form."""
        if form.get("grant_type") != "refresh_token" or set(form) - {
            "grant_type", "refresh_token", "client_id", "client_secret"
        }:  # fmt: skip
            return as_json({"error": "unsupported_grant_type", "error_description": "unknown grant"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return as_json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        if form.get("refresh_token") != self._refresh:
            return as_json({"error": "invalid_grant", "error_description": "The request has an invalid grant"}, 400)
        if self._renews:
            self._renews = False
            self._refresh = f"{REFRESH}-{len(self.shown)}"
            self.shown.append(self._refresh)
        token = self._new(now)
        return as_json(
            {"access_token": token, "token_type": "bearer", "expires_in": 3600, "refresh_token": self._refresh}
        )

    def restrict(self, now: dt.datetime) -> Reply:
        """A restricted data token."""
        token = self._new(now)
        self._restricted.add(token)
        return as_json({"restrictedDataToken": token, "expiresIn": 3600})

    def is_restricted(self, token: str) -> bool:
        """Whether a token opens what tells of persons."""
        return token in self._restricted

    def refuses(self, token: str, now: dt.datetime) -> Reply | None:
        """What is said to a call with this token; None where it is good."""
        if not token:
            return error(403, "Unauthorized", _DENIED, "Access token is missing in the request header.")
        given = self._given.get(token)
        if given is None:
            details = "The access token you provided is revoked, malformed or invalid."
            return error(403, "Unauthorized", _DENIED, details)
        if now - given >= _HOUR:
            return error(403, "Unauthorized", _DENIED, "The access token you provided has expired.")
        return None

    def _new(self, now: dt.datetime) -> str:
        token = f"Atza|fake-access-token-{len(self._given) + 1}"
        self._given[token] = now
        self.shown.append(token)
        return token


def error(status: int, code: str, message: str, details: str = "") -> Reply:
    """An error in the form that all of Amazon's models have."""
    return as_json({"errors": [{"code": code, "message": message, "details": details}]}, status)
