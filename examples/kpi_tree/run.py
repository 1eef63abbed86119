"""Why sales moved: the tree of what they are made of, against last month, last year, and figures of the industry."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.insight import Shop, kpi_tree
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "kpi_tree.rules")
facts = make_shop(customers=4_000, start=dt.date(2024, 7, 1), days=520)
shop = Shop.of(rules, facts, as_of="2025-12-01")

INDUSTRY = {"conversion": "60%", "order_value": 200}
SHOWN = {"sales", "visitors", "conversion", "ordering", "paying", "frequency", "order_value"}

for title, against in (("October 2025", "previous"), ("November 2024", "year"), ("the industry", INDUSTRY)):
    tree = kpi_tree(shop, "sales", every="month", against=against)
    change = float(tree.root.change / tree.root.before)
    print(f"November 2025 against {title}: {change:+.0%}")
    for level, node in tree.root.walk():
        if level > 2 or node.name not in SHOWN:
            continue  # the counts of which a share is made move together; what matters is the share
        name = "  " * level + node.title
        before, now, part = (float(value) for value in (node.before, node.now, node.total or node.change))
        print(f"  {name:30} {before:10,.2f} -> {now:10,.2f}  {part:+8,.0f} CNY")
    together = sum(one.contribution for one in tree.root.children)
    print(
        f"  {'together':30} {'':24}  {float(together):+8,.0f} CNY"
        + (", exactly" if together == tree.root.change else "")
    )
    for remark in tree.remarks:
        print(f"  {remark.words}")
    print()

alarms = rules.kpis(facts, as_of="2025-12-01", periods=12, only=["sales"]).filter("alert")
for row in alarms.iter_rows(named=True):
    print(f"{row['start']:%B %Y}: sales {row['value']:,.0f}, {row['change']:+.0%}: alarm")
