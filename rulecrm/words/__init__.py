"""The words of messages: Liquid templates, filled for one customer at a time.

In: templates of checked rules, values by name. Out: `Content`; how many SMS segments a text is.
Invariant: a template reaches nothing but the values that it is handed, and ends soon whatever it says.
"""

from rulecrm.words.errors import Fault, WordingError
from rulecrm.words.segments import Segments, finish, segments
from rulecrm.words.values import Plain, given
from rulecrm.words.wording import Wording, prepare

__all__ = [
    # templates
    "Wording", "prepare", "Plain", "given",
    # what goes wrong
    "Fault", "WordingError",
    # SMS
    "Segments", "finish", "segments",
]  # fmt: skip
