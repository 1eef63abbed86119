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
        "R801",
        "effect of a campaign without an engine",
        """What was sent, to whom, and who was in which arm, is in the ledger of an engine. Give the engine with the
shop: `Shop.of(rules, facts, as_of=…, engine=engine)`.""",
    ),
    Code(
        "R802",
        "no control group",
        """The campaign declares no control group and the policy no holdout, so that nobody like the treated was left
alone. What the treated did is shown, but not how much of it the campaign brought: that cannot be told from what would
have happened anyway. Write `control 10%` in the campaign, or `holdout 2%` in the policy.""",
    ),
    Code(
        "R803",
        "compared with the holdout",
        """The campaign has no control group of its own, and is compared with the holdout of the policy. The holdout
gets no message of any campaign, the treated may have had those of others, too: the difference is that of all
campaigns together.""",
    ),
    Code(
        "R804",
        "nobody, or nothing, to look at",
        """Up to the instant looked at nobody has entered the campaign, no message was decided or sent, or nobody has
bought.""",
    ),
    Code(
        "R805",
        "empty arm",
        """An arm is declared, and the draw has put nobody into it: there is nothing to compare. That happens with few
customers and a small control group.""",
    ),
    Code(
        "R806",
        "sample ratio mismatch",
        """The arms are not as large as `control` and `holdout` say, by more than chance explains (p below 0.0005).
Something other than the draw has decided who counts: customers lost on the way, a changed holdout, records that are
not whole. No difference can be trusted until it is known what.""",
    ),
    Code(
        "R807",
        "too few, or all alike",
        """There are too few customers for an interval, or all of them did the same, so that nothing can be said of
chance. The difference is shown where it is known; interval and p are missing. Where fewer than fifty customers of an
arm came to any amount, the interval of amounts is there, and narrower than it should be.""",
    ),
    Code(
        "R808",
        "nothing to measure it by",
        """The facts have no amounts of purchases, no amounts or costs of items, or not of all of them; or the
campaign declares no goal. The measure is left out; rows without an amount or a cost count as nothing.""",
    ),
    Code(
        "R809",
        "windows that are still open",
        """A customer counts in a window once it has wholly passed: somebody followed for three days says nothing of
the first thirty. Those whose windows are open are counted in the column `open`.""",
    ),
    Code(
        "R810",
        "customers who are counted more than once, or once only",
        """A customer who enters a campaign again is counted from the first entry on, once, so that customers who come
often do not weigh more. Shares of messages, on the other hand, count each message; those to one customer are not
independent, and the intervals are narrower than they ought to be.""",
    ),
    Code(
        "R811",
        "entered with another version",
        """Some customers entered before the campaign was changed. They count like all others, though what they got
was another campaign; the check of the sizes of arms looks at the present version alone.""",
    ),
    Code(
        "R812",
        "customers who were erased",
        """Facts can no longer be matched with the journeys of customers who were erased. They count nowhere.""",
    ),
    Code(
        "R813",
        "response has no counterpart",
        """Only the treated were sent anything that could be opened, clicked or answered. Their response is shown with
its interval; there is none of the control to compare it with.""",
    ),
    Code(
        "R814",
        "wave that customers come to by what they did",
        """After an earlier message the way to this wave turns on what the customer does (`if`, `wait until KIND`,
`exit on`). The message may have changed that, so that the arms at this wave are no longer alike by lot. Believe the
whole campaign, and waves that everybody comes to.""",
    ),
    Code(
        "R815",
        "cost that is not known, or is nothing",
        """Of some messages neither the provider nor the caller says what they cost: the cost is missing, not 0. Give
prices by channel. Where nothing was spent there is no return on it.""",
    ),
    Code(
        "R816",
        "channels that were not drawn by lot",
        """Which customer is written to by which channel follows from consent, addresses and rules. Channels may
differ because their customers do. To compare them write `split { 50% a { … } 50% b { … } }`.""",
    ),
    Code(
        "R817",
        "natural value of everybody",
        """Nobody would have entered the campaign in the time looked at, as with one that is entered at a date to
come. What is taken for natural is what all customers did who had ever bought; give a `base` where more is known.""",
    ),
    Code(
        "R818",
        "campaign measured by nothing",
        """No window was asked for, a price is no exact amount, or a number of customers is not above 0.""",
    ),
    Code(
        "R819",
        "a number that statistics cannot be asked with",
        """A confidence level and a power lie between 0 and 1 (`0.95`, not `95`), and so does a base share. An uplift
is a difference, not 0: of shares as a share (`0.005` from 2 % to 2.5 %), of means in the unit of the value. A ratio,
a deviation and the information of a look are above 0.""",
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
    Code(
        "R870",
        "a package for pictures is missing",
        """Pictures of figures, and with them the report, need Altair and vl-convert, which the extra `rulecrm[report]`
brings: `pip install "rulecrm[report]"`. Figures themselves do without.""",
    ),
    Code(
        "R871",
        "campaigns without a ledger",
        """A report was asked to look at campaigns by name, and what was sent for them is in the ledger of an engine,
which was not given. With `--state URL`, or a shop made with `engine=…`, it is.""",
    ),
)
