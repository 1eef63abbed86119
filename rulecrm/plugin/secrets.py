"""Secrets, as references.

In: `env:NAME` or `keyring:SERVICE/USER`. Out: the secret, when it is used and not before.
Invariant: neither the repr, nor the text, nor an error, nor equality, nor a pickle of a `Secret` has the secret in it.
"""

from __future__ import annotations

import os
from importlib import import_module

from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError

__all__ = ["NO_SECRET", "Secret"]


@frozen
class Secret:
    """Where a secret is kept: `env:NAME` (an environment variable) or `keyring:SERVICE/USER` (the system's keyring).

    Raises:
        ValueError: the reference is neither; it is not repeated, for it may be the secret itself.
    """

    reference: str = field()

    @reference.validator
    def _check(self, _: object, value: str) -> None:
        scheme, _sep, rest = value.partition(":")
        service, _sep, user = rest.partition("/")
        if value and not ((scheme == "env" and rest.isidentifier()) or (scheme == "keyring" and service and user)):
            raise ValueError("a secret is given as env:NAME or keyring:SERVICE/USER, never as itself")

    def __bool__(self) -> bool:
        return bool(self.reference)

    def reveal(self) -> str:
        """The secret itself; hand it on, and keep it nowhere.

        Raises:
            RulesError: R480, nothing is there under the reference.
        """
        if not self.reference:
            raise RulesError([Diagnostic("R480", "a secret was not set", help="give env:NAME or keyring:SERVICE/USER")])
        scheme, _, rest = self.reference.partition(":")
        found = os.environ.get(rest) if scheme == "env" else _from_keyring(*rest.partition("/")[::2])
        if not found:
            where = "set the environment variable" if scheme == "env" else "put it into the keyring"
            raise RulesError([Diagnostic("R480", f"there is no secret under {self.reference}", help=where)])
        return found


NO_SECRET = Secret("")
"""For settings whose secret may be left out."""


def _from_keyring(service: str, user: str) -> str | None:
    try:
        keyring = import_module("keyring")
    except ImportError:
        message = "secrets in the keyring need the package `keyring`"
        raise RulesError([Diagnostic("R480", message, help="pip install keyring")]) from None
    try:
        found = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own; their words are not repeated
        message = f"the keyring could not be asked for {service}/{user}: {type(error).__name__}"
        raise RulesError([Diagnostic("R480", message, help="see that the system's keyring is open")]) from None
    return found if isinstance(found, str) else None
