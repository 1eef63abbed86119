"""What the service's codes mean.

In: the code of a call, or of one number of it. Out: an outcome, and until when it holds.
Invariant: what the service says in words goes no further, for it may repeat numbers.

The codes are those that the service's own SDK lists. A code says that nothing was sent, but for the errors inside the
service (`InternalError.Timeout`, `.SendAndRecvFail`, …): what they say of a message is nothing, so they are `unknown`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.plugin import Answer, Answered

__all__ = ["SHANGHAI", "answer_of"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone of the service's days and of the times it writes out."""

_DAY_BEGINS = dt.time(8)
"""When marketing may be sent again."""


@frozen
class _Meaning:
    outcome: Answered
    detail: str
    route: bool = False
    wait: dt.timedelta | None = None
    until: dt.time | None = None  # … the next time that it is so late in Shanghai


def _table() -> dict[str, _Meaning]:
    dead, policy, config = Answered.DEAD_ADDRESS, Answered.POLICY, Answered.CONFIG
    retry, quota, unknown = Answered.RETRY, Answered.WAIT_QUOTA, Answered.UNKNOWN
    midnight = dt.time(0)
    return {
        "FailedOperation.PhoneNumberInBlacklist": _Meaning(Answered.OPTED_OUT, "the recipient wants no messages"),
        "InvalidParameterValue.IncorrectPhoneNumber": _Meaning(dead, "that is no phone number"),
        "FailedOperation.PhoneNumberParseFail": _Meaning(dead, "that is no phone number"),
        "FailedOperation.MarketingSendTimeConstraint": _Meaning(
            retry, "marketing is sent from 08:00 to 22:00", until=_DAY_BEGINS
        ),
        "LimitExceeded.PhoneNumberThirtySecondLimit": _Meaning(
            retry, "the recipient's messages of 30 seconds are used up", wait=dt.timedelta(seconds=30)
        ),
        "LimitExceeded.PhoneNumberOneHourLimit": _Meaning(
            retry, "the recipient's messages of the hour are used up", wait=dt.timedelta(hours=1)
        ),
        "LimitExceeded.PhoneNumberDailyLimit": _Meaning(
            quota, "the recipient's messages of the day are used up", until=midnight
        ),
        "LimitExceeded.PhoneNumberSameContentDailyLimit": _Meaning(
            quota, "the recipient has had these words today", until=midnight
        ),
        "LimitExceeded.DeliveryFrequencyLimit": _Meaning(retry, "the recipient has had as many as allowed"),
        "LimitExceeded.AppCountryOrRegionDailyLimit": _Meaning(
            quota, "that country's messages of the day are used up", until=midnight
        ),
        "LimitExceeded.AppCountryOrRegionInBlacklist": _Meaning(
            policy, "the application does not send to that country"
        ),
        **{
            f"LimitExceeded.{name}": _Meaning(
                quota, "the application's messages of the day are used up", route=True, until=midnight
            )
            for name in ("AppDailyLimit", "AppGlobalDailyLimit", "AppMainlandChinaDailyLimit", "DailyLimit")
        },
        "LimitExceeded.GlobalSmsSendingRateLimit": _Meaning(retry, "too many messages a second", route=True),
        "LimitExceeded.PhoneNumberCountLimit": _Meaning(config, "too many numbers in one call"),
        "RequestLimitExceeded": _Meaning(retry, "too many calls a second", route=True),
        "FailedOperation.InsufficientBalanceInSmsPackage": _Meaning(config, "the package of messages is used up"),
        "FailedOperation.SignatureIncorrectOrUnapproved": _Meaning(config, "the signature is not approved"),
        "FailedOperation.MissingSignature": _Meaning(config, "there is no signature"),
        "InvalidParameterValue.SdkAppIdNotExist": _Meaning(config, "there is no such application"),
        "InvalidParameter.AppidAndBizId": _Meaning(config, "the application is another account's"),
        "InternalError.RequestTimeException": _Meaning(config, "the clock is wrong"),
        "InternalError.SigFieldMissing": _Meaning(config, "the signature of the call is missing"),
        "InternalError.SigVerificationFail": _Meaning(config, "the signature of the call is wrong"),
        "InternalError.RestApiInterfaceNotExist": _Meaning(config, "there is no such call"),
        "InternalError.JsonParseFail": _Meaning(policy, "the parameters could not be read"),
        "InternalError.Timeout": _Meaning(unknown, "the service waited in vain for its sender"),
        "InternalError.SendAndRecvFail": _Meaning(unknown, "the service waited in vain for its sender"),
    }


_MEANINGS: Mapping[str, _Meaning] = MappingProxyType(_table())

_KINDS: Mapping[str, _Meaning] = MappingProxyType(
    {
        "AuthFailure": _Meaning(Answered.CONFIG, "the key, its rights or the clock are not right"),
        "UnauthorizedOperation": _Meaning(Answered.CONFIG, "the account may not send so"),
        "InvalidAction": _Meaning(Answered.CONFIG, "there is no such call"),
        "UnsupportedRegion": _Meaning(Answered.CONFIG, "the region is not right"),
        "RequestLimitExceeded": _Meaning(Answered.RETRY, "too many calls", route=True),
        "LimitExceeded": _Meaning(Answered.RETRY, "a limit was met"),
        "FailedOperation": _Meaning(Answered.POLICY, "refused"),
        "InvalidParameter": _Meaning(Answered.POLICY, "refused for a parameter"),
        "InvalidParameterValue": _Meaning(Answered.POLICY, "refused for a parameter"),
        "MissingParameter": _Meaning(Answered.POLICY, "refused for a parameter that is missing"),
        "UnsupportedOperation": _Meaning(Answered.POLICY, "the template is not for that country"),
        "InternalError": _Meaning(Answered.UNKNOWN, "the service has an error of its own"),
    }
)


def answer_of(code: str, now: dt.datetime) -> Answer:
    """What a code other than `Ok` says of a message; of one that is not listed, what its kind says."""
    kind = _KINDS.get(code.partition(".")[0], _Meaning(Answered.UNKNOWN, "the answer makes no sense"))
    meaning = _MEANINGS.get(code, kind)
    until = now + meaning.wait if meaning.wait is not None else None
    if meaning.until is not None:
        here = now.astimezone(SHANGHAI)
        until = dt.datetime.combine(here.date(), meaning.until, SHANGHAI)
        if until <= here:
            until += dt.timedelta(days=1)  # Shanghai keeps no summer time
    return Answer(meaning.outcome, not_before=until, code=code or None, detail=meaning.detail, route=meaning.route)
