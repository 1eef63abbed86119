"""The collector rests while a large file is compiled, and is left as it was found."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from rulecrm.semantics.collecting import paused_collection
from rulecrm.semantics.compile import Compiled


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was_found(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    try:
        with paused_collection():
            assert not gc.isenabled()
        assert gc.isenabled() is on
        with pytest.raises(KeyError), paused_collection():
            raise KeyError
        assert gc.isenabled() is on
    finally:
        gc.enable()


@pytest.mark.parametrize(("lines", "rests"), [(10, False), (4000, True)])
def test_it_rests_for_large_files_alone(lines: int, rests: bool, compiled: Callable[..., Compiled]) -> None:
    seen: list[bool] = []

    class Files(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            seen.append(gc.isenabled())
            return super().__getitem__(key)

    text = "# a remark that nothing depends on\n" * lines
    compiled(f'{text}import "a.rules"', files=Files({"a.rules": "metric a = count(order)"}))
    assert seen == [not rests]
    assert gc.isenabled()
