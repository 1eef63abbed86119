"""Text files: every line becomes a row or is refused, whatever is in it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulecrm.diagnostics import RulesError
from rulecrm.sheets import LINE, ORIGINAL, frames, sample

NAMES = ("order no", "buyer", "note")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

CELLS = st.text(st.sampled_from("ab1 =,;'\"\n中é"), max_size=6)
ROWS = st.lists(st.tuples(st.integers(1, 10**17).map(lambda n: f"n{n}"), CELLS, CELLS), max_size=12)


def written(
    rows: list[tuple[str, ...]], separator: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([NAMES, *rows])
    return out.getvalue()


def read(path: Path, **options: object) -> tuple[list[tuple[object, ...]], list[object]]:
    rows, refused = [], []
    for chunk in frames(sample(path), of="orders", **options):
        rows += chunk.frame.rows()
        refused += chunk.refused
    return rows, refused


def cells(path: Path, **options: object) -> list[tuple[object, ...]]:
    rows, refused = read(path, **options)
    assert not refused, refused
    return [row[:-2] for row in rows]


@QUICK
@given(
    rows=ROWS,
    separator=st.sampled_from(",;"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.sampled_from([1, 7, 40, 1 << 20]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_what_was_written_is_read(tmp_path, rows, separator, end, quoting, size, encoding):
    path = tmp_path / "orders.csv"
    if end == "\r":
        quoting = csv.QUOTE_ALL  # the writer does not quote a line feed then
    path.write_bytes(written(rows, separator, end, quoting).encode(encoding))
    assert cells(path, size=size) == rows


@pytest.mark.parametrize("size", [3, 1 << 20])
def test_each_row_says_its_line_and_its_text(tmp_path, size):
    path = tmp_path / "orders.csv"
    path.write_bytes(b'order no,buyer,note\n1,a,x\n\n2,b,"two\nlines"\n,,\n3,c,y\n')
    rows, refused = read(path, size=size)
    assert not refused
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("1", 2, "1,a,x"),
        ("2", 4, '2,b,"two\nlines"'),
        ("3", 7, "3,c,y"),
    ]
    assert frames.__module__ == "rulecrm.sheets.reading"
    (first, *_) = frames(sample(path), of="orders")
    assert first.frame.columns == [*NAMES, LINE, ORIGINAL]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8-sig", b""),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("gb18030", b""),
        ("gbk", b""),
    ],
)
@pytest.mark.parametrize("size", [2, 64, 1 << 20])
@pytest.mark.parametrize("early", [True, False])
def test_encodings_are_found(tmp_path, encoding, mark, size, early):
    # In the second case only the last line has anything but ASCII.
    name = "买家张三" if early else "buyer"
    text = f"order no,{name},note\n" + "".join(f"{n},somebody,x\n" for n in range(40)) + "41,李四的店,北京市\n"
    path = tmp_path / "orders.csv"
    path.write_bytes(mark + text.encode(encoding))
    rows = cells(path, size=size)
    assert len(rows) == 41
    assert rows[-1] == ("41", "李四的店", "北京市")
    assert sample(path).header == ("order no", name, "note")


def test_western_letters_are_not_taken_for_chinese(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes("order no,buyer,note\n1,Frédéric,Très bien\n2,Müller,schön\n".encode("cp1252"))
    with pytest.raises(RulesError) as caught:
        sample(path)
    assert caught.value.diagnostics[0].code == "R724"
    chosen = sample(path, encoding="cp1252")
    (chunk,) = frames(chosen, of="orders")
    assert chunk.frame["buyer"].to_list() == ["Frédéric", "Müller"]


@pytest.mark.parametrize("size", [2, 1 << 20])
def test_a_line_of_another_encoding_is_refused_alone(tmp_path, size):
    path = tmp_path / "orders.csv"
    good = [f"{n},张三,备注\n".encode() for n in range(5)]
    path.write_bytes(b"order no,buyer,note\n" + b"".join(good[:3]) + "9,李四,备注\n".encode("gbk") + b"".join(good[3:]))
    rows, refused = read(path, size=size)
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]
    (one,) = refused
    assert (one.place, one.reason) == ("orders.csv, line 5", "is no UTF-8 text")
    assert one.original.startswith("9,")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_nul_refuses_its_line(tmp_path, encoding):
    path = tmp_path / "orders.csv"
    path.write_bytes("order no,buyer,note\n1,张三,x\n2,b\0b,y\n3,c,z\n".encode(encoding))
    rows, refused = read(path)
    assert [(row[0], row[3]) for row in rows] == [("1", 2), ("3", 4)]
    assert [(one.place, one.reason) for one in refused] == [("orders.csv, line 3", "has a NUL byte")]


BROKEN = {
    "too few": ("2,b", "has fewer cells than the header"),
    "too many": ("2,b,c,d", "has more cells than the header"),
    "open": ('2,b,"c', "has a quoted cell that nothing ends"),
    "odd": ('2,"b"x,c', "has a quoted cell that is not well formed"),
}


@pytest.mark.parametrize(("line", "reason"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("size", [5, 1 << 20])
@pytest.mark.parametrize("last", [True, False])
def test_a_broken_line_is_refused_and_the_rest_read(tmp_path, line, reason, size, last):
    path = tmp_path / "orders.csv"
    path.write_text("order no,buyer,note\n1,a,x\n" + line + ("" if last else "\n3,c,z\n4,d,y\n"), "utf-8")
    rows, refused = read(path, size=size)
    assert [row[0] for row in rows] == (["1"] if last else ["1", "3", "4"])
    (one,) = refused
    assert (one.reason, one.original, one.place) == (reason, line, "orders.csv, line 3")


def test_a_quote_within_a_cell_is_a_letter(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text('order no,buyer,note\n="12",5" pipe,a ""b""\n', "utf-8")
    assert cells(path) == [('="12"', '5" pipe', 'a ""b""')]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_where_tabs_separate_quotes_are_letters(tmp_path, encoding):
    path = tmp_path / "orders.txt"
    path.write_text('order no\tbuyer\tnote\n1\t"open\tx\n2\tb"\t5"\n', encoding)
    assert cells(path) == [("1", '"open', "x"), ("2", 'b"', '5"')]


def test_what_is_above_and_below_is_no_row(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        '\n"My report, of May"\norder no,buyer,note\n"","",""\n1,a,x\n\n1,record(s) downloaded,\nSeller : me\n', "utf-8"
    )
    rows, refused = read(path, trailer=r"record\(s\)|^Seller :")
    assert [(row[0], row[3]) for row in rows] == [("1", 5)]
    assert not refused
    assert sample(path).preamble == 2


def test_names_of_columns(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text('order no , ="buyer",\ufeffnote,note,\n1,a,x,y,\n', "utf-8")
    assert sample(path).header == ("order no", "buyer", "note", "note (2)")
    assert cells(path) == [("1", "a", "x", "y")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200) | st.text(st.sampled_from('ab,"\n\r\t1中;\0'), max_size=80).map(str.encode),
    size=st.sampled_from([1, 16, 1 << 20]),
)
def test_nothing_that_a_file_may_hold_is_a_crash_or_lost(tmp_path, body, size):
    path = tmp_path / "orders.csv"
    path.write_bytes(b"order no,buyer,note\nn1,a,x\nn2,b,y\n" + body)
    try:
        seen = sample(path)
        chunks = list(frames(seen, of="orders", size=size))
    except RulesError as error:
        assert error.diagnostics[0].code in {"R720", "R724"}
        return
    read_lines = [line for chunk in chunks for line in chunk.frame[LINE]]
    assert read_lines == sorted(set(read_lines))
    if seen.header == NAMES:
        shown = "".join(text for chunk in chunks for text in chunk.frame[ORIGINAL]) + "".join(
            one.original for chunk in chunks for one in chunk.refused
        )
        # Every letter of the body that is plain is in a row or in a refused line.
        for letter in "ab1;":
            assert shown.count(letter) >= body.count(letter.encode())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "R720"),
        (b"\n \r\n", "R720"),
        (b"<!DOCTYPE html><html><body>sign in</body></html>", "R720"),
        (b'{"error_response":{"code":27}}', "R720"),
        (b"PK\x03\x04 this is no workbook", "R720"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nor is this", "R720"),
        (b"%PDF-1.7", "R720"),
    ],
)
def test_what_is_no_sheet_is_said(tmp_path, content, code):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(RulesError) as caught:
        sample(path)
    assert caught.value.diagnostics[0].code == code
    assert "orders.csv" in caught.value.diagnostics[0].message


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RulesError, match="cannot be read"):
        sample(tmp_path / "none.csv")
