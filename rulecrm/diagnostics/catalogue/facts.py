"""Codes about facts and frames: R4xx.

In: nothing. Out: `CODES`. Invariant: a code keeps its meaning for good.
"""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R401",
        "column that a frame must have is missing",
        """A frame lacks a column without which no row of it means anything: whose it is (`customer`), when it happened
(`at`, or an instant such as `paid_at`), what it is (`kind` of an event).

Rename the column that holds it; where one of a similar name is there, the message names it.""",
    ),
    Code(
        "R402",
        "column that the rules ask for is missing",
        """The rules read a field that the frame does not have. Reading it as missing everywhere would make conditions
quietly false, so it is refused.

Add the column. If no row has such a value, say so with a column of nulls:
`orders.with_columns(cancelled_at=pl.lit(None))`.""",
    ),
    Code(
        "R403",
        "column of a type that cannot be read",
        """The column's type is not one that the field can be read from without guessing.

The message gives the cast. A column of nulls (`pl.Null`) serves for every type.""",
    ),
    Code(
        "R404",
        "wall-clock times without a time zone",
        """An instant is a point in time; `2025-11-11 00:00` is one only where a zone is known, and a wrong guess moves
orders into another day.

Give the column its zone, `pl.col("paid_at").dt.replace_time_zone("Asia/Shanghai")`, or pass `zone="Asia/Shanghai"` for
all columns that have none.""",
    ),
    Code(
        "R405",
        "money held as floats",
        """A float cannot hold most amounts exactly, and sums of floats depend on their order.

Read amounts as text or decimals from their source. Where only floats are left, round them on purpose:
`pl.col("amount").round(2).cast(pl.Decimal(38, 2))`.""",
    ),
    Code(
        "R406",
        "keys that cannot meet",
        """A key holds integers in one frame and text in another, so no row of the one would ever find its match in the
other.

Cast one of them, for instance `pl.col("customer").cast(pl.String)`.""",
    ),
    Code(
        "R407",
        "frame of no known kind",
        """A frame was given under a name that is neither one of the canonical frames nor a known kind. Only rules that
declare a kind of that name read it.""",
    ),
    Code(
        "R410",
        "value that must be there is missing",
        """Rows lack a key or an instant without which they cannot be used, such as an order without its customer.

Fill or drop them, or pass `on_error="quarantine"` to put them away and look at `facts.quarantined`.""",
    ),
    Code(
        "R411",
        "key that returns",
        """Two rows have the same natural key: the same `order`, `event`, `customer` or `product`. Counting both would
count one thing twice.

Give each row once, in its latest state. With `on_error="quarantine"`, of equal rows one is kept; of rows that differ
none is, for nothing says which of them is right.""",
    ),
    Code(
        "R412",
        "number below zero",
        """An amount, price, quantity or rate is negative (a rate must also not be zero). A refund is not a negative
order: it is the `refunded_at` and the `refund_amount` of the order that was refunded.""",
    ),
    Code(
        "R413",
        "value that cannot be read",
        """A cell holds something that is no value of its type: text that is no number or instant, an amount with more
than four decimals, a number that is too large.

Instants are written in ISO 8601, amounts as plain decimals without thousands separators.""",
    ),
    Code(
        "R414",
        "currency that is not known",
        """A row's `currency` is no code of ISO 4217 that is in use, or is missing beside an amount. Codes are three
capital letters, such as CNY.

Where rows leave it out on purpose, pass `currency=`, the currency of rows that name none.""",
    ),
    Code(
        "R415",
        "rate that is not known",
        """A row has an amount in a foreign currency, and `rates` has no rate for that currency on or before the day. An
order is looked at on the day of its first stage.

Add the rate: a row of `currency`, `date`, `rate`.""",
    ),
    Code(
        "R416",
        "line of an unknown order",
        """Items take their customer and the instant of payment from their orders, and the order of these is in no row
of `orders` (or was put away).""",
    ),
    Code("R417", "number that is not finite", "A number is NaN or infinite. Give a null where a value is missing."),
    Code(
        "R418",
        "attribute in a foreign currency",
        """A price or cost of a product, or another attribute of money, is in a currency other than the reporting one.
An attribute has no instant, hence no day whose rate could serve.

Give it in the reporting currency.""",
    ),
    Code(
        "R420",
        "column that looks misspelled",
        "A column that is not known is named much like a known one that is absent. It is not read.",
    ),
    Code(
        "R421",
        "events of an unknown kind",
        """Events whose `kind` is not known are left out unless the rules declare it: `kind live_watch { … }`.""",
    ),
    Code(
        "R422",
        "stages out of order",
        """An order was paid before it was placed, refunded before it was paid, and the like. Such orders are read as
they stand; clocks of two systems often differ by seconds.""",
    ),
    Code(
        "R423",
        "column that is not read",
        """A yes/no column such as `paid` would be what holds today. What held at an earlier instant is read from
`paid_at`, so the column itself is never looked at.""",
    ),
    Code(
        "R424",
        "kind that is given twice",
        """A kind has a frame of its own, and a canonical frame gives it too. Its own frame is read, the other is not,
so that nothing is counted twice.""",
    ),
    Code(
        "R425",
        "kind without a frame",
        "The rules speak of a kind that no frame was given for. It counts as never having happened.",
    ),
    Code(
        "R430",
        "facts that cannot be read",
        "A file, directory or scan could not be read. The message repeats what the reader said.",
    ),
)
