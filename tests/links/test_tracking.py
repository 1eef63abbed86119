"""Links lead home by way of us, nowhere else, and a message is otherwise what it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm import RulesError
from rulecrm.links import LONGEST_TARGET, Links, Purpose, Signed, location_of, target_problem
from rulecrm.plugin import Secret, key_of

KEY = key_of("gift|c1||1|0#1@", 0)
BASE = "https://crm.example.com/r"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS", "0123456789abcdef")


def links(base: str = BASE) -> Links:
    return Links.open(base, Secret("env:LINKS"))


def followed(html: str) -> tuple[str, list[str]]:
    """HTML with the pixel taken out and every tracked address as `«target»`, and the targets."""
    mine = links()
    targets: list[str] = []

    def target(found: re.Match[str]) -> str:
        signed = mine.read(Purpose.CLICK, found[1])
        assert signed is not None
        assert signed.key == KEY
        targets.append(signed.text)
        return f'"«{signed.text}»"'

    html = re.sub(rf'"{re.escape(BASE)}/c/([\w-]+)"', target, html)
    html, pixels = re.subn(
        rf'<img src="{re.escape(BASE)}/o/[\w-]+" width="1" height="1" alt="" style="border:0">', "", html
    )
    assert pixels == 1
    return html, targets


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://s.cn/tea">x</a>', '<a href="«https://s.cn/tea»">x</a>'),
        ("<A CLASS=b HREF = 'http://s.cn' >x</A >", '<A CLASS=b HREF = "«http://s.cn»" >x</A >'),
        ("<a href=https://s.cn/?a=1&amp;b=2>x", '<a href="«https://s.cn/?a=1&b=2»">x'),
        ('<a\n\t href=" https://s.cn\n"/>', '<a\n\t href="«https://s.cn»"/>'),
        ('<a title="a > b" href="https://s.cn">', '<a title="a > b" href="«https://s.cn»">'),
        ('<a title="href=https://x.cn" href="https://s.cn">', '<a title="href=https://x.cn" href="«https://s.cn»">'),
        ('<a data-href="https://x.cn">', None),
        ('<a href="https://s.cn" href="https://x.cn">', '<a href="«https://s.cn»" href="https://x.cn">'),
        ('<a href="#top" href="https://x.cn">', None),
        ('<a href="mailto:a@b.cn"><a href="tel:+86"><a href="#x"><a href="/u"><a href=""><a href>', None),
        ('<a href="javascript:alert(1)"><a href="//x.cn"><a href="data:text/html,x"><a href="ftp://x.cn">', None),
        ('<a href="https://"><a href="https://s.cn/a b"><a href="https://s.cn\\@x.cn"><a href="https://[x">', None),
        ('<!-- <a href="https://s.cn"> --><!--[if mso]><a href="https://s.cn"><![endif]-->', None),
        ('<script>var x = \'<a href="https://s.cn">\'</script><style>a{}</style>', None),
        ('<area href="https://s.cn"><link href="https://s.cn"><img src="https://s.cn/x.png">', None),
        ('<a href="https://s.cn', None),
        ("&lt;a href=&quot;https://s.cn&quot;&gt; &nbsp; 茶 🍵\r\n", None),
        ('<p>茶\r\n🍵<a href="https://茶.cn/茶">x</a>', '<p>茶\r\n🍵<a href="«https://茶.cn/茶»">x</a>'),
        ('<a href="https://a.cn">1</a><a href="https://b.cn">2</a>', '<a href="«https://a.cn»">1</a><a href="«https://b.cn»">2</a>'),
        ('<![foo[ ]><a href="https://s.cn">', None),
    ],
)  # fmt: skip
def test_only_http_links_of_anchors_change(html: str, expected: str | None) -> None:
    tracked, _ = followed(links().track_html(html, KEY))
    if expected is None and "<![foo" in html:  # what follows a broken declaration may be read or not
        assert "s.cn" in tracked
    else:
        assert tracked == (html if expected is None else expected)


def test_links_of_our_own_and_those_to_keep_stay_and_tracking_twice_changes_nothing() -> None:
    mine = links()
    withdraw = mine.unsubscribe_url(KEY, "email")
    html = f'<a href="{withdraw}">no more</a><a href="https://s.cn">tea</a><a href="https://keep.cn/?a&amp;b">x</a>'
    once = mine.track_html(html, KEY, keep={"https://keep.cn/?a&b"})
    assert withdraw in once
    assert "https://keep.cn/?a&amp;b" in once
    assert "https://s.cn" not in once
    assert mine.track_html(once, KEY, keep={"https://keep.cn/?a&b"}) == once
    assert followed(links().track_html(f'<a href="{BASE}/about">x</a>', KEY))[1] == [f"{BASE}/about"]


def test_the_pixel_stands_at_the_end_of_the_body() -> None:
    for html, before in (
        ("<html><body>x</body></html>", "</body></html>"),
        ("<body>a</body><!-- </body> -->", "</body><!-- </body> -->"),
        ("x", ""),
    ):
        tracked = links().track_html(html, KEY)
        picture = tracked[tracked.index("<img") : len(tracked) - len(before)]
        assert tracked.endswith(before)
        assert links().read(Purpose.OPEN, picture.split('"')[1].rsplit("/", 1)[1]) == Signed(Purpose.OPEN, KEY)


PIECES = st.sampled_from(
    ["<a href=", "<a ", 'href="', "https://s.cn/x", '"', "'", ">", "</a>", "<!--", "-->", "<script>", "</script>", "<![",
     "]]>", "<!", "<?", "&amp;", "&", "\n", "\r", "茶", " ", "=", "/", "</body>", "<img src=", "<", "</"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_at_all_stays_what_it_was_but_for_its_links(html: str) -> None:
    tracked, targets = followed(links().track_html(html, KEY))
    kept = re.sub('"«[^»]*»"', "\0", tracked).split("\0")
    assert len(kept) == len(targets) + 1
    assert re.fullmatch(".{1,99}?".join(re.escape(part) for part in kept), html, re.DOTALL)


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "JAVASCRIPT://x.cn/%0aalert(1)", "data:text/html,x", "//x.cn", "/x", "", "https:", "http://",
     "https:x.cn", "https:///x.cn", "https://s.cn/\r\nSet-Cookie: a=b", "https://s.cn/\x00", "https://s.cn/ x", "\thttps://s.cn",
     "https://s.cn\\@x.cn", "https://s.cn:99999/", "https://s.cn/\x85", "https://s.cn/\ud800", f"https://{'茶' * 64}.cn/", "https://s.cn/" + "x" * LONGEST_TARGET],
)  # fmt: skip
def test_a_click_leads_to_no_such_place(target: str) -> None:
    assert target_problem(target)
    with pytest.raises(ValueError, match="cannot lead"):
        links().click_url(KEY, target)
    with pytest.raises(ValueError, match="nowhere"):
        location_of(target)


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://s.cn/a?b=c&d=%20#e", "https://s.cn/a?b=c&d=%20#e"),
        ("HTTPS://S.cn", "https://S.cn"),
        ("https://s.cn:8443/茶?q=茶#茶", "https://s.cn:8443/%E8%8C%B6?q=%E8%8C%B6#%E8%8C%B6"),
        ("https://bücher.example:81/x", "https://xn--bcher-kva.example:81/x"),
        ('https://s.cn/"<>`{|}^', "https://s.cn/%22%3C%3E%60%7B%7C%7D%5E"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
    ],
)
def test_a_location_is_plain_ascii(target: str, location: str) -> None:
    assert location_of(target) == location


@given(st.text(max_size=40).map(lambda text: f"https://s.cn/{text}"))
def test_no_target_ends_a_header(target: str) -> None:
    if target_problem(target) is None:
        assert re.fullmatch(r"https://s\.cn/[!-~]*", location_of(target))


@pytest.mark.parametrize(
    "base",
    ["", "crm.example.com", "ftp://x.cn", "https://x.cn/?a", "https://x.cn/#a", "https://u:p@x.cn", "https://x.cn/ r", "https://茶.cn"],
)  # fmt: skip
def test_an_address_of_the_application_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(RulesError) as caught:
        links(base)
    assert [one.code for one in caught.value.diagnostics] == ["R489"]
    assert links("https://x.cn/r///").base == "https://x.cn/r"
