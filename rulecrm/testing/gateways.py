"""A gateway of the kind where one address answers every method: a router with signed parameters.

In: requests as `rulecrm.testing.http` brings them, and the methods that there are. Out: answers in its own envelope.
Invariant: a method is asked only after the whole call was checked: what is signed, when, by which application, with
which session, and every argument; what is unknown, missing, or out of range is refused as the platform refuses it.

A call is a form (or a query, or both) of common parameters (`method`, `app_key`, `session`, `timestamp`, `v`, `format`,
`sign_method`, `sign`, `simplify`) and of the method's own. The signature covers all of them but itself, sorted by name,
names and values one after another: MD5 between two copies of the secret, HMAC-MD5, or HMAC-SHA-256, in upper-case
hexadecimal digits. An answer is `{"METHOD_response": {…}}`, where a list stands in an object named after its elements
and is left out where it is empty; with `simplify` it is plain. An error is `{"error_response": {"code", "msg",
"sub_code", "sub_msg", "request_id"}}`, with the status 200 all the same.

Sources: developer.alibaba.com/docs/doc.htm articleId=101617 (protocol and signature); numbers of errors as developers
tell of them, for the present pages give none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from types import MappingProxyType
from typing import cast

from attrs import define, field, frozen

from rulecrm.testing.arguments import WRITTEN, Argument, Asked, GatewayError, values_of
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply

__all__ = ["Argument", "Asked", "GatewayError", "Method", "RouterGateway"]

EAST_8 = dt.timezone(dt.timedelta(hours=8), "GMT+8")
"""The zone that the documentation names for `timestamp`."""

_TOLERANCE = dt.timedelta(minutes=10)
_COMMON = frozenset(
    {"method", "app_key", "session", "timestamp", "v", "format", "sign_method", "sign", "simplify", "partner_id",
     "target_app_key"}
)  # fmt: skip
_BANNED = 1.0


@frozen
class Method:
    """A method of the platform.

    Attributes:
        name: with dots.
        answer: what stands below the root of its answer; lists are plain here. Texts, whole numbers, flags, `Decimal`
            (written as a bare number), lists and mappings.
        arguments: that it takes, besides the common ones.
        fields: where the caller has to say in `fields` what is to be given back: every name there is, those of records
            within as `orders.oid`. `fields` may name a record as a whole, or several of its parts.
        within: the list (or record) in the answer that `fields` are about.
        session: whether it needs somebody's session.
    """

    name: str
    answer: Callable[[Asked], Mapping[str, object]]
    arguments: Sequence[Argument] = ()
    fields: frozenset[str] = frozenset()
    within: str = ""
    session: bool = True


@define(eq=False)
class RouterGateway:
    """A gateway; `answer` is safe to call in several threads at once.

    Attributes:
        methods: what it can be asked.
        key, secret: of the one application that it knows.
        now: the platform's clock.
        sessions: those that are good; others are refused as invalid.
        drops: what is dropped from the front of a method's name to make the root of its answer.
        elements: the name of a list's elements, by the name of the list.
        zone: of every instant in calls.
        a_second: how many calls in one second of the clock are answered; the next ones meet with a ban.
        ban: seconds for which a caller who was too fast is banned.
        path: where it is to be called.
    """

    methods: Sequence[Method]
    key: str
    secret: str = field(repr=False)
    now: Callable[[], dt.datetime]
    sessions: set[str] = field(factory=set, repr=False)
    drops: str = ""
    elements: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    zone: dt.tzinfo = EAST_8
    a_second: int | None = None
    ban: float = _BANNED
    path: str = "/router/rest"
    asked: list[Asked] = field(factory=list, init=False)
    _banned_until: dt.datetime | None = field(default=None, init=False)
    _second: tuple[dt.datetime, int] | None = field(default=None, init=False)
    _requests: Iterable[int] = field(factory=lambda: count(1), init=False)
    _lock: threading.RLock = field(factory=threading.RLock, init=False)

    def answer(self, call: Call) -> Reply:
        """What it says to a request; of `call.fault` it minds `THROTTLED`, `CREDENTIALS` and `BROKEN`."""
        with self._lock:
            number = f"r{next(iter(self._requests))}"
            if call.path != self.path:
                return Reply(404, b"<html><body>Not found", {"content-type": "text/html"})
            given = {**call.query, **(call.form() if call.method == "POST" else {})}
            plain = given.get("simplify") == "true"
            try:
                self._pace()
                self._fault(call.fault)
                document = self._told(given, plain=plain)
            except GatewayError as error:
                document = {"error_response": _said(error, number)}
            else:
                root = given["method"].removeprefix(self.drops).replace(".", "_") + "_response"
                document = {**document, "request_id": number} if plain else {root: {**document, "request_id": number}}
            return Reply(200, _json(document).encode(), {"content-type": "text/javascript;charset=UTF-8"})

    def sign(self, given: Mapping[str, str]) -> str:
        """The signature of parameters, worked out here by itself, for comparison.

        Raises:
            GatewayError: the way of signing is none that is known.
        """
        text = "".join(name + value for name, value in sorted(given.items()) if name != "sign" and name and value)
        secret, way = self.secret.encode(), given.get("sign_method", "md5")
        if way == "md5":
            return hashlib.md5(secret + text.encode() + secret, usedforsecurity=False).hexdigest().upper()
        if way not in {"hmac", "hmac-sha256"}:
            raise GatewayError(25, "Invalid Signature")
        return hmac.new(secret, text.encode(), "md5" if way == "hmac" else "sha256").hexdigest().upper()

    # --- what is checked, in this order ---------------------------------------------------------------------------

    def _told(self, given: Mapping[str, str], *, plain: bool) -> Mapping[str, object]:
        method = self._method(given)
        self._signed(given)
        session = self._session(given, needed=method.session)
        asked = Asked(method.name, self._arguments(method, given), session)
        self.asked.append(asked)
        told = method.answer(asked)
        if method.fields:
            told = {**told, **self._chosen(method, told, asked.texts("fields"))}
        return cast("Mapping[str, object]", told if plain else self._wrapped(told))

    def _method(self, given: Mapping[str, str]) -> Method:
        name = given.get("method")
        if not name:
            raise GatewayError(21, "Missing Method")
        found = next((one for one in self.methods if one.name == name), None)
        if found is None:
            raise GatewayError(22, "Invalid Method")
        if given.get("format", "xml") != "json":
            raise GatewayError(23, "Invalid Format", sub_message="this gateway speaks JSON alone")
        return found

    def _signed(self, given: Mapping[str, str]) -> None:
        if not given.get("app_key"):
            raise GatewayError(28, "Missing App Key")
        if given["app_key"] != self.key:
            raise GatewayError(29, "Invalid app Key", "isv.appkey-not-exists")
        if not given.get("v"):
            raise GatewayError(32, "Missing Version")
        if given["v"] != "2.0":
            raise GatewayError(33, "Invalid Version")
        if not given.get("timestamp"):
            raise GatewayError(30, "Missing Timestamp")
        try:
            at = dt.datetime.strptime(given["timestamp"], WRITTEN).replace(tzinfo=self.zone)
        except ValueError:
            raise GatewayError(31, "Invalid Timestamp") from None
        if abs(at - self.now()) > _TOLERANCE:
            raise GatewayError(31, "Invalid Timestamp")
        if not given.get("sign"):
            raise GatewayError(24, "Missing Signature")
        if not hmac.compare_digest(self.sign(given).encode(), given["sign"].encode()):
            raise GatewayError(25, "Invalid Signature")

    def _session(self, given: Mapping[str, str], *, needed: bool) -> str | None:
        session = given.get("session")
        if session is None and not needed:
            return None
        if not session:
            raise GatewayError(26, "Missing Session")
        if session not in self.sessions:
            raise GatewayError(27, "Invalid session", "invalid-sessionkey", "the session key is not valid")
        return session

    # --- arguments ------------------------------------------------------------------------------------------------

    def _arguments(self, method: Method, given: Mapping[str, str]) -> Mapping[str, object]:
        known = list(method.arguments)
        if method.fields:
            known.append(Argument("fields", "texts", required=True))
        strange = sorted(set(given) - _COMMON - {one.name for one in known})
        if strange:
            raise GatewayError(41, f"Invalid arguments:{strange[0]}", "isv.invalid-parameter")
        values = values_of(known, given, self.zone)
        if method.fields:
            asked = cast("Sequence[str]", values["fields"])
            records = {name.rpartition(".")[0] for name in method.fields} - {""}
            unknown = [one for one in asked if one not in method.fields and one not in records]
            if unknown:
                raise GatewayError(41, f"Invalid arguments:fields {unknown[0]}", "isv.invalid-parameter")
        return values

    # --- answers --------------------------------------------------------------------------------------------------

    def _chosen(self, method: Method, told: Mapping[str, object], fields: Sequence[str]) -> Mapping[str, object]:
        found = told.get(method.within)
        if isinstance(found, Mapping):
            return {method.within: _only(found, fields)}
        rows = cast("Sequence[Mapping[str, object]]", found or [])
        return {method.within: [_only(row, fields) for row in rows]}

    def _wrapped(self, told: object) -> object:
        if not isinstance(told, Mapping):
            return told
        found: dict[str, object] = {}
        for name, value in told.items():
            if isinstance(value, list | tuple):
                if value:
                    found[name] = {self.elements[name]: [self._wrapped(one) for one in value]}
            elif value is not None:
                found[name] = self._wrapped(value)
        return found

    # --- faults ---------------------------------------------------------------------------------------------------

    def _fault(self, fault: Fault | None) -> None:
        if fault is Fault.THROTTLED:
            raise self._too_fast()
        if fault is Fault.CREDENTIALS:
            raise GatewayError(25, "Invalid Signature")
        if fault is Fault.BROKEN:
            raise GatewayError(15, "Remote service error", "isp.top-remote-connection-timeout", "try again later")

    def _pace(self) -> None:
        now = self.now()
        if self._banned_until is not None and now < self._banned_until:
            raise self._too_fast((self._banned_until - now).total_seconds())
        if self.a_second is None:
            return
        second = now.replace(microsecond=0)
        calls = self._second[1] + 1 if self._second is not None and self._second[0] == second else 1
        self._second = (second, calls)
        if calls > self.a_second:
            self._banned_until = now + dt.timedelta(seconds=self.ban)
            raise self._too_fast()

    def _too_fast(self, seconds: float | None = None) -> GatewayError:
        left = max(round(self.ban if seconds is None else seconds), 1)
        said = f"This ban will last for {left} more seconds"
        return GatewayError(7, "App Call Limited", "accesscontrol.limited-by-api-access-count", said)


def _only(row: Mapping[str, object], fields: Sequence[str]) -> Mapping[str, object]:
    """The parts of a record that were asked for, and of records within it."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if name in fields:
            found[name] = value
            continue
        inner = [one.removeprefix(f"{name}.") for one in fields if one.startswith(f"{name}.")]
        if inner and isinstance(value, Mapping):
            found[name] = _only(value, inner)
        elif inner and isinstance(value, list | tuple):
            found[name] = [_only(one, inner) for one in value]
    return found


def _said(error: GatewayError, number: str) -> Mapping[str, object]:
    told = {"code": error.code, "msg": error.message, "sub_code": error.sub_code, "sub_msg": error.sub_message}
    return {name: value for name, value in told.items() if value != ""} | {"request_id": number}


def _json(document: object) -> str:
    """JSON in which a `Decimal` is a number, digit for digit."""
    if isinstance(document, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(name))}: {_json(value)}" for name, value in document.items()) + "}"
    if isinstance(document, list | tuple):
        return "[" + ", ".join(_json(value) for value in document) + "]"
    return str(document) if isinstance(document, Decimal) else json.dumps(document, ensure_ascii=False)
