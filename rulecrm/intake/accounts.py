"""Accounts: which platforms are asked, as whom.

In: a settings file (`platforms.toml`). Out: `Accounts`.
Invariant: every account has a name of its own, which its keys in the store begin with; nothing is opened, and no secret
read, before an account is pulled from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from attrs import evolve, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import nearest
from rulecrm.plugin import PlatformContext, PlatformType, Registry, Source, installed, read_settings

__all__ = ["CONTACTS", "NAMING", "Account", "Accounts", "is_name"]

CONTACTS = ("keep", "hash", "drop")
_OWN = ("use", "contacts")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
NAMING = "a name has letters, digits, `.`, `-` and `_`, at most 64"
"""What names of accounts are."""


def is_name(text: str) -> bool:
    """Whether an account may be called so."""
    return _NAME.match(text) is not None


@frozen(eq=False)
class Account:
    """A shop on a platform.

    Attributes:
        name: of its table in the settings; keys of the store begin with it.
        platform: what it is an account of.
        settings: as the platform reads them.
        contacts: what becomes of what tells who somebody is: `keep`, `hash` (phone number and e-mail address as
            `phone_hash` and `email_hash`, by which customers can still be matched; nothing else), or `drop`.
    """

    name: str
    platform: PlatformType
    settings: object
    contacts: str = "keep"

    def open(self, context: PlatformContext) -> Source:
        """The account, ready to be pulled from.

        Raises:
            RulesError: R710, its platform cannot set it up.
        """
        assert self.platform.open is not None, "an account of a platform that has no API is never made"
        try:
            return self.platform.open(self.settings, evolve(context, name=self.name))
        except RulesError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's code
            message = (
                f"[accounts.{self.name}]: `{self.platform.name}` cannot be set up: {type(error).__name__}: {error}"
            )
            raise _error(message) from None


@frozen(eq=False)
class Accounts:
    """All accounts of a settings file, by name.

    Attributes:
        accounts: in the order of the file.
        folder: where the file lies; renewed tokens are kept beside it, in `tokens/NAME.json`.
    """

    accounts: tuple[Account, ...]
    folder: Path | None = None

    @classmethod
    def load(cls, path: str | Path, *, registry: Registry | None = None) -> Accounts:
        """Read a settings file: a table `[accounts.NAME]` each, with `use` and the platform's own settings.

        Raises:
            RulesError: R710, R481, everything that is wrong.
        """
        path = Path(path)
        try:
            given = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise _error(f"{path.name} cannot be read: {error}") from None
        except tomllib.TOMLDecodeError as error:
            raise _error(f"{path.name} is no TOML: {error}") from None
        return evolve(cls.read(given, registry=registry), folder=path.parent)

    @classmethod
    def read(cls, given: Mapping[str, object], *, registry: Registry | None = None) -> Accounts:
        """Accounts as settings say; see `load`."""
        registry = registry or installed()
        found = [
            Diagnostic("R710", f"settings of platforms know no `{name}`", help="write [accounts.NAME] for each")
            for name in given
            if name != "accounts"
        ]
        tables = given.get("accounts", {})
        if not isinstance(tables, Mapping):
            raise _error("`accounts` is no table", "write [accounts.NAME] for each")
        accounts = []
        for name, table in tables.items():
            try:
                accounts.append(_account(str(name), table, registry))
            except RulesError as error:
                found += error.diagnostics
        if found:
            raise RulesError(found)
        return cls(tuple(accounts))

    def tokens(self, name: str) -> Path | None:
        """Where renewed tokens of an account are kept; None where no file was read."""
        return None if self.folder is None else self.folder / "tokens" / f"{name}.json"

    def one(self, name: str) -> Account:
        """The account of this name, or the only one of a platform of this name.

        Raises:
            RulesError: R711, there is none, or there are several of the platform.
        """
        named = next((one for one in self.accounts if one.name == name), None)
        if named is not None:
            return named
        theirs = [one for one in self.accounts if one.platform.name == name]
        if len(theirs) == 1:
            return theirs[0]
        names = [one.name for one in theirs or self.accounts]
        if theirs:
            raise _error(f"there are several accounts of `{name}`", f"name one: {', '.join(names)}", "R711")
        near = nearest(name, names)
        help_ = f"did you mean `{near}`?" if near else f"there are: {', '.join(names) or 'none'}"
        raise _error(f"there is no account `{name}`", help_, "R711")


def _account(name: str, table: object, registry: Registry) -> Account:
    where = f"[accounts.{name}]"
    if not is_name(name):
        raise _error(f"{where}: {NAMING}")
    if not isinstance(table, Mapping):
        raise _error(f"{where} is no table")
    known = {one.name: one for one in registry.platforms.values() if one.open is not None}
    use = table.get("use", name if name in known else None)
    if not isinstance(use, str):
        raise _error(
            f"{where} does not say what it uses", f"use = one of: {', '.join(sorted(known)) or 'none installed'}"
        )
    if use not in known:
        near = nearest(use, known)
        listed = f"there are: {', '.join(sorted(known)) or 'none'}; pip install rulecrm-{use}"
        if use in registry.platforms:
            listed = "it has no API that is read; `rulecrm import` reads its sellers' files"
        raise _error(f"{where} uses `{use}`, which is not installed", f"did you mean `{near}`?" if near else listed)
    platform = known[use]
    assert platform.settings is not None
    contacts = table.get("contacts", "keep")
    if contacts not in CONTACTS:
        raise _error(f"{where}: `contacts` is {contacts!r}", f"one of: {', '.join(CONTACTS)}")
    own = {str(key): value for key, value in table.items() if key not in _OWN}
    return Account(name, platform, read_settings(own, platform.settings, where=where), str(contacts))


def _error(message: str, help_: str | None = None, code: str = "R710") -> RulesError:
    return RulesError([Diagnostic(code, message, help=help_)])
