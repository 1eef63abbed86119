"""The page about plugins tells every hook, and its examples use each of them."""

from __future__ import annotations

import re

import rulecrm.plugin
from rulecrm.plugin.hooks import HOOKS
from tests.docs.pages import ROOT, blocks

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")


def test_every_hook_is_told_and_used() -> None:
    listed = re.findall(r"^\| \[`(rulecrm_\w+)`\]", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(HOOKS)
    programs = "\n".join(block.text for block in blocks(PAGE) if block.language == "python")
    assert [hook for hook in HOOKS if f"@hookimpl\n    def {hook}(self)" not in programs
            and f"@hookimpl\ndef {hook}()" not in programs] == []  # fmt: skip


def test_what_is_imported_in_it_is_public() -> None:
    names = re.findall(r"^from rulecrm\.plugin import (.+)$", PAGE, re.MULTILINE)
    used = {name.strip() for line in names for name in line.split(",")}
    assert used
    assert used <= set(rulecrm.plugin.__all__)


def test_every_public_name_is_there() -> None:
    for name in rulecrm.plugin.__all__:
        assert getattr(rulecrm.plugin, name) is not None
    assert dir(rulecrm.plugin) == sorted(rulecrm.plugin.__all__)
