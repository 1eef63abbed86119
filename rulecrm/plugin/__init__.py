"""What a plugin is made with.

In: entry points of the group `rulecrm`. Out: a frozen registry of what they offer.
Invariant: the core names no vendor; hooks register objects and carry nothing themselves; one plugin that fails takes no
other down.

A plugin is a wheel that depends on `rulecrm` alone, whose entry point names a module or an object with some of these
hooks, each marked with `hookimpl`: `rulecrm_channels`, `rulecrm_platforms`, `rulecrm_functions`, `rulecrm_kinds`,
`rulecrm_standard_rules`, `rulecrm_commands`.
"""

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
from rulecrm.plugin.channels import (
    Asks,
    Channel,
    ChannelType,
    Context,
    Forged,
    Hears,
    Polls,
    Request,
    Response,
    Syncs,
)
from rulecrm.plugin.functions import Argument, Function
from rulecrm.plugin.hooks import GROUP, hookimpl
from rulecrm.plugin.platforms import ALLOWED, Permission, PlatformType
from rulecrm.plugin.registry import Offer, Registry, Standing, installed, registry_of
from rulecrm.plugin.secrets import NO_SECRET, Secret
from rulecrm.plugin.settings import read_settings

__all__ = [
    # hooks
    "GROUP", "hookimpl",
    # channels
    "Asks", "Channel", "ChannelType", "Context", "Forged", "Hears", "Polls", "Request", "Response", "Syncs",
    # what they take and give
    "FACTS", "MARKETING", "Answer", "Answered", "Content", "Hours", "Message", "Price", "Rate", "Receipt", "Received",
    "Sent", "Traits", "key_of",
    # settings
    "NO_SECRET", "Secret", "read_settings",
    # platforms, functions
    "ALLOWED", "Argument", "Function", "Permission", "PlatformType",
    # what is installed
    "Offer", "Registry", "Standing", "installed", "registry_of",
]  # fmt: skip
