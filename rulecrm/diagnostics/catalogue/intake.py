"""Codes of the fact store, of platforms and of files: R7xx.

R700 to R709 are the store's, R710 to R719 those of platforms, R720 to R729 those of files, R730 to R739 of identity.
"""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R700",
        "library that is not installed",
        """A fact store lies on the disk as Delta Lake tables, which want a library that only those install who need
it: `pip install "rulecrm[lake]"`.""",
    ),
    Code(
        "R701",
        "no fact store there",
        """A store is a folder that `rulecrm sync` or `rulecrm import` has made, with a folder `commits` in it. There is
none at this place; is the path right? Nothing was written.""",
    ),
    Code(
        "R702",
        "store of a newer format",
        """A later version of rulecrm has written this store, in a layout that this one does not know. Reading it could
misread what is in it, so it was left as it is. Use that version, or a later one.""",
    ),
    Code(
        "R703",
        "store that is being written",
        """One process writes to a store at a time, and another held the lock longer than this one was willing to wait.
The message says which. Reading needs no lock. Nothing was written; try again when the other has ended. The lock goes
with its process, however that ends, so there is nothing to clean up.""",
    ),
    Code(
        "R704",
        "column that cannot be kept",
        """A store keeps every column in one type for good: text, integers, exact decimals of at most four places,
instants with a zone, dates, yes and no, floating point numbers that are no money, lists and records of these. A column
has another type, or another one than it had before. Nothing of these rows was written. Convert the column, or give what
is in it another name.""",
    ),
    Code(
        "R705",
        "frame without its key",
        """A store tells rows apart by a key: `order` for orders, `order` and `item` for lines of orders, `customer`,
`product`, and `event` for everything else. The frame has no such column. Single rows without a value in it are put into
quarantine; a frame without the column is refused as a whole.""",
    ),
    Code(
        "R706",
        "store that cannot be read or written",
        """The disk refuses, is full, or files of the store are missing or damaged; the message repeats what was said.
What was under way is not seen by anybody, and the next run undoes what is left of it. Files that a vacuum removed are
missing to a reader that was open for longer than the retention: open the store again.""",
    ),
    Code(
        "R707",
        "what was known, of no store",
        """`known_on` asks for facts as they were known at an instant. Only a fact store keeps what was known before;
files and frames have one version of each row.""",
    ),
    Code(
        "R710",
        "settings of platforms that do not fit",
        """The settings file of platforms (`platforms.toml`) cannot be read, has a table that nothing asks for, or uses
a platform that is not installed or has no API that is read. Each account is a table `[accounts.NAME]`, with `use` and
the settings of its platform; `rulecrm plugins NAME` lists them.""",
    ),
    Code(
        "R711",
        "account that is not there",
        """`rulecrm sync NAME` asks for an account of the settings file, or for a platform that exactly one account
uses.""",
    ),
    Code(
        "R712",
        "demo of a platform that cannot be run",
        """`rulecrm demo --platform NAME` runs a shop on a local fake of a platform, which the platform's plugin brings.
No plugin of that name is installed, it brings no fake, or the folder has a shop already.""",
    ),
    Code(
        "R720",
        "file that is no sheet",
        """The file is empty, a page (often that of a sign-in, kept under the name of a download), an answer of a
program, an archive, a damaged workbook, or a workbook with a password. Nothing was read. Download it again, signed in,
unpack archives, and take passwords off: some markets put one on every file.""",
    ),
    Code(
        "R721",
        "file of no format that is known",
        """No format of the installed plugins has the columns of this file. The message names the nearest, and what is
missing for it. Columns are found by their names in the header, so their order is free, and a sheet that was edited
must keep them. If the file is of another platform, install its plugin: `pip install rulecrm-NAME`.""",
    ),
    Code(
        "R722",
        "file of two formats",
        """Two formats fit the file equally well, and reading it as the wrong one would give wrong facts in silence. Say
which it is: `--as FORMAT`.""",
    ),
    Code(
        "R723",
        "file that does not say enough",
        """Times of a wall clock mean nothing without a zone, and amounts nothing without a currency. The file names
neither, and its market cannot be told from it. Say what is missing: `--zone Asia/Bangkok`, `--currency THB`.""",
    ),
    Code(
        "R724",
        "encoding that is not known",
        """The text is neither UTF-8, nor UTF-16, nor GB18030 (which GBK and GB 2312 are part of). It is not guessed any
further, for a wrong guess gives wrong names in silence. Save the file as UTF-8, or name its encoding.

Single lines that are not in the encoding of the rest are not this: they are refused one by one, the rest is read.""",
    ),
    Code(
        "R725",
        "library that is not installed",
        """Workbooks (xlsx, xls) want a library that only those install who need it: `pip install "rulecrm[sheets]"`.
Text files do not.""",
    ),
    Code(
        "R726",
        "format that does not exist",
        """There is no format of this name among those of the installed plugins; the message lists them.""",
    ),
    Code(
        "R727",
        "file that does not tell enough",
        """Some files do not tell the zone of their times, or the currency of their amounts, and neither can be guessed
safely: one platform has markets in several zones. `rulecrm import` asks for it: `--zone Asia/Bangkok`, `--currency
THB`.""",
    ),
    Code(
        "R728",
        "zone, currency or name of a shop that is none",
        """What was said beside a file (`--zone`, `--currency`, `--shop`) is no IANA name of a zone, no code of ISO
4217, or no name that an account may have.""",
    ),
    Code(
        "R730",
        "customers that cannot be linked",
        """`rulecrm link` names a customer whom the store does not know, or one customer twice. Customers go by the name
of their account and the platform's own key: `north:8841`.""",
    ),
    Code(
        "R731",
        "customers who are linked through others",
        """A link was undone, and both customers are one person all the same, because others are linked with both of
them. The message names those.""",
    ),
    Code(
        "R732",
        "phone numbers that cannot be read",
        """Phone numbers are compared in one form (E.164), which needs the library `phonenumbers`, and of numbers
without a country code the country: `--region CN`, two letters of ISO 3166.""",
    ),
)
