"""What a plugin is made with.

In: entry points of the group `rulecrm`. Out: a frozen registry of what they offer.
Invariant: the core names no vendor; hooks register objects and carry nothing themselves; one plugin that fails takes no
other down.

A plugin is a wheel that depends on `rulecrm` alone, whose entry point names a module or an object with some of these
hooks, each marked with `hookimpl`: `rulecrm_channels`, `rulecrm_platforms`, `rulecrm_functions`, `rulecrm_kinds`,
`rulecrm_standard_rules`, `rulecrm_commands`.

Names are imported when first used: where no plugin is installed, a check of rules needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.model.schema import Column, Kind
    from rulecrm.model.sending import (
        FACTS,
        MARKETING,
        Answer,
        Answered,
        Content,
        Hours,
        Message,
        Price,
        Rate,
        Receipt,
        Received,
        Sent,
        Traits,
        key_of,
    )
    from rulecrm.model.types import (
        BOOL,
        DATE,
        DURATION,
        INSTANT,
        INT,
        MONEY,
        NUMBER,
        TEXT,
        TIME,
        Type,
        list_of,
    )
    from rulecrm.plugin.channels import (
        Asks,
        Channel,
        ChannelType,
        Context,
        Forged,
        Hears,
        Polls,
        Posts,
        Request,
        Response,
        Syncs,
    )
    from rulecrm.plugin.discovery import any_installed
    from rulecrm.plugin.functions import Argument, Function, Provided
    from rulecrm.plugin.hooks import GROUP, hookimpl
    from rulecrm.plugin.platforms import (
        ALLOWED,
        Batch,
        Cursor,
        FileFormat,
        LaterError,
        Permission,
        PlatformContext,
        PlatformType,
        Recognised,
        Refused,
        Row,
        Sample,
        Source,
        StoppedError,
    )
    from rulecrm.plugin.registry import Offer, Registry, Standing, installed, registry_of
    from rulecrm.plugin.secrets import NO_SECRET, Secret
    from rulecrm.plugin.settings import Setting, read_settings, settings_of
    from rulecrm.plugin.throttling import retry_after

__all__ = [
    # hooks
    "GROUP", "hookimpl",
    # channels
    "Asks", "Channel", "ChannelType", "Context", "Forged", "Hears", "Polls", "Posts", "Request", "Response", "Syncs",
    # what they take and give
    "FACTS", "MARKETING", "Answer", "Answered", "Content", "Hours", "Message", "Price", "Rate", "Receipt", "Received",
    "Sent", "Traits", "key_of", "retry_after",
    # settings
    "NO_SECRET", "Secret", "Setting", "read_settings", "settings_of",
    # platforms
    "ALLOWED", "Batch", "Cursor", "FileFormat", "LaterError", "Permission", "PlatformContext", "PlatformType",
    "Recognised", "Refused", "Row", "Sample", "Source", "StoppedError",
    # functions, kinds
    "Argument", "Column", "Function", "Kind", "Provided",
    # types of arguments, results and columns
    "BOOL", "DATE", "DURATION", "INSTANT", "INT", "MONEY", "NUMBER", "TEXT", "TIME", "Type", "list_of",
    # what is installed
    "Offer", "Registry", "Standing", "any_installed", "installed", "registry_of",
]  # fmt: skip

_HOMES = {
    "rulecrm.model.schema": "Column Kind",
    "rulecrm.model.sending": "FACTS MARKETING Answer Answered Content Hours Message Price Rate Receipt Received Sent"
    " Traits key_of",
    "rulecrm.model.types": "BOOL DATE DURATION INSTANT INT MONEY NUMBER TEXT TIME Type list_of",
    "rulecrm.plugin.channels": "Asks Channel ChannelType Context Forged Hears Polls Posts Request Response Syncs",
    "rulecrm.plugin.discovery": "any_installed",
    "rulecrm.plugin.functions": "Argument Function Provided",
    "rulecrm.plugin.hooks": "GROUP hookimpl",
    "rulecrm.plugin.platforms": "ALLOWED Batch Cursor FileFormat LaterError Permission PlatformContext PlatformType"
    " Recognised Refused Row Sample Source StoppedError",
    "rulecrm.plugin.registry": "Offer Registry Standing installed registry_of",
    "rulecrm.plugin.secrets": "NO_SECRET Secret",
    "rulecrm.plugin.settings": "Setting read_settings settings_of",
    "rulecrm.plugin.throttling": "retry_after",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rulecrm.plugin' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
