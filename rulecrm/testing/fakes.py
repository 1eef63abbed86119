"""Fakes of platforms, for tests and for development without an account.

In: a `Market`. Out: a server on loopback that speaks as a platform does.
Invariant: it needs no pytest, for users start it by `PlatformType.fake`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.plugin.platforms import Row
from rulecrm.plugin.registry import Registry, installed
from rulecrm.testing.http import Call, HttpProvider, Reply
from rulecrm.testing.markets import Market

__all__ = ["PlatformFake", "fake_of"]


class PlatformFake(HttpProvider):
    """A fake of a platform over a `Market`; a subclass answers in the platform's own words, and says what is true.

    It minds `call.fault` where that is `THROTTLED`, `CREDENTIALS` or `BROKEN` (see `HttpProvider`). It checks
    signatures, tokens and parameters as the platform does, and refuses those that are unknown or missing.

    Attributes:
        market: what the platform has.
        stirring: how many changes happen after each page that is read: new orders, and old ones that move on.
        skew: how much later than the reader's the platform's own clock is.
    """

    def __init__(self, market: Market) -> None:
        super().__init__()
        self.market = market
        self.stirring = 0
        self.skew = dt.timedelta(0)

    # --- what a subclass says -------------------------------------------------------------------------------------

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """The rows, by frame, that a reader who has read everything has: as batches have them, `original` left out."""
        raise NotImplementedError

    def strange(self) -> str:
        """Give one order a state that the platform never told of, and say which word that is."""
        raise NotImplementedError

    def spoil(self) -> None:
        """Let one order come in a form that cannot be understood: an amount that is no number, say."""
        raise NotImplementedError

    def expire(self) -> None:
        """Let the access token of the settings run out; the refresh token still works, once. Nothing where none can."""

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of an account here: the table `[accounts.NAME]`, `use` included."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Variables of the environment that those settings refer to with `env:NAME`: keys and tokens, made up."""
        return {}

    # --- what is seen to here -------------------------------------------------------------------------------------

    @property
    def now(self) -> dt.datetime:
        """The instant by the platform's own clock."""
        return self.market.clock.now() + self.skew

    def sends(self, call: Call) -> bool:
        """Whether a request meets with the faults that were asked for: all but those for tokens."""
        return "token" not in call.path

    def stir(self) -> None:
        """After a page was read: what changes meanwhile."""
        if self.stirring:
            self.market.stir(self.stirring)

    def answer(self, call: Call) -> Reply:
        """What the platform says to a request."""
        raise NotImplementedError


def fake_of(name: str, registry: Registry | None = None) -> PlatformFake:
    """A fake of an installed platform, to be used in a `with` block.

    Args:
        name: of the platform: `taobao`, say.
        registry: what is installed.

    Raises:
        RulesError: R712, no such platform is installed, or its plugin brings no fake.
    """
    platforms = (registry or installed()).platforms
    able = [one for one, platform in platforms.items() if platform.fake is not None]
    if name not in platforms or (make := platforms[name].fake) is None:
        what = f"`{name}` has no fake" if name in platforms else f"no platform `{name}` is installed"
        help_ = near_or_all(name, able) if able else f"pip install rulecrm-{name}"
        raise RulesError([Diagnostic("R712", what, help=help_)])
    fake = make()
    if not isinstance(fake, PlatformFake):
        raise TypeError(f"the fake of `{name}` is a {type(fake).__name__}, no PlatformFake")
    return fake
