"""Codes of insights: what was asked wrongly, and what a figure could not conclude."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R800",
        "not a length of time",
        """A window or a period of an insight is written as rules write it (`45d`, `3mo`, `1d12h`) or given as a
timedelta, and is longer than nothing. A month is a calendar month, never thirty days.""",
    ),
    Code(
        "R819",
        "a number that statistics cannot be asked with",
        """A confidence level and a power lie between 0 and 1 (`0.95`, not `95`), and so does a base share. An uplift is
a difference, not 0: of shares as a share (`0.005` from 2 % to 2.5 %), of means in the unit of the value. A ratio, a
deviation and the information of a look are above 0.""",
    ),
    Code(
        "R845",
        "the facts do not have what a figure of products is made of",
        """A figure of products needs lines: items, or orders that name a product, with the columns that the remark
names; and lines of the product or category that is asked about, up to the instant. The figure is there, and empty.""",
    ),
    Code(
        "R846",
        "nothing goes together beyond chance",
        """Pairs that are together too seldom, or not more often than chance would have it, are left out of bundles; so
are companions of a product, and labels where the rules define none. The remark says how many. Ask for a longer time,
for a smaller `at_least`, or for categories instead of products.""",
    ),
    Code(
        "R847",
        "some figures of products are missing",
        """Without a cost a product has neither margin nor role, and without views no conversion. Add `cost` to items or
products, events of the kind `view` to the facts.""",
    ),
    Code(
        "R848",
        "too few cycles for a season",
        """What returns can be told from what happened once only where it was seen at least twice: two whole years for
months, two whole weeks for weekdays. With one, indices have no intervals; with none, there are none.""",
    ),
    Code(
        "R849",
        "nothing can be said of a price",
        """How units answer to the price of a product can be said where its price changed at least twice, by 2 %
or more, in ordinary weeks, and it was sold in enough of
them while other products were sold, too. The column `why` says for
each product what was lacking.""",
    ),
    Code(
        "R850",
        "an insight was asked for something that cannot be",
        """An argument is out of its range, or two that exclude each other were given: the message names it.""",
    ),
)
