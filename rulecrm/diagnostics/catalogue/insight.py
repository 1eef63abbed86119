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
    Code(
        "R855",
        "periods of kpis that mean nothing",
        """Periods are asked for by `start` and `end`, by either of them and a number of `periods`, or by a number
alone; the end comes after the start, the number is one or more, and the unit is `day`, `week`, `month`, `quarter` or
`year`.""",
    ),
    Code(
        "R856",
        "figures that a kpi cannot be compared with",
        """A kpi is compared with figures of the industry by giving one for each of its factors, or for all that a
factor is made of: numbers (`0.031`, `"3.1%"`), money in units of the reporting currency, durations in seconds.""",
    ),
    Code(
        "R857",
        "kpi without a value",
        """In some period the kpi is missing: something is divided by 0, or nobody counts in what it averages. It is
then neither compared nor taken apart. Where missing means nothing at all, say so in the rule: `… ?? 0`.""",
    ),
    Code(
        "R858",
        "kpi that cannot be taken apart",
        """In whatever order the factors of the kpi change from what they were to what they are, it has no value on
the way: a factor is missing, or something is divided by 0. The change is told, and not what each factor
contributed.""",
    ),
    Code(
        "R859",
        "figure that is not there, or plays no part",
        """Where no figure of the industry is given for a factor, it is taken to be as in the shop, and contributes
nothing. A figure of a factor's factor is used where figures of all of these are known.""",
    ),
    Code(
        "R860",
        "figures that contradict each other",
        """The figure given for a kpi is not what the figures of its factors make it. The latter is used, so that what
the factors contribute adds up.""",
    ),
    Code(
        "R861",
        "no expected range",
        """A range stands on how far earlier periods lay off what was expected of them, and takes at least eight of
these: about three weeks of days, twelve weeks, eleven months, ten quarters or years with a value.""",
    ),
    Code(
        "R862",
        "season left out of a range",
        """What a kpi did a year earlier is looked at only where, over eight periods or more, it would have come
nearer. That takes more than a year of facts, of days a longer `history`.""",
    ),
    Code(
        "R863",
        "period without data",
        """Not one row of what the kpi reads lies in the period. Counts are then 0 and sums are missing; whether the
shop was closed, or the facts were not loaded, cannot be told.""",
    ),
    Code(
        "R864",
        "period that is not over",
        """The period that holds T is told as far as it has come. It gives no alarm and is not compared with the whole
period before it, unless it was asked for by name.""",
    ),
    Code(
        "R865",
        "nothing to report",
        """The file declares no kpi, or none that is made of others. `kpi NAME = …` declares one.""",
    ),
    Code(
        "R866",
        "kpi that is made of nothing else",
        """The kpi is one number of the facts, and there is nothing to take apart. A kpi whose formula names other
kpis is a tree.""",
    ),
    Code(
        "R867",
        "range that is a single number",
        """Most earlier periods were exactly as expected, so the range has no width, and any other value lies
outside.""",
    ),
)
