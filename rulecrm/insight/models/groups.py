"""Who is like whom: clusters, and customers like some that are known.

In: a shop, features. Out: `Clusters` with a profile; the figure `similar`.
Invariant: every feature counts alike, whatever its unit: a value is replaced by the share of customers below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.insight.asking import whole
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.models.features import Matrix, features_now, known_features, title_of
from rulecrm.insight.shop import Shop

__all__ = ["Clusters", "clusters", "similar"]

_SAMPLE = 100_000
"""Centres are found on at most so many customers; everybody is then put to the nearest."""

_LEVELS = (("low", "低"), ("rather low", "偏低"), ("middling", "中等"), ("rather high", "偏高"), ("high", "高"))

_SCALE = Words(
    "Every feature is scaled to ranks: a value becomes the share of customers below it and half of those equal to it; "
    "missing counts as the middle, each label as a feature of its own. ",
    "每个特征换算为名次：数值变为低于它的顾客份额加上与其相等者的一半；缺失按中位处理，每个标签作为单独的特征。",
)


@frozen(eq=False, repr=False)
class Clusters:
    """Customers in groups.

    Attributes:
        members: `customer`, `cluster` Int64 (1 is the largest), by key.
        profile: `clusters`, a row for each cluster and feature.
        described: each cluster in words.
    """

    members: pl.DataFrame
    profile: Figure
    described: Mapping[int, Words]

    def __repr__(self) -> str:
        return f"<Clusters: {len(self.described)} of {self.members.height} customers>"


@frozen(eq=False)
class _Scaled:
    """Ranks 0..1, (customers, columns), and what the columns are."""

    titles: tuple[str, ...]
    raw: Floats
    ranks: Floats


def clusters(shop: Shop, *, features: Sequence[str], k: int = 4, seed: int = 1) -> Clusters:
    """Buyers in k groups by k-means over ranks of features as of T.

    Args:
        shop: the shop.
        features: names of metrics, segments, classifications, lifecycles.
        k: how many, at least 2.
        seed: of where the search begins.

    Returns:
        Clusters; `profile` has `cluster`, `customers`, `share`, `feature`, `typical` (the median of the cluster),
        `everybody` (of all), `level` (low … high, from the mean rank). Fewer clusters than k where customers are alike.

    Raises:
        RulesError: R120 an unknown name, R842 fewer than 2 clusters.
    """
    if not whole(k, 2):
        raise RulesError([Diagnostic("R842", f"{k} clusters divide nobody", help="ask for 2 or more")])
    names = known_features(shop, features)
    customers, scaled = _scaled(shop, names)
    distinct = len(np.unique(scaled.ranks[:_SAMPLE], axis=0)) if len(customers) else 0
    number = _nearest_centre(scaled.ranks, min(k, distinct), seed)
    remarks = []
    if distinct < k:
        text = f"Customers differ in {distinct} ways in these features: there are no {k} clusters to be found."
        zh = f"顾客在这些特征上只有 {distinct} 种不同：无法分为 {k} 组。"
        remarks.append(Remark("R843", Words(text, zh)))
    frame, described = _profile(scaled, number)
    en = (
        f"{_SCALE.en}k-means then finds {k} centres ({', '.join(scaled.titles)}); a customer belongs to the nearest. "
        "Clusters are numbered by size. The level says where in the ranks of all customers the mean of a cluster lies: "
        "low below a fifth, high above four fifths."
    )
    zh = (
        f"{_SCALE.zh}再以 k-means 求得 {k} 个中心（{'、'.join(scaled.titles)}），顾客归入最近的中心，按规模编号。"
        "水平说明该组均值在全部顾客名次中的位置：低于五分之一为低，高于五分之四为高。"
    )
    columns = {
        "cluster": Words("Cluster", "组"),
        "customers": Words("Customers", "顾客数"),
        "share": Words("Share", "份额"),
        "feature": Words("Feature", "特征"),
        "typical": Words("Median", "中位数"),
        "everybody": Words("Median of all", "总体中位数"),
        "level": Words("Level", "水平"),
    }
    figure = Figure("clusters", Words("Clusters", "聚类"), Words(en, zh), frame, columns, tuple(remarks))
    return Clusters(pl.DataFrame({"customer": customers, "cluster": number + 1}), figure, described)


def _nearest_centre(ranks: Floats, k: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Of each customer its cluster, 0 the largest."""
    if k < 2:
        return np.zeros(len(ranks), np.int64)
    from sklearn.cluster import KMeans

    draw = np.random.Generator(np.random.PCG64(seed))
    few = ranks if len(ranks) <= _SAMPLE else ranks[np.sort(draw.choice(len(ranks), _SAMPLE, replace=False))]
    fitted = KMeans(k, n_init=4, random_state=seed).fit(few)
    number = np.asarray(fitted.predict(ranks), np.int64)
    sizes = np.bincount(number, minlength=k)
    # Of equal size, the one with the first customer comes first.
    first = [int(np.argmax(number == one)) for one in range(k)]
    order = sorted(range(k), key=lambda one: (-sizes[one], first[one]))
    place = np.empty(k, np.int64)
    place[order] = np.arange(k)
    return place[number]


def _profile(
    scaled: _Scaled, number: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> tuple[pl.DataFrame, dict[int, Words]]:
    rows: list[tuple[object, ...]] = []
    described = {}
    everybody = [_median(column) for column in scaled.raw.T]
    for one in range(int(number.max(initial=-1)) + 1):
        mine = number == one
        size, share = int(mine.sum()), float(mine.mean())
        levels = [_LEVELS[min(int(mean * 5), 4)] for mean in scaled.ranks[mine].mean(axis=0)]
        for index, title in enumerate(scaled.titles):
            typical = _median(scaled.raw[mine, index])
            rows.append((one + 1, size, share, title, typical, everybody[index], levels[index][0]))
        en = ", ".join(f"{title} {level[0]}" for title, level in zip(scaled.titles, levels, strict=True))
        zh = "；".join(f"{title}：{level[1]}" for title, level in zip(scaled.titles, levels, strict=True))
        described[one + 1] = Words(f"{share:.0%} of customers: {en}.", f"{share:.0%} 的顾客：{zh}。")
    schema = {
        "cluster": pl.Int64, "customers": pl.Int64, "share": pl.Float64, "feature": pl.String, "typical": pl.Float64,
        "everybody": pl.Float64, "level": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row"), described


def _median(column: Floats) -> float | None:
    there = column[~np.isnan(column)]
    return float(np.median(there)) if len(there) else None


def similar(shop: Shop, customers: Sequence[object], *, features: Sequence[str], most: int = 100) -> Figure:
    """Buyers who are like some customers, the likest first.

    Args:
        shop: the shop.
        customers: keys of those who are known, such as the members of a segment.
        features: names of metrics, segments, classifications, lifecycles.
        most: how many are wanted.

    Returns:
        `customer`, `similarity` (0..1, 1 for the very same features), `like` (which of those known is nearest); nobody
        who is known is among them.

    Raises:
        RulesError: R120 a customer who has not bought, an unknown name; R842 nobody is given.
    """
    names = known_features(shop, features)
    keys, scaled = _scaled(shop, names)
    if not customers or not whole(most, 1):
        raise RulesError([Diagnostic("R842", "somebody must be given to be like, and at least one be asked for")])
    wanted = pl.Series("customer", list(customers), strict=False).cast(keys.dtype, strict=False)
    strange = [str(one) for one, cast in zip(customers, wanted, strict=True) if cast is None]
    strange += wanted.filter(~wanted.is_in(keys.implode())).drop_nulls().cast(pl.String).to_list()
    if strange:
        message = f"no customer who has bought is called `{strange[0]}`"
        help_ = did_you_mean(strange[0], keys.cast(pl.String).to_list()[:10_000])
        raise RulesError([Diagnostic("R120", message, help=help_)])
    given = keys.is_in(wanted.implode()).to_numpy()
    apart, nearest = _apart(scaled.ranks, given)
    others, seeds = np.flatnonzero(~given), keys.filter(pl.Series(given))
    frame = (
        pl.DataFrame(
            {
                "customer": keys.gather(others),
                "similarity": 1 - apart / np.sqrt(scaled.ranks.shape[1]),
                "like": seeds.gather(nearest),
            }
        )
        .sort("similarity", "customer", descending=[True, False])
        .head(most)
    )
    remarks = []
    if not bool(np.ptp(scaled.ranks, axis=0).any()):
        text = "All customers are alike in these features: nobody is more similar than another."
        remarks.append(Remark("R843", Words(text, "所有顾客在这些特征上都相同：没有谁更相似。")))
    en = (
        f"{_SCALE.en}Similarity is 1 less the distance of the ranks to the nearest of the {len(seeds)} customers "
        "given, "
        f"as a share of the greatest there can be ({', '.join(scaled.titles)})."
    )
    zh = (
        f"{_SCALE.zh}相似度为 1 减去与所给 {len(seeds)} 位顾客中最近者的名次距离占最大可能距离的份额"
        f"（{'、'.join(scaled.titles)}）。"
    )
    columns = {
        "customer": Words("Customer", "顾客"),
        "similarity": Words("Similarity", "相似度"),
        "like": Words("Like", "与谁相似"),
    }
    return Figure("similar", Words("Similar customers", "相似顾客"), Words(en, zh), frame, columns, tuple(remarks))


def _apart(ranks: Floats, given: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[Floats, Floats]:
    """Distance to the nearest of those given, and which that is, of everybody else."""
    if bool(given.all()):
        return np.empty(0), np.empty(0, np.int64)
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=1).fit(ranks[given]).kneighbors(ranks[~given])
    return np.asarray(found[0][:, 0], np.float64), np.asarray(found[1][:, 0], np.int64)


def _scaled(shop: Shop, names: Sequence[str]) -> tuple[pl.Series, _Scaled]:
    customers = shop.purchases().get_column("customer").unique(maintain_order=True)
    matrix = features_now(shop, names, customers)
    titles, columns = _columns(shop, matrix)
    raw = np.column_stack(columns)
    ranks = np.column_stack([_ranks(column) for column in columns])
    return customers, _Scaled(tuple(titles), raw, ranks)


def _columns(shop: Shop, matrix: Matrix) -> tuple[list[str], list[Floats]]:
    titles: list[str] = []
    columns: list[Floats] = []
    for name, labels, column in zip(matrix.names, matrix.labels, matrix.values.T, strict=True):
        title = title_of(shop, name)
        if labels is None:
            titles.append(title)
            columns.append(column)
            continue
        for number, label in enumerate(labels):
            titles.append(f"{title}: {label}")
            columns.append((column == number).astype(np.float64))
    return titles, columns


def _ranks(column: Floats) -> Floats:
    there = np.sort(column[~np.isnan(column)])
    if not len(there):
        return np.full(len(column), 0.5)
    below, upto = np.searchsorted(there, column, "left"), np.searchsorted(there, column, "right")
    return np.where(np.isnan(column), 0.5, (below + upto) / (2 * len(there)))
