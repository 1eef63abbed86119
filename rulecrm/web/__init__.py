"""The web application: providers' webhooks, unsubscribing with one click, and links that tell of opening and clicking.

In: a ledger, channels, and the secret that links are signed with. Out: an ASGI application, to be served by itself or
mounted in another.
Invariant: what it answers tells nobody anything that was not theirs to know: not why a token is refused, not what went
wrong inside, not where in the code.
"""

from rulecrm.web.app import app, of_routes
from rulecrm.web.limits import Limits

__all__ = ["Limits", "app", "of_routes"]
