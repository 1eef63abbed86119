"""The plain text beside the HTML."""

from __future__ import annotations

import pytest

from rulecrm.words.html import is_html, text_of


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Hello <b>Ann</b>,</p><p>bye.</p>", "Hello Ann,\n\nbye."),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<a href='https://x.example/?a=1&amp;b=2'>Shop now</a>", "Shop now (https://x.example/?a=1&b=2)"),
        ("<a href='https://x.example'>https://x.example</a>", "https://x.example"),
        ("<a href='https://x.example'><img src='i.png'></a>", "https://x.example"),
        ("<a href='https://x.example'><img src='i.png' alt='Sale'></a>", "Sale (https://x.example)"),
        ("<a href='mailto:a@x.example'>a@x.example</a> <a href='#top'>up</a>", "a@x.example up"),
        ("<a name='x'>here</a>", "here"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<head><title>T</title><style>p{}</style></head><script>x()</script><p>seen</p><!-- not -->", "seen"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c d"),
        ("<p>  much \n space </p>", "much space"),
        ("<p>never closed <b>bold", "never closed bold"),
        ("</p></a></style>strays", "strays"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_reader_sees(html: str, expected: str) -> None:
    assert text_of(html) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Hello</p>", True),
        ("Hello<br/>", True),
        ("<!DOCTYPE html>", True),
        ("<A HREF='x'>y</A>", True),
        ("1 < 2 and 3 > 2", False),
        ("I <3 you <friend>", False),
        ("<name>", False),
        ("", False),
    ],
)
def test_what_is_html(text: str, expected: bool) -> None:
    assert is_html(text) is expected
