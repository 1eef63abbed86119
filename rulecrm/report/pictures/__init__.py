"""Figures as pictures: `picture(figure)`, as SVG, as PNG, and in a notebook."""

from __future__ import annotations

from rulecrm.report.pictures.picture import Picture
from rulecrm.report.pictures.registry import NAMES, picture

__all__ = ["NAMES", "Picture", "picture"]
