"""Who is one person: customers of several shops, linked.

In: links between two customers each. Out: a person for each customer that is linked at all.
Invariant: who is one person depends on the links that hold and on nothing else, neither on their order nor on what held
before; so a link that is undone leaves everything as it was without it.

A person goes by the key of one of its customers: the first in the order of the alphabet.
"""

from __future__ import annotations

import polars as pl

__all__ = ["LINKED", "LINKS", "link_of", "persons_of"]

LINKS = "links"
"""The frame: `link` (its key), `one` and `other` (customers, in alphabetical order), `by`, `linked`."""

LINKED = {"link": pl.String, "one": pl.String, "other": pl.String, "by": pl.String, "linked": pl.Boolean}
"""Its columns."""

_SCHEMA = {"customer": pl.String, "person": pl.String}


def link_of(one: str, other: str) -> tuple[str, str, str]:
    """The key of a link between two customers, whichever is named first, and the two in their order.

    Raises:
        ValueError: they are the same.
    """
    if one == other:
        raise ValueError("a customer is not linked with itself")
    first, second = sorted((one, other))
    return f"{len(first)}:{first}|{second}", first, second


def persons_of(links: pl.DataFrame) -> pl.DataFrame:
    """The person of each customer that is linked.

    Args:
        links: `one`, `other` (String) and `linked` (Boolean); links that do not hold are passed over.

    Returns:
        `customer`, `person` (String), a row for each customer in a link that holds.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        root = name
        while leader[root] != root:
            root = leader[root]
        while leader[name] != root:
            leader[name], name = root, leader[name]
        return root

    for one, other in links.filter(pl.col("linked")).select("one", "other").iter_rows():
        for name in (one, other):
            leader.setdefault(name, name)
        first, second = sorted((find(one), find(other)))
        leader[second] = first
    rows = [(customer, find(customer)) for customer in sorted(leader)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
