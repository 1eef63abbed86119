"""A picture: what is drawn, before it is known where it will be seen.

In: marks of SVG in placeholder colours. Out: a file in light or dark, PNG, or a part of a page.
Invariant: a picture loads nothing, has a title and a description for who cannot see it, and no style or script.
"""

from __future__ import annotations

import re
from html import escape

from attrs import evolve, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.report.palette import in_dark, in_light, in_page, placeholder

__all__ = ["FONT", "Drawn", "Picture", "lacking"]

FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', sans-serif"
_HEAD = 40
"""Pixels above the marks of a file, for its title."""
_ID = re.compile(r'(\bid="|url\(#|href="#)([\w-]+)')


@frozen
class Drawn:
    """Marks of SVG without the element around them, `width` × `height` pixels, in placeholder colours.

    `note` says what of the figure is not in the picture; None where all of it is.
    """

    marks: str
    width: int
    height: int
    note: str | None = None


@frozen(repr=False)
class Picture:
    """A figure as a picture.

    Attributes:
        name: of the figure.
        title: of the figure, in the picture's language.
        description: what it shows, for who cannot see it.
        drawn: the marks.
        dark: whether `svg` and `png` are made for a dark ground.
    """

    name: str
    title: str
    description: str
    drawn: Drawn
    dark: bool = False

    def __repr__(self) -> str:
        return f"<Picture {self.name}: {self.drawn.width} × {self.drawn.height}>"

    @property
    def svg(self) -> str:
        """The text of a file that any browser shows, with its title."""
        width, height = self.drawn.width, self.drawn.height + _HEAD
        size = f'width="{width}" height="{height}"'
        title = f'<text x="14" y="26" font-size="16" font-weight="600" fill="{placeholder("ink")}">'
        text = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img" '
            f'font-family="{FONT}">\n<title>{escape(self.title)}</title>\n<desc>{escape(self.description)}</desc>\n'
            f'<rect {size} fill="{placeholder("paper")}"/>\n{title}{escape(self.title)}</text>\n'
            f'<g transform="translate(0,{_HEAD})">{self.drawn.marks}</g>\n</svg>\n'
        )
        return in_dark(text) if self.dark else in_light(text)

    @property
    def png(self) -> bytes:
        """The same as PNG, two dots a pixel.

        Raises:
            RulesError: R870 the extra `rulecrm[report]` is not installed.
        """
        try:
            import vl_convert
        except ImportError as error:
            raise lacking("vl-convert-python") from error
        made = vl_convert.svg_to_png(self.svg, scale=2)
        assert isinstance(made, bytes)
        return made

    def inline(self, key: str) -> str:
        """The part of a page, in the page's colours; `key` is unique in the page."""
        width, height = self.drawn.width, self.drawn.height
        marks = in_page(_ID.sub(rf"\g<1>{key}-\g<2>", self.drawn.marks))
        return (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-labelledby="{key}-title {key}-desc"><title id="{key}-title">{escape(self.title)}</title>'
            f'<desc id="{key}-desc">{escape(self.description)}</desc>{marks}</svg>'
        )

    def darkened(self) -> Picture:
        """The same for a dark ground."""
        return evolve(self, dark=True)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, **_asked: object) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


def lacking(package: str) -> RulesError:
    """What is said where a package of the extra is not there."""
    return RulesError(
        [
            Diagnostic(
                "R870",
                f"pictures need {package}, which is not installed",
                help='pip install "rulecrm[report]"',
            )
        ]
    )
