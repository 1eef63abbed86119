"""The colours of pictures and of the page, in light and in dark.

In: the text of a picture whose colours are placeholders. Out: the text with colours, or with the page's variables.
Invariant: a colour has a role; nothing is drawn in a colour that has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["CATEGORIES", "HEAT", "ROLES", "in_dark", "in_light", "in_page", "placeholder", "variables"]

ROLES: Mapping[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#161b21"),
    "ink": ("#14212e", "#eef3f8"),
    "dim": ("#4c5a68", "#b3bfcb"),
    "line": ("#dde3e9", "#323b45"),
    "accent": ("#1f5f94", "#82b8ea"),
    "up": ("#22744a", "#5fd392"),
    "down": ("#b0401c", "#ff9d7d"),
    "flat": ("#667482", "#9aa7b4"),
    "c0": ("#1f6fb0", "#6fb1ee"),
    "c1": ("#b4680e", "#f0ab52"),
    "c2": ("#2c8050", "#66c98f"),
    "c3": ("#a2457a", "#e58fbf"),
    "c4": ("#6d4fa3", "#b59cea"),
    "c5": ("#7a7a1f", "#cfcf6a"),
    "c6": ("#1f8080", "#62cccc"),
    "c7": ("#a8422c", "#f0917b"),
    # Seven steps from few to many, and what is written on each of them.
    "heat0": ("#f1f6fb", "#1c2a37"),
    "heat1": ("#d6e6f3", "#213d56"),
    "heat2": ("#b0d0e8", "#28557a"),
    "heat3": ("#86b8dc", "#326b99"),
    "heat4": ("#5b9ccb", "#62a2d3"),
    "heat5": ("#27689f", "#93c3e9"),
    "heat6": ("#134a7c", "#c6e2f7"),
    "on0": ("#14212e", "#eef3f8"),
    "on1": ("#14212f", "#eef3f9"),
    "on2": ("#14212d", "#eef3f7"),
    "on3": ("#142130", "#f4f8fc"),
    "on4": ("#14212c", "#0b1117"),
    "on5": ("#ffffff", "#0b1118"),
    "on6": ("#fffffe", "#0b1116"),
}
"""What each colour is for: how it is in light, and in dark."""

CATEGORIES = tuple(f"c{number}" for number in range(8))
HEAT = 7

_MARKS = {role: f"#fa{number:02x}c5" for number, role in enumerate(ROLES)}
_ROLES = {mark: role for role, mark in _MARKS.items()}
_MARK = re.compile(r"#fa[0-9a-f]{2}c5", re.IGNORECASE)


def placeholder(role: str) -> str:
    """What stands for a colour until it is known where the picture will be seen."""
    return _MARKS[role]


def in_light(svg: str) -> str:
    """The picture on white."""
    return _MARK.sub(lambda found: ROLES[_ROLES[found[0].lower()]][0], svg)


def in_dark(svg: str) -> str:
    """The picture on black."""
    return _MARK.sub(lambda found: ROLES[_ROLES[found[0].lower()]][1], svg)


def in_page(svg: str) -> str:
    """The picture in the colours of the page around it: CSS variables named for the roles."""
    return _MARK.sub(lambda found: f"var(--{_ROLES[found[0].lower()]})", svg)


def variables(*, dark: bool) -> str:
    """Declarations of CSS that give each role its colour."""
    return "".join(f"--{role}:{colours[dark]};" for role, colours in ROLES.items())
