"""A gateway whose APIs are paths, played locally: what `rulecrm.plugin.gateways` speaks to.

In: requests as `rulecrm.testing.http` brings them, and the APIs that there are. Out: answers and refusals in its words.
Invariant: an API is asked only after the whole call was checked: the app, the time, the signature, its parameters, the
token; what is unknown or missing is refused. An access token that has run out is refused, and a refresh token is good
for one renewal.

Sources: those of `rulecrm.plugin.gateways`; the signature is computed here on its own, so that both are seen to agree.
Where the documents say nothing of it, public code was looked at; the fields of a token's answer are those of
`/auth/token/security/refresh`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from attrs import frozen

from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market

__all__ = ["PathApi", "PathRefusalError", "PathServer"]

_COMMON = frozenset({"app_key", "timestamp", "sign_method", "sign", "method", "format", "v", "simplify", "partner_id"})
_TOLERANCE = dt.timedelta(seconds=7200)


class PathRefusalError(Exception):
    """What the gateway refuses a call with; APIs raise it, too."""

    def __init__(self, code: str, message: str, kind: str = "ISV") -> None:
        super().__init__(message)
        self.code, self.message, self.kind = code, message, kind


@frozen
class PathApi:
    """One API.

    Attributes:
        answer: what it says to its own parameters: a JSON object.
        required, optional: names of its parameters; any other is refused.
    """

    answer: Callable[[Mapping[str, str]], Mapping[str, object]]
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


class PathServer(PlatformFake):
    """A fake of a platform behind such a gateway; a subclass gives `apis` and says what is true.

    Attributes:
        app_key, app_secret, access_token, refresh_token: what the settings of an account hold.
        access_days, refresh_days: for how long new tokens are good.
        session_names: parameters in which an access token is taken.
        ban: seconds for which somebody who was throttled is told to wait.
    """

    app_key = "12345678"
    app_secret = "secret-of-the-app"  # noqa: S105 - it opens nothing
    access_days = 30
    ban = 1
    refresh_days = 180
    session_names: frozenset[str] = frozenset({"access_token"})
    refresh_api = "/auth/token/refresh"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._numbers = count(1)
        self.access_token, self.refresh_token = "access-0-of-the-shop", "refresh-0-of-the-shop"
        self._access = {self.access_token: self.now + dt.timedelta(days=3650)}
        self._refresh = {self.refresh_token: self.now + dt.timedelta(days=3650)}
        self._given = [self.access_token, self.refresh_token]

    @property
    def secrets(self) -> Sequence[str]:  # type: ignore[override]
        """What must never be seen: the app's secret, and all tokens there have been."""
        return (self.app_secret, *self._given)

    def apis(self) -> Mapping[str, PathApi]:
        """The APIs that there are, by name or path."""
        raise NotImplementedError

    def expire(self) -> None:
        """Let every access token run out now."""
        for token in self._access:
            self._access[token] = self.now

    # --- what is asked --------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What the gateway says to a request."""
        given = {**call.query, **(call.form() if call.method == "POST" else {})}
        api = given.get("method", "") if call.path == "/sync" else call.path.removeprefix("/rest")
        if call.fault is Fault.BROKEN and len(self.requests) % 2:
            return Reply(503, b"<html><body>Service Unavailable</body></html>", {"content-type": "text/html"})
        try:
            self._meet(call.fault)
            self._check(api, given)
            if api == self.refresh_api:
                return as_json({**self._renew(given["refresh_token"]), "code": "0", "request_id": self._request()})
            told = self._ask(api, given)
        except PathRefusalError as refusal:
            return self._refused(call, refusal)
        self.stir()
        return as_json({**told, "code": "0", "request_id": self._request()})

    def _meet(self, fault: Fault | None) -> None:
        if fault is Fault.THROTTLED:
            message = f"Api access frequency exceeds the limit. this ban will last {self.ban} seconds"
            raise PathRefusalError("ApiCallLimit", message)
        if fault is Fault.CREDENTIALS:
            raise PathRefusalError("IllegalAccessToken", "The specified access token is invalid or expired")
        if fault is Fault.BROKEN:
            raise PathRefusalError("ServiceTimeout", "The API is temporarily unavailable", "ISP")

    def _check(self, api: str, given: Mapping[str, str]) -> None:
        if given.get("app_key") != self.app_key:
            raise PathRefusalError("InvalidAppKey", "The specified App Key is invalid")
        if given.get("sign_method") != "sha256":
            raise PathRefusalError("InvalidSignMethod", "The specified sign_method is invalid")
        when = _instant(given.get("timestamp", ""))
        if when is None or abs(when - self.now) > _TOLERANCE:
            raise PathRefusalError("InvalidTimestamp", "The specified timestamp is invalid or out of range")
        if given.get("sign") != self._signature(api, given):
            raise PathRefusalError(
                "IncompleteSignature", "The request signature does not conform to platform standards"
            )

    def _signature(self, api: str, given: Mapping[str, str]) -> str:
        told = "".join(name + given[name] for name in sorted(given) if name != "sign" and given[name])
        text = api + told if "/" in api else told
        return hmac.new(self.app_secret.encode(), text.encode(), hashlib.sha256).hexdigest().upper()

    def _ask(self, api: str, given: Mapping[str, str]) -> Mapping[str, object]:
        known = self.apis().get(api)
        if known is None:
            raise PathRefusalError("InvalidApiPath", "The specified api path is invalid")
        own = {name: value for name, value in given.items() if name not in _COMMON | self.session_names}
        missing = sorted(known.required - set(own))
        if missing:
            raise PathRefusalError(
                "MissingParameter", f"The input parameter {missing[0]} that is mandatory was not supplied"
            )
        unknown = sorted(set(own) - known.required - known.optional)
        if unknown:
            raise PathRefusalError("InvalidParameter", f"The input parameter {unknown[0]} is not known")
        tokens = [given[name] for name in self.session_names if name in given]
        if len(tokens) != 1 or self._access.get(tokens[0], self.now) <= self.now:
            raise PathRefusalError("IllegalAccessToken", "The specified access token is invalid or expired")
        return known.answer(own)

    def _renew(self, refresh: str) -> Mapping[str, object]:
        if self._refresh.pop(refresh, self.now) <= self.now:
            raise PathRefusalError("IllegalRefreshToken", "The specified refresh token is invalid or expired")
        number = next(self._numbers)
        access, new = f"access-{number}-of-the-shop", f"refresh-{number}-of-the-shop"
        lives, longer = dt.timedelta(days=self.access_days), dt.timedelta(days=self.refresh_days)
        self._access[access], self._refresh[new] = self.now + lives, self.now + longer
        self._given += [access, new]
        return {
            "access_token": access, "refresh_token": new, "account": "shop@example.com",
            "expires_in": int(lives.total_seconds()), "refresh_expires_in": int(longer.total_seconds()),
        }  # fmt: skip

    def _refused(self, call: Call, refusal: PathRefusalError) -> Reply:
        request = self._request()
        if call.path == "/sync" and len(self.requests) % 2:  # method style answers in either of two shapes
            inner = {"type": refusal.kind, "code": refusal.code, "msg": refusal.message, "request_id": request}
            return as_json({"error_response": inner})
        return as_json(
            {"type": refusal.kind, "code": refusal.code, "message": refusal.message, "request_id": request}
        )  # fmt: skip

    def _request(self) -> str:
        return f"0ba28873{len(self.requests):016d}"


def _instant(told: str) -> dt.datetime | None:
    """Milliseconds since 1970, or text in UTC."""
    try:
        if told.isdigit():
            return dt.datetime.fromtimestamp(int(told) / 1000, dt.UTC)
        read = dt.datetime.fromisoformat(told)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=dt.UTC)
