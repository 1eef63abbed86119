"""Settings of platforms."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulecrm import RulesError
from rulecrm.intake import Accounts
from rulecrm.plugin import ALLOWED, PlatformType, Registry
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from tests.intake.mall import Mall, MallSettings, platform

MALL = platform(Mall(Market(FakeClock())))
BARE = PlatformType("bare", lambda channel, purpose: ALLOWED, "no API")
REGISTRY = Registry(platforms={"mall": MALL, "bare": BARE})


def _read(text: str, tmp_path: Path) -> Accounts:
    path = tmp_path / "platforms.toml"
    path.write_text(text, encoding="utf-8")
    return Accounts.load(path, registry=REGISTRY)


def _wrong(text: str, tmp_path: Path) -> tuple[str, str]:
    with pytest.raises(RulesError) as wrong:
        _read(text, tmp_path)
    (found,) = wrong.value.diagnostics
    return f"{found.code} {found.message}", found.help or ""


def test_each_table_is_an_account(tmp_path: Path) -> None:
    accounts = _read('[accounts.north]\nuse = "mall"\npage = 3\n[accounts.mall]\n', tmp_path)
    assert [(one.name, one.platform.name, one.settings) for one in accounts.accounts] == [
        ("north", "mall", MallSettings(3)),
        ("mall", "mall", MallSettings()),
    ]
    assert accounts.tokens("north") == tmp_path / "tokens" / "north.json"


@pytest.mark.parametrize(
    ("text", "says", "helps"),
    [
        ("[accounts.n]\n", "R710 [accounts.n] does not say what it uses", "use = one of: mall"),
        ('[accounts.n]\nuse = "mal"\n', "R710 [accounts.n] uses `mal`, which is not installed", "did you mean `mall`?"),
        ('[accounts.n]\nuse = "bare"\n', "R710 [accounts.n] uses `bare`, which is not installed", "no API"),
        ('[accounts."a b"]\nuse = "mall"\n', "R710 [accounts.a b]: a name has letters", ""),
        ('[accounts.n]\nuse = "mall"\npages = 3\n', "R481 [accounts.n] knows no setting `pages`", "`page`"),
        ("[account.n]\n", "R710 settings of platforms know no `account`", "[accounts.NAME]"),
        ("accounts = 5\n", "R710 `accounts` is no table", ""),
        ("[accounts", "R710 platforms.toml is no TOML", ""),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(text: str, says: str, helps: str, tmp_path: Path) -> None:
    said, help_ = _wrong(text, tmp_path)
    assert said.startswith(says)
    assert helps in help_


def test_an_account_is_found_by_its_name_or_its_platform(tmp_path: Path) -> None:
    accounts = _read('[accounts.north]\nuse = "mall"\n', tmp_path)
    assert accounts.one("north") is accounts.one("mall")
    with pytest.raises(RulesError, match="R711"):
        accounts.one("nord")
    with pytest.raises(RulesError, match="several accounts"):
        _read('[accounts.a]\nuse = "mall"\n[accounts.b]\nuse = "mall"\n', tmp_path).one("mall")
