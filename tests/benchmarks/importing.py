"""Sellers' files: a million orders as their pages write them, read, and imported into a new fact store, against
`pl.read_csv` of the same bytes.

In: the setup. Out: a table of seconds and megabytes. As a program: `python -m tests.benchmarks.importing WAY FILE` prints
JSON.
Invariant: each way has a process of its own and its own peak (VmHWM); ours has counted as many orders as were written,
and refused none. `pl.read_csv` reads cells and gives them no meaning; it is told the encoding, and finds nothing out.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from tests.benchmarks.memory import peak
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import OURS, Line, Table
from tests.benchmarks.timing import ROOT, in_child

__all__ = ["run"]

_SHARED = 5
"""Orders of one buyer."""


def run(setup: Setup) -> Table:
    """One child for each way and each file."""
    found: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        for case, (write, encoding, separator) in _FILES.items():
            path = Path(folder) / f"{case}.csv"
            write(path, setup.imported)
            note = f"{path.stat().st_size / 1e6:,.0f} MB in {encoding}"
            ways = (
                (OURS, (case, str(path))),
                (f"{OURS}, into a store", (case, str(path), str(Path(folder) / case))),
                ("pl.read_csv", ("plain", str(path), encoding, separator)),
            )
            told = {way: in_child("importing", *arguments) for way, arguments in ways}
            assert all(one["orders"] == setup.imported for one in told.values()), told
            for unit, figure in (("s", "wall"), ("s of CPU", "cpu"), ("MB", "megabytes")):
                found += [
                    Line(f"{case}, {setup.imported:,} orders", way, one[figure], unit, note)
                    for way, one in told.items()
                ]
            path.unlink()
    return Table("import", "sellers' files, read into canonical rows", tuple(found))


def _taobao(path: Path, count: int) -> None:
    """`ExportOrderList` of the longest generation."""
    _plugins()
    from rulecrm_taobao.files.columns import ORDERS

    columns = ORDERS["the generation after 2019"]
    constant = {
        "买家支付宝账号": "somebody@example.com", "买家应付货款": "128.00", "买家应付邮费": "0.00", "买家支付积分": "0",
        "总金额": "128.00", "返点积分": "0", "订单状态": "交易成功", "买家留言": "null", "收货人姓名": "张三",
        "收货地址": "浙江省 杭州市 西湖区 文三路 100号(310000)", "运送方式": "快递", "联系手机": "'13800000000",
        "宝贝标题": "秋冬新款羊毛衫女宽松显瘦百搭针织衫", "物流单号": "No:77123456789", "物流公司": "中通快递",
        "宝贝总数量": "2", "店铺名称": "某某旗舰店", "订单关闭原因": "订单未关闭", "卖家服务费": "0.00元",
        "退款金额": "0.00元", "是否手机订单": "手机订单",
    }  # fmt: skip
    at = dt.datetime(2024, 1, 1)
    with path.open("w", encoding="gb18030", newline="\r\n") as file:
        file.write(",".join(columns) + "\n")
        for number in range(count):
            at += dt.timedelta(seconds=30)
            varying = {
                "订单编号": f'="{1234567890123456000 + number}"', "买家会员名": f"买家{number % (count // _SHARED + 1)}",
                "买家实际支付金额": f"{number % 99999 / 100:.2f}", "订单创建时间": f"{at:%Y-%m-%d %H:%M:%S}",
                "订单付款时间": f"{at:%Y-%m-%d %H:%M:%S}",
            }  # fmt: skip
            file.write(",".join(varying.get(name) or constant.get(name, "") for name in columns) + "\n")


def _amazon(path: Path, count: int) -> None:
    """All Orders, a line an order."""
    _plugins()
    from rulecrm_amazon.files.columns import ALL

    columns = ALL["as documented"]
    constant = {
        "order-status": "Shipped", "fulfillment-channel": "Amazon", "sales-channel": "Amazon.com",
        "ship-service-level": "Expedited", "product-name": 'Frying pan, 11" with a lid, for gas, electric and induction',
        "sku": "PAN-11", "asin": "B00TEST123", "item-status": "Shipped", "quantity": "1", "currency": "USD",
        "item-tax": "1.10", "ship-city": "SEATTLE", "ship-state": "WA", "ship-postal-code": "98101", "ship-country": "US",
        "is-business-order": "false",
    }  # fmt: skip
    at = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    with path.open("w", encoding="utf-8", newline="\r\n") as file:
        file.write("\t".join(columns) + "\n")
        for number in range(count):
            at += dt.timedelta(seconds=30)
            varying = {
                "amazon-order-id": f"111-{number:07}-{number:07}", "purchase-date": at.isoformat(),
                "last-updated-date": at.isoformat(), "item-price": f"{number % 9999 / 100:.2f}",
            }  # fmt: skip
            file.write("\t".join(varying.get(name) or constant.get(name, "") for name in columns) + "\n")


_FILES: Mapping[str, tuple[Callable[[Path, int], None], str, str]] = {
    "taobao": (_taobao, "gb18030", ","),
    "amazon": (_amazon, "utf8", "\t"),
}


def _plugins() -> None:
    """Plugins are found in the checkout, whether or not they are installed."""
    for name in _FILES:
        place = str(ROOT / "plugins" / name)
        if place not in sys.path:
            sys.path.insert(0, place)


def _ours(case: str, path: Path) -> int:
    from importlib import import_module

    from rulecrm.sheets import recognise

    found, seen, _ = recognise(path, import_module(f"rulecrm_{case}.files").FORMATS)
    orders = 0
    for batch in found.read(seen, {}):
        assert not batch.refused, batch.refused[0]
        orders += len(batch.rows.get("orders", ()))
    return orders


def _stored(case: str, path: Path, store: str) -> int:
    from importlib import import_module

    from rulecrm.intake.files import import_files, open_file
    from rulecrm.plugin import registry_of

    registry = registry_of({case: import_module(f"rulecrm_{case}")})
    (done,) = import_files([open_file(path, registry=registry)], store, registry=registry)
    return done.tallies["orders"].stored


def _plain(path: Path, encoding: str, separator: str) -> int:
    quote = None if separator == "\t" else '"'
    return pl.read_csv(path, encoding=encoding, separator=separator, quote_char=quote, infer_schema=False).height


def main() -> None:
    """Read the file in the way named on the command line, and print what it took."""
    case, path, *options = sys.argv[1:]
    _plugins()
    wall, cpu = time.perf_counter(), time.process_time()
    if case == "plain":
        orders = _plain(Path(path), *options)
    else:
        orders = _stored(case, Path(path), *options) if options else _ours(case, Path(path))
    told = {"orders": orders, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "megabytes": peak()}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
