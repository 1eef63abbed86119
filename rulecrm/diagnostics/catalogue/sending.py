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
        "R482",
        "settings of sending that do not fit",
        """The settings file of sending (`sending.toml`) cannot be read, has a table that nothing asks for, uses a
channel that is not installed, or leaves open which route is meant: two routes of one channel are both its default.""",
    ),
    Code(
        "R483",
        "channel that no route serves",
        """The rules send by a channel, or `via` a provider, and no route of the settings serves it. Such messages stay
in the outbox until they expire; a table `[routes.NAME]` in the settings file takes them from there.""",
    ),
    Code(
        "R484",
        "route that stopped",
        """A provider refuses everything: credentials, permission, balance or a setting is wrong; or no customer has the
attribute in which the route finds its addresses. The route stops for this run, its messages stay in the outbox, and
none of them is the worse for it. Other routes go on.""",
    ),
    Code(
        "R485",
        "platform that no plugin knows",
        """Customers come from a platform (attribute `platform`) that no plugin speaks for, so that nothing says whether
its buyers may be written to. Such messages go out: most marketplaces forbid more than people think, and their plugins
know what.""",
    ),
    Code(
        "R486",
        "message that is no dead letter",
        """Only a message that was lost, is held for a person, or has failed, can be sent again or settled by hand. All
others have their outcome, or wait for their turn.""",
    ),
    Code(
        "R487",
        "channel that broke its contract",
        """A channel has raised an error, or has given another number of answers than it was asked for. Nobody knows
then what became of the messages of that call: they are `unknown`, and are not sent again unless the provider can be
asked. It is a bug of the plugin.""",
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
        "R490",
        "package that serving needs",
        """`rulecrm serve` needs a web server, which other commands do not: `pip install "rulecrm[serve]"`. An
application of one's own that mounts `rulecrm.web` needs `rulecrm[web]` alone.""",
    ),
    Code(
        "R491",
        "settings without a web application",
        """The settings of sending do not say where the web application is: `[web]` with `url`, the address as the world
calls it, and `secret`, what links are signed with.""",
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
    Code(
        "R494",
        "route that cannot do that",
        """Some channels keep audiences of customers at their provider, some post where everybody reads; most only send
messages. The route that was named has a channel that does not do what it was asked for, or there is no such route.""",
    ),
    Code(
        "R495",
        "post that asks for more than anybody gives",
        """A post is written for nobody in particular: its template has the params of the rules, the clock, and the
values that are given with it. What is worked out for a customer, a customer's attribute, or a coupon has
no value there.""",
    ),
    Code(
        "R497",
        "provider that could not be asked",
        """Some providers do not call when a message was delivered, came back or was answered: they are asked, before
`rulecrm send` sends. One of them raised an error, or could not be reached. Messages are sent all the same, and what it
has to tell is asked for again the next time.""",
    ),
)
