"""What Alibaba's international gateways have in common: signature, errors."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rulecrm.plugin.iop import exact, iop_signature, waiting

# published with Lazada's description of signatures, developer.alibaba.com/docs/doc.htm?articleId=108069
PUBLISHED = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
PARAMETERS = {
    "app_key": "123456", "order_id": "1234", "sign_method": "sha256", "timestamp": "1517820392000", "access_token": "test"
}  # fmt: skip


def test_the_published_signature() -> None:
    assert iop_signature("helloworld", "/order/get", PARAMETERS) == PUBLISHED


def test_order_empty_parameters_and_a_signature_make_no_difference() -> None:
    shuffled = {name: PARAMETERS[name] for name in sorted(PARAMETERS, reverse=True)} | {"sign": "AB", "note": ""}
    assert iop_signature("helloworld", "/order/get", shuffled) == PUBLISHED


def test_a_name_without_a_slash_is_a_parameter_and_no_path() -> None:
    named = iop_signature("helloworld", "order.get", PARAMETERS)
    assert named == iop_signature("helloworld", "another", PARAMETERS) != PUBLISHED


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Api access frequency exceeds the limit. this ban will last 1 seconds", 1.0),
        ("This ban will last for 12 more seconds", 12.0),
        ("the limit of the day", None),
    ],
)
def test_how_long_a_ban_lasts(message: str, seconds: float | None) -> None:
    assert waiting(message) == seconds


def test_amounts_go_through_no_float_and_what_is_no_object_is_none() -> None:
    assert exact(b'{"price": 0.10, "id": 7000000000000000001}') == {"price": Decimal("0.10"), "id": 7000000000000000001}
    for body in (b"", b"[1]", b"<html>", b'{"half": ', b"[" * 100_000, '{"\ud800"'.encode("utf-8", "replace")):
        assert exact(body) is None
