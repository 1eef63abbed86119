"""docs/facts.md holds what the canonical schema holds, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rulecrm.diagnostics.catalogue.facts import CODES
from rulecrm.diagnostics.catalogue.intake import CODES as STORE
from rulecrm.model.schema import canonical

PAGE = Path(__file__).parents[2] / "docs" / "facts.md"
SCHEMA = canonical()


def columns_table(columns):
    rows = [f"| `{column.name}` | {column.type} | {column.doc} |" for column in columns.values()]
    return "\n".join(["| column | type | |", "| --- | --- | --- |", *rows])


def kinds_table(frame):
    kinds = [kind for kind in SCHEMA.kinds.values() if kind.frame == frame]
    rows = [f"| `{kind.name}` | `{kind.at}` | {kind.doc} |" for kind in kinds]
    return "\n".join(["| kind | happens at | |", "| --- | --- | --- |", *rows])


TABLES = {
    "customers": columns_table(SCHEMA.subjects["customer"].columns),
    "products": columns_table(SCHEMA.subjects["product"].columns),
    "orders": columns_table(SCHEMA.kinds["order"].columns),
    "orders-kinds": kinds_table("orders"),
    "items": columns_table(SCHEMA.kinds["item"].columns),
    "events": columns_table(SCHEMA.kinds["view"].columns),
    "events-kinds": kinds_table("events"),
}


@pytest.mark.parametrize("name", TABLES)
def test_each_table_is_that_of_the_schema(name):
    text = PAGE.read_text(encoding="utf8")
    found = re.search(rf"<!-- table {name} -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == TABLES[name]


def test_kinds_of_one_frame_have_the_same_fields():
    for frame in ("orders", "events"):
        fields = {tuple(kind.columns) for kind in SCHEMA.kinds.values() if kind.frame == frame}
        assert len(fields) == 1


def test_every_code_that_the_facts_raise_is_in_the_catalogue_and_the_other_way_round():
    folder = Path(__file__).parents[2] / "rulecrm" / "facts"
    raised = {
        code for path in folder.glob("*.py") for code in re.findall(r'"(R\d{3})"', path.read_text(encoding="utf8"))
    }
    ours = {code.code for code in CODES}
    assert ours <= raised
    assert raised - ours <= {code.code for code in STORE}  # a fact store is opened through the same door
