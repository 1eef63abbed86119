"""What third parties test with: contract kits, fakes, made-up shops. It is what rulecrm itself is tested with.

* `rulecrm.testing.channels.ChannelContract`: the tests that every channel must pass.
* `rulecrm.testing.platforms.PlatformContract`: those that every platform must pass.
* `rulecrm.testing.sources.SourceContract`: those that reading a platform must pass, over a fake of it.
* `rulecrm.testing.fakes.PlatformFake`: what such a fake is made of; it needs no pytest.
* `rulecrm.testing.markets.Market`: a market that goes on, which such fakes are made over.
* `rulecrm.testing.faults`, `rulecrm.testing.http`: local fakes of providers, and what goes wrong at them.
* `rulecrm.testing.gateways`: a gateway with signed parameters and one address for all methods, for fakes to stand on.
* `rulecrm.testing.paths`: one whose APIs are paths, likewise.
* `rulecrm.testing.memory.MemoryChannel`: a channel in memory.
* `rulecrm.testing.clocks.FakeClock`: a clock that tests set.
* `rulecrm.testing.shops`: made-up shops of any size.
* `rulecrm.testing.strategies`: Hypothesis strategies for facts, messages, contents and receipts.
"""
