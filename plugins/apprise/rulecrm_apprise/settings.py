"""The settings of the channel.

In: a table of the settings file. Out: `Settings`.
Invariant: a URL is only ever a reference: it holds passwords and tokens.
"""

from __future__ import annotations

from attrs import Attribute, field, frozen, validators

from rulecrm.plugin import Secret

__all__ = ["Settings"]


def _references(_: object, __: Attribute[tuple[str, ...]], given: tuple[str, ...]) -> None:
    if not given:
        raise ValueError("`urls` names none")
    for one in given:
        if not Secret(one):
            raise ValueError("one of `urls` is empty")


@frozen
class Settings:
    """Where notices go.

    Attributes:
        urls: references (`env:NAME`, `keyring:SERVICE/USER`), each to one URL of apprise's; every notice goes to all.
        title: of notices that have no subject.
        per_minute: most notices in a minute; apprise's own pause between two calls is switched off.
        timeout: seconds to wait for a service.
    """

    urls: tuple[str, ...] = field(validator=_references)
    title: str = ""
    per_minute: int = field(default=10, validator=validators.ge(1))
    timeout: float = field(default=30.0, validator=validators.gt(0))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The URLs, as what they are."""
        return tuple(map(Secret, self.urls))
