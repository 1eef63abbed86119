"""What the errors of SES mean.

In: what boto3 raised. Out: an `Answer`.
Invariant: only what SES says it has refused, or what never left this machine, is a refusal; everything else is unknown.

The codes are those of the service model of `SendEmail` (SES v2) and the common errors of AWS.
"""

from __future__ import annotations

import datetime as dt
import re

from botocore import exceptions as boto

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, retry_after

__all__ = ["of_error"]

_CONFIG = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AccountSuspendedException", "ExpiredToken", "ExpiredTokenException",
        "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
        "MailFromDomainNotVerifiedException",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "NotFoundException",
        "OptInRequired", "RequestExpired", "SendingPausedException", "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)  # fmt: skip

_THROTTLED = frozenset({"TooManyRequestsException", "Throttling", "ThrottlingException", "RequestThrottled"})

_UNSENT = (
    boto.ConnectTimeoutError, boto.EndpointConnectionError, boto.ProxyConnectionError, boto.SSLError,
)  # fmt: skip
"""No request was written."""

_OURS = (
    boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.NoRegionError,
    boto.InvalidRegionError, boto.TokenRetrievalError,
)  # fmt: skip

_ADDRESS = re.compile(r"[^\s<>,:]+@[^\s<>,]+")


def of_error(error: Exception, now: dt.datetime) -> Answer:
    """The answer for a message whose call raised this."""
    if isinstance(error, boto.ClientError):
        return _refused(error, now)
    if isinstance(error, _UNSENT):
        return Answer(Answered.RETRY, detail=f"no connection to SES: {type(error).__name__}")
    if isinstance(error, _OURS):
        return Answer(Answered.CONFIG, code=type(error).__name__, detail="there are no credentials that AWS takes")
    if isinstance(error, boto.ParamValidationError):
        return Answer(Answered.POLICY, code="ParamValidationError", detail="SES takes no such message")
    if isinstance(error, RulesError):
        return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
    return Answer(Answered.UNKNOWN, detail=f"the answer was lost: {type(error).__name__}")


def _refused(error: boto.ClientError, now: dt.datetime) -> Answer:
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = _ADDRESS.sub("…", message)[:200]
    if code == "LimitExceededException" or (code in _THROTTLED and "daily" in message.lower()):
        return Answer(Answered.WAIT_QUOTA, code=code, detail=words, route=True)
    if code in _THROTTLED or status == 429:
        return Answer(Answered.RETRY, not_before=_after(error, now), code=code, detail=words, route=True)
    if code in _CONFIG or status in {401, 403}:
        return Answer(Answered.CONFIG, code=code, detail=words)
    if code == "MessageRejected":
        ours = "not verified" in message.lower()  # the sender, or in the sandbox the recipient
        return Answer(Answered.CONFIG if ours else Answered.POLICY, code=code, detail=words)
    if 400 <= status < 500 and code:
        dead = "address" in message.lower() and "illegal" in message.lower()
        return Answer(Answered.DEAD_ADDRESS if dead else Answered.POLICY, code=code, detail=words)
    return Answer(Answered.UNKNOWN, code=code or str(status), detail=words)  # a 5xx does not say that nothing was taken


def _after(error: boto.ClientError, now: dt.datetime) -> dt.datetime | None:
    return retry_after(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}), now)
