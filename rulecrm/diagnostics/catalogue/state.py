"""Codes about ledgers: R45x and R460."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R450",
        "no address of a ledger",
        """A ledger is named by a URL: `sqlite:///crm.db` (a file; four slashes before an absolute path), `sqlite://`
(in memory, gone with the program) or `postgresql://user@host/database`. Other databases hold no ledger. What stands
in a URL after its scheme is not repeated in messages, for it may hold a password.""",
    ),
    Code(
        "R451",
        "driver that is not installed",
        """A ledger in PostgreSQL wants a driver that only those install who need it:
`pip install "rulecrm[postgres]"`.""",
    ),
    Code(
        "R452",
        "ledger that cannot be opened or written",
        """The server does not answer or does not let us in, the folder is not there, the file may not be written, or
the disk is full. The message repeats what the database said. What was under way is undone as a whole.""",
    ),
    Code(
        "R453",
        "file that is no ledger",
        """The file is damaged, is no database at all, or is the database of another program. It was left as it is.
Name another file, or restore the ledger from a copy.""",
    ),
    Code(
        "R454",
        "ledger of a newer version",
        """A later version of rulecrm has made this ledger, or has brought it up to its own schema. Reading it with this
one could misread what was decided, so it was left as it is. Use that version, or a later one.""",
    ),
    Code(
        "R455",
        "ledger of another engine",
        """A ledger belongs to one rules file, one seed, one start and one zone: with another seed customers would
change their arms, with another zone or start decisions would be missing or made twice. The rules may be edited as one
likes; they are taken for another file's if the file's name differs and no campaign or lifecycle is common to both.

Give each rules file a ledger of its own. Nothing was written.""",
    ),
    Code(
        "R456",
        "clock that runs backwards",
        """The ledger's clock is later than the instant that was to be advanced to. What was decided is not unmade, so
the clock only goes forward. Is the machine's clock wrong? To look at what would have been, use a backtest. Nothing was
written.""",
    ),
    Code(
        "R457",
        "ledger in use by another engine",
        """Another engine held the lock longer than this one was willing to wait. Engines advance one at a time; try
again. Nothing was written.""",
    ),
    Code(
        "R458",
        "clock that another engine has moved",
        """Between looking at the clock and taking the lock, another engine made an advance. Look at the clock again and
go on from there. Nothing was written.""",
    ),
    Code(
        "R459",
        "row that the ledger refuses",
        """A decision was to be made a second time, or settled though it was not quiet, or belongs to no journey; or a
text holds what the database cannot (PostgreSQL: the character U+0000). The whole advance was undone.""",
    ),
    Code(
        "R460",
        "no ledger there",
        """A ledger was to be read at a place where none is. The first advance makes it. Nothing was written.""",
    ),
)
