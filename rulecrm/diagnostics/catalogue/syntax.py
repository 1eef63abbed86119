"""The codes of what a text can have wrong before it means anything: R001 to R099.

In: nothing. Out: `CODES`. Invariant: a code is never given a second meaning, and never taken away.
"""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R001",
        "unexpected word",
        "Something stands where the language has no place for it, or something is missing before it. The help names "
        "what could stand there. Reading goes on at the next declaration.",
    ),
    Code(
        "R002",
        "unknown declaration",
        "A line outside of all braces begins with a word that begins no declaration. Declarations begin with `import`, "
        "`timezone`, `currency`, `kind`, `attribute`, `param`, `collection`, `metric`, `segment`, `classify`, "
        "`lifecycle`, `template`, `campaign`, `policy`, `kpi` or `test`.",
    ),
    Code(
        "R003",
        "unclosed bracket",
        "A `(`, `[` or `{` is not closed before the next declaration, the end of the file, or the closing bracket of "
        "what holds it. The note points at the bracket that is still open.",
    ),
    Code(
        "R004",
        "unclosed text",
        'A text ends with `"` in the line it begins in; write `\\n` for a line break. A docstring ends with `"""`.',
    ),
    Code(
        "R005",
        "unknown escape",
        'In a text a backslash stands before `"`, `\\`, `n`, `t`, or `u` and four hexadecimal digits. '
        "A backslash itself is written twice.",
    ),
    Code(
        "R006",
        "impossible date or time",
        "Dates are written `2025-11-11`, with a time `2025-11-11T10:00`, times of day `21:00`, all with leading zeros, "
        "and they exist: there is no 30 February and no 24:00.",
    ),
    Code(
        "R007",
        "unknown unit",
        "Durations are whole numbers with the units `y`, `mo`, `w`, `d`, `h`, `m` (minutes) and `s`, without blanks: "
        "`30d`, `6mo`, `1h30m`. Between an amount and its currency stands a blank: `299 CNY`.",
    ),
    Code(
        "R008",
        "foreign operator",
        "`=` gives a value its name, `==` compares. Conditions are joined with `and`, `or` and `not`, written small; "
        "two values differ with `!=`. What others write as `x between 3 and 5` is `x in 3..5`, `like` is `contains`, "
        "`starts with`, `ends with` or `matches`, `elif` is `else if`. Declarations end by themselves, without `;`.",
    ),
    Code(
        "R009",
        "unknown character",
        "Outside of texts and comments only names, numbers and the marks of the language stand. Marks typed with an "
        "input method, such as `，` or `“`, look alike and are not the same. A rules file is text in UTF-8: what an "
        "editor saved in another encoding, such as GBK, is not read at all.",
    ),
    Code(
        "R010",
        "nested too deep",
        "A declaration nests brackets, operators or steps deeper than can be read. Give a part of it a name of its "
        "own, as a metric or a segment.",
    ),
    Code(
        "R011",
        "number too long",
        "Numbers have at most 28 digits, counts in durations at most 9, so that all arithmetic with them is exact.",
    ),
    Code(
        "R012",
        "incomplete window",
        "`from 60d to 30d ago` ends with `ago`; `within 30d` says after or before what; a sequence has one `within` "
        "and one window; a goal says within what time it counts.",
    ),
    Code("R013", "text in single quotes", 'Texts stand in double quotes: `"email"`.'),
    Code("R014", "stray percent sign", "A percent sign stands right behind a number: `10%`."),
    Code(
        "R015",
        "docstring before nothing",
        "A docstring speaks of the declaration after it; the first of a file, if a blank line follows, of the file. "
        "Anything else is a comment and begins with `#`.",
    ),
    Code("R016", "bracket that closes nothing", "A closing bracket has no opening one in its declaration."),
    Code(
        "R017",
        "word of the language as a name",
        "`and`, `or`, `not`, `in`, `is`, `true`, `false`, `population` and `sequence` are words of every expression; "
        "nothing can be called like them. All other words are free: a field may be called `last`, a label `first`.",
    ),
    Code(
        "R018",
        "window outside of the brackets",
        "A window narrows what an aggregate reads, so it stands inside the brackets, after the kind and its `where`: "
        "`count(purchase last 30d)`, not `count(purchase) last 30d`.",
    ),
    Code("R019", "list in parentheses", 'A list stands in brackets: `category in ["dress", "shoes"]`.'),
    Code(
        "R020",
        "word before a name",
        "A name stands alone, without `the`: `spent > 3`, `count(purchase)`.",
    ),
)
