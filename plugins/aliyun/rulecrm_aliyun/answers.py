"""What the service's codes mean.

In: the code of an answer, and what it says of a limit. Out: an outcome, and whether it is about the number, the words,
or all that goes through the account.
Invariant: what the service says in words goes no further, for it may repeat numbers.

The codes are those of help.aliyun.com/zh/sms/developer-reference/api-error-codes. Any code but OK says that nothing was
taken, but for errors inside the service: of those only isp.SYSTEM_ERROR is documented as one after which to send again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.plugin import Answer, Answered
from rulecrm_aliyun.calls import Told

__all__ = ["SHANGHAI", "About", "Meaning", "answer_of", "meaning_of"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone of the service's days and of every time it writes."""


class About(StrEnum):
    """Whom a refusal concerns."""

    NUMBER = "number"
    """One of the recipients; a call for several is refused as a whole for the sake of one."""
    WORDS = "words"
    """The template or what it is filled with."""
    TEMPLATE = "template"
    """All of a call alike."""
    ROUTE = "route"
    """All that goes through the account."""


@frozen
class Meaning:
    """What a code means."""

    outcome: Answered
    about: About
    detail: str


def _table() -> dict[str, Meaning]:
    number, words, template, route = About.NUMBER, About.WORDS, About.TEMPLATE, About.ROUTE
    policy, config, quota, retry = Answered.POLICY, Answered.CONFIG, Answered.WAIT_QUOTA, Answered.RETRY
    return {
        "isv.MOBILE_NUMBER_ILLEGAL": Meaning(Answered.DEAD_ADDRESS, number, "that is no mobile number"),
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": Meaning(policy, number, "the template is not for mainland numbers"),
        "isv.SMS_TEST_NUMBER_LIMIT": Meaning(policy, number, "the test template goes to registered numbers alone"),
        "isv.CUSTOMER_REFUSED": Meaning(Answered.OPTED_OUT, number, "the recipient wants no marketing"),
        "isv.BUSINESS_LIMIT_CONTROL": Meaning(retry, number, "the recipient has had as many as allowed"),
        "isv.TEMPLATE_MISSING_PARAMETERS": Meaning(policy, words, "the template has a parameter that was not given"),
        "isv.TEMPLATE_PARAMS_ILLEGAL": Meaning(policy, words, "a parameter is not of the kind the template wants"),
        "isv.INVALID_JSON_PARAM": Meaning(policy, words, "the parameters are not as the template wants them"),
        "isv.PARAM_LENGTH_LIMIT": Meaning(policy, words, "a parameter is too long"),
        "isv.PARAM_NOT_SUPPORT_URL": Meaning(policy, words, "a parameter holds an address of the web"),
        "isv.BLACK_KEY_CONTROL_LIMIT": Meaning(policy, words, "a parameter holds a forbidden word"),
        "isv.SMS_CONTENT_ILLEGAL": Meaning(policy, words, "the words are not allowed"),
        "isv.UNSUPPORTED_CONTENT": Meaning(policy, words, "a character is not allowed"),
        "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": Meaning(policy, words, "marketing in a template for notices"),
        "isv.SMS_TEMPLATE_ILLEGAL": Meaning(policy, template, "there is no approved template of this code"),
        "isv.SMS_SIGNATURE_ILLEGAL": Meaning(config, route, "there is no approved signature of this name"),
        "isv.SMS_SIGN_ILLEGAL": Meaning(config, route, "there is no approved signature of this name"),
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL": Meaning(policy, template, "signature and template are not of one kind"),
        "SIGN_STATE_ILLEGAL": Meaning(config, route, "the signature is not approved"),
        "isv.DAY_LIMIT_CONTROL": Meaning(quota, route, "the account's messages of the day are used up"),
        "isv.MONTH_LIMIT_CONTROL": Meaning(quota, route, "the account's messages of the month are used up"),
        "isv.AMOUNT_NOT_ENOUGH": Meaning(config, route, "the balance is used up"),
        "isv.OUT_OF_SERVICE": Meaning(config, route, "the account is out of service; the balance may be used up"),
        "isv.PRODUCT_UN_SUBSCRIPT": Meaning(config, route, "the service is not switched on"),
        "isv.PRODUCT_UNSUBSCRIBE": Meaning(config, route, "the service is not switched on"),
        "isv.ACCOUNT_NOT_EXISTS": Meaning(config, route, "there is no such account"),
        "isv.ACCOUNT_ABNORMAL": Meaning(config, route, "the account is not in order"),
        "isv.SECURITY_FROZEN_ACCOUNT": Meaning(config, route, "the account is frozen"),
        "isv.DENY_IP_RANGE": Meaning(config, route, "calls from this address are not allowed"),
        "isp.RAM_PERMISSION_DENY": Meaning(config, route, "the access key may not send"),
        "isp.SYSTEM_ERROR": Meaning(retry, route, "the service has an error of its own"),
        "isp.GATEWAY_ERROR": Meaning(Answered.UNKNOWN, route, "the service could not reach its sender"),
        "InternalError": Meaning(Answered.UNKNOWN, route, "the service has an error of its own"),
        "ServiceUnavailable": Meaning(Answered.UNKNOWN, route, "the service is not available"),
    }


_MEANINGS: Mapping[str, Meaning] = MappingProxyType(_table())

_CREDENTIALS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidTimeStamp", "Forbidden",
                "NoPermission", "MissingAccessKeyId", "SignatureNonceUsed", "InvalidAction", "InvalidVersion",
                "InvalidSecurityToken")  # fmt: skip


def meaning_of(code: str, status: int) -> Meaning:
    """What a code means; of one that is not listed, what its kind and the status of HTTP say."""
    known = _MEANINGS.get(code)
    if known is not None:
        return known
    if code.startswith("Throttling") or status == 429:
        return Meaning(Answered.RETRY, About.ROUTE, "too many calls")
    if code.startswith(_CREDENTIALS) or status in {401, 403, 404}:
        return Meaning(Answered.CONFIG, About.ROUTE, "the access key, its rights or the clock are not right")
    if status >= 500 or not code or code.startswith("isp."):
        return Meaning(Answered.UNKNOWN, About.ROUTE, f"HTTP {status}")
    return Meaning(Answered.POLICY, About.WORDS, "refused")


def answer_of(told: Told | Answer, now: dt.datetime) -> tuple[Answer, About]:
    """What a call says of each of its messages, and whom a refusal concerns. Of `OK` the `provider_id` is the BizId."""
    if isinstance(told, Answer):
        return told, About.ROUTE
    code, biz = told.text("Code"), told.text("BizId")
    if code == "OK":
        if not biz:
            return Answer(Answered.UNKNOWN, detail="the answer makes no sense"), About.ROUTE
        return Answer(Answered.ACCEPTED, provider_id=biz), About.NUMBER
    meaning = meaning_of(code, told.status)
    outcome, until = meaning.outcome, _until(code, told.text("Message"), now)
    if code == "isv.BUSINESS_LIMIT_CONTROL" and until is not None and until - now > dt.timedelta(hours=1):
        outcome = Answered.WAIT_QUOTA
    route = meaning.about is About.ROUTE and outcome in {Answered.RETRY, Answered.WAIT_QUOTA}
    return Answer(outcome, not_before=until, code=code or None, detail=meaning.detail, route=route), meaning.about


def _until(code: str, said: str, now: dt.datetime) -> dt.datetime | None:
    """When a limit ends. Which of a number's limits was met is told in words alone: 分钟级, 小时级, 天级."""
    here = now.astimezone(SHANGHAI)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + dt.timedelta(days=1)  # Shanghai keeps no summer time
    if code == "isv.DAY_LIMIT_CONTROL":
        return tomorrow
    if code == "isv.MONTH_LIMIT_CONTROL":
        return (midnight.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    if code != "isv.BUSINESS_LIMIT_CONTROL":
        return None
    if "天级" in said:
        return tomorrow
    return now + (dt.timedelta(hours=1) if "小时级" in said else dt.timedelta(minutes=1))
