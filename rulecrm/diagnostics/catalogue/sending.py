"""Codes of plugins and of sending: R48x and R49x."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R480",
        "secret that is not there",
        """A setting names where a secret is kept (`env:NAME` for an environment variable, `keyring:SERVICE/USER` for
the keyring of the system), and nothing is there. The secret itself never stands in a settings file.""",
    ),
    Code(
        "R481",
        "settings of a channel that do not fit",
        """A table of the settings file has a setting that the channel does not know, lacks one that it needs, or gives
one of another type. `rulecrm plugins NAME` lists the settings of a plugin.""",
    ),
)
