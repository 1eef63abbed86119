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
    Code(
        "R488",
        "secret of links that does not do",
        """Links in messages are signed with a secret of the shop's own. It is at least 16 bytes long, for everybody who
gets a message could try to find a shorter one; `openssl rand -hex 32` makes a good one.""",
    ),
    Code(
        "R489",
        "address of the web application that is none",
        """Links lead to the web application by the address that `[web] url` gives: http or https, a host, perhaps a
port and a path, and nothing else: `https://crm.example.com/r`.""",
    ),
    Code(
        "R492",
        "function of a plugin that failed",
        """A function that a plugin brings raised an error while the rules were evaluated. It is the plugin's fault, not
that of the rules or the facts: the message names the function, the plugin and what it raised, and `rulecrm plugins`
says which version is installed. Until it is mended, leave the call out.""",
    ),
    Code(
        "R493",
        "function of a plugin that gives something else than it says",
        """A function that a plugin brings must give an expression of Polars that has one value for each row, of the
type that it announced (money as whole ten-thousandths, instants as microseconds, …), and that looks at the arguments of
that row alone: one that adds up a column, counts rows or draws lots would let facts of one customer, or of the future,
reach another. It is asked a second time for some of the rows to see that.""",
    ),
)
