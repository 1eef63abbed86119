"""A run asked about many instants: what it keeps on the way does not change what it says."""

from __future__ import annotations

import numpy as np

from rulecrm.model import ir
from rulecrm.model.types import INT
from rulecrm.runtime.points import Points
from tests.machine.shop import Shop, micros

DAY = 86_400_000_000


def test_everybody_at_sixty_instants_and_at_the_first_ones_again() -> None:
    """One purchase a day, of ann and bob by turns: on day n all have n of them together."""
    rows = [(("ann", "bob")[n % 2], f"2025-0{1 + n // 28}-{1 + n % 28:02}", {"amount": 1}) for n in range(56)]
    here = Shop("metric n = count(purchase)\nmetric all = population sum(count(purchase))", {"purchase": rows})
    run, everybody, own = here.run, here.value("all"), here.value("n")
    first = micros("2025-01-01")
    for instant in (*range(first, first + 28 * DAY, DAY), *range(first, first + 5 * DAY, DAY)):
        count = (instant - first) // DAY + 1
        points = run.points("customer", None, instant)
        assert points.series(everybody).to_list() == [count] * 2
        assert points.series(own).to_list() == [(count + 1) // 2, count // 2]
    each = np.arange(first, first + 28 * DAY, DAY)
    asked = Points(run, "customer", np.zeros(28, np.int64), each)
    assert asked.series(everybody).to_list() == list(range(1, 29))
    assert asked.series(own).to_list() == [(n + 1) // 2 for n in range(1, 29)]
    assert isinstance(everybody, ir.PopulationOf)
    assert everybody.type == INT
