"""Reports: insights as one page that a person would rather look at, and figures as pictures."""

from __future__ import annotations

from rulecrm.report.pictures import NAMES, Picture, picture
from rulecrm.report.writing import report_of, write_report

__all__ = ["NAMES", "Picture", "picture", "report_of", "write_report"]
