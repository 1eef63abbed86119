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
        "R820",
        "nobody has bought",
        """A figure about purchases was asked of a shop, or of a time, in which there is no purchase by a known
customer. Its counts are 0 and its shares are missing. Where that is a surprise, look at T, at the zone, and at
whether the orders have `paid_at` and `customer`.""",
    ),
    Code(
        "R821",
        "customers whose time is not over",
        """Some customers have not had the time that a figure asks about, such as 45 days since the first purchase,
or so few have had it that the figure stands on few of them. They are left out of the share, which would be too small
with them, and counted in the remark. Ask for a shorter time, or wait.""",
    ),
    Code(
        "R822",
        "nothing to divide by",
        """A share was asked of nobody, of no revenue or of a target of 0, so there is none: the cell is missing.""",
    ),
    Code(
        "R823",
        "a repurchase curve that cannot be drawn",
        """A repurchase curve goes over one day at the least, and its level lies between 0 and 1 (`0.95`, not
`95`).""",
    ),
    Code(
        "R824",
        "a period that is not over",
        """T lies inside a week, month or quarter of a figure. What that period has so far is not comparable with
periods that are over: in a cohort table its cells are missing, and beside a weekly target stands how much of the
week has passed.""",
    ),
    Code(
        "R825",
        "purchases without an amount",
        """Some purchases, or all, have no `amount`. They count as orders and add nothing to the revenue; where none
has an amount, revenue is missing and not 0.""",
    ),
    Code(
        "R826",
        "a migration that cannot be counted",
        """A migration leads from the labels at one instant (`before=`) to those at T, which is later; or, as of T
alone, from one classification to another (`to=`) of the same subject. `best_first=` names each label at most
once.""",
    ),
    Code(
        "R827",
        "costs or targets that cannot be read",
        """Costs are given as one amount per customer, or as a frame with `start`, `end`, `cost` and perhaps
`source`; targets as a frame with `week` and a column for each measure, or as a mapping. Amounts are exact, not
negative and have at most four decimals; days are dates; a week is named by its Monday; a margin is a share above 0
and up to 1.""",
    ),
    Code(
        "R828",
        "subjects that were not there at both instants",
        """Some customers came after the instant at which a migration begins, or exist at its beginning alone. They
have no label there, stand in rows of their own, and have moved neither up nor down.""",
    ),
    Code(
        "R829",
        "costs or targets that match nothing",
        """A cost is of a period and a source in which nobody was won, customers were won where no cost is given, or
a target is of a week that has not begun. What was matched is counted; the remark says what was not.""",
    ),
    Code(
        "R836",
        "a figure lacks facts",
        """The facts do not have the columns or the rows that a part of a figure is made of: its column is missing, or
its row is left out, and everything else stands. Give the columns, or read the figure without that part.""",
    ),
    Code(
        "R837",
        "a figure of nobody",
        """In the period, or in the segment, there is nobody and nothing to count. The figure is empty, which says
nothing about customers: look at a longer period, or at the instant that was asked about.""",
    ),
    Code(
        "R838",
        "little can be concluded",
        """There are numbers, and chance explains most of them: few customers, equal figures, facts that tell days and
not hours, rows that name nobody. The remark says which. Intervals that overlap are not told apart.""",
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
