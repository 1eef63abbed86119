"""Bodies of webhooks: JSON is read, and nothing else raises but `ValueError`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.plugin import Request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def posted(body: bytes) -> Request:
    return Request("POST", "https://crm.example.com/r/hooks/x", {}, {}, body)


@given(JSON)
def test_what_was_written_is_read(value: object) -> None:
    request = posted(json.dumps(value).encode())
    assert request.json() == value
    if isinstance(value, dict):
        assert request.document() == value
    else:
        with pytest.raises(ValueError, match="it is no object of JSON"):
            request.document()


@given(st.binary())
def test_any_bytes_are_json_or_a_value_error(body: bytes) -> None:
    try:
        posted(body).json()
    except ValueError as error:
        assert str(error) == "it is no JSON that can be read"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"9" * 100_000],
    ids=["empty", "bytes", "open", "deep", "objects", "digits"],
)
def test_a_hostile_body_is_told_in_words(body: bytes) -> None:
    with pytest.raises(ValueError, match="it is no JSON that can be read"):
        posted(body).json()
