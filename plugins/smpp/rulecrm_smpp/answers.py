"""What the statuses of SMPP mean.

In: command_status of an answer to submit_sm, or to a bind. Out: an `Answer`.
Invariant: a status other than 0 says that the message was not taken (SMPP 3.4, 4.4.2); only what the centre itself
calls unknown is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rulecrm.plugin import Answer, Answered

__all__ = ["answer_of"]


def _table() -> dict[int, tuple[Answered, str]]:
    config, policy, retry = Answered.CONFIG, Answered.POLICY, Answered.RETRY
    return {
        0x01: (policy, "the message has a length that is not allowed"),
        0x04: (config, "the session may not send"),
        0x05: (config, "the account is bound already as often as it may be"),
        0x08: (retry, "the centre has an error of its own"),
        0x0A: (config, "the sender is not allowed"),
        0x0B: (Answered.DEAD_ADDRESS, "that is no number"),
        0x0D: (config, "the centre refuses the session"),
        0x0E: (config, "the password is not right"),
        0x0F: (config, "the system_id is not right"),
        0x14: (retry, "the centre's queue is full"),
        0x15: (config, "the service_type is not right"),
        0x45: (retry, "the centre could not take it"),
        0x48: (config, "the type of the sender's number is not right"),
        0x49: (config, "the plan of the sender's number is not right"),
        0x50: (config, "the type of the recipient's number is not right"),
        0x51: (config, "the plan of the recipient's number is not right"),
        0x53: (config, "the system_type is not right"),
        0x58: (retry, "too many messages a second"),
        0x62: (policy, "the time until which it may be delivered is not allowed"),
        0x64: (retry, "the centre cannot take it now"),
        0x65: (policy, "the centre does not take it"),
        0x66: (policy, "the centre rejects it"),
        0xC1: (config, "an optional parameter is not allowed"),
        0xFF: (Answered.UNKNOWN, "the centre knows no reason"),
    }


_MEANINGS: Mapping[int, tuple[Answered, str]] = MappingProxyType(_table())

_ROUTE = frozenset({0x08, 0x14, 0x58, 0x64})
"""Statuses that are the centre's, and would be those of any other message."""


def answer_of(status: int, own: Mapping[int, Answered]) -> Answer:
    """What a status other than 0 says.

    Args:
        status: as it came.
        own: the outcomes that the settings give to the centre's own statuses.
    """
    outcome, detail = _MEANINGS.get(status, (Answered.POLICY, "refused"))
    outcome = own.get(status, outcome)
    return Answer(outcome, code=f"0x{status:08X}", detail=detail, route=outcome is Answered.RETRY and status in _ROUTE)
