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
        "R830",
        "no model of repeat purchases",
        """BG/NBD learns from how customers differ in coming back. Of nobody, of one customer, or where nobody has
bought on a second day, it can learn nothing; the figures that need it are missing.""",
    ),
    Code(
        "R831",
        "a parameter at the edge",
        """The likelihood of a model still grows at the edge of what is searched for the parameters that are named: the
customers differ less, or more, than the model has room for. Means can be used; intervals are not given.""",
    ),
    Code(
        "R832",
        "parameters that are hardly known",
        """There are few repeat customers, or the likelihood is flat around its greatest: other parameters would do as
well. More customers, or more time, make them known.""",
    ),
    Code(
        "R833",
        "no model of values, or not for all",
        """Gamma-Gamma learns from the amounts of repeat purchases, which must be above 0, differ, and be there at all;
those that are not are left out. Values that are so uneven that they have no mean cannot be given for customers with no
repeat, or few.""",
    ),
    Code(
        "R834",
        "amounts that go with frequency",
        """Gamma-Gamma takes how often and how much a customer buys for independent. A correlation of 0.3 or more says
that they are not; the values of the most frequent customers are then too high or too low.""",
    ),
    Code(
        "R835",
        "customers did otherwise than foretold",
        """In the time that was held back customers bought more, or less, than the model's interval for all of them
together. Seasons, campaigns, or a model that does not fit; forecasts are off by about as much.""",
    ),
    Code(
        "R840",
        "a look further ahead than back",
        """The figure looks further ahead than the shop has been watched: nothing in the facts says how customers behave
after so long a time.""",
    ),
    Code(
        "R841",
        "new customers that cannot be counted, or are not needed",
        """Either the repeats that are expected reach the target by themselves, or what repeats or new customers bring
is not known: no amounts, or no model.""",
    ),
    Code(
        "R842",
        "not an answerable question",
        """A length of time is at most a hundred years, a discount is not below 0, an amount of money is a Decimal,
whole units or text and never a float, a number of clusters is at least 2; a feature of a model is a number, a duration,
an instant, a segment or a label, and what comes of an instant is known by T; the packages that an insight needs are
installed. The message names what was given.""",
    ),
    Code(
        "R843",
        "nothing to tell apart",
        """A model learns from rows that had different outcomes, and clusters need customers who differ. Where nobody
had bought by the instants asked for, all rows had the same outcome, or all customers are alike, there is nothing to
learn.""",
    ),
    Code(
        "R844",
        "a model that is no better than guessing",
        """On instants later than those it was trained on the model was no better than one guess for everybody, or there
was nobody, or only one outcome, to judge it by. Do not act on its scores.""",
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
