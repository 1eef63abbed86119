"""The links that go into messages.

In: where the web application answers, a secret, and the key of a message. Out: addresses; HTML whose links are tracked.
Invariant: what is made here is read by the web application that has the same secret, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Self
from urllib.parse import urlsplit

from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.links.targets import target_problem
from rulecrm.links.tokens import Purpose, Signed, Signer
from rulecrm.links.tracking import track
from rulecrm.plugin.secrets import Secret

__all__ = ["Links", "base_of"]


@frozen(eq=False)
class Links:
    """Makes links, and reads their tokens.

    Attributes:
        base: the address of the web application, without a slash at its end.
        signer: what signs.
    """

    base: str
    signer: Signer = field(repr=False)

    @classmethod
    def open(cls, base: str, *secrets: Secret) -> Self:
        """Links to an application.

        Args:
            base: its address as the world sees it, its mount path included: `https://crm.example.com/r`.
            secrets: the first signs, all are good; see `Signer`.

        Raises:
            RulesError: R480 or R488, a secret is not there or does not do; R489, the address is none.
        """
        return cls(base_of(base), Signer.open(secrets))

    def unsubscribe_url(self, key: str, channel: str) -> str:
        """Where the person who got this message withdraws consent: with a POST at once (RFC 8058), with a GET asked.

        Args:
            key: of the message.
            channel: which consent, as rules call the channel.
        """
        return self._url(Purpose.UNSUBSCRIBE, key, channel)

    def open_url(self, key: str) -> str:
        """A picture of one transparent pixel; fetching it says that the message was opened."""
        return self._url(Purpose.OPEN, key)

    def click_url(self, key: str, target: str) -> str:
        """An address that leads to the target, and says that the link in this message was followed.

        Raises:
            ValueError: the target is not http or https, or one that no click may lead to (`target_problem`).
        """
        problem = target_problem(target)
        if problem is not None:
            raise ValueError(f"a click cannot lead there: {problem}")
        return self._url(Purpose.CLICK, key, target)

    def track_html(self, html: str, key: str, *, keep: Collection[str] = ()) -> str:
        """HTML whose anchors lead to their targets by way of the application, and with a pixel that tells of opening.

        Only `href` of `a` that are http or https change; all other characters stay what they are. Links of this
        application, such as that for unsubscribing, and those that are tracked already, stay too: to track twice
        changes nothing.

        Args:
            html: a document, or a part of one.
            key: of the message.
            keep: further addresses that stay as they are.
        """

        def tracked(target: str) -> str | None:
            if target in keep or self.owns(target) or target_problem(target) is not None:
                return None
            return self.click_url(key, target)

        return track(html, tracked, self.open_url(key), self._is_pixel)

    def owns(self, url: str) -> bool:
        """Whether an address is one that was made here."""
        return any(self._token(purpose, url) for purpose in Purpose)

    def read(self, purpose: Purpose, token: str) -> Signed | None:
        """What a token says; None where it was not signed by us for this purpose."""
        return self.signer.read(purpose, token)

    def _is_pixel(self, url: str) -> bool:
        return self._token(Purpose.OPEN, url) is not None

    def _token(self, purpose: Purpose, url: str) -> Signed | None:
        place = f"{self.base}/{purpose}/"
        return self.read(purpose, url.removeprefix(place)) if url.startswith(place) else None

    def _url(self, purpose: Purpose, key: str, text: str = "") -> str:
        return f"{self.base}/{purpose}/{self.signer.sign(Signed(purpose, key, text))}"


def base_of(base: str) -> str:
    """The address of a web application, without a slash at its end.

    Raises:
        RulesError: R489, it is none.
    """
    problem = target_problem(base)
    if problem is None:
        parts = urlsplit(base)
        bare = not (parts.query or parts.fragment or parts.username or parts.password)
        problem = None if bare and base.isascii() else "it is more than a scheme, a host and a path, all in ASCII"
    if problem is not None:
        message = f"the address of the web application cannot be used: {problem}"
        raise RulesError([Diagnostic("R489", message, help='write url = "https://crm.example.com/r"')])
    return base.rstrip("/")
