"""What the report asks, in the order in which a shop's owner reads.

In: a shop. Out: sections of items: figures with their pictures, or words where a figure is impossible.
Invariant: one figure that cannot be made takes no other away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from attrs import frozen

from rulecrm import insight
from rulecrm.diagnostics.model import RulesError
from rulecrm.insight import Figure, Shop, Words
from rulecrm.model.durations import Duration
from rulecrm.report.ahead import value_ahead
from rulecrm.report.states import states
from rulecrm.report.wording import PAGE

__all__ = ["Asked", "Item", "Section", "sections_of"]


@frozen(eq=False)
class Item:
    """One place of the page: a figure, or the reasons why there is none.

    Attributes:
        title: above it.
        figure: None where it is impossible.
        reasons: diagnostics in words, where it is impossible.
    """

    title: Words
    figure: Figure | None = None
    reasons: tuple[str, ...] = ()


@frozen(eq=False)
class Section:
    """A heading and what is below it; `key` is its id."""

    key: str
    title: Words
    items: tuple[Item, ...]


@frozen
class Asked:
    """What is asked of a report beyond what every shop is asked.

    Attributes:
        campaigns: names; every campaign of the file where it is None.
        since: migrations are from T less this.
        figures: further figures, made by the host, for the end of the first section.
    """

    campaigns: tuple[str, ...] | None = None
    since: Duration = Duration(months=3)
    figures: tuple[Figure, ...] = ()


_Ask = tuple[Words, Callable[[], Figure]]


def sections_of(shop: Shop, asked: Asked, *, told: Callable[[int, int, str], None] | None = None) -> list[Section]:
    """Every section; one with nothing in it is left out.

    Raises:
        RulesError: nothing at all could be said of the facts; what is wrong with them.
    """
    plan = {
        "happened": _happened(shop),
        "who": _who(shop, asked),
        "back": _back(shop),
        "campaigns": _campaigns(shop, asked),
        "sold": _sold(shop),
        "ahead": _ahead(shop),
    }
    total = sum(map(len, plan.values()))
    done = 0
    sections, first = [], None
    made = 0
    for key, asks in plan.items():
        items = []
        for title, ask in asks:
            if told is not None:
                told(done, total, title.en)
            done += 1
            try:
                items.append(Item(title, ask()))
                made += 1
            except RulesError as error:
                first = first or error
                items.append(Item(title, None, tuple(_said(error))))
        if key == "happened":
            items += [Item(figure.title, figure) for figure in asked.figures]
        if items:
            sections.append(Section(key, PAGE[key], tuple(items)))
    if first is not None and not made:
        raise first
    return sections


def _said(error: RulesError) -> Iterator[str]:
    for one in error.diagnostics:
        yield f"{one.message} ({one.code})" + (f"; {one.help}" if one.help else "")


def _asks(*asks: tuple[str, str, Callable[[], Figure]]) -> list[_Ask]:
    return [(Words(en, zh), ask) for en, zh, ask in asks]


def _happened(shop: Shop) -> list[_Ask]:
    if not shop.rules.program.kpis:
        return []
    return _asks(
        ("Kpis", "指标", lambda: insight.kpi_values(shop)),
        ("What moved the kpis", "指标变化的来源", lambda: insight.kpi_parts(shop)),
    )


def _who(shop: Shop, asked: Asked) -> list[_Ask]:
    rules = shop.rules
    asks: list[_Ask] = [(Words(name, name), _of(states, shop, name)) for name in rules.lifecycles]
    before = shop.before(asked.since)
    labelled = [*rules.lifecycles, *_classifications(shop)]
    for name in labelled:
        words = Words(f"Migration: {name}", f"客户迁移：{name}")
        asks.append((words, _migrated(shop, name, before)))
    return asks + _asks(
        ("RFM", "RFM", lambda: insight.rfm_grid(shop)),
        ("Groups by RFM", "RFM 客群", lambda: insight.rfm_groups(shop)),
        ("When customers buy", "购买时段", lambda: insight.buying_times(shop)),
        ("What they prefer", "品类偏好", lambda: insight.preferences(shop)),
        ("Before buying", "购买前行为", lambda: insight.path_to_purchase(shop)),
        ("Service", "服务", lambda: insight.service_record(shop)),
    )


def _classifications(shop: Shop) -> Sequence[str]:
    program = shop.rules.program
    return [name for name in shop.rules.names("classify") if program.definition(name).subject == "customer"]


def _of(make: Callable[[Shop, str], Figure], shop: Shop, name: str) -> Callable[[], Figure]:
    return lambda: make(shop, name)


def _migrated(shop: Shop, name: str, before: dt.datetime) -> Callable[[], Figure]:
    return lambda: insight.migration(shop, name, before=before)


def _back(shop: Shop) -> list[_Ask]:
    return _asks(
        ("Second purchase", "二次购买", lambda: insight.second_purchase(shop)),
        ("Repurchase rate", "复购率", lambda: insight.repurchase_rate(shop)),
        ("Repurchase curve", "复购间隔曲线", lambda: insight.repurchase_curve(shop)),
        ("Cohorts", "首购月份留存", lambda: insight.cohorts(shop)),
        ("Shares of orders", "按购买次数的构成", lambda: insight.order_shares(shop)),
    )


def _campaigns(shop: Shop, asked: Asked) -> list[_Ask]:
    names = asked.campaigns
    if names is None:
        names = tuple(one.symbol for one in shop.rules.program.journeys)
    return [(Words(name, name), _of(insight.campaign_effect, shop, name)) for name in names]


def _sold(shop: Shop) -> list[_Ask]:
    if not shop.has("item", "product"):
        return []
    return _asks(
        ("Roles of products", "商品角色", lambda: insight.product_role_sums(shop)),
        ("Products", "商品", lambda: insight.product_roles(shop)),
        ("Bought together", "一起购买的商品", lambda: insight.bundles(shop)),
        ("Seasons", "季节", lambda: insight.seasonality(shop)),
        ("What a price does", "价格敏感度", lambda: insight.price_sensitivity(shop)),
    )


def _ahead(shop: Shop) -> list[_Ask]:
    fitted = cache(lambda: insight.fit_lifetime(shop))
    return _asks(
        ("Value ahead", "未来价值", lambda: value_ahead(shop, fitted())),
        ("Repeat orders to come", "未来复购订单", lambda: insight.repeat_forecast(shop, model=fitted())),
    )
