"""What every diagnostic code stands for.

In: the tuples `CODES` of the modules of `rulecrm.diagnostics.catalogue`, one module an area. Out: `Code` by its code.
Invariant: a code belongs to one area and one meaning, for good; two entries under one code are an error of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from attrs import frozen

__all__ = ["Code", "catalogue"]

AREAS = ("syntax", "semantics", "facts", "runtime", "machine", "state", "sending", "intake", "insight")


@frozen
class Code:
    """One code.

    Attributes:
        code: `R` and three digits, permanent.
        title: a short noun phrase, in lower case.
        explanation: what went wrong, why it is refused and what to write instead, in Markdown.
    """

    code: str
    title: str
    explanation: str


@cache
def catalogue() -> Mapping[str, Code]:
    """Every code of every area; the areas are imported at the first call.

    Raises:
        ValueError: two entries share a code.
    """
    merged: dict[str, Code] = {}
    for area in AREAS:
        module = f"rulecrm.diagnostics.catalogue.{area}"
        if importlib.util.find_spec(module) is None:
            continue
        codes: tuple[Code, ...] = importlib.import_module(module).CODES
        for code in codes:
            if code.code in merged:
                raise ValueError(f"two diagnostics share the code {code.code}")
            merged[code.code] = code
    return MappingProxyType(merged)
