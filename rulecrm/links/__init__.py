"""Links in messages: signed, so that nobody can make one up or turn one into something else.

In: the address that the web application answers at, and a secret. Out: `Links`, which makes links and reads them again.
Invariant: a link names the key of its message and nothing about the person; where a click leads is inside what is
signed.

```python
links = Links.open("https://crm.example.com/r", Secret("env:RULECRM_LINKS"))
links.unsubscribe_url(message.key, message.channel)
links.track_html(html, message.key)
```
"""

from rulecrm.links.links import Links, base_of
from rulecrm.links.targets import LONGEST_TARGET, location_of, target_problem
from rulecrm.links.tokens import LONGEST_TOKEN, Purpose, Signed, Signer

__all__ = [
    "LONGEST_TARGET", "LONGEST_TOKEN", "Links", "Purpose", "Signed", "Signer", "base_of", "location_of",
    "target_problem",
]  # fmt: skip
