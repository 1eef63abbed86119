"""A local fake of Taobao's platform, for tests and for development without an account.

In: a `Market`. Out: `TaobaoServer`, on a loopback port.
Invariant: nobody in it is real, and nothing leaves the machine.
"""

from rulecrm_taobao.fake.server import TaobaoServer

__all__ = ["TaobaoServer"]
