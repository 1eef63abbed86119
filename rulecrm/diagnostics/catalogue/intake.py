"""Codes of the fact store, of platforms and of files: R7xx.

R700 to R709 are the store's, R710 to R719 those of platforms, R720 to R729 those of files, R730 to R739 of identity.
"""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = ()
